"""What people hear when the pool does not do to a node what they ask."""

from __future__ import annotations

from core.domain.errors import Conflict
from master_app.ports.node_pool import NodeRecord


def stopped(node: NodeRecord) -> Conflict:
    """Refuse an owner's resume of a node that an operator stopped."""
    return Conflict(
        f"An operator of the pool stopped {node.name}; its owner cannot take that back.",
        code="NODE_STOPPED_BY_OPERATOR",
        fix="Ask an operator to resume it.",
    )
