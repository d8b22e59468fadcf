"""What can go wrong with a master, by cause. `code` is stable; `message` and `fix` are for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.errors import Problem


class ClientError(Exception):
    """Base. `request_id` finds the request in the master's log; `status` is 0 when nothing was answered."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        fix: str = "",
        status: int = 0,
        request_id: str = "",
        problems: tuple[Problem, ...] = (),
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fix = fix
        self.status = status
        self.request_id = request_id
        self.problems = problems
        self.retry_after_s = retry_after_s


class AuthError(ClientError):
    """No token, a bad one, or one that may not do this."""


class NotFoundError(ClientError):
    """There is no such thing for you."""


class ValidationFailed(ClientError):
    """The request was understood and is wrong; `problems` says where."""


class ConflictError(ClientError):
    """The thing is in a state in which this cannot be done."""


class QuotaError(ClientError):
    """A limit, a quota or the balance is used up."""


class TransientError(ClientError):
    """The master is away, busy or full; the same request may work later."""


_BY_STATUS: Mapping[int, type[ClientError]] = {
    400: ValidationFailed,
    401: AuthError,
    402: QuotaError,
    403: AuthError,
    404: NotFoundError,
    409: ConflictError,
    411: ValidationFailed,
    413: ValidationFailed,
    415: ValidationFailed,
    416: ValidationFailed,
    422: ValidationFailed,
    429: QuotaError,
    502: TransientError,
    503: TransientError,
    504: TransientError,
    507: TransientError,
}


def error_from(status: int, document: Mapping[str, Any], retry_after: str = "") -> ClientError:
    """Return the error that a problem document stands for. Tolerates answers that are none."""
    kind = _BY_STATUS.get(status, TransientError if status >= 500 else ClientError)
    found = document.get("problems")
    return kind(
        str(document.get("detail") or f"The master answered {status}."),
        code=str(document.get("code") or f"HTTP_{status}"),
        fix=str(document.get("fix") or ""),
        status=status,
        request_id=str(document.get("request_id") or ""),
        problems=tuple(_problem(each) for each in found if isinstance(each, dict))
        if isinstance(found, list)
        else (),
        retry_after_s=float(retry_after) if retry_after.isdigit() and len(retry_after) < 6 else 0.0,
    )


def _problem(value: Mapping[str, Any]) -> Problem:
    line = value.get("line")
    return Problem(
        code=str(value.get("code", "")),
        reason=str(value.get("reason", "")),
        fix=str(value.get("fix", "")),
        key=str(value.get("key", "")),
        line=line if isinstance(line, int) else None,
    )
