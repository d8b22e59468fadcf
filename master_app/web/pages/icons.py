"""Icons as inline SVG: Tabler's outlines, vendored, and our own shapes of states, which need no font and print."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

FOLDER: Final = Path(__file__).parent.parent / "static" / "vendor" / "tabler-icons-3.51.0"
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.S)

#: shape -> what is drawn in a box of 12; colour comes from the class around it.
_SHAPES: Final = {
    "hollow": '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/>',
    "triangle": '<path d="M2.5 1.5v9L11 6z" fill="currentColor"/>',
    "tick": '<path d="M1.5 6.5l3 3 6-7" fill="none" stroke="currentColor" stroke-width="1.9"/>',
    "cross": '<path d="M2 2l8 8M10 2l-8 8" fill="none" stroke="currentColor" stroke-width="1.9"/>',
    "diamond": '<path d="M6 .8L11.2 6 6 11.2.8 6z" fill="none" stroke="currentColor" stroke-width="1.3"/>'
    '<path d="M6 3.4v3M6 7.8v.9" stroke="currentColor" stroke-width="1.4"/>',
    "clock": '<circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.4"/>'
    '<path d="M6 3.3V6l1.9 1.3" fill="none" stroke="currentColor" stroke-width="1.3"/>',
    "bars": '<path d="M3.8 2v8M8.2 2v8" fill="none" stroke="currentColor" stroke-width="2.2"/>',
    "slash": '<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.4"/>'
    '<path d="M3 9l6-6" stroke="currentColor" stroke-width="1.4"/>',
    "dashed": '<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="2.2 1.9"/>',
    "retry": '<rect x="1.5" y="1.5" width="9" height="9" rx="1.5" fill="none" stroke="currentColor" '
    'stroke-width="1.5"/><circle cx="6" cy="6" r="1.6" fill="currentColor"/>',
}


@cache
def icon(name: str, side: int = 20) -> Markup:
    """Return an icon by its name in Tabler's set. Decorative: the words beside it say what it means."""
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    found = _INNER.search(text)
    inner = found.group(1).strip() if found else ""
    return Markup(
        f'<svg class="icon" width="{side}" height="{side}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{inner}</svg>'
    )


@cache
def shape(name: str, side: int = 12) -> Markup:
    """Return the shape of a state."""
    return Markup(
        f'<svg class="shape" width="{side}" height="{side}" viewBox="0 0 12 12" aria-hidden="true">'
        f"{_SHAPES[name]}</svg>"
    )
