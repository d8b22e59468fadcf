"""The one sentence that says what this computer does, because of what, and what comes next: a code with values.

Tray, menu, window and "why idle" translate what is made here, so they can never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.domain.agent_views import ContainerView, Line, LinkView, SetupStep, TrayState
from core.domain.lending import Situation, Switch
from worker_app.agent.owner_rules import Decision

_STATES: Final = {"switch": TrayState.PAUSED, "schedule": TrayState.SCHEDULE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that the sentence is made from."""

    decision: Decision
    switch: Switch
    link: LinkView
    containers: tuple[ContainerView, ...]
    setup: SetupStep
    has_rules: bool
    now_ms: int
    idle_s: float | None = None
    engine_ok: bool = True
    engine_problem: str = ""
    engine_fix: str = ""
    disk_ok: bool = True
    quitting: str = ""
    notice: str = ""
    is_practising: bool = False
    host_cpu: float = -1.0
    host_gpu: float = -1.0


Sentence = tuple[TrayState, Line, Line]


def sentence(scene: Scene) -> Sentence:
    """Return the state, what happens now, and what comes next."""
    count = sum(one.state in ("RUNNING", "PREPARING", "UPLOADING") for one in scene.containers)
    for part in (_leaving, _unfinished, _broken, _offline):
        found = part(scene, count)
        if found is not None:
            return found
    if scene.decision.runs:
        return _working(scene, count) if count else _ready(scene)
    return _refused(scene, count)


def rest_s(containers: tuple[ContainerView, ...]) -> int:
    """Return the seconds until all that runs is done; negative when one does not say."""
    rests = [one.rest_s for one in containers]
    return max(rests) if rests and min(rests) >= 0 else -1


def _leaving(scene: Scene, count: int) -> Sentence | None:
    if not scene.quitting:
        return None
    state = TrayState.WORKING if count else TrayState.PAUSED
    values = {"count": str(count), "rest_s": str(rest_s(scene.containers))}
    then = Line(code="stays_then") if scene.quitting == "shutdown" else Line()
    return state, Line(code=f"quitting_{scene.quitting}", values=values), then


def _unfinished(scene: Scene, count: int) -> Sentence | None:
    if scene.link.phase == "none" and scene.setup in (SetupStep.JOIN, SetupStep.DONE):
        return TrayState.PAUSED, Line(code="not_joined"), Line(code="not_joined_next")
    if scene.is_practising and scene.link.phase == "live" and scene.engine_ok:
        state = TrayState.WORKING if count else TrayState.READY
        return state, Line(code="practising"), Line(code="practising_next")
    if scene.setup not in (SetupStep.DONE, SetupStep.PRACTICE):
        return TrayState.PAUSED, Line(code="setup_unfinished"), Line(code="setup_next")
    return None


def _broken(scene: Scene, count: int) -> Sentence | None:
    if scene.link.refused:
        values = {"words": scene.link.reason, "fix": scene.link.fix}
        return TrayState.ERROR, Line(code="master_refused", values=values), Line(code="given_fix", values=values)
    if not scene.engine_ok:
        return (
            TrayState.ERROR,
            Line(code="engine_problem", values={"words": scene.engine_problem}),
            Line(code="engine_next_fix", values={"fix": scene.engine_fix})
            if scene.engine_fix
            else Line(code="engine_next"),
        )
    if not scene.disk_ok:
        return TrayState.ERROR, Line(code="disk_full"), Line(code="disk_next")
    return None


def _offline(scene: Scene, count: int) -> Sentence | None:
    link = scene.link
    if link.phase == "live":
        return None
    since = link.away_since_ms or link.since_ms
    if link.phase != "offline" and scene.now_ms - since < 3_000:
        return TrayState.OFFLINE, Line(code="connecting"), Line()
    next_s = max(0, -(-(link.next_try_ms - scene.now_ms) // 1000))
    values = {"since_ms": str(since), "next_s": str(next_s), "until_ms": str(link.work_until_ms)}
    trying = link.phase != "offline"
    if count and link.work_until_ms:
        code = "offline_working_trying" if trying else "offline_working"
        return TrayState.OFFLINE, Line(code=code, values=values), Line(code="work_is_kept")
    return (
        TrayState.OFFLINE,
        Line(code="offline_trying" if trying else "offline", values=values),
        Line(code="retries"),
    )


def _working(scene: Scene, count: int) -> Sentence:
    decision = scene.decision
    values = {
        "count": str(count),
        "cpu_percent": f"{scene.host_cpu:.0f}",
        "gpu_percent": f"{scene.host_gpu:.0f}",
    }
    if not scene.has_rules:
        return TrayState.WORKING, Line(code="working_always", values=values), Line(code="no_rules_set")
    if decision.situation is Situation.IN_USE:
        return TrayState.WORKING, Line(code="working_in_use", values=values), Line()
    if scene.switch.started_by_hand:
        return TrayState.WORKING, Line(code="working_by_hand", values=values), _on_return(scene)
    if scene.idle_s is None:
        return TrayState.WORKING, Line(code="working_full", values=values), _on_return(scene)
    values["since_ms"] = str(scene.now_ms - int(scene.idle_s * 1000))
    full = any(row.rule == "idle" and row.have.code == "full_time" for row in decision.why.rows)
    return (
        TrayState.WORKING,
        Line(code="working_full" if full else "working_away", values=values),
        _on_return(scene),
    )


def _on_return(scene: Scene) -> Line:
    """Say what happens when the person comes back."""
    if any(row.rule == "idle" and row.have.code == "full_time" for row in scene.decision.why.rows):
        return Line(code="full_hours")
    if any(one.resources.gpus for one in scene.containers):
        return Line(code="on_return_gpu")
    return Line(code=f"on_return_{scene.decision.on_return.value}")


def _ready(scene: Scene) -> Sentence:
    if scene.notice:
        return TrayState.READY, Line(code="ready_notice", values={"words": scene.notice}), Line()
    return TrayState.READY, Line(code="ready_no_task"), Line()


def _refused(scene: Scene, count: int) -> Sentence:
    row = next(row for row in scene.decision.why.rows if row.verdict == "refuses")
    until = scene.decision.why.resolves_ms
    frozen = sum(one.yielding == "frozen" for one in scene.containers)
    values = {
        "count": str(count),
        "until_ms": str(until),
        "left_s": str(max(0, -(-(until - scene.now_ms) // 1000))),
        **{name: value for name, value in row.have.values.items() if name not in ("until_ms",)},
        **{f"need_{name}": value for name, value in row.need.values.items()},
    }
    state = _STATES.get(row.rule, TrayState.READY)
    if frozen:
        kept = Line(code="frozen_work", values={"count": str(frozen)})
    elif count:
        kept = Line(code="work_ends", values={"count": str(count)})
    else:
        kept = Line()
    if row.rule in ("switch", "schedule"):
        code = {"schedule": "resting" if until else "resting_always"}.get(row.rule, row.have.code)
        return state, Line(code=code, values=values), kept
    values["have"] = row.have.code
    if count and not frozen:
        state = TrayState.WORKING
    return state, Line(code=f"idle_{row.rule}", values=values), kept
