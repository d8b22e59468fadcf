"""What `master_app.node_pool` needs kept of nodes and join links, and how it reaches a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.node import NodeAdmin, NodeFacts, NodeHealth
from core.domain.session import MasterMessage


@dataclass(slots=True, kw_only=True)
class NodeRecord:
    """One enrolled node's row. Mutable: change it, then `save` it; one write a commit."""

    node_id: str
    name: str
    owner_id: str
    created_ms: int
    admin: NodeAdmin
    admin_reason: str = ""
    #: See `NodeView`.
    admin_by_operator: bool = False
    drain_deadline_ms: int = 0
    #: Kept for faces; after a start every node is DISCONNECTED or DOWN until it says HELLO.
    health: NodeHealth = NodeHealth.NEW
    health_since_ms: int = 0
    incarnation: int = 0
    boot_id: str = ""
    #: Serial number (hex) of its current certificate; others are refused.
    certificate_serial: str = ""
    certificate_expires_ms: int = 0
    #: SHA-256 of its public key; renewal needs the same key.
    key_sha256: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    facts: NodeFacts = field(default_factory=NodeFacts)
    quarantined_until_ms: int = 0
    #: Length of the next quarantine; 0: not been in one lately.
    quarantine_step_ms: int = 0
    quarantine_reason: str = ""
    last_seen_ms: int = 0
    version: str = ""
    #: When its practice subtask was asked for lately; wall clock.
    practice_asks: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class JoinTokenRecord:
    """A join link's secret, hashed. `uses_left` 0: used up."""

    token_sha256: str
    owner_id: str
    created_by: str
    created_ms: int
    expires_ms: int
    uses_left: int = 1
    labels: dict[str, str] = field(default_factory=dict)
    #: `{n}` and `{host}` are filled in.
    name_pattern: str = "{host}"
    approve: bool = False
    revoked: bool = False


class NodeRepository(Protocol):
    def add(self, node: NodeRecord) -> None: ...

    def get(self, node_id: str) -> NodeRecord | None:
        """Return the row; within one transaction always the same object."""

    def save(self, node: NodeRecord) -> None: ...

    def all(self) -> Sequence[NodeRecord]:
        """Return all nodes, REVOKED ones too, oldest first."""

    def name_taken(self, name: str) -> bool: ...

    def add_join_token(self, token: JoinTokenRecord) -> None: ...

    def join_token(self, token_sha256: str) -> JoinTokenRecord | None: ...

    def save_join_token(self, token: JoinTokenRecord) -> None: ...

    def join_tokens(self, owner_id: str | None = None) -> Sequence[JoinTokenRecord]:
        """Return links that may still be used, newest first."""


class SessionLink(Protocol):
    """The sending half of one live session. Thread-safe, never blocks, bounded."""

    @property
    def session_id(self) -> str: ...

    def send(self, message: MasterMessage) -> None:
        """Queue a message. A session whose queue is full is closed: its node will resync."""

    def close(self, reason: str) -> None: ...
