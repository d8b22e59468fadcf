"""The one line that says why an attempt failed: its own word, else the end of its traceback with its own line."""

from __future__ import annotations

import re
from typing import Final

TAIL_BYTES: Final = 16_384
MAX_HEADLINE: Final = 300
_FRAME: Final = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_LAST: Final = re.compile(r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b.*)$")
_FOLDERS: Final = ("/work/src/", "/work/run/")
#: Frames inside the language or its packages say little to the person who wrote the task.
_NOT_THEIRS: Final = ("/lib/python", "site-packages", "dist-packages")


class Headline:
    """Gathers the end of what an attempt writes. Bounded."""

    __slots__ = ("_failed", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._failed = ""

    def output(self, content: bytes) -> None:
        """Take what it wrote to stderr or stdout, in order."""
        self._tail = (self._tail + content)[-TAIL_BYTES:]

    def fail_line(self, text: str) -> None:
        """Take its own `hivemind_fail` line; the last one holds."""
        self._failed = text

    def text(self) -> str:
        """Return the headline, empty when there is nothing to say."""
        return self._failed[:MAX_HEADLINE] or from_traceback(self._tail.decode("utf-8", "replace"))


def from_traceback(tail: str) -> str:
    """Return the last line of a Python traceback and the user's own `file:line`, or an empty string."""
    place, last = "", ""
    for line in tail.splitlines():
        frame = _FRAME.match(line)
        if frame is not None:
            name = frame["file"]
            if not name.startswith("<") and not any(part in name for part in _NOT_THEIRS):
                place = f"{_short(name)}:{frame['line']}"
        elif _LAST.match(line):
            last = line.strip()
    if not last:
        return ""
    if "Read-only file system" in last:
        last += " (the bundle's folders are read-only: write to out/, or set [run] copy = true)"
    return (f"{last} ({place})" if place else last)[:MAX_HEADLINE]


def _short(name: str) -> str:
    """Return the file as its author knows it: its path in the bundle, elsewhere its name."""
    for folder in _FOLDERS:
        if name.startswith(folder):
            return name.removeprefix(folder)
    return name.rpartition("/")[2] if name.startswith("/") else name
