"""The desk's views: everything that a face is shown, put together from the desk's parts. Reads only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.domain.agent_views import (
    AgentShown,
    AgentStatus,
    Containers,
    ContainerView,
    LastRun,
    LinkView,
    MachineView,
    SetupStep,
    Troubles,
)
from core.domain.lending import changed, preset_rules
from core.domain.resources import GIB
from worker_app.agent import sentences, showing

if TYPE_CHECKING:
    from worker_app.agent.desk import Desk


def show(desk: Desk) -> AgentShown:
    """Return all parts as they are now."""
    views = containers(desk)
    link = link_of(desk)
    assert desk.decision is not None
    return AgentShown(
        status=status(desk, link, views),
        link=link,
        containers=Containers(rows=views),
        why=desk.decision.why,
        machine=machine(desk),
        sample=desk.sample,
        last=_last(desk),
        troubles=Troubles(rows=desk.joined.troubles() if desk.joined else ()),
    )


def containers(desk: Desk) -> tuple[ContainerView, ...]:
    joined = desk.joined
    if joined is None:
        return ()
    return showing.containers(joined.performer.state, joined.performer.sandbox, desk.book.rule, desk.clock)


def link_of(desk: Desk) -> LinkView:
    joined = desk.joined
    view = desk.story.view(joined.performer.state if joined else None, desk.identity)
    view = replace(view, fingerprint=desk.fingerprint)
    if joined is None:
        return view
    heard = joined.heard
    return replace(
        view, latency_ms=heard.latency_ms, protocol=heard.protocol, last_contact_ms=heard.last_contact_ms
    )


def status(desk: Desk, link: LinkView, views: tuple[ContainerView, ...]) -> AgentStatus:
    choices, decision, identity = desk.choices.now, desk.decision, desk.identity
    assert decision is not None
    now_ms = desk.clock.wall_ms()
    engine, rules = desk.machine.engine, choices.rules
    free = desk.machine.disk_free_bytes
    scene = sentences.Scene(
        decision=decision,
        switch=choices.switch,
        link=link,
        containers=views,
        setup=SetupStep.JOIN if identity is None else choices.setup,
        has_rules=rules is not None,
        now_ms=now_ms,
        idle_s=desk.conditions.idle_s,
        engine_ok=engine.ok,
        engine_problem=engine.problem,
        engine_fix=engine.fix,
        disk_ok=free < 0 or free > desk.base_limits.disk_reserve_bytes,
        quitting=desk.quitting or ("shutdown" if desk.is_ending else ""),
        is_practising=desk.practising.is_live,
        notice=desk.joined.performer.state.notice if desk.joined else "",
        host_cpu=desk.sample.host_cpu,
        host_gpu=desk.sample.host_gpu,
    )
    state, now, then = sentences.sentence(scene)
    posted, pending = desk.figures()
    frozen, held_bytes = showing.frozen_bytes(views)
    return AgentStatus(
        state=state,
        now=now,
        then=then,
        setup=scene.setup,
        switch=choices.switch,
        quitting=desk.quitting,
        preset=rules.preset.value if rules else "",
        changed=changed_settings(desk),
        situation=decision.situation,
        pool_name=identity.pool_name if identity else "",
        node_name=identity.node_name if identity else "",
        node_id=identity.node_id if identity else "",
        version=desk.version,
        started_ms=desk.started_ms,
        running=sum(one.state == "RUNNING" for one in views),
        frozen=frozen,
        frozen_bytes=held_bytes,
        today_posted_ucpt=posted,
        pending_ucpt=pending + sum(one.pending_ucpt for one in views),
        rest_s=sentences.rest_s(views),
        has_gpu=bool(desk.machine.gpus),
        gpu_allowed=rules is None or rules.away.gpu or rules.in_use.gpu,
        notice=scene.notice,
        practice=desk.practising.view,
    )


def changed_settings(desk: Desk) -> int:
    """Return how many settings differ from the chosen preset."""
    rules = desk.choices.now.rules
    if rules is None:
        return 0
    return len(changed(rules, preset_rules(rules.preset, cores=desk.machine.cores, memory_gb=desk.memory_gb)))


def machine(desk: Desk) -> MachineView:
    computer, engine, limits = desk.machine, desk.machine.engine, desk.limits()
    conditions = desk.conditions
    return MachineView(
        host_name=desk.host_name,
        cores=computer.cores,
        memory_bytes=computer.memory_bytes,
        gpus=tuple(gpu.name for gpu in computer.gpus),
        gpu_memory_bytes=sum(gpu.memory_bytes for gpu in computer.gpus),
        engine=f"{engine.name} {engine.version}".strip(),
        engine_ok=engine.ok,
        engine_problem=engine.problem,
        engine_fix=engine.fix,
        isolated=engine.isolated,
        # Free space always flickers; a face needs no more than a tenth of a GB.
        disk_free_bytes=computer.disk_free_bytes // (GIB // 10) * (GIB // 10),
        disk_used_bytes=desk.disk_used_bytes,
        limit_cpu_millis=min(limits.cpu_millis or computer.cores * 1000, computer.cores * 1000),
        limit_memory_bytes=min(limits.memory_bytes or computer.memory_bytes, computer.memory_bytes),
        temperature_c=-1.0 if conditions.hottest_c is None else round(conditions.hottest_c),
        temperature_source=conditions.heat_source,
        idle_source=conditions.idle_source,
        folder=str(computer.folder),
    )


def _last(desk: Desk) -> LastRun:
    row = desk.last_run()
    if row is None:
        return LastRun()
    return LastRun(
        attempt_id=row.attempt_id,
        task_name=row.task_name,
        index=row.index,
        state=row.state,
        ended_ms=row.ended_ms,
        ran_ms=row.ran_ms,
        ucpt=row.ucpt,
    )
