"""The agent's database: accepted attempts and unacknowledged updates, in one SQLite file. One thread only.

    held   one row an attempt: its offer while it is live, its newest update until that is acknowledged
    brief  what is the same for all attempts of a task
    fact   incarnation, highest term, next number, boot

A write is one transaction with synchronous=FULL on a write-ahead log: durable on return, whole or not at all.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from core import paths
from core.domain.errors import StorageFull, StorageUnavailable
from core.domain.rewards import Tick
from core.domain.session import AttemptUpdate, Offer, TaskBrief
from worker_app.agent.ports.store import BriefKey, Changes, Ending, StartMark, Stored, StoredAttempt

SCHEMA_VERSION: Final = 1
_FILE: Final = "agent.db"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS brief (
    task_id TEXT NOT NULL, revision INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (task_id, revision)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    attempt_id TEXT PRIMARY KEY,
    offer BLOB, item BLOB, deadline_ms INTEGER NOT NULL DEFAULT 0, boot_id TEXT NOT NULL DEFAULT '',
    mark BLOB, ticks BLOB, ending BLOB, number INTEGER, body BLOB
) WITHOUT ROWID;
"""

_OFFER: Final[TypeAdapter[Offer]] = TypeAdapter(Offer)
_BRIEF: Final[TypeAdapter[TaskBrief]] = TypeAdapter(TaskBrief)
_UPDATE: Final[TypeAdapter[AttemptUpdate]] = TypeAdapter(AttemptUpdate)
_MARK: Final[TypeAdapter[StartMark]] = TypeAdapter(StartMark)
_ENDING: Final[TypeAdapter[Ending]] = TypeAdapter(Ending)
_TICKS: Final[TypeAdapter[tuple[Tick, ...]]] = TypeAdapter(tuple[Tick, ...])


class Outbox:
    """Implements `ports.store.AgentStore`. Made on any thread, used on one."""

    def __init__(self, folder: Path, boot_id: str, node_id: str = "") -> None:
        """What another node left in this folder is no business of `node_id`'s, and goes."""
        self._node_id = node_id
        self._file = folder / _FILE
        self._boot_id = boot_id
        self._connection: sqlite3.Connection | None = None

    def open(self) -> Stored:
        """Open or make the database, raise the incarnation and return what is there."""
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            raise _translated(error, self._file) from error

    def _open(self) -> Stored:
        paths.private_folder(self._file.parent)
        if not self._file.exists():
            # SQLite would make it with the process's umask.
            os.close(paths.private_opener(str(self._file), os.O_CREAT | os.O_RDWR))
            paths.sync_folder(self._file.parent)
        connection = sqlite3.connect(
            self._file, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        self._connection = connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StorageUnavailable(
                f"{self._file} was made by a newer version of this program.",
                code="DATABASE_NEWER",
                fix="Install that version again, or newer.",
            )
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        facts = dict(connection.execute("SELECT name, value FROM fact"))
        if self._node_id and facts.get("node", self._node_id) != self._node_id:
            connection.executescript("BEGIN IMMEDIATE; DELETE FROM held; DELETE FROM brief; COMMIT")
        incarnation = int(facts.get("incarnation", "0")) + 1
        self._facts([("incarnation", str(incarnation)), ("node", self._node_id)])
        return Stored(
            incarnation=incarnation,
            highest_term=int(facts.get("term", "0")),
            next_number=int(facts.get("number", "1")),
            briefs=self._briefs(connection),
            attempts=tuple(self._attempts(connection)),
        )

    def _facts(self, rows: Iterable[tuple[str, str]]) -> None:
        connection = self._connection
        assert connection is not None
        connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", rows)

    def _briefs(self, connection: sqlite3.Connection) -> dict[BriefKey, TaskBrief]:
        rows = connection.execute("SELECT body FROM brief")
        briefs = [_BRIEF.validate_json(body) for (body,) in rows]
        return {(brief.task_id, brief.revision): brief for brief in briefs}

    def _attempts(self, connection: sqlite3.Connection) -> Iterable[StoredAttempt]:
        rows = connection.execute(
            "SELECT offer, item, deadline_ms, boot_id, mark, ticks, ending, body FROM held ORDER BY attempt_id"
        )
        for offer_body, item, deadline_ms, boot_id, mark, ticks, ending, body in rows:
            update = None if body is None else _UPDATE.validate_json(body)
            yield StoredAttempt(
                offer=None if offer_body is None else _offer(offer_body, item),
                deadline_ms=deadline_ms,
                boot_id=boot_id,
                mark=None if mark is None else _MARK.validate_json(mark),
                ticks=() if ticks is None else _TICKS.validate_json(ticks),
                ending=None if ending is None else _ENDING.validate_json(ending),
                update=update,
            )

    def write(self, changes: Changes) -> None:
        """Keep all of it, durably, or nothing."""
        connection = self._connection
        if connection is None:
            raise StorageUnavailable("The agent's database is closed.")
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(connection, changes)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                with suppress(sqlite3.OperationalError):
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as error:
            raise _translated(error, self._file) from error

    def _write(self, connection: sqlite3.Connection, changes: Changes) -> None:
        many = connection.executemany
        if changes.briefs:
            rows = [(brief.task_id, brief.revision, _BRIEF.dump_json(brief)) for brief in changes.briefs]
            many("INSERT OR REPLACE INTO brief VALUES (?, ?, ?)", rows)
        if changes.accepted:
            many(
                "INSERT OR IGNORE INTO held (attempt_id, offer, item, deadline_ms, boot_id) "
                "VALUES (?, ?, ?, ?, ?)",
                [self._accepted_row(offer, deadline_ms) for offer, deadline_ms in changes.accepted],
            )
        self._set("mark", [(_MARK.dump_json(mark), key) for key, mark in changes.marks.items()])
        self._set("deadline_ms", [(value, key) for key, value in changes.deadlines.items()])
        self._set("ticks", [(_TICKS.dump_json(value), key) for key, value in changes.ticks.items()])
        self._set("ending", [(_ENDING.dump_json(value), key) for key, value in changes.endings.items()])
        if changes.updates:
            many(
                "INSERT INTO held (attempt_id, number, body) VALUES (?, ?, ?) ON CONFLICT (attempt_id) "
                "DO UPDATE SET number = excluded.number, body = excluded.body",
                [(update.attempt_id, update.number, _UPDATE.dump_json(update)) for update in changes.updates],
            )
        if changes.dropped:
            many("DELETE FROM held WHERE attempt_id = ?", [(key,) for key in changes.dropped])
        if changes.dropped_briefs:
            many("DELETE FROM brief WHERE task_id = ? AND revision = ?", changes.dropped_briefs)
        facts = []
        if changes.next_number:
            facts.append(("number", str(changes.next_number)))
        if changes.highest_term:
            facts.append(("term", str(changes.highest_term)))
        if facts:
            self._facts(facts)

    def _accepted_row(self, offer: Offer, deadline_ms: int) -> tuple[str, bytes, bytes | None, int, str]:
        # Item bytes are any bytes, which JSON text cannot hold; they stand in a column of their own.
        item = offer.item
        content = item.content if item is not None and item.content else None
        exclude: Any = {"item": {"content"}} if content is not None else None
        return (
            offer.attempt_id,
            _OFFER.dump_json(offer, exclude=exclude),
            content,
            deadline_ms,
            self._boot_id,
        )

    def _set(self, column: str, rows: list[tuple[Any, str]]) -> None:
        if rows:
            assert self._connection is not None
            self._connection.executemany(f"UPDATE held SET {column} = ? WHERE attempt_id = ?", rows)

    def close(self) -> None:
        """Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _offer(body: bytes, item: bytes | None) -> Offer:
    offer = _OFFER.validate_json(body)
    if item is None or offer.item is None:
        return offer
    return replace(offer, item=replace(offer.item, content=item))


def _translated(error: sqlite3.DatabaseError, file: Path) -> StorageFull | StorageUnavailable:
    code = getattr(error, "sqlite_errorcode", 0) or 0
    if code & 0xFF == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) == errno.ENOSPC:
        return StorageFull(
            f"The disk of {file.parent} is full.", fix="Make room; nothing is lost, and it goes on by itself."
        )
    return StorageUnavailable(f"The agent's database {file} cannot be used: {error}.", code="DATABASE_UNUSABLE")
