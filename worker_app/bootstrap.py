"""The one place that builds an agent from its parts. Reads top to bottom."""

from __future__ import annotations

import os
import random
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core import paths
from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.clock import SystemClock
from core.domain.errors import Busy, Invalid
from core.domain.node import RuntimeKind
from core.domain.resources import GIB
from core.manifest.spec_json import spec_from_json
from core.rpc.join_link import parse_join_link
from core.rpc.pki.node_key import ca_digest
from worker_app.agent.choices import OwnerChoices
from worker_app.agent.desk import Desk, DeskParts
from worker_app.agent.doctor import Doctor
from worker_app.agent.earnings import EarningsBook
from worker_app.agent.fetching import Fetching
from worker_app.agent.gpus import Gpus
from worker_app.agent.hygiene import Hygiene
from worker_app.agent.inputs import CachedInputs
from worker_app.agent.listening import HeardLink, HeardStore
from worker_app.agent.machine import Machine
from worker_app.agent.night import Night
from worker_app.agent.outbox import Outbox
from worker_app.agent.owner_actions import OwnerActions
from worker_app.agent.pauses import Pauses
from worker_app.agent.performer import Performer
from worker_app.agent.ports.link import Identity
from worker_app.agent.ports.sandbox import Runtime
from worker_app.agent.probe import Limits, boot_id, host_name, measure_disk, node_facts
from worker_app.agent.senses.computer import ComputerSenses
from worker_app.agent.state import AgentState
from worker_app.agent.tail import AgentTail
from worker_app.agent.workspace import Workspace
from worker_app.daemon import Daemon, Resident, Surroundings
from worker_app.door.agent_door import AgentDoor
from worker_app.door.local_server import LocalServer
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine
from worker_app.execution.images import load_catalogue
from worker_app.execution.plain_runtime import PlainRuntime
from worker_app.execution.process import ProcessRuntime
from worker_app.host.awake import WakepyAwake
from worker_app.host.network import LinkWatch
from worker_app.host.shutdown import shutdown_watch
from worker_app.settings import WorkerSettings
from worker_app.wire.enrolment import EnrolmentGateway
from worker_app.wire.gateway import Gateway


def agent_version() -> str:
    """Return the version of the installed product; `dev` in a checkout that was not installed."""
    try:
        return version("hivemind")
    except PackageNotFoundError:
        return "dev"


def make_runtime(settings: WorkerSettings, folder: Path, node_id: str) -> Runtime:
    """Return the runtime that the owner chose. Nothing is asked of an engine yet."""
    if settings.runtime is RuntimeKind.PROCESS:
        # NOT ISOLATED; only the owner's own tasks that allow it are taken (agent.admission).
        place = paths.private_folder(folder / "process")
        if os.name != "posix":
            return PlainRuntime(place, environment=os.environ)
        return ProcessRuntime(place, environment=os.environ)
    return DockerRuntime(
        default_engine(),
        node_id,
        load_catalogue(paths.resources() / "images"),
        packages_index=folder / "packages.json",
        packages_budget_bytes=int(settings.disk_gb * GIB) // 4 or 10 * GIB,
        images_index=folder / "images.json",
    )


def make_limits(settings: WorkerSettings, folder: Path) -> Limits:
    """Return what the owner allows, in exact units."""
    disk_bytes = int(settings.disk_gb * GIB) or shutil.disk_usage(folder).free // 2
    return Limits(
        slots=settings.slots,
        cpu_millis=int(settings.cpu_cores * 1000),
        memory_bytes=int(settings.memory_gb * GIB),
        disk_bytes=disk_bytes,
        disk_reserve_bytes=int(settings.disk_reserve_gb * GIB),
        labels=settings.label,
        images_allowed=tuple(settings.images_allowed),
        owners_allowed=tuple(settings.owners_allowed),
    )


async def join(workspace: Workspace, settings: WorkerSettings, link_text: str, *, again: bool = False) -> Identity:
    """Spend a join link and keep who this node is. A node that belongs to a pool already keeps its place, unless
    it joins `again`: then it is a new node, and whoever else has its old identity keeps that.
    """
    if workspace.identity() is not None and not again:
        raise Invalid(
            f"This worker has already joined a pool (data folder {workspace.root}).",
            code="ALREADY_JOINED",
            fix="Leave that pool first, or give --again where its master turns this computer away.",
        )
    link = parse_join_link(link_text)
    enrolment = EnrolmentGateway()
    runtime = make_runtime(settings, workspace.root, "joining")
    try:
        engine = await runtime.probe()
    finally:
        await runtime.shut()
    facts = node_facts(
        engine,
        make_limits(settings, workspace.root),
        disk=measure_disk(workspace.root),
        gpus=Gpus().present() if settings.gpus else (),
        host_name=host_name(),
        agent_version=agent_version(),
    )
    key_pem = workspace.enrolment_key(enrolment.new_key)
    identity = await enrolment.enrol(link, key_pem=key_pem, facts=facts, agent_version=agent_version())
    workspace.keep_identity(identity)
    return identity


async def clean(workspace: Workspace, settings: WorkerSettings) -> None:
    """Remove all that tasks left, or would find again, from engine and disk. The node and its earnings stay."""
    identity = workspace.identity()
    for node_id in [*([identity.node_id] if identity else []), "waiting", "joining", "doctor", "run-once"]:
        runtime = make_runtime(settings, workspace.root, node_id)
        try:
            for found in await runtime.inventory():
                await runtime.remove(found)
            if isinstance(runtime, DockerRuntime):
                for thing in await runtime.keeping.kept():
                    await runtime.keeping.discard(thing)
        finally:
            await runtime.shut()
    shutil.rmtree(workspace.blobs, ignore_errors=True)


async def run_agent(workspace: Workspace, settings: WorkerSettings, tail: AgentTail) -> int:
    """Build the agent's desk and door, and run whatever there is to run until asked to quit."""
    clock = SystemClock()
    gpus = Gpus() if settings.gpus else Gpus.none()
    desk = Desk(
        DeskParts(
            clock=clock,
            choices=OwnerChoices(workspace.root),
            book=EarningsBook(workspace.root),
            senses=ComputerSenses(),
            machine=Machine(workspace.root, gpus, clock.wall_ms),
            limits=make_limits(settings, workspace.root),
            version=agent_version(),
            agent_tail=tail,
        )
    )
    desk.identity = workspace.identity()
    if desk.identity is not None:
        desk.fingerprint = fingerprint(desk.identity)

    async def joined(resident: Resident, identity: Identity) -> None:
        await run_joined(workspace, settings, resident, identity)

    actions = OwnerActions(
        desk,
        # Only where there is no identity, or the master turns it away.
        join=lambda link: join(workspace, settings, link, again=True),
        leave=workspace.forget_identity,
        fingerprint=fingerprint,
    )
    resident = Resident(
        desk,
        waiting_runtime=lambda: make_runtime(settings, workspace.root, "waiting"),
        run_joined=joined,
        farewell=farewell,
        left=actions.left,
    )

    def doctor() -> Doctor:
        if resident.runtime is None:
            raise Busy("The agent is just starting or ending.")
        return Doctor(resident.runtime, workspace.root, desk.identity, gpus)

    server = LocalServer(AgentDoor(desk, actions, doctor, clock))
    address = await server.open()
    workspace.door = {"doors": {"agent": address}, "token": server.token}
    workspace.announce("waiting")
    print(f"ready agent={address}", flush=True)
    try:
        return await resident.run()
    finally:
        await server.close()
        desk.book.close()


async def farewell(identity: Identity) -> None:
    """Have the master revoke this node. Raises LinkClosed when it is away."""
    gateway = Gateway(identity)
    try:
        await gateway.leave()
    finally:
        await gateway.close()


def fingerprint(identity: Identity) -> str:
    """Return the digest of the master's authority, as join links carry it."""
    return ca_digest(identity.ca_pem)


async def run_joined(
    workspace: Workspace, settings: WorkerSettings, resident: Resident, identity: Identity
) -> None:
    """Build the agent of a joined node and run it until it is asked to quit or to leave."""
    clock, desk = SystemClock(), resident.desk
    runtime = resident.runtime = make_runtime(settings, workspace.root, identity.node_id)
    gpus = Gpus() if settings.gpus else Gpus.none()
    gateway = Gateway(identity)
    heard = HeardLink(gateway, desk.book, clock)
    pauses = Pauses()
    cache = BlobCache(BlobStore(workspace.blobs), desk.base_limits.disk_bytes)
    cache.store.sweep(24 * 3600)
    this_boot = boot_id()
    daemon = resident.daemon = Daemon(
        Surroundings(
            workspace=workspace,
            runtime=runtime,
            enrolment=EnrolmentGateway(),
            membership=gateway,
            hygiene=Hygiene(runtime.keeping if isinstance(runtime, DockerRuntime) else None, cache, clock),
            desk=desk,
            gpus=gpus,
            agent_version=agent_version(),
            clock=clock,
            shutdown=shutdown_watch(),
            quit_grace_s=settings.quit_grace_s,
        ),
        identity,
    )
    state = AgentState(
        node_id=identity.node_id,
        boot_id=this_boot,
        agent_version=agent_version(),
        random=random.random,
        load_spec=spec_from_json,
    )
    performer = Performer(
        state,
        clock=clock,
        link=heard,
        blobs=gateway,
        log_link=gateway,
        store=HeardStore(Outbox(workspace.root, this_boot, identity.node_id), desk.book, spec_from_json),
        runtime=runtime,
        inputs=CachedInputs(Fetching(gateway, cache, pauses), cache, gateway),
        pauses=pauses,
        folder=workspace.root,
        on_live=daemon.on_live,
        on_exit=daemon.on_exit,
        gpu_use=gpus.use,
    )
    awake = WakepyAwake() if settings.keep_awake else None
    await daemon.run(performer, heard, Night(performer, workspace.root, clock, LinkWatch(), awake))
