"""What the page of one task is made of, as values: progress, timeline, grid, cost. No Flask, no HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from core.domain.attempt import AttemptState
from core.domain.errors import NotFound
from core.domain.ids import is_ulid
from core.domain.subtask import TERMINAL_SUBTASK_STATES, SubtaskState
from core.domain.task import TERMINAL_TASK_STATES, TaskState
from core.domain.user import Action, Principal, require
from core.domain.views import TaskView
from master_app.ports.page_reads import CellRow, RunRow
from master_app.web.identity import services

MAX_CELLS: Final = 2_000
_PITCH: Final = 12
_SIDE: Final = 10
_LATEST: Final = 100
#: How cells are coloured, from what matters least to what matters most in a cell of many.
ORDER: Final = (
    SubtaskState.SUCCEEDED,
    SubtaskState.ACTIVE,
    SubtaskState.BACKOFF,
    SubtaskState.FAILED,
    SubtaskState.CANCELLED,
    SubtaskState.EATEN,
    SubtaskState.BLOCKED,
    SubtaskState.READY,
)


def own_view(who: Principal, task_id: str) -> TaskView:
    """Return a task that the visitor may see; anybody else's is as if it were not there."""
    require(who, Action.TASK_READ)
    owner_id = None if who.may(Action.TASK_READ_ANY) else who.user_id
    view = services().tasks.task(task_id, owner_id=owner_id) if is_ulid(task_id) else None
    if view is None:
        raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
    return view


# ---- the grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All subtasks as a picture: one path for each state, so that a million of them are some kilobytes."""

    columns: int
    rows: int
    #: Subtasks in one cell.
    each: int
    cells: int
    paths: Mapping[SubtaskState, str]
    #: For the running few: centres of cells, where a shape is drawn too.
    running: tuple[tuple[int, int], ...]
    row_labels: tuple[tuple[int, int], ...]
    #: Lines over failed and over cancelled cells: a state is a shape too.
    crosses: str = ""
    slashes: str = ""

    @property
    def width(self) -> int:
        return self.columns * _PITCH - (_PITCH - _SIDE)

    @property
    def height(self) -> int:
        return self.rows * _PITCH - (_PITCH - _SIDE)


def grid_of(rows: Sequence[CellRow], count: int) -> Grid:
    """Lay the subtasks out; above 2,000 each cell is a share of several, filled from the bottom."""
    each = max(1, -(-count // MAX_CELLS))
    cells = -(-count // each)
    columns = _columns(cells)
    known: dict[int, Counter[SubtaskState]] = {}
    for row in rows:
        known.setdefault(row.cell, Counter())[row.state] += row.count
    paths: dict[SubtaskState, list[str]] = {state: [] for state in ORDER}
    running: list[tuple[int, int]] = []
    crosses: list[str] = []
    slashes: list[str] = []
    for cell in range(cells):
        x, y = cell % columns * _PITCH, cell // columns * _PITCH
        here = known.get(cell, Counter())
        total = min(each, count - cell * each)
        here[SubtaskState.READY] += total - here.total()
        if total == 1 or len([n for n in here.values() if n > 0]) == 1:
            state = next(state for state, n in here.items() if n > 0)
            paths[state].append(f"M{x} {y}h{_SIDE}v{_SIDE}h-{_SIDE}z")
            if state is SubtaskState.ACTIVE:
                running.append((x, y))
            elif state is SubtaskState.FAILED:
                crosses.append(f"M{x + 3} {y + 3}l4 4m0-4l-4 4")
            elif state in (SubtaskState.CANCELLED, SubtaskState.EATEN):
                slashes.append(f"M{x + 2} {y + 8}l6-6")
            continue
        bottom = float(_SIDE)
        for state in ORDER:
            if here[state] > 0:
                part = _SIDE * here[state] / total
                paths[state].append(f"M{x} {y + bottom - part:.1f}h{_SIDE}v{part:.1f}h-{_SIDE}z")
                bottom -= part
    height = -(-cells // columns)
    step = max(1, height // 6)
    return Grid(
        columns=columns,
        rows=height,
        each=each,
        cells=cells,
        paths={state: "".join(found) for state, found in paths.items() if found},
        running=tuple(running[:400]),
        row_labels=tuple((row * _PITCH, row * columns * each) for row in range(0, height, step)),
        crosses="".join(crosses),
        slashes="".join(slashes),
    )


def _columns(cells: int) -> int:
    for limit, columns in ((16, 8), (64, 16), (512, 32), (1200, 48)):
        if cells <= limit:
            return min(columns, max(1, cells))
    return 64


# ---- progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a task is. `left_ms` None: nothing is known of it yet."""

    percent: float
    done: int
    count: int
    #: (tone, share 0..1), in the order of the bar.
    parts: tuple[tuple[str, float], ...]
    left_ms: int | None
    at_once: int
    typical_ms: int | None
    slow_ms: int | None
    from_last: int
    #: How many runs took how long: (lower edge in ms, count, is the typical one's).
    histogram: tuple[tuple[int, int, bool], ...]


_TONES: Final = (
    (SubtaskState.SUCCEEDED, "good"),
    (SubtaskState.EATEN, "wait"),
    (SubtaskState.ACTIVE, "run"),
    (SubtaskState.BACKOFF, "held"),
    (SubtaskState.FAILED, "bad"),
    (SubtaskState.CANCELLED, "wait"),
)


_AT_WORK: Final = frozenset({SubtaskState.ACTIVE, SubtaskState.BACKOFF})


def progress_of(view: TaskView, runs: Sequence[RunRow]) -> Progress:
    """Return the progress of a task, with a time left that names what it is taken from."""
    times = sorted(
        run.ended_ms - run.started_ms
        for run in runs[:_LATEST]
        if run.state is AttemptState.SUCCEEDED and run.ended_ms > run.started_ms
    )
    count = max(1, view.subtask_count)
    ended = sum(view.counts.get(state, 0) for state in TERMINAL_SUBTASK_STATES)
    cancelled = view.counts.get(SubtaskState.CANCELLED, 0)
    active = view.counts.get(SubtaskState.ACTIVE, 0)
    typical = int(median(times)) if times else None
    left = None
    if typical is not None and active and view.state in (TaskState.RUNNING, TaskState.MERGING):
        waves = (view.subtask_count - ended) / max(1, active)
        left = int(typical * max(0.5, waves))
    return Progress(
        percent=100 * (ended - cancelled) / count,
        done=view.counts.get(SubtaskState.SUCCEEDED, 0),
        count=view.subtask_count,
        # What runs is not done: the bar shows what has ended, as its number says.
        parts=tuple((tone, view.counts.get(state, 0) / count) for state, tone in _TONES if state not in _AT_WORK),
        left_ms=left,
        at_once=active,
        typical_ms=typical,
        slow_ms=times[int(len(times) * 0.9)] if len(times) >= 10 else None,
        from_last=len(times),
        histogram=_histogram(times, typical),
    )


def _histogram(times: Sequence[int], typical: int | None) -> tuple[tuple[int, int, bool], ...]:
    if len(times) < 5 or typical is None:
        return ()
    low, high = times[0], times[-1]
    width = max(1, (high - low) // 12 + 1)
    counts = Counter((each - low) // width for each in times)
    mine = (typical - low) // width
    return tuple((low + number * width, counts[number], number == mine) for number in range(max(counts) + 1))


# ---- the timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a task's life. `state`: done, now, future, or stopped."""

    key: str
    state: str
    at_ms: int = 0
    note_ms: int | None = None
    reason: str = ""


def timeline_of(view: TaskView) -> tuple[Step, ...]:
    """Return the steps: what was has its time, what comes is not invented."""
    ended = view.state in TERMINAL_TASK_STATES
    started = view.started_ms > 0
    steps = [Step(key="submitted", state="done", at_ms=view.created_ms)]
    wait_ms = view.started_ms - view.created_ms if started else None
    steps.append(
        Step(
            key="placed",
            state="done" if started else ("stopped" if ended else "now"),
            at_ms=view.started_ms,
            note_ms=wait_ms,
        )
    )
    if view.state in (TaskState.HELD, TaskState.PAUSED, TaskState.PAUSING):
        key = "held" if view.state is TaskState.HELD else "paused"
        steps.append(Step(key=key, state="now", at_ms=view.state_since_ms, reason=view.state_reason))
    merging = view.state is TaskState.MERGING
    run_done = merging or view.state is TaskState.SUCCEEDED
    run_state = "done" if run_done else ("stopped" if ended else ("now" if started else "future"))
    if view.state in (TaskState.HELD, TaskState.PAUSED):
        run_state = "future"
    run_end = view.state_since_ms if merging else view.ended_ms
    spent = run_end - view.started_ms if started and run_end else None
    steps.append(Step(key="running", state=run_state, at_ms=view.started_ms, note_ms=spent))
    if view.has_merge:
        merge_state = "now" if merging else ("done" if view.state is TaskState.SUCCEEDED else "future")
        steps.append(Step(key="merging", state=merge_state, at_ms=view.state_since_ms if merging else 0))
    last = {TaskState.FAILED: "failed", TaskState.CANCELLED: "cancelled"}.get(view.state, "results")
    steps.append(Step(key=last, state="done" if ended else "future", at_ms=view.ended_ms))
    return tuple(steps)


# ---- cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a task has cost, holds, and will probably come to. All in micro-CPT."""

    paid_ucpt: int
    hold_ucpt: int
    cap_ucpt: int | None
    low_ucpt: int | None
    high_ucpt: int | None

    @property
    def scale_ucpt(self) -> int:
        return max(self.cap_ucpt or 0, self.high_ucpt or 0, self.paid_ucpt, 1)


def cost_of(view: TaskView, runs: Sequence[RunRow]) -> Cost:
    """Return the cost; the end is projected from the parts that were paid."""
    prices = sorted(run.paid_ucpt for run in runs if run.state is AttemptState.SUCCEEDED)
    left = view.subtask_count - sum(view.counts.get(state, 0) for state in TERMINAL_SUBTASK_STATES)
    low = high = None
    if prices and left > 0 and view.state not in TERMINAL_TASK_STATES:
        low = view.paid_ucpt + left * prices[int(len(prices) * 0.25)]
        high = view.paid_ucpt + left * prices[int(len(prices) * 0.9) if len(prices) > 1 else 0]
        if high == low:
            high = view.paid_ucpt + left * prices[-1] * 11 // 10
    return Cost(
        paid_ucpt=view.paid_ucpt, hold_ucpt=view.hold_ucpt, cap_ucpt=view.max_ucpt, low_ucpt=low, high_ucpt=high
    )


# ---- after one part was tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What one part took, and so what all of them probably will."""

    run_ms: int
    peak_bytes: int
    asked_bytes: int
    price_ucpt: int
    rest: int
    low_ucpt: int
    high_ucpt: int
    cap_ucpt: int
    enough: bool


def tried_of(view: TaskView, runs: Sequence[RunRow], balance_ucpt: int, cap: int) -> Tried | None:
    """Return the outcome of "try one first"; None while there is none."""
    done = [run for run in runs if run.state is AttemptState.SUCCEEDED]
    if not view.try_one or not done:
        return None
    run = done[0]
    rest = view.subtask_count - view.counts.get(SubtaskState.SUCCEEDED, 0)
    # One run says little of the spread: the range is what parts of one task usually differ by.
    low, high = run.paid_ucpt * rest * 8 // 10, run.paid_ucpt * rest * 13 // 10
    return Tried(
        run_ms=max(0, run.ended_ms - run.started_ms),
        peak_bytes=run.peak_memory_bytes,
        asked_bytes=run.memory_bytes,
        price_ucpt=run.paid_ucpt,
        rest=rest,
        low_ucpt=low,
        high_ucpt=high,
        cap_ucpt=cap,
        enough=balance_ucpt + view.hold_ucpt >= high,
    )


# ---- right-sizing


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Ask for less next time: what was asked, what was used at most, what to ask for."""

    asked_bytes: int
    peak_bytes: int
    better_bytes: int


def memory_advice(runs: Sequence[RunRow]) -> Advice | None:
    """Return a smaller memory that would have held every run with a third to spare; None where none is known."""
    done = [run for run in runs if run.state is AttemptState.SUCCEEDED and run.peak_memory_bytes]
    if len(done) < 3:
        return None
    peak = max(run.peak_memory_bytes for run in done)
    asked = max(run.memory_bytes for run in done)
    step = 256 << 20
    better = -(-(peak * 4 // 3) // step) * step
    return Advice(asked_bytes=asked, peak_bytes=peak, better_bytes=better) if better * 4 <= asked * 3 else None
