"""What operators see and do at the console, put together from services and reads. Each answers with a future."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from core.clock import Clock
from core.domain.console import (
    ArtifactRows,
    AttemptRows,
    History,
    LogPiece,
    PoolInfo,
    SubtaskMap,
    TaskQuery,
    TaskRows,
    WhyRow,
    WhyRows,
)
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
from core.domain.errors import Forbidden, Invalid, NotFound
from core.domain.operations import OperatorIdentity
from core.domain.session import LogStream
from core.domain.user import Action, Principal, Role, require
from core.domain.views import TaskView
from master_app.checkup import Checkup
from master_app.ledger.explain import explain_amount
from master_app.ledger.transfers import Money
from master_app.node_pool.membership import Membership
from master_app.node_pool.queries import NodeQueries
from master_app.operations import principal_of
from master_app.pool_watch import PoolWatch
from master_app.ports.console import ConsoleReads, PoolLook
from master_app.ports.ledger import LedgerReads
from master_app.ports.reads import LogReads, TaskReads
from master_app.ports.users import UserReads
from master_app.tasks.control import TaskControl
from master_app.users.accounts import UserAccounts
from master_app.users.sign_in import SignIn

T = TypeVar("T")
MAX_ATTEMPTS: Final = 5_000
MAX_ARTIFACTS: Final = 2_000
MAX_LOG_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that the desk reads from."""

    console: ConsoleReads
    tasks: TaskReads
    logs: LogReads
    ledger: LedgerReads
    users: UserReads
    nodes: NodeQueries


class ConsoleDesk:
    """See `master_app.rpc.console_services.ConsoleService`."""

    def __init__(
        self,
        *,
        watch: PoolWatch,
        reading: Reading,
        control: TaskControl,
        accounts: UserAccounts,
        sign_in: SignIn,
        money: Money,
        membership: Membership,
        checkup: Checkup,
        pool: Callable[[], PoolInfo],
        make_console_link: Callable[[str], str],
        threads: Executor,
        clock: Clock,
    ) -> None:
        self._watch = watch
        self._reading = reading
        self._control = control
        self._accounts = accounts
        self._sign_in = sign_in
        self._money = money
        self._membership = membership
        self._checkup = checkup
        self._pool = pool
        self._make_console_link = make_console_link
        self._threads = threads
        self._clock = clock

    def _on_behalf(self, operator: OperatorIdentity, action: Action, work: Callable[[], T]) -> Future[T]:
        """Begin it on a thread; raises Forbidden where the token may not do that."""
        require(principal_of(operator), action)
        return self._threads.submit(work)

    # ---- the pool

    def redeem(self, login: str, new_password: str, peer: str) -> Future[SignedIn]:
        def spend() -> SignedIn:
            made = self._sign_in.redeem(login, new_password=new_password, origin=peer).result(60)
            if Role.OPERATOR not in made.user.roles:
                raise Forbidden("Only operators use the console.", fix="Ask an operator for a console link.")
            return SignedIn(token=made.secret, expires_ms=made.expires_ms, operator=made.user.username)

        return self._threads.submit(spend)

    def look(self, operator: OperatorIdentity) -> Future[PoolLook]:
        return self._on_behalf(operator, Action.METRICS_READ, self._watch.look)

    def history(self, operator: OperatorIdentity) -> Future[History]:
        return self._on_behalf(operator, Action.METRICS_READ, self._watch.history)

    def pool(self, operator: OperatorIdentity) -> Future[PoolInfo]:
        return self._on_behalf(
            operator, Action.METRICS_READ, lambda: replace(self._pool(), operator=operator.name)
        )

    def doctor(self, operator: OperatorIdentity) -> Future[DoctorRows]:
        return self._on_behalf(operator, Action.SETTINGS_CHANGE, self._checkup.doctor)

    def settings(self, operator: OperatorIdentity) -> Future[SettingRows]:
        return self._on_behalf(operator, Action.SETTINGS_CHANGE, self._checkup.settings)

    def change_settings(self, operator: OperatorIdentity, values: Mapping[str, str]) -> Future[SettingRows]:
        return self._on_behalf(
            operator, Action.SETTINGS_CHANGE, lambda: self._checkup.change(principal_of(operator), values)
        )

    def browse(self, operator: OperatorIdentity, path: str) -> Future[FolderRows]:
        return self._on_behalf(operator, Action.SETTINGS_CHANGE, lambda: browse(path))

    def console_link(self, operator: OperatorIdentity, username: str) -> Future[str]:
        """Make a one-time login for an operator, as a link with address and fingerprint."""

        def make() -> str:
            name = username or acting(self._reading.users, operator).username
            user = self._reading.users.find(name)
            if user is None or Role.OPERATOR not in user.roles:
                raise Invalid("Console links are for operators.", code="NOT_AN_OPERATOR")
            made = self._accounts.reset_link(principal_of(operator), name).result(60)
            return self._make_console_link(made.secret)

        return self._on_behalf(operator, Action.USER_CHANGE_ANY, make)

    # ---- tasks

    def tasks(self, operator: OperatorIdentity, query: TaskQuery) -> Future[TaskRows]:
        return self._on_behalf(operator, Action.TASK_READ_ANY, lambda: self._reading.console.tasks(query))

    def subtasks(self, operator: OperatorIdentity, task_id: str) -> Future[SubtaskMap]:
        return self._on_behalf(operator, Action.TASK_READ_ANY, lambda: self._reading.console.subtask_map(task_id))

    def attempts(self, operator: OperatorIdentity, task_id: str) -> Future[AttemptRows]:
        return self._on_behalf(
            operator,
            Action.TASK_READ_ANY,
            lambda: AttemptRows(rows=tuple(self._reading.console.attempts(task_id, MAX_ATTEMPTS))),
        )

    def why_waiting(self, operator: OperatorIdentity, task_id: str) -> Future[WhyRows]:
        def ask() -> WhyRows:
            found = self._reading.nodes.why_waiting(principal_of(operator), task_id).result(60)
            rows = [
                WhyRow(
                    node_id=verdict.node_id,
                    node_name=verdict.node_name,
                    rule=verdict.refusal.rule if verdict.refusal is not None else "",
                    needed=verdict.refusal.needed if verdict.refusal is not None else "",
                    available=verdict.refusal.available if verdict.refusal is not None else "",
                    permanent=verdict.refusal is not None and verdict.refusal.permanent,
                )
                for verdict in found.verdicts
            ]
            return WhyRows(
                summary=found.summary,
                cheapest_change=found.cheapest_change,
                impossible=found.impossible,
                rows=tuple(rows),
            )

        return self._on_behalf(operator, Action.TASK_READ_ANY, ask)

    def manifest(self, operator: OperatorIdentity, task_id: str) -> Future[str]:
        return self._on_behalf(
            operator, Action.TASK_READ_ANY, lambda: self._reading.tasks.resolved_manifest(task_id)
        )

    def artifacts(self, operator: OperatorIdentity, task_id: str) -> Future[ArtifactRows]:
        def read() -> ArtifactRows:
            rows = self._reading.console.artifacts(task_id, MAX_ARTIFACTS + 1)
            return ArtifactRows(rows=tuple(rows[:MAX_ARTIFACTS]), more=len(rows) > MAX_ARTIFACTS)

        return self._on_behalf(operator, Action.TASK_READ_ANY, read)

    def log(
        self, operator: OperatorIdentity, attempt_id: str, stream: str, *, offset: int, limit: int
    ) -> Future[LogPiece]:
        def read() -> LogPiece:
            which = LogStream(stream) if stream in set(LogStream) else LogStream.OUT
            size = self._reading.logs.size(attempt_id, which)
            wanted = min(limit or MAX_LOG_BYTES, MAX_LOG_BYTES)
            content, following = self._reading.logs.read(attempt_id, which, offset, wanted)
            return LogPiece(content=content, offset=following - len(content), next=following, size=size)

        return self._on_behalf(operator, Action.TASK_READ_ANY, read)

    def set_priority(self, operator: OperatorIdentity, task_id: str, priority: int) -> Future[TaskView]:
        def change() -> TaskView:
            self._control.set_priority(principal_of(operator), task_id, priority).result(60)
            view = self._reading.tasks.task(task_id, owner_id=None)
            if view is None:
                raise NotFound("There is no such task.", code="TASK_NOT_FOUND")
            return view

        return self._on_behalf(operator, Action.TASK_CONTROL_ANY, change)

    # ---- money

    def accounts(self, operator: OperatorIdentity, query: ListQuery) -> Future[AccountRows]:
        day_ms = 86_400_000
        today_ms = self._clock.wall_ms() // day_ms * day_ms
        return self._on_behalf(
            operator, Action.MONEY_READ_ANY, lambda: self._reading.console.accounts(query, today_ms)
        )

    def transfers(self, operator: OperatorIdentity, query: TransferQuery) -> Future[TransferRows]:
        return self._on_behalf(operator, Action.MONEY_READ_ANY, lambda: self._reading.console.transfers(query))

    def days(self, operator: OperatorIdentity, account_id: str, since_ms: int, offset_ms: int) -> Future[DayRows]:
        return self._on_behalf(
            operator,
            Action.MONEY_READ_ANY,
            lambda: DayRows(rows=tuple(self._reading.console.days(account_id, since_ms, offset_ms))),
        )

    def explain(self, operator: OperatorIdentity, transfer_id: str) -> Future[Explained]:
        def read() -> Explained:
            found = explain_amount(self._reading.ledger, principal_of(operator), transfer_id)
            return Explained(summary=found.summary, lines=found.lines)

        return self._on_behalf(operator, Action.MONEY_READ_ANY, read)

    def grant(
        self, operator: OperatorIdentity, username: str, amount_ucpt: int, key: str, reason: str
    ) -> Future[str]:
        who = principal_of(operator)
        return self._on_behalf(
            operator,
            Action.MONEY_GRANT,
            lambda: self._money.grant(who, username, amount_ucpt, key, reason).result(60).transfer_id,
        )

    # ---- people, links, events

    def users(self, operator: OperatorIdentity, query: ListQuery) -> Future[UserRows]:
        return self._on_behalf(operator, Action.USER_READ_ANY, lambda: self._reading.console.users(query))

    def change_user(self, operator: OperatorIdentity, change: UserChange) -> Future[None]:
        who = principal_of(operator)

        def act() -> None:
            match change.act:
                case "lock":
                    self._accounts.lock(who, change.username, change.reason).result(60)
                case "unlock":
                    self._accounts.unlock(who, change.username).result(60)
                case "roles":
                    self._accounts.set_roles(who, change.username, _roles(change.roles)).result(60)
                case _:
                    raise Invalid("That cannot be done to a user.", code="USER_CHANGE_UNKNOWN")

        return self._on_behalf(operator, Action.USER_CHANGE_ANY, act)

    def audit(self, operator: OperatorIdentity, query: ListQuery) -> Future[AuditRows]:
        return self._on_behalf(operator, Action.AUDIT_READ, lambda: self._reading.console.audit(query))

    def join_links(self, operator: OperatorIdentity) -> Future[LinkRows]:
        return self._on_behalf(
            operator,
            Action.NODE_CONTROL_ANY,
            lambda: LinkRows(rows=tuple(self._reading.console.join_links(self._clock.wall_ms()))),
        )

    def revoke_link(self, operator: OperatorIdentity, link_id: str) -> Future[None]:
        return self._on_behalf(
            operator,
            Action.NODE_CONTROL_ANY,
            lambda: self._membership.revoke_link(principal_of(operator), link_id).result(60),
        )


def acting(users: UserReads, operator: OperatorIdentity) -> Principal:
    """Return whom a deed belongs to that needs an owner: who signed in, else the pool's first operator."""
    who = principal_of(operator)
    if operator.user_id:
        return who
    for user in users.users(limit=500).items:
        if Role.OPERATOR in user.roles:
            return replace(who, user_id=user.user_id, username=user.username)
    raise Invalid("There is no operator yet.", code="OWNER_MISSING", fix="Make a user with the role operator.")


def browse(path: str) -> FolderRows:
    """List the folders in a folder of this computer, for choosing one from elsewhere."""
    try:
        folder = Path(path).expanduser() if path else Path.home()
    except (RuntimeError, ValueError):  # the home of nobody, or no path at all
        folder = Path(path)
    if not folder.is_absolute() or "\0" in path:
        raise Invalid("A folder is named from the root of its disk.", code="PATH_RELATIVE")
    try:
        names = sorted(
            entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")
        )
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise NotFound(f"{folder} cannot be read: {error.strerror}.", code="FOLDER_UNREADABLE") from error
    return FolderRows(path=str(folder), parent=str(folder.parent), folders=tuple(names[:2_000]), free_bytes=free)


def _roles(names: Any) -> frozenset[Role]:
    try:
        return frozenset(Role(name) for name in names)
    except ValueError as error:
        raise Invalid(f"{error}.", code="ROLES_INVALID") from error
