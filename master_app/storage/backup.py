"""A backup is one file: the database, the settings files, and the newest heads of its chains.

Made while the master runs. The file is a ZIP that any program opens: `database.sqlite3` (a PostgreSQL is copied
into the same shape), `files/...` and `heads.json`. Whoever keeps a head elsewhere notices a rewritten ledger.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, insert, inspect, select, text
from sqlalchemy.pool import NullPool

from core.domain.errors import Conflict, Invalid, StorageUnavailable
from core.paths import private_folder, private_opener, sync_folder
from master_app.storage.engine import database_url, prepare_file, writer_engine
from master_app.storage.failures import from_os_error, translate
from master_app.storage.tables import metadata
from master_app.storage.tables.history import audit_log, meta
from master_app.storage.tables.ledger import transfers

_DATABASE: Final = "database.sqlite3"
_HEADS: Final = "heads.json"
_FILES: Final = "files/"
_ROWS_AT_ONCE: Final = 1_000
_REVISION: Final = text("SELECT version_num FROM alembic_version")


def copy_sqlite(engine: Engine, target: Path) -> None:
    """Copy a SQLite database, as of one moment, into a new owner-only file, while others use it."""
    source = engine.url.database
    assert source is not None
    os.close(private_opener(str(target), os.O_RDWR | os.O_CREAT | os.O_EXCL))
    with (
        contextlib.closing(sqlite3.connect(source)) as origin,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        # In one step: between steps a commit of the writer would make it begin again, for ever on a busy pool.
        # In WAL mode the step holds a snapshot and nobody waits for it.
        origin.backup(copy, pages=-1)


def back_up(engine: Engine, target: Path, files: Mapping[str, Path], *, now_ms: int) -> dict[str, Any]:
    """Write a backup to `target`, which MUST NOT be there; return its heads. `files` are settings by name.

    `engine` is the readers': what it reads belongs to one moment, and the writer goes on meanwhile.
    """
    folder = private_folder(target.parent)
    if target.exists():
        raise Conflict(f"{target} is there already.", code="BACKUP_EXISTS", fix="Choose another name.")
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as work:
            database = Path(work) / _DATABASE
            if engine.dialect.name == "sqlite":
                copy_sqlite(engine, database)
            else:
                _copy_rows(engine, _sqlite_at(database))
            heads = {**read_heads(database), "made_ms": now_ms}
            packed = Path(work) / "packed"
            with open(packed, "xb", opener=private_opener) as raw:
                with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                    archive.write(database, _DATABASE)
                    for name, path in files.items():
                        archive.write(path, _FILES + _safe_name(name))
                    archive.writestr(_HEADS, json.dumps(heads, indent=1))
                raw.flush()
                os.fsync(raw.fileno())
            os.replace(packed, target)
            sync_folder(folder)
    except OSError as error:
        raise from_os_error(error) from error
    except sqlite3.Error as error:
        raise (translate(error) or StorageUnavailable("The database could not be copied.")) from error
    return heads


def restore(source: Path, url: str, data_dir: Path) -> dict[str, Any]:
    """Put a backup into an empty database and data folder; return its heads.

    The next start takes a term above the backup's; nodes that have seen a later one lift it further.
    """
    where = database_url(url, data_dir)
    if where.get_backend_name() == "sqlite" and where.database and Path(where.database).exists():
        raise Conflict(
            "There is a database already.",
            code="DATABASE_EXISTS",
            fix="Move the data folder away, or name an empty one.",
        )
    private_folder(data_dir)
    try:
        with zipfile.ZipFile(source) as archive, tempfile.TemporaryDirectory(dir=data_dir) as work:
            heads: dict[str, Any] = json.loads(archive.read(_HEADS))
            for name in archive.namelist():
                if name.startswith(_FILES) and (data_dir / _safe_name(name.removeprefix(_FILES))).exists():
                    raise Conflict(
                        f"{data_dir} has its own {name.removeprefix(_FILES)} already.",
                        code="FOLDER_NOT_EMPTY",
                        fix="Restore into an empty data folder.",
                    )
            database = Path(work) / _DATABASE
            with archive.open(_DATABASE) as packed, open(database, "xb", opener=private_opener) as file:
                while piece := packed.read(1 << 20):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            if where.get_backend_name() == "sqlite":
                prepare_file(where)
                os.replace(database, str(where.database))
            else:
                _copy_rows(_sqlite_at(database), writer_engine(where))
            for name in archive.namelist():
                if name.startswith(_FILES):
                    target = data_dir / _safe_name(name.removeprefix(_FILES))
                    with open(target, "xb", opener=private_opener) as file:
                        file.write(archive.read(name))
            sync_folder(data_dir)
    except OSError as error:
        raise from_os_error(error) from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Invalid(f"{source} is not a backup of a master.", code="BACKUP_INVALID") from error
    return heads


def read_file(source: Path, name: str) -> str:
    """Return a settings file of a backup as text; empty where it has none."""
    try:
        with zipfile.ZipFile(source) as archive:
            return archive.read(_FILES + name).decode() if _FILES + name in archive.namelist() else ""
    except OSError as error:
        raise from_os_error(error) from error
    except (zipfile.BadZipFile, ValueError) as error:
        raise Invalid(f"{source} is not a backup of a master.", code="BACKUP_INVALID") from error


def read_heads(database: Path) -> dict[str, Any]:
    """Return the newest links of both chains, and the term, of a SQLite file."""
    engine = _sqlite_at(database)
    try:
        with engine.connect() as connection:
            ledger = connection.execute(
                select(transfers.c.sequence, transfers.c.hash).order_by(transfers.c.sequence.desc()).limit(1)
            ).first()
            audit = connection.execute(
                select(audit_log.c.sequence, audit_log.c.hash).order_by(audit_log.c.sequence.desc()).limit(1)
            ).first()
            term = connection.execute(select(meta.c.content).where(meta.c.name == "term")).scalar()
    finally:
        engine.dispose()
    return {
        "term": int(term or 0),
        "ledger": list(ledger) if ledger else [0, ""],
        "audit": list(audit) if audit else [0, ""],
    }


def _sqlite_at(path: Path) -> Engine:
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def _copy_rows(source: Engine, target: Engine) -> None:
    """Copy every table, as of one moment, into an empty database, which gets the same shape."""
    if inspect(target).get_table_names():
        raise Conflict("The database is not empty.", code="DATABASE_EXISTS", fix="Name an empty one.")
    with source.connect().execution_options(stream_results=True) as origin, target.begin() as copy:
        metadata.create_all(copy)
        for table in metadata.sorted_tables:
            for portion in origin.execute(select(table)).mappings().partitions(_ROWS_AT_ONCE):
                copy.execute(insert(table), [dict(row) for row in portion])
        copy.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        version = origin.execute(_REVISION).scalar()
        copy.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


def _safe_name(name: str) -> str:
    if not name or name != Path(name).name or name.startswith("."):
        raise Invalid(f"{name!r} is not the name of a settings file.", code="BACKUP_INVALID")
    return name
