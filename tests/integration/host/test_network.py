"""The network's return is noticed: by the kernel's word on Linux, else by a look; containers' comings are no
news.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.engine import absent
from worker_app.host.network import Addresses, LinkWatch, addresses

ROOT = Path(__file__).resolve().parents[3]
WATCH = """
import asyncio, time
from worker_app.host.network import LinkWatch
async def main():
    watch = LinkWatch()
    print("watching", flush=True)
    while True:
        await watch.came_back()
        print("back", time.monotonic(), flush=True)
asyncio.run(main())
"""


async def test_a_new_address_is_noticed_and_a_lost_one_is_not() -> None:
    seen: Addresses = frozenset({("eth0", "10.0.0.1")})
    watch = LinkWatch(lambda: seen, look_s=0.01)
    came = asyncio.ensure_future(watch.came_back())
    seen = frozenset()
    done, _ = await asyncio.wait([came], timeout=0.3)
    assert not done
    seen = frozenset({("wlan0", "10.0.0.9")})
    # Where the kernel speaks it is asked seldom; its word is what the other test is about.
    if sys.platform != "linux":
        await asyncio.wait_for(came, 5)
    came.cancel()


def test_our_own_addresses_are_found() -> None:
    assert all(not name.startswith(("lo", "docker", "veth")) for name, _ in addresses())


def test_a_link_that_comes_up_is_noticed_at_once() -> None:
    if os.name != "posix" or os.geteuid() != 0:
        absent("network namespaces need root")
    name = f"hmnet{os.getpid() % 100_000}"
    ip = ["ip", "-n", name]
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run([*ip, "link", "add", "eth0", "type", "veth", "peer", "name", "far0"], check=True)
        subprocess.run([*ip, "addr", "add", "10.9.9.1/24", "dev", "eth0"], check=True)
        watcher = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", WATCH],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "watching\n"
            for _ in range(2):
                before = time.monotonic()
                for device in ("far0", "eth0"):
                    subprocess.run([*ip, "link", "set", device, "up"], check=True)
                word, at = watcher.stdout.readline().split()
                assert word == "back"
                assert float(at) - before < 2.5, "a look is every 30 s; this must be the kernel's word"
                subprocess.run([*ip, "link", "set", "eth0", "down"], check=True)
                # It must have seen that the address went, or its return would be no change.
                time.sleep(0.6)
        finally:
            watcher.kill()
            watcher.wait()
            assert watcher.stdout is not None
            watcher.stdout.close()
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.parametrize("name", ["veth12ab", "docker0", "br-1234"])
def test_interfaces_of_containers_are_left_out(name: str) -> None:
    assert name not in {interface for interface, _ in addresses()}
