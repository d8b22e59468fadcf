"""Shapes of the pool: its rules, health, conditions, audit log."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf

from core.domain.user import SignUp
from master_app.web.schemas.base import Money, TimesQuery, amount, moment, one_of, page_of, text
from master_app.web.schemas.people import QuotaIn, QuotaOut


class HealthOut(Schema):
    status = String(required=True)
    reason = String()


class ConditionOut(Schema):
    code = String(required=True, metadata={"description": "Stable name."})
    subject = String(required=True, metadata={"description": "Which one: a node, a folder, a blob; or empty."})
    gravity = String(required=True, validate=OneOf(["notice", "warning", "alert"]))
    what = String(required=True)
    at_risk = String(required=True)
    next = String(required=True, metadata={"description": "What will happen by itself."})
    fix = String(required=True, metadata={"description": "What a person can do; empty: nothing is needed."})
    since = String(required=True)
    until = String(required=True, allow_none=True, metadata={"description": "null while it holds."})


class ConditionsOut(Schema):
    current = List(Nested(ConditionOut), required=True)
    ended = List(Nested(ConditionOut), required=True)


class PoolOut(Schema):
    name = String(required=True)
    version = String(required=True)
    api = String(required=True)
    sign_up = one_of(SignUp, required=True)


class PoolRulesOut(Schema):
    sign_up = one_of(SignUp, required=True)
    sign_up_grant = Nested(Money, required=True)
    user_quota = Nested(QuotaOut, required=True)
    pool_quota = Nested(QuotaOut, required=True)


class PoolRulesIn(Schema):
    sign_up = one_of(SignUp)
    sign_up_grant = amount()
    user_quota = Nested(QuotaIn)
    pool_quota = Nested(QuotaIn)


class AuditRowOut(Schema):
    sequence = Integer(required=True)
    at = moment()
    actor_id = text("Empty: nobody who was signed in, or the owner of the data folder.", required=True)
    actor = text("The user's name, where there still is one.", allow_none=True)
    action = String(required=True)
    subject = String(required=True)
    subject_name = String(allow_none=True)
    details = String(required=True)
    origin = String(required=True)
    hash = String(required=True)


class AuditCheckOut(Schema):
    sound = Boolean(required=True)
    rows = Integer(required=True)
    head = String(required=True)
    misfit = Integer(allow_none=True, metadata={"description": "The first row that does not fit."})
    summary = String(required=True)


AuditPage = page_of(AuditRowOut)


class AuditQuery(TimesQuery):
    actor = text("The name of who did it.", load_default="", validate=Length(max=80))
    action = text("The beginning of what was done.", load_default="", validate=Length(max=80))
    subject = text("The id of what it was done to.", load_default="", validate=Length(max=200))
    text = text("Part of the details or the origin.", load_default="", validate=Length(max=200))
