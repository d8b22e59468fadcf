"""The practice subtask, as its node's agent goes through it: asked for, run, paid, or why not.

    asking -> waiting -> running -> settling -> paid
                 ^__________|___________|          before: this owner had theirs
                                                   failed: with the reason in words

While it waits and runs, the owner's rules are set aside for this one task of the pool's own, within limits so
small that nobody notices them: the person has just asked for it, and sits at the computer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.domain.agent_views import PracticeView
from core.domain.errors import HiveMindError
from core.domain.lending import FULL, HOURS, LendingRules, Profile, Switch
from core.domain.membership import PracticeTask
from worker_app.agent.attempts import Held
from worker_app.agent.earnings import EarningsBook
from worker_app.agent.ports.link import LinkClosed

logger = logging.getLogger(__name__)

#: After this long it is no practice any more: the rules hold again.
LIMIT_MS: Final = 5 * 60_000
#: A master that is away is not asked each second: it may have heard, and counts.
AGAIN_MS: Final = 15_000
_LITTLE: Final = Profile(cpu_cores=1.0, memory_gb=1.0, slots=1)
_LIVE: Final = ("asking", "waiting", "running", "settling")

Ask = Callable[[], Awaitable[PracticeTask]]


class Practising:
    """Used on the agent's loop; `look` comes each second."""

    def __init__(self, book: EarningsBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self.view = PracticeView()
        self._task = PracticeTask()
        self._began_ms = self._again_ms = 0
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_live(self) -> bool:
        return self.view.stage in _LIVE

    @property
    def overrides(self) -> bool:
        """Tell whether the owner's rules are set aside."""
        return self.view.stage in ("waiting", "running")

    def begin(self) -> None:
        """Start it; while it is under way nothing changes."""
        if not self.is_live:
            self._began_ms = self._again_ms = self._clock.steady_ms()
            self.view = PracticeView(stage="asking")

    def end(self) -> None:
        """The person wants something else: the rules hold again, the task waits for them like any other."""
        if self._asking is not None:
            self._asking.cancel()
        self.view = PracticeView()

    def rules(self, rules: LendingRules | None) -> LendingRules:
        """Return the rules that hold for the practice task alone."""
        kept = rules or LendingRules()
        return replace(
            kept,
            in_use=_LITTLE,
            away=_LITTLE,
            gaming=_LITTLE,
            week=FULL * HOURS,
            not_on_battery=False,
            not_on_metered=False,
            full_screen=False,
            programs=(),
            images_allowed=(),
            owners_allowed=(self._task.owner_id,),
        )

    @staticmethod
    def switch(switch: Switch) -> Switch:
        return replace(switch.resumed(), is_on=True)

    def look(self, held: dict[str, Held] | None, ask: Ask | None, *, is_connected: bool) -> None:
        """See how far it has come. `held` None: no agent runs."""
        if not self.is_live:
            return
        if self._clock.steady_ms() - self._began_ms > LIMIT_MS:
            self._fail("It took longer than five minutes. The pool keeps it; it runs when your rules let it.")
        elif self.view.stage == "asking":
            is_asking = self._asking is not None and not self._asking.done()
            if ask is not None and is_connected and not is_asking and self._clock.steady_ms() >= self._again_ms:
                self._again_ms = self._clock.steady_ms() + AGAIN_MS
                self._asking = asyncio.get_running_loop().create_task(self._ask(ask))
        else:
            self._follow(held or {})

    async def _ask(self, ask: Ask) -> None:
        try:
            task = await ask()
        except LinkClosed:
            return  # the next second asks again
        except HiveMindError as error:
            self._fail(f"{error.message} {error.fix}".strip())
            return
        if self.view.stage == "asking":
            self._task = task
            self.view = PracticeView(stage="waiting" if task.task_id else "before", task_id=task.task_id)
            logger.info("practice", extra={"task_id": task.task_id})

    def _follow(self, held: dict[str, Held]) -> None:
        mine = next((one for one in held.values() if one.offer.task_id == self._task.task_id), None)
        if mine is not None:
            self.view = replace(self.view, stage="running", attempt_id=mine.attempt_id)
            return
        found = self._book.one(self.view.attempt_id) if self.view.attempt_id else None
        if found is None:
            self.view = replace(self.view, stage="waiting")
            return
        row, _, _, computed, posted, _ = found
        if row.state == "RETURNED":
            # Given back, by a pause for example: the pool offers it again.
            self.view = replace(self.view, stage="waiting", attempt_id="")
        elif posted < 0:
            self.view = replace(self.view, stage="settling", ucpt=computed)
        elif row.state == "SUCCEEDED":
            self.view = replace(self.view, stage="paid", ucpt=posted)
        else:
            self._fail(f"The practice subtask ended as {row.state} {row.reason}.".replace(" .", "."))

    def _fail(self, words: str) -> None:
        logger.warning("the practice subtask did not end well", extra={"reason": words})
        self.view = replace(self.view, stage="failed", words=words)
