"""The owner's desk: what the person at this computer sees and decides, while an agent runs and while none does.

    senses --> rules --> Decision --> stimuli for the agent, limits for its facts
    agent's state, book of earnings, history --> AgentShown (desk_view) --> whoever watches
    whoever watches --> AgentAction (owner_actions) --> choices, agent

It outlives joining and leaving. `tick` is called each second by the daemon; nothing here sleeps.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.clock import Clock
from core.domain.agent_views import AgentShown, Sample, SetupStep, WhyView
from core.domain.condition import Condition
from core.domain.earning_views import EarningRow
from core.domain.lending import UNTIL_RESUMED, LendingRules
from core.domain.node import NodeOwner
from core.domain.resources import GIB
from core.domain.session import OwnerStatus
from worker_app.agent import desk_view, showing, stimuli
from worker_app.agent.choices import OwnerChoices
from worker_app.agent.conditions import Conditions, Means
from worker_app.agent.earnings import EarningsBook
from worker_app.agent.history import History
from worker_app.agent.limits import limited
from worker_app.agent.listening import HeardLink
from worker_app.agent.machine import Machine
from worker_app.agent.owner_rules import Decision, decide
from worker_app.agent.performer import Performer
from worker_app.agent.ports.link import Identity
from worker_app.agent.ports.senses import Senses
from worker_app.agent.practising import Ask, Practising
from worker_app.agent.probe import Limits, host_name
from worker_app.agent.state import AgentState
from worker_app.agent.tail import AgentTail, OutputTail

logger = logging.getLogger(__name__)

#: Between two readings while nobody watches.
IDLE_SAMPLE_S: Final = 5
_IDLE_BOOK_S: Final = 60
#: A system that has not ended this long after it said so does not end.
ENDING_LIMIT_MS: Final = 180_000
_USAGE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A running agent of a joined node."""

    performer: Performer
    heard: HeardLink
    #: Asks it to give everything back and end.
    quit: Callable[[str], None]
    #: Has its facts worked out again, because limits changed.
    refresh: Callable[[], None]
    #: Asks the master for the practice task of this node's owner.
    practise: Ask
    #: What is wrong with it now.
    troubles: Callable[[], tuple[Condition, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskParts:
    """What a desk is made of."""

    clock: Clock
    choices: OwnerChoices
    book: EarningsBook
    senses: Senses
    machine: Machine
    #: Of the settings file.
    limits: Limits
    version: str
    agent_tail: AgentTail


class Desk:
    """Made and used on the agent's loop."""

    def __init__(self, parts: DeskParts) -> None:
        self.clock = parts.clock
        self.choices = parts.choices
        self.book = parts.book
        self.machine = parts.machine
        self.base_limits = parts.limits
        self.version = parts.version
        self.agent_tail = parts.agent_tail
        self.output_tail = OutputTail(parts.clock.wall_ms)
        self.history = History()
        self.host_name = host_name()
        self.started_ms = parts.clock.wall_ms()
        self.identity: Identity | None = None
        self.fingerprint = ""
        self.joined: Joined | None = None
        #: finish, give_back or empty.
        self.quitting = ""
        self.is_over = False
        self.is_leaving = False
        #: Whether the master is told of it.
        self.says_farewell = True
        #: Set when the daemon shall look again at what is to run.
        self.turn = asyncio.Event()
        self.story = showing.LinkStory(parts.clock)
        #: Until when the system is believed to end; steady clock, 0: it does not.
        self._ending_until_ms = 0
        self.practising = Practising(parts.book, parts.clock)
        self.conditions = Conditions()
        self.decision: Decision | None = None
        self.sample = Sample()
        self.disk_used_bytes = -1
        self._senses = parts.senses
        self._last_idle_s: float | None = None
        self._owner_told: object = None
        self._limits_told: Limits | None = None
        self._ticks = 0
        self._watchers: dict[object, tuple[asyncio.Event, bool]] = {}
        self._shown: AgentShown | None = None
        self._figures: tuple[int, tuple[int, int], EarningRow | None] = (-1, (0, 0), None)

    # ------------------------------------------------------------ an agent comes and goes

    @property
    def state(self) -> AgentState | None:
        return None if self.joined is None else self.joined.performer.state

    @property
    def memory_gb(self) -> float:
        return self.machine.memory_bytes / GIB

    @property
    def may_run(self) -> bool:
        """Tell whether a joined node's agent shall run: not before its owner agreed."""
        return self.identity is not None and self.choices.now.setup not in (SetupStep.JOIN, SetupStep.CONSENT)

    @property
    def is_refused(self) -> bool:
        """Tell whether the master turns this computer away, so that only a new link helps."""
        return self.state is not None and self.state.connection.is_final

    def attach(self, joined: Joined) -> None:
        """A node's agent runs from now on."""
        self.joined = joined
        joined.performer.logs.listener = self.output_tail.output
        self._owner_told = self._limits_told = None
        if self.decision is not None:
            self.apply()

    def detach(self) -> None:
        self.joined = None

    def limits(self) -> Limits:
        """Return what tasks may use at this moment."""
        base = self.base_limits
        if self.practising.overrides:
            # The task of the pool's own, for which this computer's owner has just asked.
            base = replace(base, images_allowed=(), owners_allowed=())
        return limited(base, self.rules_now, self.decision)

    @property
    def rules_now(self) -> LendingRules | None:
        """Return the rules that hold: the owner's, but for the minute of a practice subtask."""
        rules = self.choices.now.rules
        return self.practising.rules(rules) if self.practising.overrides else rules

    # ------------------------------------------------------------ the system ends, or does not

    @property
    def is_ending(self) -> bool:
        """Tell whether the system is about to end."""
        return self._ending_until_ms > 0

    def system_ends(self, grace_ms: int) -> None:
        """Give everything back within `grace_ms`; the agent goes on lending by itself if the system stays."""
        self._ending_until_ms = self.clock.steady_ms() + ENDING_LIMIT_MS
        logger.info("the system is about to end; work is given back", extra={"grace_ms": grace_ms})
        if self.joined is not None:
            self.joined.performer.tell(stimuli.SystemEnds(grace_ms))
        self.publish()

    def system_stays(self) -> None:
        """The shutdown was called off."""
        if not self.is_ending:
            return
        logger.info("the system did not end; work is taken again")
        self._ending_until_ms, self._owner_told, self._limits_told = 0, None, None
        if self.joined is not None:
            self.joined.performer.tell(stimuli.SystemStays())
        self.apply()
        self.publish()

    # ------------------------------------------------------------ each second

    async def tick(self) -> None:
        """Read the computer, apply the rules, tell who watches."""
        rules = self.choices.now.rules
        programs = rules is not None and bool(rules.programs)
        self.conditions = await asyncio.to_thread(self._senses.read, programs=programs)
        self._practise()
        if self.is_ending and self.clock.steady_ms() >= self._ending_until_ms:
            self.system_stays()
        self.apply()
        watched = any(samples for _, samples in self._watchers.values())
        if watched or self._ticks % IDLE_SAMPLE_S == 0:
            self.sample = await asyncio.to_thread(self.machine.sample, self._task_use())
            self.history.add(self.sample)
        if watched and self.joined is not None and self._ticks % IDLE_SAMPLE_S == 0:
            self.joined.performer.watched(1.0)
        if self._ticks % _IDLE_BOOK_S == 0:
            self._note_idle()
        self._ticks += 1
        self.story.look(self.state)
        self.publish()

    def _practise(self) -> None:
        state, joined = self.state, self.joined
        self.practising.look(
            state.work.held if state is not None else None,
            joined.practise if joined is not None else None,
            is_connected=state is not None and state.connection.is_live,
        )

    def apply(self) -> None:
        """Judge the moment and have the agent follow."""
        self._end_of_overrides(self.clock.wall_ms())
        decision = self.decision = self.judge(self.rules_now)
        joined = self.joined
        if joined is None or self.quitting == "give_back" or self.is_leaving or self.is_ending:
            return
        performer, owner = joined.performer, decision.owner
        if self.quitting == "finish":
            owner = OwnerStatus(state=NodeOwner.SNOOZED, reason="finishing")
        if owner != self._owner_told:
            logger.info("the owner's rules say", extra={"owner": owner.state.value, "reason": owner.reason})
            self._owner_told = owner
            performer.tell(stimuli.OwnerChanged(owner))
        cores = 0 if decision.profile is None else int(decision.profile.cpu_cores * 10 * decision.duty_percent)
        stop_gpu = self.choices.now.switch.gpu_paused or (decision.profile is not None and not decision.gpu)
        rules = self.choices.now.rules
        blocked = frozenset(rules.owners_blocked if rules else ())
        performer.tell(stimuli.Yield(decision.work, cores, stop_gpu, blocked))
        limits = self.limits()
        if limits != self._limits_told:
            self._limits_told = limits
            joined.refresh()

    def judge(self, rules: LendingRules | None) -> Decision:
        """Return what these rules say now; nothing follows from it."""
        switch = self.choices.now.switch
        if self.practising.overrides:
            switch = self.practising.switch(switch)
        return decide(rules, switch, self.conditions, self._means(), now_ms=self.clock.wall_ms())

    def _end_of_overrides(self, now_ms: int) -> None:
        """Let a pause end on time, a finished one begin, and "start now" end with the next input."""
        switch = self.choices.now.switch
        idle_s, before = self.conditions.idle_s, self._last_idle_s
        self._last_idle_s = idle_s
        state = self.state
        is_empty = state is None or not state.work.held
        if 0 < switch.paused_until_ms <= now_ms:
            switch = switch.resumed()
        if switch.started_by_hand and idle_s is not None and before is not None and idle_s < before:
            switch = replace(switch, started_by_hand=False)
        if switch.finish_then_pause and is_empty:
            switch = switch.paused(now_ms, UNTIL_RESUMED)
        self.choices.change(switch=switch)
        if self.quitting == "finish" and is_empty:
            self.end()

    def end(self) -> None:
        """End the whole agent; what runs is given back."""
        self.is_over = True
        self.turn.set()
        if self.joined is not None:
            self.joined.quit("asked by its owner")

    def _means(self) -> Means:
        engine, state, free = self.machine.engine, self.state, self.machine.disk_free_bytes
        return Means(
            engine_ok=engine.ok,
            engine_problem=engine.problem,
            disk_ok=free < 0 or free > self.base_limits.disk_reserve_bytes,
            is_connected=state is not None and state.connection.is_live,
            latency_ms=self.joined.heard.latency_ms if self.joined else -1,
            notice=state.notice if state is not None else "",
            has_gpu=bool(self.machine.gpus),
            at_work=()
            if state is None
            else tuple((one.brief.owner_id, one.spec.image.ref) for one in state.work.held.values()),
        )

    def _task_use(self) -> tuple[float, int, float]:
        """Return millicores, bytes and GPU percent that tasks of ours use, as last measured."""
        state = self.state
        if state is None:
            return 0.0, 0, -1.0
        uses = [(one.use, one) for one in state.work.held.values() if one.use is not None]
        cpu = sum(use.cpu_percent * one.offer.resources.cpu_millis / 100 for use, one in uses if one.frozen_ms < 0)
        gpus = [percent for use, _ in uses for percent in use.gpu_percent]
        return cpu, sum(use.memory_bytes for use, _ in uses), sum(gpus) / len(gpus) if gpus else -1.0

    def _note_idle(self) -> None:
        """Keep why nothing ran, so that an empty day can be explained."""
        state, decision = self.state, self.decision
        if not self._ticks or state is None or state.work.held or decision is None:
            return
        if not state.connection.is_live:
            reason = "offline"
        elif decision.runs:
            reason = "no_tasks"
        else:
            row = next(row for row in decision.why.rows if row.verdict == "refuses")
            reason = {"switch": "paused", "idle": "in_use", "games": "in_use"}.get(row.rule, row.rule)
        self.book.idle(reason, _IDLE_BOOK_S, self.clock.wall_ms())

    # ------------------------------------------------------------ what is shown

    def subscribe(self, key: object, *, samples: bool) -> asyncio.Event:
        """Return an event that is set whenever something may have changed; see `shown`."""
        event = asyncio.Event()
        event.set()
        self._watchers[key] = (event, samples)
        if samples and self.joined is not None:
            self.joined.performer.watched(1.0)
        return event

    def unsubscribe(self, key: object) -> None:
        self._watchers.pop(key, None)
        if self.joined is not None and not any(samples for _, samples in self._watchers.values()):
            self.joined.performer.watched(_USAGE_S)

    def publish(self) -> None:
        """Say that something may have changed."""
        self._shown = None
        for event, _ in self._watchers.values():
            event.set()

    def shown(self) -> AgentShown:
        """Return everything as it is now; worked out once, whoever watches."""
        if self._shown is None:
            if self.decision is None:
                self.decision = self.judge(self.rules_now)
            self._shown = desk_view.show(self)
        return self._shown

    def figures(self) -> tuple[int, int]:
        """Return what was posted today and what waits to be; read again at most every two seconds."""
        return self._read_book()[1]

    def last_run(self) -> EarningRow | None:
        return self._read_book()[2]

    def _read_book(self) -> tuple[int, tuple[int, int], EarningRow | None]:
        now_ms = self.clock.steady_ms()
        if self._figures[0] < 0 or now_ms - self._figures[0] >= 2_000:
            self._figures = (now_ms, self.book.figures(self.clock.wall_ms()), self.book.last())
        return self._figures

    def why_with(self, rules: LendingRules) -> WhyView:
        """Return what would happen now with rules that are not kept yet."""
        return self.judge(rules).why
