"""Who asks: the bearer token of a request, and nothing else. No cookie is read on the API."""

from __future__ import annotations

from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from apiflask import HTTPTokenAuth
from flask import current_app, g, request

from core.domain.errors import Unauthenticated
from core.domain.user import Principal
from master_app.web.services import WebServices
from master_app.web.uploads import Uploads

P = ParamSpec("P")
R = TypeVar("R")
_KEY: Final = "hivemind"
#: Only for the OpenAPI document: what `signed_in` checks is written there as this scheme.
bearer: Final = HTTPTokenAuth(scheme="Bearer", description="A token of POST /api/v1/login or /api/v1/tokens.")


def services() -> WebServices:
    """Return the services of the app that serves this request."""
    found: WebServices = current_app.extensions[_KEY]
    return found


def uploads() -> Uploads:
    found: Uploads = current_app.extensions["hivemind.uploads"]
    return found


def bearer_secret() -> str:
    """Return the token of the request, or raise Unauthenticated."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated(
            "This needs a token.",
            fix="Send the header Authorization: Bearer TOKEN; POST /api/v1/login answers one.",
        )
    return secret.strip()


def authenticate() -> Principal:
    """Find out who asks, once a request, before anything of its body is read."""
    who = g.get("who")
    if who is None:
        who = g.who = services().authenticator.authenticate(bearer_secret(), request.remote_addr or "")
    found: Principal = who
    return found


def signed_in(view: Any) -> Any:
    """Refuse a request without a good token; inside, `caller()` is who asks. Marks the OpenAPI document too."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        authenticate()
        return view(*args, **kwargs)

    marked: Any = checked
    spec = getattr(view, "_spec", None)
    marked._spec = {**(spec or {}), "auth": bearer, "roles": []}
    return marked


def caller() -> Principal:
    """Return who asks. Only below `signed_in`."""
    found: Principal = g.who
    return found
