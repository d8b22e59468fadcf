"""What sessions that only report cost the master: cpu and memory for each, over real mutual TLS.

    python -m tests.bench.sessions [SESSIONS] [SECONDS]

The daemon is real, with SQLite; all nodes are played by one other process, which reports for each every 30 s,
spread over the time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from core.domain.node import HostUse, NodeAdmin, NodeFacts
from core.domain.resources import GIB, Resources
from core.domain.session import Ack, Hello, OwnerStatus, Report, Sync, SyncReply, Welcome
from core.rpc.pki import node_key
from master_app.node_pool.membership import pool_node
from master_app.ports.node_pool import NodeRecord
from master_app.ports.unit_of_work import UnitOfWork
from tests.bench._rig import Rig, cpu_s, running_master
from worker_app.agent.ports.link import Identity
from worker_app.wire.gateway import Gateway, GatewaySession

REPORT_S = 30.0
_AT_ONCE = 8
FACTS = NodeFacts(
    arch="x86_64",
    os="linux",
    slots=2,
    capacity=Resources(cpu_millis=2000, memory_bytes=8 * GIB, disk_bytes=100 * GIB),
)


def enrolled(rig: Rig, count: int) -> list[Identity]:
    """Enrol nodes at once, as their join would one by one; one key serves all."""
    master, key = rig.daemon.master, node_key.new_key()
    now_ms = master.clock.wall_ms()
    issued = [
        master.authority.sign_node(node_key.make_request(key, "bench"), f"node-{number:05d}", now_ms)
        for number in range(count)
    ]

    def command(uow: UnitOfWork) -> list[NodeRecord]:
        records = [
            NodeRecord(
                node_id=f"node-{number:05d}",
                name=f"node-{number:05d}",
                owner_id=rig.ann.user_id,
                created_ms=now_ms,
                admin=NodeAdmin.ACTIVE,
                certificate_serial=each.serial,
                facts=FACTS,
            )
            for number, each in enumerate(issued)
        ]
        for record in records:
            uow.nodes.add(record)
            uow.pool.put_node(pool_node(record))
        return records

    master.membership.load(master.storage.writer.execute(command).result(60))
    return [
        Identity(
            node_id=f"node-{number:05d}",
            node_name="bench",
            owner_id=rig.ann.user_id,
            key_pem=key,
            certificate_pem=each.pem,
            ca_pem=master.authority.ca_pem,
            node_door=f"127.0.0.1:{master.doors.node_port}",
            control_door="",
            expires_at_ms=each.expires_ms,
        )
        for number, each in enumerate(issued)
    ]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    wanted = max(4 * count, 4096)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    with tempfile.TemporaryDirectory(prefix="hivemind-bench-") as name, running_master(Path(name)) as rig:
        identities, me = enrolled(rig, count), psutil.Process()
        before_mib = me.memory_info().rss / (1 << 20)
        command = [sys.executable, "-m", "tests.bench.sessions", "nodes", str(seconds)]
        nodes = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert nodes.stdin is not None and nodes.stdout is not None
        nodes.stdin.write(pickle.dumps(identities))
        nodes.stdin.close()
        connect_s = float(nodes.stdout.readline())
        cpu, started = cpu_s(me), time.perf_counter()
        result = json.loads(nodes.stdout.readline())
        share = (cpu_s(me) - cpu) / (time.perf_counter() - started)
        each_kib = (me.memory_info().rss / (1 << 20) - before_mib) * 1024 / count
        nodes.wait(60)
        print(f"| {count} sessions, each reports every {REPORT_S:.0f} s | {share:.1%} of a core | |")
        print(f"| memory of the master for each session | {each_kib:.0f} KiB | |")
        print(f"| a report until its acknowledgement | p50 {result['p50']:.1f} ms | p99 {result['p99']:.1f} ms |")
        print(f"| {result['reports']} reports; all sessions were there after {connect_s:.1f} s | | |")


async def play(identities: list[Identity], seconds: float) -> None:
    """Connect all nodes, then report for each in turn."""
    started, waiting = time.perf_counter(), asyncio.Semaphore(_AT_ONCE)
    gateways = [Gateway(identity) for identity in identities]

    async def connect(gateway: Gateway, identity: Identity) -> tuple[GatewaySession, str]:
        async with waiting:
            session = await gateway.connect(Hello(node_id=identity.node_id, incarnation=1, boot_id="b"))
            welcome = await session.receive()
            assert isinstance(welcome, Welcome), welcome
            names = {"facts": FACTS, "host": HostUse(), "owner": OwnerStatus()}
            await session.send(Sync(session_id=welcome.session_id, attempts=(), **names))  # type: ignore[arg-type]
            assert isinstance(await session.receive(), SyncReply)
            return session, welcome.session_id

    sessions = await asyncio.gather(*map(connect, gateways, identities))
    print(time.perf_counter() - started, flush=True)
    times: list[float] = []
    until, gap_s = time.perf_counter() + seconds, REPORT_S / len(sessions)
    sample = Report(session_id="", number=0, live=(), host=HostUse(), owner=OwnerStatus())

    async def report(session: GatewaySession, session_id: str, number: int) -> None:
        began = time.perf_counter()
        await session.send(dataclasses.replace(sample, session_id=session_id, number=number))
        while not isinstance(await session.receive(), Ack):
            pass
        times.append((time.perf_counter() - began) * 1000)

    due = time.perf_counter()
    async with asyncio.TaskGroup() as reports:
        for number, (session, session_id) in enumerate(itertools.cycle(sessions)):
            due += gap_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            reports.create_task(report(session, session_id, 1 + number // len(sessions)))
            if time.perf_counter() >= until:
                break
    times.sort()
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    print(json.dumps({"p50": p50, "p99": p99, "reports": len(times)}), flush=True)
    await asyncio.gather(*(gateway.close() for gateway in gateways))


if __name__ == "__main__":
    if sys.argv[1:2] == ["nodes"]:
        asyncio.run(play(pickle.loads(sys.stdin.buffer.read()), float(sys.argv[2])))
    else:
        main()
