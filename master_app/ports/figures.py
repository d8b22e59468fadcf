"""What monitoring counts in committed rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.domain.task import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFigures:
    """Of tasks that have not ended: how many are in each state, and their subtasks."""

    states: Mapping[TaskState, int]
    subtasks: int
    subtasks_active: int
    subtasks_ended: int


class FigureReads(Protocol):
    def live_tasks(self) -> TaskFigures: ...
