"""A day of one user, for pictures and tests of the pages: tasks in every state that people meet."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Mapping

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.node import HostUse, NodeOwner
from core.domain.resources import GIB, Resources
from core.domain.rewards import Tick
from core.domain.session import AttemptUse, LogStream, Offer, OwnerStatus, Report
from core.domain.user import Principal, Role
from tests.support.pool_master import LIVE, WAIT_S, PoolMaster, ScriptedNode, an_artifact, zipped
from tests.support.portal import Portal

NODES: tuple[tuple[str, int, int, int, int, int], ...] = (
    # name, cores, memory GB, slots, CPU %, memory %
    ("rs-ws-01", 32, 64, 8, 94, 61),
    ("rs-ws-02", 32, 64, 8, 81, 55),
    ("rs-ws-03", 16, 32, 4, 77, 40),
    ("teach-01", 8, 16, 2, 62, 30),
    ("teach-02", 8, 16, 2, 41, 44),
    ("bohan-nas", 4, 8, 1, 12, 20),
    ("lab-mac-mini", 8, 16, 2, 8, 22),
    ("meeting-room", 4, 8, 1, 3, 35),
)
BROKEN = """import pandas as pd


def station_meta(path):
    return path.stem


def load(path):
    meta = station_meta(path)
    rows = open(path).read().splitlines()
    return meta, rows
"""
BIG5 = "測站,潮位\n基隆,1.2\n花蓮,1.4\n".encode("cp950")


def trace(path: str, line: int) -> str:
    return (
        "reading 96 stations\nTraceback (most recent call last):\n"
        f'  File "/work/run/{path}", line {line}, in load\n    rows = open(path).read().splitlines()\n'
        '  File "<frozen codecs>", line 322, in decode\n'
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xb4 in position 0: invalid start byte\n"
    )


def picture(width: int = 480, height: int = 300) -> bytes:
    """Return a PNG with something to see."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            swirl = ((x - 240) ** 2 + (y - 150) ** 2) >> 6
            rows += bytes(((swirl * 3 + x) & 255, (swirl * 5 + y) & 127, (160 + swirl) & 255))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(rows)))
        + chunk(b"IEND", b"")
    )


def manifest(
    name: str, count: int, *, more: str = "", memory: float = 4.0, cores: float = 2.0, cap: int = 0
) -> str:
    limits = f'[limits]\nmax_credits = "{cap}"\nmax_failed = "90%"\n' if cap else '[limits]\nmax_failed = "10%"\n'
    split = f'[split]\nmode = "count"\ncount = {count}\n' if count > 1 else ""
    return (
        f'schema = 1\n[task]\nname = "{name}"\n[run]\ncommand = ["python", "main.py", "{{{{index}}}}"]\n'
        f'timeout = "10m"\n[resources]\ncpu_cores = {cores}\nmemory_gb = {memory}\ndisk_gb = 1.0\n'
        f"{split}{limits}{more}"
    )


class Day:
    """Builds the tasks of one user, step by step."""

    def __init__(self, portal: Portal, user_id: str) -> None:
        self.portal = portal
        self.pool: PoolMaster = portal.pool
        self.who = Principal(
            user_id=user_id, username="mei", roles=frozenset({Role.SUBMITTER, Role.PROVIDER}), origin=""
        )
        self.random = random.Random(7)

    def nodes(self, owner_id: str) -> None:
        for name, cores, memory, slots, _, _ in NODES:
            self.pool.node(
                name,
                owner_id,
                slots=slots,
                capacity=Resources(cpu_millis=cores * 1000, memory_bytes=memory * GIB, disk_bytes=500 * GIB),
                host_os="linux",
            )

    def load(self) -> None:
        """Let every node say how busy it is, and two be kept by their owners."""
        for name, _, _, _, cpu, memory in NODES:
            node = self.pool.nodes[name]
            if name in ("lab-mac-mini", "meeting-room"):
                node.owner = OwnerStatus(state=NodeOwner.IN_USE, reason="")
            self._report(node, HostUse(cpu_percent=cpu, memory_percent=memory, disk_free_bytes=200 * GIB))

    def _report(self, node: ScriptedNode, host: HostUse) -> None:
        assert node.link is not None
        node._reports += 1
        live = [
            AttemptUse(
                attempt_id=attempt_id,
                state=held.state,
                percent=self.random.uniform(5, 95),
                cpu_percent=self.random.uniform(70, 98),
                memory_bytes=int(self.random.uniform(2.1, 2.7) * GIB),
            )
            for attempt_id, held in node.held.items()
            if held.state in LIVE
        ]
        self.pool.master.sessions.report(
            node.link.session_id,
            Report(
                session_id=node.link.session_id,
                number=node._reports,
                live=tuple(live),
                host=host,
                owner=node.owner,
            ),
        )
        self.pool.run(lambda uow: None)

    def submit(self, text: str, files: Mapping[str, bytes] | None = None, *, try_one: bool = False) -> str:
        path = self.pool.folder / f"sample-{self.random.random()}.zip"
        path.write_bytes(zipped({"hivemind.toml": text.encode(), "main.py": b"print(1)\n", **(files or {})}))
        prepared = self.pool.master.intake.prepare(self.who, path, {})
        return self.pool.master.intake.submit(self.who, prepared, try_one=try_one).result(WAIT_S).task_id

    def offers(self, task_id: str) -> list[tuple[ScriptedNode, Offer]]:
        found = []
        for node in self.pool.nodes.values():
            if node.link is not None:
                node.take()
                found += [(node, h.offer) for h in node.held.values() if h.offer.task_id == task_id]
        return found

    def work(self, task_id: str, count: int, *, artifact: str = "", seconds: float = 20) -> None:
        """Let so many parts of a task run and succeed."""
        done = 0
        while done < count:
            offers = self.offers(task_id)
            assert offers, f"no node took a part of {task_id}"
            self.portal.clock.advance(s=seconds / 2)
            for node, offer in offers[: count - done]:
                self.succeed(node, offer, artifact=artifact, seconds=seconds * self.random.uniform(0.8, 1.4))
                done += 1
            self.portal.clock.advance(s=seconds / 2)

    def succeed(self, node: ScriptedNode, offer: Offer, *, artifact: str = "", seconds: float = 20) -> None:
        now = self.portal.clock.wall_ms()
        self.log(offer, f"part {offer.index}: step 120/120, min slp 945.1 hPa\nwrote out/part_{offer.index}.csv\n")
        tick = Tick(
            duration_ms=int(seconds * 1000),
            cpu_percent=self.random.uniform(70, 99),
            memory_percent=self.random.uniform(50, 62),
        )
        files = (
            {artifact: picture()} if artifact else {f"out/part_{offer.index}.csv": b"station,level\nKeelung,1.2\n"}
        )
        node.tell(
            offer.attempt_id,
            AttemptState.SUCCEEDED,
            exit_code=0,
            ticks=(tick,),
            peak_memory_bytes=int(self.random.uniform(2.2, 2.7) * GIB),
            started_at_ms=now - int(seconds * 1000),
            ended_at_ms=now,
            artifacts=tuple(an_artifact(self.pool, path, content) for path, content in files.items()),
        )

    def fail(self, node: ScriptedNode, offer: Offer, message: str, stderr: str) -> None:
        node.start(offer)
        self.log(offer, stderr, LogStream.ERR)
        failure = Failure(failure_class=FailureClass.USER, code="EXIT_CODE", message=message)
        now = self.portal.clock.wall_ms()
        tick = Tick(duration_ms=4000, cpu_percent=60, memory_percent=20)
        node.tell(
            offer.attempt_id,
            AttemptState.FAILED,
            failure=failure,
            exit_code=1,
            ticks=(tick,),
            started_at_ms=now,
            ended_at_ms=now + 4000,
        )

    def log(self, offer: Offer, text: str, stream: LogStream = LogStream.OUT) -> None:
        self.pool.master.storage.log_files.append(offer.attempt_id, stream, 0, text.encode())

    # ---- the tasks of the day

    def succeeded(self, name: str = "mandelbrot-sweep", count: int = 12) -> str:
        task_id = self.submit(manifest(name, count, memory=1.0, cores=1.0))
        self.work(task_id, count, artifact="out/picture.png", seconds=12)
        return task_id

    def failed(self) -> str:
        data = {f"data/station_{number}.csv": BIG5 for number in range(9)}
        text = manifest("tide-harmonics-22st", 40, more="[retry]\nuser = 0\n")
        task_id = self.submit(text, {"load_station.py": BROKEN.encode(), **data})
        self.work(task_id, 20)
        while self.pool.state(task_id).value == "RUNNING":
            for node, offer in self.offers(task_id)[:2]:
                self.fail(node, offer, "UnicodeDecodeError: 'utf-8' codec", trace("load_station.py", 10))
        self.let_go(task_id)
        return task_id

    def let_go(self, task_id: str) -> None:
        """Let what still runs of a task that ended be stopped."""
        for node, offer in self.offers(task_id):
            node.tell(offer.attempt_id, AttemptState.CANCELLED, reason="task_ended")

    def cancelled(self) -> str:
        task_id = self.submit(manifest("chl-a-composite", 36))
        self.work(task_id, 8)
        self.pool.master.control.cancel(self.who, task_id).result(WAIT_S)
        self.let_go(task_id)
        return task_id

    def tried(self) -> str:
        task_id = self.submit(manifest("argo-profile-qc", 64, memory=2.0), try_one=True)
        self.work(task_id, 1)
        return task_id

    def held(self) -> str:
        task_id = self.submit(manifest("wave-hindcast-hualien", 96, cap=20))
        for _ in range(60):
            for node, offer in self.offers(task_id):
                self.succeed(node, offer, seconds=200)
            self.pool.pass_time(2)
            for node in self.pool.nodes.values():
                node.report()
            if self.pool.state(task_id).value == "HELD":
                break
        return task_id

    def queued(self) -> str:
        return self.submit(manifest("coral-seg-infer", 24, memory=48.0, cores=8.0))

    def running(self, count: int = 256, done: int = 148) -> str:
        task_id = self.submit(manifest("typhoon-track-ensemble", count, cap=140))
        self.work(task_id, done, seconds=30)
        for node, offer in self.offers(task_id):
            node.start(offer)
            self.log(
                offer,
                "".join(
                    f"member {offer.index}  step {n:3}/120  min slp {955 - n / 9:.1f} hPa\n" for n in range(1, 60)
                ),
            )
        return task_id

    def whole(self, owner_id: str) -> dict[str, str]:
        """All of it; the running one last, as it takes the nodes."""
        if not self.pool.nodes:
            self.nodes(owner_id)
        found = {
            "succeeded": self.succeeded(),
            "failed": self.failed(),
            "cancelled": self.cancelled(),
            "tried": self.tried(),
            "held": self.held(),
        }
        self.succeeded("sst-gapfill-2025", 8)
        found["running"] = self.running()
        found["queued"] = self.queued()
        self.load()
        return found
