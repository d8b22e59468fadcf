"""The one border at which a database's errors become ours, so that drivers stay an implementation detail."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.domain.errors import Busy, Conflict, HiveMindError, StorageFull, StorageUnavailable

#: Codes of SQLite whose low byte says that the disk is full, or that a file may not grow.
_SQLITE_FULL: Final = 13
_SQLITE_CONSTRAINT: Final = 19
_POSTGRES_DISK_FULL: Final = "53100"
_POSTGRES_CONSTRAINT: Final = "23"


def translate(error: BaseException) -> HiveMindError | None:
    """Return our error for a database's, or None when it is none: a command's own.

    Conflict is the command's fault (a row that is there already); the other two mean that the database did
    not take the change, whoever asked for it.
    """
    if isinstance(error, HiveMindError):
        return None
    if isinstance(error, PoolTimeout):
        return Busy("All readers of the database are busy.")
    if isinstance(error, DBAPIError) and error.orig is not None:
        return translate(error.orig)
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    state = getattr(error, "sqlstate", None)
    if type(error).__module__.startswith("psycopg"):
        return _from_postgres(error, state if isinstance(state, str) else "")
    if isinstance(error, SQLAlchemyError):
        return _unavailable(error)
    return None


def is_outage(error: HiveMindError) -> bool:
    """Tell whether the database itself failed, so that its whole transaction is lost."""
    return isinstance(error, StorageFull | StorageUnavailable)


def from_os_error(error: OSError) -> HiveMindError:
    """Return StorageFull or StorageUnavailable for a failed file operation."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full()
    return _unavailable(error)


def _from_sqlite(error: sqlite3.Error) -> HiveMindError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.IntegrityError):
        return _conflict()
    if code is not None and code & 0xFF == _SQLITE_FULL:
        return _full()
    if isinstance(error, sqlite3.ProgrammingError):
        return None if code is None and "closed" not in str(error) else _unavailable(error)
    return _unavailable(error)


def _from_postgres(error: BaseException, state: str) -> HiveMindError:
    if state == _POSTGRES_DISK_FULL:
        return _full()
    if state.startswith(_POSTGRES_CONSTRAINT):
        return _conflict()
    return _unavailable(error)


def _conflict() -> Conflict:
    return Conflict("This is there already, or goes against what is there.", code="ALREADY_THERE")


def _full() -> StorageFull:
    return StorageFull(
        "The disk of the master's data folder is full; what was there is kept.",
        fix="Free space on it, or move the data folder, then try again.",
    )


def _unavailable(error: BaseException) -> StorageUnavailable:
    return StorageUnavailable(
        f"The database did not take the change ({type(error).__name__}).",
        fix="Look into the master's log; it tries again by itself.",
    )
