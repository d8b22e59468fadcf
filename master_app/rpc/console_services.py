"""What the console's door calls. Each answers with a future; roles are checked and acts audited behind it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

from core.domain.console import (
    ArtifactRows,
    AttemptRows,
    History,
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
    SignedIn,
    TransferQuery,
    TransferRows,
    UserChange,
    UserRows,
)
from core.domain.operations import OperatorIdentity
from core.domain.views import TaskView
from master_app.console_near import FileOut
from master_app.ports.console import PoolLook


class ConsoleService(Protocol):
    """What operators see and do at the console."""

    def redeem(self, login: str, new_password: str, peer: str) -> Future[SignedIn]:
        """Spend a one-time login; raises Unauthenticated in the same words for any that is not good."""

    def look(self, operator: OperatorIdentity) -> Future[PoolLook]: ...

    def history(self, operator: OperatorIdentity) -> Future[History]: ...

    def pool(self, operator: OperatorIdentity) -> Future[PoolInfo]: ...

    def tasks(self, operator: OperatorIdentity, query: TaskQuery) -> Future[TaskRows]: ...

    def subtasks(self, operator: OperatorIdentity, task_id: str) -> Future[SubtaskMap]: ...

    def attempts(self, operator: OperatorIdentity, task_id: str) -> Future[AttemptRows]: ...

    def why_waiting(self, operator: OperatorIdentity, task_id: str) -> Future[WhyRows]: ...

    def manifest(self, operator: OperatorIdentity, task_id: str) -> Future[str]: ...

    def artifacts(self, operator: OperatorIdentity, task_id: str) -> Future[ArtifactRows]: ...

    def log(
        self, operator: OperatorIdentity, attempt_id: str, stream: str, *, offset: int, limit: int
    ) -> Future[LogPiece]: ...

    def set_priority(self, operator: OperatorIdentity, task_id: str, priority: int) -> Future[TaskView]: ...

    def accounts(self, operator: OperatorIdentity, query: ListQuery) -> Future[AccountRows]: ...

    def transfers(self, operator: OperatorIdentity, query: TransferQuery) -> Future[TransferRows]: ...

    def days(
        self, operator: OperatorIdentity, account_id: str, since_ms: int, offset_ms: int
    ) -> Future[DayRows]: ...

    def explain(self, operator: OperatorIdentity, transfer_id: str) -> Future[Explained]: ...

    def grant(
        self, operator: OperatorIdentity, username: str, amount_ucpt: int, key: str, reason: str
    ) -> Future[str]: ...

    def users(self, operator: OperatorIdentity, query: ListQuery) -> Future[UserRows]: ...

    def change_user(self, operator: OperatorIdentity, change: UserChange) -> Future[None]: ...

    def audit(self, operator: OperatorIdentity, query: ListQuery) -> Future[AuditRows]: ...

    def join_links(self, operator: OperatorIdentity) -> Future[LinkRows]: ...

    def revoke_link(self, operator: OperatorIdentity, link_id: str) -> Future[None]: ...

    def doctor(self, operator: OperatorIdentity) -> Future[DoctorRows]: ...

    def settings(self, operator: OperatorIdentity) -> Future[SettingRows]: ...

    def change_settings(self, operator: OperatorIdentity, values: Mapping[str, str]) -> Future[SettingRows]: ...

    def browse(self, operator: OperatorIdentity, path: str) -> Future[FolderRows]: ...

    def console_link(self, operator: OperatorIdentity, username: str) -> Future[str]: ...


class NearService(Protocol):
    """One thing from near."""

    def node(self, operator: OperatorIdentity, node_id: str) -> Future[NodeNear]:
        """Return a node and what runs there. It is asked for a report each second for some seconds from now."""

    def label(self, operator: OperatorIdentity, change: LabelChange) -> Future[None]: ...

    def use(self, operator: OperatorIdentity, task_id: str) -> Future[TaskUse]: ...

    def find_in_log(
        self, operator: OperatorIdentity, attempt_id: str, stream: str, text: str, offset: int
    ) -> Future[LogHits]: ...

    def file(self, operator: OperatorIdentity, task_id: str, name: str) -> Future[FileOut]: ...


class UploadService(Protocol):
    """A zip on its way in from a console, in pieces. `begin` names it; `end` removes what is left of it."""

    def begin(self, operator: OperatorIdentity) -> Future[str]: ...

    def write(self, upload: str, content: bytes) -> Future[None]: ...

    def submit(
        self, operator: OperatorIdentity, upload: str, fields: Mapping[str, str], *, key: str, check_only: bool
    ) -> Future[SubmitReply]: ...

    def end(self, upload: str) -> Future[None]: ...
