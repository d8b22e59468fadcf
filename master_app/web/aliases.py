"""The unversioned paths stay: `/api/tasks` is `/api/v1/tasks`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PREFIX: Final = "/api/"


class Aliases:
    """WSGI around the app. Rewriting, not redirecting: a POST with a body would be lost by a redirect."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(_PREFIX) and not path.startswith(f"{_PREFIX}v"):
            environ["PATH_INFO"] = f"{_PREFIX}v1/{path.removeprefix(_PREFIX)}"
        return self._app(environ, start_response)
