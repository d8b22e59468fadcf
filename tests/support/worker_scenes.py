"""Scenes of a worker for pictures and tests of its window: usual, idle, offline, empty, overfull. Invented."""

from __future__ import annotations

from dataclasses import replace

from core.domain.agent_views import (
    AgentShown,
    AgentStatus,
    Containers,
    ContainerView,
    LastRun,
    Line,
    LinkView,
    MachineView,
    PracticeView,
    RuleRow,
    SetupStep,
    TrayState,
    WhyView,
)
from core.domain.lending import Preset, Situation, Switch, preset_rules
from core.domain.resources import GIB, Resources
from tests.support.worker_records import MINUTE, NOW, RESERVED, samples
from worker_app.agent import week

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


def practice(stage: str) -> AgentShown:
    """The last step of the first start, at one of its stages."""
    live = stage in ("waiting", "running")
    view = PracticeView(stage=stage, task_id="t0", attempt_id="01HPRACTICE", ucpt=22_812 if stage == "paid" else 0)
    if stage == "failed":
        view = replace(view, words="The practice subtask ended as FAILED OUT_OF_MEMORY.")
    row = replace(
        WORKING,
        attempt_id="01HPRACTICE",
        task_name="practice",
        owner_name="practice",
        image="hivemind/python",
        percent=42.0,
        resources=Resources(cpu_millis=500, memory_bytes=GIB // 4, disk_bytes=GIB // 4),
    )
    found = setup(SetupStep.PRACTICE)
    assert found.status is not None
    status = replace(found.status, practice=view, now=Line(code="practising" if live else "ready_no_task"))
    return replace(found, status=status, containers=Containers(rows=(row,) if stage == "running" else ()))


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
