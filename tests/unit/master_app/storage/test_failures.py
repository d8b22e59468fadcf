"""Which error of a database means what."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.domain.errors import Busy, Conflict, NotFound, StorageFull, StorageUnavailable
from master_app.storage.failures import from_os_error, is_outage, translate


def of_sqlite(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    error = kind("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_FULL), StorageFull),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), StorageUnavailable),
        (of_sqlite(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), StorageUnavailable),
        (of_sqlite(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), StorageUnavailable),
        (of_sqlite(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT), Conflict),
        (PoolTimeout(), Busy),
        (ValueError("a command's own"), type(None)),
        (NotFound("a command's own"), type(None)),
    ],
)
def test_an_error_becomes_ours(error: Exception, expected: type[object]) -> None:
    assert type(translate(error)) is expected
    if isinstance(error, sqlite3.Error):
        assert type(translate(OperationalError("SELECT", (), error))) is expected


def test_only_a_full_or_lost_database_is_an_outage() -> None:
    assert is_outage(StorageFull("")) and is_outage(StorageUnavailable(""))
    assert not is_outage(Conflict("")) and not is_outage(Busy(""))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_so(number: int) -> None:
    assert isinstance(from_os_error(OSError(number, "x")), StorageFull)
    assert isinstance(from_os_error(OSError(errno.EIO, "x")), StorageUnavailable)
