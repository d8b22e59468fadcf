"""Servers of both doors: options that are agreed with `core.rpc.channel`, and their TLS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc

from core.domain.errors import Conflict
from core.listening import holder, is_free, taken
from core.rpc.pki.authority import ServerIdentity

KEEPALIVE_MS = 20_000
KEEPALIVE_TIMEOUT_MS = 10_000
#: An update may name the 100,000 files of one attempt.
MESSAGE_BYTES = 32 << 20
CONTROL_MESSAGE_BYTES = 1 << 20
#: Of one connection; an agent needs a session, logs and a few blobs.
STREAMS = 64
_HANDSHAKE_MS = 10_000
_METADATA_BYTES = 16 << 10


#: Both ends: large pieces in few frames and reads, in a window that is fixed. Left to grow by itself it takes a
#: disk that is slow to write for a long line, and fills the receiver's memory with hundreds of MiB.
BULK_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.http2.lookahead_bytes", 8 << 20),
    ("grpc.http2.bdp_probe", 0),
    # A write is done when it stands here, so that the next piece is made ready meanwhile.
    ("grpc.http2.write_buffer_size", 4 << 20),
    ("grpc.http2.max_frame_size", 1 << 20),
    ("grpc.experimental.tcp_max_read_chunk_size", 4 << 20),
]


def server_options(message_bytes: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        # Lower than what agents send, or the master would answer their keepalive with ENHANCE_YOUR_CALM.
        ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
        ("grpc.http2.max_pings_without_data", 0),
        # A peer that connects and says nothing is dropped.
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_MS),
        ("grpc.max_concurrent_streams", STREAMS),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.max_receive_message_length", message_bytes),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        *BULK_OPTIONS,
        # Two daemons on one port must fail, not share it.
        ("grpc.so_reuseport", 0),
    ]


def make_server(
    interceptors: Sequence[grpc.aio.ServerInterceptor], message_bytes: int = MESSAGE_BYTES
) -> grpc.aio.Server:
    """Make a server. MUST be called in a coroutine of the loop that will serve it."""
    return grpc.aio.server(interceptors=list(interceptors), options=server_options(message_bytes))


def node_credentials(identity: ServerIdentity, ca_pem: bytes) -> grpc.ServerCredentials:
    """TLS of the node door: only clients with a certificate of this authority get through the handshake."""
    return grpc.ssl_server_credentials(
        [(identity.key_pem, identity.chain_pem)], root_certificates=ca_pem, require_client_auth=True
    )


def control_credentials(identity: ServerIdentity) -> grpc.ServerCredentials:
    """TLS of the control door: callers prove themselves by a secret."""
    return grpc.ssl_server_credentials([(identity.key_pem, identity.chain_pem)])


def bind(server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials) -> int:
    """Listen on `HOST:PORT` and return the port; port 0 takes a free one. Raises Conflict when it is taken."""
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise _taken(address) from error
    if port == 0:
        raise _taken(address)
    return port


def _taken(address: str) -> Conflict:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if port.isdigit() and int(port) and not is_free(host, int(port)) and holder(int(port)):
        return taken(host, int(port))
    return Conflict(
        f"The address {address} cannot be listened on: it is in use or not of this computer.",
        code="PORT_TAKEN",
        fix="Stop the program that uses it, or choose another port.",
    )
