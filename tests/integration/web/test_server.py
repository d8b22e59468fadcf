"""The listening sockets of the web door."""

from __future__ import annotations

import socket
import time
import urllib.parse
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from master_app.web.server import WebServer, serve_app


def app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"page"]


@pytest.fixture
def server() -> Iterator[WebServer]:
    made = serve_app(app, port=0)
    yield made
    made.stop()


def test_no_answer_waits_for_a_delayed_acknowledgement(server: WebServer) -> None:
    """Head and body are two writes. With Nagle's algorithm on, the kernel keeps the second for 40 ms, every time.

    The best of many: a loaded machine makes some slow, but nothing makes one of them fast.
    """
    connection = HTTPConnection("127.0.0.1", server.port)
    took = []
    for _ in range(30):
        started = time.perf_counter()
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"page"
        took.append(time.perf_counter() - started)
    connection.close()
    assert min(took[1:]) < 0.035, "every answer took 40 ms"


def test_both_names_of_this_computer_answer_on_one_port(server: WebServer) -> None:
    port = urllib.parse.urlsplit(server.url).port
    for host in ("127.0.0.1", "::1"):
        with socket.create_connection((host, port), timeout=10):
            pass
