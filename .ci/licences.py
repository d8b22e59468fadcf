"""Lists the licences of everything that is shipped, as docs/licences.md.

python .ci/licences.py      rewrites the page from what is installed
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
INTRODUCTION = """# Licences of what HiveMind ships

HiveMind itself is under the GNU General Public License 3 (LICENSE.txt). Below stands every Python package that
`requirements.txt` brings on this platform, with the licence that it states. The page is written by
`python .ci/licences.py`; a test compares it with what is installed and refuses what the GPL 3 does not go with.

PyInstaller states "GPLv2": it is GPL 2 or later with an exception for the programs that it bundles, and is used to
build, not part of what runs. Qt and psycopg are under the LGPL 3 and stay replaceable files.

| package | licence |
|---|---|
"""


def shipped() -> list[str]:
    """Return the packages of requirements.txt and all that they need, as installed here."""
    listed = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    todo = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", listed, re.M)
    todo += [f"{name}-{extra}" for name, extra in re.findall(r"^(psycopg)\[(\w+)\]", listed, re.M)]
    seen: set[str] = set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        seen.add(name)
        todo += [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needs if "extra ==" not in line]
    return sorted(seen)


def licence_of(name: str) -> str:
    """Return what the package says of its licence, in one line."""
    about = metadata.metadata(name).json
    classifiers = about.get("classifier", [])
    named = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License ::")]
    stated = str(about.get("license", "")).strip().splitlines()
    return str(about.get("license_expression") or ", ".join(named) or (stated[0] if stated else "not stated"))


def page() -> str:
    return INTRODUCTION + "".join(f"| `{name}` | {licence_of(name)} |\n" for name in shipped())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
