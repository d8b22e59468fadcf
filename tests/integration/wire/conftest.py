"""A master's doors on loopback with real mutual TLS, fakes behind them, and a real gateway in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from core.blobs.store import BlobStore
from core.clock import SystemClock
from core.domain.node import NodeFacts
from core.domain.session import Hello, JoinLink
from core.rpc.pki.authority import CertificateAuthority
from master_app.rpc.doors import DoorServices, RpcDoors
from tests.fakes.door_services import (
    FakeGrants,
    FakeLogs,
    FakeMembership,
    FakeOperators,
    FakeSecrets,
    FakeSessions,
)
from worker_app.agent.ports.link import Identity
from worker_app.wire.enrolment import EnrolmentGateway

TOKEN = "a-one-time-secret-of-a-link"
OPERATOR_TOKEN = "operators-token"


@dataclass
class Master:
    authority: CertificateAuthority
    doors: RpcDoors
    sessions: FakeSessions
    membership: FakeMembership
    grants: FakeGrants
    logs: FakeLogs
    secrets: FakeSecrets
    operators: FakeOperators
    blobs: BlobStore

    def link(self, token: str = TOKEN, ca_sha256: str = "") -> JoinLink:
        return JoinLink(
            host="127.0.0.1",
            control_port=self.doors.control_port,
            ca_sha256=ca_sha256 or self.authority.sha256,
            token=token,
        )

    async def enrol(self) -> Identity:
        self.membership.uses_left += 1
        gateway = EnrolmentGateway()
        facts = NodeFacts(host_name="box")
        return await gateway.enrol(self.link(), key_pem=gateway.new_key(), facts=facts, agent_version="1")


def hello(identity: Identity, incarnation: int = 1) -> Hello:
    return Hello(node_id=identity.node_id, incarnation=incarnation, boot_id="boot")


async def start_master(folder: Path) -> Master:
    clock = SystemClock()
    authority = CertificateAuthority.open(folder / "pki", clock.wall_ms())
    membership = FakeMembership(authority, TOKEN)
    sessions, grants, logs, secrets = FakeSessions(), FakeGrants(), FakeLogs(), FakeSecrets()
    operators = FakeOperators(OPERATOR_TOKEN)
    blobs = BlobStore(folder / "blobs")
    numbers = count(1)
    doors = RpcDoors(
        DoorServices(
            sessions=sessions,
            directory=membership,
            enrolment=membership,
            membership=membership,
            grants=grants,
            blobs=blobs,
            logs=logs,
            secrets=secrets,
            gate=operators,
            operators=operators,
        ),
        authority=authority,
        identity=authority.server_identity(folder / "pki", [], clock.wall_ms()),
        clock=clock,
        new_session_id=lambda: f"session-{next(numbers)}",
    )
    await doors.start(node_address="127.0.0.1:0", control_address="127.0.0.1:0")
    membership.node_door = f":{doors.node_port}"
    membership.uses_left = 0
    return Master(authority, doors, sessions, membership, grants, logs, secrets, operators, blobs)


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[Master]:
    made = await start_master(tmp_path / "master")
    yield made
    await made.doors.stop(grace_s=0)
