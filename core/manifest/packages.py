"""Requirements files as people send them, judged before anything is resolved. Pure; pip itself is the master's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.errors import Problem

MAX_REQUIREMENTS_BYTES = 256 << 10
MAX_REQUIREMENTS = 500
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line that asks for a package, as it was written; `name` in its normal form."""

    name: str
    text: str
    line: int


def normal_name(name: str) -> str:
    """Return a package's name in the form in which two spellings are the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(content: bytes, path: str) -> tuple[list[Requirement], list[Problem]]:
    """Return what a requirements file asks for, and what cannot be taken, with the line and the fix."""
    if content.startswith(_UTF16):
        return [], [
            _problem(path, 1, "is UTF-16, as PowerShell's > writes it", "Save it as UTF-8.")
        ]  # fmt: skip
    if len(content) > MAX_REQUIREMENTS_BYTES:
        return [], [
            _problem(path, 1, "is larger than 256 KiB", "List only the packages that your program imports.")
        ]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [_problem(path, 1, "is not UTF-8 text", "Save it as UTF-8.")]
    found: list[Requirement] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        wanted = re.sub(r"(^|\s)#.*$", "", line).strip()
        name = _NAME.match(wanted)
        if not wanted:
            continue
        if wanted.startswith("-"):
            problems.append(
                _problem(path, number, f"has the option {wanted.split()[0][:40]!r}", "Leave options out.")
            )
        elif name is None or "://" in wanted or " @ " in wanted or wanted.startswith((".", "/")):
            problems.append(_problem(path, number, "names no package of an index", "Put the wheel into the zip."))
        else:
            found.append(Requirement(name=normal_name(name.group()), text=wanted, line=number))
    if len(found) > MAX_REQUIREMENTS:
        problems.append(
            _problem(path, 1, f"asks for {len(found)} packages", f"Ask for {MAX_REQUIREMENTS} at most.")
        )
    return found, problems[:50]


def bundled_wheels(paths: Iterable[str]) -> list[str]:
    """Return the wheels of a bundle; they come before any index."""
    return sorted(path for path in paths if path.endswith(".whl") and path.rpartition("/")[2].count("-") >= 4)


def _problem(path: str, line: int, reason: str, fix: str) -> Problem:
    return Problem(code="REQUIREMENTS_INVALID", key="image.pip", reason=f"{path} {reason}.", fix=fix, line=line)
