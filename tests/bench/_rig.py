"""A real master daemon in this process, and agents whose only fake is the sandbox, for benches."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.allocator import keep_freed_memory, keep_what_is_there
from core.domain.operations import NewJoinLink, NewUser, OperatorIdentity
from core.domain.user import Principal, Role
from master_app.bootstrap import build_master
from master_app.daemon import Daemon
from master_app.folder import DataFolder
from master_app.settings import MasterSettings

CONSOLE = OperatorIdentity(user_id="", name="console", local=True)
PASSWORD = "correct horse"


@dataclass
class Rig:
    daemon: Daemon
    root: Path
    url: str
    #: The submitter ann; bob owns the nodes.
    ann: Principal
    bob_id: str


@contextmanager
def running_master(root: Path) -> Iterator[Rig]:
    """Start a master with its three doors on free ports of this computer."""
    keep_freed_memory()
    with DataFolder(root / "master") as folder:
        settings = MasterSettings(web="127.0.0.1:0", node="127.0.0.1:0", control="127.0.0.1:0")
        daemon = Daemon(settings, folder, build_master)
        words = daemon.start()
        keep_what_is_there()  # as the program does
        try:
            add = daemon.master.operations.add_user
            ann = add(CONSOLE, NewUser(name="ann", roles=("submitter",), password=PASSWORD)).result()
            bob_id = add(CONSOLE, NewUser(name="bob", roles=("provider",), password=PASSWORD)).result()
            who = Principal(user_id=ann, username="ann", roles=frozenset({Role.SUBMITTER}))
            yield Rig(daemon, root, re.findall(r"https?://[\w.:\[\]-]+", words)[0], who, bob_id)
        finally:
            daemon.stop()


@contextmanager
def running_agent(rig: Rig, slots: int = 2) -> Iterator[psutil.Process]:
    """Start an agent in a process of its own and let it join."""
    operations = rig.daemon.master.operations
    link = operations.create_join_link(CONSOLE, NewJoinLink(owner="bob")).result().link
    agent = subprocess.Popen(
        [sys.executable, "-m", "tests.bench._noop_agent", str(rig.root / "agent"), str(slots)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert agent.stdin is not None and agent.stdout is not None
    agent.stdin.write(f"{link}\n".encode())
    agent.stdin.close()
    agent.stdout.readline()
    try:
        yield psutil.Process(agent.pid)
    finally:
        agent.terminate()
        agent.wait(60)


def cpu_s(process: psutil.Process) -> float:
    """Return the cpu time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)
