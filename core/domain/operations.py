"""What operators ask of a running master and what it answers: values shared by its services and its doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.user import ALL_SCOPES, Role, Scope
from core.domain.views import NodeView, TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorIdentity:
    """Who calls the control door. `local`: holder of the token in the owner-only file of the data folder."""

    user_id: str
    name: str
    local: bool = False
    roles: frozenset[Role] = frozenset(Role)
    #: Of the token that was shown.
    scopes: frozenset[Scope] = ALL_SCOPES
    #: Where from: an address; empty for the local console.
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    name: str
    roles: tuple[str, ...]
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJoinLink:
    """What a join link is to allow. An empty `owner` is the operator who asks."""

    owner: str = ""
    uses: int = 1
    expires_s: int = 900
    labels: Mapping[str, str] = field(default_factory=dict)
    name_pattern: str = "{host}"
    approve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinLinkMade:
    """`link` is a bearer secret."""

    link: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCheck:
    """The outcome of replaying the ledger. `first_problem` names the first row that does not fit."""

    sound: bool
    transfers: int
    accounts: int
    first_problem: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade:
    path: str
    size: int


class NodeAction(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"
    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"
    REVOKE = "revoke"
    CLEAR_QUARANTINE = "clear_quarantine"


class TaskAction(StrEnum):
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY_FAILED = "retry_failed"
    RETRY_ALL = "retry_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePage:
    nodes: tuple[NodeView, ...]
    #: Empty: the end.
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    tasks: tuple[TaskView, ...]
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A node's wish for a new certificate, with the proof already checked by the door: the old certificate is
    of our authority (it may have expired) and its key signed a fresh nonce together with this request.
    """

    node_id: str
    certificate_serial: str
    #: SHA-256 (hex) of the public key of the old certificate.
    key_sha256: str
    csr_pem: bytes
