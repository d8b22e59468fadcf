"""Who looks at a page: the cookie of a browser session, through Flask-Login. Nothing else knows that library.

The cookie holds the secret of a SESSION token, as the server keeps it hashed: revoking the token ends the session
at the next request. Flask's own signed cookie carries only the CSRF token and messages for the next page.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user

from core.domain.errors import HiveMindError, Unauthenticated
from core.domain.user import Principal
from master_app.users.minting import Issued
from master_app.web.identity import services
from master_app.web.live import SESSION_COOKIE

_LIFETIME_S: Final = 30 * 86_400


class Visitor(UserMixin):  # type: ignore[misc]
    """A signed-in person, as Flask-Login wants one."""

    def __init__(self, who: Principal) -> None:
        self.who = who

    def get_id(self) -> str:
        return self.who.token_id


def begin_sessions(app: Flask) -> None:
    """Make `current_user` answer from our cookie."""
    manager = LoginManager(app)
    manager.session_protection = None  # there is no session of its own to protect
    manager.request_loader(_load)
    manager.unauthorized_handler(to_log_in)


def _load(_request: Any) -> Visitor | None:
    secret = request.cookies.get(SESSION_COOKIE, "")
    if not secret:
        return None
    try:
        return Visitor(services().authenticator.authenticate(secret, request.remote_addr or ""))
    except Unauthenticated:
        g.session_is_over = True
        return None
    except HiveMindError:
        return None


def visitor() -> Principal | None:
    """Return who looks, or None."""
    return current_user.who if current_user.is_authenticated else None


def signed_in_visitor() -> Principal:
    """Return who looks, on pages that only signed-in people get to."""
    who = visitor()
    if who is None:
        raise Unauthenticated("Please log in.", code="LOG_IN", fix="Log in.")
    return who


def to_log_in() -> Any:
    """Send somebody to the log-in page, and back here after it (only where coming back is a GET)."""
    target = request.full_path.rstrip("?") if request.method == "GET" else safe_next(request.referrer or "")
    return redirect(url_for("page_people.log_in", next=target or None))


def safe_next(target: str) -> str:
    """Return the path of this site that a link wants to go on to; "" for anywhere else."""
    parts = urlsplit(target)
    if parts.netloc and parts.netloc != request.host:
        return ""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_ours and path.isprintable() else ""


def keep_session(response: Response, issued: Issued) -> Response:
    """Give the browser its session."""
    response.set_cookie(
        SESSION_COOKIE,
        issued.secret,
        max_age=_LIFETIME_S,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
        path="/",
    )
    return response


def drop_session(response: Response) -> Response:
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=request.is_secure, path="/")
    return response
