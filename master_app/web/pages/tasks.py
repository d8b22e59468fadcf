"""The list of tasks, and one task: going, done, or failed with its cause."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from marshmallow import ValidationError

from core.domain.attempt import LIVE_ATTEMPT_STATES, TERMINAL_ATTEMPT_STATES
from core.domain.errors import HiveMindError, Invalid, NotFound
from core.domain.ids import is_ulid
from core.domain.ledger import parse_cpt
from core.domain.session import LogStream
from core.domain.subtask import SubtaskState
from core.domain.task import LIVE_TASK_STATES, TERMINAL_TASK_STATES, TaskState
from core.domain.user import Action, Principal, require
from core.domain.views import AttemptView, SubtaskView, TaskView
from master_app.tasks.resizing import Sizes
from master_app.web.api.parts import done
from master_app.web.api.results import disposition
from master_app.web.api.tasks import sizes_of
from master_app.web.identity import services
from master_app.web.pages import charts, language, results, task_parts
from master_app.web.pages.card import failure_card
from master_app.web.pages.dashboard import need_of
from master_app.web.pages.drafts import suggested_cap
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint, pages
from master_app.web.pages.session import signed_in_visitor
from master_app.web.pages.task_parts import own_view
from master_app.web.schemas.tasks import TaskChangeIn

bp = page_blueprint("tasks")
_PAGE: Final = 25
#: What a form of a task's page may change of its parts.
SIZES: Final = ("cpu_cores", "memory_gb", "disk_gb", "timeout_seconds")
_COUNTED: Final = 1_000
_LOG_BYTES: Final = 64 << 10
_SHOWN_PARTS: Final = 50
#: Filters of the list, as they stand in its address.
FILTERS: Final[dict[str, tuple[TaskState, ...]]] = {
    "": (),
    "live": tuple(LIVE_TASK_STATES),
    "needs": (TaskState.HELD, TaskState.PAUSED),
    "done": (TaskState.SUCCEEDED,),
    "failed": (TaskState.FAILED, TaskState.CANCELLED),
}


def _owner(who: Principal) -> str | None:
    """Return whose tasks are listed: operators may ask for everybody's."""
    everybody = request.args.get("of") == "all" and who.may(Action.TASK_READ_ANY)
    return None if everybody else who.user_id


@bp.get("/tasks")
def list_tasks() -> Any:
    """Newest first; what is filtered stands in the address."""
    who = signed_in_visitor()
    require(who, Action.TASK_READ)
    chosen = request.args.get("show", "") if request.args.get("show", "") in FILTERS else ""
    cursor = request.args.get("before", "")
    find = request.args.get("find", "")[:80].strip()
    page = services().tasks.tasks(
        owner_id=_owner(who),
        states=FILTERS[chosen],
        name_contains=find,
        cursor=cursor if is_ulid(cursor) else None,
        limit=_PAGE,
    )
    counts = {
        name: pages().reads.count_tasks(_owner(who), states, _COUNTED + 1) for name, states in FILTERS.items()
    }
    return render_template(
        "tasks.html",
        page=page,
        chosen=chosen,
        find=find,
        counts=counts,
        most=_COUNTED,
        of=request.args.get("of", ""),
    )


@bp.post("/tasks")
def act_on_many() -> Any:
    """Do the same to all tasks that were ticked."""
    who = signed_in_visitor()
    chosen = [task_id for task_id in request.form.getlist("task")[:100] if is_ulid(task_id)]
    wish = request.form.get("do", "")
    count = 0
    for task_id in chosen:
        try:
            _act(who, task_id, wish)
            count += 1
        except HiveMindError as error:
            done_or_error(error)
    if count:
        words = ngettext("%(num)s task: done.", "%(num)s tasks: done.", count)
        flash(words, "good")
    return redirect(url_for("page_tasks.list_tasks", show=request.form.get("show") or None), 303)


@bp.get("/tasks/<task_id>")
def show(task_id: str) -> Any:
    """One task, with what its state calls for first."""
    who = signed_in_visitor()
    view = own_view(who, task_id)
    reads = pages().reads
    top = view.subtask_count
    runs = reads.runs(task_id, top)
    live = reads.live_attempts(task_id)
    ended = view.state in TERMINAL_TASK_STATES
    files, more_files = results.listed(view) if ended and not view.expired else ([], False)
    cost = task_parts.cost_of(view, runs)
    balance = services().money.balance(who).balance_ucpt
    cap = view.max_ucpt or suggested_cap(cost.high_ucpt or cost.paid_ucpt)
    return render_template(
        "task.html",
        task=view,
        keeps_days=pages().retention_days,
        live=live,
        ended=ended,
        progress=task_parts.progress_of(view, runs),
        steps=task_parts.timeline_of(view),
        grid=task_parts.grid_of(reads.cells(task_id, top, task_parts.MAX_CELLS), top),
        cost=cost,
        tried=task_parts.tried_of(view, runs, balance, cap) if view.state is TaskState.PAUSED else None,
        usage=charts.usage_of(runs),
        advice=task_parts.memory_advice(runs) if ended else None,
        why=_why(who, view),
        need=need_of(view) if view.state is TaskState.HELD else None,
        card=failure_card(view) if view.state is TaskState.FAILED else None,
        files=files,
        more_files=more_files,
        previews=results.previews(files),
        log=_log(view, live),
        key=secrets.token_urlsafe(18),
    )


def _why(who: Principal, view: TaskView) -> Any:
    waits = view.counts.get(SubtaskState.READY, 0) + view.counts.get(SubtaskState.BACKOFF, 0)
    if not waits or view.state not in (TaskState.QUEUED, TaskState.RUNNING, TaskState.WAITING, TaskState.HELD):
        return None
    try:
        return done(services().why.why_waiting(who, view.task_id))
    except HiveMindError:
        return None


@bp.get("/tasks/<task_id>/parts")
def parts(task_id: str) -> Any:
    """The subtasks as a list, from an index on."""
    who = signed_in_visitor()
    view = own_view(who, task_id)
    start = min(max(0, request.args.get("from", 0, int)), max(0, view.subtask_count - 1))
    page = services().tasks.subtasks(task_id, cursor=str(start), limit=_SHOWN_PARTS)
    return render_template("parts.html", task=view, page=page, start=start, shown=_SHOWN_PARTS)


@bp.get("/tasks/<task_id>/parts/<int:index>")
def part(task_id: str, index: int) -> Any:
    """One subtask: its attempts, their use and cost, and what it wrote."""
    who = signed_in_visitor()
    view = own_view(who, task_id)
    found = _subtask(view, index)
    uses = {use.attempt_id: use for use in done(pages().uses.uses(task_id))}
    log = _read_log(found.attempts[-1], 0) if found.attempts else None
    template = "part_card.html" if request.args.get("card") else "part.html"
    return render_template(template, task=view, part=found, uses=uses, log=log)


def _subtask(view: TaskView, index: int) -> SubtaskView:
    if not 0 <= index <= view.subtask_count:
        raise NotFound(_("There is no such subtask."), code="SUBTASK_NOT_FOUND")
    page = services().tasks.subtasks(view.task_id, cursor=str(index), limit=1)
    if not page.items:
        raise NotFound(_("There is no such subtask."), code="SUBTASK_NOT_FOUND")
    return page.items[0]


# ---- the log


def _log(view: TaskView, live: Any) -> Any:
    """Return the log that the page begins with: of the part asked for, else of one that runs, else of the last."""
    wanted = request.args.get("part", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 8:
        attempt = services().tasks.latest_attempt(view.task_id, int(wanted))
    elif view.state is TaskState.FAILED and (failed := pages().reads.failed_parts(view.task_id, 1)):
        attempt = services().tasks.latest_attempt(view.task_id, failed[0].index)
    elif live:
        attempt = max(live, key=lambda each: (each.log_bytes, each.started_ms))
    else:
        attempt = _last_attempt(view)
    return _read_log(attempt, -1) if attempt is not None else None


def _last_attempt(view: TaskView) -> AttemptView | None:
    top = view.subtask_count if view.has_merge else view.subtask_count - 1
    for index in (top, 0):
        attempt = services().tasks.latest_attempt(view.task_id, index)
        if attempt is not None:
            return attempt
    runs = pages().reads.runs(view.task_id, view.subtask_count, 1)
    return services().tasks.latest_attempt(view.task_id, runs[0].index) if runs else None


def _read_log(attempt: AttemptView, offset: int) -> dict[str, Any]:
    """Return both streams of an attempt from an offset on; -1: the end of what there is."""
    logs = services().logs
    found: dict[str, Any] = {"attempt": attempt, "index": attempt.index, "streams": {}}
    found["ended"] = attempt.state in TERMINAL_ATTEMPT_STATES
    for stream in LogStream:
        size = logs.size(attempt.attempt_id, stream)
        start = max(0, size - _LOG_BYTES // 2) if offset < 0 else offset
        content, following = logs.read(attempt.attempt_id, stream, start, _LOG_BYTES)
        found["streams"][stream.value] = {"text": content.decode("utf-8", "replace"), "next": following}
    return found


@bp.get("/tasks/<task_id>/log")
def log(task_id: str) -> Any:
    """What came of a log since: for the page that follows it."""
    view = own_view(signed_in_visitor(), task_id)
    attempt = services().tasks.latest_attempt(view.task_id, request.args.get("part", 0, int))
    if attempt is None:
        return {"attempt": "", "streams": {}, "ended": view.state in TERMINAL_TASK_STATES}
    is_same = attempt.attempt_id == request.args.get("attempt", "")
    streams = {}
    for stream in LogStream:
        offset = request.args.get(stream.value, 0, int) if is_same else 0
        content, following = services().logs.read(attempt.attempt_id, stream, max(0, offset), _LOG_BYTES)
        streams[stream.value] = {"text": content.decode("utf-8", "replace"), "next": following}
    return {
        "attempt": attempt.attempt_id,
        "node": attempt.node_name,
        "number": attempt.number,
        "fresh": not is_same,
        "streams": streams,
        "ended": attempt.state not in LIVE_ATTEMPT_STATES,
    }


@bp.get("/tasks/<task_id>/log.txt")
def whole_log(task_id: str) -> Any:
    """One stream of one part, as a download."""
    view = own_view(signed_in_visitor(), task_id)
    attempt = services().tasks.latest_attempt(view.task_id, request.args.get("part", 0, int))
    if attempt is None:
        raise NotFound(_("Nothing was written yet."), code="LOG_NOT_FOUND")
    stream = LogStream.ERR if request.args.get("stream") == "err" else LogStream.OUT
    logs, attempt_id = services().logs, attempt.attempt_id

    def pieces() -> Any:
        offset, size = 0, logs.size(attempt_id, stream)
        while offset < size:
            content, following = logs.read(attempt_id, stream, offset, 1 << 20)
            if following <= offset:
                return
            yield content
            offset = following

    name = f"{view.name}-{attempt.index}.{stream.value}"
    return Response(pieces(), mimetype="text/plain", headers={"Content-Disposition": disposition(name)})


# ---- actions


def _act(who: Principal, task_id: str, wish: str, cap: str = "") -> None:
    require(who, Action.TASK_CONTROL)
    control = services().control
    match wish:
        case "cancel":
            done(control.cancel(who, task_id))
        case "pause":
            done(control.pause(who, task_id))
        case "resume":
            done(control.resume(who, task_id, max_ucpt=parse_cpt(cap) if cap.strip() else None))
        case "retry":
            done(control.retry(who, task_id))
        case "retry_all":
            done(control.retry(who, task_id, all_of_it=True))
        case "resize" | "resize_retry":
            done(control.change(who, task_id, sizes=_sizes()))
            if wish == "resize_retry":
                done(control.retry(who, task_id))
        case _:
            raise NotFound(_("There is no such action."), code="ACTION_UNKNOWN")


def _sizes() -> Sizes:
    """Return what a form says that parts ask for from here on; the limits are those of the API."""
    given = {name: request.form[name] for name in SIZES if request.form.get(name, "").strip()}
    try:
        return sizes_of(TaskChangeIn(only=SIZES).load(given))
    except ValidationError as error:
        raise Invalid(_("That is no size for a part."), code="SIZE_INVALID") from error


@bp.post("/tasks/<task_id>")
def act(task_id: str) -> Any:
    """Pause, resume (with a new cap), cancel, retry."""
    who = signed_in_visitor()
    own_view(who, task_id)
    try:
        _act(who, task_id, request.form.get("do", ""), request.form.get("cap", ""))
    except HiveMindError as error:
        done_or_error(error)
    return back_to("page_tasks.show", task_id=task_id)


@bp.get("/tasks/<task_id>/manifest.toml")
def manifest(task_id: str) -> Any:
    """The task's settings with every default filled in."""
    view = own_view(signed_in_visitor(), task_id)
    text = services().tasks.resolved_manifest(task_id)
    headers = {"Content-Disposition": disposition(f"{view.name}.toml")}
    return Response(text, mimetype="text/plain", headers=headers)


@bp.get("/tasks.csv")
def export() -> Any:
    """All tasks of the visitor as CSV, streamed."""
    who = signed_in_visitor()
    require(who, Action.TASK_READ)
    reads, owner_id = services().tasks, who.user_id

    def rows() -> Any:
        yield "task_id,name,state,subtasks,succeeded,failed,created,ended,cost_cpt\n"
        cursor: str | None = None
        while True:
            page = reads.tasks(owner_id=owner_id, cursor=cursor, limit=500)
            for view in page.items:
                yield ",".join(_csv_row(view)) + "\n"
            cursor = page.next
            if cursor is None:
                return

    headers = {"Content-Disposition": disposition("tasks.csv")}
    return Response(rows(), mimetype="text/csv", headers=headers)


def _csv_row(view: TaskView) -> list[str]:
    # A spreadsheet must not take a name for a formula.
    plain = f"'{view.name}" if view.name[:1] in "=+-@" else view.name
    name = '"' + plain.replace('"', '""') + '"'
    ended = language.machine(view.ended_ms) if view.ended_ms else ""
    counts = [str(view.counts.get(state, 0)) for state in (SubtaskState.SUCCEEDED, SubtaskState.FAILED)]
    return [
        view.task_id,
        name,
        view.state.value,
        str(view.subtask_count),
        *counts,
        language.machine(view.created_ms),
        ended,
        language.cpt(view.paid_ucpt).replace(",", ""),
    ]
