"""Builds the site of both languages: `python docs/tools/build_site.py [FOLDER]`, build/docs by default.

Warnings are errors: a link that leads nowhere, a page in no list, a block that nobody can colour.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]
LANGUAGES = {"en": (), "zh-TW": ("-t", "zh")}
FIRST = """<!doctype html>
<meta charset="utf-8"><title>HiveMind</title>
<script>location.replace((/^zh/i.test(navigator.language) ? "zh-TW" : "en") + "/index.html")</script>
<p><a href="en/index.html">English</a> · <a href="zh-TW/index.html" lang="zh-TW">繁體中文</a></p>
"""


def build(target: Path, language: str) -> int:
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-a", "-W", "--keep-going", "-b", "html"]
    command += ["-d", str(target / ".doctrees" / language), *LANGUAGES[language]]
    return subprocess.run([*command, str(DOCS), str(target / language)], check=False).returncode


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "build" / "docs"
    target.mkdir(parents=True, exist_ok=True)
    codes = [build(target, language) for language in LANGUAGES]
    (target / "index.html").write_text(FIRST, encoding="utf-8")
    print(f"docs: {target / 'index.html'}" if not any(codes) else "docs: the warnings above are errors")
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
