"""The database's shape: made, brought up to date after a copy, taken back; the same as the tables in code."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from core.domain.errors import Invalid, StorageUnavailable
from master_app.storage import migrate
from master_app.storage.engine import database_url, prepare_file, writer_engine
from master_app.storage.tables import metadata
from tests.support.storage import NOW_MS, Opened, a_node


@pytest.fixture
def engine(url: str, tmp_path: Path) -> Engine:
    where = database_url(url, tmp_path)
    prepare_file(where)
    return writer_engine(where)


def test_migrations_make_exactly_the_tables_of_the_code(engine: Engine, tmp_path: Path) -> None:
    assert migrate.upgrade(engine, tmp_path / "backups", NOW_MS) is None
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    found = inspect(engine)
    for table in metadata.sorted_tables:
        assert {index["name"] for index in found.get_indexes(table.name)} >= {
            str(index.name) for index in table.indexes
        }, table.name
    engine.dispose()


def test_partial_indexes_and_rows_by_key_are_as_in_the_code(tmp_path: Path) -> None:
    first, second = tmp_path / "migrated", tmp_path / "code"
    shapes = []
    for folder in (first, second):
        where = database_url("", folder)
        prepare_file(where)
        engine = writer_engine(where)
        if folder is first:
            migrate.upgrade(engine, tmp_path / "backups", NOW_MS)
        else:
            metadata.create_all(engine)
        engine.dispose()
        with sqlite3.connect(str(where.database)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            shapes.append({name: " ".join(text.split()) for name, text in rows if name != "alembic_version"})
        connection.close()
    assert shapes[0] == shapes[1]


def test_it_goes_down_and_up_again(engine: Engine, tmp_path: Path) -> None:
    migrate.upgrade(engine, tmp_path / "backups", NOW_MS)
    migrate.move(engine, "base")
    assert inspect(engine).get_table_names() in (["alembic_version"], [])
    assert migrate.revision(engine) is None
    migrate.upgrade(engine, tmp_path / "backups", NOW_MS)
    assert migrate.revision(engine) == migrate.newest_revision()
    engine.dispose()


_SECOND = """
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("nodes") as nodes:
        nodes.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="blue"))


def downgrade():
    with op.batch_alter_table("nodes") as nodes:
        nodes.drop_column("colour")
"""


def test_a_change_keeps_the_rows_and_copies_the_database_before(opened: Opened, tmp_path: Path) -> None:
    node, copies, scripts = a_node(), tmp_path / "copies", tmp_path / "scripts"
    opened.run(lambda uow: uow.nodes.add(node))
    opened.close()
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0002_colour.py").write_text(_SECOND)
    engine = writer_engine(database_url(opened.url, opened.folder))
    copy = migrate.upgrade(engine, copies, NOW_MS, scripts)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT node_id, colour FROM nodes").fetchall()
    assert [tuple(row) for row in rows] == [(node.node_id, "blue")]
    if opened.url:
        assert copy is None, "PostgreSQL is copied by its operator; its migrations are one transaction"
    else:
        assert copy is not None and copy.stat().st_mode & 0o077 == 0
        with closing(sqlite3.connect(copy)) as before:
            assert before.execute("SELECT node_id FROM nodes").fetchall() == [(node.node_id,)]
            assert before.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    migrate.move(engine, "0001", scripts)
    assert migrate.revision(engine) == "0001"
    engine.dispose()
    assert opened.run(lambda uow: uow.nodes.get(node.node_id)) == node


def test_a_database_of_a_newer_program_is_refused(opened: Opened) -> None:
    assert opened.storage
    opened.close()
    engine = writer_engine(database_url(opened.url, opened.folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(StorageUnavailable) as refused:
        assert opened.storage
    assert refused.value.code == "DATABASE_NEWER"


@pytest.mark.parametrize("wrong", ["mysql://x/y", "nonsense", "sqlite://"])
def test_a_wrong_url_is_refused_with_the_fix(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        database_url(wrong, tmp_path)
    assert "sqlite" in refused.value.fix
