"""The sandbox port in one process: nothing is started, outcomes are scripted, files live in memory.

    runtime = FakeRuntime()
    runtime.script("attempt-1", FakeOutcome(exit_code=3, output=b"no\n", files={"out/a": b"x"}))

Without a script an attempt is an instant no-op that succeeds. The word `/bin/sh -c` is understood as far as the
contract suite needs it, by `shell` outcomes given per attempt; no command is ever run.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.domain.errors import Conflict, EngineUnavailable, NotFound
from worker_app.agent.ports.sandbox import (
    CollectedFile,
    CollectOrder,
    Ended,
    EngineFacts,
    FailLine,
    FoundSandbox,
    ImageFacts,
    ImageInvalid,
    Metric,
    OnProgress,
    OpenProgress,
    Output,
    OutputRefused,
    Progress,
    RunEvent,
    RunOrder,
    RuntimeKind,
    Sandbox,
    SandboxLost,
    SandboxSpec,
    Started,
    StatusLine,
)
from worker_app.execution.globs import glob_to_regex
from worker_app.execution.outputs import check_path

_STARTED = Started()
_DONE = Ended(exit_code=0, wall_ms=1, cpu_ms=1, peak_rss_bytes=1 << 20)
_FAKE_IMAGE = ImageFacts(ref="fake", image_id="sha256:" + "0" * 64, arch="x86_64", os="linux")


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeOutcome:
    """What a scripted attempt does. `until_cancelled`: it waits for cancel, a timeout or the lease."""

    exit_code: int | None = 0
    signal: int | None = None
    oom_killed: bool = False
    disk_exceeded: bool = False
    output: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    until_cancelled: bool = False
    problem: str = ""
    dirty: bool = False
    #: The sandbox dies in the middle of it.
    lost: bool = False
    extra: tuple[RunEvent, ...] = ()


@dataclass(slots=True)
class _Attempt:
    attempt_id: str
    outcome: FakeOutcome
    ended: Ended | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)


class FakeSandbox:
    """See the port."""

    def __init__(self, runtime: FakeRuntime, spec: SandboxSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._files: dict[str, bytes] = {}
        self._links: tuple[str, ...] = ()
        self._current: _Attempt | None = None
        self._last: _Attempt | None = None
        self._lost = asyncio.Event()
        self._dirty = False
        self._lease: asyncio.TimerHandle | None = None
        self.frozen = False
        self.cpu_millis = spec.resources.cpu_millis
        self.usage_interval_s = 30.0

    @property
    def sandbox_id(self) -> str:
        return self._spec.sandbox_id

    @property
    def task_id(self) -> str:
        return self._spec.task_id

    @property
    def image(self) -> ImageFacts:
        return self._runtime.image_facts

    async def run(self, order: RunOrder) -> AsyncIterator[RunEvent]:
        if self._lost.is_set():
            raise SandboxLost("the sandbox ended")
        if self._current is not None:
            raise Conflict("this sandbox runs an attempt already")
        outcome = self._runtime.outcome_of(order)
        self._runtime.ran.append(order.attempt_id)
        if outcome is None:
            # The path of no-ops: as few steps as the port allows.
            self._files = {}
            self._last = _Attempt(order.attempt_id, FakeOutcome(), _DONE)
            yield _STARTED
            yield _DONE
            return
        self._current = attempt = _Attempt(order.attempt_id, outcome)
        self._last = attempt
        kept = {k: v for k, v in self._files.items() if order.keep_checkpoint and k.startswith("checkpoint/")}
        self._files, self._links = kept, ()
        if outcome.problem:
            yield self._end(attempt, Ended(exit_code=None, problem=outcome.problem))
            return
        yield _STARTED
        for event in (*events_of_output(outcome.output), *outcome.extra):
            yield event
        if outcome.lost:
            self.lose()
            raise SandboxLost("the sandbox ended")
        stopped = await self._wait(attempt, order) if outcome.until_cancelled else ""
        self._files |= outcome.files
        self._links = outcome.links
        yield self._end(attempt, self._ended(outcome, stopped))

    async def resume(self, attempt_id: str, from_offset: int = 0) -> AsyncIterator[RunEvent]:
        last = self._last
        if last is None or last.attempt_id != attempt_id:
            raise NotFound("the sandbox does not know this attempt")
        content = last.outcome.output[from_offset:]
        if content:
            yield Output(stream="stdout", offset=from_offset, content=content)
        if last.ended is None:
            await self._wait(last, None)
            yield self._end(last, self._ended(last.outcome, "cancelled"))
        else:
            yield last.ended

    async def cancel(self, attempt_id: str, grace_s: float) -> None:
        if self._current is not None and self._current.attempt_id == attempt_id:
            self._current.cancelled.set()

    async def renew(self, seconds_left: float) -> None:
        if self._lost.is_set():
            raise SandboxLost("the sandbox ended")
        if self._lease is not None:
            self._lease.cancel()
        self._lease = asyncio.get_running_loop().call_later(seconds_left, self.lose)

    async def collect(self, order: CollectOrder) -> Sequence[CollectedFile]:
        patterns = [re.compile(glob_to_regex(text)) for text in (*order.include, *order.required)]
        names = [name for name in sorted(self._files) if any(one.match(name) for one in patterns)]
        for name in self._links:
            if any(one.match(name) for one in patterns):
                raise OutputRefused(f"{name} is a symbolic link")
        for required in order.required:
            if not any(re.match(glob_to_regex(required), name) for name in names):
                raise OutputRefused(f"missing: {required}")
        if len(names) > order.max_files or sum(len(self._files[name]) for name in names) > order.max_bytes:
            raise OutputRefused(f"{names[-1]}: more than {order.max_bytes} bytes in all")
        found = []
        if names:
            order.target_folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            content, local = self._files[name], order.target_folder / f"{number:07d}"
            local.write_bytes(content)
            found.append(
                CollectedFile(
                    path=check_path(name),
                    size_bytes=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                    local=local,
                )
            )
        return found

    async def clear(self) -> bool:
        if not self._dirty:
            self._files, self._links = {}, ()
        return not self._dirty

    async def freeze(self) -> None:
        self.frozen = True

    async def thaw(self) -> None:
        self.frozen = False

    async def set_cpu(self, cpu_millis: int) -> None:
        self.cpu_millis = cpu_millis

    async def usage_interval(self, seconds: float) -> None:
        self.usage_interval_s = seconds

    async def close(self) -> None:
        self.lose()
        self._runtime.forget(self)

    def lose(self) -> None:
        """Make it die, as an engine that stops would."""
        if self._lease is not None:
            self._lease.cancel()
        self._lost.set()

    def _ended(self, outcome: FakeOutcome, stopped: str) -> Ended:
        self._dirty = outcome.dirty
        return Ended(
            exit_code=None if stopped else outcome.exit_code,
            signal=15 if stopped else outcome.signal,
            oom_killed=outcome.oom_killed,
            timed_out=stopped == "timed_out",
            cancelled=stopped == "cancelled",
            disk_exceeded=outcome.disk_exceeded,
            wall_ms=1,
            cpu_ms=1,
            peak_rss_bytes=1 << 20,
            output_bytes=len(outcome.output),
            dirty=outcome.dirty,
        )

    def _end(self, attempt: _Attempt, ended: Ended) -> Ended:
        attempt.ended = ended
        self._current = None
        return ended

    async def _wait(self, attempt: _Attempt, order: RunOrder | None) -> str:
        """Wait for whatever comes first, and say what it was."""
        waiting = [asyncio.ensure_future(one.wait()) for one in (attempt.cancelled, self._lost)]
        try:
            timeout = order.timeout_s if order and order.timeout_s else None
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        if self._lost.is_set():
            self._current = None
            raise SandboxLost("the sandbox ended")
        return "cancelled" if attempt.cancelled.is_set() else "timed_out"


class FakeRuntime:
    """See the port. Everything that it did is on `ran` and `opened`."""

    def __init__(self, *, cpu_millis: int = 2000, memory_bytes: int = 8 << 30) -> None:
        self.image_facts = _FAKE_IMAGE
        self.facts = EngineFacts(
            kind=RuntimeKind.FAKE,
            isolated=True,
            ok=True,
            name="fake",
            cpu_millis=cpu_millis,
            memory_bytes=memory_bytes,
            arch="x86_64",
            os="linux",
        )
        self.ran: list[str] = []
        self.opened: list[SandboxSpec] = []
        self.missing_images: set[str] = set()
        self.decide: Callable[[RunOrder], FakeOutcome | None] | None = None
        self._scripts: dict[str, FakeOutcome] = {}
        self._living: dict[str, FakeSandbox] = {}

    @property
    def kind(self) -> RuntimeKind:
        return RuntimeKind.FAKE

    def script(self, attempt_id: str, outcome: FakeOutcome) -> None:
        """Say what an attempt will do."""
        self._scripts[attempt_id] = outcome

    def outcome_of(self, order: RunOrder) -> FakeOutcome | None:
        """The attempt's script, else what `decide` says, else None: an instant no-op."""
        found = self._scripts.get(order.attempt_id)
        if found is None and self.decide is not None:
            found = self.decide(order)
        return found

    async def probe(self) -> EngineFacts:
        return self.facts

    async def open(self, spec: SandboxSpec, on_progress: OnProgress) -> Sandbox:
        if not self.facts.ok:
            raise EngineUnavailable(self.facts.problem, fix=self.facts.fix)
        if spec.image.ref in self.missing_images:
            raise ImageInvalid(f"the image {spec.image.ref} cannot be had")
        self.opened.append(spec)
        on_progress(OpenProgress(phase="container"))
        sandbox = FakeSandbox(self, spec)
        self._living[spec.sandbox_id] = sandbox
        await sandbox.renew(spec.lease_s)
        return sandbox

    async def inventory(self) -> Sequence[FoundSandbox]:
        return [
            FoundSandbox(sandbox_id=one.sandbox_id, task_id=one.task_id, handle=one.sandbox_id, running=True)
            for one in self._living.values()
        ]

    async def adopt(self, found: FoundSandbox) -> Sandbox:
        sandbox = self._living.get(found.handle)
        if sandbox is None:
            raise SandboxLost("the sandbox is not running any more")
        return sandbox

    async def remove(self, found: FoundSandbox) -> None:
        sandbox = self._living.get(found.handle)
        if sandbox is not None:
            await sandbox.close()

    async def release_task(self, task_id: str) -> None:
        """Nothing is kept between sandboxes."""

    async def shut(self) -> None:
        """Nothing to give back."""

    def forget(self, sandbox: FakeSandbox) -> None:
        self._living.pop(sandbox.sandbox_id, None)


def events_of_output(content: bytes) -> list[RunEvent]:
    """Return output as events, with the protocol's lines translated."""
    if not content:
        return []
    events: list[RunEvent] = [Output(stream="stdout", offset=0, content=content)]
    for line in content.decode("utf-8", "replace").splitlines():
        kind, colon, text = line.partition(":")
        if not colon or not kind.startswith("hivemind_"):
            continue
        text = text.strip()
        if kind == "hivemind_progress":
            events.append(Progress(percent=float(text)))
        elif kind == "hivemind_status":
            events.append(StatusLine(text=text))
        elif kind == "hivemind_fail":
            events.append(FailLine(text=text))
        elif kind == "hivemind_metric":
            name, _, value = text.partition("=")
            events.append(Metric(name=name, value=float(value)))
    return events
