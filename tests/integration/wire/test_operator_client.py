"""The admin commands' client against the real control door."""

from __future__ import annotations

import asyncio

import pytest

from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import Forbidden, StorageUnavailable, Unauthenticated
from core.domain.node import HostUse, NodeAdmin, NodeHealth, NodeOwner
from core.domain.operations import NewJoinLink, NewUser, NodeAction
from core.domain.resources import Resources
from core.domain.views import NodeView
from core.pb import operator_pb2 as pb
from core.pb import operator_pb2_grpc
from core.rpc.channel import open_channel
from core.rpc.codec import operator as codec
from master_app.rpc.operator_client import OperatorClient
from tests.integration.wire.conftest import OPERATOR_TOKEN, Master

NODE = NodeView(
    node_id="01NODE",
    name="box",
    owner_id="01OWNER",
    owner_name="ann",
    admin=NodeAdmin.DRAINING,
    health=NodeHealth.READY,
    owner_state=NodeOwner.AVAILABLE,
    owner_reason="",
    schedulable=False,
    why_not="draining",
    arch="x86_64",
    os="linux",
    host_os="linux",
    runtime="docker",
    slots=2,
    capacity=Resources(cpu_millis=2000),
    reserved=Resources(),
    running=0,
    gpus=(),
    host=HostUse(),
    labels={"room": "attic"},
    version="0.1",
    created_ms=1,
    last_seen_ms=2,
    quarantined_until_ms=0,
    certificate_expires_ms=3,
)


def client(master: Master, token: str = OPERATOR_TOKEN) -> OperatorClient:
    return OperatorClient(f"127.0.0.1:{master.doors.control_port}", master.authority.ca_pem, token)


async def test_commands_reach_the_service(master: Master) -> None:
    operator = client(master)
    user = NewUser(name="ann", roles=("provider",), password="pw")
    assert await asyncio.to_thread(operator.add_user, user) == "01USER"
    assert await asyncio.to_thread(operator.create_join_link, NewJoinLink(uses=2)) == "hivemind://x"
    assert await asyncio.to_thread(operator.reset_password, "ann") == "login-once"
    assert (await asyncio.to_thread(operator.verify_ledger)).sound
    assert await asyncio.to_thread(operator.backup, "/tmp/b") == 10
    assert ("add_user", "op", user) in master.operators.asked


async def test_conditions_come_back_whole(master: Master) -> None:
    condition = Condition(
        code=ConditionCode.DISK_FULL,
        subject="/data",
        gravity=Gravity.ALERT,
        what="The disk is full.",
        at_risk="New uploads.",
        next="They are taken again when there is room.",
        fix="Free space.",
        since_ms=1,
        until_ms=2,
    )
    master.operators.conditions = (condition,)
    assert await asyncio.to_thread(client(master).conditions) == ([condition], [condition])


async def test_rows_of_nodes_come_back_whole(master: Master) -> None:
    master.operators.node = NODE
    metadata = [("authorization", f"Bearer {OPERATOR_TOKEN}")]
    async with open_channel(f"127.0.0.1:{master.doors.control_port}", master.authority.ca_pem) as channel:
        stub = operator_pb2_grpc.OperatorStub(channel)
        listed = await stub.ListNodes(pb.ListNodesRequest(), metadata=metadata)
        assert [codec.node_from_pb(row) for row in listed.nodes] == [NODE]
        request = pb.NodeActionRequest(
            node_id="01NODE", action=codec.NODE_ACTIONS.numbers[NodeAction.DRAIN], reason="new disk"
        )
        assert codec.node_from_pb((await stub.ActOnNode(request, metadata=metadata)).node) == NODE
    assert ("act", "01NODE", NodeAction.DRAIN, "new disk") in master.operators.asked


async def test_errors_arrive_as_what_they_were(master: Master) -> None:
    for token, kind in (("guessed", Unauthenticated), ("submitter", Forbidden)):
        with pytest.raises(kind):
            await asyncio.to_thread(client(master, token).verify_ledger)
    await master.doors.stop(grace_s=0)
    with pytest.raises(StorageUnavailable) as gone:
        await asyncio.to_thread(client(master).verify_ledger)
    assert gone.value.code == "MASTER_UNREACHABLE"
