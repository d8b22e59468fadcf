"""Notices: what happened while nobody looked, and where it is sent."""

from __future__ import annotations

from typing import Any

from core.domain.errors import NotFound
from core.domain.notices import Channel, Notice, NoticeSettings, Route
from master_app.notices.book import kinds_of
from master_app.web import shapes
from master_app.web.api.parts import blueprint, done, number_cursor
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import STRICT, limited
from master_app.web.schemas import notices as schemas

bp = blueprint("notices", "Notices")


def _notice(notice: Notice) -> shapes.Json:
    return {
        "notice_id": notice.sequence,
        "kind": notice.kind.value,
        "at": shapes.moment(notice.at_ms),
        "task_id": notice.subject or None,
        "is_read": bool(notice.read_ms),
        "text": services().notices.said(notice),
        "values": dict(notice.values),
    }


def _route(route: Route) -> shapes.Json:
    return {
        "address": route.address or None,
        "kinds": sorted(kind.value for kind in route.kinds),
        "confirmed": route.confirmed,
        "problem": route.problem or None,
    }


def _settings(settings: NoticeSettings) -> shapes.Json:
    return {
        "has_mail_server": services().notices.has_mail,
        "mail": _route(settings.mail),
        "webhook": _route(settings.webhook),
        "low_balance": shapes.money(settings.low_ucpt),
    }


def _channel(name: str) -> Channel:
    if name not in set(Channel):
        raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND", fix="mail or webhook.")
    return Channel(name)


@bp.get("/notices")
@signed_in
@bp.input(schemas.NoticesQuery, location="query")
@bp.output(schemas.NoticePage)
@bp.doc(summary="What happened, newest first", responses=[401, 403])
def list_notices(query_data: dict[str, Any]) -> Any:
    """Tasks that are done, failed or held, a low balance, results about to expire. 200 of them are kept for 90
    days. New ones are told by GET /api/v1/events as `notice`.
    """
    found = services().notices.page(
        caller(),
        unread=query_data["unread"],
        cursor=number_cursor(query_data["cursor"]),
        limit=query_data["limit"],
    )
    return shapes.page([_notice(notice) for notice in found.items], found.next)


@bp.post("/notices/read")
@signed_in
@bp.input(schemas.NoticesReadIn, location="json")
@bp.output(schemas.ReadOut)
@bp.doc(summary="Mark notices as read", responses=[401, 403])
def read_notices(json_data: dict[str, Any]) -> Any:
    """All up to this one."""
    return {"count": done(services().notices.mark_read(caller(), json_data["up_to"]))}


@bp.get("/notices/settings")
@signed_in
@bp.output(schemas.NoticeSettingsOut)
@bp.doc(summary="Where notices go", responses=[401, 403])
def notice_settings() -> Any:
    return _settings(services().notices.settings(caller()))


@bp.patch("/notices/settings")
@signed_in
@bp.input(schemas.NoticeSettingsIn, location="json")
@bp.output(schemas.NoticeSettingsOut)
@bp.doc(summary="Choose which notices go where", responses=[401, 403])
def choose_notices(json_data: dict[str, Any]) -> Any:
    """What is not named stays. `low_balance` 0: no warning."""
    mail, webhook = (
        kinds_of(json_data[name]) if name in json_data else None for name in ("mail_kinds", "webhook_kinds")
    )
    low = shapes.amount_ucpt(json_data["low_balance"]) if "low_balance" in json_data else None
    chosen = services().notices.choose(caller(), mail_kinds=mail, webhook_kinds=webhook, low_ucpt=low)
    return _settings(done(chosen))


@bp.put("/notices/mail")
@limited(STRICT)
@signed_in
@bp.input(schemas.MailIn, location="json")
@bp.output(schemas.NoticeSettingsOut)
@bp.doc(summary="Send a code to a mail address", responses=[401, 403, 409, 429])
def set_mail(json_data: dict[str, Any]) -> Any:
    """Notices go there once the code was given to POST /api/v1/notices/mail/confirm."""
    return _settings(done(services().notices.set_mail(caller(), json_data["address"])))


@bp.post("/notices/mail/confirm")
@limited(STRICT)
@signed_in
@bp.input(schemas.MailCodeIn, location="json")
@bp.output(schemas.NoticeSettingsOut)
@bp.doc(summary="Confirm the mail address", responses=[401, 403, 429])
def confirm_mail(json_data: dict[str, Any]) -> Any:
    return _settings(done(services().notices.confirm_mail(caller(), json_data["code"])))


@bp.put("/notices/webhook")
@limited(STRICT)
@signed_in
@bp.input(schemas.WebhookIn, location="json")
@bp.output(schemas.WebhookOut)
@bp.doc(summary="Post notices to an address", responses=[401, 403, 429])
def set_webhook(json_data: dict[str, Any]) -> Any:
    """It must be https:// and on the internet, unless an operator opened a network. Each post is signed:
    `HiveMind-Signature: t=<unix time>,v1=<hex>` is HMAC-SHA256 with the secret over `<t>.<body>`. Setting the
    address again makes a new secret.
    """
    secret = done(services().notices.set_webhook(caller(), json_data["url"]))
    return {"url": json_data["url"], "secret": secret}


@bp.delete("/notices/channels/<channel>")
@signed_in
@bp.output(schemas.NoticeSettingsOut)
@bp.doc(summary="Switch a channel off", responses=[401, 403, 404])
def switch_off(channel: str) -> Any:
    return _settings(done(services().notices.switch_off(caller(), _channel(channel))))


@bp.post("/notices/channels/<channel>/test")
@limited(STRICT)
@signed_in
@bp.output(schemas.ChannelTestOut)
@bp.doc(summary="Send a test", responses=[401, 403, 404, 409, 429])
def test_channel(channel: str) -> Any:
    problem = done(services().notices.test(caller(), _channel(channel)))
    return {"arrived": not problem, "problem": problem or None}
