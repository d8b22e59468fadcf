"""Turns the agent's state into what its owner sees. Reads, never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.domain.agent_views import ContainerView, LinkView
from core.domain.node import RuntimeKind
from core.domain.rewards import TICK_MS, RewardRule, Tick, meter
from worker_app.agent.attempts import Held, Step
from worker_app.agent.connection import Phase
from worker_app.agent.ports.link import Identity
from worker_app.agent.ports.sandbox import Sandbox
from worker_app.agent.state import AgentState

MAX_TRIES: Final = 40
#: The story of an outage is told for so long after it.
STORY_MS: Final = 600_000
_PHASES: Final = {
    Phase.IDLE: "offline",
    Phase.HELLO: "connecting",
    Phase.SYNCING: "syncing",
    Phase.LIVE: "live",
}
_SHOWN: Final = frozenset({Step.PREPARING, Step.RUNNING, Step.COMMITTING, Step.COLLECTING, Step.UPLOADING})


def containers(
    state: AgentState, sandbox: Callable[[int], Sandbox | None], rule: RewardRule, clock: Clock
) -> tuple[ContainerView, ...]:
    """Return what has, or just had, a container here."""
    shown = [held for held in state.work.held.values() if held.step in _SHOWN]
    return tuple(_container(held, state, sandbox(held.slot), rule, clock) for held in shown)


def _container(
    held: Held, state: AgentState, sandbox: Sandbox | None, rule: RewardRule, clock: Clock
) -> ContainerView:
    offer, use = held.offer, held.use
    now_ms, now_steady = clock.wall_ms(), clock.steady_ms()
    is_process = state.work.facts.runtime is RuntimeKind.PROCESS
    view = ContainerView(
        attempt_id=offer.attempt_id,
        task_id=offer.task_id,
        task_name=held.spec.name,
        index=offer.index,
        count=held.spec.subtask_count,
        attempt_number=offer.attempt_number,
        owner_id=held.brief.owner_id,
        owner_name=held.brief.owner_name,
        state=held.state.value,
        phase=held.phase,
        percent=held.percent,
        status="" if use is None else use.status,
        rest_s=_rest_s(held, now_ms),
        image=held.spec.image.ref,
        slot=held.slot,
        slots=state.work.facts.slots,
        started_ms=held.started_at_ms,
        deadline_ms=now_ms + held.deadline_ms - now_steady,
        resources=offer.resources,
        network="host" if is_process else "none",
        isolated=not is_process,
        yielding="frozen" if held.frozen_ms >= 0 else "throttled" if held.throttled_millis else "",
        paid=offer.paid,
    )
    if sandbox is not None:
        image = sandbox.image
        view = replace(view, digest=image.digest or image.image_id, container=sandbox.sandbox_id)
    if use is not None and held.step is Step.RUNNING:
        gpus = use.gpu_percent
        view = replace(
            view,
            cpu_percent=use.cpu_percent,
            memory_bytes=use.memory_bytes or -1,
            disk_bytes=use.disk_bytes,
            gpu_percent=sum(gpus) / len(gpus) if gpus else -1.0,
            gpu_memory_bytes=use.gpu_memory_bytes if gpus else -1,
        )
    pending, rate = _money(held, rule, now_ms) if offer.paid else (0, 0)
    return replace(view, pending_ucpt=pending, rate_ucpt=rate)


def _rest_s(held: Held, now_ms: int) -> int:
    """Return the seconds left by the program's own progress, negative where there is none."""
    ran_ms = now_ms - held.started_at_ms
    if held.step is not Step.RUNNING or not held.started_at_ms or held.percent < 1 or ran_ms < 5_000:
        return -1
    return int(ran_ms / 1000 * (100 - held.percent) / held.percent)


def _money(held: Held, rule: RewardRule, now_ms: int) -> tuple[int, int]:
    """Return what it earned so far, the unfinished tick with its present use included, and the rate a minute."""
    of = meter(held.offer.resources, rule)
    earned = of.ticks_ucpt(held.ticks)
    use = held.use
    if held.step is not Step.RUNNING or use is None or not held.started_at_ms:
        return earned, 0
    memory = held.offer.resources.memory_bytes
    gpus = use.gpu_percent
    now = Tick(
        duration_ms=60_000,
        cpu_percent=use.cpu_percent,
        memory_percent=100.0 * use.memory_bytes / memory if memory else 0.0,
        gpu_percent=sum(gpus) / len(gpus) if gpus else 0.0,
    )
    rest_ms = now_ms - held.started_at_ms - sum(tick.duration_ms for tick in held.ticks)
    if held.frozen_ms < 0 and 0 < rest_ms <= 2 * TICK_MS:
        earned += of.tick_ucpt(replace(now, duration_ms=rest_ms))
    return earned, 0 if held.frozen_ms >= 0 else of.tick_ucpt(now)


def frozen_bytes(views: Iterable[ContainerView]) -> tuple[int, int]:
    """Return how many are frozen, and the memory that they go on holding."""
    frozen = [one for one in views if one.yielding == "frozen"]
    return len(frozen), sum(max(0, one.memory_bytes) + max(0, one.gpu_memory_bytes) for one in frozen)


class LinkStory:
    """Follows the connection second by second, so that an outage can be told afterwards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = 0
        self._away_ms = 0
        self._back_ms = 0
        self._tries: list[int] = []

    def look(self, state: AgentState | None) -> None:
        """Take note of tries and of coming back."""
        if state is None:
            return
        connection, now_ms = state.connection, self._clock.wall_ms()
        if connection.is_live:
            if self._away_ms and not self._back_ms:
                self._back_ms = now_ms
            if self._back_ms and now_ms - self._back_ms > STORY_MS:
                self._away_ms, self._back_ms, self._tries = 0, 0, []
            self._number = connection.number
            return
        if not self._away_ms or self._back_ms:
            self._away_ms, self._back_ms, self._tries = now_ms, 0, []
        if connection.number != self._number:
            self._number = connection.number
            self._tries = [*self._tries, now_ms][-MAX_TRIES:]

    def view(self, state: AgentState | None, identity: Identity | None) -> LinkView:
        """Return the connection as its page shows it; latency and protocol are added by the desk."""
        if identity is None:
            return LinkView()
        known = LinkView(
            phase="offline",
            address=identity.node_door,
            certificate_until_ms=identity.expires_at_ms,
            since_ms=self._clock.wall_ms(),
        )
        if state is None:
            return known
        connection, now_ms, now_steady = state.connection, self._clock.wall_ms(), self._clock.steady_ms()
        code, _, words = connection.reason.partition(": ")
        deadlines = [held.deadline_ms for held in state.work.held.values()]
        results = [held for held in state.work.held.values() if held.step is Step.UPLOADING]
        return replace(
            known,
            phase=_PHASES[connection.phase],
            since_ms=now_ms - (now_steady - connection.since_ms) if connection.since_ms else now_ms,
            next_try_ms=now_ms + connection.due_ms - now_steady if connection.phase is Phase.IDLE else 0,
            tries=tuple(self._tries),
            code=code,
            reason=words or code,
            fix=connection.fix,
            refused=connection.is_final,
            work_until_ms=now_ms + max(deadlines) - now_steady if deadlines else 0,
            waiting_updates=len(state.pending.outgoing),
            waiting_results=len(results),
            waiting_bytes=sum(_bytes(held) for held in results),
            away_since_ms=self._away_ms,
            back_since_ms=self._back_ms,
        )


def _bytes(held: Held) -> int:
    return 0 if held.ending is None else sum(result.entry.size for result in held.ending.results)
