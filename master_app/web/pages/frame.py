"""What all pages share: one blueprint shape, CSRF, the policy of each answer, errors as pages, the frame."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from apiflask import APIBlueprint
from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf, validate_csrf
from werkzeug.exceptions import HTTPException
from wtforms import ValidationError

from core.domain.errors import Busy, HiveMindError, Unauthenticated
from core.domain.user import Action, Principal, Role
from master_app.web import problems
from master_app.web.identity import services
from master_app.web.pages import language, words
from master_app.web.pages.icons import icon, shape
from master_app.web.pages.sentences import between, said, said_all, task_reason
from master_app.web.pages.services import PageServices
from master_app.web.pages.session import safe_next, to_log_in, visitor

log = structlog.get_logger(__name__)
STATIC: Final = Path(__file__).parent.parent / "static"
THEME_COOKIE: Final = "hm_theme"
THEMES: Final = ("light", "dark")
_YEAR_S: Final = 31_536_000
csrf: Final = CSRFProtect()


def page_blueprint(name: str) -> APIBlueprint:
    """Return a blueprint for pages: not in the OpenAPI document, CSRF-protected, errors as pages."""
    found = APIBlueprint(f"page_{name}", f"master_app.web.pages.{name}", enable_openapi=False)
    found.before_request(_protect)
    found.register_error_handler(HiveMindError, from_domain)
    found.register_error_handler(CSRFError, _from_csrf)
    found.register_error_handler(HTTPException, from_http)
    found.register_error_handler(TimeoutError, lambda _error: from_domain(_late()))
    found.register_error_handler(Exception, from_bug)
    return found


def pages() -> PageServices:
    """Return the services that only pages use."""
    found: PageServices = current_app.extensions["hivemind.pages"]
    return found


def now_ms() -> int:
    return services().clock.wall_ms()


#: They check their token themselves, before a large body is read.
_OWN_CHECK: Final = frozenset({"page_submit.upload"})


def _protect() -> None:
    g.is_page = True
    g.nonce = secrets.token_urlsafe(16)
    if request.method in ("GET", "HEAD", "OPTIONS") or request.endpoint in _OWN_CHECK:
        return
    given = request.headers.get("X-CSRFToken")
    if given is None:
        csrf.protect()
        return
    try:
        validate_csrf(given)
    except ValidationError as error:
        raise CSRFError(str(error)) from error


def wants_fragment() -> bool:
    """Tell whether our own script asks, to draw something again."""
    return request.headers.get("X-Live") == "1"


def policy() -> str:
    """Return the content policy of a page: scripts by nonce, everything from here alone."""
    nonce = g.get("nonce", "")
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def done_or_error(error: HiveMindError) -> None:
    """Tell the next page what a button's action met."""
    flash(said_all(error.message, error.fix), "bad")


def back_to(endpoint: str, **values: Any) -> Any:
    """Answer a form that was done: 303 to a page."""
    return redirect(url_for(endpoint, **values), 303)


# ---- errors


def from_domain(error: HiveMindError) -> Response:
    status = problems.status_of(error)
    if isinstance(error, Unauthenticated) and request.method == "GET" and not wants_fragment():
        return make_response(to_log_in())
    if status == 500:
        return from_bug(error)
    found = [] if not hasattr(error, "problems") else error.problems
    return _error_page(status, error.code, said(error.message), said(error.fix), found)


def from_http(error: HTTPException) -> Response:
    if error.code and 300 <= error.code < 400:
        return make_response(error)
    status = error.code or 500
    if status == 404:
        return _error_page(404, "NOT_FOUND", _("This page does not exist."), _("Go on from the dashboard."))
    code, fix = problems.HTTP_CODES.get(status, ("ERROR", ""))
    return _error_page(status, code, error.description or error.name, fix)


def from_bug(error: BaseException) -> Response:
    log.error("page failed", path=request.path, method=request.method, exc_info=error)
    sentence = _("Something went wrong that is our fault. Nothing was changed unless the page says so.")
    return _error_page(
        500, "INTERNAL", sentence, _("Tell the operator the request number; the log has the details.")
    )


def _from_csrf(_error: CSRFError) -> Response:
    sentence = _("This form was open too long, or cookies are blocked. Nothing was sent.")
    return _error_page(400, "FORM_EXPIRED", sentence, _("Go back, reload the page, and send it again."))


def _late() -> HiveMindError:
    return Busy(_("The master did not confirm in time. It may still have been done."), code="NOT_CONFIRMED")


def _error_page(status: int, code: str, message: str, fix: str, found: Any = ()) -> Response:
    if "nonce" not in g:
        g.nonce, g.is_page = secrets.token_urlsafe(16), True
    body = render_template("error.html", status=status, code=code, message=message, fix=fix, problems=found)
    response = make_response(body, status)
    if status == 429:
        response.headers["Retry-After"] = "20"
    return response


# ---- the frame


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """Return the address of a static file, which changes when the file does: browsers may keep it for good."""
    return url_for("static", filename=name, v=_digest(name))


def _frame_values() -> dict[str, Any]:
    who = visitor()
    return {
        "who": who,
        "available": _available(who),
        "unread_notices": _unread(who),
        "pool_name": current_app.extensions["hivemind.pool_name"],
        "theme": request.cookies.get(THEME_COOKIE, "") if request.cookies.get(THEME_COOKIE) in THEMES else "",
        "lang_tag": language.TAGS[language.language()],
        "is_chinese": language.language() == language.CHINESE,
        "nonce": g.get("nonce", ""),
        "commit": services().feed.commit_number,
        "between": between(),
        "now": now_ms(),
        "here": request.full_path.rstrip("?"),
        "is_operator": who is not None and who.is_operator,
    }


def _available(who: Principal | None) -> int | None:
    if who is None or not who.may(Action.MONEY_READ):
        return None
    try:
        return services().money.balance(who).balance_ucpt
    except HiveMindError:
        return None


def _unread(who: Principal | None) -> int:
    if who is None or not who.may(Action.TASK_READ):
        return 0
    try:
        return services().notices.unread(who)
    except HiveMindError:
        return 0


def initials(username: str) -> str:
    """Return two letters that stand for a person."""
    parts = [part for part in username.replace("_", ".").replace("-", ".").split(".") if part]
    return (parts[0][:1] + (parts[1][:1] if len(parts) > 1 else parts[0][1:2])).upper() if parts else "?"


def begin_pages(app: Flask) -> None:
    """Set up what every page needs. Blueprints follow."""
    csrf.init_app(app)
    app.jinja_env.filters.update(language.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        icon=icon,
        shape=shape,
        asset=asset,
        said=said,
        device=words.device,
        task_reason=task_reason,
        words=words,
        csrf_token=generate_csrf,
        near=language.near,
        ago=language.ago,
        about_range=language.about_range,
        initials=initials,
        Role=Role,
        Action=Action,
    )
    app.context_processor(_frame_values)
    app.after_request(_complete)


def _complete(response: Response) -> Response:
    if g.get("is_page"):
        response.headers["Content-Security-Policy"] = policy()
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Vary"] = "Cookie, Accept-Language"
        response.headers["Referrer-Policy"] = "same-origin"
    elif request.endpoint == "static" and request.args.get("v"):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    return response


def next_page(default: str) -> str:
    """Return where a form wants to go on to, within this site."""
    return safe_next(request.form.get("next", "") or request.args.get("next", "")) or url_for(default)
