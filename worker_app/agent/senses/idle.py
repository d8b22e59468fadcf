"""How long nobody has touched this computer: one source a system, asked in order until one can say."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from worker_app.agent.ports.senses import IdleSource
from worker_app.agent.senses.bus import Bus


class WindowsInput:
    """`GetLastInputInfo`: of the session of this process; a service sees no input."""

    name = "GetLastInputInfo"

    def idle_s(self) -> float | None:
        if sys.platform != "win32":
            return None
        windows: Any = ctypes

        class LastInput(ctypes.Structure):
            _fields_ = [("size", ctypes.c_uint), ("tick", ctypes.c_uint)]

        record = LastInput(ctypes.sizeof(LastInput), 0)
        if not windows.windll.user32.GetLastInputInfo(ctypes.byref(record)):
            return None
        # Both count milliseconds in 32 bits and turn over after 49 days.
        return float((windows.windll.kernel32.GetTickCount() - record.tick) & 0xFFFFFFFF) / 1000


class MacInput:
    """`CGEventSourceSecondsSinceLastEventType` of any input."""

    name = "CGEventSource"

    def idle_s(self) -> float | None:
        if sys.platform != "darwin":
            return None
        library = ctypes.util.find_library("ApplicationServices")
        if library is None:
            return None
        ask = ctypes.CDLL(library).CGEventSourceSecondsSinceLastEventType
        ask.restype, ask.argtypes = ctypes.c_double, [ctypes.c_int32, ctypes.c_uint32]
        return float(ask(1, 0xFFFFFFFF))


class Mutter:
    """GNOME's own monitor, on X11 and Wayland."""

    name = "org.gnome.Mutter.IdleMonitor"

    def __init__(self, session: Bus) -> None:
        self._session = session

    def idle_s(self) -> float | None:
        path = "/org/gnome/Mutter/IdleMonitor/Core"
        found = self._session.ask(self.name, path, "org.gnome.Mutter.IdleMonitor", "GetIdletime")
        return None if not found else found[0] / 1000


class ScreenSaver:
    """KDE and others: seconds since input of the session, in milliseconds."""

    name = "org.freedesktop.ScreenSaver"

    def __init__(self, session: Bus) -> None:
        self._session = session

    def idle_s(self) -> float | None:
        found = self._session.ask(self.name, "/ScreenSaver", self.name, "GetSessionIdleTime")
        return None if not found else found[0] / 1000


class X11Input:
    """The screen saver extension of an X server."""

    name = "X11 XScreenSaver"

    class _Info(ctypes.Structure):
        _fields_ = [
            ("window", ctypes.c_ulong),
            ("state", ctypes.c_int),
            ("kind", ctypes.c_int),
            ("til_or_since", ctypes.c_ulong),
            ("idle", ctypes.c_ulong),
            ("mask", ctypes.c_ulong),
        ]

    def __init__(self, display: str | None = None) -> None:
        self._display_name = display
        self._x11: Any = None
        self._saver: Any = None
        self._display: Any = None

    def idle_s(self) -> float | None:
        if not self._opened():
            return None
        info = self._Info()
        root = self._x11.XDefaultRootWindow(self._display)
        if not self._saver.XScreenSaverQueryInfo(self._display, root, ctypes.byref(info)):
            return None
        return float(info.idle) / 1000

    def _opened(self) -> bool:
        """Wayland's own X server sees only X programs' input: there it is no source."""
        if self._display is not None:
            return True
        name = self._display_name or os.environ.get("DISPLAY", "")
        x11, saver = ctypes.util.find_library("X11"), ctypes.util.find_library("Xss")
        if not name or os.environ.get("WAYLAND_DISPLAY") or x11 is None or saver is None:
            return False
        self._x11, self._saver = ctypes.CDLL(x11), ctypes.CDLL(saver)
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self._x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
        self._saver.XScreenSaverQueryInfo.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p]
        display = self._x11.XOpenDisplay(name.encode())
        self._display = ctypes.c_void_p(display) if display else None
        return self._display is not None


class Logind:
    """systemd's sessions: nobody signed in means nobody there; a hint where the desktop gives one."""

    name = "org.freedesktop.login1"
    _path = "/org/freedesktop/login1"
    _manager = "org.freedesktop.login1.Manager"

    def __init__(self, system: Bus) -> None:
        self._system = system

    def idle_s(self) -> float | None:
        found = self._system.ask(self.name, self._path, self._manager, "ListSessions")
        if found is None:
            return None
        if not found[0]:
            return time.monotonic()
        idle = self._system.property(self.name, self._path, self._manager, "IdleHint")
        since = self._system.property(self.name, self._path, self._manager, "IdleSinceHintMonotonic")
        # A desktop that never sets the hint would make everybody look busy, or away, for ever.
        if idle is None or since is None or not since:
            return None
        return max(0.0, time.monotonic() - since / 1_000_000) if idle else 0.0


def sources(session: Bus, system: Bus) -> Sequence[IdleSource]:
    """Return what this system may have, best first."""
    if sys.platform == "win32":
        return (WindowsInput(),)
    if sys.platform == "darwin":
        return (MacInput(),)
    return (Mutter(session), ScreenSaver(session), X11Input(), Logind(system))


class IdleChain:
    """Asks the source that answered last, then the others; `source` names who answered."""

    #: Between two rounds through all sources while none answers, in calls.
    _REST = 10

    def __init__(self, sources: Sequence[IdleSource]) -> None:
        self._sources = list(sources)
        self._rest = 0
        self.source = ""

    def idle_s(self) -> float | None:
        """Return the seconds without input, None when no source can say."""
        if self._rest:
            self._rest -= 1
            return None
        for source in list(self._sources):
            found = source.idle_s()
            if found is not None:
                self._sources.remove(source)
                self._sources.insert(0, source)
                self.source = source.name
                return max(0.0, found)
        self.source = ""
        self._rest = self._REST
        return None
