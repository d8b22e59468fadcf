"""Both gRPC doors of a master as one thing that starts and stops on the `rpc` loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from core.clock import Clock
from core.pb import (
    blobs_pb2_grpc,
    console_pb2_grpc,
    enrolment_pb2_grpc,
    logs_pb2_grpc,
    node_pb2_grpc,
    operator_pb2_grpc,
    secrets_pb2_grpc,
)
from core.rpc.interceptors import DoorInterceptor, node_identity
from core.rpc.pki.authority import CertificateAuthority, ServerIdentity
from core.rpc.server import CONTROL_MESSAGE_BYTES, bind, control_credentials, make_server, node_credentials
from master_app.feed import Feed
from master_app.node_pool.traffic import Traffic
from master_app.rpc.blobs_door import BlobsDoor
from master_app.rpc.console_door import ConsoleDoor, SignInDoor
from master_app.rpc.console_services import ConsoleService, NearService, UploadService
from master_app.rpc.enrolment_door import EnrolmentDoor
from master_app.rpc.logs_door import LogsDoor
from master_app.rpc.membership_door import NodeMembershipDoor
from master_app.rpc.near_door import NearDoor
from master_app.rpc.node_door import NodeSessionDoor
from master_app.rpc.operator_door import OperatorDoor, control_identity
from master_app.rpc.secrets_door import SecretsDoor
from master_app.rpc.services import (
    BlobStore,
    EnrolmentService,
    GrantService,
    LogService,
    Meter,
    NodeDirectory,
    NodeMembershipService,
    OperatorGate,
    OperatorService,
    SecretService,
    SessionService,
)

_BLOB_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServices:
    """What stands behind the console's part of the control door."""

    desk: ConsoleService
    near: NearService
    uploads: UploadService
    feed: Feed
    traffic: Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorServices:
    """Everything behind the doors."""

    sessions: SessionService
    directory: NodeDirectory
    enrolment: EnrolmentService
    membership: NodeMembershipService
    grants: GrantService
    blobs: BlobStore
    logs: LogService
    secrets: SecretService
    gate: OperatorGate
    operators: OperatorService
    console: ConsoleServices | None = None


class RpcDoors:
    """`await start()` on the rpc loop, then `node_port` and `control_port` are those that were got."""

    def __init__(
        self,
        services: DoorServices,
        *,
        authority: CertificateAuthority,
        identity: ServerIdentity,
        clock: Clock,
        new_session_id: Callable[[], str],
    ) -> None:
        self._services = services
        self._authority = authority
        self._identity = identity
        self._clock = clock
        self._new_session_id = new_session_id
        self._servers: list[grpc.aio.Server] = []
        self._threads = ThreadPoolExecutor(_BLOB_THREADS, "rpc-blobs")
        console = services.console
        self._traffic: Meter = console.traffic if console is not None else Traffic(clock.steady_ms)
        self.node_port = 0
        self.control_port = 0

    async def start(self, *, node_address: str, control_address: str) -> None:
        """Listen on both doors (`HOST:PORT`, port 0: a free one). Raises Conflict when one is taken."""
        try:
            self.node_port = await self._start_node(node_address)
            self.control_port = await self._start_control(control_address)
        except BaseException:
            await self.stop(grace_s=0)
            raise

    async def stop(self, *, grace_s: float = 2.0) -> None:
        """End all sessions and stop listening."""
        for server in self._servers:
            await server.stop(grace_s)
        self._servers.clear()
        self._threads.shutdown(wait=False, cancel_futures=False)

    async def _start_node(self, address: str) -> int:
        services = self._services
        check = node_identity(services.directory.check_certificate, self._clock)
        server = make_server([DoorInterceptor(check)])
        self._servers.append(server)
        sessions = NodeSessionDoor(services.sessions, self._new_session_id)
        node_pb2_grpc.add_NodeSessionServicer_to_server(sessions, server)
        membership = NodeMembershipDoor(services.membership)
        node_pb2_grpc.add_NodeMembershipServicer_to_server(membership, server)
        blobs = BlobsDoor(services.blobs, services.grants, self._threads, self._traffic)
        blobs_pb2_grpc.add_BlobsServicer_to_server(blobs, server)
        logs_pb2_grpc.add_LogsServicer_to_server(LogsDoor(services.logs, self._traffic), server)
        secrets_pb2_grpc.add_SecretsServicer_to_server(SecretsDoor(services.secrets), server)
        port = bind(server, address, node_credentials(self._identity, self._authority.ca_pem))
        await server.start()
        return port

    async def _start_control(self, address: str) -> int:
        services = self._services
        server = make_server([DoorInterceptor(control_identity(services.gate))], CONTROL_MESSAGE_BYTES)
        self._servers.append(server)
        enrolment = EnrolmentDoor(services.enrolment, self._authority, self._clock)
        enrolment_pb2_grpc.add_EnrolmentServicer_to_server(enrolment, server)
        operator_pb2_grpc.add_OperatorServicer_to_server(OperatorDoor(services.operators), server)
        if services.console is not None:
            desk = services.console.desk
            console_pb2_grpc.add_SignInServicer_to_server(SignInDoor(desk), server)
            console = ConsoleDoor(desk, services.console.uploads, services.console.feed)
            console_pb2_grpc.add_ConsoleServicer_to_server(console, server)
            console_pb2_grpc.add_NearServicer_to_server(NearDoor(services.console.near), server)
        serving = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(serving, server)
        await serving.set("", health_pb2.HealthCheckResponse.SERVING)
        port = bind(server, address, control_credentials(self._identity))
        await server.start()
        return port
