"""Sessions over real mutual TLS: order, acknowledgement, resync, and who may come in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState
from core.domain.errors import Busy, Unauthenticated
from core.domain.node import HostUse, NodeFacts
from core.domain.resources import Resources
from core.domain.session import (
    Ack,
    AttemptUpdate,
    HeldAttempt,
    Offer,
    Offers,
    OwnerStatus,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from tests.integration.wire.conftest import Master, hello, start_master
from worker_app.agent.ports.link import Identity, LinkClosed, LinkRefused
from worker_app.wire.gateway import Gateway, GatewaySession


def offers(session_id: str, number: int) -> Offers:
    offer = Offer(
        attempt_id=f"attempt-{number}",
        task_id="task",
        revision=1,
        index=number,
        epoch=1,
        attempt_number=1,
        resources=Resources(cpu_millis=1000),
        lease_s=600,
    )
    return Offers(session_id=session_id, term=7, lease_report=0, briefs=(), offers=(offer,))


def updates(session_id: str, *numbers: int) -> Updates:
    made = [AttemptUpdate(number=n, attempt_id=f"a{n}", state=AttemptState.SUCCEEDED) for n in numbers]
    return Updates(session_id=session_id, updates=tuple(made))


def sync(session_id: str) -> Sync:
    held = (HeldAttempt(attempt_id="held", state=AttemptState.RUNNING),)
    return Sync(session_id=session_id, attempts=held, facts=NodeFacts(), host=HostUse(), owner=OwnerStatus())


async def opened(gateway: Gateway, identity: Identity) -> tuple[GatewaySession, Welcome]:
    session = await gateway.connect(hello(identity))
    welcome = await session.receive()
    assert isinstance(welcome, Welcome)
    return session, welcome


async def synced(gateway: Gateway, identity: Identity) -> tuple[GatewaySession, str]:
    session, welcome = await opened(gateway, identity)
    await session.send(sync(welcome.session_id))
    assert isinstance(await session.receive(), SyncReply)
    return session, welcome.session_id


async def test_offers_wait_for_the_sync_reply(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, welcome = await opened(gateway, identity)
    master.sessions.live.send(offers(welcome.session_id, 1))
    await session.send(sync(welcome.session_id))
    reply = await session.receive()
    assert isinstance(reply, SyncReply) and reply.verdicts[0][0] == "held"
    assert await session.receive() == offers(welcome.session_id, 1)
    await session.close()
    await gateway.close()


async def test_reports_and_updates_are_acknowledged(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, session_id = await synced(gateway, identity)
    await session.send(Report(session_id=session_id, number=1, live=(), host=HostUse(), owner=OwnerStatus()))
    for number in range(100):
        await session.send(updates(session_id, number))
    report = 0
    numbers: set[int] = set()
    while report < 1 or len(numbers) < 100:
        ack = await session.receive()
        assert isinstance(ack, Ack)
        report = max(report, ack.report)
        numbers.update(ack.updates)
    assert numbers == set(range(100)) and master.sessions.updates_taken == list(range(100))
    await session.close()
    await gateway.close()
    assert await asyncio.to_thread(master.sessions.closed_one.wait, 5)


async def test_many_batches_are_on_their_way_at_once_but_not_without_bound(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, session_id = await synced(gateway, identity)
    master.sessions.hold = True
    for number in range(60):
        await session.send(updates(session_id, number))
    async with asyncio.timeout(10):
        while len(master.sessions.held) < 32:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(master.sessions.held) == 32
    seen: set[int] = set()
    while len(seen) < 60:
        waiting, master.sessions.held = master.sessions.held, []
        for future, ack in waiting:
            future.set_result(ack)
        message = await session.receive()
        assert isinstance(message, Ack)
        seen.update(message.updates)
    await session.close()
    await gateway.close()


async def test_a_busy_writer_slows_the_node_down_and_loses_nothing(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, session_id = await synced(gateway, identity)
    master.sessions.failures = [Busy("full"), Busy("full")]
    await session.send(updates(session_id, 1))
    assert await session.receive() == Ack(session_id=session_id, updates=(1,))
    await gateway.close()


async def test_updates_that_were_not_kept_lead_to_a_resync(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, session_id = await synced(gateway, identity)
    master.sessions.failures = [Unauthenticated("kept nothing")]
    await session.send(updates(session_id, 1))
    answer = await session.receive()
    assert isinstance(answer, Resync) and "not kept" in answer.reason
    with pytest.raises(LinkClosed):
        await session.receive()
    await gateway.close()


async def test_a_report_before_sync_and_a_foreign_session_are_answered_with_resync(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, welcome = await opened(gateway, identity)
    await session.send(updates(welcome.session_id, 1))
    assert isinstance(await session.receive(), Resync)
    session, _ = await synced(gateway, identity)
    await session.send(updates("session-of-yesterday", 1))
    assert isinstance(await session.receive(), Resync)
    assert master.sessions.updates_taken == []
    await gateway.close()


async def test_the_newest_session_of_a_node_wins(master: Master) -> None:
    identity = await master.enrol()
    first_gateway, second_gateway = Gateway(identity), Gateway(identity)
    first, _ = await synced(first_gateway, identity)
    second, second_id = await synced(second_gateway, identity)
    answer = await first.receive()
    assert isinstance(answer, Resync) and "newer" in answer.reason
    await second.send(updates(second_id, 1))
    assert isinstance(await second.receive(), Ack)
    await first_gateway.close()
    await second_gateway.close()


async def test_a_refused_node_hears_why(master: Master) -> None:
    identity = await master.enrol()
    master.sessions.refusal = Refused(code="DUPLICATE_IDENTITY", message="Another machine is this node.")
    gateway = Gateway(identity)
    session = await gateway.connect(hello(identity))
    assert await session.receive() == master.sessions.refusal
    await gateway.close()


async def test_a_revoked_node_is_put_out_and_kept_out(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, _ = await synced(gateway, identity)
    master.membership.revoked.add(identity.node_id)
    master.sessions.live.close("revoked")
    assert isinstance(await session.receive(), Resync)
    with pytest.raises(LinkRefused) as refused:
        await (await gateway.connect(hello(identity))).receive()
    assert refused.value.code == "NODE_REVOKED"
    with pytest.raises(LinkRefused):
        await gateway.missing("attempt", ["0" * 64])
    await gateway.close()


async def test_a_node_cannot_speak_for_another(master: Master) -> None:
    mine, other = await master.enrol(), await master.enrol()
    gateway = Gateway(mine)
    with pytest.raises(LinkRefused) as refused:
        await (await gateway.connect(hello(other))).receive()
    assert refused.value.code == "CERTIFICATE_OF_ANOTHER_NODE"
    assert master.sessions.hellos == []
    await gateway.close()


async def test_a_node_of_another_pool_is_refused_by_the_handshake(master: Master, tmp_path: Path) -> None:
    other = await start_master(tmp_path / "other")
    try:
        theirs, mine = await other.enrol(), await master.enrol()
        stranger = Identity(
            node_id=mine.node_id,
            node_name="x",
            owner_id="x",
            key_pem=theirs.key_pem,
            certificate_pem=theirs.certificate_pem,
            ca_pem=mine.ca_pem,
            node_door=mine.node_door,
            control_door=mine.control_door,
            expires_at_ms=0,
        )
        gateway = Gateway(stranger)
        with pytest.raises((LinkRefused, LinkClosed)):
            await (await gateway.connect(hello(stranger))).receive()
        await gateway.close()
        # And the node believes no master of another authority.
        deceived = Gateway(
            Identity(
                node_id=mine.node_id,
                node_name="x",
                owner_id="x",
                key_pem=mine.key_pem,
                certificate_pem=mine.certificate_pem,
                ca_pem=mine.ca_pem,
                node_door=f"127.0.0.1:{other.doors.node_port}",
                control_door="",
                expires_at_ms=0,
            )
        )
        with pytest.raises((LinkRefused, LinkClosed)):
            await (await deceived.connect(hello(mine))).receive()
        await deceived.close()
        assert master.sessions.hellos == [] and other.sessions.hellos == []
    finally:
        await other.doors.stop(grace_s=0)


async def test_a_master_that_is_gone_is_link_closed(master: Master) -> None:
    identity = await master.enrol()
    gateway = Gateway(identity)
    session, _ = await synced(gateway, identity)
    await master.doors.stop(grace_s=0)
    with pytest.raises(LinkClosed):
        while True:
            await session.receive()
    with pytest.raises(LinkClosed):
        await gateway.connect(hello(identity))
    await session.close()
    await gateway.close()
