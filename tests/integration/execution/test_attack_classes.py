"""A task that attacks ends with a failure class that names the cause; its neighbour ends right and on time.

The whole agent on the real engine: what a submitter and an owner see, not what one sandbox reports.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.blobs.bundler import keep_folder
from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.domain.attempt import AttemptState, FailureClass
from core.domain.resources import MIB, Resources
from core.domain.session import LogStream, TaskBrief
from core.manifest.files import StoredFiles
from core.manifest.reading import read_manifest
from tests.fakes.link import FakeMaster
from tests.support.agents import Rig, make_brief, make_offer, running_agent
from tests.support.engine import base_image, docker, node_id, remove_everything_of
from worker_app.agent import stimuli
from worker_app.agent.fetching import Fetching
from worker_app.agent.inputs import CachedInputs
from worker_app.agent.pauses import Pauses
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine

__all__ = ["base_image", "node_id"]

USER, OUTPUT = FailureClass.USER, FailureClass.OUTPUT
SMALL = Resources(cpu_millis=1000, memory_bytes=128 * MIB, disk_bytes=48 * MIB)
MANIFEST = """
schema = 1
[image]
ref = "{image}"
[run]
command = ["python3", "main.py"]
timeout = "{timeout}s"
grace = "1s"
[outputs]
max_mb = 2
"""
NEIGHBOUR = "import time\nfor n in range(10):\n    time.sleep(0.1)\nopen('out/fine', 'w').write('fine')\n"
NEIGHBOUR_S = 12.0
TRY = "import ctypes, os, socket, stat\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def must(call: str, name: str) -> str:
    """Return code that fails with the system's own word when a call is refused."""
    return TRY + f"if {call} != 0:\n    e = ctypes.get_errno(); raise OSError(e, os.strerror(e), {name!r})\n"


#: Name -> program, seconds it may run, failure class, words of the failure.
ATTACKS: dict[str, tuple[str, int, FailureClass, str]] = {
    "fork bomb": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass\n", 3, FailureClass.TIMEOUT, "3 s",
    ),
    "memory bomb": (
        "kept = []\nwhile True: kept.append(bytearray(8 << 20))\n", 30, FailureClass.OOM, "128 MiB",
    ),
    "disk filling": (
        "n = 0\nwhile True:\n    n += 1\n    open(f'out/{n}', 'wb').write(bytes(4 << 20))\n",
        40, FailureClass.DISK, "disk space",
    ),
    "log flooding": (
        "import os\nwhile True: os.write(1, b'flood ' * 10000)\n", 3, FailureClass.TIMEOUT, "3 s",
    ),
    "ignoring SIGTERM": (
        "import signal, time\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: time.sleep(1)\n",
        2, FailureClass.TIMEOUT, "2 s",
    ),
    "a linked result": (
        "import os\nos.symlink('/etc/shadow', 'out/r')\n", 20, OUTPUT, "out/r is a symbolic link",
    ),
    "a FIFO as result": ("import os\nos.mkfifo('out/p')\n", 20, OUTPUT, "out/p is a FIFO"),
    "a socket as result": (
        "import socket\nsocket.socket(socket.AF_UNIX).bind('out/s')\n", 20, OUTPUT, "out/s is a socket",
    ),
    "a sparse result": (
        "open('out/s', 'wb').truncate(30 << 20)\n", 20, OUTPUT, "more than 2097152 bytes",
    ),
    "a device as result": (
        TRY + "os.mknod('out/d', 0o600 | stat.S_IFBLK, os.makedev(8, 0))\n", 20, USER, "PermissionError",
    ),
    "a mount": (must("libc.mount(b'none', b'/mnt', b'tmpfs', 0, 0)", "mount"), 20, USER, "not permitted"),
    "a new namespace": (must("libc.unshare(0x10000000)", "unshare"), 20, USER, "not permitted"),
    "tracing the runner": (must("libc.ptrace(16, 1, 0, 0)", "ptrace"), 20, USER, "not permitted"),
    "the runner's memory": ("open('/proc/1/mem', 'r+b')\n", 20, USER, "PermissionError"),
    "the kernel's switches": ("open('/proc/sysrq-trigger', 'w').write('b')\n", 20, USER, "Error"),
    "the kernel's memory": ("open('/proc/kcore', 'rb').read(1 << 20)[4096]\n", 20, USER, "Error"),
    "a raw socket": (TRY + "socket.socket(17, socket.SOCK_RAW)\n", 20, USER, "PermissionError"),
    "the metadata address": (
        "import socket\nsocket.create_connection(('169.254.169.254', 80), 3)\n", 20, USER, "unreachable",
    ),
    "the metadata address of IPv6": (
        "import socket\nsocket.create_connection(('fd00:ec2::254', 80), 3)\n", 20, USER, "OSError",
    ),
}  # fmt: skip


class Stage:
    """An agent on the real engine, and tasks for it."""

    def __init__(self, folder: Path, image: str, rig: Rig, master: FakeMaster) -> None:
        self.rig = rig
        self.master = master
        self._folder = folder
        self._image = image

    def offer(self, attempt_id: str, program: str, timeout_s: int) -> None:
        folder = self._folder / f"task-{attempt_id}"
        folder.mkdir()
        (folder / "hivemind.toml").write_text(MANIFEST.format(image=self._image, timeout=timeout_s))
        (folder / "main.py").write_text(program)
        store = BlobStore(self._folder / "master")
        bundle = keep_folder(folder, store)
        for name in bundle.blobs:
            self.master.blobs[name] = store.path(name).read_bytes()
        spec = read_manifest(StoredFiles(store, bundle.entries)).spec
        assert spec is not None
        brief: TaskBrief = make_brief(f"T{attempt_id}", spec, bundle_id=bundle.bundle_id)
        self.master.offer(brief, make_offer(attempt_id, brief.task_id, resources=SMALL))

    async def ended(self, attempt_id: str, limit_s: float) -> float:
        return await self.until(lambda: attempt_id in self.master.terminal, limit_s)

    async def until(self, condition: Callable[[], bool], limit_s: float) -> float:
        """Let time pass as it does; return how long it took."""
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < limit_s, "it did not come to that"
            await self.rig.tick(0.1)
            await asyncio.sleep(0.09)
        return time.monotonic() - started


@pytest.fixture
async def stage(tmp_path: Path, base_image: str, node_id: str) -> AsyncIterator[Stage]:
    master = FakeMaster()
    runtime = DockerRuntime(default_engine(), node_id, {})
    await runtime.probe()
    cache = BlobCache(BlobStore(tmp_path / "blobs"), 1 << 30)
    inputs = CachedInputs(Fetching(master, cache, Pauses()), cache, master)
    async with running_agent(tmp_path / "agent", master=master, runtime=runtime, inputs=inputs) as rig:
        made = Stage(tmp_path, base_image, rig, master)
        try:
            yield made
        finally:
            rig.performer.tell(stimuli.QuitAsked(5_000))
            await made.until(lambda: bool(rig.exits), 60)
    assert docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}") == ""
    remove_everything_of(node_id)


async def test_every_attack_names_its_cause_and_hurts_no_neighbour(stage: Stage) -> None:
    master = stage.master
    slow: dict[str, float] = {}
    for number, (name, (program, timeout_s, failure_class, words)) in enumerate(ATTACKS.items()):
        bad, good = f"BAD{number}", f"GOOD{number}"
        stage.offer(bad, program, timeout_s)
        stage.offer(good, NEIGHBOUR, 60)
        slow[name] = await stage.ended(good, 60)
        await stage.ended(bad, timeout_s + 60)
        neighbour, attacker = master.terminal[good], master.terminal[bad]
        assert neighbour.state is AttemptState.SUCCEEDED, (name, neighbour)
        assert [entry.path for entry in neighbour.artifacts] == ["out/fine"]
        assert attacker.state is AttemptState.FAILED, (name, attacker)
        assert attacker.failure is not None
        assert attacker.failure.failure_class is failure_class, (name, attacker.failure)
        assert words in attacker.failure.message, (name, attacker.failure)
        assert attacker.artifacts == (), name
        assert len(master.logs.get((bad, LogStream.OUT), b"")) < 16 * MIB, name
    late = {name: round(took, 1) for name, took in slow.items() if took > NEIGHBOUR_S}
    assert late == {}
