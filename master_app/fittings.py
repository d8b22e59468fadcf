"""What bootstrap joins services with: rules read off the settings, and small functions between two services."""

from __future__ import annotations

import logging
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from core.blobs.store import BlobStore
from core.clock import Clock
from core.domain.events import AuditRecorded, Fact
from core.domain.ledger import parse_cpt
from core.domain.pool_rules import PoolRules
from core.domain.session import JoinLink
from core.domain.user import Role, SignUp, UserState
from core.eventbus import EventBus
from core.paths import resources
from core.rpc.join_link import make_join_link
from core.rpc.pki.authority import CertificateAuthority
from master_app.assembly import Doors
from master_app.feed import Feed
from master_app.marker import KEPT_FILE
from master_app.node_pool.figures import PoolFigures
from master_app.node_pool.membership import LinkMade
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.settings import MasterSettings, is_loopback, split_address
from master_app.storage.storage import Storage
from master_app.tasks.intake import Intake
from master_app.tasks.packages import PackageResolver
from master_app.tasks.practice import Practice
from master_app.users.accounts import FIRST_OPERATOR, default_sign_up
from master_app.users.quotas import Quotas
from master_app.users.rules import RulesBook
from master_app.vpn.hub import Hub, HubSettings, with_port
from master_app.vpn.keys import hub_key
from master_app.vpn.wireguard import SystemWireGuard

logger = logging.getLogger(__name__)
#: In the data folder itself: a backup keeps files by their names alone.
VPN_KEY = "vpn-hub.key"


def owner_name(uow: UnitOfWork, user_id: str) -> str:
    user = uow.users.get(user_id)
    return user.username if user is not None else ""


def introducer(rules: RulesBook) -> Callable[[UnitOfWork, str, str], Mapping[str, str]]:
    """Return what tells a joining node of the pool's people: whose it is, who runs the pool, who may submit."""

    def introduce(uow: UnitOfWork, owner_id: str, made_by: str) -> Mapping[str, str]:
        # The operator who made the link, else the first one of the pool.
        asked = (uow.users.get(made_by), uow.users.find(FIRST_OPERATOR))
        operators = [one for one in asked if one and Role.OPERATOR in one.roles and one.state is UserState.ACTIVE]
        return {
            "owner_name": owner_name(uow, owner_id),
            "operator": operators[0].username if operators else "",
            "sign_up": rules.now.sign_up.value,
        }

    return introduce


def storage_folder(settings: MasterSettings, data_dir: Path) -> Path:
    """Return where bundles and results are."""
    return settings.storage or data_dir / "blobs"


def practice_of(writer: Writer, intake: Intake, quotas: Quotas, threads: Executor) -> Practice:
    return Practice(
        writer=writer,
        intake=intake,
        folder=resources() / "practice",
        threads=threads,
        on_quota=quotas.on_quota,
    )


def pool_figures(storage: Storage, store: BlobStore) -> PoolFigures:
    """Return what monitoring asks."""
    writer = storage.writer
    return PoolFigures(
        writer=writer,
        reads=storage.usage_reads,
        writer_state=lambda: (writer.commit_number, writer.waiting_count),
        free_bytes=lambda: shutil.disk_usage(store.root).free,
    )


def first_rules(settings: MasterSettings) -> PoolRules:
    """Return the rules that hold until an operator changes them while the pool runs."""
    loopback = is_loopback(split_address(settings.web)[0]) and not settings.behind_proxy
    mode = SignUp(settings.sign_up) if settings.sign_up else default_sign_up(loopback_only=loopback)
    return PoolRules(sign_up=mode, sign_up_grant_ucpt=parse_cpt(settings.sign_up_grant))


def link_maker(doors: Doors, authority: CertificateAuthority) -> Callable[[LinkMade, str], str]:
    def make(made: LinkMade, owner: str) -> str:
        return make_join_link(
            JoinLink(
                host=doors.host,
                control_port=doors.control_port,
                ca_sha256=authority.sha256,
                token=made.token,
                owner=owner,
            )
        )

    return make


def back_up(storage: Storage, data_dir: Path) -> Callable[[Path], int]:
    def write(target: Path) -> int:
        files = {
            path.name: path
            for path in (
                data_dir / "master.toml",
                data_dir / KEPT_FILE,
                data_dir / VPN_KEY,
                data_dir / "ca" / "ca.key",
                data_dir / "ca" / "ca.pem",
            )
            if path.is_file()
        }
        storage.back_up(target, files)
        return target.stat().st_size

    return write


def to_vpn(hub: Hub) -> Callable[[AuditRecorded], None]:
    """Make the hub look again whenever a user was changed: whoever is locked or deleted is let in no more."""

    def on_audit(fact: AuditRecorded) -> None:
        if fact.action.startswith("user."):
            hub.request()

    return on_audit


def vpn_hub(
    settings: MasterSettings,
    data_dir: Path,
    doors: Doors,
    storage: Storage,
    threads: ThreadPoolExecutor,
    clock: Clock,
) -> Hub:
    return Hub(
        HubSettings(
            network=settings.vpn_network,
            endpoint=lambda: with_port(settings.vpn_endpoint or doors.host, settings.vpn_port),
            listen_port=settings.vpn_port,
            interface=settings.vpn_interface,
            folder=data_dir / "vpn",
        ),
        private_key=hub_key(data_dir / VPN_KEY),
        reads=storage.vpn_reads,
        wireguard=SystemWireGuard() if settings.vpn_apply else None,
        threads=threads,
        now_ms=clock.wall_ms,
    )


def package_resolver(settings: MasterSettings, data_dir: Path, store: BlobStore) -> PackageResolver:
    return PackageResolver(
        store=store,
        scratch=data_dir / "scratch",
        wheel_folder=settings.wheel_folder,
        index_allowed=settings.package_index,
    )


def public_host(settings: MasterSettings) -> str:
    """Return the host that nodes are told: as set, else this computer's address as others see it."""
    if settings.public_name:
        return settings.public_name
    host, _ = split_address(settings.control)
    if host not in ("0.0.0.0", "::", ""):
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # No packet is sent: this only asks which of our addresses a route to elsewhere would use.
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def publisher(bus: EventBus, feed: Feed) -> Callable[[Sequence[Fact], int], None]:
    def publish(facts: Sequence[Fact], commit_number: int) -> None:
        feed.publish(facts, commit_number)
        for fact in facts:
            bus.publish(fact)

    return publish


def merge_failed(task_id: str, error: BaseException) -> None:
    logger.error("the parts of a task could not be collected", extra={"task_id": task_id}, exc_info=error)
