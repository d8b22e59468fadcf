"""What can go wrong, as a shallow tree. Every error has a stable `code`; doors translate it once.

`message` is a sentence for a person; `fix` says what to do about it. Neither ever holds a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with what a person sent. `line` is 1-based, None where there is no line."""

    code: str
    reason: str
    fix: str
    key: str = ""
    line: int | None = None


class HiveMindError(Exception):
    """Base of all errors that a door may show. `code` is stable; `message` and `fix` are for people."""

    default_code = "INTERNAL"

    def __init__(self, message: str, *, code: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.fix = fix


class Invalid(HiveMindError):
    """The request is understood and wrong; `problems` says where and how to mend it (422)."""

    default_code = "INVALID"

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, code: str = "", fix: str = "") -> None:
        super().__init__(message, code=code, fix=fix)
        self.problems = tuple(problems)


class Unauthenticated(HiveMindError):
    """No credential, or one that is not valid (401)."""

    default_code = "UNAUTHENTICATED"


class Forbidden(HiveMindError):
    """The person is known and may not do this (403). Somebody else's thing is NotFound instead."""

    default_code = "FORBIDDEN"


class NotFound(HiveMindError):
    """There is no such thing for this person (404)."""

    default_code = "NOT_FOUND"


class Conflict(HiveMindError):
    """The thing is in a state in which this cannot be done (409)."""

    default_code = "CONFLICT"


class TooLarge(HiveMindError):
    """A limit on size was met (413)."""

    default_code = "TOO_LARGE"


class RateLimited(HiveMindError):
    """Too many requests, or a quota is used up (429)."""

    default_code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_s: int, code: str = "", fix: str = "") -> None:
        super().__init__(message, code=code, fix=fix)
        self.retry_after_s = retry_after_s


class QuotaExceeded(RateLimited):
    """A quota would be passed. It says which, how much it is, what is used, and how much more was wanted (429)."""

    def __init__(
        self,
        message: str,
        *,
        quota: str,
        bound: int,
        used: int,
        wanted: int,
        fix: str = "",
        retry_after_s: int = 60,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, code=f"QUOTA_{quota.upper()}", fix=fix)
        self.quota = quota
        self.bound = bound
        self.used = used
        self.wanted = wanted


class Busy(HiveMindError):
    """A bounded queue is full; nothing was done, try again soon (503)."""

    default_code = "BUSY"

    def __init__(self, message: str, *, retry_after_s: int = 1, code: str = "", fix: str = "") -> None:
        super().__init__(message, code=code, fix=fix)
        self.retry_after_s = retry_after_s


class StorageFull(HiveMindError):
    """The disk of the storage folder is full; what was there is kept (507)."""

    default_code = "STORAGE_FULL"


class StorageUnavailable(HiveMindError):
    """The database or the store did not take the change; nothing was acknowledged (503)."""

    default_code = "STORAGE_UNAVAILABLE"


class OutOfFunds(HiveMindError):
    """The balance does not cover it (402)."""

    default_code = "OUT_OF_FUNDS"


class EngineUnavailable(HiveMindError):
    """The container engine is absent, stopped or does not answer."""

    default_code = "ENGINE_UNAVAILABLE"


class ProtocolError(HiveMindError):
    """The other side sent what the protocol does not allow."""

    default_code = "PROTOCOL"


class InvalidTransition(HiveMindError):
    """A state was asked to change in a way that its table does not have. A bug, or a stale message."""

    default_code = "INVALID_TRANSITION"
