"""The audit log as operators use it: search, export, replay; and how acts without a transaction get into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

from core.domain.audit import AuditCheck, AuditRow, audited, check_rows
from core.domain.errors import Invalid
from core.domain.events import AuditRecorded
from core.domain.user import Action, Principal, fold_username, require
from master_app.ports.audit import AuditFilter, AuditReads
from master_app.ports.reads import Page
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import UserReads

_FIELDS: Final = ("at_ms", "actor_id", "action", "subject", "details", "origin")
_MAX_LINE: Final = 1 << 16


class AuditLog:
    """Rows are written with the acts themselves, in their transactions; this reads them."""

    def __init__(self, *, writer: Writer, reads: AuditReads, users: UserReads) -> None:
        self._writer = writer
        self._reads = reads
        self._users = users

    def note(self, who: Principal | None, action: str, subject: str = "", details: str = "") -> Future[None]:
        """Write that `who` did something that changes nothing here: an export, a backup."""

        def command(uow: UnitOfWork) -> None:
            uow.publish(audited(who, action, subject, details, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def page(
        self, who: Principal, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditRow]:
        """Return rows, newest first. Operators only."""
        require(who, Action.AUDIT_READ)
        return self._reads.page(wanted, cursor=cursor, limit=limit)

    def own_page(
        self, who: Principal, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditRow]:
        """Return what the log says that the caller did, newest first."""
        require(who, Action.ACCOUNT_READ)
        return self._reads.page(replace(wanted, actor_id=who.user_id), cursor=cursor, limit=limit)

    def actor_id(self, who: Principal, username: str) -> str | None:
        """Return whose rows are meant by a name; one that nobody has: an id that no row has."""
        require(who, Action.AUDIT_READ)
        if not username:
            return None
        user = self._users.find(fold_username(username))
        return user.user_id if user is not None else "nobody"

    def names(self, user_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those of these users who have one; what is no user, or a deleted one, is missing."""
        found = {user_id: self._users.user(user_id) for user_id in set(user_ids) if user_id}
        return {user_id: user.username for user_id, user in found.items() if user is not None and user.username}

    def export(self, who: Principal) -> Iterator[str]:
        """Return the whole log as JSON lines, which `verify_lines` replays. The next one says so."""
        require(who, Action.AUDIT_READ)
        self.note(who, "audit.export").result(30)
        return _to_lines(self._reads.rows())

    def verify(self, who: Principal | None) -> AuditCheck:
        """Replay the log of the database. `who` None: the owner of the data folder."""
        if who is not None:
            require(who, Action.AUDIT_READ)
        return check_rows(self._reads.rows())


def _to_lines(rows: Iterable[AuditRow]) -> Iterator[str]:
    for row in rows:
        fact = {name: getattr(row.fact, name) for name in _FIELDS}
        line = {"sequence": row.sequence, **fact, "previous": row.previous, "hash": row.hash}
        yield json.dumps(line, ensure_ascii=False) + "\n"


def verify_lines(lines: Iterable[str]) -> AuditCheck:
    """Replay an exported log. Raises Invalid for a file that is none."""
    return check_rows(_read(number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _read(number: int, line: str) -> AuditRow:
    try:
        value: dict[str, Any] = json.loads(line[:_MAX_LINE])
        fields: dict[str, Any] = {name: _typed(value[name], name) for name in _FIELDS}
        fact = AuditRecorded(**fields)
        return AuditRow(int(value["sequence"]), fact, str(value["previous"]), str(value["hash"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid(
            f"Line {number} is no row of an audit log.",
            code="AUDIT_FILE_INVALID",
            fix="Give the file that GET /api/v1/audit/export answers.",
        ) from error


def _typed(value: object, name: str) -> object:
    if not isinstance(value, int if name == "at_ms" else str):
        raise TypeError(name)
    return value
