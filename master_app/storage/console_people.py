"""People, join links and the audit log as the console's pages read them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy import text as sql

from core.domain.console_pages import AuditRow, AuditRows, LinkRow, ListQuery, UserRow, UserRows
from core.domain.user import UserState
from master_app.ports.console import NodeNote
from master_app.ports.reads import MAX_PAGE
from master_app.storage.mapping_people import row_to_user
from master_app.storage.readers import Readers
from master_app.storage.tables.history import audit_log
from master_app.storage.tables.ledger import accounts
from master_app.storage.tables.nodes import join_tokens, nodes
from master_app.storage.tables.tasks import TASK_IS_LIVE, tasks
from master_app.storage.tables.users import tokens, users

_ORDERS: Final[Mapping[str, Any]] = {
    "name": users.c.username,
    "state": users.c.state,
    "created": users.c.created_ms,
    "login": users.c.last_login_ms,
    "balance": func.coalesce(accounts.c.balance_ucpt, 0),
}


class PeoplePages:
    """Part of `ConsoleReads`."""

    _readers: Readers

    def users(self, query: ListQuery) -> UserRows:
        conditions: list[ColumnElement[bool]] = [users.c.state != UserState.DELETED.value]
        if query.text:
            conditions.append(users.c.username.contains(query.text.casefold(), autoescape=True))
        order = _ORDERS.get(query.sort, users.c.username)
        joined = (
            select(users, func.coalesce(accounts.c.balance_ucpt, 0))
            .outerjoin(accounts, accounts.c.account_id == "user:" + users.c.user_id)
            .where(*conditions)
            .order_by(order.desc() if query.descending else order.asc(), users.c.user_id)
            .limit(min(query.limit, MAX_PAGE))
            .offset(query.offset)
        )
        with self._readers.snapshot() as connection:
            page = connection.execute(joined).all()
            ids = [row[0] for row in page]
            live = _counts(connection, tasks.c.owner_id, ids, sql(TASK_IS_LIVE))
            owned = _counts(connection, nodes.c.owner_id, ids, nodes.c.admin != "REVOKED")
            alive = _counts(connection, tokens.c.user_id, ids, tokens.c.revoked_ms == 0)
            total = connection.execute(select(func.count()).select_from(users).where(*conditions)).scalar()
        rows = []
        for row in page:
            user = row_to_user(tuple(row[:-1]))
            rows.append(
                UserRow(
                    user_id=user.user_id,
                    username=user.username,
                    roles=tuple(sorted(user.roles)),
                    state=user.state.value,
                    state_reason=user.state_reason,
                    created_ms=user.created_ms,
                    last_login_ms=user.last_login_ms,
                    balance_ucpt=row[-1],
                    live_tasks=live.get(user.user_id, 0),
                    nodes=owned.get(user.user_id, 0),
                    tokens=alive.get(user.user_id, 0),
                )
            )
        return UserRows(rows=tuple(rows), total=int(total or 0))

    def user_count(self) -> int:
        row = self._readers.row(
            select(func.count()).select_from(users).where(users.c.state != UserState.DELETED.value)
        )
        return int(row[0]) if row is not None else 0

    def node_notes(self) -> Mapping[str, NodeNote]:
        query = (
            select(
                nodes.c.node_id,
                users.c.username,
                nodes.c.created_ms,
                nodes.c.last_seen_ms,
                nodes.c.key_sha256,
                nodes.c.version,
            )
            .outerjoin(users, users.c.user_id == nodes.c.owner_id)
            .where(nodes.c.admin != "REVOKED")
        )
        return {
            row[0]: NodeNote(
                owner_name=row[1] or "",
                created_ms=row[2],
                last_seen_ms=row[3],
                fingerprint=row[4][:8].upper(),
                version=row[5],
            )
            for row in self._readers.rows(query)
        }

    def audit(self, query: ListQuery) -> AuditRows:
        joined = (
            select(audit_log, users.c.username)
            .outerjoin(users, users.c.user_id == audit_log.c.actor_id)
            .order_by(audit_log.c.sequence.desc())
        )
        counted = select(func.count()).select_from(audit_log)
        if query.text:
            words = query.text.lower()
            said = or_(
                func.lower(audit_log.c.action).contains(words, autoescape=True),
                func.lower(audit_log.c.details).contains(words, autoescape=True),
                audit_log.c.subject.contains(query.text, autoescape=True),
                users.c.username.contains(words, autoescape=True),
            )
            joined = joined.where(said)
            counted = counted.outerjoin(users, users.c.user_id == audit_log.c.actor_id).where(said)
        with self._readers.snapshot() as connection:
            page = connection.execute(joined.limit(min(query.limit, MAX_PAGE)).offset(query.offset)).all()
            total = connection.execute(counted).scalar()
            names = _subjects(connection, {row.subject for row in page})
        rows = [
            AuditRow(
                sequence=row.sequence,
                at_ms=row.at_ms,
                actor=row.username or "",
                action=row.action,
                subject=row.subject,
                subject_name=names.get(row.subject, ""),
                details=row.details,
                origin=row.origin,
            )
            for row in page
        ]
        return AuditRows(rows=tuple(rows), total=int(total or 0))

    def join_links(self, now_ms: int) -> Sequence[LinkRow]:
        creator = users.alias("creator")
        query = (
            select(join_tokens, users.c.username, creator.c.username)
            .outerjoin(users, users.c.user_id == join_tokens.c.owner_id)
            .outerjoin(creator, creator.c.user_id == join_tokens.c.created_by)
            .where(join_tokens.c.revoked == 0, join_tokens.c.uses_left > 0, join_tokens.c.expires_ms > now_ms)
            .order_by(join_tokens.c.created_ms.desc())
            .limit(MAX_PAGE)
        )
        return [
            LinkRow(
                link_id=row.token_sha256,
                owner=row[-2] or "",
                created_by=row[-1] or "",
                created_ms=row.created_ms,
                expires_ms=row.expires_ms,
                uses_left=row.uses_left,
                labels=json.loads(row.labels or "{}"),
                name_pattern=row.name_pattern,
                approve=bool(row.approve),
            )
            for row in self._readers.rows(query)
        ]


def _counts(connection: Any, column: Any, ids: Sequence[str], condition: Any) -> dict[str, int]:
    if not ids:
        return {}
    query = select(column, func.count()).where(column.in_(ids), condition).group_by(column)
    return {row[0]: row[1] for row in connection.execute(query)}


def _subjects(connection: Any, ids: set[str]) -> dict[str, str]:
    """Return the names of the tasks, nodes and users among these ids."""
    wanted = sorted(ids)
    names: dict[str, str] = {}
    for key, name in (
        (tasks.c.task_id, tasks.c.name),
        (nodes.c.node_id, nodes.c.name),
        (users.c.user_id, users.c.username),
    ):
        if wanted:
            names |= {row[0]: row[1] for row in connection.execute(select(key, name).where(key.in_(wanted)))}
    return names
