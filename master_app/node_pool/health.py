"""A node's health moves by its table, in one place; the row and the faces follow."""

from __future__ import annotations

from core.domain.events import NodeHealthChanged
from core.domain.node import HEALTH_TABLE, NodeHealth
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import PoolNode


def set_health(uow: UnitOfWork, hot: PoolNode, target: NodeHealth, reason: str) -> None:
    """Move a node's health by its table; the row follows for faces."""
    source = hot.health
    if source is target:
        return
    HEALTH_TABLE.check(source, target, hot.node_id)
    uow.pool.change(hot, health=target)
    node = uow.nodes.get(hot.node_id)
    if node is not None:
        node.health = target
        node.health_since_ms = uow.now_ms
        uow.nodes.save(node)
    uow.publish(
        NodeHealthChanged(node_id=hot.node_id, source=source, target=target, reason=reason, at_ms=uow.now_ms)
    )
