"""Channels to the master's doors, with the options that `core.rpc.server` expects."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import grpc

from core.domain.errors import Unauthenticated
from core.pb import enrolment_pb2, enrolment_pb2_grpc
from core.rpc.pki.node_key import MASTER_NAME, ca_digest
from core.rpc.server import BULK_OPTIONS, KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS, MESSAGE_BYTES


def channel_options() -> list[tuple[str, Any]]:
    return [
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        *BULK_OPTIONS,
        # Each channel has a connection of its own: bulk data never stands before a lease's renewal.
        ("grpc.use_local_subchannel_pool", 1),
        # Agents have their own rule of when to try again; a call either goes out now or fails.
        ("grpc.initial_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        ("grpc.enable_retries", 0),
        ("grpc.enable_http_proxy", 0),
        # The authority signs servers' certificates for its own master alone; addresses may change.
        ("grpc.ssl_target_name_override", MASTER_NAME),
    ]


def open_channel(
    address: str, ca_pem: bytes, *, key_pem: bytes | None = None, certificate_pem: bytes | None = None
) -> grpc.aio.Channel:
    """Return a channel to `HOST:PORT` that trusts this authority alone; with key and certificate as a node."""
    credentials = grpc.ssl_channel_credentials(ca_pem, key_pem, certificate_pem)
    return grpc.aio.secure_channel(address, credentials, options=channel_options())


async def fetch_authority(host: str, port: int, sha256: str, *, timeout_s: float = 10.0) -> bytes:
    """Return the authority's certificate (PEM) of the master at this address, whose digest is `sha256`.

    Nothing secret is sent, and nothing that comes is believed before its digest was compared. Raises
    Unauthenticated (CA_MISMATCH) for another authority, OSError or AioRpcError when nobody answers.
    """
    async with asyncio.timeout(timeout_s):
        leaf = await asyncio.to_thread(_shown_certificate, host, port, timeout_s)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        # To fetch over gRPC at all, what the peer shows is trusted for this one question.
        async with open_channel(address, leaf) as channel:
            stub = enrolment_pb2_grpc.EnrolmentStub(channel)
            reply = await stub.Authority(enrolment_pb2.AuthorityRequest(), timeout=timeout_s)
    if ca_digest(reply.ca_pem) != sha256:
        raise Unauthenticated(
            "The master at this address is not the one that the join link was made by.",
            code="CA_MISMATCH",
            fix="Ask for a new join link. If it happens again, somebody may stand between.",
        )
    return bytes(reply.ca_pem)


def _shown_certificate(host: str, port: int, timeout_s: float) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection((host, port), timeout=timeout_s) as raw,
        context.wrap_socket(raw, server_hostname=MASTER_NAME) as wrapped,
    ):
        shown = wrapped.getpeercert(binary_form=True)
    if shown is None:
        raise ssl.SSLError("the peer showed no certificate")
    return ssl.DER_cert_to_PEM_cert(shown).encode()
