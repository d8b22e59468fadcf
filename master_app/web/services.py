"""What the web door calls. Futures resolve after the commit; every call may raise a `HiveMindError` at once.

The protocols are as the services have them, so that bootstrap passes those services in as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.clock import Clock
from core.domain.condition import Condition
from core.domain.explain import WhyWaiting
from core.domain.ledger import Account, Transfer
from core.domain.node import NodeAdmin
from core.domain.operations import JoinLinkMade, NewJoinLink, NodeAction
from core.domain.rewards import Quote
from core.domain.task import TaskState
from core.domain.user import Principal, Scope, TokenKind
from core.domain.views import NodeView
from core.domain.vpn import HubState, VpnConfig, VpnHub
from master_app.feed import Feed
from master_app.node_pool.figures import PoolFigures
from master_app.notices.asks import CreditAsks
from master_app.notices.book import NoticeBook
from master_app.notices.resets import PasswordResets
from master_app.ports.ledger import LedgerReads
from master_app.ports.node_pool import JoinTokenRecord
from master_app.ports.reads import LogReads, TaskReads
from master_app.ports.secrets import SecretRecord
from master_app.ports.users import TokenRecord
from master_app.tasks.intake import Prepared, Submitted
from master_app.tasks.resizing import Sizes
from master_app.users.accounts import UserAccounts
from master_app.users.audit import AuditLog
from master_app.users.invitations import Invitations
from master_app.users.minting import Issued
from master_app.users.quotas import Quotas
from master_app.users.rules import RulesBook
from master_app.users.templates import Templates
from master_app.vpn.configs import VpnMade
from master_app.web.pages.services import PageServices


class IntakeService(Protocol):
    """`master_app.tasks.intake.Intake`."""

    def prepare(self, who: Principal, zip_path: Path, fields: Mapping[str, object]) -> Prepared: ...

    def submit(
        self, who: Principal, prepared: Prepared, idempotency_key: str = "", *, try_one: bool = False
    ) -> Future[Submitted]: ...

    def quote(self, prepared: Prepared) -> Future[Quote]: ...


class ControlService(Protocol):
    """`master_app.tasks.control.TaskControl`. Somebody else's task is NotFound."""

    def cancel(self, who: Principal, task_id: str, reason: str = "") -> Future[TaskState]: ...

    def pause(self, who: Principal, task_id: str) -> Future[TaskState]: ...

    def resume(self, who: Principal, task_id: str, *, max_ucpt: int | None = None) -> Future[TaskState]: ...

    def change(
        self,
        who: Principal,
        task_id: str,
        *,
        priority: int | None = None,
        max_ucpt: int | None = None,
        sizes: Sizes | None = None,
    ) -> Future[TaskState]: ...

    def retry(self, who: Principal, task_id: str, *, all_of_it: bool = False) -> Future[TaskState]: ...

    def give_up_files(self, who: Principal, task_id: str) -> Future[TaskState]: ...


class WhyService(Protocol):
    def why_waiting(self, who: Principal, task_id: str) -> Future[WhyWaiting]:
        """Explain why a task does not run (more). Somebody else's task is NotFound."""


class NodeService(Protocol):
    def nodes(self, who: Principal) -> Future[Sequence[NodeView]]:
        """Return all nodes that `who` may see, in a stable order."""

    def node(self, who: Principal, node_id: str) -> Future[NodeView]:
        """Raises NotFound."""


class NodeControlService(Protocol):
    """`master_app.node_pool.membership.Membership`. Somebody else's node is NotFound, but for operators."""

    def links(self, who: Principal) -> Future[Sequence[JoinTokenRecord]]: ...

    def revoke_link(self, who: Principal, token_sha256: str) -> Future[None]: ...

    def act(
        self, who: Principal, node_id: str, action: NodeAction, *, reason: str = "", deadline_ms: int = 0
    ) -> Future[NodeAdmin]: ...


class JoinLinkService(Protocol):
    def create_link(self, who: Principal, wish: NewJoinLink) -> Future[JoinLinkMade]:
        """Make a join link; providers for themselves, operators for anybody. An empty owner is the caller."""


class SignInService(Protocol):
    """`master_app.users.sign_in.SignIn`: logins and tokens."""

    def login(
        self,
        username: str,
        password: str,
        *,
        origin: str = "",
        user_agent: str = "",
        kind: TokenKind = TokenKind.LOGIN,
    ) -> Future[Issued]: ...

    def redeem(
        self, secret: str, *, new_password: str = "", origin: str = "", kind: TokenKind = TokenKind.LOGIN
    ) -> Future[Issued]: ...

    def logout(self, who: Principal) -> Future[None]: ...

    def refresh(self, who: Principal, secret: str) -> Future[Issued]: ...

    def change_password(self, who: Principal, old: str, new: str) -> Future[None]: ...

    def make_token(
        self, who: Principal, name: str, scopes: frozenset[Scope], *, lifetime_ms: int = ...
    ) -> Future[Issued]: ...

    def tokens(self, who: Principal) -> Sequence[TokenRecord]: ...

    def revoke(self, who: Principal, token_id: str) -> Future[None]: ...

    def revoke_others(self, who: Principal) -> Future[int]: ...


class AuthenticationService(Protocol):
    """`master_app.users.authenticate.Authenticator`."""

    def authenticate(self, token: str, origin: str = "") -> Principal: ...


class MoneyService(Protocol):
    """`master_app.ledger.transfers.Money`."""

    def balance(self, who: Principal) -> Account: ...

    def send(self, who: Principal, to_username: str, amount_ucpt: int, key: str) -> Future[Transfer]: ...

    def grant(self, who: Principal, to_username: str, amount_ucpt: int, key: str) -> Future[Transfer]: ...


class SecretService(Protocol):
    """`master_app.users.vault.UserSecrets`."""

    def keep(self, who: Principal, name: str, value: str) -> Future[None]: ...

    def forget(self, who: Principal, name: str) -> Future[None]: ...

    def listed(self, who: Principal) -> Sequence[SecretRecord]: ...


class VpnService(Protocol):
    """`master_app.vpn.configs.VpnConfigs`."""

    def hub(self) -> VpnHub: ...

    def hub_state(self, who: Principal) -> HubState: ...

    def configs(self, who: Principal, *, of_all: bool = False) -> Sequence[VpnConfig]: ...

    def make(self, who: Principal, name: str, public_key: str = "") -> Future[VpnMade]: ...

    def rotate(self, who: Principal, config_id: str, public_key: str = "") -> Future[VpnMade]: ...

    def revoke(self, who: Principal, config_id: str) -> Future[None]: ...


class BlobReader(Protocol):
    """The content store, as far as results are read from it. Calls may block."""

    def pieces(self, sha256: str, offset: int = 0, length: int | None = None) -> Iterator[bytes]: ...


class ConditionsService(Protocol):
    """`core.conditions.Conditions`."""

    def current(self) -> tuple[Condition, ...]: ...

    def ended(self) -> tuple[Condition, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """Everything that the web door needs. `ready` answers "" when the master serves, else why it does not."""

    intake: IntakeService
    control: ControlService
    tasks: TaskReads
    logs: LogReads
    why: WhyService
    nodes: NodeService
    links: JoinLinkService
    notices: NoticeBook
    asks: CreditAsks
    resets: PasswordResets
    templates: Templates
    node_control: NodeControlService
    people: UserAccounts
    invitations: Invitations
    quotas: Quotas
    rules: RulesBook
    audit: AuditLog
    figures: PoolFigures
    sign_in: SignInService
    authenticator: AuthenticationService
    money: MoneyService
    secrets: SecretService
    ledger: LedgerReads
    blobs: BlobReader
    feed: Feed
    pages: PageServices
    vpn: VpnService
    clock: Clock
    conditions: ConditionsService
    ready: Callable[[], str]
