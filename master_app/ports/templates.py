"""What templates need kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.templates import TaskTemplate


class TemplateRepository(Protocol):
    """Of one unit of work."""

    def put(self, template: TaskTemplate) -> None:
        """Keep it, in place of one with the same owner and name."""

    def names(self, owner_id: str) -> Sequence[str]: ...

    def remove(self, owner_id: str, name: str) -> bool:
        """Forget it; False when there was none."""

    def forget(self, owner_id: str) -> None: ...


class TemplateReads(Protocol):
    def templates(self, owner_id: str) -> Sequence[TaskTemplate]:
        """By name."""
