"""Events over plain WSGI: what changed since a commit, in one short answer.

The daemon's own server answers the same address with a stream that stays open (`master_app.web.live`). Both say
the same lines, so a reader that comes back with Last-Event-ID notices no difference but the pauses.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request

from core.domain.user import Action, require
from master_app.feed import Audience
from master_app.web.api.parts import blueprint
from master_app.web.identity import caller, services, signed_in
from master_app.web.live import changes_of, event_text

bp = blueprint("events", "Events")


@bp.get("/events")
@signed_in
@bp.doc(summary="What changes, as server-sent events", responses=[401, 403])
def events() -> Any:
    """`hello`, then `change` with kind (task, node, notice, audit), id and what (state, progress), at most once a
    second, `pulse` when nothing did, `reset` when too much was missed: then read what you show again. Ids are
    commit numbers; come back with Last-Event-ID or `after` to miss nothing.
    """
    who = caller()
    require(who, Action.TASK_READ)
    feed = services().feed
    given = request.headers.get("Last-Event-ID", "") or request.args.get("after", "")
    after = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else feed.commit_number
    delta = feed.changes(Audience(who.user_id, is_operator=who.may(Action.TASK_READ_ANY)), after)
    said = event_text("hello", after)
    if delta.reset:
        said += event_text("reset", delta.commit)
    elif delta.changes:
        said += event_text("change", delta.commit, changes=changes_of(delta))
    return Response(said, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})
