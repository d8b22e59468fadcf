"""A master as one value: every service that a running one consists of. Built by bootstrap, run by the daemon."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.blobs.store import BlobStore
from core.clock import Clock
from core.conditions import Conditions
from core.domain.ids import UlidFactory
from core.eventbus import EventBus
from core.rpc.pki.authority import CertificateAuthority, ServerIdentity
from master_app.feed import Feed
from master_app.ledger.transfers import Money
from master_app.node_pool.figures import PoolFigures
from master_app.node_pool.grants import Grants, NodeSecrets
from master_app.node_pool.membership import Membership
from master_app.node_pool.node_logs import NodeLogs
from master_app.node_pool.queries import NodeQueries
from master_app.node_pool.reaper import Reaper
from master_app.node_pool.sessions import NodeSessions
from master_app.node_pool.wishes import NodeWishes
from master_app.notices.asks import CreditAsks
from master_app.notices.book import NoticeBook
from master_app.notices.resets import PasswordResets
from master_app.notices.sending import NoticeSender
from master_app.notices.watch import NoticeWatch
from master_app.operations import JoinLinks, Operations, OperatorGate
from master_app.rpc.doors import ConsoleServices, DoorServices, RpcDoors
from master_app.settings import MasterSettings, encryption_of
from master_app.storage.storage import Storage
from master_app.tasks.control import TaskControl
from master_app.tasks.intake import Intake
from master_app.tasks.practice import Practice
from master_app.tasks.retention import Retention
from master_app.users.accounts import UserAccounts
from master_app.users.audit import AuditLog
from master_app.users.authenticate import Authenticator
from master_app.users.invitations import Invitations
from master_app.users.quotas import Quotas
from master_app.users.rules import RulesBook
from master_app.users.sign_in import SignIn
from master_app.users.templates import Templates
from master_app.users.vault import UserSecrets
from master_app.vitals import Vitals
from master_app.vpn.configs import VpnConfigs
from master_app.vpn.hub import Hub
from master_app.web.pages.services import PageServices
from master_app.web.services import WebServices


@dataclass(slots=True)
class Doors:
    """Where the doors are, known once they listen."""

    host: str
    node_port: int = 0
    control_port: int = 0
    web: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """What tells people: what doors call, and what timers call. `threads` wait for receivers outside."""

    book: NoticeBook
    asks: CreditAsks
    sender: NoticeSender
    watch: NoticeWatch
    resets: PasswordResets
    threads: ThreadPoolExecutor


@dataclass(slots=True, kw_only=True)
class Master:
    """Everything that a running master consists of. `close` ends it; doors are started by the daemon."""

    settings: MasterSettings
    clock: Clock
    storage: Storage
    store: BlobStore
    bus: EventBus
    feed: Feed
    doors: Doors
    local_token: str = field(repr=False)
    authority: CertificateAuthority
    identity: ServerIdentity
    sessions: NodeSessions
    membership: Membership
    queries: NodeQueries
    reaper: Reaper
    retention: Retention
    conditions: Conditions
    vitals: Vitals
    intake: Intake
    practice: Practice
    control: TaskControl
    accounts: UserAccounts
    sign_in: SignIn
    authenticator: Authenticator
    invitations: Invitations
    rules: RulesBook
    quotas: Quotas
    audit: AuditLog
    figures: PoolFigures
    money: Money
    vpn: VpnConfigs
    vpn_hub: Hub
    links: JoinLinks
    notices: Notices
    operations: Operations
    console: ConsoleServices
    grants: Grants
    secrets: UserSecrets
    node_secrets: NodeSecrets
    logs: NodeLogs
    gate: OperatorGate
    threads: ThreadPoolExecutor
    slow_threads: ThreadPoolExecutor
    new_id: UlidFactory

    def rpc_doors(self) -> RpcDoors:
        """Return both gRPC doors, not yet listening."""
        services = DoorServices(
            sessions=self.sessions,
            directory=self.membership,
            enrolment=self.membership,
            membership=NodeWishes(self.practice, self.membership),
            grants=self.grants,
            blobs=self.store,
            logs=self.logs,
            secrets=self.node_secrets,
            gate=self.gate,
            operators=self.operations,
            console=self.console,
        )
        return RpcDoors(
            services,
            authority=self.authority,
            identity=self.identity,
            clock=self.clock,
            new_session_id=lambda: self.new_id(self.clock.wall_ms()),
        )

    def web_services(self) -> WebServices:
        """Return what the web door calls."""
        return WebServices(
            intake=self.intake,
            control=self.control,
            tasks=self.storage.task_reads,
            logs=self.storage.log_files,
            why=self.queries,
            nodes=self.queries,
            links=self.links,
            notices=self.notices.book,
            asks=self.notices.asks,
            resets=self.notices.resets,
            templates=Templates(writer=self.storage.writer, reads=self.storage.template_reads),
            node_control=self.membership,
            people=self.accounts,
            invitations=self.invitations,
            quotas=self.quotas,
            rules=self.rules,
            audit=self.audit,
            figures=self.figures,
            sign_in=self.sign_in,
            authenticator=self.authenticator,
            money=self.money,
            secrets=self.secrets,
            ledger=self.storage.ledger_reads,
            blobs=self.store,
            feed=self.feed,
            pages=PageServices(
                reads=self.storage.page_reads,
                user_reads=self.storage.user_reads,
                uses=self.queries,
                retention_days=self.settings.retention_days,
                ca_pem=self.authority.ca_pem,
                ca_sha256=self.authority.sha256,
                encryption=encryption_of(self.settings),
            ),
            vpn=self.vpn,
            clock=self.clock,
            conditions=self.conditions,
            ready=self.vitals.not_ready,
        )

    def close(self) -> None:
        """Run what waits in the writer, then let go of everything."""
        self.notices.threads.shutdown(wait=False, cancel_futures=True)
        self.slow_threads.shutdown(wait=True, cancel_futures=True)
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.storage.close()
