"""What the worker costs while it waits: the agent with its door, and the tray app with its window open.

python -m tests.bench.resident [--seconds 30]      bars: agent 2 % of a core and 120 MiB, tray 250 MiB
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.support.pool import ROOT

_MIB = 1 << 20


def measured(process: psutil.Process, seconds: float) -> tuple[float, float]:
    """Return percent of a core over a span, and resident MiB at its end."""
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(seconds)
    spent = sum(process.cpu_times()[:2]) - before
    return 100 * spent / (time.monotonic() - began), process.memory_info().rss / _MIB


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.resident", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "worker_app", "--data-dir", str(folder), "--runtime", "process"]
        with open(folder / "tray.out", "wb") as out:
            tray = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)
        try:
            file = folder / "agent.json"
            while not (file.exists() and "token" in file.read_text()):
                time.sleep(0.2)
            time.sleep(5)
            pid = json.loads(file.read_text())["pid"]
            watched = measured(psutil.Process(pid), given.seconds)
            window = measured(psutil.Process(tray.pid), given.seconds)
            tray.kill()
            tray.wait()
            time.sleep(2)
            alone = measured(psutil.Process(pid), given.seconds)
        finally:
            tray.kill()
            psutil.Process(pid).terminate()
        rows = {"agent, nobody looks": alone, "agent, window open": watched, "tray app, window open": window}
        for what, (percent, mib) in rows.items():
            print(f"{what:<24} {percent:5.2f} % of a core  {mib:6.1f} MiB")
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=30)
    good = alone[0] <= 2 and max(alone[1], watched[1]) <= 120 and window[1] <= 250
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
