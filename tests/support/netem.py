"""A link between two network namespaces that delays, loses and cuts packets, in user space: no kernel has to help.

    python -m tests.support.netem NAMESPACE ADDRESS DEVICE NAMESPACE ADDRESS DEVICE

Lines on standard input change it: `delay 100` and `jitter 20` (milliseconds), `loss 0.1`, `cut 1`. It ends with
its input, and the devices with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_TUN_NO_PI = 0x0001 | 0x1000
MTU = 1400


def open_tun(namespace: str, device: str) -> int:
    """Make a TUN device in a namespace and return its other end, here."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
        made = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(made, _TUNSETIFF, struct.pack("16sH14x", device.encode(), _TUN_NO_PI))
        if libc.setns(here, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot come back")
    finally:
        os.close(here)
        os.close(there)
    return made


class Link:
    """Two ends and what is on its way between them."""

    def __init__(self, ends: list[int]) -> None:
        self.ends = ends
        self.settings = {"delay": 0.0, "jitter": 0.0, "loss": 0.0, "cut": 0.0}
        self._queue: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._last = [0.0, 0.0]

    def run(self) -> None:
        """Carry packets until standard input ends."""
        while True:
            wait = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else None
            readable, _, _ = select.select([*self.ends, 0], [], [], wait)
            if 0 in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                name, value = line.split()
                self.settings[name] = float(value)
            for side in (0, 1):
                if self.ends[side] in readable:
                    self._take(side)
            self._give()

    def _take(self, side: int) -> None:
        settings, now = self.settings, time.monotonic()
        while True:
            try:
                packet = os.read(self.ends[side], 2048)
            except OSError:  # nothing more, or the device is down
                return
            if settings["cut"] or random.random() < settings["loss"]:
                continue
            late_s = (settings["delay"] + random.uniform(-1, 1) * settings["jitter"]) / 1000
            # In order, as a real link is.
            due = self._last[side] = max(self._last[side], now + max(0.0, late_s))
            self._count += 1
            heapq.heappush(self._queue, (due, self._count, 1 - side, packet))

    def _give(self) -> None:
        while self._queue and self._queue[0][0] <= time.monotonic():
            _, _, side, packet = heapq.heappop(self._queue)
            try:
                os.write(self.ends[side], packet)
            except OSError:
                continue  # the device is down: the packet is lost, as on a real link


def main() -> None:
    one, address, device, other, other_address, other_device = sys.argv[1:7]
    ends = [open_tun(one, device), open_tun(other, other_device)]
    for namespace, own, peer, name in (
        (one, address, other_address, device),
        (other, other_address, address, other_device),
    ):
        ip = ["ip", "-n", namespace]
        subprocess.run([*ip, "addr", "add", own, "peer", peer, "dev", name], check=True)
        subprocess.run([*ip, "link", "set", name, "up", "mtu", str(MTU)], check=True)
    print("ready", flush=True)
    Link(ends).run()


if __name__ == "__main__":
    main()
