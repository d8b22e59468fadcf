"""The wire alone: one mutual-TLS session of no-ops, and a large blob to a file; master and agent each a process.

python -m tests.bench.wire ops [--seconds 5]     offers out, updates in, acks out, through a writer thread
python -m tests.bench.wire blob [--mib 1024]     master -> node hashed to a file, and node -> master
python -m tests.bench.wire codec                 microseconds an offer and an update, each way
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import pickle
import queue
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from core.allocator import keep_freed_memory
from core.blobs.store import BlobStore
from core.clock import SystemClock
from core.domain.attempt import AttemptState
from core.domain.node import HostUse, NodeFacts
from core.domain.resources import Resources
from core.domain.rewards import Tick
from core.domain.session import (
    Ack,
    AttemptUpdate,
    Hello,
    ItemSlice,
    Offer,
    Offers,
    OwnerStatus,
    Resync,
    Sync,
    SyncReply,
    Updates,
)
from core.pb import node_pb2
from core.rpc.codec.node import (
    agent_message_from_pb,
    agent_message_to_pb,
    master_message_from_pb,
    master_message_to_pb,
)
from core.rpc.pki import node_key
from core.rpc.pki.authority import CertificateAuthority
from master_app.rpc.doors import DoorServices, RpcDoors
from tests.fakes.door_services import (
    FakeGrants,
    FakeLogs,
    FakeMembership,
    FakeOperators,
    FakeSecrets,
    FakeSessions,
)
from worker_app.agent.ports.link import Identity
from worker_app.wire.gateway import Gateway

NODE = "01NODE00000000000000000000"


def sample_offer(number: int) -> Offer:
    return Offer(
        attempt_id=f"01ARZ3NDEKTSV4RRFFQ{number:07d}",
        task_id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        revision=1,
        index=number,
        epoch=1,
        attempt_number=1,
        resources=Resources(cpu_millis=1000, memory_bytes=1 << 30, disk_bytes=5 << 30),
        lease_s=600,
        item=ItemSlice(blob="", offset=0, length=3, sha256="", content=b"{}\n"),
    )


def sample_update(number: int, attempt_id: str) -> AttemptUpdate:
    return AttemptUpdate(
        number=number,
        attempt_id=attempt_id,
        state=AttemptState.SUCCEEDED,
        exit_code=0,
        started_at_ms=1_767_225_600_000,
        ended_at_ms=1_767_225_600_010,
        ticks=(Tick(duration_ms=10, cpu_percent=90.0, memory_percent=10.0),),
        peak_memory_bytes=10 << 20,
    )


class LoopingSessions(FakeSessions):
    """Keeps `window` offers out: each committed update is answered by an ack and a new offer."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self._window = window
        self._next = 0
        self._queue: queue.SimpleQueue[tuple[str, Updates, Future[Ack | Resync]]] = queue.SimpleQueue()
        self.sent: dict[str, float] = {}
        self.latencies: list[float] = []
        self.count = 0
        threading.Thread(target=self._write, daemon=True).start()

    def sync(self, session_id: str, sync: Sync) -> Future[SyncReply | Resync]:
        self._offer(session_id, self._window)
        return super().sync(session_id, sync)

    def _offer(self, session_id: str, count: int) -> None:
        now = time.perf_counter()
        made = [sample_offer(self._next + i) for i in range(count)]
        self._next += count
        for offer in made:
            self.sent[offer.attempt_id] = now
        link = self.links.get(session_id)
        if link is not None:
            link.send(Offers(session_id=session_id, term=1, lease_report=0, briefs=(), offers=tuple(made)))

    def updates(self, session_id: str, updates: Updates) -> Future[Ack | Resync]:
        future: Future[Ack | Resync] = Future()
        self._queue.put((session_id, updates, future))
        return future

    def _write(self) -> None:
        while True:
            batch = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < 64:
                    batch.append(self._queue.get_nowait())
            now = time.perf_counter()
            for session_id, updates, future in batch:
                for update in updates.updates:
                    self.latencies.append(now - self.sent.pop(update.attempt_id))
                self.count += len(updates.updates)
                numbers = tuple([update.number for update in updates.updates])
                future.set_result(Ack(session_id=session_id, updates=numbers))
            self._offer(batch[0][0], sum(len(updates.updates) for _, updates, _ in batch))


async def serve(folder: Path, window: int) -> None:
    keep_freed_memory()
    clock = SystemClock()
    authority = CertificateAuthority.open(folder / "pki", clock.wall_ms())
    membership = FakeMembership(authority, "x")
    sessions = LoopingSessions(window)
    operators = FakeOperators("x")
    doors = RpcDoors(
        DoorServices(
            sessions=sessions,
            directory=membership,
            enrolment=membership,
            membership=membership,
            grants=FakeGrants(),
            blobs=BlobStore(folder / "blobs"),
            logs=FakeLogs(),
            secrets=FakeSecrets(),
            gate=operators,
            operators=operators,
        ),
        authority=authority,
        identity=authority.server_identity(folder / "pki", [], clock.wall_ms()),
        clock=clock,
        new_session_id=lambda: os.urandom(8).hex(),
    )
    await doors.start(node_address="127.0.0.1:0", control_address="127.0.0.1:0")
    key = node_key.new_key()
    issued = authority.sign_node(node_key.make_request(key, "bench"), NODE, clock.wall_ms())
    membership.serials[NODE] = issued.serial
    identity = Identity(
        node_id=NODE,
        node_name="bench",
        owner_id="x",
        key_pem=key,
        certificate_pem=issued.pem,
        ca_pem=authority.ca_pem,
        node_door=f"127.0.0.1:{doors.node_port}",
        control_door="",
        expires_at_ms=issued.expires_ms,
    )
    print(pickle.dumps(identity).hex(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    sessions.latencies.clear()
    start, count, cpu = time.perf_counter(), sessions.count, time.process_time()
    await asyncio.to_thread(sys.stdin.readline)
    elapsed = time.perf_counter() - start
    sample = sorted(sessions.latencies) or [0.0]
    print(
        json.dumps(
            {
                "rate": (sessions.count - count) / elapsed,
                "p50_ms": sample[len(sample) // 2] * 1e3,
                "p99_ms": sample[len(sample) * 99 // 100] * 1e3,
                "master_cpu": (time.process_time() - cpu) / elapsed,
                "master_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        ),
        flush=True,
    )
    os._exit(0)


class MasterProcess:
    def __init__(self, folder: Path, window: int = 2) -> None:
        command = [sys.executable, "-m", "tests.bench.wire", "serve", str(folder), str(window)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout and self._process.stdin
        self._out, self._in = self._process.stdout, self._process.stdin
        self.identity: Identity = pickle.loads(bytes.fromhex(self._out.readline()))

    def tell(self) -> None:
        self._in.write("\n")
        self._in.flush()

    def result(self) -> dict[str, float]:
        answer: dict[str, float] = json.loads(self._out.readline())
        self._process.wait()
        return answer


async def measure(identity: Identity, master: MasterProcess, seconds: float) -> None:
    gateway = Gateway(identity)
    session = await gateway.connect(Hello(node_id=NODE, incarnation=1, boot_id="b"))
    welcome = await session.receive()
    session_id = welcome.session_id  # type: ignore[union-attr]
    await session.send(
        Sync(session_id=session_id, attempts=(), facts=NodeFacts(), host=HostUse(), owner=OwnerStatus())
    )
    number, warm_at, end_at = 0, time.perf_counter() + 1.0, time.perf_counter() + 1.0 + seconds
    warm = False
    while (now := time.perf_counter()) < end_at:
        if not warm and now > warm_at:
            warm = True
            master.tell()
        message = await session.receive()
        if isinstance(message, Offers):
            made = [sample_update(number + i, offer.attempt_id) for i, offer in enumerate(message.offers)]
            number += len(made)
            await session.send(Updates(session_id=session_id, updates=tuple(made)))
    master.tell()
    await gateway.close()


def ops(seconds: float) -> None:
    for window in (2, 16, 64, 512):
        with tempfile.TemporaryDirectory() as folder:
            master = MasterProcess(Path(folder), window)
            cpu = time.process_time()
            asyncio.run(measure(master.identity, master, seconds))
            cpu = (time.process_time() - cpu) / (seconds + 1)
            got = master.result()
            print(
                f"{window:4d} in flight: {got['rate']:8,.0f} subtasks/s  p50 {got['p50_ms']:.2f} ms  "
                f"p99 {got['p99_ms']:.2f} ms  cpu: master {got['master_cpu']:.2f} agent {cpu:.2f}"
            )


def blob(mib: int) -> None:
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = BlobStore(folder / "blobs")
        writer = store.writer()
        piece = os.urandom(1 << 20)
        for number in range(mib):
            writer.write(number.to_bytes(8, "big") + piece[8:])
        digest, size = writer.finish()
        master = MasterProcess(folder)
        target = folder / "target"

        async def run() -> tuple[list[float], float]:
            gateway = Gateway(master.identity)
            rates = []
            for _ in range(3):
                start = time.perf_counter()
                await download(gateway, digest, target)
                rates.append(size / 1e6 / (time.perf_counter() - start))
            other = hashlib.sha256()
            with target.open("r+b") as file:
                file.write(b"changed!")
                file.seek(0)
                while content := file.read(1 << 20):
                    other.update(content)
            start = time.perf_counter()
            await gateway.store("attempt", other.hexdigest(), target, size)
            up = size / 1e6 / (time.perf_counter() - start)
            await gateway.close()
            return rates, up

        rates, up = asyncio.run(run())
        master.tell()
        master.tell()
        got = master.result()
        own_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{mib} MiB master -> node, hashed, to file: {', '.join(f'{r:.0f}' for r in rates)} MB/s")
        print(f"{mib} MiB node -> master, hashed, fsync:   {up:.0f} MB/s")
        print(f"peak memory: master {got['master_mib']:.0f} MiB, node {own_mib:.0f} MiB")


async def download(gateway: Gateway, digest: str, target: Path) -> None:
    """As the agent does: pieces are hashed and written in a thread, while the next ones come."""
    running = hashlib.sha256()
    with target.open("wb", buffering=0) as file:

        def keep(pieces: list[bytes]) -> None:
            for piece in pieces:
                running.update(piece)
                file.write(piece)

        pending: asyncio.Future[None] | None = None
        gathered: list[bytes] = []
        async for piece in gateway.fetch("attempt", digest):
            gathered.append(piece)
            if len(gathered) >= 4:
                if pending is not None:
                    await pending
                pending = asyncio.get_running_loop().run_in_executor(None, keep, gathered)
                gathered = []
        if pending is not None:
            await pending
        await asyncio.to_thread(keep, gathered)
    if running.hexdigest() != digest:
        raise SystemExit("the content does not have its digest")


def codec() -> None:
    count = 64
    offers = Offers(
        session_id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        term=1,
        lease_report=1,
        briefs=(),
        offers=tuple([sample_offer(i) for i in range(count)]),
    )
    updates = Updates(
        session_id=offers.session_id,
        updates=tuple([sample_update(i, offer.attempt_id) for i, offer in enumerate(offers.offers)]),
    )
    bytes_of_offers = master_message_to_pb(offers).SerializeToString()
    bytes_of_updates = agent_message_to_pb(updates).SerializeToString()
    assert master_message_from_pb(node_pb2.MasterMessage.FromString(bytes_of_offers)) == replace(offers)

    def each(what: str, work: Callable[[], object]) -> None:
        takes = []
        for _ in range(7):
            start = time.perf_counter()
            for _ in range(50):
                work()
            takes.append((time.perf_counter() - start) / 50 / count * 1e6)
        print(f"{what:28s} {min(takes):5.2f} us (median {statistics.median(takes):.2f})")

    each("offer -> bytes", lambda: master_message_to_pb(offers).SerializeToString())
    each("bytes -> offer", lambda: master_message_from_pb(node_pb2.MasterMessage.FromString(bytes_of_offers)))
    each("update -> bytes", lambda: agent_message_to_pb(updates).SerializeToString())
    each("bytes -> update", lambda: agent_message_from_pb(node_pb2.NodeMessage.FromString(bytes_of_updates)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    modes.add_parser("ops").add_argument("--seconds", type=float, default=5.0)
    modes.add_parser("blob").add_argument("--mib", type=int, default=1024)
    modes.add_parser("codec")
    serving = modes.add_parser("serve")
    serving.add_argument("folder", type=Path)
    serving.add_argument("window", type=int)
    chosen = parser.parse_args()
    if chosen.mode == "serve":
        asyncio.run(serve(chosen.folder, chosen.window))
    elif chosen.mode == "ops":
        ops(chosen.seconds)
    elif chosen.mode == "blob":
        blob(chosen.mib)
    else:
        codec()


if __name__ == "__main__":
    main()
