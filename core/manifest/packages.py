"""Requirements files as people send them, judged before anything is resolved. Pure; pip itself is the master's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.domain.errors import Problem

MAX_REQUIREMENTS_BYTES = 256 << 10
MAX_REQUIREMENTS = 500
MAX_PROBLEMS = 50
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ARCHIVES = (".whl", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".egg")
#: name, [extras], versions, ; marker, and hashes. Nothing else: pip would read files, addresses or variables.
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*"
    r"(?:\[[A-Za-z0-9\s,._-]*\]\s*)?"
    r"(?:\(?[<>=!~][A-Za-z0-9\s<>=!~.,*+_-]*?\)?\s*)?"
    r"(?:;[^@$`\\/]*?)?"
    r"(?:\s+--hash=[a-z0-9]+:[0-9a-f]+)*",
)
_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[A-Za-z0-9_.+!]+)(?:-\d\w*)?-[\w.]+-[\w.]+-(?P<platform>[\w.]+)\.whl"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line that asks for a package, as it was written; `name` in its normal form."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledWheel:
    """A wheel in a bundle; `name` in its normal form."""

    path: str
    name: str
    version: str
    platform: str

    @property
    def filename(self) -> str:
        return self.path.rpartition("/")[2]


def normal_name(name: str) -> str:
    """Return a package's name in the form in which two spellings are the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(content: bytes, path: str) -> tuple[list[Requirement], list[Problem]]:
    """Return what a requirements file asks for, and what cannot be taken, with the line and the fix."""
    if content.startswith(_UTF16):
        fix = "Save it as UTF-8; in PowerShell: pip freeze | Out-File -Encoding utf8 requirements.txt"
        return [], [requirement_problem(path, 1, "is UTF-16, as PowerShell's > writes it", fix)]
    if len(content) > MAX_REQUIREMENTS_BYTES:
        fix = "List only the packages that your program imports."
        return [], [requirement_problem(path, 1, "is larger than 256 KiB", fix)]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [requirement_problem(path, line, "is not UTF-8 text", "Save it as UTF-8.")]
    found: list[Requirement] = []
    problems: list[Problem] = []
    for number, wanted in _logical_lines(text):
        match = _REQUIREMENT.fullmatch(wanted)
        if wanted.startswith("-"):
            reason = f"has the option {wanted.split()[0][:40]!r}, and options are not taken"
            problems.append(requirement_problem(path, number, reason, "Take this line out."))
        elif match is None or match["name"].lower().endswith(_ARCHIVES):
            problems.append(
                requirement_problem(
                    path,
                    number,
                    f'has "{wanted[:80]}", which names no package of an index',
                    "Write a name and a version such as six==1.17.0; or put the package's wheel into the zip.",
                )
            )
        else:
            found.append(Requirement(name=normal_name(match["name"]), text=wanted, line=number))
    if len(found) > MAX_REQUIREMENTS:
        fix = f"Ask for {MAX_REQUIREMENTS} at most."
        problems.append(
            requirement_problem(
                path, found[MAX_REQUIREMENTS].line, f"asks for {len(found)} packages", fix
            )
        )  # fmt: skip
    return found, problems[:MAX_PROBLEMS]


def bundled_wheels(paths: Iterable[str]) -> list[BundledWheel]:
    """Return the wheels of a bundle in path order; they come before any index."""
    wheels = []
    for path in sorted(paths):
        match = _WHEEL.fullmatch(path.rpartition("/")[2])
        if match is not None:
            wheels.append(
                BundledWheel(
                    path=path,
                    name=normal_name(match["name"]),
                    version=match["version"],
                    platform=match["platform"],
                )
            )
    return wheels


def requirement_problem(
    path: str, line: int | None, reason: str, fix: str, code: str = "REQUIREMENTS_INVALID"
) -> Problem:
    """Return a problem of a requirements file; `reason` goes on after its name."""
    return Problem(code=code, key="image.pip", reason=f"{path} {reason}.", fix=fix, line=line)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, what it says); lines that end in a backslash go on in the next."""
    whole, first = "", 0
    # Not splitlines(): an editor that counts lines knows only these ends.
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        first = first or number
        said = re.sub(r"(^|\s)#.*$", "", line).strip()
        if said.endswith("\\") and not line.lstrip().startswith("#"):
            whole += said[:-1].rstrip() + " "
            continue
        whole += said
        if whole.strip():
            yield first, whole.strip()
        whole, first = "", 0
    if whole.strip():
        yield first, whole.strip()
