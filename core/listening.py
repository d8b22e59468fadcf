"""Ports that are taken: who holds them, and which are free instead. Never a silent other one."""

from __future__ import annotations

import errno
import socket
from typing import Final

import psutil

from core.domain.errors import Conflict

_NEAR: Final = 50


def taken(host: str, port: int, error_number: int = errno.EADDRINUSE) -> Conflict:
    """Return the error that says in words why a port cannot be listened on, and which could."""
    if error_number == errno.EACCES:
        return Conflict(
            f"This user may not listen on port {port}.", code="PORT_FORBIDDEN", fix="Use a port above 1023."
        )
    who = holder(port)
    return Conflict(
        f"Port {port} of {host} is taken{f' by {who}' if who else ''}.",
        code="PORT_TAKEN",
        fix=f"Stop that program, or use another port: {free_near(host, port)} is free.",
    )


def holder(port: int) -> str:
    """Return who listens on a port, as far as this user may see it; else an empty text."""
    try:
        for each in psutil.net_connections(kind="tcp"):
            if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid:
                return f"{psutil.Process(each.pid).name()} (process {each.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""


def is_free(host: str, port: int) -> bool:
    """Tell whether a port could be listened on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            # Connections of a program that has ended do not hold its port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            # Linux lets two sockets bind with that option; only one of them can listen.
            probe.listen(1)
        except OSError:
            return False
    return True


def free_near(host: str, port: int) -> int:
    """Return a free port, the next one where possible."""
    for candidate in range(port + 1, min(port + _NEAR, 65_536)):
        if is_free(host, candidate):
            return candidate
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
