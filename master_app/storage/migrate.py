"""Brings a database to today's shape. Before anything is changed, a copy of a SQLite database is made."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from core.domain.errors import StorageUnavailable
from core.paths import private_folder
from master_app.storage.backup import copy_sqlite

logger = logging.getLogger(__name__)

SCRIPTS: Final = Path(__file__).resolve().parent / "migrations"


def revision(engine: Engine) -> str | None:
    """Return the shape that a database has; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision(scripts: Path = SCRIPTS) -> str:
    """Return the shape that this program needs."""
    head = ScriptDirectory(str(scripts)).get_current_head()
    assert head is not None
    return head


def upgrade(engine: Engine, copies: Path, now_ms: int, scripts: Path = SCRIPTS) -> Path | None:
    """Bring the database to today's shape; return the copy that was made before, if one was.

    Raises StorageUnavailable for a database that a newer program has made.
    """
    current, newest = revision(engine), newest_revision(scripts)
    if current == newest:
        return None
    known = {script.revision for script in ScriptDirectory(str(scripts)).walk_revisions()}
    if current is not None and current not in known:
        raise StorageUnavailable(
            "This database was made by a newer version of the master.",
            code="DATABASE_NEWER",
            fix="Start the newer version, or restore the backup that was made before it.",
        )
    copy = None
    if current is not None:
        if engine.dialect.name == "sqlite":
            copy = private_folder(copies) / f"before-{newest}-{now_ms}.sqlite3"
            copy_sqlite(engine, copy)
        logger.warning(
            "changing the shape of the database", extra={"from": current, "to": newest, "copy": str(copy)}
        )
    move(engine, newest, scripts)
    return copy


def move(engine: Engine, target: str, scripts: Path = SCRIPTS) -> None:
    """Run migrations up or down to a revision, in one transaction; `base` is the empty database."""
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        older = here is not None and target in {
            script.down_revision for script in ScriptDirectory(str(scripts)).iterate_revisions(here, "base")
        }
        if older or target == "base":
            command.downgrade(config, target)
        else:
            command.upgrade(config, target)
