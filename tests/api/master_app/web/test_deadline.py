"""Connections that cannot be held open by saying nothing, little, or too much."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from master_app.web import deadline
from master_app.web.server import WebServer, serve_app
from tests.support.web_pool import WebPool


@pytest.fixture
def server(web: WebPool, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server in a hurry: its limits are the same, in tenths of seconds."""
    monkeypatch.setattr(deadline, "HEAD_S", 0.5)
    monkeypatch.setattr(deadline, "IDLE_S", 0.5)
    monkeypatch.setattr(deadline, "WRITE_S", 0.5)
    server = serve_app(web.app, "127.0.0.1", 0)
    yield server
    server.stop()


def _connect(server: WebServer) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    peer.settimeout(10)
    return peer


def _is_closed(peer: socket.socket) -> bool:
    """Wait until the server closes it; an answer that comes first is thrown away."""
    try:
        while peer.recv(4096):
            continue
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_a_request_that_is_not_finished_is_not_waited_for(server: WebServer, said: bytes) -> None:
    with _connect(server) as peer:
        peer.sendall(said)
        assert _is_closed(peer)


def test_one_byte_at_a_time_is_not_waited_for_either(server: WebServer) -> None:
    with _connect(server) as peer:
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < 10:
                peer.sendall(b"X")
                time.sleep(0.05)


def test_a_body_that_does_not_come_is_not_waited_for(server: WebServer) -> None:
    with _connect(server) as peer:
        peer.sendall(b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert _is_closed(peer)


def test_an_endless_head_is_cut_off(server: WebServer) -> None:
    with _connect(server) as peer, pytest.raises(OSError):
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for number in range(4000):
            peer.sendall(b"X-Header-%d: %s\r\n" % (number, b"y" * 100))
        assert not _is_closed(peer), "the head was taken whole"
        raise ConnectionResetError("closed in order")


def test_a_connection_between_two_requests_is_kept_and_then_let_go(server: WebServer) -> None:
    with _connect(server) as peer:
        for _ in range(2):
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while b'{"status":"ok"}' not in answer:
                answer += peer.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
