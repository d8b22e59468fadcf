"""Puts together what the console's door calls, from the services that bootstrap has built."""

from __future__ import annotations

import importlib.metadata
import socket
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.blobs.store import BlobStore
from core.clock import Clock
from core.conditions import Conditions
from core.domain.console import PoolInfo
from core.eventbus import EventBus
from core.rpc.console_link import ConsoleLink, make_console_link
from core.rpc.pki.authority import CertificateAuthority
from master_app.assembly import Doors
from master_app.checkup import Checkup, last_backup_ms, note_backup
from master_app.console_desk import ConsoleDesk, Reading
from master_app.console_near import ConsoleNear
from master_app.console_uploads import ConsoleUploads
from master_app.feed import Feed
from master_app.fittings import back_up
from master_app.ledger.transfers import Money
from master_app.node_pool.labels import NodeLabels
from master_app.node_pool.membership import Membership
from master_app.node_pool.queries import NodeQueries
from master_app.node_pool.traffic import Traffic
from master_app.pool_watch import PoolWatch
from master_app.ports.unit_of_work import UnitOfWork
from master_app.rpc.doors import ConsoleServices
from master_app.settings import MasterSettings
from master_app.storage.storage import Storage
from master_app.tasks.control import TaskControl
from master_app.tasks.intake import Intake
from master_app.users.accounts import UserAccounts
from master_app.users.sign_in import SignIn

BACKUP_NOTE = "last-backup.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """What the console's services are made of."""

    settings: MasterSettings
    data_dir: Path
    clock: Clock
    storage: Storage
    store: BlobStore
    dispatch: Callable[[UnitOfWork], object]
    bus: EventBus
    feed: Feed
    doors: Doors
    authority: CertificateAuthority
    certificate_expires_ms: int
    conditions: Conditions
    queries: NodeQueries
    control: TaskControl
    accounts: UserAccounts
    sign_in: SignIn
    money: Money
    membership: Membership
    intake: Intake
    threads: Executor


def console_services(parts: ConsoleParts) -> ConsoleServices:
    """Return what stands behind the console's part of the control door."""
    traffic = Traffic(parts.clock.steady_ms)
    storage = parts.storage
    near = ConsoleNear(
        bus=parts.bus,
        queries=parts.queries,
        labels=NodeLabels(writer=storage.writer, dispatch=parts.dispatch),
        traffic=traffic,
        console=storage.console_reads,
        pages=storage.page_reads,
        tasks=storage.task_reads,
        logs=storage.log_files,
        store=parts.store,
        threads=parts.threads,
        clock=parts.clock,
    )
    return ConsoleServices(
        desk=_desk(parts, traffic), near=near, uploads=_uploads(parts), feed=parts.feed, traffic=traffic
    )


def _desk(parts: ConsoleParts, traffic: Traffic) -> ConsoleDesk:
    settings, data_dir, storage = parts.settings, parts.data_dir, parts.storage
    folder = settings.storage or data_dir / "blobs"
    note = data_dir / BACKUP_NOTE
    watch = PoolWatch(
        writer=storage.writer,
        bus=parts.bus,
        feed=parts.feed,
        reads=storage.console_reads,
        conditions=parts.conditions,
        clock=parts.clock,
        storage=folder,
        traffic=traffic.rates,
        backed_up=lambda: last_backup_ms(note) > 0,
    )
    checkup = Checkup(
        settings_in_use=settings,
        settings_file=data_dir / "master.toml",
        conditions=parts.conditions,
        clock=parts.clock,
        writer=storage.writer,
        certificate_expires_ms=parts.certificate_expires_ms,
        backup_note=note,
        disk_words=lambda: _disk_words(folder),
    )
    reading = Reading(
        console=storage.console_reads,
        tasks=storage.task_reads,
        logs=storage.log_files,
        ledger=storage.ledger_reads,
        users=storage.user_reads,
        nodes=parts.queries,
    )
    return ConsoleDesk(
        watch=watch,
        reading=reading,
        control=parts.control,
        accounts=parts.accounts,
        sign_in=parts.sign_in,
        money=parts.money,
        membership=parts.membership,
        checkup=checkup,
        pool=_pool(parts, folder),
        make_console_link=_link_maker(parts),
        threads=parts.threads,
        clock=parts.clock,
    )


def _uploads(parts: ConsoleParts) -> ConsoleUploads:
    return ConsoleUploads(
        folder=parts.data_dir / "scratch" / "console",
        intake=parts.intake,
        users=parts.storage.user_reads,
        threads=parts.threads,
    )


def noted_back_up(storage: Storage, data_dir: Path, clock: Clock) -> Callable[[Path], int]:
    """Back up, and remember that it was done."""
    write = back_up(storage, data_dir)

    def noted(target: Path) -> int:
        size = write(target)
        note_backup(data_dir / BACKUP_NOTE, target, clock.wall_ms())
        return size

    return noted


def _pool(parts: ConsoleParts, folder: Path) -> Callable[[], PoolInfo]:
    started_ms = parts.clock.wall_ms()

    def info() -> PoolInfo:
        doors = parts.doors
        return PoolInfo(
            pool_name=parts.settings.pool_name,
            host=doors.host,
            version=_version(),
            web=doors.web,
            control=f"{doors.host}:{doors.control_port}",
            started_ms=started_ms,
            now_ms=parts.clock.wall_ms(),
            operator="",
            ca_sha256=parts.authority.sha256,
            certificate_expires_ms=parts.certificate_expires_ms,
            database="PostgreSQL" if parts.settings.database.startswith("postgres") else "SQLite",
            storage=str(folder),
            data_dir=str(parts.data_dir),
            computer=socket.gethostname(),
        )

    return info


def _link_maker(parts: ConsoleParts) -> Callable[[str], str]:
    def make(login: str) -> str:
        doors = parts.doors
        return make_console_link(
            ConsoleLink(
                host=doors.host, control_port=doors.control_port, ca_sha256=parts.authority.sha256, login=login
            )
        )

    return make


def _version() -> str:
    try:
        return importlib.metadata.version("hivemind")
    except importlib.metadata.PackageNotFoundError:
        return "a checkout"


def _disk_words(folder: Path) -> str:
    usage = psutil.disk_usage(str(folder))
    gib = 1 << 30
    return f"{usage.free / gib:,.1f} of {usage.total / gib:,.1f} GB free"
