"""The largest zip that is taken, there and back through real processes and a real container.

python -m tests.bench.bundles [MIB]
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from core.client.client import HiveMind
from tests.support.big_task import run_big_task, watched
from tests.support.pool import Pool

MIB = 2000


def main(mib: int) -> None:
    with TemporaryDirectory() as folder, Pool(Path(folder), "docker") as pool:
        pool.start_master()
        pool.add_user("ann", "submitter")
        pool.add_user("bob", "provider")
        agent = pool.start_agent("node-1", "bob")
        agent.ready()
        assert pool.master is not None
        with HiveMind(pool.url, timeout_s=600) as client:
            client.login("ann", pool.password)
            with watched(master=pool.master.process.pid, agent=agent.process.pid) as uses:
                took = run_big_task(client, Path(folder), mib, timeout_s=3600)
    print(f"| a zip of {mib} MiB there, a result of {mib} MiB back | |\n|---|---|")
    for name, seconds in took.seconds.items():
        print(f"| {name} | {seconds:.1f} s ({mib / seconds:.0f} MiB/s) |")
    for use in uses:
        before = use.before_bytes >> 20
        print(f"| memory of the {use.name}: at rest, and grown at most | {before} + {use.grown_mib:.0f} MiB |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MIB)
