"""A large zip in and a large result out: the memory of master and agent stays flat.

HIVEMIND_BIG_MIB=2000 runs it at the largest size that a zip may have; `python -m tests.bench.bundles` prints the
figures.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.big_task import run_big_task, watched
from tests.support.pool import Pool

MIB = int(os.environ.get("HIVEMIND_BIG_MIB", "300"))
#: What buffers of a few MiB a stream, threads' arenas and Python's own growth may come to; far below the file.
BOUND_MIB = 96

pytestmark = pytest.mark.timeout(120 + MIB)


def test_memory_stays_flat_with_a_large_bundle_and_result(pool: Pool, ann: HiveMind, tmp_path: Path) -> None:
    agent = pool.start_agent("node-1", "bob")
    agent.ready()
    assert pool.master is not None
    # What a first task loads (code, pools of threads, their arenas) is not of the size of files.
    (tmp_path / "first").mkdir()
    run_big_task(ann, tmp_path / "first", 8, timeout_s=120)
    with watched(master=pool.master.process.pid, agent=agent.process.pid) as uses:
        run_big_task(ann, tmp_path, MIB, timeout_s=120 + MIB)
    for use in uses:
        assert use.peak_bytes > use.before_bytes / 2, f"{use.name} was not measured"
        assert use.grown_mib < BOUND_MIB, f"{use.name} grew by {use.grown_mib:.0f} MiB"
