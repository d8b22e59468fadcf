"""What the page of a task computes: grids of a million, progress, projections, advice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.domain.attempt import AttemptState
from core.domain.rewards import Tick
from core.domain.subtask import SubtaskState
from core.domain.task import TaskState
from core.domain.views import TaskView
from master_app.ports.page_reads import CellRow, DayOfMoney, RunRow
from master_app.web.pages import charts, language
from master_app.web.pages.drafts import suggested_cap
from master_app.web.pages.task_parts import (
    cost_of,
    grid_of,
    memory_advice,
    progress_of,
    timeline_of,
    tried_of,
)

CPT = 1_000_000
GIB = 1 << 30


def view(**values: Any) -> TaskView:
    base: dict[str, Any] = {
        "task_id": "t",
        "owner_id": "o",
        "owner_name": "o",
        "name": "n",
        "state": TaskState.RUNNING,
        "state_reason": "",
        "state_since_ms": 2000,
        "held": None,
        "priority": 50,
        "subtask_count": 100,
        "counts": {SubtaskState.SUCCEEDED: 50, SubtaskState.ACTIVE: 10, SubtaskState.READY: 40},
        "has_merge": False,
        "created_ms": 1000,
        "started_ms": 2000,
        "ended_ms": 0,
        "deadline_ms": 0,
        "expires_ms": 0,
        "expired": False,
        "paid_ucpt": 50 * CPT,
        "hold_ucpt": 0,
        "max_ucpt": None,
        "bundle_id": "b",
        "generation": 1,
    }
    return TaskView(**(base | values))


def run(index: int, ms: int = 10_000, *, peak: int = GIB, state: AttemptState = AttemptState.SUCCEEDED) -> RunRow:
    tick = Tick(duration_ms=ms, cpu_percent=80, memory_percent=50)
    return RunRow(index, state, 100_000 + index, 100_000 + index + ms, 4 * GIB, peak, (tick,), CPT)


def test_a_small_grid_shows_each_subtask() -> None:
    grid = grid_of([CellRow(0, SubtaskState.SUCCEEDED, 1), CellRow(3, SubtaskState.ACTIVE, 1)], 20)
    assert (grid.each, grid.cells) == (1, 20)
    assert grid.paths[SubtaskState.SUCCEEDED].count("M") == 1
    assert grid.paths[SubtaskState.READY].count("M") == 18
    assert len(grid.running) == 1


def test_a_million_subtasks_are_two_thousand_cells_of_shares() -> None:
    rows = [CellRow(cell, SubtaskState.SUCCEEDED, 500) for cell in range(1000)]
    rows += [CellRow(1000, SubtaskState.SUCCEEDED, 250), CellRow(1000, SubtaskState.FAILED, 100)]
    grid = grid_of(rows, 1_000_000)
    assert (grid.each, grid.cells) == (500, 2000)
    assert sum(len(path) for path in grid.paths.values()) < 80_000
    assert grid.paths[SubtaskState.FAILED].count("M") == 1
    assert "v2.0" in grid.paths[SubtaskState.FAILED]


def test_time_left_is_said_only_when_something_is_known() -> None:
    assert progress_of(view(), []).left_ms is None
    found = progress_of(view(), [run(index) for index in range(20)])
    assert found.left_ms == 50_000 and found.typical_ms == 10_000 and found.from_last == 20
    assert progress_of(view(state=TaskState.PAUSED), [run(1)]).left_ms is None


def test_the_future_of_a_timeline_is_not_invented() -> None:
    steps = {step.key: step for step in timeline_of(view(has_merge=True))}
    assert steps["merging"].state == "future" and steps["merging"].at_ms == 0
    held = timeline_of(view(state=TaskState.HELD))
    assert [step.key for step in held] == ["submitted", "placed", "held", "running", "results"]


def test_the_end_is_projected_from_what_parts_cost() -> None:
    runs = [replace(run(index), paid_ucpt=CPT + index) for index in range(10)]
    cost = cost_of(view(), runs)
    assert cost.low_ucpt is not None and cost.high_ucpt is not None
    assert 99 * CPT < cost.low_ucpt <= cost.high_ucpt < 102 * CPT
    assert cost_of(view(state=TaskState.SUCCEEDED, ended_ms=9), runs).high_ucpt is None


def test_after_one_part_its_figures_and_the_price_of_the_rest() -> None:
    one = view(try_one=True, state=TaskState.PAUSED, subtask_count=5, counts={SubtaskState.SUCCEEDED: 1})
    found = tried_of(one, [run(0)], 10 * CPT, 5 * CPT)
    assert found is not None and found.rest == 4 and found.price_ucpt == CPT
    assert found.low_ucpt < 4 * CPT < found.high_ucpt and found.enough
    short = tried_of(one, [run(0)], CPT, 5 * CPT)
    assert short is not None and not short.enough
    assert tried_of(view(), [run(0)], 0, 0) is None


def test_less_memory_is_advised_only_with_room_to_spare() -> None:
    advice = memory_advice([run(index) for index in range(5)])
    assert advice is not None and GIB < advice.better_bytes < 2 * GIB
    assert memory_advice([run(index, peak=3 * GIB) for index in range(5)]) is None
    assert memory_advice([run(0)]) is None


def test_a_cap_is_a_round_number_above_the_quote() -> None:
    assert suggested_cap(134 * CPT) == 145 * CPT
    assert suggested_cap(1) == CPT


def test_charts_have_lines_and_gaps() -> None:
    usage = charts.usage_of([run(index, 5000) for index in range(0, 60_000, 1000)])
    assert usage is not None and usage.cpu.last == 80 and usage.cpu.path.count("M") == 1
    gap = charts.line_of([1.0] * 20 + [None] * 20 + [1.0] * 20, 1.0)
    assert gap.path.count("M") == 2
    assert charts.usage_of([]) is None


def test_days_without_money_are_there_as_nothing() -> None:
    bars, top = charts.bars_of([DayOfMoney(10, 3 * CPT, CPT)], 12, 5)
    assert [bar.day for bar in bars] == [8, 9, 10, 11, 12]
    assert (bars[2].spent, top, bars[4].is_today) == (60.0, 5 * CPT, True)


def test_amounts_and_sizes_read_as_people_write_them() -> None:
    assert language.cpt(-1_234_567_890_000) == "\N{MINUS SIGN}1,234,567.89"
    assert (language.size(0), language.size(1536), language.size(40 << 20)) == ("0 B", "1.5 KB", "40 MB")
