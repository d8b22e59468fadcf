"""Shapes of notices and where they go."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, Dict, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range

from core.domain.notices import NoticeKind
from master_app.web.schemas.base import Money, PageQuery, amount, moment, one_of, page_of, text

_KINDS = [kind.value for kind in NoticeKind]


class NoticeOut(Schema):
    notice_id = Integer(required=True)
    kind = one_of(NoticeKind, required=True)
    at = moment()
    task_id = String(allow_none=True)
    is_read = Boolean(required=True)
    text = text("One sentence for people.")
    values = Dict(keys=String(), values=Raw(), metadata={"description": "Names, counts, amounts in micro-CPT."})


class NoticesQuery(PageQuery):
    unread = Boolean(load_default=False)


class NoticesReadIn(Schema):
    up_to = Integer(required=True, validate=Range(0, 1 << 53), metadata={"description": "A notice_id."})


class ReadOut(Schema):
    count = Integer(required=True)


class RouteOut(Schema):
    address = String(allow_none=True)
    kinds = List(String(), required=True)
    confirmed = Boolean(required=True)
    problem = String(allow_none=True)


class NoticeSettingsOut(Schema):
    has_mail_server = Boolean(required=True)
    mail = Nested(RouteOut, required=True)
    webhook = Nested(RouteOut, required=True)
    low_balance = Nested(Money, required=True)


class NoticeSettingsIn(Schema):
    mail_kinds = List(String(validate=OneOf(_KINDS)), validate=Length(0, 20))
    webhook_kinds = List(String(validate=OneOf(_KINDS)), validate=Length(0, 20))
    low_balance = amount()


class MailIn(Schema):
    address = String(required=True, validate=Length(3, 254))


class MailCodeIn(Schema):
    code = String(required=True, validate=Length(1, 40), load_only=True)


class WebhookIn(Schema):
    url = String(required=True, validate=Length(8, 500))


class WebhookOut(Schema):
    url = String(required=True)
    secret = text("Signs each post; shown once.")


class ChannelTestOut(Schema):
    arrived = Boolean(required=True)
    problem = String(allow_none=True)


NoticePage = page_of(NoticeOut)
