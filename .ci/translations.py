"""Collects the texts of the windows and compiles their translations: `python .ci/translations.py`.

It reads every `tr("…")`, `plural(n, "…", "…")` and `mark("…")` of a part's sources, brings
`resources/i18n/<part>_zh_TW.ts` up to date (what is new stands there as unfinished, what is gone is removed), and
compiles it to `.qm` with Qt's own lrelease. `--missing` prints what is not translated yet.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
I18N = ROOT / "resources" / "i18n"
CONTEXT = "HiveMind"
#: Part -> where its texts are. A text of `core` is not repeated in the other parts.
SOURCES = {"core": "core/desktop", "console": "master_app/console", "tray": "worker_app/tray"}
#: Which argument of each function is the text that is looked up.
PLACES = {"tr": 0, "mark": 0, "plural": 2}


def texts(folder: Path) -> dict[str, str]:
    """Return text -> "file:line" of where it stands first."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            place = PLACES.get(node.func.id)
            if place is None or len(node.args) <= place:
                continue
            argument = node.args[place]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                found.setdefault(argument.value, f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")
    return found


def wanted() -> dict[str, dict[str, str]]:
    """Return the texts of each part that has any."""
    parts: dict[str, dict[str, str]] = {}
    for part, folder in SOURCES.items():
        if (ROOT / folder).is_dir():
            common = parts.get("core", {})
            found = {text: where for text, where in texts(ROOT / folder).items() if text not in common}
            if found:
                parts[part] = found
    return parts


def translated(part: str) -> dict[str, str]:
    """Return source -> translation of a catalogue; unfinished ones are empty."""
    file = I18N / f"{part}_zh_TW.ts"
    if not file.is_file():
        return {}
    found = {}
    for message in ET.parse(file).iter("message"):
        translation = message.find("translation")
        finished = translation is not None and translation.get("type") != "unfinished"
        found[message.findtext("source", "")] = (
            (translation.text or "") if finished and translation is not None else ""
        )
    return found


def write(part: str, entries: dict[str, str]) -> None:
    """Write a catalogue, by source text, so that two people's changes rarely meet."""
    root = ET.Element("TS", version="2.1", language="zh_TW", sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for source in sorted(entries):
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = source
        translation = ET.SubElement(message, "translation")
        if entries[source]:
            translation.text = entries[source]
        else:
            translation.set("type", "unfinished")
    ET.indent(root, " ")
    body = ET.tostring(root, encoding="unicode")
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n'
    (I18N / f"{part}_zh_TW.ts").write_text(text, encoding="utf-8")


def compile_catalogue(part: str, out: Path) -> None:
    """Compile a catalogue with lrelease, which stands beside this Python."""
    name = "pyside6-lrelease.exe" if sys.platform == "win32" else "pyside6-lrelease"
    program = Path(sys.executable).parent / name
    command = [program, "-silent", I18N / f"{part}_zh_TW.ts", "-qm", out]
    subprocess.run([str(word) for word in command], check=True)


def main() -> None:
    I18N.mkdir(parents=True, exist_ok=True)
    for part, found in wanted().items():
        known = translated(part)
        entries = {text: known.get(text, "") for text in found}
        missing = [text for text, words in entries.items() if not words]
        if "--missing" in sys.argv:
            for text in missing:
                print(f"{part}\t{found[text]}\t{text!r}")
            continue
        write(part, entries)
        compile_catalogue(part, I18N / f"{part}_zh_TW.qm")
        print(f"{part}: {len(entries)} texts, {len(missing)} not translated yet")


if __name__ == "__main__":
    main()
