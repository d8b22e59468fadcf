"""Connections to the database: one that writes, a few that read. SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from core.domain.errors import Invalid
from core.paths import private_folder, private_opener

DATABASE_FILE: Final = "hivemind.sqlite3"
READERS: Final = 4
#: How long a reader waits for a connection before the request is told Busy.
READER_WAIT_S: Final = 10
#: How long a lock that another program holds is waited for.
BUSY_TIMEOUT_MS: Final = 10_000
# Measured (docs/benchmarks/writer.md): more cache than this bought nothing, and memory is a bar of its own.
_WRITER_CACHE_KIB: Final = 16_384
_READER_CACHE_KIB: Final = 4_096
#: Pages in the WAL before a commit also copies them home; fewer means more fsyncs, more a longer restart.
_CHECKPOINT_PAGES: Final = 4_000
_WAL_BYTES_KEPT: Final = 64 << 20


class HintingCompiler(SQLiteCompiler):
    """Writes `with_hint(table, "INDEXED BY ...", "sqlite")` into the statement; SQLAlchemy's own leaves it out."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        return text


def database_url(url: str, data_dir: Path) -> URL:
    """Return the URL to use: empty or `sqlite` is the file in the data folder."""
    if url in ("", "sqlite"):
        return URL.create("sqlite", database=str(data_dir / DATABASE_FILE))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Invalid(
            "The database URL cannot be read.",
            code="DATABASE_URL",
            fix="Use sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE.",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database:
        return parsed.set(drivername="sqlite")
    raise Invalid(
        f"A database of the kind {backend} is not supported.",
        code="DATABASE_URL",
        fix="Use sqlite, or postgresql://USER:PASSWORD@HOST/DATABASE.",
    )


def prepare_file(url: URL) -> None:
    """Make the database file and its folder owner-only before SQLite opens it; its WAL takes the same mode."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    path = Path(url.database)
    private_folder(path.parent)
    os.close(private_opener(str(path), os.O_RDWR | os.O_CREAT))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def writer_engine(url: URL) -> Engine:
    """Return the engine of the one connection that writes. Each transaction takes the write lock at BEGIN."""
    engine = _engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        _on_connect(engine, _sqlite_writer_settings)
        event.listen(engine, "begin", _begin_immediate)
    else:
        _on_connect(engine, _postgres_writer_settings)
    return engine


def reader_engine(url: URL) -> Engine:
    """Return the engine of the connections that read; they cannot write, and never wait for the writer."""
    engine = _engine(url, poolclass=QueuePool, pool_size=READERS, max_overflow=0, pool_timeout=READER_WAIT_S)
    if engine.dialect.name == "sqlite":
        _on_connect(engine, _sqlite_reader_settings)
        event.listen(engine, "begin", _begin_deferred)
    else:
        _on_connect(engine, _postgres_reader_settings)
    return engine


def _engine(url: URL, **options: Any) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"check_same_thread": False}, **options)
        engine.dialect.statement_compiler = HintingCompiler
        return engine
    # Positional parameters, so that statements compiled once take plain tuples on both databases.
    return create_engine(url, paramstyle="format", connect_args={"connect_timeout": 10}, **options)


def _on_connect(engine: Engine, settings: Any) -> None:
    def connected(connection: Any, _record: object) -> None:
        settings(connection)

    event.listen(engine, "connect", connected)


def _sqlite_settings(connection: sqlite3.Connection, cache_kib: int) -> None:
    # SQLAlchemy's begin event decides how a transaction starts, not the driver.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _sqlite_writer_settings(connection: sqlite3.Connection) -> None:
    _sqlite_settings(connection, _WRITER_CACHE_KIB)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")


def _sqlite_reader_settings(connection: sqlite3.Connection) -> None:
    _sqlite_settings(connection, _READER_CACHE_KIB)
    connection.execute("PRAGMA query_only = ON")


def _postgres_writer_settings(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("SET lock_timeout = '10s'")
        cursor.execute("SET application_name = 'hivemind writer'")
    connection.commit()


def _postgres_reader_settings(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        cursor.execute("SET default_transaction_isolation = 'repeatable read'")
        cursor.execute("SET application_name = 'hivemind reader'")
    connection.commit()


def _begin_immediate(connection: Connection) -> None:
    # A read that later writes cannot upgrade its lock while others write; take the write lock at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
