"""Shapes of balances, transfers and the ledger."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length

from master_app.web.schemas.base import Money, TimesQuery, amount, moment, page_of, text


class BalanceOut(Schema):
    balance = Nested(Money, required=True)
    entries = Integer(required=True)
    head = text("Hash of the newest receipt of the account: keep a copy to prove what came before it.")


class TransferIn(Schema):
    to = text("A user name.", required=True, validate=Length(1, 80))
    amount = amount(required=True)


class TransferOut(Schema):
    transfer_id = String(required=True)
    code = String(required=True)
    amount = Nested(Money, required=True)
    change = Nested(Money, required=True)
    debit = String(required=True)
    credit = String(required=True)
    at = moment()
    task_id = String(allow_none=True)
    index = Integer(allow_none=True)
    attempt_id = String(allow_none=True)
    rule_version = Integer()
    failure = String(allow_none=True)
    pending_id = String(allow_none=True)


class LedgerRowOut(TransferOut):
    sequence = Integer(required=True)
    hash = String(required=True)


class ExplanationOut(Schema):
    transfer = Nested(TransferOut, required=True)
    summary = String(required=True)
    lines = List(String(), required=True)


class GrantIn(Schema):
    amount = amount(required=True)


LedgerPage = page_of(LedgerRowOut)


class LedgerQuery(TimesQuery):
    code = text("Only this kind of transfer.", load_default="", validate=Length(max=40))
    task = text("Only of this task.", load_default="", validate=Length(max=40))
