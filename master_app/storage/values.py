"""Values inside a column: frozen dataclasses as JSON text. Empty ones are the empty text, which costs nothing.

Fields are stored by name, so a field that is added later with a default reads old rows; unknown ones are
dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from core.domain.bundle import FileEntry
from core.domain.node import NodeFacts
from core.domain.notices import NoticeSettings
from core.domain.pool_rules import PoolRules
from core.domain.rewards import Tick
from core.domain.session import ImagePin, Wheel
from core.domain.user import Quota

V = TypeVar("V")


class JsonColumn(Generic[V]):
    """Writes values of one type to text and back; `empty` is what the empty text stands for.

    `kept`: so many different texts are read once and their values shared; for what thousands of rows have alike.
    """

    def __init__(self, kind: type[V], empty: V, *, kept: int = 0) -> None:
        self._adapter = TypeAdapter(kind)
        self._empty = empty
        self._read: Callable[[str], V] = self._adapter.validate_json
        if kept:
            self._read = lru_cache(kept)(self._adapter.validate_json)

    def dump(self, value: V) -> str:
        if not value or value == self._empty:
            return ""
        return self._adapter.dump_json(value).decode()

    def load(self, text: str) -> V:
        return self._read(text) if text else self._empty


FILES: Final = JsonColumn[tuple[FileEntry, ...]](tuple[FileEntry, ...], ())
TICKS: Final = JsonColumn[tuple[Tick, ...]](tuple[Tick, ...], ())
METRICS: Final = JsonColumn[tuple[tuple[str, float], ...]](tuple[tuple[str, float], ...], ())
WHEELS: Final = JsonColumn[tuple[Wheel, ...]](tuple[Wheel, ...], ())
PIN: Final = JsonColumn[ImagePin | None](ImagePin | None, None, kept=1024)  # type: ignore[arg-type]
FACTS: Final = JsonColumn[NodeFacts](NodeFacts, NodeFacts())
QUOTA: Final = JsonColumn[Quota | None](Quota | None, None)  # type: ignore[arg-type]
POOL_RULES: Final = JsonColumn[PoolRules | None](PoolRules | None, None)  # type: ignore[arg-type]
NOTICE_SETTINGS: Final = JsonColumn[NoticeSettings](NoticeSettings, NoticeSettings())
NAMES: Final = JsonColumn[tuple[str, ...]](tuple[str, ...], ())


def dump_labels(labels: dict[str, str]) -> str:
    return json.dumps(labels, ensure_ascii=False, sort_keys=True) if labels else ""


def load_labels(text: str) -> dict[str, str]:
    if not text:
        return {}
    found: dict[str, str] = json.loads(text)
    return found


def dump_times(times: tuple[int, ...]) -> str:
    return " ".join(str(at) for at in times)


def load_times(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())


def entry_to_columns(entry: FileEntry) -> tuple[str, int, str, str, int, int]:
    return entry.path, entry.size, entry.sha256, entry.blob, entry.offset, entry.mode


def columns_to_entry(columns: Sequence[Any]) -> FileEntry:
    path, size, sha256, blob, offset, mode = columns
    return FileEntry(path=path, size=size, sha256=sha256, blob=blob, offset=offset, mode=mode)
