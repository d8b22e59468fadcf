"""Patterns of file names: `*` and `?` within a folder, `**` over folders, `[ab]`. Always whole paths, with `/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache


@lru_cache(maxsize=1024)
def pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of one glob. Anything is a valid glob; what is no wildcard stands for itself."""
    out = []
    place = 0
    while place < len(glob):
        rest = glob[place:]
        if rest.startswith("**/"):
            out.append("(?:[^/]+/)*")
            place += 3
        elif rest.startswith("**"):
            out.append(".*")
            place += 2
        elif rest[0] == "*":
            out.append("[^/]*")
            place += 1
        elif rest[0] == "?":
            out.append("[^/]")
            place += 1
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inner = rest[1:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append("[" + ("^" + inner[1:] if inner[0] == "!" else inner.replace("^", "\\^")) + "]")
            place += end + 1
        else:
            out.append(re.escape(rest[0]))
            place += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:  # a class such as [z-a]
        return re.compile(re.escape(glob))


def matcher(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return a test for paths that match any of the globs. A glob that names a folder covers all below it."""
    patterns = [pattern(glob.removeprefix("./").rstrip("/")) for glob in globs]

    def matches(path: str) -> bool:
        if any(one.fullmatch(path) for one in patterns):
            return True
        head = path
        while "/" in head:
            head = head.rpartition("/")[0]
            if any(one.fullmatch(head) for one in patterns):
                return True
        return False

    return matches
