"""Looking at tasks and steering them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from core.domain.attempt import TERMINAL_ATTEMPT_STATES
from core.domain.errors import Invalid, NotFound, Problem
from core.domain.ids import is_ulid
from core.domain.resources import MIB
from core.domain.session import LogStream
from core.domain.task import TaskState
from core.domain.user import Action, Principal, require
from core.domain.views import AttemptView
from master_app.tasks.resizing import Sizes
from master_app.web import schemas, shapes
from master_app.web.api.parts import bad_cursor, blueprint, done, no_such_task, own_task, owner_filter
from master_app.web.api.submitting import wait_for_end
from master_app.web.identity import caller, services, signed_in

bp = blueprint("tasks", "Tasks")


@bp.get("/tasks")
@signed_in
@bp.input(schemas.TasksQuery, location="query")
@bp.output(schemas.TaskPage)
@bp.doc(summary="Your tasks, newest first", responses=[401, 403])
def list_tasks(query_data: dict[str, Any]) -> Any:
    """Operators see everybody's. `since` and `until` bound when a task was made."""
    found = services().tasks.tasks(
        since_ms=shapes.instant_ms(query_data["since"], "since"),
        until_ms=shapes.instant_ms(query_data["until"], "until"),
        owner_id=owner_filter(caller()),
        states=_states(query_data["state"]),
        name_contains=query_data["name"],
        cursor=_cursor(query_data["cursor"], ulid=True),
        limit=query_data["limit"],
    )
    return shapes.page([shapes.task(view) for view in found.items], found.next)


@bp.get("/tasks/<task_id>")
@signed_in
@bp.input(schemas.WaitQuery, location="query")
@bp.output(schemas.TaskDetailOut)
@bp.doc(summary="One task", responses=[401, 403, 404])
def get_task(task_id: str, query_data: dict[str, Any]) -> Any:
    """State, progress, counts and cost so far. With `wait` the answer is held until the task has ended."""
    return shapes.task(wait_for_end(caller(), task_id, query_data["wait"]))


@bp.get("/tasks/<task_id>/subtasks")
@signed_in
@bp.input(schemas.PageQuery, location="query")
@bp.output(schemas.SubtaskPage)
@bp.doc(summary="The subtasks of a task with their attempts", responses=[401, 403, 404])
def list_subtasks(task_id: str, query_data: dict[str, Any]) -> Any:
    own_task(caller(), task_id)
    cursor = _cursor(query_data["cursor"], ulid=False)
    found = services().tasks.subtasks(task_id, cursor=cursor, limit=query_data["limit"])
    return shapes.page([shapes.subtask(view) for view in found.items], found.next)


@bp.get("/tasks/<task_id>/events")
@signed_in
@bp.input(schemas.EventsQuery, location="query")
@bp.output(schemas.EventPage)
@bp.doc(summary="What happened to a task, oldest first", responses=[401, 403, 404])
def list_events(task_id: str, query_data: dict[str, Any]) -> Any:
    """`next` is the number to pass as `after`; null when there was nothing more."""
    own_task(caller(), task_id)
    limit = query_data["limit"]
    found = services().tasks.events(task_id, after=query_data["after"], limit=limit)
    following = str(found[-1].sequence) if len(found) == limit else None
    return shapes.page([shapes.event(view) for view in found], following)


@bp.get("/tasks/<task_id>/why")
@signed_in
@bp.output(schemas.WhyOut)
@bp.doc(summary="Why a task waits, or runs no more at once", responses=[401, 403, 404])
def why_waiting(task_id: str) -> Any:
    """Each node with its first refusal or its score, and the cheapest change that would place the task."""
    who = caller()
    own_task(who, task_id)
    return shapes.why(done(services().why.why_waiting(who, task_id)))


@bp.get("/tasks/<task_id>/logs")
@signed_in
@bp.input(schemas.LogsQuery, location="query")
@bp.output(schemas.LogOut)
@bp.doc(summary="What a subtask wrote, from an offset", responses=[401, 403, 404])
def read_log(task_id: str, query_data: dict[str, Any]) -> Any:
    """Of the newest attempt, or of the one named. `Accept: text/plain` gives the bytes alone, with the header
    X-Log-Next.
    """
    who, stream, offset = caller(), LogStream(query_data["stream"]), query_data["offset"]
    view = own_task(who, task_id)
    attempt = _attempt(task_id, query_data)
    index = query_data["subtask"] if attempt is None else attempt.index
    if attempt is None:
        if index > view.subtask_count:
            raise NotFound("There is no such subtask.", code="SUBTASK_NOT_FOUND")
        return _log_answer(None, index, stream, b"", offset, at_end=False)
    logs = services().logs
    # First the state, then the bytes: what ends in between is seen by the next call.
    has_ended = attempt.state in TERMINAL_ATTEMPT_STATES
    size = logs.size(attempt.attempt_id, stream)
    content, following = logs.read(attempt.attempt_id, stream, offset, query_data["limit"])
    start = following - len(content)
    if not has_ended or following < size:
        content = _whole(content)
    at_end = has_ended and start + len(content) >= size
    return _log_answer(attempt.attempt_id, index, stream, content, start, at_end=at_end)


@bp.patch("/tasks/<task_id>")
@signed_in
@bp.input(schemas.TaskChangeIn, location="json")
@bp.output(schemas.StateOut)
@bp.doc(summary="Change priority, cost cap, or what its parts ask for", responses=[401, 403, 404, 409])
def change_task(task_id: str, json_data: dict[str, Any]) -> Any:
    """What is not named stays. A task that its cap or its size held goes on when it fits now. Sizes hold for
    subtasks that start from here on; while parts run only less memory is taken (409 TASK_RUNNING). Of a task
    that failed only sizes change: then retry it. Priorities above 50 are for operators.
    """
    who = _controller(task_id)
    cap = shapes.amount_ucpt(json_data["max_credits"]) if "max_credits" in json_data else None
    sizes = sizes_of(json_data)
    wish = services().control.change(
        who, task_id, priority=json_data.get("priority"), max_ucpt=cap, sizes=None if sizes == Sizes() else sizes
    )
    return _state(task_id, done(wish))


def sizes_of(given: Mapping[str, Any]) -> Sizes:
    """Return the sizes among fields that are named as in a manifest: cores, GB, seconds."""
    return Sizes(
        cpu_millis=round(given["cpu_cores"] * 1000) if "cpu_cores" in given else None,
        memory_bytes=round(given["memory_gb"] * 1024) * MIB if "memory_gb" in given else None,
        disk_bytes=round(given["disk_gb"] * 1024) * MIB if "disk_gb" in given else None,
        gpus=given.get("gpus"),
        timeout_s=given.get("timeout_seconds"),
    )


@bp.post("/tasks/<task_id>/cancel")
@signed_in
@bp.input(schemas.CancelIn, location="json", arg_name="wish")
@bp.output(schemas.StateOut)
@bp.doc(summary="Stop a task for good", responses=[401, 403, 404, 409])
def cancel(task_id: str, wish: dict[str, Any]) -> Any:
    """What ran is paid; the rest of the hold comes back."""
    who = _controller(task_id)
    return _state(task_id, done(services().control.cancel(who, task_id, wish["reason"])))


@bp.post("/tasks/<task_id>/pause")
@signed_in
@bp.output(schemas.StateOut)
@bp.doc(summary="Start nothing more of a task", responses=[401, 403, 404, 409])
def pause(task_id: str) -> Any:
    """What runs may end."""
    who = _controller(task_id)
    return _state(task_id, done(services().control.pause(who, task_id)))


@bp.post("/tasks/<task_id>/resume")
@signed_in
@bp.output(schemas.StateOut)
@bp.doc(summary="Go on with a paused or held task", responses=[401, 403, 404, 409])
def resume(task_id: str) -> Any:
    who = _controller(task_id)
    return _state(task_id, done(services().control.resume(who, task_id)))


@bp.post("/tasks/<task_id>/retry")
@signed_in
@bp.input(schemas.RetryIn, location="json", arg_name="wish")
@bp.output(schemas.StateOut)
@bp.doc(summary="Run what failed again", responses=[401, 402, 403, 404, 409])
def retry(task_id: str, wish: dict[str, Any]) -> Any:
    """`mode` failed (the default): what succeeded is kept. `mode` all: everything again, in a new generation."""
    who = _controller(task_id)
    all_of_it = wish["all"] or wish["mode"] == "all"
    return _state(task_id, done(services().control.retry(who, task_id, all_of_it=all_of_it)))


@bp.delete("/tasks/<task_id>/files")
@signed_in
@bp.output(schemas.StateOut)
@bp.doc(summary="Give up the files of an ended task", responses=[401, 403, 404, 409])
def give_up_files(task_id: str) -> Any:
    """Bundle and results go now, not when they expire; record, usage and receipts stay. Frees your storage."""
    who = _controller(task_id)
    return _state(task_id, done(services().control.give_up_files(who, task_id)))


def _controller(task_id: str) -> Principal:
    who = caller()
    require(who, Action.TASK_CONTROL)
    if not is_ulid(task_id):
        raise no_such_task()
    return who


def _state(task_id: str, state: TaskState) -> shapes.Json:
    return {"task_id": task_id, "state": state.value}


def _states(text: str) -> tuple[TaskState, ...]:
    names = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in TaskState.__members__]
    if unknown:
        raise Invalid(
            "There is no such state.",
            [
                Problem(
                    code="STATE_UNKNOWN",
                    key="state",
                    reason=f"{unknown[0][:40]} is no state of a task.",
                    fix=f"One of {', '.join(TaskState)}.",
                )
            ],
        )
    return tuple(TaskState(name) for name in dict.fromkeys(names))


def _cursor(text: str | None, *, ulid: bool) -> str | None:
    if not text:
        return None
    if is_ulid(text) if ulid else (text.isascii() and text.isdigit() and len(text) <= 9):
        return text
    raise bad_cursor()


def _attempt(task_id: str, query: dict[str, Any]) -> AttemptView | None:
    reads = services().tasks
    if not query["attempt"]:
        return reads.latest_attempt(task_id, query["subtask"])
    attempt = reads.attempt(query["attempt"]) if is_ulid(query["attempt"]) else None
    if attempt is None or attempt.task_id != task_id:
        raise NotFound("There is no such attempt.", code="ATTEMPT_NOT_FOUND")
    return attempt


def _whole(content: bytes) -> bytes:
    """Leave a character that is cut off at the end for the next call."""
    for back in range(1, min(4, len(content)) + 1):
        first = content[-back]
        if first & 0xC0 == 0x80:
            continue
        wanted = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
        return content[:-back] if wanted > back else content
    return content


def _log_answer(
    attempt_id: str | None, index: int, stream: LogStream, content: bytes, start: int, *, at_end: bool
) -> Any:
    following = start + len(content)
    if request.accept_mimetypes.best_match(["application/json", "text/plain"]) == "text/plain":
        headers = {"X-Log-Offset": str(start), "X-Log-Next": str(following), "X-Log-End": str(at_end).lower()}
        return Response(content, mimetype="text/plain", headers=headers)
    return {
        "attempt_id": attempt_id,
        "index": index,
        "stream": stream.value,
        "offset": start,
        "next": following,
        "text": content.decode("utf-8", "replace"),
        "end": at_end,
    }
