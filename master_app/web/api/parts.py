"""What the subjects share: waiting for a future, the caller's own things, one way to document."""

from __future__ import annotations

import re
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from apiflask import APIBlueprint
from flask import request

from core.domain.errors import Invalid, NotFound, Problem
from core.domain.ids import is_ulid
from core.domain.user import Action, Principal, require
from core.domain.views import TaskView
from master_app.web.identity import services
from master_app.web.schemas import ProblemDocument

T = TypeVar("T")
WAIT_S: Final = 30.0
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def done(future: Future[T]) -> T:
    """Wait until a service has committed. Raises what it raised, TimeoutError after 30 s."""
    return future.result(WAIT_S)


def problem(description: str) -> dict[str, Any]:
    """Describe an answer that is a problem document, for the OpenAPI document."""
    return {"description": description, "content": {"application/problem+json": {"schema": ProblemDocument}}}


def blueprint(name: str, tag: str) -> APIBlueprint:
    return APIBlueprint(name, __name__, tag=tag, url_prefix="/api/v1")


def owner_filter(who: Principal) -> str | None:
    """Return whose tasks the caller sees; None: everybody's."""
    require(who, Action.TASK_READ)
    return None if who.may(Action.TASK_READ_ANY) else who.user_id


def own_task(who: Principal, task_id: str) -> TaskView:
    """Return a task that the caller may see; anybody else's is as if it were not there."""
    owner_id = owner_filter(who)
    view = services().tasks.task(task_id, owner_id=owner_id) if is_ulid(task_id) else None
    if view is None:
        raise no_such_task()
    return view


def no_such_task() -> NotFound:
    return NotFound("There is no such task.", code="TASK_NOT_FOUND", fix="See GET /api/v1/tasks for yours.")


def needed_idempotency_key() -> str:
    """Return the header Idempotency-Key of a request that moves money. Raises Invalid without one."""
    key = idempotency_key()
    if not key:
        raise Invalid(
            "This request needs an Idempotency-Key.",
            code="IDEMPOTENCY_KEY_MISSING",
            fix="Send the header Idempotency-Key, a new one for each transfer.",
        )
    return key


def number_cursor(text: str | None) -> str | None:
    """Return a cursor that is a number of a row. Raises Invalid."""
    if not text or (text.isascii() and text.isdigit() and len(text) <= 18):
        return text or None
    raise bad_cursor()


def bad_cursor() -> Invalid:
    return Invalid(
        "This is no cursor.",
        [
            Problem(
                code="CURSOR_INVALID", key="cursor", reason="It names no page.", fix="Pass the `next` of a page."
            )
        ],
        code="CURSOR_INVALID",
    )


def idempotency_key() -> str:
    """Return the header Idempotency-Key, empty when there is none. Raises Invalid."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise Invalid(
            "The Idempotency-Key cannot be used.",
            code="IDEMPOTENCY_KEY_INVALID",
            fix="Send 1 to 200 printable characters, a new key for each request that is meant once.",
        )
    return key
