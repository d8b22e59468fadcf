"""Domain error -> RFC 9457 problem document, once for the whole door."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import structlog
from flask import Flask, Response, g, json, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.domain import errors
from core.domain.errors import HiveMindError, Problem

MEDIA_TYPE: Final = "application/problem+json"
_MAX_PROBLEMS: Final = 100
_STATUS: Final[tuple[tuple[type[HiveMindError], int], ...]] = (
    (errors.Invalid, 422),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.InvalidTransition, 409),
    (errors.TooLarge, 413),
    (errors.RateLimited, 429),
    (errors.OutOfFunds, 402),
    (errors.ProtocolError, 400),
    (errors.StorageFull, 507),
    (errors.Busy, 503),
    (errors.StorageUnavailable, 503),
    (errors.EngineUnavailable, 503),
)
#: What werkzeug refuses by itself; the codes are ours.
HTTP_CODES: Final = {
    400: ("BAD_REQUEST", "Send what the API's document describes."),
    401: ("UNAUTHENTICATED", "Send the header Authorization: Bearer TOKEN."),
    403: ("FORBIDDEN", ""),
    404: ("NOT_FOUND", "See /api/v1/openapi.json for what there is."),
    405: ("METHOD_NOT_ALLOWED", "See the header Allow."),
    411: ("LENGTH_REQUIRED", "Send the header Content-Length."),
    413: ("TOO_LARGE", "Send less."),
    415: ("MEDIA_TYPE", "Send application/json."),
    422: ("INVALID", ""),
    429: ("RATE_LIMITED", "Wait as long as Retry-After says."),
}

log = structlog.get_logger(__name__)


def status_of(error: HiveMindError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_json(
    status: int, code: str, detail: str, *, fix: str = "", problems: tuple[Problem, ...] = ()
) -> dict[str, Any]:
    """Return the document as a value."""
    document: dict[str, Any] = {
        "type": f"urn:hivemind:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "fix": fix,
        "instance": request.path,
        "request_id": g.get("request_id", ""),
    }
    if problems:
        document["problems"] = [
            {"code": p.code, "key": p.key, "line": p.line, "reason": p.reason, "fix": p.fix}
            for p in problems[:_MAX_PROBLEMS]
        ]
    return document


def respond(document: dict[str, Any], retry_after_s: int = 0) -> Response:
    """Return the response of a problem document."""
    status = document["status"]
    response = Response(json.dumps(document), status=status, mimetype=MEDIA_TYPE)
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hivemind"'
    return response


def from_domain(error: HiveMindError) -> Response:
    """Return the response for an error of the domain."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return from_bug(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request not served", code=error.code, reason=error.message, path=request.path)
    problems = error.problems if isinstance(error, errors.Invalid) else ()
    retry_after_s = getattr(error, "retry_after_s", 0) or (1 if status == HTTPStatus.SERVICE_UNAVAILABLE else 0)
    document = problem_json(status, error.code, error.message, fix=error.fix, problems=problems)
    if isinstance(error, errors.QuotaExceeded):
        document["quota"] = {
            "name": error.quota,
            "bound": error.bound,
            "used": error.used,
            "wanted": error.wanted,
        }
    return respond(document, retry_after_s)


def from_bug(error: BaseException) -> Response:
    """Return the response for what nobody foresaw. The log has the details, the client the request's id."""
    log.error("request failed", path=request.path, method=request.method, exc_info=error)
    return respond(
        problem_json(
            500,
            "INTERNAL",
            "Something went wrong that is our fault.",
            fix="Tell the operator the request id; the log has the details.",
        )
    )


def from_http(error: HTTPException) -> Response:
    """Return the response for what Flask or werkzeug refused."""
    if error.response is not None and isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        status = 413
    code, fix = HTTP_CODES.get(status, (HTTPStatus(status).name, ""))
    detail = error.description or HTTPStatus(status).description or HTTPStatus(status).phrase
    response = respond(problem_json(status, code, detail, fix=fix), getattr(error, "retry_after", None) or 0)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "location"):
            response.headers[name] = value
    if status in range(300, 400):
        return Response(status=status, headers={"Location": dict(error.get_headers()).get("Location", "/")})
    return response


def register_errors(app: Flask) -> None:
    """Translate every error that leaves a view."""
    app.register_error_handler(HiveMindError, from_domain)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(TimeoutError, lambda _error: from_domain(_late()))
    app.register_error_handler(Exception, from_bug)


def _late() -> HiveMindError:
    return errors.Busy(
        "The master did not confirm in time. It may still have been done.",
        retry_after_s=5,
        code="NOT_CONFIRMED",
        fix="Look whether it was done, or repeat the request with the same Idempotency-Key.",
    )
