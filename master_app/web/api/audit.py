"""The audit log: search, export, replay. Operators only; the service checks it."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from master_app.ports.audit import AuditFilter
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, number_cursor
from master_app.web.api.results import disposition
from master_app.web.identity import caller, services, signed_in

bp = blueprint("audit", "Audit log")
_EXPORT_ANSWERS: Final[Any] = {
    200: {"description": "The rows, oldest first.", "content": {"application/x-ndjson": {}}},
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
}


@bp.get("/audit")
@signed_in
@bp.input(schemas.AuditQuery, location="query")
@bp.output(schemas.AuditPage)
@bp.doc(summary="Who did what to what, newest first", responses=[401, 403])
def list_audit(query_data: dict[str, Any]) -> Any:
    """`actor` is a user name; `action` the beginning of one, such as `user.` or `login`."""
    log = services().audit
    who = caller()
    wanted = AuditFilter(
        actor_id=log.actor_id(who, query_data["actor"]),
        action=query_data["action"],
        subject=query_data["subject"],
        text=query_data["text"],
        since_ms=shapes.instant_ms(query_data["since"], "since"),
        until_ms=shapes.instant_ms(query_data["until"], "until"),
    )
    found = log.page(who, wanted, cursor=number_cursor(query_data["cursor"]), limit=query_data["limit"])
    names = log.names([text for row in found.items for text in (row.fact.actor_id, row.fact.subject)])
    return shapes.page([shapes.audit_row(row, names) for row in found.items], found.next)


@bp.get("/audit/export")
@signed_in
@bp.doc(summary="The whole audit log, which `audit verify` checks", responses=_EXPORT_ANSWERS)
def export() -> Any:
    """JSON lines, oldest first. Each row hashes the one before it."""
    rows = services().audit.export(caller())
    headers = {"Content-Disposition": disposition("audit.jsonl")}
    return Response(rows, mimetype="application/x-ndjson", headers=headers)


@bp.get("/audit/verify")
@signed_in
@bp.output(schemas.AuditCheckOut)
@bp.doc(summary="Replay the audit log", responses=[401, 403])
def verify() -> Any:
    """Names the first row that does not fit. Keep `head` elsewhere: against it a cut at the end shows."""
    found = services().audit.verify(caller())
    return {
        "sound": found.misfit is None,
        "rows": found.rows,
        "head": found.head,
        "misfit": found.misfit,
        "summary": found.sentence,
    }
