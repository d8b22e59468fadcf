"""A day of use in minutes: does the agent's desk, or the window, grow? Compressed time, on fakes.

python -m tests.bench.day [--hours 24]      bar: neither grows after the first two hours

The agent works through a short subtask each simulated minute, with its owner coming and going; the window is open
and is shown every tenth second of the day.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psutil

from tests.support.agents import make_brief, make_offer
from tests.support.desks import open_desk

os.environ["QT_QPA_PLATFORM"] = "offscreen"
HOUR_S = 3600


def rss_mib() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / (1 << 20)


async def agent_day(folder: Path, hours: int) -> list[float]:
    """Return the resident size at the end of each hour."""
    from tests.fakes.sandbox import FakeOutcome, FakeRuntime
    from worker_app.agent.conditions import Conditions

    sizes = []
    async with open_desk(folder) as opened:
        rig = opened.rig
        assert rig is not None and isinstance(rig.runtime, FakeRuntime)
        watch = opened.client.watch(samples=True)
        await anext(watch)
        for hour in range(hours):
            for second in range(HOUR_S):
                if second % 60 == 0:
                    name = f"h{hour}-m{second // 60}"
                    rig.runtime.script(name, FakeOutcome(output=b"a line of output\n" * 20))
                    rig.master.offer(make_brief(), make_offer(name))
                if second % 600 == 0:
                    idle_s = 1.0 if (second // 600) % 2 else 7200.0
                    opened.senses.now = Conditions(idle_s=idle_s, idle_source="bench")
                rig.clock.advance(s=1)
                rig.performer.tick()
                await opened.desk.tick()
                await asyncio.sleep(0)
            # What the fakes remember of the day is no part of the agent.
            ended = len(rig.master.terminal)
            rig.master.updates.clear()
            rig.master.reports.clear()
            rig.master.terminal.clear()
            rig.master.logs.clear()
            sizes.append(rss_mib())
            print(f"agent, hour {hour + 1}: {sizes[-1]:.1f} MiB, {ended} attempts ended", flush=True)
        await watch.aclose()  # type: ignore[attr-defined]
    return sizes


def window_day(folder: Path, hours: int) -> list[float]:
    """Return the resident size at the end of each hour."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from tests.support import worker_records as records
    from tests.support import worker_scenes as scenes
    from tests.support.scene_client import SceneClient
    from worker_app.tray.app import Options, WorkerApp

    application = QApplication(sys.argv[:1])
    client = SceneClient(scenes.usual())
    settings = QSettings(str(folder / "look.ini"), QSettings.Format.IniFormat)
    app = WorkerApp(application, Options(folder, ("true",), ("true",)), find=lambda: client, settings=settings)
    app.window.show()
    shown, sample, sizes = scenes.usual(), records.samples(1)[-1], []
    assert shown.status is not None
    for hour in range(hours):
        for tenth in range(HOUR_S // 10):
            at_ms = records.NOW + (hour * HOUR_S + tenth * 10) * 1000
            status = replace(shown.status, today_posted_ucpt=tenth, pending_ucpt=at_ms % 1000)
            app.courier.came.emit(replace(shown, status=status))
            app.courier.sampled.emit(replace(sample, at_ms=at_ms, task_cpu=float(tenth % 90)))
            if tenth % 90 == 0:
                app.window.show_page(("earnings", "rules", "connection", "now")[(tenth // 90) % 4])
            application.processEvents()
        sizes.append(rss_mib())
        print(f"window, hour {hour + 1}: {sizes[-1]:.1f} MiB", flush=True)
    app.window.close_for_good()
    app.courier.stop()
    return sizes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.day", description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("part", choices=["agent", "window"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.part == "agent":
            sizes = asyncio.run(agent_day(Path(folder), given.hours))
        else:
            sizes = window_day(Path(folder), given.hours)
    grown = sizes[-1] - sizes[min(1, len(sizes) - 1)]
    print(f"| a day of use, {given.part} | {sizes[-1]:.0f} MiB, {grown:+.1f} MiB since the second hour |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
