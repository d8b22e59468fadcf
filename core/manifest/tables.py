"""Reads one TOML table by its declared keys; what does not fit becomes a problem with line, key and fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from core.domain.errors import Problem

T = TypeVar("T")
MAX_PROBLEMS = 50
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
#: In the reference, refused by this version.
RESERVED = {
    "speculate": "Running a subtask twice at once",
    "combine": "Combining grid axes",
    "concurrency": "Named concurrency limits",
}


class Lines:
    """Where each key of a TOML text stands, in the plain forms that people write."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        table: list[str] = []
        for number, line in enumerate(text.splitlines(), start=1):
            header = re.match(r"\s*\[\[?\s*([^\[\]]+?)\s*\]", line)
            if header:
                table = _path(header.group(1))
                self._lines.setdefault(".".join(table), number)
                continue
            assignment = re.match(
                r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line
            )
            if assignment:
                self._lines.setdefault(".".join([*table, *_path(assignment.group(1))]), number)

    def of(self, key: str) -> int | None:
        """Return the line of a key, or of the nearest key around it."""
        while key:
            if key in self._lines:
                return self._lines[key]
            key = key.rpartition(".")[0]
        return None


def _path(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]


class Problems:
    """Collects what is wrong, up to a bound."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.found: list[Problem] = []

    def add(self, key: str, reason: str, fix: str, code: str = "MANIFEST_INVALID") -> None:
        if len(self.found) < MAX_PROBLEMS:
            self.found.append(Problem(code=code, key=key, reason=reason, fix=fix, line=self._lines.of(key)))


class TableReader:
    """One table. Ask for every key it may have, then `done()` refuses the others."""

    def __init__(self, name: str, table: object, problems: Problems) -> None:
        self.name = name
        self.problems = problems
        if not isinstance(table, Mapping):
            problems.add(name, f"[{name}] must be a table.", f"Write it as [{name}] with keys below it.")
            table = {}
        self._table: Mapping[str, Any] = table
        self._known: set[str] = set()

    def key(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name

    def has(self, name: str) -> bool:
        self._known.add(name)
        return name in self._table

    def raw(self, name: str, default: Any = None) -> Any:
        self._known.add(name)
        return self._table.get(name, default)

    def text(self, name: str, default: str, *, longest: int = 1000, shortest: int = 0) -> str:
        value = self.raw(name, default)
        if not isinstance(value, str):
            return self._wrong(name, "a text in quotes", default)
        if not shortest <= len(value) <= longest or any(ord(c) < 32 and c not in "\t\n" for c in value):
            self.problems.add(
                self.key(name),
                f"{name} must have {shortest} to {longest} characters and no control characters.",
                "Shorten it.",
            )
            return default
        return value

    def choice(self, name: str, default: str, choices: Iterable[str]) -> str:
        value = self.raw(name, default)
        allowed = list(choices)
        if value not in allowed:
            nearest = difflib.get_close_matches(str(value), allowed, n=1)
            fix = f'Did you mean "{nearest[0]}"?' if nearest else f"Write one of {', '.join(allowed)}."
            self.problems.add(self.key(name), f'{name} cannot be "{value}".', fix)
            return default
        return str(value)

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.raw(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong(name, "a whole number", default)
        return value if self._within(name, value, low, high) else default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.raw(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong(name, "a number", default)
        return float(value) if self._within(name, value, low, high) else default

    def boolean(self, name: str, default: bool) -> bool:
        value = self.raw(name, default)
        return value if isinstance(value, bool) else self._wrong(name, "true or false", default)

    def seconds(self, name: str, default: int, low: int, high: int, *, zero: bool = False) -> int:
        """A duration such as "30m", "1h", "90s"; a bare number is seconds."""
        value = self.raw(name)
        if value is None:
            return default
        match = _DURATION.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
        if match is None or isinstance(value, bool):
            return self._wrong(name, 'a duration such as "30m", "2h" or "90s"', default)
        seconds = round(float(match.group(1)) * _SECONDS[match.group(2)])
        if zero and seconds == 0:
            return 0
        return seconds if self._within(name, seconds, low, high, " seconds") else default

    def texts(self, name: str, default: tuple[str, ...], *, most: int = 1000) -> tuple[str, ...]:
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return self._wrong(name, 'a list of texts such as ["a", "b"]', default)
        if len(value) > most:
            self.problems.add(self.key(name), f"{name} has more than {most} values.", "Use fewer.")
            return default
        return tuple(value)

    def table(self, name: str) -> Mapping[str, Any]:
        value = self.raw(name, {})
        if not isinstance(value, Mapping):
            return self._wrong(name, "a table such as { key = value }", dict[str, Any]())
        return value

    def done(self) -> None:
        """Refuse every key that was not asked for, with the nearest that exists."""
        for name in self._table:
            if name in self._known:
                continue
            if name in RESERVED:
                self.problems.add(
                    self.key(name),
                    f"{RESERVED[name]} is not in this version.",
                    "Take it out.",
                    "NOT_IN_THIS_VERSION",
                )
                continue
            nearest = difflib.get_close_matches(name, self._known, n=1, cutoff=0.6)
            fix = f'Did you mean "{nearest[0]}"?' if nearest else "Take it out."
            there = f'There is no setting "{name}" in [{self.name}].'
            sentence = there if self.name else f'There is no setting "{name}".'
            self.problems.add(self.key(name), sentence, fix, "UNKNOWN_KEY")

    def _within(self, name: str, value: float, low: float, high: float, unit: str = "") -> bool:
        if low <= value <= high:
            return True
        self.problems.add(
            self.key(name),
            f"{name} is {value:,}{unit}; it must be {low:,} to {high:,}{unit}.",
            "Choose a value within.",
        )
        return False

    def _wrong(self, name: str, wanted: str, default: T) -> T:
        self.problems.add(self.key(name), f"{name} must be {wanted}.", f"Write {wanted}.")
        return default
