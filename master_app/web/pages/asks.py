"""Asking for credits, and the operators' answers."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, render_template, request
from flask_babel import gettext as _

from core.domain.asks import MAX_WORDS
from core.domain.errors import HiveMindError, Invalid
from core.domain.ledger import parse_cpt, user_account
from core.domain.user import Action, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.limits import STRICT, limited
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.language import cpt
from master_app.web.pages.sentences import said
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("asks")
#: What the amount says before an operator changes it.
USUAL_CPT: Final = "100"


@bp.get("/balance/ask")
def show() -> Any:
    """The form, or how the last ask stands."""
    return _show()


def _show(errors: dict[str, str] | None = None, status: int = 200) -> Any:
    who = signed_in_visitor()
    require(who, Action.TASK_SUBMIT)
    page = render_template(
        "ask.html",
        ask=services().asks.own(who),
        errors=errors or {},
        words=request.form.get("words", ""),
        most=MAX_WORDS,
    )
    return page, status


@bp.post("/balance/ask")
@limited(STRICT)
def ask() -> Any:
    """Ask with a sentence, or take it back."""
    who = signed_in_visitor()
    try:
        if request.form.get("do") == "back":
            done(services().asks.take_back(who))
            flash(_("Taken back."), "good")
        else:
            done(services().asks.ask(who, request.form.get("words", "")))
            flash(_("The operators were told. Their answer comes as a notice."), "good")
    except Invalid as error:
        return _show({"words": said(error.message)}, 422)
    except HiveMindError as error:
        done_or_error(error)
    return back_to("page_asks.show")


@bp.get("/admin/credits")
def asks() -> Any:
    """What waits for an answer, oldest first."""
    who = signed_in_visitor()
    require(who, Action.MONEY_GRANT)
    found = services().asks.open(who)
    names = services().audit.names(ask.user_id for ask in found)
    balances = {ask.user_id: services().ledger.account(user_account(ask.user_id)).balance_ucpt for ask in found}
    return render_template("admin_credits.html", asks=found, names=names, balances=balances, usual=USUAL_CPT)


@bp.post("/admin/credits/<ask_id>")
def answer(ask_id: str) -> Any:
    """Grant what was typed, or decline with words."""
    who = signed_in_visitor()
    form = request.form
    try:
        amount = parse_cpt(form.get("amount", "").strip()[:30] or "0") if form.get("do") == "grant" else 0
        done(services().asks.answer(who, ask_id, amount_ucpt=amount, words=form.get("words", "")[:2000]))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("%(amount)s CPT granted.", amount=cpt(amount)) if amount else _("Declined."), "good")
    return back_to("page_asks.asks")
