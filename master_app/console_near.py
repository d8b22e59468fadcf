"""One thing from near, for the console: a node at a report each second, a task's use, a log's hits, a file."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Final, Protocol

from core.clock import Clock
from core.domain.attempt import AttemptState
from core.domain.console_near import (
    LabelChange,
    LogHit,
    LogHits,
    NodeEnd,
    NodeNear,
    NodeWork,
    TaskUse,
    UsePoint,
)
from core.domain.errors import Invalid, NotFound
from core.domain.events import AttemptEnded, AttemptsSucceeded, Success
from core.domain.operations import OperatorIdentity
from core.domain.session import AttemptUse, LogStream
from core.domain.user import Action, require
from core.eventbus import EventBus
from master_app.node_pool.labels import NodeLabels
from master_app.node_pool.queries import NodeQueries
from master_app.node_pool.traffic import Traffic
from master_app.operations import principal_of
from master_app.ports.console import ConsoleReads
from master_app.ports.page_reads import PageReads, RunRow
from master_app.ports.reads import LogReads, TaskReads
from master_app.scheduling.pool import LiveAttempt

#: As long as nobody asks again for so long, a node goes back to its usual reports.
LOOKED_AT_MS: Final = 5_000
MAX_WORK: Final = 256
ENDS_KEPT: Final = 5_000
ENDS_SHOWN: Final = 20
MAX_POINTS: Final = 120
MAX_RUNS: Final = 400
SEARCHED_BYTES: Final = 8 << 20
_WINDOW_BYTES: Final = 256 << 10
MAX_HITS: Final = 200
_MAX_LINE_BYTES: Final = 64 << 10
_SHOWN_CHARACTERS: Final = 300


class Pieces(Protocol):
    """The content store, as far as a file is read from it."""

    def pieces(self, sha256: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOut:
    """A file on its way out; `pieces` reads a disk: call it on a thread that may wait."""

    size: int
    pieces: Iterator[bytes]


class ConsoleNear:
    """See `master_app.rpc.console_services.NearService`."""

    def __init__(
        self,
        *,
        bus: EventBus,
        queries: NodeQueries,
        labels: NodeLabels,
        traffic: Traffic,
        console: ConsoleReads,
        pages: PageReads,
        tasks: TaskReads,
        logs: LogReads,
        store: Pieces,
        threads: Executor,
        clock: Clock,
    ) -> None:
        self._queries = queries
        self._labels = labels
        self._traffic = traffic
        self._console = console
        self._pages = pages
        self._tasks = tasks
        self._logs = logs
        self._store = store
        self._threads = threads
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: deque[tuple[AttemptEnded | Success, int]] = deque(maxlen=ENDS_KEPT)
        bus.subscribe(AttemptEnded, self._note_end)
        bus.subscribe(AttemptsSucceeded, self._note_successes)

    def node(self, operator: OperatorIdentity, node_id: str) -> Future[NodeNear]:
        who = principal_of(operator)
        require(who, Action.NODE_CONTROL_ANY)

        def look() -> NodeNear:
            seen = self._queries.look_at(who, node_id, LOOKED_AT_MS).result(30)
            with self._lock:
                ends = [end for end in reversed(self._ends) if end[0].node_id == node_id][:ENDS_SHOWN]
            work = list(seen.work)[:MAX_WORK]
            names = self._console.task_names(
                sorted({live.task_id for live, _ in work} | {of.task_id for of, _ in ends})
            )
            sent, received = self._traffic.rates().get(node_id, (0.0, 0.0))
            host = seen.hot.host
            return NodeNear(
                node_id=node_id,
                at_ms=self._clock.wall_ms(),
                interval_s=seen.interval_s,
                cpu_percent=host.cpu_percent,
                memory_percent=host.memory_percent,
                gpu_percent=tuple(host.gpu_percent),
                task_cpu_percent=host.task_cpu_percent,
                task_memory_percent=host.task_memory_percent,
                disk_free_bytes=host.disk_free_bytes,
                sent_bytes_s=sent,
                received_bytes_s=received,
                reserved_cpu_millis=seen.hot.reserved.cpu_millis,
                reserved_memory_bytes=seen.hot.reserved.memory_bytes,
                labels=dict(seen.labels),
                own_labels=dict(seen.hot.facts.labels),
                work=tuple(_work(live, use, names) for live, use in work),
                ended=tuple(_end(of, at_ms, names) for of, at_ms in ends),
            )

        return self._threads.submit(look)

    def label(self, operator: OperatorIdentity, change: LabelChange) -> Future[None]:
        return self._labels.change(principal_of(operator), change)

    def use(self, operator: OperatorIdentity, task_id: str) -> Future[TaskUse]:
        require(principal_of(operator), Action.TASK_READ_ANY)

        def read() -> TaskUse:
            task = self._tasks.task(task_id, owner_id=None)
            if task is None:
                raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
            runs = self._pages.runs(task_id, task.subtask_count, MAX_RUNS)
            uses = [use for use in self._queries.uses(task_id).result(30) if use.state == "RUNNING"]
            points = points_of(runs)
            return TaskUse(
                points=tuple(points),
                live=live_point(uses, self._clock.wall_ms()),
                memory_reserved_bytes=max((run.memory_bytes for run in runs), default=0),
                has_gpu=any(use.gpu_percent for use in uses) or any(point.gpu_percent for point in points),
            )

        return self._threads.submit(read)

    def find_in_log(
        self, operator: OperatorIdentity, attempt_id: str, stream: str, text: str, offset: int
    ) -> Future[LogHits]:
        require(principal_of(operator), Action.TASK_READ_ANY)
        if not text or len(text) > 200 or "\n" in text:
            raise Invalid("A log is searched for 1 to 200 characters of one line.", code="SEARCH_INVALID")
        which = LogStream(stream) if stream in set(LogStream) else LogStream.OUT
        return self._threads.submit(lambda: find_in_log(self._logs, attempt_id, which, text, offset))

    def file(self, operator: OperatorIdentity, task_id: str, name: str) -> Future[FileOut]:
        require(principal_of(operator), Action.TASK_READ_ANY)

        def find() -> FileOut:
            found = self._tasks.artifact(task_id, name) if len(name) <= 2_000 else None
            if found is None:
                raise NotFound("There is no such file in this result.", code="ARTIFACT_NOT_FOUND")
            return FileOut(size=found.size, pieces=self._store.pieces(found.blob, found.offset, found.size))

        return self._threads.submit(find)

    def _note_end(self, fact: AttemptEnded) -> None:
        with self._lock:
            self._ends.append((fact, fact.at_ms))

    def _note_successes(self, fact: AttemptsSucceeded) -> None:
        with self._lock:
            self._ends.extend([(each, fact.at_ms) for each in fact.ended])


def _end(of: AttemptEnded | Success, at_ms: int, names: Mapping[str, str]) -> NodeEnd:
    return NodeEnd(
        attempt_id=of.attempt_id,
        task_id=of.task_id,
        task_name=names.get(of.task_id, ""),
        index=of.index,
        state=of.state.value if isinstance(of, AttemptEnded) else AttemptState.SUCCEEDED.value,
        reason=of.reason if isinstance(of, AttemptEnded) else "",
        at_ms=at_ms,
    )


def points_of(runs: Sequence[RunRow]) -> list[UsePoint]:
    """Lay the ticks of runs side by side in time: means, each tick by how long it was; a gap stays a gap."""
    samples: list[tuple[int, int, float, float, float]] = []
    for run in runs:
        at_ms = run.started_ms
        for tick in run.ticks:
            at_ms += tick.duration_ms
            memory = run.memory_bytes * tick.memory_percent / 100
            samples.append((at_ms, max(1, tick.duration_ms), tick.cpu_percent, tick.gpu_percent, memory))
    if not samples:
        return []
    first, last = min(each[0] for each in samples), max(each[0] for each in samples)
    count = max(1, min(MAX_POINTS, len(samples)))
    step = max(1, (last - first) // count)
    slots: dict[int, list[float]] = {}
    for at_ms, lasted, *values in samples:
        sums = slots.setdefault((at_ms - first) // step, [0.0, 0.0, 0.0, 0.0])
        sums[0] += lasted
        for place, value in enumerate(values):
            sums[place + 1] += value * lasted
    return [
        UsePoint(
            at_ms=first + place * step,
            cpu_percent=round(cpu / lasted, 2),
            gpu_percent=round(gpu / lasted, 2),
            memory_bytes=round(memory / lasted),
        )
        for place, (lasted, cpu, gpu, memory) in sorted(slots.items())
    ]


def live_point(uses: Sequence[AttemptUse], now_ms: int) -> tuple[UsePoint, ...]:
    """Return the mean of what runs now; nothing when nothing runs."""
    if not uses:
        return ()
    count = len(uses)
    return (
        UsePoint(
            at_ms=now_ms,
            cpu_percent=round(sum(use.cpu_percent for use in uses) / count, 2),
            gpu_percent=round(sum(_mean(use.gpu_percent) for use in uses) / count, 2),
            memory_bytes=round(sum(use.memory_bytes for use in uses) / count),
        ),
    )


def find_in_log(logs: LogReads, attempt_id: str, stream: LogStream, text: str, offset: int) -> LogHits:
    """Look for words in a bounded part of a log, from an offset on; case does not count."""
    size = logs.size(attempt_id, stream)
    wanted = text.casefold()
    hits: list[LogHit] = []
    at, begun, carry = offset, offset, b""
    while at < size and at - begun < SEARCHED_BYTES and len(hits) < MAX_HITS:
        content, following = logs.read(attempt_id, stream, at, _WINDOW_BYTES)
        if not content:
            at = size
            break
        start = following - len(content)
        if start != at:  # a part that was dropped: no line goes across it
            carry = b""
        lines = (carry + content).split(b"\n")
        place = start - len(carry)
        whole = following >= size
        for line in lines if whole else lines[:-1]:
            shown = line.decode("utf-8", "replace")
            if wanted in shown.casefold():
                hits.append(LogHit(offset=place, text=_shown(shown, wanted)))
            place += len(line) + 1
        carry = b"" if whole else lines[-1][-_MAX_LINE_BYTES:]
        at = following
    # The next part begins with the line that is not whole yet.
    return LogHits(hits=tuple(hits), searched=at if at >= size else at - len(carry), size=size)


def _shown(line: str, wanted: str) -> str:
    found = max(0, line.casefold().find(wanted))
    start = max(0, found - _SHOWN_CHARACTERS // 3)
    return line[start : start + _SHOWN_CHARACTERS].strip("\r\n")


def _work(live: LiveAttempt, use: AttemptUse | None, names: Mapping[str, str]) -> NodeWork:
    percent = use.percent if use is not None else -1.0
    return NodeWork(
        attempt_id=live.attempt_id,
        task_id=live.task_id,
        task_name=names.get(live.task_id, ""),
        index=live.index,
        number=live.number,
        state=live.state.value,
        phase=use.phase if use is not None else "",
        percent=percent if percent >= 0 else None,
        status=use.status if use is not None else "",
        offered_ms=live.offered_ms,
        cpu_percent=use.cpu_percent if use is not None else 0.0,
        gpu_percent=_mean(use.gpu_percent) if use is not None else 0.0,
        memory_bytes=use.memory_bytes if use is not None else 0,
        cpu_millis=live.resources.cpu_millis,
        memory_reserved_bytes=live.resources.memory_bytes,
    )


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else 0.0
