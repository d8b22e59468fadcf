"""How Sphinx makes a site of these pages: `python dev.py docs`, once a language.

A page `NAME.md` is English; `NAME.zh-TW.md` beside it is the same page in Traditional Chinese. The Chinese site
takes the Chinese page where there is one, else the English one under a line that says so. What the code knows is
written from it at each build (`docs/reference`, by docs/tools/reference.py), Mermaid's diagrams are drawn.
"""

from __future__ import annotations

import html
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "tools"), str(DOCS.parent)]

import diagrams  # noqa: E402
import reference  # noqa: E402
import rooms  # noqa: E402

CHINESE = "zh" in globals().get("tags", ())
ENGLISH_ONLY = "這一頁目前只有英文。"

project = "HiveMind"
author = "HiveMind"
copyright = "HiveMind, GNU General Public License 3"
release = str(tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
language = "zh_TW" if CHINESE else "en"
extensions = ["myst_parser", "sphinx.ext.graphviz"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 4
graphviz_output_format = "svg"
source_suffix = {".zh-TW.md": "markdown", ".md": "markdown"} if CHINESE else {".md": "markdown"}
_translated = sorted(path.name.removesuffix(".zh-TW.md") for path in DOCS.glob("*.zh-TW.md"))
exclude_patterns = [f"{name}.md" for name in _translated] if CHINESE else ["*.zh-TW.md"]
exclude_patterns += ["_templates", "_static", "tools"]
suppress_warnings = ["epub.unknown_project_files"]

html_theme = "furo"
html_title = f"HiveMind {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "../resources/icons/hivemind.svg"
html_show_sourcelink = False
html_copy_source = False
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}


def _written_for_the_site(app: Any, docname: str, source: list[str]) -> None:
    """Draw diagrams, and lead to the same page of the other site where the source names its file."""
    text = source[0].replace("<!-- rooms -->", rooms.page(DOCS.parent / "pyproject.toml"))
    text = re.sub(r"^```mermaid\n(.*?)^```$", lambda found: diagrams.directive(found[1]), text, flags=re.S | re.M)
    text = re.sub(r"^\[(English|繁體中文)\]\(\S+\.md\)\n+", "", text, flags=re.M)
    if CHINESE and docname not in _translated and not docname.startswith("reference/"):
        text = re.sub(r"\A(# .*\n)", rf"\1\n:::{{note}}\n{ENGLISH_ONLY}\n:::\n", text)
    source[0] = text


def _other_site(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    depth = pagename.count("/") + 1
    other, name = ("en", "English") if CHINESE else ("zh-TW", "繁體中文")
    context["other_site"] = html.escape("../" * depth + f"{other}/{pagename}.html")
    context["other_language"] = name


def setup(app: Any) -> None:
    app.connect("config-inited", lambda _app, _config: reference.write(DOCS / "reference"))
    app.connect("source-read", _written_for_the_site)
    app.connect("html-page-context", _other_site)
    if CHINESE:
        from chinese_search import ChineseSearch
        from sphinx.search import languages

        languages["zh_TW"] = ChineseSearch
