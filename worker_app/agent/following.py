"""One run as it happens: events of the sandbox become log, usage, headline and, at the end, one stimulus."""

from __future__ import annotations

from typing import Final

from core.domain.attempt import AttemptState
from core.domain.rewards import Tick
from core.domain.session import AttemptUse, LogStream, Offer
from worker_app.agent.headline import Headline
from worker_app.agent.metering import AttemptMeter
from worker_app.agent.ports.sandbox import (
    Ended,
    FailLine,
    Metric,
    Output,
    Progress,
    RunEvent,
    Started,
    StatusLine,
    UsageTick,
)
from worker_app.agent.stimuli import RunEnded, Used
from worker_app.agent.stimuli import Started as RunStarted
from worker_app.agent.workshop import Workshop

MAX_METRICS: Final = 100
MAX_STATUS: Final = 200


class Following:
    """Of one attempt, over all its runs in place."""

    __slots__ = (
        "_gpu_uuids",
        "_headline",
        "_meter",
        "_metrics",
        "_next_offset",
        "_percent",
        "_shop",
        "_status",
        "_usage",
        "attempt_id",
    )

    def __init__(self, offer: Offer, gpu_uuids: tuple[str, ...], shop: Workshop) -> None:
        self.attempt_id = offer.attempt_id
        self._gpu_uuids = gpu_uuids
        self._shop = shop
        self._meter = AttemptMeter(offer.resources)
        self._headline: Headline | None = None
        self._metrics: dict[str, float] | None = None
        self._percent = -1.0
        self._status = ""
        self._usage: UsageTick | None = None
        #: Where the output goes on; None before the first of it (after a restart: wherever that is).
        self._next_offset: int | None = None

    def take(self, event: RunEvent) -> None:
        """Take the next event; each is cheap and none blocks."""
        kind = type(event)
        if kind is Started:
            self._meter.started(self._shop.clock.steady_ms())
            self._shop.tell(RunStarted(self.attempt_id, self._shop.clock.wall_ms()))
        elif kind is Ended:
            self._ended(event)  # type: ignore[arg-type]
        elif kind is Output:
            self._output(event)  # type: ignore[arg-type]
        else:
            self._other(event)

    def _output(self, event: Output) -> None:
        stream = LogStream.ERR if event.stream == "stderr" else LogStream.OUT
        if self._next_offset is not None and event.offset > self._next_offset:
            dropped = f"\n[HiveMind: {event.offset - self._next_offset:,} bytes were dropped here]\n"
            self._shop.logs.append(self.attempt_id, stream, dropped.encode())
        self._next_offset = event.offset + len(event.content)
        self._shop.logs.append(self.attempt_id, stream, event.content)
        if self._headline is None:
            self._headline = Headline()
        self._headline.output(event.content)

    def _other(self, event: RunEvent) -> None:
        if isinstance(event, Progress):
            self._percent = event.percent
        elif isinstance(event, StatusLine):
            self._status = event.text[:MAX_STATUS]
        elif isinstance(event, Metric):
            if self._metrics is None:
                self._metrics = {}
            if event.name in self._metrics or len(self._metrics) < MAX_METRICS:
                self._metrics[event.name] = event.value
            return
        elif isinstance(event, FailLine):
            if self._headline is None:
                self._headline = Headline()
            self._headline.fail_line(event.text)
            return
        elif isinstance(event, UsageTick):
            self._sample(event)
            return
        self._shop.tell(Used(self._use(self._usage, ())))

    def _sample(self, event: UsageTick) -> None:
        self._usage = event
        gpus: tuple[float, ...] = ()
        gpu_memory = 0
        if self._gpu_uuids:
            gpus, gpu_memory = self._shop.gpu_use(self._gpu_uuids)
        average = sum(gpus) / len(gpus) if gpus else 0.0
        full = self._meter.sample(
            self._shop.clock.steady_ms(),
            cpu_ms=event.cpu_ms,
            memory_bytes=event.memory_bytes,
            gpu_percent=average,
        )
        use = self._use(event, gpus, gpu_memory)
        self._shop.tell(Used(use, self._meter.ticks if full else None))

    def was_frozen(self, duration_ms: int) -> None:
        """Say that nothing ran for so long; it earns nothing."""
        self._meter.skip(duration_ms)

    def _use(self, event: UsageTick | None, gpus: tuple[float, ...], gpu_memory_bytes: int = 0) -> AttemptUse:
        return AttemptUse(
            attempt_id=self.attempt_id,
            state=AttemptState.RUNNING,
            percent=self._percent,
            status=self._status,
            cpu_percent=self._meter.cpu_percent,
            memory_bytes=0 if event is None else event.memory_bytes,
            disk_bytes=0 if event is None else event.disk_bytes,
            gpu_percent=gpus,
            gpu_memory_bytes=gpu_memory_bytes,
        )

    def _ended(self, event: Ended) -> None:
        shop = self._shop
        ticks = self._meter.ended(wall_ms=event.wall_ms, cpu_ms=event.cpu_ms, peak_bytes=event.peak_rss_bytes)
        shop.tell(
            RunEnded(
                attempt_id=self.attempt_id,
                at_ms=shop.clock.wall_ms(),
                exit_code=event.exit_code,
                signal=event.signal,
                oom_killed=event.oom_killed,
                timed_out=event.timed_out,
                cancelled=event.cancelled,
                disk_exceeded=event.disk_exceeded,
                dirty=event.dirty,
                problem=event.problem,
                headline="" if self._headline is None else self._headline.text(),
                wall_ms=event.wall_ms,
                peak_memory_bytes=event.peak_rss_bytes,
                ticks=ticks,
                metrics=() if self._metrics is None else tuple(self._metrics.items()),
                log_bytes=0 if self._headline is None else shop.logs.written(self.attempt_id),
            )
        )

    def lost_ticks(self) -> tuple[Tick, ...]:
        """Return the full ticks of a run whose sandbox died."""
        return self._meter.ticks
