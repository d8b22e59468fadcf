"""Enrolled nodes and join links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, select, text

from core.domain.node import NodeAdmin
from master_app.ports.node_pool import JoinTokenRecord, NodeRecord
from master_app.storage.mapping import join_token_to_row, node_to_row, row_to_join_token, row_to_node
from master_app.storage.statements import Sql, constant, insert_of, update_of
from master_app.storage.tables.nodes import join_tokens, nodes

_ADD: Final = insert_of(nodes)
_SAVE: Final = update_of(nodes, [column.name for column in nodes.c if not column.primary_key])
_GET: Final = select(nodes).where(nodes.c.node_id == bindparam("node_id"))
_ALL: Final = select(nodes).order_by(nodes.c.created_ms, nodes.c.node_id)
_NAMED: Final = select(nodes.c.node_id).where(
    func.lower(nodes.c.name) == func.lower(bindparam("name", type_=nodes.c.name.type)),
    nodes.c.admin != constant(NodeAdmin.REVOKED.value),
)
_ADD_TOKEN: Final = insert_of(join_tokens)
_SAVE_TOKEN: Final = update_of(join_tokens, [column.name for column in join_tokens.c if not column.primary_key])
_TOKEN: Final = select(join_tokens).where(join_tokens.c.token_sha256 == bindparam("token_sha256"))
_USABLE: Final = (
    select(join_tokens)
    .where(text("uses_left > 0 AND revoked = 0"), join_tokens.c.expires_ms > bindparam("now_ms"))
    .order_by(join_tokens.c.created_ms.desc(), join_tokens.c.token_sha256)
)


class SqlNodes:
    """See the port. Rows that were saved are written once, at `flush`."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._known: dict[str, NodeRecord] = {}
        self._changed: dict[str, NodeRecord] = {}
        self._now_ms = 0

    def begin(self, now_ms: int) -> None:
        self._known.clear()
        self._changed.clear()
        self._now_ms = now_ms

    def flush(self) -> None:
        if self._changed:
            rows = [node_to_row(node) for node in self._changed.values()]
            self._sql.run_many(_SAVE, [(*row[1:], row[0]) for row in rows])
            self._changed.clear()

    @property
    def changed_count(self) -> int:
        return len(self._changed)

    def add(self, node: NodeRecord) -> None:
        self._sql.run(_ADD, node_to_row(node))
        self._known[node.node_id] = node

    def get(self, node_id: str) -> NodeRecord | None:
        node = self._known.get(node_id)
        if node is None:
            row = self._sql.row(_GET, (node_id,))
            if row is not None:
                node = self._known[node_id] = row_to_node(row)
        return node

    def save(self, node: NodeRecord) -> None:
        self._known[node.node_id] = node
        self._changed[node.node_id] = node

    def all(self) -> Sequence[NodeRecord]:
        self.flush()
        found = []
        for row in self._sql.rows(_ALL):
            node = self._known.get(row[0])
            if node is None:
                node = self._known[row[0]] = row_to_node(row)
            found.append(node)
        return found

    def name_taken(self, name: str) -> bool:
        self.flush()
        return self._sql.row(_NAMED, (name,)) is not None

    def add_join_token(self, token: JoinTokenRecord) -> None:
        self._sql.run(_ADD_TOKEN, join_token_to_row(token))

    def join_token(self, token_sha256: str) -> JoinTokenRecord | None:
        row = self._sql.row(_TOKEN, (token_sha256,))
        return None if row is None else row_to_join_token(row)

    def save_join_token(self, token: JoinTokenRecord) -> None:
        row = join_token_to_row(token)
        self._sql.run(_SAVE_TOKEN, (*row[1:], row[0]))

    def join_tokens(self, owner_id: str | None = None) -> Sequence[JoinTokenRecord]:
        found = [row_to_join_token(row) for row in self._sql.rows(_USABLE, (self._now_ms,))]
        return [token for token in found if owner_id is None or token.owner_id == owner_id]
