"""The running agent: its loop, its timers and its signals. The only place that sleeps."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.clock import Clock
from core.domain.errors import HiveMindError
from core.domain.node import NodeFacts
from worker_app.agent import stimuli
from worker_app.agent.certificate import CertificateCare
from worker_app.agent.desk import Desk, Joined
from worker_app.agent.gpus import Gpus
from worker_app.agent.hygiene import Hygiene
from worker_app.agent.instructions import BecameLive
from worker_app.agent.listening import HeardLink
from worker_app.agent.night import Night
from worker_app.agent.performer import Performer
from worker_app.agent.ports.host import ShutdownWatch
from worker_app.agent.ports.link import EnrolmentLink, Identity, MembershipLink
from worker_app.agent.ports.sandbox import EngineFacts, Runtime
from worker_app.agent.probe import HostMeter, host_name, measure_disk, node_facts, steady
from worker_app.agent.workspace import Workspace

logger = logging.getLogger(__name__)

TICK_S: Final = 1.0
MEASURE_S: Final = 5.0
PROBE_S: Final = 30.0
#: How often the disk budget is looked at.
TIDY_S: Final = 60.0
#: An engine that is away is looked for this often.
PROBE_BROKEN_S: Final = 10.0
GIVEN_BACK_S: Final = 0.1
#: A driver or an engine that hangs is given up on, not waited for.
CALL_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the daemon measures and keeps up to date."""

    workspace: Workspace
    runtime: Runtime
    enrolment: EnrolmentLink
    membership: MembershipLink
    desk: Desk
    hygiene: Hygiene
    gpus: Gpus
    agent_version: str
    clock: Clock
    shutdown: ShutdownWatch
    quit_grace_s: float = 30.0


class Daemon:
    """One run of the agent, from start to exit. Made inside a coroutine on its loop."""

    def __init__(self, surroundings: Surroundings, identity: Identity) -> None:
        self._around = surroundings
        self._identity = identity
        self._meter = HostMeter(surroundings.workspace.root)
        self._over = asyncio.Event()
        self._reason = ""
        self._quitting = False
        self._facts = NodeFacts(slots=0)
        self._engine: EngineFacts | None = None
        self._performer: Performer | None = None
        self._probe_now = asyncio.Event()
        self._certificate = CertificateCare(
            identity,
            enrolment=surroundings.enrolment,
            membership=surroundings.membership,
            keep=surroundings.workspace.keep_identity,
            renewed=self._renewed,
            clock=surroundings.clock,
        )

    # ------------------------------------------------------------ callbacks for the performer

    def on_live(self, live: BecameLive) -> None:
        """The session is in order: say so in `agent.json`."""
        self._announce("live", node_name=live.node_name, master=self._identity.node_door)
        logger.info("connected", extra={"node": live.node_name, "master": self._identity.node_door})

    def _announce(self, state: str, **more: str) -> None:
        """Write it for others. A full disk must cost them this word, not us the session."""
        try:
            self._around.workspace.announce(state, node_id=self._identity.node_id, **more)
        except (OSError, HiveMindError) as error:
            logger.warning("agent.json was not written", extra={"state": state, "reason": str(error)})

    def on_exit(self, reason: str) -> None:
        self._reason = reason
        self._over.set()

    # ------------------------------------------------------------ the run

    async def run(self, performer: Performer, heard: HeardLink, night: Night) -> None:
        """Run until asked to quit."""
        self._performer = performer
        desk = self._around.desk
        self._announce("starting")
        await self._probe()
        await performer.start()
        desk.attach(
            Joined(
                performer=performer,
                heard=heard,
                quit=self.asked_to_quit,
                refresh=self._refresh_facts,
                practise=self._around.membership.practise,
                troubles=night.conditions.current,
            )
        )
        try:
            async with asyncio.TaskGroup() as group:
                timers = [
                    group.create_task(self._ticking(), name="tick"),
                    group.create_task(self._measuring(), name="measure"),
                    group.create_task(self._probing(), name="probe"),
                    group.create_task(self._certificate.run(), name="certificate"),
                    group.create_task(self._tidying(), name="disk budget"),
                    group.create_task(night.run(), name="night"),
                    group.create_task(self._following_shutdown(), name="shutdown"),
                ]
                await self._over.wait()
                for timer in timers:
                    timer.cancel()
        finally:
            logger.info("leaving", extra={"reason": self._reason})
            self._around.shutdown.close()
            desk.detach()
            await performer.stop()

    def asked_to_quit(self, why: str) -> None:
        """First: give work back and leave. Again: leave at once; the sandboxes' countdowns do the rest."""
        if self._quitting or self._performer is None:
            self.on_exit(f"{why} again")
            return
        self._quitting = True
        logger.info("asked to quit", extra={"signal": why, "grace_s": self._around.quit_grace_s})
        self._announce("quitting")
        self._performer.tell(stimuli.QuitAsked(int(self._around.quit_grace_s * 1000)))

    # ------------------------------------------------------------ timers

    async def _ticking(self) -> None:
        performer = self._performer
        assert performer is not None
        troubles = 0
        while True:
            performer.tick()
            before, troubles = troubles, performer.state.progress.engine_troubles
            if troubles != before:
                # Something in the engine failed: look at it now, before more work is taken for it.
                self._probe_now.set()
            await asyncio.sleep(TICK_S)

    async def _measuring(self) -> None:
        performer = self._performer
        assert performer is not None
        while True:
            await self._limited(self._measure())
            await asyncio.sleep(MEASURE_S)

    async def _measure(self) -> None:
        assert self._performer is not None
        uuids = tuple(gpu.uuid for gpu in self._facts.gpus)
        percents: tuple[float, ...] = ()
        if uuids:
            percents, _ = await asyncio.to_thread(self._around.gpus.use, uuids)
        self._performer.tell(stimuli.Measured(await asyncio.to_thread(self._meter.measure, percents)))

    async def _probing(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE_S if self._facts.engine_ok else PROBE_BROKEN_S):
                    await self._probe_now.wait()
            # A bunch of attempts fails at once; one look is enough for all.
            await asyncio.sleep(TICK_S)
            self._probe_now.clear()
            await self._limited(self._probe())

    async def _probe(self) -> None:
        """Ask engine, disk and GPUs; what changed goes to the master. Heals by itself when the engine comes."""
        around = self._around
        self._engine = engine = await around.runtime.probe()
        await asyncio.to_thread(around.desk.machine.look, engine)
        facts = self._work_out()
        if facts.engine_ok != self._facts.engine_ok or not self._facts.slots:
            if facts.engine_ok:
                logger.info("the engine is there", extra={"engine": facts.engine_version, "slots": facts.slots})
            else:
                logger.warning("no engine", extra={"reason": engine.problem, "fix": engine.fix})
        self._facts = facts
        if self._performer is not None:
            self._performer.tell(stimuli.FactsChanged(facts))

    def _work_out(self) -> NodeFacts:
        """Return the node's facts by what was last measured and by the limits that hold now."""
        around, desk = self._around, self._around.desk
        assert self._engine is not None
        lends_gpu = desk.decision is None or desk.choices.now.rules is None or desk.decision.gpu
        found = node_facts(
            self._engine,
            desk.limits(),
            disk=measure_disk(around.workspace.root),
            gpus=desk.machine.gpus if lends_gpu else (),
            host_name=host_name(),
            agent_version=around.agent_version,
        )
        return steady(self._facts, found)

    async def _tidying(self) -> None:
        while True:
            await self._limited(self._tidy())
            await asyncio.sleep(TIDY_S)

    async def _tidy(self) -> None:
        desk = self._around.desk
        desk.disk_used_bytes = await self._around.hygiene.keep(desk.limits().disk_bytes)

    def _refresh_facts(self) -> None:
        """The owner's limits changed: no need to ask the engine again."""
        if self._engine is not None and self._performer is not None:
            self._facts = self._work_out()
            self._performer.tell(stimuli.FactsChanged(self._facts))

    async def _following_shutdown(self) -> None:
        """Give work back before the system ends; go on when that was called off."""
        watch, desk = self._around.shutdown, self._around.desk
        while True:
            limit_s = await watch.changed()
            if limit_s <= 0:
                desk.system_stays()
                continue
            desk.system_ends(int(limit_s * 1000))
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    while self._performer is not None and not self._performer.state.is_given_back:
                        await asyncio.sleep(GIVEN_BACK_S)
            watch.let_go()

    def _renewed(self, identity: Identity) -> None:
        self._identity = self._around.desk.identity = identity
        if self._performer is not None and not self._performer.state.connection.is_live:
            self._performer.tell(stimuli.RetryNow())

    async def _limited(self, work: object) -> None:
        """Give up on a measurement that hangs or fails; the next one tries again."""
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                await work  # type: ignore[misc]
        except TimeoutError:
            logger.warning("a measurement took too long and was given up")
        except (HiveMindError, OSError) as error:
            logger.warning("a measurement failed", extra={"reason": str(error)})


class Resident:
    """The whole life of the agent's process: the desk's seconds, and joined runs that come and go."""

    def __init__(
        self,
        desk: Desk,
        *,
        waiting_runtime: Callable[[], Runtime],
        run_joined: Callable[[Resident, Identity], Awaitable[None]],
        farewell: Callable[[Identity], Awaitable[None]],
        left: Callable[[], None],
    ) -> None:
        self.desk = desk
        #: Of whoever runs now; the doctor tries it.
        self.runtime: Runtime | None = None
        self.daemon: Daemon | None = None
        self._waiting_runtime = waiting_runtime
        self._run_joined = run_joined
        self._farewell = farewell
        self._left = left

    async def run(self) -> int:
        """Run until asked to end; return the exit code."""
        self._listen_to_signals()
        desk = self.desk
        await desk.tick()
        async with asyncio.TaskGroup() as group:
            seconds = group.create_task(self._seconds(), name="desk")
            while not desk.is_over:
                identity = desk.identity
                desk.turn.clear()
                if identity is not None and desk.is_leaving:
                    await self._leave(identity)
                    continue
                if identity is None or not desk.may_run:
                    await self._wait()
                    continue
                await self._run_joined(self, identity)
                self.daemon = self.runtime = None
                if not desk.is_leaving and not desk.turn.is_set():
                    # It ended by itself, for a reason that it logged.
                    desk.is_over = True
            seconds.cancel()
        return 0

    async def _leave(self, identity: Identity) -> None:
        """Have the master strike this node out, then forget who it was. A master that is away does not stop it."""
        try:
            if self.desk.says_farewell:
                await self._farewell(identity)
            logger.info("left the pool", extra={"node_id": identity.node_id})
        except HiveMindError as error:
            logger.warning("the master was not told that this node left", extra={"code": error.code})
        self._left()

    async def _seconds(self) -> None:
        while True:
            try:
                await self.desk.tick()
            except (OSError, HiveMindError, sqlite3.Error) as error:
                # The book of earnings on a full disk, for example: what the owner sees must never cost work.
                logger.warning("a second was lost", extra={"reason": str(error)})
            await asyncio.sleep(TICK_S)

    async def _wait(self) -> None:
        """Nothing to run: keep an eye on the engine, so that whoever looks sees when it comes."""
        runtime = self.runtime = self._waiting_runtime()
        desk = self.desk
        try:
            while not desk.turn.is_set():
                engine = await runtime.probe()
                await asyncio.to_thread(desk.machine.look, engine)
                desk.publish()
                with suppress(TimeoutError):
                    async with asyncio.timeout(PROBE_S if engine.ok else PROBE_BROKEN_S):
                        await desk.turn.wait()
        finally:
            await runtime.shut()

    def _listen_to_signals(self) -> None:
        if sys.platform == "win32":
            # The loop has no handlers there; Ctrl-C comes as KeyboardInterrupt, a service stops by its event.
            signal.signal(signal.SIGTERM, lambda *_: self._signalled("SIGTERM"))
            signal.signal(signal.SIGBREAK, lambda *_: self._signalled("SIGBREAK"))
            return
        loop = asyncio.get_running_loop()
        # SIGHUP: the terminal or the session that we were started in has ended.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number.name)

    def _signalled(self, why: str) -> None:
        self.desk.is_over = True
        self.desk.turn.set()
        if self.daemon is not None:
            self.daemon.asked_to_quit(why)
