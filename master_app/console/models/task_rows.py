"""Columns of tasks, as queue and overview show them."""

from __future__ import annotations

import time
from dataclasses import replace

from core.desktop import figures, states
from core.desktop.tables import Column
from core.desktop.translations import mark, tr
from core.domain.subtask import SubtaskState
from core.domain.views import TaskView
from master_app.console.models.sentences import said

_HELD = {
    "NO_FEASIBLE_NODE": mark("no node meets its conditions"),
    "OUT_OF_FUNDS": mark("out of funds, resumes by itself"),
    "BUDGET_EXCEEDED": mark("its cap is reached"),
    "IMAGE_INVALID": mark("its image cannot be had, tried again by itself"),
    "INPUT_MISSING": mark("the pool's disk damaged one of its files"),
    "DEPENDENCY_FAILED": mark("a task before it failed"),
}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def ended_count(task: TaskView) -> int:
    return sum(task.counts.get(state, 0) for state in (SubtaskState.SUCCEEDED, SubtaskState.EATEN))


def running_count(task: TaskView) -> int:
    return task.counts.get(SubtaskState.ACTIVE, 0)


def reason(task: TaskView) -> str:
    """Return why it is as it is: a held task's cause, else the master's own words."""
    if task.held is not None:
        return tr(_HELD.get(task.held.value, task.held.value))
    if task.state.value == "SUCCEEDED" and task.expires_ms:
        return tr("kept until {date}", date=figures.local(task.expires_ms).strftime("%Y-%m-%d"))
    failed = task.counts.get(SubtaskState.FAILED, 0)
    if failed and task.state.value == "RUNNING":
        return tr("{n} failed", n=failed)
    return said(task.state_reason)


def eta(task: TaskView, now_ms: int) -> str:
    """Return about how long it still takes, by its speed so far; in words where that says nothing."""
    if task.ended_ms:
        return tr("done {time}", time=figures.moment(task.ended_ms, now_ms))
    if task.state.value not in ("RUNNING", "MERGING"):
        return tr("stands still") if task.state.value in ("HELD", "PAUSED", "CANCELLING") else figures.unknown()
    share, ran_ms = task.progress, now_ms - task.started_ms
    if share <= 0 or not task.started_ms or ran_ms < 3_000:
        return figures.unknown()
    return tr("≈ {time}", time=figures.duration(ran_ms / share * (1 - share)))


def task_columns() -> list[Column[TaskView]]:
    return [
        Column(
            name="name", heading=lambda: tr("Task"), text=lambda row: row.name, width=160, sort="name", strong=True
        ),
        Column(
            name="state",
            heading=lambda: tr("State and reason"),
            text=lambda row: "",
            width=236,
            sort="state",
            face=lambda row: states.TASK[row.state.value],
            reason=reason,
            tip=lambda row: f"{states.TASK[row.state.value].text} · {figures.stamp(row.state_since_ms)}",
        ),
        Column(
            name="progress",
            heading=lambda: tr("Progress"),
            text=lambda row: figures.percent(row.progress),
            width=112,
            sort="progress",
            share=lambda row: row.progress,
            face=lambda row: states.TASK[row.state.value],
        ),
        Column(
            name="subtasks",
            heading=lambda: tr("Subtasks"),
            text=lambda row: f"{figures.number(ended_count(row))} / {figures.number(row.subtask_count)}",
            width=92,
            sort="subtasks",
            right=True,
            tone=lambda row: "text_2",
        ),
        Column(
            name="running",
            heading=lambda: tr("At work"),
            text=lambda row: figures.number(running_count(row)),
            width=68,
            sort="running",
            right=True,
        ),
        Column(name="owner", heading=lambda: tr("Owner"), text=lambda row: row.owner_name, width=96, sort="owner"),
        Column(
            name="priority",
            heading=lambda: tr("Priority"),
            text=lambda row: figures.number(row.priority),
            width=80,
            sort="priority",
            right=True,
        ),
        Column(
            name="age",
            heading=lambda: tr("Age"),
            text=lambda row: figures.duration(_now_ms() - row.created_ms),
            width=92,
            sort="age",
            right=True,
            tone=lambda row: "text_2",
            tip=lambda row: figures.stamp(row.created_ms),
        ),
        Column(
            name="paid",
            heading=lambda: tr("CPT so far"),
            text=lambda row: figures.cpt(row.paid_ucpt),
            width=88,
            sort="paid",
            right=True,
        ),
        Column(
            name="cap",
            heading=lambda: tr("Cap"),
            text=lambda row: figures.cpt(row.max_ucpt) if row.max_ucpt is not None else tr("none"),
            width=76,
            sort="cap",
            right=True,
            tone=lambda row: "text_2",
        ),
        Column(
            name="eta",
            heading=lambda: tr("ETA"),
            text=lambda row: eta(row, _now_ms()),
            width=110,
            right=True,
            tone=lambda row: "text_2",
        ),
    ]


def overview_columns() -> list[Column[TaskView]]:
    """The few that fit beside other things."""
    wanted = ("name", "owner", "state", "progress", "running", "paid", "eta")
    widths = {"name": 144, "state": 112, "progress": 88, "running": 70, "paid": 70, "owner": 60, "eta": 80}
    found = [column for column in task_columns() if column.name in wanted]
    found.sort(key=lambda column: wanted.index(column.name))
    return [replace(column, width=widths.get(column.name, column.width)) for column in found]
