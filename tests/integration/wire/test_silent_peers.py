"""Peers that fall silent at either gRPC door do not slow those that do not."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from core.pb import blobs_pb2, blobs_pb2_grpc
from core.rpc.channel import channel_options
from master_app.rpc.operator_client import OperatorClient
from tests.integration.wire.conftest import OPERATOR_TOKEN, Master
from tests.support.silence import BOUND_S, loses_at_most

pytestmark = pytest.mark.timeout(180)


async def test_silent_peers_at_the_control_door(master: Master) -> None:
    port = master.doors.control_port
    client = OperatorClient(f"127.0.0.1:{port}", master.authority.ca_pem, OPERATOR_TOKEN)
    assert await asyncio.to_thread(loses_at_most, client.verify_ledger, port, tls=True) <= BOUND_S


async def test_silent_peers_at_the_node_door(master: Master) -> None:
    identity = await master.enrol()
    port = master.doors.node_port
    credentials = grpc.ssl_channel_credentials(master.authority.ca_pem, identity.key_pem, identity.certificate_pem)

    def ask() -> None:
        """Connect anew, prove who it is, and ask what is missing."""
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=channel_options()) as channel:
            stub = blobs_pb2_grpc.BlobsStub(channel)
            stub.Missing(blobs_pb2.MissingRequest(attempt_id="01NONE", sha256=["a" * 64]), timeout=20)

    assert await asyncio.to_thread(loses_at_most, ask, port, tls=True) <= BOUND_S
