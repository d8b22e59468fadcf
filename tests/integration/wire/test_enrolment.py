"""Joining, renewing, operators and hostile peers on the control door."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from core.domain.errors import HiveMindError
from core.domain.node import NodeFacts
from core.pb import enrolment_pb2, enrolment_pb2_grpc, operator_pb2, operator_pb2_grpc
from core.rpc.channel import open_channel
from core.rpc.pki import node_key
from core.rpc.pki.authority import NODE_DAYS, CertificateAuthority
from core.rpc.status import error_from_rpc
from tests.integration.wire.conftest import OPERATOR_TOKEN, TOKEN, Master, hello
from worker_app.agent.ports.link import LinkClosed, LinkRefused
from worker_app.wire.enrolment import EnrolmentGateway
from worker_app.wire.gateway import Gateway

DAY_MS = 86_400_000


async def test_a_link_of_another_authority_sends_no_token(master: Master) -> None:
    gateway = EnrolmentGateway()
    master.membership.uses_left = 1
    with pytest.raises(LinkRefused) as refused:
        await gateway.enrol(
            master.link(ca_sha256="0" * 64),
            key_pem=gateway.new_key(),
            facts=NodeFacts(),
            agent_version="1",
        )
    assert refused.value.code == "CA_MISMATCH"
    assert master.membership.tokens_seen == 0


async def test_a_token_is_good_once(master: Master) -> None:
    await master.enrol()
    gateway = EnrolmentGateway()
    for token in (TOKEN, "a-guessed-token-of-somebody"):
        with pytest.raises(LinkRefused) as refused:
            await gateway.enrol(
                master.link(token), key_pem=gateway.new_key(), facts=NodeFacts(), agent_version="1"
            )
        assert refused.value.code == "TOKEN_NOT_GOOD"
    assert len(master.membership.serials) == 1


async def test_an_expired_certificate_is_refused_and_renews(master: Master) -> None:
    identity = await master.enrol()
    long_ago = master.membership.clock.wall_ms() - (NODE_DAYS + 1) * DAY_MS
    old = master.authority.sign_node(node_key.make_request(identity.key_pem, "x"), identity.node_id, long_ago)
    master.membership.serials[identity.node_id] = old.serial
    expired = replace(identity, certificate_pem=old.pem, expires_at_ms=old.expires_ms)
    gateway = Gateway(expired)
    with pytest.raises(LinkClosed) as closed:
        await (await gateway.connect(hello(expired))).receive()
    assert closed.value.code == "CERTIFICATE_EXPIRED"
    renewed = await EnrolmentGateway().renew(expired)
    await gateway.use(renewed)
    session = await gateway.connect(hello(renewed))
    await session.receive()
    await gateway.close()
    # The one before is not good any more.
    gateway = Gateway(identity)
    with pytest.raises(LinkRefused) as refused:
        await (await gateway.connect(hello(identity))).receive()
    assert refused.value.code == "CERTIFICATE_REPLACED"
    await gateway.close()


async def test_renewal_needs_the_key_a_fresh_nonce_and_our_authority(master: Master, tmp_path: Path) -> None:
    identity = await master.enrol()
    thief = node_key.new_key()
    with pytest.raises(LinkRefused) as refused:
        await EnrolmentGateway().renew(replace(identity, key_pem=thief))
    assert refused.value.code == "RENEWAL_PROOF"
    now = master.membership.clock.wall_ms()
    foreign = CertificateAuthority.make(now).sign_node(node_key.make_request(thief, "x"), identity.node_id, now)
    with pytest.raises(LinkRefused) as refused:
        await EnrolmentGateway().renew(replace(identity, key_pem=thief, certificate_pem=foreign.pem))
    assert refused.value.code == "CERTIFICATE_FOREIGN"
    async with open_channel(identity.control_door, identity.ca_pem) as channel:
        stub = enrolment_pb2_grpc.EnrolmentStub(channel)
        nonce = (await stub.RenewalNonce(enrolment_pb2.RenewalNonceRequest())).nonce
        csr = node_key.make_request(identity.key_pem, "x")
        request = enrolment_pb2.RenewRequest(
            certificate_pem=identity.certificate_pem,
            csr_pem=csr,
            nonce=nonce,
            signature=node_key.sign_renewal(identity.key_pem, nonce, csr),
        )
        await stub.Renew(request)
        with pytest.raises(grpc.aio.AioRpcError) as replayed:
            await stub.Renew(request)
        error = error_from_rpc(replayed.value)
        assert error is not None and error.code == "NONCE_NOT_GOOD"
    master.membership.revoked.add(identity.node_id)
    with pytest.raises(LinkRefused) as refused:
        await EnrolmentGateway().renew(identity)
    assert refused.value.code == "NODE_REVOKED"


async def test_a_nodes_certificate_cannot_play_the_master(master: Master) -> None:
    identity = await master.enrol()
    server = grpc.aio.server()
    # No service behind it: the handshake must not get that far.
    credentials = grpc.ssl_server_credentials([(identity.key_pem, identity.certificate_pem)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    async with open_channel(f"127.0.0.1:{port}", master.authority.ca_pem) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await enrolment_pb2_grpc.EnrolmentStub(channel).Authority(enrolment_pb2.AuthorityRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    await server.stop(0)


async def test_operators_commands_need_an_operators_token(master: Master) -> None:
    async with open_channel(f"127.0.0.1:{master.doors.control_port}", master.authority.ca_pem) as channel:
        stub = operator_pb2_grpc.OperatorStub(channel)
        request = operator_pb2.AddUserRequest(name="ann", roles=["submitter"], password="pw")
        for token, code in (
            ("", grpc.StatusCode.UNAUTHENTICATED),
            ("guessed", grpc.StatusCode.UNAUTHENTICATED),
            ("submitter", grpc.StatusCode.PERMISSION_DENIED),
        ):
            metadata = [("authorization", f"Bearer {token}")] if token else []
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.AddUser(request, metadata=metadata)
            assert refused.value.code() is code
        assert master.operators.asked == []
        good = [("authorization", f"Bearer {OPERATOR_TOKEN}")]
        assert (await stub.AddUser(request, metadata=good)).user_id == "01USER"
        assert (await stub.VerifyLedger(operator_pb2.VerifyLedgerRequest(), metadata=good)).sound
        with pytest.raises(grpc.aio.AioRpcError) as no_reason:
            act = operator_pb2.NodeActionRequest(node_id="n", action=operator_pb2.NodeAction.NODE_ACTION_DRAIN)
            await stub.ActOnNode(act, metadata=good)
        error = error_from_rpc(no_reason.value)
        assert isinstance(error, HiveMindError) and error.code == "REASON_MISSING" and error.fix


async def test_silent_and_half_open_peers_delay_nobody(master: Master) -> None:
    identity = await master.enrol()
    raws: list[socket.socket] = []
    for port in (master.doors.node_port, master.doors.control_port):
        for _ in range(50):
            raws.append(socket.create_connection(("127.0.0.1", port)))
        # A hello of TLS that is cut off.
        for _ in range(3):
            raws.append(socket.create_connection(("127.0.0.1", port)))
            raws[-1].sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    gateway = Gateway(identity)
    started = time.perf_counter()
    session = await gateway.connect(hello(identity))
    await session.receive()
    elapsed_s = time.perf_counter() - started
    for raw in raws:
        raw.close()
    await gateway.close()
    assert elapsed_s < 1.0


async def test_garbage_ends_the_call_and_nothing_else(master: Master) -> None:
    identity = await master.enrol()
    random_bytes = random.Random(7)
    async with open_channel(
        identity.node_door,
        identity.ca_pem,
        key_pem=identity.key_pem,
        certificate_pem=identity.certificate_pem,
    ) as channel:
        for length in [0, 1, 7, 50, 1000, 100_000] * 5:
            for method in ("NodeSession/Open", "Blobs/Store", "Logs/Append"):
                call: Any = channel.stream_stream(f"/hivemind.v1.{method}")()
                try:
                    await call.write(random_bytes.randbytes(length))
                    await call.done_writing()
                    while await asyncio.wait_for(call.read(), 5) is not grpc.aio.EOF:
                        pass
                except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    pass
                if method != "Logs/Append" or length:
                    assert await call.code() is not grpc.StatusCode.UNAVAILABLE
        big: Any = channel.stream_stream("/hivemind.v1.NodeSession/Open")()
        with pytest.raises((grpc.aio.AioRpcError, asyncio.InvalidStateError)):
            await big.write(bytes(33 << 20))
            await big.read()
    gateway = Gateway(identity)
    session = await gateway.connect(hello(identity))
    await session.receive()
    await gateway.close()
    assert len(master.sessions.hellos) == 1


async def test_a_node_asks_for_its_practice_and_leaves_by_its_own_certificate(master: Master) -> None:
    identity = await master.enrol()
    assert (identity.operator, identity.sign_up, identity.owner_name) == ("ada", "invite", "bob")
    gateway = Gateway(identity)
    try:
        practice = await gateway.practise()
        assert (practice.task_id, practice.owner_id) == ("practice-task", "the-pool")
        assert master.membership.practised == [identity.node_id]
        await gateway.leave()
        with pytest.raises(LinkRefused) as refused:
            await gateway.practise()
        assert refused.value.code == "NODE_REVOKED"
    finally:
        await gateway.close()
