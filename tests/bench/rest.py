"""One no-op submitted by REST until its result is there, measured by a client in another process.

    python -m tests.bench.rest [COUNT]

Everything is real but the sandbox: HTTP with keep-alive, the client library, the daemon, the mutual-TLS session,
both databases with synchronous=FULL. The client asks for the task with `wait`, so the master answers when it ends.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.client.client import HiveMind
from tests.bench._rig import PASSWORD, running_agent, running_master
from tests.bench._zips import noop_zip

_WARM = 10


def main() -> None:
    """Start master and agent, and the client beside them."""
    with tempfile.TemporaryDirectory(prefix="hivemind-bench-") as name:
        root = Path(name)
        with running_master(root) as rig, running_agent(rig):
            noop_zip(root / "one.zip", 1)
            command = [sys.executable, "-m", "tests.bench.rest", "client", rig.url, str(root)]
            command += sys.argv[1:]
            subprocess.run(command, check=True)


def client(url: str, root: Path, count: int = 100) -> None:
    with HiveMind(url) as ann:
        ann.login("ann", PASSWORD)
        took: list[tuple[float, float, float]] = []
        for number in range(_WARM + count):
            started = time.perf_counter()
            submitted = ann.submit(root / "one.zip")
            accepted = time.perf_counter()
            task = ann.wait(submitted.task_id, timeout_s=60)
            ended = time.perf_counter()
            assert task.state == "SUCCEEDED", task
            ann.download_result(submitted.task_id, root / "result.zip")
            if number >= _WARM:
                took.append((accepted - started, ended - started, time.perf_counter() - started))
    for place, what in enumerate(("submitted (201)", "result there", "result downloaded as a zip")):
        times = sorted(each[place] * 1000 for each in took)
        p50, p90, p99 = (times[min(len(times) - 1, len(times) * part // 100)] for part in (50, 90, 99))
        print(f"| one no-op by REST: {what} | p50 {p50:.1f} ms | p90 {p90:.1f} ms, p99 {p99:.1f} ms |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        client(sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:]))
    else:
        main()
