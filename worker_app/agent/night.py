"""Sees the agent through the night: comes back when the network does, stays awake while it works, says what is
wrong.

`conditions.json` in the data folder has what is wrong now, for the tray, the command line and people.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Final

from core import memory, paths
from core.clock import Clock
from core.conditions import Conditions
from core.domain.condition import Condition
from worker_app.agent import stimuli
from worker_app.agent.attempts import FENCED
from worker_app.agent.performer import Performer
from worker_app.agent.ports.host import KeepAwake, NetworkWatch
from worker_app.agent.probe import measure_disk
from worker_app.agent.troubles import Surveyed, troubles

logger = logging.getLogger(__name__)

LOOK_S: Final = 2.0
JUMP_MS: Final = 5_000
#: Work comes and goes in seconds; the system is not told of each pause.
AWAKE_AFTER_MS: Final = 120_000
FILE: Final = "conditions.json"


class Night:
    """`run` beside the agent's other timers; cancel it to end. `awake` None: the owner did not ask for it."""

    def __init__(
        self, performer: Performer, folder: Path, clock: Clock, network: NetworkWatch, awake: KeepAwake | None
    ) -> None:
        self.conditions = Conditions(clock)
        self._performer = performer
        self._folder = folder
        self._clock = clock
        self._network = network
        self._awake = awake
        self._worked_ms = 0
        self._offset_ms: int | None = None
        self._jump = (0, 0)
        self._told: tuple[Condition, ...] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_network(), name="network")
                group.create_task(self._look_around(), name="troubles")
        finally:
            if self._awake is not None:
                await asyncio.shield(asyncio.to_thread(self._awake.release))
            (self._folder / FILE).unlink(missing_ok=True)

    async def _follow_network(self) -> None:
        while True:
            await self._network.came_back()
            if not self._performer.state.connection.is_live:
                self._performer.tell(stimuli.RetryNow())

    async def _look_around(self) -> None:
        while True:
            try:
                await self.look()
            except OSError as error:
                # A disk that is full is one of the things that are told; the file waits.
                logger.info("conditions were not written", extra={"reason": str(error)})
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once: stay awake or not, and say what is wrong."""
        await self._stay_awake()
        seen = await asyncio.to_thread(self._survey)
        self.conditions.report("agent", troubles(self._performer.state, seen))
        current = self.conditions.current()
        if current != self._told:
            content = [asdict(condition) for condition in current]
            await asyncio.to_thread(
                paths.write_private, self._folder / FILE, json.dumps(content, indent=1).encode()
            )
            self._told = current

    async def _stay_awake(self) -> None:
        if self._awake is None:
            return
        now_ms = self._clock.steady_ms()
        if any(held.step in FENCED for held in self._performer.state.work.held.values()):
            self._worked_ms = now_ms
            self._awake.hold()
        elif now_ms - self._worked_ms > AWAKE_AFTER_MS:
            await asyncio.to_thread(self._awake.release)

    def _survey(self) -> Surveyed:
        now_ms, wall_ms = self._clock.steady_ms(), self._clock.wall_ms()
        offset_ms = wall_ms - now_ms
        if self._offset_ms is not None and abs(offset_ms - self._offset_ms) >= JUMP_MS:
            self._jump = (offset_ms - self._offset_ms, now_ms)
        self._offset_ms = offset_ms
        disk = measure_disk(self._folder)
        return Surveyed(
            now_ms=now_ms,
            wall_ms=wall_ms,
            free_bytes=disk.free_bytes,
            free_files=disk.free_files,
            memory=memory.measure(),
            jump_ms=self._jump[0],
            jumped_at_ms=self._jump[1],
            awake_problem=self._awake.problem if self._awake is not None else "",
        )
