"""Generated WireGuard configs carry a real tunnel between two network namespaces, and a node session in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.pool import ROOT, Program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("wg-quick") and shutil.which("ip"))
        and not os.environ.get("CI"),
        reason="needs root, iproute2 and wireguard-tools",
    ),
]
HUB_OUTSIDE = "192.0.2.1"
HUB_INSIDE = "10.99.0.1"
PASSWORD = "words-of-a-test"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@dataclass
class Side:
    """One computer: a namespace with one cable to the other."""

    name: str
    folder: Path

    def run(self, *command: str, line_in: str = "", check: bool = True) -> str:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go",
        }
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command],
            input=line_in,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout if done.returncode == 0 else ""

    def start(self, *arguments: str, line_in: str = "") -> Program:
        command = ("ip", "netns", "exec", self.name, sys.executable, *arguments)
        return Program(command, self.folder / "program.log", line_in)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    tag = f"{os.getpid() % 100000}"
    names = f"hmv{tag}m", f"hmv{tag}w"
    folders = tmp_path / "m", tmp_path / "w"
    made = []
    try:
        for name, folder in zip(names, folders, strict=True):
            ip("netns", "add", name)
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
            folder.mkdir()
        ip(
            "link",
            "add",
            f"a{tag}",
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            f"b{tag}",
            "netns",
            names[1],
        )
        for name, device, address in ((names[0], f"a{tag}", HUB_OUTSIDE), (names[1], f"b{tag}", "192.0.2.2")):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
        # Nothing but WireGuard passes between them.
        ip("netns", "exec", names[0], "iptables", "-A", "INPUT", "-i", f"a{tag}", "-p", "tcp", "-j", "DROP")
        yield Side(names[0], folders[0]), Side(names[1], folders[1])
    finally:
        for name in made:
            ip("netns", "del", name)


@pytest.fixture
def master(sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    side, _ = sides
    for key, value in {
        "HIVEMIND_VPN_APPLY": "true",
        "HIVEMIND_VPN_ENDPOINT": HUB_OUTSIDE,
        "HIVEMIND_VPN_INTERFACE": f"hm{os.getpid() % 100000}",
        "HIVEMIND_PUBLIC_NAME": HUB_INSIDE,
    }.items():
        monkeypatch.setenv(key, value)
    program = side.start(
        *("-m", "master_app", "serve", "--data-dir", str(side.folder / "data")),
        *("--web", "127.0.0.1:5000", "--node", "0.0.0.0:50051", "--control", "0.0.0.0:50052"),
    )
    program.ready()
    yield program
    program.stop()
    side.run("wg-quick", "down", str(next((side.folder / "data" / "vpn").glob("*.conf"))), check=False)


def admin(side: Side, *arguments: str, line_in: str = "") -> str:
    return side.run(
        sys.executable, "-m", "master_app", *arguments, "--data-dir", str(side.folder / "data"), line_in=line_in
    ).strip()


def hivemind(side: Side, *arguments: str, line_in: str = "") -> str:
    return side.run(sys.executable, "-c", "from core.cli import main; main()", *arguments, line_in=line_in)


def test_a_node_works_through_a_tunnel_of_configs_made_by_the_master(
    sides: tuple[Side, Side], master: Program
) -> None:
    hub, device = sides
    admin(hub, "user", "add", "bob", "--role", "provider", "--password-stdin", line_in=f"{PASSWORD}\n")
    hivemind(hub, "--url", "http://127.0.0.1:5000", "login", "bob", "--password-stdin", line_in=f"{PASSWORD}\n")
    file = device.folder / f"hw{os.getpid() % 100000}.conf"
    hivemind(hub, "vpn", "add", "lab node", "-o", str(file))
    assert file.stat().st_mode & 0o077 == 0
    private = next(line for line in file.read_text().splitlines() if line.startswith("PrivateKey"))
    public = device.run("wg", "pubkey", line_in=private.partition(" = ")[2]).strip()
    assert public in hub.run("wg", "show", "all", "peers")

    link = admin(hub, "join-link", "--owner", "bob", "--name", "lab")
    assert f"//{HUB_INSIDE}:" in link
    # The agent brings its tunnel up itself, and takes it down when it ends.
    agent = device.start(
        *("-m", "worker_app", "run", "--data-dir", str(device.folder / "agent")),
        *("--runtime", "process", "--slots", "1", "--join", "-", "--vpn", str(file)),
        line_in=f"{link}\n",
    )
    try:
        assert agent.ready().startswith("ready ")
        assert "lab" in hivemind(hub, "nodes")
        received = hub.run("wg", "show", "all", "transfer").split()[2]
        assert int(received) > 5_000, "the session went another way"
    finally:
        agent.stop()
    assert file.stem not in device.run("wg", "show", "interfaces")

    device.run("wg-quick", "up", str(file))
    try:
        assert device.run("ping", "-c", "3", "-i", "0.2", "-W", "5", HUB_INSIDE)
        # A replaced key is refused: the old file brings no tunnel any more.
        (config,) = json.loads(hivemind(hub, "vpn", "list", "--json"))
        hivemind(hub, "vpn", "rotate", config["config_id"], "-o", str(hub.folder / "new.conf"))
        until = time.monotonic() + 20
        while public in hub.run("wg", "show", "all", "peers"):
            assert time.monotonic() < until, "the hub still has the old key"
            time.sleep(0.1)
        assert not device.run("ping", "-c", "1", "-W", "2", HUB_INSIDE, check=False)
    finally:
        device.run("wg-quick", "down", str(file), check=False)
