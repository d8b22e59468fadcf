"""What nodes do by themselves, as the audit log says it."""

from __future__ import annotations

from core.domain.events import AuditRecorded
from master_app.ports.node_pool import NodeRecord


def of_owner(node: NodeRecord, action: str, details: str, peer: str, at_ms: int) -> AuditRecorded:
    """Return the fact of what a node did by itself, in the name of its owner."""
    return AuditRecorded(
        actor_id=node.owner_id, action=action, subject=node.node_id, details=details, origin=peer, at_ms=at_ms
    )
