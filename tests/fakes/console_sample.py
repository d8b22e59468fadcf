"""A master of sample data behind the console's port: for tests of windows, and for the pictures of the docs."""

# ruff: noqa: E501 (rows of sample data)
from __future__ import annotations

import random
import time
from concurrent.futures import Future
from typing import Any

from core.domain.console import (
    ArtifactRow,
    ArtifactRows,
    AttemptRow,
    AttemptRows,
    ConditionRow,
    FactRow,
    History,
    LogPiece,
    Minute,
    NodeTile,
    Overview,
    PoolInfo,
    SubmitReply,
    SubtaskMap,
    TaskQuery,
    TaskRows,
    WhyRow,
    WhyRows,
)
from core.domain.resources import GIB, Resources
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState
from core.domain.views import TaskView
from master_app.console.port import Link, LinkState, Sink
from tests.fakes.console_sample_near import SampleNear
from tests.fakes.console_sample_pages import NAMES, PEOPLE, SamplePages, answered

_STATES = (
    TaskState.RUNNING,
    TaskState.RUNNING,
    TaskState.QUEUED,
    TaskState.HELD,
    TaskState.PAUSED,
    TaskState.MERGING,
)
_NODES = ("READY",) * 14 + ("IN_USE", "SNOOZED", "DISCONNECTED", "DOWN", "QUARANTINE", "PENDING")


class SampleMaster(SamplePages, SampleNear):
    """`size`: empty, usual or overfull. `acts` records what the window asked to be done."""

    def __init__(self, size: str = "usual", seed: int = 7) -> None:
        self._random = random.Random(seed)
        self.now_ms = time.time_ns() // 1_000_000
        counts = {"empty": (0, 0), "usual": (64, 13), "overfull": (10_000, 100_000)}[size]
        self.tiles = [self._tile(number) for number in range(counts[0])]
        self.task_count = counts[1]
        self.acts: list[tuple[Any, ...]] = []
        self.sink: Sink | None = None
        self.retried = 0

    # ---- what Watch tells

    def watch(self, sink: Sink) -> None:
        self.sink = sink
        sink(("link",), Link(state=LinkState.LIVE, since_ms=self.now_ms, delay_ms=4.0))
        sink(("history",), self.history())
        sink(("nodes", "first"), True)
        for tile in self.tiles:
            sink(("node", tile.node_id), tile)
        sink(("nodes", "whole"), True)
        sink(("overview",), self.overview())
        sink(("reset",), 1)

    def retry_now(self) -> None:
        self.retried += 1

    def close(self) -> None:
        self.sink = None

    def history(self) -> History:
        if not self.tiles:
            return History(minutes=(), since_ms=self.now_ms)
        start = self.now_ms - 60 * 60_000
        minutes = [
            Minute(
                at_ms=start + number * 60_000, succeeded=30 + self._random.randrange(20), failed=number % 7 == 0
            )
            for number in range(60)
        ]
        return History(minutes=tuple(minutes), since_ms=start)

    def overview(self) -> Overview:
        if not self.tiles:
            return Overview(at_ms=self.now_ms, commit=1, users=1, storage_total=10**12, storage_free=9 * 10**11)
        nodes: dict[str, int] = {}
        for tile in self.tiles:
            nodes[tile.state] = nodes.get(tile.state, 0) + 1
        conditions = (
            ConditionRow(
                code="DISK_LOW",
                subject="/data",
                gravity="warning",
                what="The disk with /data is nearly full: 118 GB of 2 TB are left.",
                at_risk="Nothing yet.",
                next="Uploads are refused below 256 MiB.",
                fix="Free space on it.",
                since_ms=self.now_ms,
            ),
        )
        facts = (
            FactRow(
                commit=9,
                at_ms=self.now_ms,
                kind="TaskStateChanged",
                subject="t",
                name="taxi-matrix",
                state="MERGING",
                reason="",
            ),
            FactRow(
                commit=8,
                at_ms=self.now_ms - 60_000,
                kind="NodeHealthChanged",
                subject="n",
                name="ws-17",
                state="DOWN",
                reason="no report",
            ),
            FactRow(
                commit=7,
                at_ms=self.now_ms - 120_000,
                kind="TaskSubmitted",
                subject="t",
                name="air-quality",
                state="",
                reason="",
            ),
            FactRow(
                commit=6,
                at_ms=self.now_ms - 240_000,
                kind="TaskStateChanged",
                subject="t",
                name="mandelbrot-sweep",
                state="SUCCEEDED",
                reason="",
            ),
            FactRow(
                commit=5,
                at_ms=self.now_ms - 300_000,
                kind="NodeEnrolled",
                subject="n",
                name="gpu-b09",
                state="",
                reason="",
            ),
        )
        return Overview(
            at_ms=self.now_ms,
            commit=10,
            nodes=nodes,
            tasks={"RUNNING": 5, "QUEUED": 5, "HELD": 2, "PAUSED": 1},
            slots=212,
            running=sum(tile.running for tile in self.tiles),
            ready=1_284,
            oldest_wait_ms=22 * 60_000,
            per_minute=41.6,
            per_minute_before=38.5,
            failures={"user": 5, "oom": 2, "timeout": 1, "infra": 1},
            ended_hour=2_437,
            spend_hour_ucpt=4_180_000_000,
            storage_used=1_620 * 10**9,
            storage_free=380 * 10**9,
            storage_total=2_000 * 10**9,
            capacity=Resources(cpu_millis=1_152_000, memory_bytes=3_328 * GIB, gpus=26),
            reserved=Resources(cpu_millis=848_000, memory_bytes=2_204 * GIB),
            used_cpu_millis=702_000,
            used_memory_bytes=1_610 * GIB,
            used_gpus=21.0,
            free_cpu_millis=14_000,
            free_cpu_node="ws-02",
            free_memory_bytes=30 * GIB,
            free_memory_node="ws-05",
            free_gpu_memory_bytes=11 * GIB,
            free_gpu_node="ws-14",
            conditions=conditions,
            facts=facts,
            users=31,
            backed_up=True,
        )

    def _tile(self, number: int) -> NodeTile:
        chance = self._random
        gpu = number % 5 == 0
        state = _NODES[chance.randrange(len(_NODES))]
        return NodeTile(
            node_id=f"node{number:05}",
            name=f"{'gpu' if gpu else 'ws'}-{number:02}",
            owner_name=PEOPLE[(number // 40) % len(PEOPLE)] if number < 400 else PEOPLE[number % len(PEOPLE)],
            state=state,
            admin="PENDING" if state == "PENDING" else "ACTIVE",
            labels={"site": ("rack-a", "rack-b", "ed-412", "ec-021")[number % 4]},
            load=chance.random() ** 0.7,
            cpu_percent=chance.random() * 100,
            memory_percent=chance.random() * 100,
            gpu_percent=(chance.random() * 100,) if gpu else (),
            slots=4,
            running=chance.randrange(5) if state == "READY" else 0,
            cpu_millis=(4_000, 16_000, 32_000)[number % 3],
            memory_bytes=(8, 64, 128)[number % 3] * GIB,
            gpus=int(gpu) * 2,
            gpu_memory_bytes=24 * GIB if gpu else 0,
            gpu_name="RTX 4090" if gpu else "",
            reserved_cpu_millis=2_000,
            reserved_memory_bytes=4 * GIB,
            last_seen_ms=self.now_ms,
            created_ms=self.now_ms - number * 3_600_000,
            runtime="docker",
            quarantined_until_ms=0,
            version="0.1.0",
            fingerprint=f"7F2C{number:04X}",
            sent_bytes_s=chance.random() * 9e6 if state == "READY" and number % 3 == 0 else 0.0,
            received_bytes_s=chance.random() * 3e6 if state == "READY" and number % 3 == 0 else 0.0,
        )

    # ---- pages

    def task(self, number: int) -> TaskView:
        state = _STATES[number % len(_STATES)]
        total = 40 + number % 5 * 60
        done = total * (number * 37 % 90) // 100 if state is not TaskState.QUEUED else 0
        active = 6 + number % 9 if state is TaskState.RUNNING else 0
        return TaskView(
            task_id=f"task{number:06}",
            owner_id="u",
            owner_name=PEOPLE[number % len(PEOPLE)],
            name=f"{NAMES[number % len(NAMES)]}-{number}",
            state=state,
            state_reason="",
            state_since_ms=self.now_ms - 3_600_000,
            held=HeldCode.OUT_OF_FUNDS if state is TaskState.HELD else None,
            priority=70 - number % 5 * 10,
            subtask_count=total,
            counts={
                SubtaskState.SUCCEEDED: done,
                SubtaskState.ACTIVE: active,
                SubtaskState.READY: total - done - active,
            },
            has_merge=False,
            created_ms=self.now_ms - (number + 1) * 1_200_000,
            started_ms=self.now_ms - (number + 1) * 1_000_000 if done else 0,
            ended_ms=0,
            deadline_ms=0,
            expires_ms=0,
            expired=False,
            paid_ucpt=done * 1_125_000,
            hold_ucpt=3_750_000,
            max_ucpt=500_000_000 if number % 2 else None,
            bundle_id="b",
            generation=1,
        )

    def pool(self) -> Future[Any]:
        return answered(
            PoolInfo(
                pool_name="vslab pool", host="hm01.vslab.example", version="0.1.0", web="https://hm01.vslab.example:5000",
                control="hm01.vslab.example:50052", started_ms=self.now_ms, now_ms=self.now_ms, operator="wang",
                ca_sha256="7f" * 32, certificate_expires_ms=self.now_ms, database="SQLite", storage="/data",
                data_dir="/data", computer="hm01",
            )
        )  # fmt: skip

    def tasks(self, query: TaskQuery) -> Future[Any]:
        if query.task_ids:
            rows = [self.task(int(each.removeprefix("task"))) for each in query.task_ids]
            return answered(TaskRows(rows=tuple(rows), total=len(rows)))
        last = min(self.task_count, query.offset + query.limit)
        rows = [self.task(number) for number in range(query.offset, last)]
        return answered(TaskRows(rows=tuple(rows), total=self.task_count))

    def subtasks(self, task_id: str) -> Future[Any]:
        names = tuple(state.value for state in SubtaskState)
        done, active, failed = (names.index(each) for each in ("SUCCEEDED", "ACTIVE", "FAILED"))
        states = bytes([done] * 142 + [failed] + [active] * 43 + [names.index("READY")] * 70)
        return answered(SubtaskMap(states=states, names=names, total=len(states)))

    def attempts(self, task_id: str) -> Future[Any]:
        rows = []
        for number in range(60):
            started = self.now_ms - 3_000_000 + (number // 10) * 500_000 + number * 1_700
            running = number >= 50
            state = "RUNNING" if running else "FAILED" if number == 17 else "SUCCEEDED"
            rows.append(
                AttemptRow(
                    attempt_id=f"attempt{number:04}", task_id=task_id, index=number, node_id=f"n{number % 10}",
                    node_name=f"gpu-a{number % 10:02}", number=1, state=state, reason="",
                    failure="user" if state == "FAILED" else "", failure_message="No module named 'pandas'" if state == "FAILED" else "",
                    offered_ms=started, started_ms=started + 20_000, ended_ms=0 if running else started + 470_000,
                    exit_code=None if running else 0, paid_ucpt=None if running else 1_125_000,
                    pay_reason="" if running else "metered", peak_memory_bytes=GIB, log_bytes=2_000,
                )
            )  # fmt: skip
        return answered(AttemptRows(rows=tuple(reversed(rows))))

    def why_waiting(self, task_id: str) -> Future[Any]:
        rows = [
            WhyRow(
                node_id=f"n{number}",
                node_name=f"gpu-b{number:02}",
                rule=rule,
                needed=needed,
                available=there,
                permanent=False,
            )
            for number, (rule, needed, there) in enumerate(
                [
                    ("gpu_memory", "22 GB", "20.4 GB"),
                    ("slots", "1 free", "0 free"),
                    ("memory", "16 GB", "12.8 GB"),
                    ("gpus", "1", "0"),
                ]
            )
        ]
        return answered(
            WhyRows(
                summary="None of 64 nodes takes it now. The commonest reason: gpus (34).",
                cheapest_change="lower gpu_memory_gb to 20 (node gpu-b00)",
                impossible=False,
                rows=tuple(rows),
            )
        )

    def manifest(self, task_id: str) -> Future[Any]:
        return answered('[task]\nname = "oct-segmentation"\n\n[split]\nmode = "count"\ncount = 256\n')

    def artifacts(self, task_id: str) -> Future[Any]:
        if int(task_id.removeprefix("task")) % 2:
            return answered(ArtifactRows(rows=(), more=False))
        names = ("scan.png", "figures/dice.csv", "a-very-long-name-of-a-result-" + "of-one-subtask-" * 4 + ".json")
        rows = [
            ArtifactRow(name=f"{n}/{names[n % 3]}", index=n, size=1_800_000 * (n + 1), sha256=f"{n:02x}" * 32)
            for n in range(30)
        ]
        return answered(ArtifactRows(rows=tuple(rows), more=False))

    def log(self, attempt_id: str, stream: str, offset: int, limit: int) -> Future[Any]:
        text = b"".join(
            b"epoch %d  loss 0.1%d  dice 0.9%d\n" % (number, number, number) for number in range(30, 44)
        )
        return answered(LogPiece(content=text[offset:], offset=offset, next=len(text), size=len(text)))

    def submit(self, zip_path: Any, fields: Any, *, key: str, check_only: bool, progress: Any) -> Future[Any]:
        self.acts.append(("submit", zip_path, fields, check_only))
        return answered(
            SubmitReply(
                task_id="" if check_only else "t",
                state="QUEUED",
                state_reason="",
                low_ucpt=38_000_000,
                high_ucpt=52_000_000,
                subtask_count=256,
                advice=(),
                name="mandelbrot",
                manifest='[task]\nname = "mandelbrot"\n',
            )
        )

    def __getattr__(self, name: str) -> Any:
        """Everything else is an act: noted, and answered with nothing."""

        def act(*arguments: Any) -> Future[Any]:
            self.acts.append((name, *arguments))
            if name == "act_on_task":
                return answered(self.task(int(arguments[0].removeprefix("task"))))
            return answered("")

        return act
