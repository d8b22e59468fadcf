"""Full-screen windows and running programs: the signs of a game."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from typing import Any

import psutil


def programs() -> frozenset[str]:
    """Return the names of all running programs, in lower case and without `.exe`."""
    names = set()
    for process in psutil.process_iter(["name"]):
        name = (process.info.get("name") or "").lower()
        names.add(name.removesuffix(".exe"))
    return frozenset(names)


class FullScreen:
    """Whether the window in front fills the screen."""

    def __init__(self) -> None:
        self._x11: Any = None
        self._display: Any = None

    def now(self) -> bool | None:
        """Return None where this system does not tell (Wayland tells nobody)."""
        if sys.platform == "win32":
            return _windows_busy()
        if sys.platform != "linux" or os.environ.get("WAYLAND_DISPLAY") or not os.environ.get("DISPLAY"):
            return None
        return self._x11_full()

    def _x11_full(self) -> bool | None:
        if self._display is None and not self._open():
            return None
        root = self._x11.XDefaultRootWindow(self._display)
        active = self._property(root, b"_NET_ACTIVE_WINDOW")
        if not active:
            return False
        wanted = self._x11.XInternAtom(self._display, b"_NET_WM_STATE_FULLSCREEN", 0)
        return wanted in self._property(active[0], b"_NET_WM_STATE")

    def _open(self) -> bool:
        library = ctypes.util.find_library("X11")
        if library is None:
            return False
        x11 = self._x11 = ctypes.CDLL(library)
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XInternAtom.restype = ctypes.c_ulong
        x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        # A window may vanish between two questions; the default handler would end the process.
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._quiet = handler(lambda display, error: 0)
        x11.XSetErrorHandler(self._quiet)
        display = x11.XOpenDisplay(None)
        self._display = ctypes.c_void_p(display) if display else None
        return self._display is not None

    def _property(self, window: int, name: bytes) -> list[int]:
        x11 = self._x11
        atom = x11.XInternAtom(self._display, name, 0)
        kind, size = ctypes.c_ulong(), ctypes.c_int()
        count, left = ctypes.c_ulong(), ctypes.c_ulong()
        values = ctypes.POINTER(ctypes.c_ulong)()
        status = x11.XGetWindowProperty(
            self._display,
            ctypes.c_ulong(window),
            ctypes.c_ulong(atom),
            ctypes.c_long(0),
            ctypes.c_long(64),
            0,
            ctypes.c_ulong(0),
            ctypes.byref(kind),
            ctypes.byref(size),
            ctypes.byref(count),
            ctypes.byref(left),
            ctypes.byref(values),
        )
        if status != 0 or not values:
            return []
        found = [values[index] for index in range(count.value)]
        x11.XFree(values)
        return [value for value in found if value]


def _windows_busy() -> bool | None:
    """`SHQueryUserNotificationState`: 2 busy (full screen), 3 Direct3D full screen, 4 presentation."""
    windows: Any = ctypes
    state = ctypes.c_int()
    if windows.windll.shell32.SHQueryUserNotificationState(ctypes.byref(state)):
        return None
    return state.value in (2, 3, 4)
