"""What the console asks of a master. Every call answers with a future; errors are those of its services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.domain.console import (
    ArtifactRows,
    AttemptRows,
    LogPiece,
    PoolInfo,
    SubmitReply,
    SubtaskMap,
    TaskQuery,
    TaskRows,
    WhyRows,
)
from core.domain.console_near import LabelChange, LogHits, NodeNear, TaskUse
from core.domain.console_pages import (
    AccountRows,
    AuditRows,
    DayRows,
    DoctorRows,
    Explained,
    FolderRows,
    LinkRows,
    ListQuery,
    SettingRows,
    TransferQuery,
    TransferRows,
    UserChange,
    UserRows,
)
from core.domain.operations import JoinLinkMade, LedgerCheck, NewJoinLink, NewUser, NodeAction, TaskAction
from core.domain.views import NodeView, TaskView


class LinkState(StrEnum):
    """How the console stands with its master."""

    CONNECTING = "connecting"
    LIVE = "live"
    #: No answer; it is tried again.
    LOST = "lost"
    #: It answers and does not let us in, or is not who it was. Nothing is tried again by itself.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    state: LinkState
    since_ms: int
    #: Of LOST: when it is tried again.
    next_try_ms: int = 0
    delay_ms: float | None = None
    #: Why, in words; empty while live.
    words: str = ""
    code: str = ""


#: Where Watch leaves what it hears: a key (the newest value of each counts) and the value.
Sink = Callable[[tuple[str, ...], object], None]


class MasterPort(Protocol):
    """One master. `client.RemoteMaster` is the real one."""

    def watch(self, sink: Sink) -> None:
        """Tell `sink` of the link, the overview, nodes and changes until `close`."""

    def retry_now(self) -> None: ...

    def close(self) -> None: ...

    def pool(self) -> Future[PoolInfo]: ...

    def tasks(self, query: TaskQuery) -> Future[TaskRows]: ...

    def subtasks(self, task_id: str) -> Future[SubtaskMap]: ...

    def attempts(self, task_id: str) -> Future[AttemptRows]: ...

    def why_waiting(self, task_id: str) -> Future[WhyRows]: ...

    def manifest(self, task_id: str) -> Future[str]: ...

    def artifacts(self, task_id: str) -> Future[ArtifactRows]: ...

    def log(self, attempt_id: str, stream: str, offset: int, limit: int) -> Future[LogPiece]: ...

    def near_node(self, node_id: str) -> Future[NodeNear]:
        """Return a node from near; who asks each second keeps it at a report each second."""

    def label_nodes(self, change: LabelChange) -> Future[None]: ...

    def task_use(self, task_id: str) -> Future[TaskUse]: ...

    def find_in_log(self, attempt_id: str, stream: str, text: str, offset: int) -> Future[LogHits]: ...

    def save_file(
        self, task_id: str, name: str, target: Path, progress: Callable[[int, int], None]
    ) -> Future[int]:
        """Write a file of a result to this computer's disk; whole or not at all. Answers with its size."""

    def set_priority(self, task_id: str, priority: int) -> Future[TaskView]: ...

    def act_on_task(self, task_id: str, action: TaskAction, reason: str) -> Future[TaskView]: ...

    def act_on_node(self, node_id: str, action: NodeAction, reason: str) -> Future[NodeView]: ...

    def submit(
        self,
        zip_path: Path,
        fields: Mapping[str, str],
        *,
        key: str,
        check_only: bool,
        progress: Callable[[int, int], None],
    ) -> Future[SubmitReply]: ...

    def accounts(self, query: ListQuery) -> Future[AccountRows]: ...

    def transfers(self, query: TransferQuery) -> Future[TransferRows]: ...

    def days(self, account_id: str, since_ms: int, offset_ms: int) -> Future[DayRows]: ...

    def explain(self, transfer_id: str) -> Future[Explained]: ...

    def grant(self, username: str, amount_ucpt: int, key: str, reason: str) -> Future[str]: ...

    def verify_ledger(self) -> Future[LedgerCheck]: ...

    def back_up(self, path: str) -> Future[int]: ...

    def users(self, query: ListQuery) -> Future[UserRows]: ...

    def add_user(self, user: NewUser) -> Future[str]: ...

    def reset_password(self, username: str) -> Future[str]: ...

    def change_user(self, change: UserChange) -> Future[None]: ...

    def audit(self, query: ListQuery) -> Future[AuditRows]: ...

    def create_join_link(self, wish: NewJoinLink) -> Future[JoinLinkMade]: ...

    def join_links(self) -> Future[LinkRows]: ...

    def revoke_link(self, link_id: str) -> Future[None]: ...

    def doctor(self) -> Future[DoctorRows]: ...

    def settings(self) -> Future[SettingRows]: ...

    def change_settings(self, values: Mapping[str, str]) -> Future[SettingRows]: ...

    def browse(self, path: str) -> Future[FolderRows]: ...

    def console_link(self, username: str) -> Future[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a master is reached now. `ca_pem` is what it must prove to be."""

    address: str
    ca_pem: bytes
    token: str
    #: The first and last digits of the authority's digest, as people compare them.
    ca_sha256: str = ""


#: Looks an endpoint up anew at each try: a local master that restarts has another token and may have other ports.
FindEndpoint = Callable[[], Endpoint]


def fingerprint(sha256: str) -> str:
    """Return a digest as people compare it: `7F2C 91A0 … 44BE 0D17`."""
    text = sha256.upper()
    return f"{text[:4]} {text[4:8]} … {text[-8:-4]} {text[-4:]}" if len(text) >= 16 else text
