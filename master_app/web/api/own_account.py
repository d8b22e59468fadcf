"""What is kept of the caller: quota, everything as one file, and forgetting it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from flask import Response

from core.domain.audit import AuditRow
from core.domain.ledger import user_account
from core.domain.user import Action, Principal, require
from master_app.ports.audit import AuditFilter
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.api.results import disposition
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import STRICT, limited
from master_app.web.services import WebServices

bp = blueprint("own_account", "Accounts")
_ROWS_AT_ONCE: Final = 200
_EXPORT_ANSWERS: Final[Any] = {
    200: {"description": "Everything that is kept of you.", "content": {"application/json": {}}},
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
}


@bp.get("/quota")
@signed_in
@bp.output(schemas.StandingOut)
@bp.doc(summary="What you may use, and use", responses=[401, 403])
def own_quota() -> Any:
    return shapes.standing(done(services().quotas.standing(caller())))


@bp.get("/account/export")
@limited(STRICT)
@signed_in
@bp.doc(summary="Everything that is kept of you, as one file", responses=_EXPORT_ANSWERS)
def export() -> Any:
    """Account, tokens (without their secrets), tasks, transfers, and what the audit log says that you did. The
    results of tasks are files of their own: GET /api/v1/tasks/{id}/result.
    """
    who = caller()
    require(who, Action.ACCOUNT_CHANGE)
    headers = {"Content-Disposition": disposition(f"hivemind-{who.username}.json")}
    return Response(_everything(services(), who), mimetype="application/json", headers=headers)


@bp.delete("/account")
@limited(STRICT)
@signed_in
@bp.input(schemas.DeleteAccountIn, location="json")
@bp.output({}, status_code=204)
@bp.doc(summary="Delete your account", responses=[401, 403, 409, 429])
def delete_account(json_data: dict[str, Any]) -> Any:
    """Name, password and tokens go at once; your id stays in the ledger, which stays whole. Credits that are left
    are given up. Refused while tasks of yours have not ended or nodes are yours.
    """
    done(services().people.delete_own(caller(), json_data["password"]))
    return ""


def _everything(using: WebServices, who: Principal) -> Iterator[str]:
    account_id = user_account(who.user_id)
    user = shapes.user(using.people.me(who), using.ledger.account(account_id).balance_ucpt)
    tokens = [shapes.token(record, who.token_id) for record in using.sign_in.tokens(who)]
    yield json.dumps({"user": user, "tokens": tokens}, ensure_ascii=False)[:-1]
    transfers = (shapes.ledger_row(row, who.user_id) for row in using.ledger.rows(account_id=account_id))
    for name, rows in (("tasks", _tasks(using, who)), ("transfers", transfers), ("acts", _acts(using, who))):
        yield f', "{name}": ['
        yield from _joined(rows)
        yield "]"
    yield "}\n"


def _joined(rows: Iterable[shapes.Json]) -> Iterator[str]:
    separator = ""
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"


def _tasks(using: WebServices, who: Principal) -> Iterator[shapes.Json]:
    cursor: str | None = None
    while True:
        found = using.tasks.tasks(owner_id=who.user_id, cursor=cursor, limit=_ROWS_AT_ONCE)
        for view in found.items:
            yield {**shapes.task(view), "manifest": using.tasks.resolved_manifest(view.task_id)}
        cursor = found.next
        if cursor is None:
            return


def _acts(using: WebServices, who: Principal) -> Iterator[shapes.Json]:
    def pages() -> Iterator[AuditRow]:
        cursor: str | None = None
        while True:
            found = using.audit.own_page(who, AuditFilter(), cursor=cursor, limit=_ROWS_AT_ONCE)
            yield from found.items
            cursor = found.next
            if cursor is None:
                return

    for row in pages():
        yield shapes.audit_row(row, {who.user_id: who.username})
