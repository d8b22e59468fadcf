"""Shapes of asks for credits."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Nested, String
from apiflask.validators import Length

from core.domain.asks import MAX_WORDS, AskState
from master_app.web.schemas.base import Money, amount, moment, one_of, page_of


class AskIn(Schema):
    words = String(required=True, validate=Length(1, MAX_WORDS))


class AskOut(Schema):
    ask_id = String(required=True)
    at = moment()
    words = String(required=True)
    state = one_of(AskState, required=True)
    answered_at = moment()
    amount = Nested(Money, required=True)
    answer = String(required=True)


class OpenAskOut(AskOut):
    username = String(allow_none=True)
    balance = Nested(Money, required=True)


class AnswerIn(Schema):
    amount = amount(required=True)
    words = String(load_default="", validate=Length(0, MAX_WORDS))


OpenAskPage = page_of(OpenAskOut)
