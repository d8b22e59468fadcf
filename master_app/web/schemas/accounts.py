"""Shapes of one's own account: signing in, tokens, leaving."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf, Range

from core.domain.user import Scope
from master_app.web.schemas.base import Money, moment, one_of, page_of, text


class RegisterIn(Schema):
    username = String(required=True, validate=Length(1, 80))
    password = String(required=True, validate=Length(1, 1024))
    invite = String(load_default="", validate=Length(max=200))
    language = String(load_default="", validate=Length(max=20))


class RegisteredOut(Schema):
    user_id = String(required=True)
    username = String(required=True)
    roles = List(String(), required=True)
    balance = Nested(Money, required=True)


class LoginIn(Schema):
    username = text("Left out with a one-use link.", load_default="", validate=Length(max=80))
    password = String(required=True, validate=Length(1, 1024))
    link = text(
        "A one-use login: signs in once and sets `password` as the new one.",
        load_default="",
        validate=Length(max=300),
    )


class UserOut(Schema):
    username = String(required=True)
    roles = List(String(), required=True)
    balance = Nested(Money, required=True)


class LoginOut(Schema):
    access_token = String(required=True)
    token_type = String(required=True, validate=OneOf(["bearer"]))
    expires_at = moment()
    user = Nested(UserOut, required=True)


class MeOut(Schema):
    user_id = String(required=True)
    username = String(required=True)
    roles = List(String(), required=True)
    scopes = List(String(), required=True)


class PasswordIn(Schema):
    old_password = String(required=True, validate=Length(1, 1024))
    new_password = String(required=True, validate=Length(1, 1024))


class TokenIn(Schema):
    name = String(required=True, validate=Length(1, 80))
    scopes = List(one_of(Scope), required=True, validate=Length(1, 20))
    expires_days = Integer(load_default=90, validate=Range(1, 366))


class TokenOut(Schema):
    token_id = String(required=True)
    kind = String(required=True)
    name = String(required=True)
    scopes = List(String(), required=True)
    created_at = moment()
    expires_at = moment()
    last_used_at = moment()
    origin = String()
    user_agent = String()
    current = Boolean()


class TokenMadeOut(Schema):
    token_id = String(required=True)
    token = text("Shown now and never again.", required=True)
    name = String(required=True)
    scopes = List(String(), required=True)
    expires_at = moment()


class DeleteAccountIn(Schema):
    password = String(required=True, validate=Length(1, 1024))


TokenPage = page_of(TokenOut)
