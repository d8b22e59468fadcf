"""The dashboard: what needs you, what runs, what it costs, what is ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from flask import render_template

from core.domain.task import HeldCode, TaskState
from core.domain.user import Action, Principal, require
from core.domain.views import ArtifactView, TaskView
from master_app.web.identity import services
from master_app.web.pages import charts
from master_app.web.pages.frame import now_ms, page_blueprint, pages
from master_app.web.pages.language import zone_offset_ms
from master_app.web.pages.nodes_view import pool_facts
from master_app.web.pages.results import PICTURES, suffix_of
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("dashboard")
_DAY_MS: Final = 86_400_000
_DAYS: Final = 31
_ROWS: Final = 8
_NEEDS: Final = 3
_RESULTS: Final = 3


@dataclass(frozen=True, slots=True)
class Need:
    """Something that only a person can decide. `raise_to_ucpt`: the cap that would let it finish."""

    task: TaskView
    left: int
    more_ucpt: int = 0
    raise_to_ucpt: int = 0


@dataclass(frozen=True, slots=True)
class Collect:
    """A result that waits, with the file that shows it best."""

    task: TaskView
    picture: ArtifactView | None
    first: ArtifactView | None
    count: int


@bp.get("/dashboard")
def show() -> Any:
    """One look at everything that is the visitor's."""
    who = signed_in_visitor()
    require(who, Action.TASK_READ)
    reads, tasks = pages().reads, services().tasks
    now = now_ms()
    offset = zone_offset_ms(now)
    today = (now + offset) // _DAY_MS
    days = reads.money_by_day(who.user_id, now - _DAYS * _DAY_MS, offset)
    bars, _ = charts.bars_of(days, today, 14)
    account = services().money.balance(who)
    recent = tasks.tasks(owner_id=who.user_id, limit=_ROWS).items
    held = tasks.tasks(owner_id=who.user_id, states=(TaskState.HELD,), limit=20).items
    return render_template(
        "dashboard.html",
        needs=[need_of(view) for view in held[:_NEEDS]],
        more_needs=max(0, len(held) - _NEEDS),
        running=reads.running(who.user_id),
        balance=account.balance_ucpt,
        held=reads.hold_ucpt(who.user_id),
        spent_today=bars[-1].spent_ucpt,
        bars=bars,
        earned_month=sum(day.earned_ucpt for day in days),
        tasks=recent,
        total=reads.count_tasks(who.user_id, (), 1001),
        pool=pool_facts(who),
        collect=_collect(who, recent),
    )


def need_of(view: TaskView) -> Need:
    """Return what a held task needs, with the answer already worked out."""
    done = view.subtask_count * view.progress
    left = view.subtask_count - round(done)
    if view.held is not HeldCode.BUDGET_EXCEEDED or not done:
        return Need(view, left)
    more = int(view.paid_ucpt / done * left * 11 / 10)
    step = 1_000_000
    return Need(view, left, more, -(-(view.paid_ucpt + more) // step) * step)


def _collect(who: Principal, recent: Sequence[TaskView]) -> list[Collect]:
    found = []
    ended = [view for view in recent if view.state is TaskState.SUCCEEDED and not view.expired]
    for view in ended[:_RESULTS]:
        files = list(islice(services().tasks.artifacts(view.task_id), 50))
        if files:
            picture = next((file for file in files if suffix_of(file.name) in PICTURES), None)
            found.append(Collect(view, picture, files[0], len(files)))
    return found
