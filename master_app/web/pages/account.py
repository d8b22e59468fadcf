"""The visitor's own account: password, devices that are signed in, API tokens, leaving."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, make_response, render_template, request
from flask_babel import gettext as _

from core.domain.errors import HiveMindError
from core.domain.user import MIN_PASSWORD, Action, Scope, TokenKind, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.limits import STRICT, limited
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint, pages
from master_app.web.pages.sentences import said, said_all
from master_app.web.pages.session import drop_session, signed_in_visitor

bp = page_blueprint("account")
_DAY_MS: Final = 86_400_000
_LIFETIMES: Final = (7, 30, 90, 365)
_USUAL: Final = frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE, Scope.NODES_READ, Scope.MONEY_READ})


@bp.get("/account")
def show() -> Any:
    return _show()


def _show(made: Any = None, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    who = signed_in_visitor()
    require(who, Action.ACCOUNT_READ)
    tokens = services().sign_in.tokens(who)
    user = pages().user_reads.user(who.user_id)
    page = render_template(
        "account.html",
        user=user,
        api_tokens=[token for token in tokens if token.kind is TokenKind.API],
        devices=[token for token in tokens if token.kind in (TokenKind.SESSION, TokenKind.LOGIN)],
        # What only operators may do is no offer to others.
        scopes=[scope for scope in Scope if scope in who.scopes and (who.is_operator or scope is not Scope.ADMIN)],
        usual=_USUAL,
        lifetimes=_LIFETIMES,
        least=MIN_PASSWORD,
        made=made,
        errors=errors or {},
    )
    return page, status


@bp.post("/account/password")
@limited(STRICT)
def password() -> Any:
    """Change the password; every other device is signed out."""
    who = signed_in_visitor()
    form = request.form
    try:
        done(services().sign_in.change_password(who, form.get("old", ""), form.get("new", "")))
    except HiveMindError as error:
        problems = getattr(error, "problems", ())
        where = "new" if problems else "old"
        wrong = said(problems[0].reason if problems else error.message)
        return _show(errors={where: wrong}, status=422)
    flash(_("The password is changed. All other devices are signed out."), "good")
    return back_to("page_account.show")


@bp.post("/account/tokens")
@limited(STRICT)
def make_token() -> Any:
    """Make an API token; its secret is shown in this answer and never again."""
    who = signed_in_visitor()
    form = request.form
    wanted = frozenset(Scope(name) for name in form.getlist("scope") if name in set(Scope))
    days = form.get("days", 90, int)
    try:
        issued = done(
            services().sign_in.make_token(
                who, form.get("name", "").strip(), wanted, lifetime_ms=min(max(days, 1), 366) * _DAY_MS
            )
        )
    except HiveMindError as error:
        return _show(errors={"name": said(error.message)}, status=422)
    return _show(made=issued)


@bp.post("/account/tokens/<token_id>/revoke")
def revoke(token_id: str) -> Any:
    """End a token or sign a device out, at once."""
    who = signed_in_visitor()
    try:
        done(services().sign_in.revoke(who, token_id))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Ended."), "good")
    return back_to("page_account.show")


@bp.post("/account/delete")
@limited(STRICT)
def delete() -> Any:
    """Forget the visitor. The id stays in the ledger, which stays whole."""
    who = signed_in_visitor()
    try:
        done(services().people.delete_own(who, request.form.get("password", "")))
    except HiveMindError as error:
        return _show(errors={"delete": said_all(error.message, error.fix)}, status=422)
    flash(_("Your account is deleted."), "good")
    return drop_session(make_response(back_to("page_people.first_visit")))
