"""A container as a sandbox of the port: the conductor speaks to its runner, the engine does the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from core.domain.errors import HiveMindError
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    ImageFacts,
    LocalFile,
    RunEvent,
    RunOrder,
)
from worker_app.execution.conductor import Conductor
from worker_app.execution.engine import Engine

logger = logging.getLogger(__name__)

#: How long after its own deadline an attempt's end may take before the runner is helped.
OVERDUE_S = 3.0

SourceAdder = Callable[[Sequence[LocalFile]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFacts:
    """What a sandbox is, apart from what runs in it."""

    sandbox_id: str
    task_id: str
    container: str
    #: Volumes that end with it.
    volumes: tuple[str, ...]
    image: ImageFacts
    cpu_millis: int = 1000


def contract_env(task_id: str, order: RunOrder, root: str = "/work") -> dict[str, str]:
    """Return the variables that the container contract promises; the order's own win."""
    return {
        "HOME": "/tmp",
        "HIVEMIND_TASK_ID": task_id,
        "TASK_ID": task_id,
        "HIVEMIND_SUBTASK_INDEX": str(order.index),
        "HIVEMIND_SUBTASK_COUNT": str(order.count),
        "HIVEMIND_ATTEMPT": order.attempt_id,
        "HIVEMIND_ITEM": f"{root}/item/item.json",
        "HIVEMIND_OUT": f"{root}/out",
        "HIVEMIND_CHECKPOINT": f"{root}/checkpoint",
        **order.env,
    }


class DockerSandbox:
    """See the port. Made by the runtime only."""

    def __init__(self, facts: SandboxFacts, engine: Engine, conductor: Conductor, add_source: SourceAdder) -> None:
        self._facts = facts
        self._engine = engine
        self._conductor = conductor
        self._add_source = add_source
        self._frozen = False
        self._closed = False
        self._cpu_millis = facts.cpu_millis
        self._overdue: list[asyncio.TimerHandle] = []
        self._lifting: asyncio.Task[None] | None = None

    @property
    def sandbox_id(self) -> str:
        return self._facts.sandbox_id

    @property
    def task_id(self) -> str:
        return self._facts.task_id

    @property
    def image(self) -> ImageFacts:
        return self._facts.image

    async def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        if order.source:
            await self._add_source(order.source)
        complete = replace(order, env=contract_env(self.task_id, order))
        if order.timeout_s:
            self._expect_end(order.timeout_s + order.grace_s)
        try:
            async for event in self._conductor.run(complete, order.workdir, order.argv):
                yield event
        finally:
            await self._end_is_here()

    async def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        async for event in self._conductor.resume(attempt_id, from_offset):
            yield event

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        self._conductor.cancel(attempt_id, grace_s)
        self._expect_end(grace_s)

    async def renew(self, seconds_left: float) -> None:
        self._conductor.renew(seconds_left)

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        return await self._conductor.collect(order)

    async def clear(self) -> bool:
        return await self._conductor.clear()

    async def freeze(self) -> None:
        if self._frozen:
            return
        # The runner's clock stops first: what is frozen cannot be told anything.
        await self._conductor.pause()
        self._frozen = True
        await self._engine.call(lambda api: api.pause(self._facts.container))

    async def thaw(self) -> None:
        if not self._frozen:
            return
        await self._engine.call(lambda api: api.unpause(self._facts.container))
        self._frozen = False
        self._conductor.unpause()

    def _expect_end(self, seconds: float) -> None:
        """Help the runner when the end does not come in time.

        A fork bomb's hundreds of processes run up such a debt against the container's cpu quota that the runner
        is not scheduled for a minute; without the quota it ends them at once.
        """
        loop = asyncio.get_running_loop()
        self._overdue.append(loop.call_later(seconds + OVERDUE_S, self._lift_quota))

    def _lift_quota(self) -> None:
        if not self._frozen and not self._closed and self._lifting is None:
            logger.warning("attempt overdue; cpu limit lifted", extra={"sandbox": self.sandbox_id})
            self._lifting = asyncio.ensure_future(self._update_cpu(-1))

    async def _end_is_here(self) -> None:
        for timer in self._overdue:
            timer.cancel()
        self._overdue.clear()
        lifting, self._lifting = self._lifting, None
        if lifting is not None and not self._closed:
            await asyncio.gather(lifting, return_exceptions=True)
            await self.set_cpu(self._cpu_millis)

    async def _update_cpu(self, quota: int) -> None:
        container = self._facts.container
        # The SDK knows no NanoCpus here; period and quota are how the container was made, too.
        await self._engine.call(lambda api: api.update_container(container, cpu_period=100_000, cpu_quota=quota))

    async def set_cpu(self, cpu_millis: int) -> None:
        self._cpu_millis = cpu_millis
        await self._update_cpu(max(1000, cpu_millis * 100))

    async def usage_interval(self, seconds: float) -> None:
        self._conductor.usage_interval(seconds)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._conductor.close()
        await self._engine.remove_container(self._facts.container)
        for volume in self._facts.volumes:
            if not await self._engine.remove_volume(volume):
                logger.warning("volume still in use", extra={"volume": volume})

    def detach(self) -> None:
        """Leave it running for the next agent."""
        self._closed = True
        self._conductor.close()


def quietly(error: BaseException) -> str:
    """Return an error's words for a log line of a clean-up that must go on."""
    return error.message if isinstance(error, HiveMindError) else type(error).__name__
