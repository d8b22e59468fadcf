"""Notices that the network came back: at once on Linux, by a look every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import psutil

logger = logging.getLogger(__name__)

LOOK_S: Final = 3.0
#: With the kernel's word a look is only for what it did not say.
LOOK_SELDOM_S: Final = 30.0
#: Changes come in bunches: link up, address, route.
SETTLE_S: Final = 0.2
#: rtnetlink: link state, addresses of both kinds, IPv4 routes.
_GROUPS: Final = 0x1 | 0x10 | 0x100 | 0x40
_NETLINK_ROUTE: Final = 0
#: Interfaces of containers and virtual machines come and go with every sandbox.
_NOT_OURS: Final = ("lo", "docker", "veth", "br-", "virbr", "vethernet (wsl")

Addresses = frozenset[tuple[str, str]]


def addresses() -> Addresses:
    """Return this computer's own addresses on interfaces that are up, by interface."""
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    return frozenset(
        (name, entry.address)
        for name, entries in psutil.net_if_addrs().items()
        if name in up and not name.lower().startswith(_NOT_OURS)
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6) and not entry.address.lower().startswith("fe80:")
    )


class LinkWatch:
    """Implements `NetworkWatch`. `look` is how addresses are found out; tests give their own."""

    def __init__(self, look: Callable[[], Addresses] = addresses, look_s: float = LOOK_S) -> None:
        self._look = look
        self._look_s = look_s
        self._known = look()

    async def came_back(self) -> None:
        """See the port."""
        with _kernel_words() as kernel:
            seconds = LOOK_SELDOM_S if kernel is not None else self._look_s
            while True:
                await _heard(kernel, seconds)
                before, self._known = self._known, await asyncio.to_thread(self._look)
                if self._known - before:
                    logger.info("the network changed", extra={"addresses": len(self._known)})
                    return


@contextlib.contextmanager
def _kernel_words() -> Iterator[socket.socket | None]:
    """Give the kernel's own messages about links and addresses; None where there are none."""
    if sys.platform != "linux":
        yield None
        return
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_ROUTE)
    with made:
        try:
            made.bind((0, _GROUPS))
        except OSError as error:
            logger.info("no word of the network from the kernel", extra={"reason": str(error)})
            yield None
            return
        yield made


async def _heard(kernel: socket.socket | None, seconds: float) -> None:
    """Return when the kernel said something and fell silent again, or after `seconds`."""
    if kernel is None:
        await asyncio.sleep(seconds)
        return
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(seconds):
            await loop.sock_recv(kernel, 65_536)
    await asyncio.sleep(SETTLE_S)
    with contextlib.suppress(BlockingIOError, OSError):
        while kernel.recv(65_536):
            continue
