"""The largest upload and download beside the plain rate of the same server, and pages meanwhile.

    python -m tests.bench.moving [MIB]

Plain is the master's web server with an application that throws bytes away and makes them from memory, in a
process of its own; both are used by the same bare HTTP client. The result comes from a real container.
Bars: 70 % of the plain rate, pages within 300 ms, flat memory.
"""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import flask

from core.client.client import HiveMind
from master_app.web.server import serve_app
from tests.bench.portal import signed_in
from tests.support.big_task import watched, write_big_zip
from tests.support.pool import Pool

MIB = 2000
_PIECE = 8 << 20
_BLOCK = 1 << 20
_BETWEEN_S = 0.1


def main(mib: int) -> int:
    with TemporaryDirectory() as name, Pool(Path(name), "docker") as pool:
        path = Path(name) / "big.zip"
        write_big_zip(path, mib)
        with _plain() as address:
            plain_up = put(address, "", path, "/sink")
            plain_down = get(address, "", f"/source/{path.stat().st_size}")
        pool.start_master()
        pool.add_user("ann", "submitter")
        pool.add_user("bob", "provider")
        agent = pool.start_agent("node-1", "bob")
        agent.ready()
        assert pool.master is not None
        with HiveMind(pool.url, timeout_s=600) as ann, _pages(pool) as times:
            token = ann.login("ann", pool.password).token
            with watched(master=pool.master.process.pid) as uses:
                up = put(pool.url, token, path, f"/api/v1/blobs/{_digest(path)}")
                at_up = len(times)
                task = ann.wait(ann.submit(path).task_id, timeout_s=3600)
                assert task.state == "SUCCEEDED", task
                at_run = len(times)
                down = get(pool.url, token, f"/api/v1/tasks/{task.task_id}/result")
    spans = {"upload": times[:at_up], "run": times[at_up:at_run], "download": times[at_run:]}
    print(f"| {mib} MiB | master | plain | share |\n|---|---|---|---|")
    for what, rate, plain in (("upload", up, plain_up), ("download", down, plain_down)):
        print(f"| {what} | {rate:.0f} MiB/s | {plain:.0f} MiB/s | {rate / plain:.0%} |")
    for what, span in spans.items():
        span.sort()
        print(f"| pages during the {what} | p50 {span[len(span) // 2]:.0f} ms | max {span[-1]:.0f} ms | |")
    print(f"| memory of the master | {uses[0].before_bytes >> 20} + {uses[0].grown_mib:.0f} MiB | | |")
    good = up / plain_up >= 0.7 and down / plain_down >= 0.7
    return 0 if good and max(map(max, spans.values())) <= 300 else 1


def put(url: str, token: str, path: Path, where: str) -> float:
    """Send a file in pieces; return MiB/s."""
    size, began = path.stat().st_size, time.perf_counter()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
    with path.open("rb") as source:
        for offset in range(0, size, _PIECE):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
            connection.request("PUT", f"{where}?offset={offset}&size={size}", source.read(_PIECE), headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
    connection.close()
    return size / (1 << 20) / (time.perf_counter() - began)


def get(url: str, token: str, where: str) -> float:
    """Fetch and throw away; return MiB/s."""
    began, got = time.perf_counter(), 0
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
    connection.request("GET", where, headers={"Authorization": f"Bearer {token}"})
    answer, block = connection.getresponse(), bytearray(_BLOCK)
    assert answer.status == 200, answer.read()
    while count := answer.readinto(block):
        got += count
    connection.close()
    return got / (1 << 20) / (time.perf_counter() - began)


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@contextmanager
def _pages(pool: Pool) -> Iterator[list[float]]:
    """Look at the dashboard and the list of tasks for as long as the block runs; the times in ms."""
    times: list[float] = []
    over = threading.Event()

    def look() -> None:
        browser = signed_in(pool.url, "ann", pool.password)
        browser.get("/dashboard")  # compiles the template
        while not over.wait(_BETWEEN_S):
            for page in ("/dashboard", "/tasks"):
                began = time.perf_counter()
                assert browser.get(page).status_code == 200
                times.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=look, name="pages")
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join(60)


@contextmanager
def _plain() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.moving", "plain"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait(30)


def plain() -> None:
    """Serve bytes with nothing behind them until the input ends."""
    app = flask.Flask("plain")
    block = bytes(_BLOCK)

    @app.put("/sink")
    def sink() -> str:
        while flask.request.stream.read(_BLOCK):
            pass
        return ""

    @app.get("/source/<int:size>")
    def source(size: int) -> flask.Response:
        return flask.Response(block[: min(_BLOCK, size - at)] for at in range(0, size, _BLOCK))

    server = serve_app(app, port=0)
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["plain"]:
        plain()
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else MIB))
