"""ASGI before Flask: what is refused before a thread is taken."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from master_app.web.server import WebServer, serve_app
from tests.support.web_pool import WebPool


@pytest.fixture
def server(web: WebPool) -> Iterator[WebServer]:
    server = serve_app(web.app, "127.0.0.1", 0)
    yield server
    server.stop()


def _ask(server: WebServer, method: str, path: str, **more: object) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, **more)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_chunked_body_is_refused_with_what_to_do(server: WebServer) -> None:
    # Written at once: the answer comes before the body is read, and the door closes behind it.
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        head = b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head + b"2\r\n{}\r\n0\r\n\r\n")
        answer = http.client.HTTPResponse(line)
        answer.begin()
        status, body = answer.status, answer.read()
    assert status == 411 and b"Content-Length" in body and b"LENGTH_REQUIRED" in body


def test_an_address_that_is_too_long_is_refused(server: WebServer) -> None:
    status, body = _ask(server, "GET", "/api/v1/tasks?name=" + "x" * 9000)
    assert status == 400 and b"BAD_REQUEST" in body


def test_a_json_body_has_a_limit_and_so_has_a_form(server: WebServer) -> None:
    big = b'{"username": "' + b"x" * (1 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    status, body = _ask(server, "POST", "/api/v1/login", body=big, headers=headers)
    assert status == 413 and b"TOO_LARGE" in body


def test_unversioned_paths_are_the_same_ones(server: WebServer) -> None:
    for path in ("/api/pool", "/api/v1/pool"):
        assert _ask(server, "GET", path)[0] == 200
    assert _ask(server, "GET", "/api/no-such-thing")[0] == 404


def test_more_clients_than_threads_are_all_answered(server: WebServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(lambda _number: _ask(server, "GET", "/healthz")[0], range(200)))
    assert found == [200] * 200
