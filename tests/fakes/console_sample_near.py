"""Sample data of one thing from near: a node, a task's use, hits in a log."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from core.domain.console_near import LogHit, LogHits, NodeEnd, NodeNear, NodeWork, TaskUse, UsePoint
from core.domain.resources import GIB
from tests.fakes.console_sample_pages import NAMES, answered


class SampleNear:
    now_ms: int
    tiles: Sequence[Any]
    acts: list[tuple[Any, ...]]

    def task_use(self, task_id: str) -> Future[Any]:
        points = [
            UsePoint(
                at_ms=self.now_ms - (60 - n) * 30_000,
                cpu_percent=62 + 25 * math.sin(n / 5),
                gpu_percent=78 + 12 * math.sin(n / 3),
                memory_bytes=round((9.2 + 1.6 * math.sin(n / 8)) * GIB),
            )
            for n in range(60)
        ]
        live = (replace(points[-1], at_ms=self.now_ms),)
        return answered(TaskUse(points=tuple(points), live=live, memory_reserved_bytes=16 * GIB, has_gpu=True))

    def find_in_log(self, attempt_id: str, stream: str, text: str, offset: int) -> Future[Any]:
        self.acts.append(("find_in_log", text, offset))
        hits = (LogHit(offset=31, text="epoch 31  loss 0.131  dice 0.931"),)
        return answered(LogHits(hits=hits if not offset else (), searched=600 if not offset else 900, size=900))

    def near_node(self, node_id: str) -> Future[Any]:
        tile = next(each for each in self.tiles if each.node_id == node_id)
        work = tuple(
            NodeWork(
                attempt_id=f"attempt{n:04}", task_id=f"task{n:06}", task_name=f"{NAMES[n % len(NAMES)]}-{n}",
                index=n * 17, number=1, state="PREPARING" if n == 3 else "RUNNING",
                phase="image" if n == 3 else "", percent=None if n == 3 else 22.0 * n + 12, status="",
                offered_ms=self.now_ms - 190_000 * (n + 1), cpu_percent=88.0 - 7 * n, gpu_percent=0.0,
                memory_bytes=(n + 2) * GIB, cpu_millis=4_000, memory_reserved_bytes=8 * GIB,
            )
            for n in range(tile.running)
        )  # fmt: skip
        ended = tuple(
            NodeEnd(
                attempt_id=f"ended{n:04}", task_id="task000004", task_name=f"{NAMES[4]}-4", index=90 - n,
                state="FAILED" if n == 1 else "SUCCEEDED", reason="user: EXIT_CODE it failed" if n == 1 else "",
                at_ms=self.now_ms - 240_000 * (n + 1),
            )
            for n in range(4)
        )  # fmt: skip
        return answered(
            NodeNear(
                node_id=node_id, at_ms=self.now_ms, interval_s=1.0, cpu_percent=tile.cpu_percent,
                memory_percent=tile.memory_percent, gpu_percent=tile.gpu_percent,
                task_cpu_percent=tile.cpu_percent * 0.8, task_memory_percent=tile.memory_percent * 0.6,
                disk_free_bytes=212 * GIB, sent_bytes_s=tile.sent_bytes_s, received_bytes_s=tile.received_bytes_s,
                reserved_cpu_millis=tile.reserved_cpu_millis, reserved_memory_bytes=tile.reserved_memory_bytes,
                labels=tile.labels, own_labels={}, work=work, ended=ended,
            )
        )  # fmt: skip

    def save_file(self, task_id: str, name: str, target: Any, progress: Any) -> Future[Any]:
        self.acts.append(("save_file", task_id, name, target))
        progress(1, 2)
        return answered(2)
