"""Sending tasks: as a form with the zip in it, or naming a zip that was uploaded in pieces."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from flask import request

from core.blobs.listing import MAX_ZIP_BYTES
from core.blobs.store import is_sha256
from core.domain.errors import Busy, HiveMindError, Invalid, Problem, StorageFull, StorageUnavailable, TooLarge
from core.domain.task import TERMINAL_TASK_STATES
from core.domain.user import Action, Principal, require
from core.domain.views import TaskView
from master_app.feed import Audience, Change, What
from master_app.tasks.intake import Prepared
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done, idempotency_key, own_task
from master_app.web.identity import caller, services, signed_in, uploads
from master_app.web.limits import MakeRoom
from master_app.web.multipart import ZIP_NAMES, read_form

bp = blueprint("submitting", "Tasks")
T = TypeVar("T")
#: What a form may add to the zip in it.
_FORM_BYTES: Final = 1 << 20
_WAITERS: Final = MakeRoom(24)
#: A task that progresses a thousand times a second is not looked at as often.
_BETWEEN_LOOKS_S: Final = 0.02
#: Not of the manifest: they say what to submit.
_OURS: Final = frozenset({"bundle", *ZIP_NAMES})
FORM_DOC: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "task_file": {"type": "string", "format": "binary", "description": "The zip."},
                        "bundle": {
                            "type": "string",
                            "description": "Instead of task_file: the SHA-256 of a zip that you uploaded.",
                        },
                        "task_name": {"type": "string"},
                        "cpu_cores": {"type": "number"},
                        "memory_gb": {"type": "number"},
                        "disk_gb": {"type": "number"},
                        "gpu_required": {"type": "boolean"},
                        "gpus": {"type": "integer"},
                        "gpu_memory_gb": {"type": "number"},
                        "image": {"type": "string"},
                        "timeout": {"type": "string"},
                        "deadline": {"type": "string"},
                        "max_credits": {"type": "string"},
                        "max_parallel": {"type": "integer"},
                        "priority": {"type": "integer"},
                        "params": {"type": "string", "description": "A JSON object of [params]."},
                    },
                    "additionalProperties": True,
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"bundle": {"type": "string"}, "params": {"type": "object"}},
                    "required": ["bundle"],
                    "additionalProperties": True,
                }
            },
        },
    }
}


@dataclass(frozen=True, slots=True)
class _Sent:
    """A zip that is whole, and the fields that came with it."""

    path: Path
    sha256: str
    fields: dict[str, object]


@bp.post("/tasks")
@signed_in
@bp.input(schemas.WaitQuery, location="query")
@bp.output(schemas.SubmittedOut, status_code=201)
@bp.doc(
    summary="Submit a task",
    responses=[401, 402, 403, 404, 409, 411, 413, 429, 503, 507],
)
def submit(query_data: dict[str, Any]) -> Any:
    """Send a zip and what it needs. Every field may come as a form field or as a file part.

    With `Idempotency-Key` the same key makes one task, however often it is sent. With `wait` the answer is held
    until the task ends, at most that many seconds; the state is the one at the end of the wait.
    """
    who, key = caller(), idempotency_key()
    with _received(who) as sent:

        def submit_it() -> Any:
            prepared = services().intake.prepare(who, sent.path, sent.fields)
            return done(services().intake.submit(who, prepared, key))

        submitted = _kept_on_trouble(who, sent, submit_it)
        if _by_name():
            uploads().expire_soon(who.user_id, sent.sha256, services().clock.wall_ms() / 1000)
        else:
            uploads().discard(who.user_id, sent.sha256)
    state, reason = submitted.state, submitted.state_reason
    if query_data["wait"]:
        view = wait_for_end(who, submitted.task_id, query_data["wait"])
        state, reason = view.state, view.state_reason
    answer = {
        "task_id": submitted.task_id,
        "state": state.value,
        "state_reason": reason,
        "subtask_count": submitted.subtask_count,
        "quote": shapes.quote(submitted.quote),
        "advice": shapes.advice(submitted.advice),
        "changes": list(submitted.changes),
        "repeated": submitted.repeated,
        "links": shapes.task_links(submitted.task_id),
    }
    return answer, 201, {"Location": f"{shapes.BASE}/tasks/{submitted.task_id}"}


@bp.post("/tasks/check")
@signed_in
@bp.output(schemas.CheckedOut)
@bp.doc(
    summary="Check a task without submitting it",
    responses=[401, 403, 404, 411, 413, 429, 503, 507],
)
def check() -> Any:
    """Answer what would be submitted, what it would cost and what looks wrong. Mistakes are a 422."""
    return _checked()


@bp.post("/tasks/quote")
@signed_in
@bp.output(schemas.CheckedOut)
@bp.doc(
    summary="What a task would cost",
    responses=[401, 403, 404, 411, 413, 429, 503, 507],
)
def quote() -> Any:
    """The same answer as `check`; the price is under `quote`."""
    return _checked()


def _checked() -> Any:
    who = caller()
    with _received(who) as sent:

        def prepare() -> tuple[Prepared, Any]:
            prepared = services().intake.prepare(who, sent.path, sent.fields)
            return prepared, done(services().intake.quote(prepared))

        prepared, price = _kept_on_trouble(who, sent, prepare)
        if not _by_name():
            uploads().discard(who.user_id, sent.sha256)
    spec = prepared.spec
    return {
        "name": spec.name,
        "subtask_count": spec.subtask_count,
        "file_count": len(prepared.bundle.entries),
        "size": prepared.bundle.size,
        "image": spec.image.ref,
        "has_merge": spec.merge is not None,
        "quote": shapes.quote(price),
        "advice": shapes.advice(prepared.advice),
        "changes": list(prepared.changes),
    }


def wait_for_end(who: Principal, task_id: str, seconds: float) -> TaskView:
    """Return the task when it has ended or the time is up. Too many waiters: at once."""
    view = own_task(who, task_id)
    if seconds <= 0 or view.state in TERMINAL_TASK_STATES:
        return view
    until = time.monotonic() + min(seconds, 60.0)
    with _WAITERS.place() as is_free:
        return _at_end(who, view, until) if is_free else view


def _at_end(who: Principal, view: TaskView, until: float) -> TaskView:
    """Follow the feed, which costs nothing while nothing of this owner happens, and read what has changed."""
    feed, audience = services().feed, Audience(view.owner_id)
    woken = threading.Event()
    subscription = feed.subscribe(lambda lanes: woken.set() if view.owner_id in lanes else None)
    try:
        seen = feed.commit_number
        view = own_task(who, view.task_id)
        while view.state not in TERMINAL_TASK_STATES and woken.wait(until - time.monotonic()):
            woken.clear()
            delta = feed.changes(audience, seen)
            seen = delta.commit
            if delta.reset or any(_is_news(change, view.task_id) for change in delta.changes):
                view = own_task(who, view.task_id)
            else:
                time.sleep(_BETWEEN_LOOKS_S)
        return view
    finally:
        subscription.close()


def _is_news(change: Change, task_id: str) -> bool:
    return change.thing_id == task_id and change.what is What.STATE


def _kept_on_trouble(who: Principal, sent: _Sent, work: Callable[[], T]) -> T:
    """Do the work with an upload. Where the pool is to blame, the upload stays and the error says how to go on."""
    try:
        return work()
    except (StorageFull, StorageUnavailable, Busy) as error:
        note = f'Your upload is kept for a day: send {{"bundle": "{sent.sha256}"}} instead of the zip.'
        error.fix = f"{error.fix} {note}".strip()
        raise
    except HiveMindError:
        if not _by_name():
            uploads().discard(who.user_id, sent.sha256)
        raise


def _by_name() -> bool:
    """Tell whether the zip was uploaded before: then it is its owner's to throw away."""
    return bool(getattr(request, "by_name", False))


@contextmanager
def _received(who: Principal) -> Iterator[_Sent]:
    """Take the request's body in. Who may not submit is refused before a byte of it is read."""
    require(who, Action.TASK_SUBMIT)
    if request.mimetype == "application/json":
        fields = _json_fields()
    else:
        fields, sha256 = _form_fields(who)
        if sha256:
            with uploads().using(who.user_id, sha256) as path:
                yield _Sent(path, sha256, _clean(fields))
            return
    name = str(fields.get("bundle", ""))
    if not is_sha256(name):
        raise Invalid(
            "There is no zip in this request.",
            [
                Problem(
                    code="TASK_FILE_MISSING",
                    key="task_file",
                    reason="A task needs a zip.",
                    fix="Send it in the part task_file, or the SHA-256 of one that you uploaded as bundle.",
                )
            ],
            code="TASK_FILE_MISSING",
        )
    request.by_name = True  # type: ignore[attr-defined]
    with uploads().using(who.user_id, name) as path:
        yield _Sent(path, name, _clean(fields))


def _json_fields() -> dict[str, object]:
    request.max_content_length = _FORM_BYTES
    fields = request.get_json()
    if not isinstance(fields, dict):
        raise Invalid("The body must be an object.", code="JSON_INVALID", fix='Send {"bundle": SHA256, ...}.')
    return fields


def _form_fields(who: Principal) -> tuple[dict[str, object], str]:
    """Read a form; return its fields and the SHA-256 of the zip in it, empty when there was none."""
    announced = request.content_length or 0
    if announced > MAX_ZIP_BYTES + _FORM_BYTES:
        raise TooLarge(
            f"This request is {announced:,} bytes; a zip may have {MAX_ZIP_BYTES:,}.",
            code="ZIP_TOO_LARGE",
            fix="Leave out what the task does not read.",
        )
    request.max_content_length = MAX_ZIP_BYTES + _FORM_BYTES
    uploads().admit(who.user_id, announced)
    with uploads().writer(who.user_id) as writer:
        form = read_form(request.content_type or "", request.stream, writer)
        fields: dict[str, object] = {"file_name": form.zip_name, **form.texts}
        return fields, writer.finish()[0] if form.zip_name else ""


def _clean(fields: dict[str, object]) -> dict[str, object]:
    kept = {name: value for name, value in fields.items() if name not in _OURS}
    params = kept.get("params")
    if isinstance(params, str) and params.strip():
        try:
            kept["params"] = json.loads(params)
        except (ValueError, RecursionError) as error:
            raise Invalid(
                "params cannot be read.",
                [
                    Problem(
                        code="FIELD_INVALID", key="params", reason="It is no JSON.", fix='Send {"name": value}.'
                    )
                ],
                code="FIELD_INVALID",
            ) from error
    return kept
