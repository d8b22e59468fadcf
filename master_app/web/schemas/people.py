"""Shapes of users, quotas and invitations."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Float,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, Range

from core.domain.user import Role, UserState
from master_app.web.schemas.base import Money, PageQuery, amount, moment, one_of, page_of, text


class UserRowOut(Schema):
    """A user as operators see one; and as everybody's own export has it."""

    user_id = String(required=True)
    username = String(required=True)
    roles = List(one_of(Role), required=True)
    state = one_of(UserState, required=True)
    state_reason = String(required=True)
    created_at = moment()
    last_login_at = moment()
    password_at = moment()
    language = String(required=True)
    has_own_quota = Boolean(required=True)
    balance = Nested(Money, required=True)


class UserDetailOut(UserRowOut):
    """One user by itself."""


class NewUserIn(Schema):
    username = String(required=True, validate=Length(1, 80))
    password = String(required=True, validate=Length(1, 1024))
    roles = List(one_of(Role), required=True, validate=Length(1, 3))


class RolesIn(Schema):
    roles = List(one_of(Role), required=True, validate=Length(1, 3))


class ResetLinkOut(Schema):
    link = text("A bearer secret: shown now and never again. `link` of POST /api/v1/login.", required=True)
    expires_at = moment()


class QuotaOut(Schema):
    queued_tasks = Integer(required=True, allow_none=True)
    queued_subtasks = Integer(required=True, allow_none=True)
    storage_bytes = Integer(required=True, allow_none=True)
    running_cores = Float(required=True, allow_none=True)
    spend_day = Nested(Money, required=True, allow_none=True)


class QuotaIn(Schema):
    """A bound that is null is none."""

    queued_tasks = Integer(allow_none=True, validate=Range(0, 10**9))
    queued_subtasks = Integer(allow_none=True, validate=Range(0, 10**12))
    storage_bytes = Integer(allow_none=True, validate=Range(0, 2**60))
    running_cores = Float(allow_none=True, validate=Range(0.001, 1_000_000))
    spend_day = amount(allow_none=True)


class QuotaUseOut(QuotaOut):
    """What is used of each bound."""


class StandingOut(Schema):
    quota = Nested(QuotaOut, required=True)
    used = Nested(QuotaUseOut, required=True)
    is_own = Boolean(required=True, metadata={"description": "False: the pool's default holds."})


class InviteIn(Schema):
    roles = List(one_of(Role), load_default=lambda: ["submitter", "provider"], validate=Length(1, 3))
    uses = Integer(load_default=1, validate=Range(1, 10_000))
    expires_days = Integer(load_default=7, validate=Range(1, 366))


class InviteOut(Schema):
    invite_id = String(required=True)
    roles = List(one_of(Role), required=True)
    uses_left = Integer(required=True)
    created_at = moment()
    expires_at = moment()


class InviteMadeOut(InviteOut):
    invite = text("A bearer secret: shown now and never again.", required=True)


UserPage = page_of(UserRowOut)


InvitePage = page_of(InviteOut)


class UsersQuery(PageQuery):
    name = text("Part of a user's name.", load_default="", validate=Length(max=80))
