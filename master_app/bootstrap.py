"""Builds a master from its settings, top to bottom, once. Nothing else builds its own collaborators."""

from __future__ import annotations

import logging
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core import paths
from core.blobs.store import BlobStore
from core.clock import Clock
from core.conditions import Conditions
from core.domain.events import AuditRecorded
from core.domain.ids import UlidFactory
from core.domain.session import StopOrder
from core.eventbus import EventBus
from core.manifest.catalogue import read_catalogue
from core.rpc.pki.authority import CertificateAuthority
from master_app.assembly import Doors, Master
from master_app.console_fittings import ConsoleParts, console_services, noted_back_up
from master_app.feed import Feed
from master_app.fittings import (
    bracket,
    first_rules,
    introducer,
    link_maker,
    merge_failed,
    owner_name,
    package_resolver,
    pool_figures,
    practice_of,
    public_host,
    publisher,
    storage_folder,
    to_vpn,
    vpn_hub,
)
from master_app.ledger.transfers import Money
from master_app.marker import check_storage
from master_app.node_pool.breaker import Breaker
from master_app.node_pool.dispatch import Dispatcher
from master_app.node_pool.grants import Grants, NodeSecrets
from master_app.node_pool.membership import Membership
from master_app.node_pool.node_logs import NodeLogs
from master_app.node_pool.queries import NodeQueries
from master_app.node_pool.reaper import Reaper
from master_app.node_pool.sessions import NodeSessions
from master_app.notice_fittings import notices
from master_app.operations import JoinLinks, Operations, OperatorGate
from master_app.rebuilding import Rebuilding
from master_app.scheduling.settings import CoreQuotas, Fill, SchedulingSettings
from master_app.settings import MasterSettings
from master_app.storage.storage import Storage, open_storage
from master_app.tasks.attempts import Attempts
from master_app.tasks.briefs import Briefs
from master_app.tasks.control import TaskControl
from master_app.tasks.funds import Funds
from master_app.tasks.intake import Intake
from master_app.tasks.items import StoredItems
from master_app.tasks.merging import Merging
from master_app.tasks.missing_inputs import MissingInputs
from master_app.tasks.registry import Registry
from master_app.tasks.retention import Retention
from master_app.tasks.rollup import Rollup
from master_app.tasks.specs import SpecCache
from master_app.users.accounts import UserAccounts
from master_app.users.audit import AuditLog
from master_app.users.authenticate import Authenticator
from master_app.users.invitations import Invitations
from master_app.users.minting import Minting
from master_app.users.passwords import Argon2Hasher
from master_app.users.quotas import Quotas
from master_app.users.rules import RulesBook
from master_app.users.sign_in import SignIn
from master_app.users.vault import UserSecrets, Vault
from master_app.vitals import Vitals
from master_app.vpn.configs import VpnConfigs

logger = logging.getLogger(__name__)
#: Threads that wait for the database or a disk on behalf of doors.
DOOR_THREADS = 8
SLOW_THREADS = 2


class _Wires:
    """Calls to what is built later than its callers. `sessions` and `merging` are set once, below."""

    sessions: NodeSessions | None = None
    merging: Merging | None = None

    def stop(self, node_id: str, order: StopOrder) -> None:
        if self.sessions is not None:
            self.sessions.stop(node_id, order)

    def parts_ended(self, task_id: str, subtask_count: int) -> None:
        if self.merging is not None:
            self.merging.request(task_id, subtask_count)

    def rebuilt(self) -> None:
        if self.sessions is not None:
            self.sessions.close_all("the master reads its state anew")


def build_master(settings: MasterSettings, data_dir: Path, clock: Clock) -> Master:
    """Open the data folder and return its master. The caller holds the folder's lock."""
    # Before anything is written: a mount point without its disk must stay as it is.
    check_storage(data_dir, storage_folder(settings, data_dir))
    wires = _Wires()
    new_id = UlidFactory(secrets.randbits)
    bus, feed = EventBus(), Feed()
    specs = SpecCache()
    rollup = Rollup(
        retention_ms=settings.retention_days * 86_400_000,
        on_stop=wires.stop,
        on_parts_ended=wires.parts_ended,
    )
    funds = Funds(specs=specs, rollup=rollup)
    storage = open_storage(
        settings.database,
        data_dir=data_dir,
        publish=publisher(bus, feed),
        rebuild=Rebuilding(funds=funds, on_rebuilt=wires.rebuilt),
        clock=clock,
    )
    try:
        feed.begin_at(storage.writer.commit_number)
        return _build(settings, data_dir, clock, storage, bus, feed, wires, new_id, specs, rollup, funds)
    except BaseException:
        storage.close()
        raise


def _build(
    settings: MasterSettings,
    data_dir: Path,
    clock: Clock,
    storage: Storage,
    bus: EventBus,
    feed: Feed,
    wires: _Wires,
    new_id: UlidFactory,
    specs: SpecCache,
    rollup: Rollup,
    funds: Funds,
) -> Master:
    writer = storage.writer
    store = BlobStore(storage_folder(settings, data_dir))
    threads = ThreadPoolExecutor(DOOR_THREADS, "doors")
    slow_threads = ThreadPoolExecutor(SLOW_THREADS, "slow")
    cores = CoreQuotas()
    scheduling = SchedulingSettings(fill=Fill(settings.fill), quotas=cores)
    rules = RulesBook(writer=writer, first=first_rules(settings))
    quotas = Quotas(
        writer=writer,
        users=storage.user_reads,
        usage=storage.usage_reads,
        ledger=storage.ledger_reads,
        rules=rules,
        cores=cores,
        clock=clock,
    )
    doors = Doors(host=public_host(settings))

    # node pool
    inputs = MissingInputs(writer=writer, store=store, reads=storage.blob_reads, rollup=rollup)
    jitter = secrets.SystemRandom().random
    attempts = Attempts(new_id=new_id, jitter=jitter, specs=specs, rollup=rollup, inputs=inputs)
    breaker = Breaker()
    sessions = NodeSessions(
        writer=writer,
        attempts=attempts,
        breaker=breaker,
        steady_ms=clock.steady_ms,
        report_interval_s=settings.report_interval_s,
    )
    dispatcher = Dispatcher(
        attempts=attempts,
        briefs=Briefs(owner_name),
        funds=funds,
        items=StoredItems(store),
        inputs=inputs,
        sessions=sessions,
        settings=scheduling,
        timer_ms=clock.steady_ms,
    )
    merging = Merging(
        writer=writer,
        rollup=rollup,
        reads=storage.task_reads,
        store=store,
        threads=slow_threads,
        dispatch=dispatcher.run,
        inputs=inputs,
        report_error=merge_failed,
        steady_ms=clock.steady_ms,
    )
    wires.sessions, wires.merging = sessions, merging
    sessions.use_dispatch(dispatcher.run)
    authority = CertificateAuthority.open(data_dir / "ca", clock.wall_ms())
    membership = Membership(
        writer=writer,
        authority=authority,
        sessions=sessions,
        attempts=attempts,
        breaker=breaker,
        rollup=rollup,
        new_id=new_id,
        new_token=lambda: secrets.token_urlsafe(24),
        now_ms=clock.wall_ms,
        node_door=lambda: f"{bracket(doors.host)}:{doors.node_port}",
        pool_name=settings.pool_name,
        introduce=introducer(rules),
        dispatch=dispatcher.run,
    )
    reaper = Reaper(
        writer=writer,
        attempts=attempts,
        sessions=sessions,
        breaker=breaker,
        rollup=rollup,
        funds=funds,
        dispatch=dispatcher.run,
        collect_again=merging.look,
        clock=clock,
    )
    conditions = Conditions(clock)
    vitals = Vitals(
        conditions=conditions,
        clock=clock,
        data_dir=data_dir,
        store=store,
        writer=writer,
        wall=reaper.wall,
        outage=lambda: writer.outage,
        unsound_accounts=storage.unsound_accounts,
        inputs=inputs,
    )
    queries = NodeQueries(writer=writer, sessions=sessions, settings=scheduling, owner_name=owner_name)
    grants = Grants(
        writer=writer,
        task_reads=storage.task_reads,
        blob_reads=storage.blob_reads,
        inputs=inputs,
        readers=threads,
        now_ms=clock.wall_ms,
    )

    # tasks
    vault = Vault.open(data_dir)
    user_secrets = UserSecrets(vault=vault, writer=writer, reads=storage.user_reads)
    run = dispatcher.run
    control = TaskControl(writer=writer, rollup=rollup, specs=specs, funds=funds, quotas=quotas, dispatch=run)
    intake = Intake(
        writer=writer,
        store=store,
        images=read_catalogue(paths.resources() / "images"),
        images_allowed=settings.images_allowed,
        registry=Registry(),
        packages=package_resolver(settings, data_dir, store),
        funds=funds,
        quotas=quotas,
        rollup=rollup,
        new_id=new_id,
        secrets_missing=user_secrets.missing,
        dispatch=dispatcher.run,
    )

    # people
    authenticator = Authenticator(storage.user_reads, clock)
    minting = Minting(new_id=new_id, new_secret=lambda: secrets.token_urlsafe(32))
    hasher = Argon2Hasher()
    sign_in = SignIn(
        writer=writer,
        reads=storage.user_reads,
        hasher=hasher,
        authenticator=authenticator,
        minting=minting,
        clock=clock,
    )
    accounts = UserAccounts(
        writer=writer,
        reads=storage.user_reads,
        hasher=hasher,
        authenticator=authenticator,
        sign_in=sign_in,
        minting=minting,
        clock=clock,
        rules=rules,
        on_quota=quotas.on_quota,
    )
    audit = AuditLog(writer=writer, reads=storage.audit_reads, users=storage.user_reads)
    money = Money(writer, storage.ledger_reads)
    links = JoinLinks(
        membership=membership,
        users=storage.user_reads,
        threads=threads,
        make_link=link_maker(doors, authority),
    )
    hub = vpn_hub(settings, data_dir, doors, storage, slow_threads, clock)
    vpn = VpnConfigs(
        writer=writer,
        reads=storage.vpn_reads,
        hub=hub,
        network=settings.vpn_network,
        pool_name=settings.pool_name,
        new_id=new_id,
    )
    bus.subscribe(AuditRecorded, to_vpn(hub))
    local_token = secrets.token_urlsafe(32)
    operations = Operations(
        accounts=accounts,
        membership=membership,
        links=links,
        nodes=queries,
        control=control,
        tasks=storage.task_reads,
        ledger=storage.ledger_reads,
        audit=audit,
        threads=threads,
        back_up=noted_back_up(storage, data_dir, clock),
        conditions=conditions,
    )
    rules.load().result(60)
    quotas.load()
    identity = authority.server_identity(data_dir / "ca", {doors.host, socket.gethostname()}, clock.wall_ms())
    console = ConsoleParts(
        settings=settings,
        data_dir=data_dir,
        clock=clock,
        storage=storage,
        store=store,
        dispatch=dispatcher.run,
        bus=bus,
        feed=feed,
        doors=doors,
        authority=authority,
        certificate_expires_ms=identity.expires_ms,
        conditions=conditions,
        queries=queries,
        control=control,
        accounts=accounts,
        sign_in=sign_in,
        money=money,
        membership=membership,
        intake=intake,
        threads=threads,
    )
    membership.load(writer.execute(lambda uow: list(uow.nodes.all())).result(60))
    return Master(
        settings=settings,
        clock=clock,
        storage=storage,
        store=store,
        bus=bus,
        feed=feed,
        doors=doors,
        local_token=local_token,
        authority=authority,
        identity=identity,
        sessions=sessions,
        membership=membership,
        queries=queries,
        reaper=reaper,
        retention=Retention(writer=writer, store=store, references=storage.blob_reads),
        conditions=conditions,
        vitals=vitals,
        intake=intake,
        practice=practice_of(writer, intake, quotas, slow_threads),
        control=control,
        accounts=accounts,
        sign_in=sign_in,
        authenticator=authenticator,
        invitations=Invitations(writer=writer, minting=minting),
        rules=rules,
        quotas=quotas,
        audit=audit,
        figures=pool_figures(storage, store),
        money=money,
        vpn=vpn,
        vpn_hub=hub,
        links=links,
        notices=notices(settings, storage, vault, clock, new_id, sign_in),
        operations=operations,
        console=console_services(console),
        grants=grants,
        secrets=user_secrets,
        node_secrets=NodeSecrets(writer=writer, specs=specs, secrets=user_secrets, readers=threads),
        logs=NodeLogs(grants=grants, files=storage.log_files, tasks=storage.task_reads, readers=threads),
        gate=OperatorGate(local_token=local_token, authenticator=authenticator, threads=threads),
        threads=threads,
        slow_threads=slow_threads,
        new_id=new_id,
    )
