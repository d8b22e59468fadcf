"""Scenes of a worker for pictures and tests of its window: usual, idle, offline, empty, overfull. Invented."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from core.domain.agent_views import (
    AgentAction,
    AgentShown,
    AgentStatus,
    Check,
    Consent,
    Containers,
    ContainerView,
    Hop,
    LastRun,
    Line,
    LinkView,
    LogLine,
    MachineView,
    RuleRow,
    RulesShown,
    Sample,
    SetupStep,
    TrayState,
    WhyView,
)
from core.domain.earning_views import EarningDay, EarningRow, Earnings, Explained
from core.domain.lending import LendingRules, Preset, Situation, Switch, preset_rules
from core.domain.resources import GIB, Resources
from core.domain.rewards import DEFAULT_RULE, Tick, meter
from worker_app.agent import week

#: Monday 23 November 2026, 14:32 UTC.
NOW = 1_795_444_320_000
MINUTE = 60_000
RESERVED = Resources(cpu_millis=4000, memory_bytes=8 * GIB, disk_bytes=20 * GIB, gpus=1, gpu_memory_bytes=12 * GIB)
MACHINE = MachineView(
    host_name="desk",
    cores=16,
    memory_bytes=32 * GIB,
    gpus=("GeForce RTX 4070 SUPER",),
    gpu_memory_bytes=12 * GIB,
    engine="Docker 27.3.1",
    engine_ok=True,
    disk_free_bytes=412 * GIB,
    disk_used_bytes=11 * GIB,
    limit_cpu_millis=4000,
    limit_memory_bytes=8 * GIB,
    temperature_c=58,
    temperature_source="k10temp",
    idle_source="org.gnome.Mutter.IdleMonitor",
    folder="/home/wenhan/.local/share/hivemind",
)
LINK = LinkView(
    phase="live",
    since_ms=NOW - 90 * MINUTE,
    address="hive.taipei-makers.example:50051",
    fingerprint="7b2e91c40df85a36e1b74c09aa5238dd" * 2,
    protocol=1,
    latency_ms=14,
    certificate_until_ms=NOW + 75 * 86_400_000,
    last_contact_ms=NOW - 4_000,
    work_until_ms=NOW + 10 * MINUTE,
)
WORKING = ContainerView(
    attempt_id="01HRENDER41",
    task_id="t1",
    task_name="render-yushan",
    index=40,
    count=96,
    owner_id="u7",
    owner_name="mei-ling.hsu",
    state="RUNNING",
    percent=62.0,
    status="frame 1,240 of 2,000",
    rest_s=540,
    image="hivemind/blender:4.2",
    digest="sha256:9f3c51d2ab0f4d1c77e21a",
    container="01HRENDER41-4c1d7e0b92aa",
    slot=0,
    slots=2,
    started_ms=NOW - 14 * MINUTE - 22_000,
    deadline_ms=NOW + 10 * MINUTE,
    resources=RESERVED,
    cpu_percent=85.0,
    memory_bytes=int(5.1 * GIB),
    disk_bytes=int(3.2 * GIB),
    gpu_percent=87.0,
    gpu_memory_bytes=int(6.9 * GIB),
    pending_ucpt=18_018_000,
    rate_ucpt=1_287_000,
)
STATUS = AgentStatus(
    state=TrayState.WORKING,
    now=Line(code="working_away", values={"count": "1", "since_ms": str(NOW - 351 * MINUTE), "cpu_percent": "22"}),
    then=Line(code="on_return_gpu"),
    setup=SetupStep.DONE,
    preset="balanced",
    pool_name="Taipei Makers Pool",
    node_name="desk",
    node_id="01HNODE",
    version="0.1.0",
    started_ms=NOW - 26 * 3_600_000,
    running=1,
    today_posted_ucpt=32_730_000,
    pending_ucpt=12_226_500,
    rest_s=540,
    has_gpu=True,
    gpu_allowed=True,
)
LAST = LastRun(
    attempt_id="01HFOLD207",
    task_name="protein-fold-s2",
    index=206,
    state="SUCCEEDED",
    ended_ms=NOW - 26 * MINUTE,
    ran_ms=20 * MINUTE + 12_000,
    ucpt=7_272_000,
)
BALANCED = preset_rules(Preset.BALANCED, cores=16, memory_gb=32)
WEEK = (("f" * 7 + "rr" + "f" * 9 + "aaaaa" + "f") * 5 + ("f" * 9 + "a" * 5 + "r" * 8 + "aa") * 2)[:168]


def why(*, idle_s: int = 132, runs: bool = False) -> WhyView:
    """Return the ten rules, idle time refusing unless it runs."""
    passes = [
        RuleRow(rule="switch", have=Line(code="switched_on")),
        RuleRow(rule="engine", have=Line(code="engine_ok")),
        RuleRow(rule="disk", have=Line(code="disk_ok")),
        RuleRow(rule="schedule", have=Line(code="cell", values={"cell": "a"})),
        RuleRow(rule="power", have=Line(code="on_mains")),
        RuleRow(rule="network", have=Line(code="not_metered")),
        RuleRow(rule="heat", have=Line(code="degrees", values={"degrees": "58"})),
        RuleRow(rule="games", have=Line(code="no_game")),
    ]
    need = Line(code="idle", values={"idle_s": "600"})
    have = Line(code="idle", values={"idle_s": str(idle_s)})
    changes = (Line(code="idle_minutes", values={"minutes": "5"}), Line(code="start_now"))
    idle = RuleRow(rule="idle", verdict="passes" if runs else "refuses", need=need, have=have, changes=changes)
    master = RuleRow(rule="master", have=Line(code="connected", values={"latency_ms": "14"}))
    values = {"idle_s": "600", "have": "idle", "have_idle_s": str(idle_s)}
    return WhyView(
        runs=runs,
        line=Line(code="would_run") if runs else Line(code="refused_idle", values=values),
        rows=(*passes, idle, master),
        resolves_ms=0 if runs else NOW + (600 - idle_s) * 1000,
        done_s=0 if runs else idle_s,
        need_s=0 if runs else 600,
        idle_source="org.gnome.Mutter.IdleMonitor",
        situation=Situation.AWAY if runs else Situation.IN_USE,
        ahead=week.ahead(WEEK, NOW),
    )


def usual() -> AgentShown:
    return AgentShown(
        status=STATUS,
        link=LINK,
        containers=Containers(rows=(WORKING,)),
        why=why(runs=True),
        machine=MACHINE,
        last=LAST,
        sample=samples(1)[-1],
    )


def idle() -> AgentShown:
    status = replace(
        STATUS,
        state=TrayState.READY,
        now=Line(code="idle_idle", values={"count": "0", "idle_s": "132", "need_idle_s": "600"}),
        then=Line(),
        running=0,
        pending_ucpt=0,
        today_posted_ucpt=14_630_000,
        situation=Situation.IN_USE,
        rest_s=-1,
    )
    return replace(usual(), status=status, containers=Containers(), why=why(), link=replace(LINK, work_until_ms=0))


def offline() -> AgentShown:
    link = replace(
        LINK,
        phase="offline",
        away_since_ms=NOW - 210_000,
        since_ms=NOW - 20_000,
        next_try_ms=NOW + 20_000,
        tries=tuple(NOW - back * 1000 for back in (200, 190, 170, 135, 85, 30)),
        work_until_ms=NOW + 390_000,
        waiting_updates=3,
        waiting_results=1,
        waiting_bytes=2_400_000,
    )
    values = {"since_ms": str(NOW - 210_000), "next_s": "20", "until_ms": str(NOW + 390_000)}
    second = replace(
        WORKING,
        attempt_id="01HTIDAL9",
        task_name="tidal-grid",
        index=8,
        rest_s=200,
        deadline_ms=NOW + 390_000,
        resources=replace(RESERVED, gpus=0, gpu_memory_bytes=0),
    )
    status = replace(
        STATUS,
        state=TrayState.OFFLINE,
        now=Line(code="offline_working", values=values),
        then=Line(code="work_is_kept"),
        running=2,
        pending_ucpt=21_634_000,
    )
    rows = (replace(WORKING, deadline_ms=NOW + 390_000), second)
    return replace(usual(), status=status, link=link, containers=Containers(rows=rows))


def empty() -> AgentShown:
    """Joined a minute ago: nothing has run, nothing was earned, no temperature, no GPU."""
    status = replace(
        STATUS,
        state=TrayState.READY,
        now=Line(code="ready_no_task"),
        then=Line(),
        running=0,
        pending_ucpt=0,
        today_posted_ucpt=0,
        has_gpu=False,
        gpu_allowed=False,
        rest_s=-1,
    )
    machine = replace(MACHINE, gpus=(), temperature_c=-1.0, cores=2, memory_bytes=4 * GIB)
    link = replace(LINK, latency_ms=-1, work_until_ms=0)
    return AgentShown(
        status=status, link=link, containers=Containers(), why=why(runs=True), machine=machine, last=LastRun()
    )


def overfull() -> AgentShown:
    """Twelve containers, long names, large numbers."""
    rows = tuple(
        replace(
            WORKING,
            attempt_id=f"01H{number:05d}",
            task_name=f"a-very-long-name-of-a-task-that-nobody-would-type-twice-{number}",
            index=number * 997,
            count=1_000_000,
            owner_name="the-longest-user-name-that-is-allowed",
            percent=-1.0 if number % 3 == 0 else number * 8.0,
            rest_s=-1,
            status="",
            slot=number,
            slots=12,
            pending_ucpt=123_456_789_012 * (number + 1),
            memory_bytes=int(7.9 * GIB),
            yielding="frozen" if number == 4 else "",
        )
        for number in range(12)
    )
    status = replace(
        STATUS,
        running=12,
        frozen=1,
        frozen_bytes=8 * GIB,
        today_posted_ucpt=9_876_543_210_123,
        pending_ucpt=123_456_789_012,
        now=Line(code="working_away", values={"count": "12", "since_ms": str(NOW - 351 * MINUTE)}),
    )
    return replace(usual(), status=status, containers=Containers(rows=rows))


def paused() -> AgentShown:
    switch = Switch(paused_until_ms=NOW + 42 * MINUTE + 10_000, paused_since_ms=NOW - 17 * MINUTE - 50_000)
    values = {"until_ms": str(switch.paused_until_ms), "left_s": "2530", "count": "0"}
    status = replace(
        STATUS,
        state=TrayState.PAUSED,
        now=Line(code="paused_until", values=values),
        then=Line(),
        switch=switch,
        running=0,
        pending_ucpt=0,
        today_posted_ucpt=41_208_000,
        rest_s=-1,
    )
    found = why()
    have = Line(code="paused_until", values={"until_ms": str(switch.paused_until_ms)})
    first = RuleRow(rule="switch", verdict="refuses", have=have, changes=(Line(code="resume"),))
    paused_why = replace(
        found,
        rows=(first, *found.rows[1:]),
        resolves_ms=switch.paused_until_ms,
        done_s=1070.0,
        need_s=3600.0,
    )
    return replace(idle(), status=status, why=paused_why)


def setup(step: SetupStep) -> AgentShown:
    status = replace(
        STATUS,
        setup=step,
        state=TrayState.PAUSED,
        now=Line(code="setup_unfinished"),
        then=Line(code="setup_next"),
        running=0,
        switch=Switch(is_on=False),
    )
    return replace(usual(), status=status, containers=Containers(), last=LastRun())


def samples(seconds: int = 600) -> tuple[Sample, ...]:
    """Return a lively ten minutes with a gap in it."""
    found = []
    for second in range(seconds):
        if 260 <= second < 320:
            continue
        wave = math.sin(second / 7) + math.sin(second / 3.1) / 2
        gpu = 88 + wave * 3 if second % 220 > 30 else 40 + wave * 8
        found.append(
            Sample(
                at_ms=NOW - (seconds - second) * 1000,
                host_cpu=28 + wave * 3,
                host_memory=(13.9 + wave / 8) * GIB,
                host_gpu=gpu + 3,
                task_cpu=21 + wave * 2,
                task_memory=(5.1 + wave / 20) * GIB,
                task_gpu=gpu,
            )
        )
    return tuple(found)


LOG = tuple(
    LogLine(at_ms=NOW - back * 1000, stream=stream, text=text)
    for back, stream, text in (
        (33, "out", "Fra:1236 Mem:4.91G | Sample 192/256 | Remaining 00:02.1"),
        (30, "out", "Saved: out/yushan_1236.exr"),
        (27, "err", "Warning: texture cache full, 18 tiles dropped to lower resolution"),
        (22, "out", "Saved: out/yushan_1238.exr"),
        (18, "out", "Fra:1240 Mem:5.02G | Sample 64/256 | Remaining 00:05.8"),
    )
)
AGENT_LOG = tuple(
    LogLine(at_ms=NOW - back * 1000, stream=stream, text=text)
    for back, stream, text in (
        (5400, "info", "connected node=desk master=hive.taipei-makers.example:50051"),
        (5399, "info", "the owner's rules say owner=AVAILABLE reason="),
        (860, "info", "an attempt was accepted attempt_id=01HRENDER41"),
        (300, "warning", "a measurement took too long and was given up"),
        (12, "info", "the owner asked action=retry_now"),
    )
)
TICKS = tuple(
    Tick(duration_ms=30_000, cpu_percent=cpu, memory_percent=memory, gpu_percent=84.0)
    for cpu, memory in [
        (45, 50),
        (50, 51),
        (40, 44),
        *[(82, 60), (70, 60), (66, 58)] * 6,
        (95, 88),
        (96, 86),
        (60, 40),
    ]
)


def explained() -> Explained:
    of = meter(RESERVED, DEFAULT_RULE)
    tenths = tuple(of.tenths(round(t.cpu_percent * 100), round(t.memory_percent * 100)) for t in TICKS)
    spans: dict[str, int] = {}
    for tick, ten in zip(TICKS, tenths, strict=True):
        spans[str(ten)] = spans.get(str(ten), 0) + tick.duration_ms
    whole = of.ticks_ucpt(TICKS)
    plain = of.ticks_ucpt([replace(tick, gpu_percent=0.0) for tick in TICKS])
    return Explained(
        row=earnings().rows[1],
        ticks=TICKS,
        tenths=tenths,
        rule_version=1,
        cpu_ucpt=100_000,
        memory_ucpt=25_000,
        gpu_ucpt=400_000,
        bonus_ucpt=100_000,
        spans=spans,
        base_minute_ucpt=1_000_000,
        multiplied_ucpt=plain,
        gpu_bonus_ucpt=whole - plain,
        gpu_percent=84.0,
        computed_ucpt=whole,
        posted_ucpt=whole,
        receipt=164,
    )


def earned(
    back: int, name: str, index: int, money: str, ucpt: int, reason: str = "PAID", ran: int = 12
) -> EarningRow:
    plain = replace(RESERVED, gpus=0, gpu_memory_bytes=0, cpu_millis=2000, memory_bytes=4 * GIB)
    return EarningRow(
        attempt_id=f"01H{name}{index}",
        task_name=name,
        index=index - 1,
        owner_name="mei-ling.hsu",
        state="RUNNING" if money == "running" else "SUCCEEDED",
        money=money,
        reason=reason,
        started_ms=NOW - (back + ran) * MINUTE,
        ended_ms=0 if money == "running" else NOW - back * MINUTE,
        ran_ms=ran * MINUTE,
        resources=RESERVED if name == "render-yushan" else plain,
        ucpt=ucpt,
    )


def thirty_days() -> tuple[EarningDay, ...]:
    heights = [
        15,
        33,
        32,
        19,
        27,
        24,
        11,
        7,
        21,
        25,
        21,
        6,
        18,
        7,
        13,
        24,
        0,
        0,
        23,
        19,
        14,
        12,
        28,
        27,
        33,
        24,
        30,
        9,
        11,
    ]
    days = []
    for place, height in enumerate(heights):
        day = NOW - (len(heights) - place) * 86_400_000
        name = datetime.fromtimestamp(day / 1000, UTC).strftime("%Y-%m-%d")
        days.append(EarningDay(day=name, posted_ucpt=height * 1_000_000, why="" if height else "paused"))
    days.append(EarningDay(day="2026-11-23", posted_ucpt=32_730_000))
    return tuple(days)


def earnings() -> Earnings:
    rows = (
        earned(0, "render-yushan", 82, "running", 12_226_500, ran=9),
        earned(34, "render-yushan", 77, "posted", 15_108_000),
        earned(61, "protein-fold-s2", 214, "posted", 7_272_000, ran=20),
        earned(90, "protein-fold-s2", 205, "posted", 2_550_000, "PAID_TO_CHECKPOINT"),
        earned(112, "tidal-grid", 12, "unpaid", 0, "NOT_METERED"),
        earned(420, "tidal-grid", 9, "posted", 7_800_000, ran=26),
        earned(455, "tidal-grid", 4, "unpaid", 0, "FAILED_INFRA"),
        earned(470, "tidal-grid", 3, "pending", 900_000),
    )
    return Earnings(
        today_ucpt=32_730_000,
        yesterday_ucpt=8_440_000,
        week_ucpt=169_567_000,
        month_ucpt=574_516_000,
        all_ucpt=987_120_000,
        pending_ucpt=12_226_500,
        receipts=164,
        since_ms=NOW - 82 * 86_400_000,
        days_paused=2,
        days=thirty_days(),
        rows=rows,
        total=164,
        forecast_low_ucpt=110_000_000,
        forecast_high_ucpt=170_000_000,
        forecast_days=28,
    )


CHECKS = (
    Check(name="installed", result="passed", line=Line(code="installed_ok", values={"words": "/usr/bin/docker"})),
    Check(
        name="permission",
        result="needs_person",
        line=Line(code="permission_bad", values={"words": "/var/run/docker.sock"}),
        fix=Line(code="fix_permission"),
        command="sudo usermod -aG docker $USER",
    ),
    Check(name="engine", line=Line(code="waits_engine")),
    Check(name="container", line=Line(code="waits_container")),
    Check(
        name="network",
        group="computer",
        result="passed",
        line=Line(code="network_ok", values={"words": "hive.taipei-makers.example:50051, 14 ms"}),
    ),
    Check(
        name="clock",
        group="computer",
        result="passed",
        line=Line(code="clock_ok", values={"words": "2026-11-23T14:32:00Z"}),
    ),
    Check(
        name="disk", group="computer", result="passed", line=Line(code="disk_ok", values={"words": "412 GiB free"})
    ),
    Check(
        name="gpu",
        group="computer",
        result="unknown",
        needed=False,
        line=Line(code="gpu_waits", values={"words": "GeForce RTX 4070 SUPER (12 GB)"}),
    ),
)
CONSENT = Consent(
    pool_name="Taipei Makers Pool",
    address="hive.taipei-makers.example:50051",
    fingerprint="7b2e91c40df85a36e1b74c09aa5238dd" * 2,
    node_name="desk",
    owner_name="wenhan.chen",
    operator="Lin Yu-Chen",
    sign_up="invited",
    sent='{"host_name": "desk", "cores": 16}',
)
HOPS = (
    Hop(name="computer", result="ok", words="enp3s0"),
    Hop(name="name", result="ok", milliseconds=8, words="hive.taipei-makers.example"),
    Hop(name="master", result="failed", milliseconds=10_000, words="timeout"),
)
GOOD_HOPS = (HOPS[0], HOPS[1], Hop(name="master", result="ok", milliseconds=14))


@dataclass
class SceneClient:
    """An agent that shows one scene and remembers what it was asked."""

    shown: AgentShown
    rules_now: LendingRules = field(default_factory=lambda: replace(BALANCED, week=WEEK))
    asked: list[tuple[AgentAction, int, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    hops: tuple[Hop, ...] = GOOD_HOPS
    found: Earnings = field(default_factory=earnings)
    error: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, *, samples: bool) -> AsyncIterator[AgentShown]:
        while True:
            yield self.shown if samples else replace(self.shown, sample=None)
            self.changed.clear()
            await self.changed.wait()

    async def examine(self) -> AsyncIterator[Check]:
        for check in CHECKS:
            yield check

    async def act(
        self, action: AgentAction, *, seconds: int = 0, attempt_id: str = "", owner_id: str = ""
    ) -> None:
        self.asked.append((action, seconds, attempt_id or owner_id))
        if self.error is not None:
            raise self.error

    async def rules(self) -> RulesShown:
        presets = tuple(preset_rules(preset, cores=16, memory_gb=32) for preset in Preset)
        return RulesShown(rules=self.rules_now, is_set=True, presets=presets, time_zone="UTC", clock_ms=NOW)

    async def try_rules(self, rules: LendingRules) -> WhyView:
        return why(runs=rules.week == "f" * 168)

    async def set_rules(self, rules: LendingRules) -> RulesShown:
        self.rules_now = rules
        return await self.rules()

    async def join(self, link: str) -> Consent:
        self.links.append(link)
        if self.error is not None:
            raise self.error
        return CONSENT

    async def consent(self) -> Consent:
        return CONSENT

    async def log(self, attempt_id: str = "", limit: int = 2000) -> tuple[tuple[LogLine, ...], int]:
        return (LOG, 1284) if attempt_id else (AGENT_LOG, len(AGENT_LOG))

    async def earnings(self, *, days: int, day: str = "", cursor: str = "", limit: int = 100) -> Earnings:
        return self.found

    async def explain(self, attempt_id: str) -> Explained:
        return explained()

    async def history(self, span_s: int) -> tuple[tuple[Sample, ...], int]:
        return samples(span_s if span_s <= 600 else 600), 1

    async def trace(self) -> tuple[tuple[Hop, ...], int]:
        return self.hops, NOW

    async def close(self) -> None:
        return None
