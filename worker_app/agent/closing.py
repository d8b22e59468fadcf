"""Attempts whose run was given up: nothing is said of their end before their sandbox is gone for certain (R3).

The master gives the work away as soon as it hears of an end. What was only out of reach may still run; so the end
waits until the sandbox is removed, or until its own countdown must be over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from core.domain.session import AttemptUpdate
from worker_app.agent.attempts import Held, Step
from worker_app.agent.instructions import Instruction
from worker_app.agent.ports.store import Ending

#: A sandbox was told how many seconds it has left, not until when: on the way there they were not counted.
COUNTDOWN_SLACK_MS: Final = 3_000


class Closing:
    """Mutated only by `AgentState` and its parts."""

    def __init__(
        self, held: Mapping[str, Held], finish: Callable[[Held, AttemptUpdate, list[Instruction]], None]
    ) -> None:
        self._held = held
        self._finish = finish

    def begin(self, held: Held, sandbox_id: str, gone_by_ms: int, update: AttemptUpdate) -> None:
        """End an attempt so, once its sandbox is gone; its countdown was set to end at `gone_by_ms`."""
        held.closing, held.gone_by_ms = sandbox_id, gone_by_ms + COUNTDOWN_SLACK_MS
        held.ending = Ending(update=update)
        held.move(Step.CLOSING)

    def removed(self, sandbox_id: str, out: list[Instruction]) -> None:
        """This sandbox is gone."""
        for held in [held for held in self._held.values() if held.closing == sandbox_id]:
            self._end(held, out)

    def waited_for(self) -> set[str]:
        """Return the sandboxes whose end somebody waits for."""
        return {held.closing for held in self._held.values() if held.step is Step.CLOSING}

    def look(self, now_ms: int, out: list[Instruction]) -> None:
        """Each second: what waits for a sandbox whose countdown is over has ended."""
        for held in [held for held in self._held.values() if held.step is Step.CLOSING]:
            if now_ms >= held.gone_by_ms:
                self._end(held, out)

    def _end(self, held: Held, out: list[Instruction]) -> None:
        assert held.ending is not None
        self._finish(held, held.ending.update, out)
