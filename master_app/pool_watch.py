"""The pool as the console sees it: looked at once a second for everybody who watches, and only while they do.

The hot state belongs to the writer thread: it is read there in small commands, so that 10,000 nodes never hold up
a dispatch for longer than a few milliseconds.
"""

from __future__ import annotations

import shutil
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.clock import Clock
from core.conditions import Conditions
from core.domain.attempt import AttemptState
from core.domain.console import ConditionRow, FactRow, History, Minute, NodeTile, Overview
from core.domain.events import (
    AttemptEnded,
    AttemptsSucceeded,
    Fact,
    FenceViolated,
    NodeAdminChanged,
    NodeEnrolled,
    NodeHealthChanged,
    NodeQuarantined,
    TaskStateChanged,
    TaskSubmitted,
)
from core.domain.node import foremost_state
from core.domain.resources import Resources
from core.eventbus import EventBus
from master_app.feed import Feed
from master_app.ports.console import ConsoleReads, NodeNote, PoolLook
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.scheduling.indexes import load_of

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
#: Seven days of minutes.
MAX_MINUTES: Final = 7 * 24 * 60
NODES_A_COMMAND: Final = 250
#: How old an answer may be before the pool is looked at again.
FRESH_MS: Final = 900
#: Figures that cost a query are asked for less often.
SLOW_MS: Final = 5_000
FACTS_SHOWN: Final = 40
_FAILURES: Final = frozenset({AttemptState.FAILED, AttemptState.LOST})


@dataclass(slots=True)
class _Slow:
    """Figures from the database and the disk, with the time they were read."""

    at_ms: int = -SLOW_MS
    tasks: Mapping[str, int] | None = None
    oldest_ms: int = 0
    spend_ucpt: int = 0
    users: int = 0
    disk: tuple[int, int, int] = (0, 0, 0)
    notes: Mapping[str, NodeNote] | None = None


class PoolWatch:
    """Thread-safe. `look` may take some milliseconds per thousand nodes: call it on a thread that may wait."""

    def __init__(
        self,
        *,
        writer: Writer,
        bus: EventBus,
        feed: Feed,
        reads: ConsoleReads,
        conditions: Conditions,
        clock: Clock,
        storage: Path,
        traffic: Callable[[], Mapping[str, tuple[float, float]]],
        backed_up: Callable[[], bool],
    ) -> None:
        self._writer = writer
        self._feed = feed
        self._reads = reads
        self._conditions = conditions
        self._clock = clock
        self._storage = storage
        self._traffic = traffic
        self._backed_up = backed_up
        self._since_ms = clock.wall_ms()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._minutes: deque[list[int]] = deque(maxlen=MAX_MINUTES)
        #: (at_ms, class) of failures of the last hour.
        self._failures: deque[tuple[int, str]] = deque(maxlen=10_000)
        self._last: PoolLook | None = None
        self._slow = _Slow()
        self._names: dict[str, str] = {}
        bus.subscribe(AttemptEnded, self._count_bad)
        bus.subscribe(AttemptsSucceeded, self._count_good)

    def history(self) -> History:
        """Return how many attempts ended in each minute since the master started, at most seven days."""
        with self._lock:
            minutes = tuple(Minute(at_ms=at, succeeded=good, failed=bad) for at, good, bad in self._minutes)
        return History(minutes=minutes, since_ms=self._since_ms)

    def look(self) -> PoolLook:
        """Return how the pool is; at most a second old, and looked at once however many ask."""
        with self._looking:
            now_ms = self._clock.wall_ms()
            if self._last is not None and 0 <= now_ms - self._last.at_ms < FRESH_MS:
                return self._last
            slow = self._refresh(now_ms)
            tiles, ready = self._tiles(slow.notes or {}, now_ms)
            overview = self._overview(tiles, ready, slow, now_ms)
            self._last = PoolLook(at_ms=now_ms, overview=overview, tiles=tiles)
            return self._last

    # ---- inner

    def _count_good(self, fact: AttemptsSucceeded) -> None:
        """On the writer thread, after the commit: a few additions."""
        with self._lock:
            self._minute(fact.at_ms)[1] += len(fact.ended)

    def _count_bad(self, fact: AttemptEnded) -> None:
        if fact.state not in _FAILURES:
            return
        with self._lock:
            self._minute(fact.at_ms)[2] += 1
            word = fact.reason.split(":", maxsplit=1)[0] if fact.state is AttemptState.FAILED else "lost"
            self._failures.append((fact.at_ms, word or "infra"))

    def _minute(self, at_ms: int) -> list[int]:
        minute = at_ms - at_ms % MINUTE_MS
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append([minute, 0, 0])
        return self._minutes[-1]

    def _refresh(self, now_ms: int) -> _Slow:
        if 0 <= now_ms - self._slow.at_ms < SLOW_MS:
            return self._slow
        tasks, oldest_ms = self._reads.live_tasks()
        usage = shutil.disk_usage(self._storage)
        self._slow = _Slow(
            at_ms=now_ms,
            tasks=tasks,
            oldest_ms=oldest_ms,
            spend_ucpt=self._reads.spent_since(now_ms - HOUR_MS),
            users=self._reads.user_count(),
            disk=(usage.total - usage.free, usage.free, usage.total),
            notes=self._reads.node_notes(),
        )
        return self._slow

    def _tiles(self, notes: Mapping[str, NodeNote], now_ms: int) -> tuple[dict[str, NodeTile], int]:
        def begin(uow: UnitOfWork) -> tuple[list[str], int]:
            return list(uow.pool.nodes), sum(task.waiting for task in uow.pool.tasks.values() if task.dispatchable)

        moved = self._traffic()
        ids, ready = self._writer.execute(begin).result(30)
        tiles: dict[str, NodeTile] = {}
        rest = iter(ids)
        while some := list(islice(rest, NODES_A_COMMAND)):

            def part(uow: UnitOfWork, some: Sequence[str] = some) -> list[NodeTile]:
                return [_tile(uow, each, notes, moved, now_ms) for each in some if each in uow.pool.nodes]

            tiles |= {tile.node_id: tile for tile in self._writer.execute(part).result(30)}
        return tiles, ready

    def _overview(self, tiles: Mapping[str, NodeTile], ready: int, slow: _Slow, now_ms: int) -> Overview:
        working = [tile for tile in tiles.values() if tile.state in ("READY", "IN_USE", "GPU_PAUSED")]
        good, before, bad_hour, ended = self._rates(now_ms)
        free = [(tile, tile.cpu_millis - tile.reserved_cpu_millis) for tile in working]
        cpu = max(free, key=lambda pair: pair[1], default=None)
        memory = max(working, key=lambda tile: tile.memory_bytes - tile.reserved_memory_bytes, default=None)
        gpu = max((tile for tile in working if tile.gpus), key=lambda tile: tile.gpu_memory_bytes, default=None)
        capacity, reserved = _sum(working)
        return Overview(
            at_ms=now_ms,
            commit=self._feed.commit_number,
            nodes=Counter(tile.state for tile in tiles.values()),
            tasks=slow.tasks or {},
            slots=sum(tile.slots for tile in working),
            running=sum(tile.running for tile in tiles.values()),
            ready=ready,
            oldest_wait_ms=max(0, now_ms - slow.oldest_ms) if slow.oldest_ms else 0,
            per_minute=good,
            per_minute_before=before,
            failures=bad_hour,
            ended_hour=ended,
            spend_hour_ucpt=slow.spend_ucpt,
            storage_used=slow.disk[0],
            storage_free=slow.disk[1],
            storage_total=slow.disk[2],
            capacity=capacity,
            reserved=reserved,
            used_cpu_millis=round(sum(tile.cpu_millis * tile.cpu_percent / 100 for tile in working)),
            used_memory_bytes=round(sum(tile.memory_bytes * tile.memory_percent / 100 for tile in working)),
            used_gpus=sum(sum(tile.gpu_percent) / 100 for tile in working),
            free_cpu_millis=cpu[1] if cpu is not None else 0,
            free_cpu_node=cpu[0].name if cpu is not None else "",
            free_memory_bytes=memory.memory_bytes - memory.reserved_memory_bytes if memory is not None else 0,
            free_memory_node=memory.name if memory is not None else "",
            free_gpu_memory_bytes=gpu.gpu_memory_bytes if gpu is not None else 0,
            free_gpu_node=gpu.name if gpu is not None else "",
            conditions=tuple(_condition(each) for each in self._conditions.current()[:50]),
            facts=self._facts(tiles),
            users=slow.users,
            backed_up=self._backed_up(),
        )

    def _rates(self, now_ms: int) -> tuple[float, float, dict[str, int], int]:
        """Return successes a minute over the last five, the same an hour before, and the hour's ends."""
        minute = now_ms - now_ms % MINUTE_MS
        with self._lock:
            recent = [each for each in self._minutes if each[0] >= minute - 2 * HOUR_MS]
            failures = Counter(word for at_ms, word in self._failures if at_ms >= now_ms - HOUR_MS)
        last_hour = [each for each in recent if each[0] > minute - HOUR_MS]
        span = max(1.0, min(5.0, (now_ms - self._since_ms) / MINUTE_MS))
        good = sum(each[1] for each in recent if each[0] > minute - 5 * MINUTE_MS) / span
        earlier = [each for each in recent if each[0] <= minute - HOUR_MS]
        before = sum(each[1] for each in earlier) / 60
        return good, before, dict(failures), sum(each[1] + each[2] for each in last_hour)

    def _facts(self, tiles: Mapping[str, NodeTile]) -> tuple[FactRow, ...]:
        kept = [(commit, fact) for commit, fact in self._feed.facts(limit=400) if _is_news(fact)][-FACTS_SHOWN:]
        missing = {
            fact.task_id
            for _, fact in kept
            if isinstance(fact, TaskStateChanged | TaskSubmitted) and fact.task_id not in self._names
        }
        if missing:
            if len(self._names) > 5_000:
                self._names.clear()
            self._names |= self._reads.task_names(sorted(missing))
        names = self._names
        return tuple(_fact_row(commit, fact, names, tiles) for commit, fact in reversed(kept))


def _is_news(fact: Fact) -> bool:
    return isinstance(
        fact,
        TaskSubmitted
        | TaskStateChanged
        | NodeEnrolled
        | NodeHealthChanged
        | NodeAdminChanged
        | NodeQuarantined
        | FenceViolated,
    ) and not (isinstance(fact, NodeHealthChanged) and fact.target.value in ("INITIALIZING", "NEW", "SUSPECT"))


def _fact_row(commit: int, fact: Fact, names: Mapping[str, str], tiles: Mapping[str, NodeTile]) -> FactRow:
    subject = getattr(fact, "task_id", "") or getattr(fact, "node_id", "")
    tile = tiles.get(subject)
    name = getattr(fact, "name", "") or names.get(subject, "") or (tile.name if tile is not None else "")
    state: Any = getattr(fact, "target", None)
    return FactRow(
        commit=commit,
        at_ms=getattr(fact, "at_ms", 0),
        kind=type(fact).__name__,
        subject=subject,
        name=name,
        state=str(state.value) if state is not None else "",
        reason=str(getattr(fact, "reason", "")),
    )


def _tile(
    uow: UnitOfWork,
    node_id: str,
    notes: Mapping[str, NodeNote],
    moved: Mapping[str, tuple[float, float]],
    now_ms: int,
) -> NodeTile:
    hot = uow.pool.nodes[node_id]
    note = notes.get(node_id)
    sent, received = moved.get(node_id, (0.0, 0.0))
    capacity, gpus, free = hot.facts.capacity, hot.facts.gpus, hot.free
    return NodeTile(
        node_id=node_id,
        name=hot.name,
        owner_name=note.owner_name if note is not None else "",
        state=foremost_state(
            admin=hot.admin.value,
            health=hot.health.value,
            owner_state=hot.owner_state.value,
            quarantined=hot.quarantined_until_ms > now_ms,
        ),
        admin=hot.admin.value,
        labels=dict(hot.labels),
        load=round(min(load_of(hot, free.cpu_millis, free.memory_bytes), 1.0), 3),
        cpu_percent=hot.host.cpu_percent,
        memory_percent=hot.host.memory_percent,
        gpu_percent=tuple(hot.host.gpu_percent),
        slots=hot.facts.slots,
        running=hot.running,
        cpu_millis=capacity.cpu_millis,
        memory_bytes=capacity.memory_bytes,
        gpus=len(gpus),
        gpu_memory_bytes=max((gpu.memory_bytes for gpu in gpus), default=0),
        gpu_name=gpus[0].name if gpus else "",
        reserved_cpu_millis=hot.reserved.cpu_millis,
        reserved_memory_bytes=hot.reserved.memory_bytes,
        last_seen_ms=note.last_seen_ms if note is not None else 0,
        created_ms=note.created_ms if note is not None else 0,
        runtime=hot.facts.runtime.value,
        quarantined_until_ms=hot.quarantined_until_ms,
        version=note.version if note is not None else "",
        fingerprint=note.fingerprint if note is not None else "",
        sent_bytes_s=sent,
        received_bytes_s=received,
    )


def _sum(tiles: Sequence[NodeTile]) -> tuple[Resources, Resources]:
    capacity = Resources(
        cpu_millis=sum(tile.cpu_millis for tile in tiles),
        memory_bytes=sum(tile.memory_bytes for tile in tiles),
        gpus=sum(tile.gpus for tile in tiles),
    )
    reserved = Resources(
        cpu_millis=sum(tile.reserved_cpu_millis for tile in tiles),
        memory_bytes=sum(tile.reserved_memory_bytes for tile in tiles),
    )
    return capacity, reserved


def _condition(condition: object) -> ConditionRow:
    return ConditionRow(**{each.name: getattr(condition, each.name) for each in fields(ConditionRow)})
