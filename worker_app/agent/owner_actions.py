"""What the owner asks for, carried out: one method an `AgentAction`, and the larger requests beside them."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace

from core.domain.agent_views import AgentAction, Consent, Hop, RulesShown, SetupStep
from core.domain.earning_views import EarningRow, Explained
from core.domain.errors import Conflict, Invalid, NotFound
from core.domain.lending import LendingRules, Preset, Switch, preset_rules
from core.domain.rewards import RewardRule, Tick, hundredths, meter
from worker_app.agent import stimuli
from worker_app.agent.attempts import Held
from worker_app.agent.desk import Desk
from worker_app.agent.ports.link import Identity

logger = logging.getLogger(__name__)

#: A session that ends waits about five seconds for its programs.
SESSION_GRACE_MS = 4_000

Join = Callable[[str], Awaitable[Identity]]
Fingerprint = Callable[[Identity], str]


class OwnerActions:
    """All that a face may ask of an agent. On the agent's loop; raises HiveMindError with the reason."""

    def __init__(self, desk: Desk, *, join: Join, leave: Callable[[], None], fingerprint: Fingerprint) -> None:
        self._desk = desk
        self._join = join
        self._leave = leave
        self._fingerprint = fingerprint
        self._joining = asyncio.Lock()

    def act(self, action: AgentAction, *, seconds: int = 0, attempt_id: str = "", owner_id: str = "") -> None:
        """Do it now; what follows from it is seen at once by whoever watches."""
        desk = self._desk
        now_ms, switch = desk.clock.wall_ms(), desk.choices.now.switch
        if action in _SWITCHES:
            desk.practising.end()
            desk.choices.change(switch=_SWITCHES[action](switch, now_ms, seconds))
        elif action in (AgentAction.STOP_TASK, AgentAction.BLOCK_OWNER):
            self._stop_task(attempt_id, block=action is AgentAction.BLOCK_OWNER)
        elif action is AgentAction.UNBLOCK_OWNER:
            self._unblock(owner_id)
        elif action is AgentAction.RELEASE_FROZEN:
            for held in self._held(lambda one: one.frozen_ms >= 0):
                self._give_back(held)
        elif action is AgentAction.RETRY_NOW:
            if desk.joined is not None:
                desk.joined.performer.tell(stimuli.RetryNow())
        elif action in _STEPS:
            self._step(action)
        elif action is AgentAction.SYSTEM_ENDS:
            desk.system_ends(SESSION_GRACE_MS)
        elif action is AgentAction.LEAVE:
            self._leave_pool()
        else:
            self._quit(action)
        logger.info("the owner asked", extra={"action": action.value})
        desk.apply()
        desk.publish()

    # ------------------------------------------------------------ tasks

    def _held(self, wanted: Callable[[Held], bool]) -> list[str]:
        state = self._desk.state
        return [] if state is None else [one.attempt_id for one in state.work.held.values() if wanted(one)]

    def _give_back(self, attempt_id: str) -> None:
        joined = self._desk.joined
        if joined is not None:
            joined.performer.tell(stimuli.GiveBack(attempt_id))

    def _stop_task(self, attempt_id: str, *, block: bool) -> None:
        state = self._desk.state
        held = state.work.held.get(attempt_id) if state is not None else None
        if held is None or state is None:
            raise NotFound("This subtask does not run here any more.", code="ATTEMPT_GONE")
        task_id, owner_id, name = held.offer.task_id, held.brief.owner_id, held.brief.owner_name
        if block:
            choices = self._desk.choices.now
            rules = choices.rules or self._preset(Preset.FULL)
            if owner_id not in rules.owners_blocked:
                rules = replace(rules, owners_blocked=(*rules.owners_blocked, owner_id))
            self._desk.choices.change(rules=rules, owner_names={**choices.owner_names, owner_id: name})
        for one in list(state.work.held.values()):
            if one.attempt_id == attempt_id or (block and one.brief.owner_id == owner_id):
                self._give_back(one.attempt_id)
        logger.info("stopped by the owner", extra={"task_id": task_id, "blocked": block})

    def _unblock(self, owner_id: str) -> None:
        rules = self._desk.choices.now.rules
        if rules is not None:
            kept = tuple(one for one in rules.owners_blocked if one != owner_id)
            self._desk.choices.change(rules=replace(rules, owners_blocked=kept))

    # ------------------------------------------------------------ joining and leaving

    async def join(self, link: str) -> Consent:
        """Spend a join link; the node waits for its owner's consent before anything else.

        One that the master turns away joins anew in this one step: as a new node, with the rules that it has.
        """
        desk = self._desk
        if desk.identity is not None and not desk.is_refused:
            raise Conflict(
                "This computer has joined a pool already.", code="ALREADY_JOINED", fix="Leave that pool first."
            )
        async with self._joining:
            identity = await self._join(link.strip())
        fingerprint = self._fingerprint(identity)
        if desk.identity is None or desk.fingerprint != fingerprint:
            rules = desk.choices.now.rules or self._preset(Preset.BALANCED)
            desk.choices.change(setup=SetupStep.CONSENT, rules=rules, switch=Switch(is_on=False))
        desk.identity, desk.fingerprint = identity, fingerprint
        desk.turn.set()
        if desk.joined is not None:
            desk.joined.quit("its owner joins anew")
        desk.publish()
        return self.consent()

    def consent(self) -> Consent:
        """Return what the person agrees to."""
        identity, machine = self._desk.identity, self._desk.machine
        if identity is None:
            raise NotFound("This computer has not joined a pool.", code="NOT_JOINED")
        sent = {
            "host_name": self._desk.host_name,
            "cores": machine.cores,
            "memory_bytes": machine.memory_bytes,
            "gpus": [asdict(gpu) for gpu in machine.gpus],
            "disk_free_bytes": machine.disk_free_bytes,
            "engine": f"{machine.engine.name} {machine.engine.version}".strip(),
            "agent_version": self._desk.version,
            "each_report": [
                "cpu_percent",
                "memory_percent",
                "gpu_percent",
                "disk_free_bytes",
                "may_run",
                "reason",
            ],
        }
        return Consent(
            pool_name=identity.pool_name,
            address=identity.node_door,
            fingerprint=self._fingerprint(identity),
            node_name=identity.node_name,
            pending=identity.pending,
            operator=identity.operator,
            sign_up=identity.sign_up,
            owner_name=identity.owner_name,
            sent=json.dumps(sent, indent=1),
        )

    def _step(self, action: AgentAction) -> None:
        desk = self._desk
        if desk.identity is None:
            raise NotFound("This computer has not joined a pool.", code="NOT_JOINED")
        if action is AgentAction.RULES_DONE:
            # Only in a real container: the whole way is what it shows.
            engine = desk.machine.engine
            practises = engine.ok and engine.isolated and not desk.identity.pending
            step = SetupStep.PRACTICE if practises else SetupStep.DONE
            desk.choices.change(setup=step, switch=replace(desk.choices.now.switch, is_on=True))
            if practises:
                desk.practising.begin()
        elif action is AgentAction.PRACTISE:
            desk.practising.begin()
        elif action is AgentAction.PRACTICE_DONE:
            desk.practising.end()
            desk.choices.change(setup=SetupStep.DONE)
        else:
            later = SetupStep.DOCTOR if action is AgentAction.CONSENT else SetupStep.RULES
            desk.choices.change(setup=later)
        desk.turn.set()

    def _leave_pool(self) -> None:
        desk = self._desk
        desk.is_leaving = True
        # A copy must not strike its original out; and the master does not hear whom it turns away.
        desk.says_farewell = not desk.is_refused
        desk.practising.end()
        if desk.joined is not None:
            desk.joined.quit("its owner leaves the pool")
        else:
            desk.turn.set()

    def left(self) -> None:
        """The agent has ended and the master was told: forget who this node was."""
        desk = self._desk
        self._leave()
        desk.identity, desk.fingerprint, desk.is_leaving = None, "", False
        desk.choices.change(setup=SetupStep.JOIN)
        desk.turn.set()
        desk.publish()

    def _quit(self, action: AgentAction) -> None:
        desk = self._desk
        if action is AgentAction.STAY:
            if desk.quitting == "finish":
                desk.quitting = ""
            return
        desk.quitting = "finish" if action is AgentAction.QUIT_FINISH else "give_back"
        if desk.quitting == "give_back":
            desk.end()

    # ------------------------------------------------------------ rules

    def _preset(self, preset: Preset) -> LendingRules:
        return preset_rules(preset, cores=self._desk.machine.cores, memory_gb=self._desk.memory_gb)

    def rules(self) -> RulesShown:
        choices = self._desk.choices.now
        rules = choices.rules
        return RulesShown(
            rules=rules or self._preset(Preset.BALANCED),
            is_set=rules is not None,
            presets=tuple(self._preset(preset) for preset in Preset),
            owners_blocked={
                one: choices.owner_names.get(one, one) for one in (rules.owners_blocked if rules else ())
            },
            time_zone=time.tzname[time.localtime().tm_isdst > 0],
            clock_ms=self._desk.clock.wall_ms(),
            owners_known=self._owners_known(),
        )

    def _owners_known(self) -> dict[str, str]:
        desk, found = self._desk, dict[str, str]()
        if desk.identity is not None:
            found[desk.identity.owner_id] = desk.identity.owner_name or desk.identity.owner_id
        if desk.state is not None:
            briefs = [one.brief for one in desk.state.work.held.values()]
            found = {**{one.owner_id: one.owner_name or one.owner_id for one in briefs}, **found}
        return {**desk.choices.now.owner_names, **desk.book.owners(), **found}

    def set_rules(self, rules: LendingRules) -> RulesShown:
        """Keep these rules; they hold from this moment."""
        if rules.away.slots > 256 or rules.idle_minutes > 24 * 60:
            raise Invalid("A limit is larger than anything that makes sense.", code="RULES_INVALID")
        self._desk.choices.change(rules=rules)
        self._desk.apply()
        self._desk.publish()
        return self.rules()

    # ------------------------------------------------------------ money and the way

    def explain(self, attempt_id: str) -> Explained:
        """Return how one amount came about, worked out again from its ticks."""
        found = self._desk.book.one(attempt_id) or self._running(attempt_id)
        if found is None:
            raise NotFound("This computer does not know this attempt.", code="ATTEMPT_UNKNOWN")
        row, ticks, rule, computed, posted, receipt = found
        of = meter(row.resources, rule)
        tenths = tuple(of.tenths(hundredths(one.cpu_percent), hundredths(one.memory_percent)) for one in ticks)
        spans: dict[str, int] = {}
        for tick, ten in zip(ticks, tenths, strict=True):
            spans[str(ten)] = spans.get(str(ten), 0) + tick.duration_ms
        plain = of.ticks_ucpt([replace(one, gpu_percent=0.0) for one in ticks])
        total_ms = sum(one.duration_ms for one in ticks)
        return Explained(
            row=row,
            ticks=tuple(ticks),
            tenths=tenths,
            rule_version=rule.version,
            cpu_ucpt=rule.cpu_core_minute_ucpt,
            memory_ucpt=rule.memory_gb_minute_ucpt,
            gpu_ucpt=rule.gpu_minute_ucpt,
            bonus_ucpt=rule.gpu_bonus_minute_ucpt,
            fee_millionths=rule.fee_millionths,
            spans=spans,
            base_minute_ucpt=int(of.base_minute),
            multiplied_ucpt=plain,
            gpu_bonus_ucpt=computed - plain,
            gpu_percent=_mean_gpu(ticks, total_ms),
            computed_ucpt=computed,
            posted_ucpt=posted,
            receipt=receipt,
        )

    def _running(self, attempt_id: str) -> tuple[EarningRow, Sequence[Tick], RewardRule, int, int, int] | None:
        """Return what is known of an attempt that still runs: its full ticks so far."""
        state, rule = self._desk.state, self._desk.book.rule
        held = state.work.held.get(attempt_id) if state is not None else None
        if held is None:
            return None
        resources, ticks = held.offer.resources, held.ticks
        computed = meter(resources, rule).ticks_ucpt(ticks)
        row = EarningRow(
            attempt_id=attempt_id,
            task_name=held.spec.name,
            index=held.offer.index,
            owner_name=held.brief.owner_name,
            state=held.state.value,
            money="running",
            started_ms=held.started_at_ms,
            ran_ms=sum(tick.duration_ms for tick in ticks),
            resources=resources,
            ucpt=computed,
        )
        return row, ticks, rule, computed, -1, 0

    async def trace(self) -> tuple[Hop, ...]:
        """Find out where the way to the master breaks: a look-up of its name, then a connection to it."""
        identity = self._desk.identity
        if identity is None:
            return ()
        host, _, port = identity.node_door.rpartition(":")
        host = host.strip("[]")
        up = await asyncio.to_thread(_interfaces)
        hops = [Hop(name="computer", result="ok" if up else "failed", words=", ".join(up[:2]))]
        began = time.monotonic()
        try:
            async with asyncio.timeout(5):
                await asyncio.get_running_loop().getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
            hops.append(Hop(name="name", result="ok", milliseconds=_since(began), words=host))
        except (OSError, TimeoutError):
            return (
                *hops,
                Hop(name="name", result="failed", words=host),
                Hop(name="master", words=identity.node_door),
            )
        began = time.monotonic()
        try:
            async with asyncio.timeout(10):
                _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            hops.append(Hop(name="master", result="ok", milliseconds=_since(began), words=identity.node_door))
        except (OSError, TimeoutError) as error:
            words = "timeout" if isinstance(error, TimeoutError) else "refused"
            hops.append(Hop(name="master", result="failed", milliseconds=_since(began), words=words))
        return tuple(hops)


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _interfaces() -> list[str]:
    """Return the names of network interfaces that are up, loopback left out unless there is no other."""
    import psutil

    up = [name for name, one in psutil.net_if_stats().items() if one.isup]
    return [name for name in up if name != "lo"] or up


def _mean_gpu(ticks: Sequence[Tick], total_ms: int) -> float:
    return sum(one.gpu_percent * one.duration_ms for one in ticks) / total_ms if total_ms else 0.0


_STEPS = (
    AgentAction.CONSENT,
    AgentAction.DOCTOR_DONE,
    AgentAction.RULES_DONE,
    AgentAction.PRACTISE,
    AgentAction.PRACTICE_DONE,
)
_SWITCHES: dict[AgentAction, Callable[[Switch, int, int], Switch]] = {
    AgentAction.LEND_ON: lambda switch, now, s: replace(switch.resumed(), is_on=True),
    AgentAction.LEND_OFF: lambda switch, now, s: replace(switch, is_on=False, started_by_hand=False),
    AgentAction.PAUSE: lambda switch, now, s: switch.paused(now, s),
    AgentAction.PAUSE_LONGER: lambda switch, now, s: switch.longer(now, s),
    AgentAction.RESUME: lambda switch, now, s: switch.resumed(),
    AgentAction.PAUSE_GPU: lambda switch, now, s: replace(switch, gpu_paused=True),
    AgentAction.RESUME_GPU: lambda switch, now, s: replace(switch, gpu_paused=False),
    AgentAction.FINISH_THEN_PAUSE: lambda switch, now, s: replace(switch, finish_then_pause=True),
    AgentAction.START_NOW: lambda switch, now, s: replace(switch.resumed(), started_by_hand=True),
}
