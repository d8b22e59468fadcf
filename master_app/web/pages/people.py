"""First visit, sign-up, log in and out, one-use links, and the two switches: language and theme."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from core.domain.errors import Conflict, HiveMindError, Invalid, RateLimited
from core.domain.ledger import format_cpt
from core.domain.user import MIN_PASSWORD, Principal, Role, Scope, SignUp, TokenKind, username_problems
from master_app.users.minting import Issued
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.limits import STRICT, limited
from master_app.web.pages import examples, language
from master_app.web.pages.drafts import submit_example
from master_app.web.pages.frame import THEME_COOKIE, THEMES, back_to, next_page, page_blueprint, pages
from master_app.web.pages.nodes_view import pool_facts
from master_app.web.pages.sentences import said, said_all
from master_app.web.pages.session import drop_session, keep_session, safe_next, visitor

bp = page_blueprint("people")
_YEAR_S = 31_536_000
#: Whom the pool's own facts are read for on the front page, before anybody has signed in.
_PASSER_BY = Principal(
    user_id="", username="", roles=frozenset({Role.SUBMITTER}), scopes=frozenset({Scope.NODES_READ})
)


@bp.get("/")
def first_visit() -> Any:
    """Say what the pool is, show it, and take people in; who is signed in goes to the dashboard."""
    if visitor() is not None:
        return redirect(url_for("page_dashboard.show"))
    return _first_visit({}, {"invite": request.args.get("invite", "")})


def _first_visit(errors: dict[str, str], given: dict[str, str], status: int = 200) -> Any:
    people = services().people
    facts = pool_facts(_PASSER_BY) if people.sign_up_mode is SignUp.OPEN else None
    page = render_template(
        "first_visit.html",
        errors=errors,
        given=given,
        mode=people.sign_up_mode.value,
        grant=format_cpt(services().rules.now.sign_up_grant_ucpt),
        least=MIN_PASSWORD,
        facts=facts,
        days=pages().retention_days,
    )
    return page, status


@bp.post("/register")
@limited(STRICT)
def register() -> Any:
    """Make the account, sign in, and, with the first button, run the example: one click to a picture."""
    form = request.form
    username, password = form.get("username", ""), form.get("password", "")
    origin = request.remote_addr or ""
    try:
        future = services().people.sign_up(
            username, password, origin=origin, invite=form.get("invite", ""), language=language.language()
        )
        user = done(future)
        issued = _log_in(username, password)
    except HiveMindError as error:
        given = {"username": username, "invite": form.get("invite", "")}
        return _first_visit(_field_errors(error), given, 429 if isinstance(error, RateLimited) else 422)
    who = _principal(issued)
    target = safe_next(form.get("next", "")) or url_for("page_dashboard.show")
    if form.get("then") == "example" and Role.SUBMITTER in user.roles:
        try:
            task_id = submit_example(who, examples.example(examples.FIRST), examples.FIRST_CAP)
            target = url_for("page_tasks.show", task_id=task_id)
        except HiveMindError as error:
            sorry = _("Your account is made, but the example could not start.")
            flash(f"{sorry} {said(error.message)}", "bad")
    return keep_session(make_response(redirect(target, 303)), issued)


def _log_in(username: str, password: str) -> Issued:
    return done(
        services().sign_in.login(
            username,
            password,
            origin=request.remote_addr or "",
            user_agent=request.headers.get("User-Agent", ""),
            kind=TokenKind.SESSION,
        )
    )


def _principal(issued: Issued) -> Principal:
    return services().authenticator.authenticate(issued.secret, request.remote_addr or "")


def _field_errors(error: HiveMindError) -> dict[str, str]:
    """Return what to say at which field; what belongs to none is under `form`."""
    if isinstance(error, Invalid) and error.problems:
        return {p.key: said_all(p.reason, p.fix) for p in reversed(error.problems)}
    if isinstance(error, Conflict) and error.code == "USERNAME_TAKEN":
        return {"username": _("This name is taken. Choose another.")}
    if error.code in ("SIGN_UP_CLOSED", "INVITE_USED"):
        return {"invite": _("This invitation does not work. Ask an operator of the pool for another one.")}
    return {"form": said(error.message)}


@bp.get("/check-name")
@limited(STRICT)
def check_name() -> Any:
    """Tell the sign-up form whether a name is free, when its field is left."""
    name = request.args.get("name", "")[:80]
    problems = username_problems(name)
    if problems:
        return {"free": False, "words": said(problems[0].reason)}
    is_free = pages().user_reads.find(name.strip().casefold()) is None
    return {"free": is_free, "words": _("free") if is_free else _("taken")}


@bp.route("/login", methods=["GET", "POST"])
@limited(STRICT)
def log_in() -> Any:
    """Sign in; a link that was followed before is followed after."""
    if request.method == "GET":
        if visitor() is not None:
            return redirect(next_page("page_dashboard.show"))
        return render_template("login.html", errors={}, given={}, next=safe_next(request.args.get("next", "")))
    username = request.form.get("username", "")
    try:
        issued = _log_in(username, request.form.get("password", ""))
    except HiveMindError as error:
        status = 429 if isinstance(error, RateLimited) else 401
        page = render_template(
            "login.html",
            errors={"form": f"{said(error.message)} {'' if status == 401 else said(error.fix)}".strip()},
            given={"username": username},
            next=safe_next(request.form.get("next", "")),
        )
        return page, status
    return keep_session(make_response(redirect(next_page("page_dashboard.show"), 303)), issued)


@bp.post("/logout")
def log_out() -> Any:
    who = visitor()
    if who is not None:
        done(services().sign_in.logout(who))
    return drop_session(make_response(back_to("page_people.log_in")))


@bp.route("/one-use", methods=["GET", "POST"])
@limited(STRICT)
def one_use() -> Any:
    """Sign in with a one-use link and set a password: a first operator, or somebody who forgot theirs."""
    code = request.values.get("code", "")[:300]
    if request.method == "GET":
        return render_template("one_use.html", errors={}, code=code, least=MIN_PASSWORD)
    try:
        redeem = services().sign_in.redeem(
            code.strip(),
            new_password=request.form.get("password", ""),
            origin=request.remote_addr or "",
            kind=TokenKind.SESSION,
        )
        issued = done(redeem)
    except HiveMindError as error:
        errors = _field_errors(error)
        return render_template("one_use.html", errors=errors, code=code, least=MIN_PASSWORD), 422
    return keep_session(make_response(back_to("page_dashboard.show")), issued)


@bp.route("/forgot", methods=["GET", "POST"])
@limited(STRICT)
def forgot() -> Any:
    """Have a one-use code mailed. The answer is the same whether there is such a user or not."""
    resets = services().resets
    if request.method == "GET" or not resets.offered:
        return render_template("forgot.html", offered=resets.offered, sent=False, error="")
    try:
        resets.ask(request.form.get("username", ""), request.remote_addr or "")
    except RateLimited as error:
        return render_template("forgot.html", offered=True, sent=False, error=said(error.message)), 429
    return render_template("forgot.html", offered=True, sent=True, error="")


@bp.get("/prefer")
def prefer() -> Any:
    """Keep the choice of a switch in a cookie and go back. Nothing else changes, so a link is enough."""
    response = make_response(
        redirect(safe_next(request.args.get("next", "")) or url_for("page_people.first_visit"))
    )
    chosen = request.args.get("language", "")
    if chosen in language.TAGS:
        response.set_cookie(language.LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, samesite="Lax", path="/")
    theme = request.args.get("theme", "")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR_S, samesite="Lax", path="/")
    return response


def new_key() -> str:
    """Return an idempotency key for a form that is sent once."""
    return secrets.token_urlsafe(18)
