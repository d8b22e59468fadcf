"""Output patterns as regular expressions: `**` any depth, `*` and `?` within one name."""

from __future__ import annotations

import re

from core.domain.errors import Invalid

MAX_PATTERN = 1024
MAX_DOUBLE_STARS = 8


def glob_to_regex(pattern: str) -> str:
    """Return a regular expression for whole relative paths; Python 3.8's `re` understands it.

    The number of `**` is bounded, because each may make matching backtrack.
    """
    if len(pattern) > MAX_PATTERN or pattern.count("**") > MAX_DOUBLE_STARS:
        raise Invalid(f"the pattern {pattern[:80]!r} is too complicated", fix="use fewer ** in it")
    out: list[str] = []
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            out.append("(?:[^/]+/)*")
            position += 3
        elif pattern.startswith("**", position):
            out.append(".*")
            position += 2
        elif pattern[position] == "*":
            out.append("[^/]*")
            position += 1
        elif pattern[position] == "?":
            out.append("[^/]")
            position += 1
        else:
            out.append(re.escape(pattern[position]))
            position += 1
    return "(?s:" + "".join(out) + r")\Z"


def roots_of(patterns: tuple[str, ...]) -> list[str]:
    """Return which folders of the sandbox must be walked for these patterns."""
    roots: list[str] = []
    for pattern in patterns:
        first = pattern.split("/", 1)[0]
        if first in ("out", "checkpoint"):
            needed = [first]
        elif any(sign in first for sign in "*?"):
            needed = ["run", "out"]
        else:
            needed = ["run"]
        roots += [root for root in needed if root not in roots]
    return roots
