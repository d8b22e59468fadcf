"""Credits: balance, ledger, sending, and why an amount is what it is."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from core.domain.errors import Invalid, Problem
from core.domain.ledger import Code, user_account
from core.domain.user import Action, require
from master_app.ledger.explain import explain_amount
from master_app.ledger.statements import receipts, to_csv, to_json_lines
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done, needed_idempotency_key, number_cursor
from master_app.web.api.results import disposition
from master_app.web.identity import caller, services, signed_in

bp = blueprint("money", "Money")

_EXPORT_ANSWERS: Final[Any] = {
    200: {"description": "The rows.", "content": {"application/x-ndjson": {}, "text/csv": {}}},
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
}


@bp.get("/balance")
@signed_in
@bp.output(schemas.BalanceOut)
@bp.doc(summary="What you have", responses=[401, 403])
def balance() -> Any:
    """What is held for running tasks is not in it."""
    account = services().money.balance(caller())
    return {
        "balance": shapes.money(account.balance_ucpt),
        "entries": account.entries,
        "head": account.head,
    }


@bp.get("/ledger")
@signed_in
@bp.input(schemas.LedgerQuery, location="query")
@bp.output(schemas.LedgerPage)
@bp.doc(summary="Your transfers, newest first", responses=[401, 403])
def ledger(query_data: dict[str, Any]) -> Any:
    who = caller()
    require(who, Action.MONEY_READ)
    code = query_data["code"].strip().upper()
    if code and code not in Code.__members__:
        raise Invalid(
            "There is no such kind of transfer.",
            [Problem(code="CODE_UNKNOWN", key="code", reason="It is unknown.", fix=f"One of {', '.join(Code)}.")],
        )
    cursor = number_cursor(query_data["cursor"])
    found = services().ledger.page(
        account_id=user_account(who.user_id),
        codes=(Code(code),) if code else (),
        task_id=query_data["task"],
        since_ms=shapes.instant_ms(query_data["since"], "since"),
        until_ms=shapes.instant_ms(query_data["until"], "until"),
        cursor=cursor,
        limit=query_data["limit"],
    )
    return shapes.page([shapes.ledger_row(row, who.user_id) for row in found.items], found.next)


@bp.get("/ledger/export")
@signed_in
@bp.input(schemas.FormatQuery, location="query")
@bp.doc(
    summary="Your whole statement, which `ledger verify` checks",
    responses=_EXPORT_ANSWERS,
)
def export(query_data: dict[str, Any]) -> Any:
    """JSON lines, or CSV with `format=csv`. Each row is a receipt that verifies without the pool."""
    who = caller()
    require(who, Action.MONEY_READ)
    account_id = user_account(who.user_id)
    rows = receipts(services().ledger, account_id)
    if query_data["format"] == "csv":
        headers = {"Content-Disposition": disposition(f"ledger-{who.username}.csv")}
        return Response(to_csv(rows), mimetype="text/csv", headers=headers)
    headers = {"Content-Disposition": disposition(f"ledger-{who.username}.jsonl")}
    return Response(to_json_lines(rows, account_id), mimetype="application/x-ndjson", headers=headers)


@bp.get("/ledger/<path:transfer_id>/explain")
@signed_in
@bp.output(schemas.ExplanationOut)
@bp.doc(summary="Why an amount is what it is", responses=[401, 403, 404])
def explain(transfer_id: str) -> Any:
    """The formula with its inputs filled in, by the rates of its day."""
    who = caller()
    require(who, Action.MONEY_READ)
    found = explain_amount(services().ledger, who, transfer_id[:200])
    return {
        "transfer": shapes.transfer(found.transfer, who.user_id),
        "summary": found.summary,
        "lines": list(found.lines),
    }


@bp.post("/transfer")
@signed_in
@bp.input(schemas.TransferIn, location="json")
@bp.output(schemas.TransferOut, status_code=201)
@bp.doc(
    summary="Send credits to another user",
    responses=[401, 402, 403, 404, 409],
)
def transfer(json_data: dict[str, Any]) -> Any:
    """Needs an Idempotency-Key: the same key with the same content moves money once."""
    who = caller()
    require(who, Action.MONEY_SEND)
    key = needed_idempotency_key()
    amount = shapes.amount_ucpt(json_data["amount"])
    sent = done(services().money.send(who, json_data["to"], amount, key))
    return shapes.transfer(sent, who.user_id)
