"""Asking for credits, and the operators' answers."""

from __future__ import annotations

from typing import Any

from core.domain.asks import CreditAsk
from core.domain.errors import NotFound
from core.domain.ledger import user_account
from master_app.web import shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import STRICT, limited
from master_app.web.schemas import asks as schemas

bp = blueprint("asks", "Money")


def _ask(ask: CreditAsk) -> shapes.Json:
    return {
        "ask_id": ask.ask_id,
        "at": shapes.moment(ask.at_ms),
        "words": ask.words,
        "state": ask.state.value,
        "answered_at": shapes.moment(ask.answered_ms),
        "amount": shapes.money(ask.amount_ucpt),
        "answer": ask.answer,
    }


@bp.get("/credit-asks/own")
@signed_in
@bp.output(schemas.AskOut)
@bp.doc(summary="Your newest ask for credits", responses=[401, 403, 404])
def own_ask() -> Any:
    found = services().asks.own(caller())
    if found is None:
        raise NotFound("You have not asked for credits.", code="ASK_NOT_FOUND")
    return _ask(found)


@bp.post("/credit-asks")
@limited(STRICT)
@signed_in
@bp.input(schemas.AskIn, location="json")
@bp.output(schemas.AskOut, status_code=201)
@bp.doc(summary="Ask the operators for credits", responses=[401, 403, 409, 429])
def ask_for_credits(json_data: dict[str, Any]) -> Any:
    """With a sentence. One ask at a time; the answer comes as a notice."""
    return _ask(done(services().asks.ask(caller(), json_data["words"])))


@bp.delete("/credit-asks/own")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Take your open ask back", responses=[401, 403, 404])
def take_back() -> Any:
    done(services().asks.take_back(caller()))
    return ""


@bp.get("/credit-asks")
@signed_in
@bp.output(schemas.OpenAskPage)
@bp.doc(summary="Asks that wait for an answer, oldest first", responses=[401, 403])
def open_asks() -> Any:
    found = services().asks.open(caller())
    names = services().audit.names(ask.user_id for ask in found)
    rows = [
        {
            **_ask(ask),
            "username": names.get(ask.user_id),
            "balance": shapes.money(services().ledger.account(user_account(ask.user_id)).balance_ucpt),
        }
        for ask in found
    ]
    return shapes.page(rows, None)


@bp.post("/credit-asks/<ask_id>/answer")
@signed_in
@bp.input(schemas.AnswerIn, location="json")
@bp.output(schemas.AskOut)
@bp.doc(summary="Grant credits, or decline with words", responses=[401, 403, 404, 409])
def answer_ask(ask_id: str, json_data: dict[str, Any]) -> Any:
    """An amount of 0 declines and needs `words`."""
    amount = shapes.amount_ucpt(json_data["amount"])
    answer = services().asks.answer(caller(), ask_id, amount_ucpt=amount, words=json_data["words"])
    return _ask(done(answer))
