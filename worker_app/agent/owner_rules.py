"""May tasks run on this computer now? The owner's rules as one pure function, with a row for each rule.

    conditions, switch, rules, time --> decide --> Decision: yes or no, limits, what becomes of running work,
                                                   and a WhyView that says it all to people

The order is fixed: switch, engine, disk, schedule, power, network, heat, games, idle time. The first that refuses
is the reason. What cannot be found out is taken politely: without a source for idle time, the computer is in use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from core.domain.agent_views import Line, RuleRow, WhyView
from core.domain.images import image_allowed
from core.domain.lending import (
    FULL,
    REST,
    UNTIL_RESUMED,
    LendingRules,
    OnEnter,
    Profile,
    Situation,
    Switch,
)
from core.domain.node import NodeOwner
from core.domain.session import OwnerStatus
from worker_app.agent import week
from worker_app.agent.conditions import Conditions, Means

#: Work that waits for longer than this is given back instead of being frozen.
FREEZE_LIMIT_S: Final = 30 * 60
_ALWAYS: Final = LendingRules(week=FULL * 168, full_screen=False, ceiling_c=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What holds until the next second."""

    runs: bool
    situation: Situation
    #: None: no limits but those of the settings file.
    profile: Profile | None
    owner: OwnerStatus
    #: For running work, when nothing may run; KEEP and THROTTLE when it may.
    work: OnEnter
    why: WhyView = field(default_factory=WhyView)
    #: The GPU may be used by new work.
    gpu: bool = True
    #: What becomes of running work once the person is back.
    on_return: OnEnter = OnEnter.KEEP
    #: The share of the profile's cores that may be busy.
    duty_percent: int = 100


@dataclass(slots=True)
class _Found:
    """The rows as they are found, and the first that refuses."""

    rows: list[RuleRow] = field(default_factory=list)
    refusing: RuleRow | None = None
    state: NodeOwner = NodeOwner.AVAILABLE
    until_ms: int = 0
    done_s: float = 0.0
    need_s: float = 0.0

    def take(
        self,
        row: RuleRow,
        *,
        state: NodeOwner = NodeOwner.IN_USE,
        until_ms: int = 0,
        done_s: float = 0.0,
        need_s: float = 0.0,
    ) -> None:
        self.rows.append(row)
        if row.verdict == "refuses" and self.refusing is None:
            self.refusing, self.state, self.until_ms = row, state, until_ms
            self.done_s, self.need_s = done_s, need_s


def decide(
    rules: LendingRules | None,
    switch: Switch,
    conditions: Conditions,
    means: Means,
    *,
    now_ms: int,
    zone: tzinfo | None = None,
) -> Decision:
    """Judge the moment. `rules` None: nobody set any; then this is a machine that lends always."""
    held = rules or _ALWAYS
    found = _Found()
    _switch(found, switch, now_ms)
    _means(found, means)
    cell = week.cell_at(held.week, now_ms, zone)
    situation, gaming_row = _games(held, conditions)
    if rules is not None:
        _schedule(found, held, cell, now_ms, zone)
        _surroundings(found, held, conditions)
        found.take(gaming_row) if situation is Situation.GAMING else found.rows.append(gaming_row)
    if situation is not Situation.GAMING and rules is not None:
        situation = _idle(found, held, switch, conditions, cell, now_ms)
    if rules is not None and (rules.owners_allowed or rules.images_allowed):
        found.rows.append(_lists(rules, means))
    found.rows.append(_master(means))
    return _conclude(rules, switch, found, situation, means, now_ms, zone, conditions)


def _switch(found: _Found, switch: Switch, now_ms: int) -> None:
    snoozed = NodeOwner.SNOOZED
    resume = (Line(code="resume"),)
    if not switch.is_on:
        have, changes = Line(code="switched_off"), (Line(code="lend_on"),)
        found.take(RuleRow(rule="switch", verdict="refuses", have=have, changes=changes), state=snoozed)
    elif switch.paused_until_ms == UNTIL_RESUMED:
        row = RuleRow(rule="switch", verdict="refuses", have=Line(code="paused"), changes=resume)
        found.take(row, state=snoozed)
    elif switch.is_paused(now_ms):
        have = Line(code="paused_until", values={"until_ms": str(switch.paused_until_ms)})
        found.take(
            RuleRow(rule="switch", verdict="refuses", have=have, changes=resume),
            state=snoozed,
            until_ms=switch.paused_until_ms,
            done_s=(now_ms - switch.paused_since_ms) / 1000,
            need_s=(switch.paused_until_ms - switch.paused_since_ms) / 1000,
        )
    elif switch.finish_then_pause:
        row = RuleRow(rule="switch", verdict="refuses", have=Line(code="finishing"), changes=resume)
        found.take(row, state=snoozed)
    else:
        found.take(RuleRow(rule="switch", have=Line(code="switched_on")))


def _means(found: _Found, means: Means) -> None:
    if means.engine_ok:
        found.take(RuleRow(rule="engine", have=Line(code="engine_ok")))
    else:
        have = Line(code="engine_problem", values={"words": means.engine_problem})
        found.take(RuleRow(rule="engine", verdict="refuses", have=have, changes=(Line(code="open_doctor"),)))
    have = Line(code="disk_ok" if means.disk_ok else "disk_full")
    found.take(RuleRow(rule="disk", verdict="passes" if means.disk_ok else "refuses", have=have))


def _schedule(found: _Found, rules: LendingRules, cell: str, now_ms: int, zone: tzinfo | None) -> None:
    row = RuleRow(
        rule="schedule",
        verdict="refuses" if cell == REST else "passes",
        need=Line(code="cell", values={"cell": "not_rest"}),
        have=Line(code="cell", values={"cell": cell, "now_ms": str(now_ms)}),
        changes=(Line(code="open_rules"),) if cell == REST else (),
    )
    until = week.holds_until(rules.week, now_ms, zone) if cell == REST else 0
    found.take(row, state=NodeOwner.OUTSIDE_SCHEDULE, until_ms=until)


def _surroundings(found: _Found, rules: LendingRules, conditions: Conditions) -> None:
    found.take(_yes_no("power", conditions.on_battery, rules.not_on_battery, "on_battery", "on_mains"))
    found.take(_yes_no("network", conditions.metered, rules.not_on_metered, "metered", "not_metered"))
    hottest = conditions.hottest_c
    if hottest is None:
        duty = rules.duty_percent
        have = (
            Line(code="heat_duty", values={"percent": str(duty)}) if duty < 100 else Line(code="heat_unreadable")
        )
        found.take(RuleRow(rule="heat", verdict="unknown", have=have))
        return
    values = {"degrees": f"{hottest:.0f}", "source": conditions.heat_source}
    too_hot = bool(rules.ceiling_c) and hottest >= rules.ceiling_c
    found.take(
        RuleRow(
            rule="heat",
            verdict="refuses" if too_hot else "passes",
            need=Line(code="below_degrees", values={"degrees": str(rules.ceiling_c)}),
            have=Line(code="degrees", values=values),
        )
    )


def _yes_no(rule: str, is_so: bool | None, matters: bool, yes: str, no: str) -> RuleRow:
    if is_so is None:
        return RuleRow(rule=rule, verdict="unknown", have=Line(code="not_known"))
    verdict = "refuses" if is_so and matters else "passes"
    changes = (Line(code="allow", values={"rule": rule}),) if verdict == "refuses" else ()
    return RuleRow(
        rule=rule, verdict=verdict, need=Line(code=no), have=Line(code=yes if is_so else no), changes=changes
    )


def _games(rules: LendingRules, conditions: Conditions) -> tuple[Situation, RuleRow]:
    named = {_plain(name) for name in rules.programs}
    running = sorted(named & (conditions.programs or frozenset()))
    plays = bool(running) or (rules.full_screen and bool(conditions.full_screen))
    if not plays:
        return Situation.AWAY, RuleRow(rule="games", have=Line(code="no_game"))
    have = Line(code="program", values={"name": running[0]}) if running else Line(code="full_screen")
    profile = rules.gaming
    verdict = "passes" if profile.slots else "refuses"
    return Situation.GAMING, RuleRow(rule="games", verdict=verdict, need=Line(code="no_game"), have=have)


def _plain(name: str) -> str:
    return name.lower().removesuffix(".exe")


def _idle(
    found: _Found, rules: LendingRules, switch: Switch, conditions: Conditions, cell: str, now_ms: int
) -> Situation:
    """Add the row of idle time and return whether the person counts as away."""
    need_s = rules.idle_minutes * 60
    need = Line(code="idle", values={"idle_s": str(need_s)})
    idle_s = conditions.idle_s
    if cell == FULL:
        found.take(RuleRow(rule="idle", need=need, have=Line(code="full_time")))
        return Situation.AWAY if idle_s is not None and idle_s >= need_s else _full_cell(rules, idle_s)
    if switch.started_by_hand:
        found.take(RuleRow(rule="idle", need=need, have=Line(code="started_by_hand")))
        return Situation.AWAY
    may_run = rules.in_use.slots > 0
    if idle_s is None:
        verdict = "passes" if may_run else "refuses"
        have = Line(code="idle_unknown")
        found.take(RuleRow(rule="idle", verdict=verdict, need=need, have=have, changes=(Line(code="start_now"),)))
        return Situation.IN_USE
    have = Line(code="idle", values={"idle_s": str(int(idle_s))})
    if idle_s >= need_s:
        found.take(RuleRow(rule="idle", need=need, have=have))
        return Situation.AWAY
    shorter = max(1, rules.idle_minutes // 2)
    changes = (Line(code="idle_minutes", values={"minutes": str(shorter)}), Line(code="start_now"))
    row = RuleRow(rule="idle", verdict="passes" if may_run else "refuses", need=need, have=have, changes=changes)
    found.take(row, until_ms=now_ms + int((need_s - idle_s) * 1000), done_s=idle_s, need_s=need_s)
    return Situation.IN_USE


def _full_cell(rules: LendingRules, idle_s: float | None) -> Situation:
    """In a full hour the away profile holds; a profile that runs in use too is kept for who is there."""
    if rules.in_use.slots > 0 and (idle_s is None or idle_s < rules.idle_minutes * 60):
        return Situation.IN_USE
    return Situation.AWAY


def _lists(rules: LendingRules, means: Means) -> RuleRow:
    """Say what the lists leave. They never refuse the moment: which tasks there are is known by the pool."""
    owners, images = len(rules.owners_allowed), len(rules.images_allowed)
    code = "takes_both" if owners and images else "takes_owners" if owners else "takes_images"
    outside = sum(not listed(rules, owner_id, image) for owner_id, image in means.at_work)
    values = {"owners": str(owners), "images": str(images), "outside": str(outside)}
    return RuleRow(rule="lists", have=Line(code=code, values=values))


def listed(rules: LendingRules, owner_id: str, image: str) -> bool:
    """Tell whether the lists let this owner's task with this image come here."""
    if rules.owners_allowed and owner_id not in rules.owners_allowed:
        return False
    return not rules.images_allowed or image_allowed(image, rules.images_allowed)


def _master(means: Means) -> RuleRow:
    if not means.is_connected:
        return RuleRow(rule="master", verdict="refuses", have=Line(code="not_connected"))
    values = {"latency_ms": str(means.latency_ms)}
    return RuleRow(rule="master", have=Line(code="connected", values=values))


def _conclude(
    rules: LendingRules | None,
    switch: Switch,
    found: _Found,
    situation: Situation,
    means: Means,
    now_ms: int,
    zone: tzinfo | None,
    conditions: Conditions,
) -> Decision:
    refusing = found.refusing
    runs = refusing is None
    profile = None if rules is None else rules.profile(situation if runs else Situation.AWAY)
    gpu = not switch.gpu_paused and (profile is None or profile.gpu)
    # A ceiling that can be held needs no duty beside it.
    duty = rules.duty_percent if rules is not None and conditions.hottest_c is None else 100
    if runs:
        line = Line(code="would_run", values={"situation": situation.value})
        state = NodeOwner.AVAILABLE if gpu or not means.has_gpu else NodeOwner.GPU_PAUSED
        owner = OwnerStatus(state=state, reason="gpu" if state is NodeOwner.GPU_PAUSED else "")
        throttles = rules is not None and (_throttles(rules, situation) or duty < 100)
        work = OnEnter.THROTTLE if throttles else OnEnter.KEEP
    else:
        assert refusing is not None
        line = Line(code=f"refused_{refusing.rule}", values={**refusing.need.values, **_have(refusing)})
        owner = OwnerStatus(state=found.state, reason=refusing.have.code, until_ms=found.until_ms)
        if refusing.rule in ("engine", "disk"):
            # The node's facts tell the master; the owner has nothing against work.
            owner, work = OwnerStatus(), OnEnter.KEEP
        else:
            work = _for_running_work(rules, switch, refusing, situation, found.until_ms, now_ms)
    why = WhyView(
        runs=runs,
        line=line,
        rows=tuple(found.rows),
        resolves_ms=found.until_ms,
        done_s=float(found.done_s),
        need_s=float(found.need_s),
        idle_source=conditions.idle_source,
        situation=situation,
        ahead=() if rules is None else week.ahead(rules.week, now_ms, zone),
    )
    back = OnEnter.KEEP if rules is None else rules.in_use.on_enter
    return Decision(
        runs=runs,
        situation=situation,
        profile=profile,
        owner=owner,
        work=work,
        why=why,
        gpu=gpu,
        on_return=back,
        duty_percent=duty,
    )


def _have(row: RuleRow) -> dict[str, str]:
    return {"have": row.have.code, **{f"have_{name}": value for name, value in row.have.values.items()}}


def _throttles(rules: LendingRules, situation: Situation) -> bool:
    return situation is Situation.IN_USE and rules.in_use.on_enter is OnEnter.THROTTLE


def _for_running_work(
    rules: LendingRules | None,
    switch: Switch,
    refusing: RuleRow,
    situation: Situation,
    until_ms: int,
    now_ms: int,
) -> OnEnter:
    """Return what becomes of running work while this rule refuses."""
    if refusing.rule == "switch":
        if switch.finish_then_pause and switch.is_on and not switch.is_paused(now_ms):
            return OnEnter.FINISH
        chosen = OnEnter.STOP if rules is None else rules.in_use.on_enter
        if not switch.is_on or until_ms == 0 or until_ms - now_ms > FREEZE_LIMIT_S * 1000:
            return OnEnter.FINISH if chosen is OnEnter.FINISH else OnEnter.STOP
        return chosen if chosen in (OnEnter.FINISH, OnEnter.STOP) else OnEnter.FREEZE
    if refusing.rule == "schedule":
        return OnEnter.STOP
    assert rules is not None
    if refusing.rule == "games":
        return _halting(rules.gaming.on_enter)
    if refusing.rule == "idle":
        # Without cores in use there is nothing to keep it running with: keep means keep.
        return rules.in_use.on_enter
    return _halting(rules.profile(situation).on_enter)


def _halting(chosen: OnEnter) -> OnEnter:
    return OnEnter.FREEZE if chosen in (OnEnter.KEEP, OnEnter.THROTTLE) else chosen
