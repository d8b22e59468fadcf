"""Notices: the list behind the bell, and what is sent where."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from core.domain.errors import HiveMindError, Invalid
from core.domain.ledger import format_cpt, parse_cpt
from core.domain.notices import Channel, Notice, NoticeKind
from core.domain.user import Principal
from master_app.notices.book import kinds_of
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.limits import STRICT, limited
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.language import language
from master_app.web.pages.notice_words import KINDS, sentence
from master_app.web.pages.sentences import said, said_all
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("notices")
_PAGE: Final = 30


@bp.get("/notices")
def show() -> Any:
    """What happened, newest first."""
    who = signed_in_visitor()
    before = request.args.get("before", "")
    cursor = before if before.isascii() and before.isdigit() and len(before) <= 15 else None
    page = services().notices.page(who, cursor=cursor, limit=_PAGE)
    newest = page.items[0].sequence if page.items else 0
    return render_template(
        "notices.html", page=page, newest=newest, older=cursor is not None, kinds=KINDS, sentence=sentence
    )


@bp.get("/notices/<int:sequence>")
def open_one(sequence: int) -> Any:
    """Go to what a notice is about. The list up to it counts as read when its reader says so there."""
    notice = services().notices.notice(signed_in_visitor(), sequence)
    return redirect(_where(notice), 303)


def _where(notice: Notice) -> str:
    if notice.kind is NoticeKind.CREDITS_ASKED:
        return url_for("page_asks.asks")
    if notice.kind is NoticeKind.CREDITS_ANSWERED:
        return url_for("page_asks.show")
    if notice.kind is NoticeKind.LOW_BALANCE:
        return url_for("page_balance.show")
    if notice.kind is NoticeKind.EXPIRING and notice.values.get("count", 1) != 1:
        return url_for("page_tasks.list_tasks", show="done")
    task_id = notice.subject or str(notice.values.get("task_id", ""))
    return url_for("page_tasks.show", task_id=task_id) if task_id else url_for("page_notices.show")


@bp.post("/notices/read")
def read() -> Any:
    """Everything up to the newest line that the reader saw is read."""
    up_to = min(max(request.form.get("up_to", 0, int), 0), 1 << 53)
    done(services().notices.mark_read(signed_in_visitor(), up_to))
    return back_to("page_notices.show")


@bp.get("/notices/fresh")
def fresh() -> Any:
    """What came behind a line, for the browser's own notices. Asked by our script alone."""
    after = min(max(request.args.get("after", 0, int), 0), 1 << 53)
    found = services().notices.after(signed_in_visitor(), after)
    return {
        "items": [
            {
                "sequence": notice.sequence,
                "title": str(KINDS[notice.kind]),
                "text": sentence(notice),
                "url": url_for("page_notices.open_one", sequence=notice.sequence),
            }
            for notice in found
        ]
    }


# ---- settings


@bp.get("/notices/settings")
def settings() -> Any:
    """Where notices go, and which."""
    return _settings(signed_in_visitor())


def _settings(who: Principal, secret: str = "", errors: dict[str, str] | None = None, status: int = 200) -> Any:
    book = services().notices
    found = book.settings(who)
    listed = book.page(who, cursor=None, limit=1).items
    kinds = {kind: look for kind, look in KINDS.items() if who.is_operator or kind is not NoticeKind.CREDITS_ASKED}
    page = render_template(
        "notice_settings.html",
        settings=found,
        newest=listed[0].sequence if listed else 0,
        low=format_cpt(found.low_ucpt),
        has_mail=book.has_mail,
        kinds=kinds,
        secret=secret,
        errors=errors or {},
        form=request.form,
    )
    return page, status


def _refused(who: Principal, error: HiveMindError, field: str) -> Any:
    found = [error.problems[0].reason] if isinstance(error, Invalid) and error.problems else [error.message]
    return _settings(who, errors={field: said_all(*found)}, status=422)


@bp.post("/notices/settings")
def choose() -> Any:
    """Choose what is sent, and below which balance a warning comes."""
    who = signed_in_visitor()
    form = request.form
    try:
        low = parse_cpt(form.get("low", "").strip()[:30] or "0")
        chosen = services().notices.choose(
            who,
            mail_kinds=kinds_of(form.getlist("mail")),
            webhook_kinds=kinds_of(form.getlist("webhook")),
            low_ucpt=low,
            language=language(),
        )
        done(chosen)
    except HiveMindError as error:
        return _refused(who, error, "low")
    flash(_("Saved."), "good")
    return back_to("page_notices.settings")


@bp.post("/notices/mail")
@limited(STRICT)
def mail() -> Any:
    """Send a code to an address, or take the code that came."""
    who = signed_in_visitor()
    form, book = request.form, services().notices
    code = form.get("code", "").strip()[:40]
    try:
        if code:
            done(book.confirm_mail(who, code))
            flash(_("The address is confirmed. Notices go there from now on."), "good")
        else:
            done(book.set_mail(who, form.get("address", "").strip()[:300], language=language()))
            flash(_("A code is on its way. Type it below."), "good")
    except HiveMindError as error:
        return _refused(who, error, "code" if code else "address")
    return back_to("page_notices.settings")


@bp.post("/notices/webhook")
@limited(STRICT)
def webhook() -> Any:
    """Set the address that notices are posted to; the signing secret is in this answer alone."""
    who = signed_in_visitor()
    try:
        secret = done(services().notices.set_webhook(who, request.form.get("url", "").strip()[:600]))
    except HiveMindError as error:
        return _refused(who, error, "url")
    return _settings(who, secret=secret)


@bp.post("/notices/channel/<name>")
@limited(STRICT)
def act(name: str) -> Any:
    """Try a channel, or switch it off."""
    who = signed_in_visitor()
    book = services().notices
    channel = Channel.MAIL if name == "mail" else Channel.WEBHOOK
    try:
        if request.form.get("do") == "test":
            problem = done(book.test(who, channel))
            if problem:
                flash(_("It did not arrive: %(problem)s.", problem=said(problem)), "bad")
            else:
                flash(_("It arrived."), "good")
        else:
            done(book.switch_off(who, channel))
            flash(_("Switched off."), "good")
    except HiveMindError as error:
        done_or_error(error)
    return back_to("page_notices.settings")
