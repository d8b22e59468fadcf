"""The admin commands' client against the real control door."""

from __future__ import annotations

import pytest

from core.domain.errors import Forbidden, Invalid, StorageUnavailable, Unauthenticated
from core.domain.node import HostUse, NodeAdmin, NodeHealth, NodeOwner
from core.domain.operations import NewJoinLink, NewUser, NodeAction
from core.domain.resources import Resources
from core.domain.views import NodeView
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


async def test_commands_reach_the_service_and_rows_come_back(master: Master) -> None:
    master.operators.node = NODE
    async with client(master) as operator:
        assert await operator.add_user(NewUser(name="ann", roles=("provider",), password="pw")) == "01USER"
        assert (await operator.create_join_link(NewJoinLink(uses=2))).expires_ms == 5
        assert (await operator.list_nodes()).nodes == (NODE,)
        assert (await operator.list_tasks()).tasks == ()
        assert await operator.act_on_node("01NODE", NodeAction.DRAIN, "new disk") == NODE
        assert await operator.reset_password("ann") == "login-once"
        assert (await operator.verify_ledger()).sound
        assert (await operator.backup("/tmp/b")).path == "/tmp/b"
    assert ("act", "01NODE", NodeAction.DRAIN, "new disk") in master.operators.asked


async def test_errors_arrive_as_what_they_were(master: Master) -> None:
    for token, kind in (("guessed", Unauthenticated), ("submitter", Forbidden)):
        async with client(master, token) as operator:
            with pytest.raises(kind):
                await operator.verify_ledger()
    async with client(master) as operator:
        with pytest.raises(Invalid) as refused:
            await operator.act_on_node("01NODE", NodeAction.DRAIN, " ")
        assert refused.value.fix
    await master.doors.stop(grace_s=0)
    async with client(master) as operator:
        with pytest.raises(StorageUnavailable) as gone:
            await operator.verify_ledger()
        assert gone.value.code == "MASTER_UNREACHABLE"
