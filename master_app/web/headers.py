"""Headers on every answer: what a browser may do with it, and the request's id."""

from __future__ import annotations

from typing import Final

from flask import Response, g, request

_YEAR_S: Final = 31_536_000
#: Nothing from anywhere but here, and no inline code: the pages load their script and style as files.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_headers(response: Response) -> Response:
    """Complete an answer."""
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", CSP)
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if request.path.startswith("/api/") and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if response.status_code < 400:
        headers.pop("Retry-After", None)  # the limiter writes it on every answer
    if request.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"
    return response
