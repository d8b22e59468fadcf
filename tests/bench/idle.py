"""What an agent costs its owner while nothing runs: CPU and memory of the real process, on the real engine.

python -m tests.bench.idle [SECONDS]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.support.pool import Pool

SECONDS = 120


def main(seconds: int) -> None:
    with TemporaryDirectory() as folder, Pool(Path(folder), "docker") as pool:
        pool.start_master()
        pool.add_user("bob", "provider")
        agent = pool.start_agent("node-1", "bob")
        agent.ready()
        process = psutil.Process(agent.process.pid)
        time.sleep(10)
        shares, memory = [], []
        for _ in range(max(1, seconds // 10)):
            before, started = sum(process.cpu_times()[:2]), time.monotonic()
            time.sleep(10)
            shares.append(100 * (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - started))
            memory.append(process.memory_info().rss / (1 << 20))
        used = f"{statistics.mean(shares):.2f} % of a core (10 s: {min(shares):.2f} to {max(shares):.2f})"
        kept = f"{max(memory):.0f} MiB resident, {process.num_threads()} threads"
        print(f"| agent idle, {seconds} s | {used}, {kept} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
