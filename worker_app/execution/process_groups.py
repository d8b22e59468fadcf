"""All processes of one attempt as a thing that can be ended: a job object on Windows, a session elsewhere.

A job ends with its last handle: when the agent dies, however it dies, Windows ends what it started. Seen to
start programs under wine 10; that Windows ends them and holds their memory is NOT VERIFIED.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from typing import Any, Final, Protocol

import psutil

_CREATE_NEW_PROCESS_GROUP: Final = 0x00000200
_CREATE_NO_WINDOW: Final = 0x08000000
_CREATE_SUSPENDED: Final = 0x00000004
_LIMIT_KILL_ON_JOB_CLOSE: Final = 0x00002000
_LIMIT_ACTIVE_PROCESS: Final = 0x00000008
_LIMIT_JOB_MEMORY: Final = 0x00000200
_EXTENDED_LIMITS: Final = 9
_CTRL_BREAK: Final = 1
PROCESSES_MAX: Final = 256


class ProcessGroup(Protocol):
    """Made before its first process. `kill` ends all of them; `close` too, and gives everything back."""

    def popen_options(self) -> dict[str, Any]:
        """Return how the first process must be started."""

    def adopt(self, process: subprocess.Popen[bytes]) -> None:
        """Take the first process in. Those that it starts follow by themselves."""

    def ask_to_end(self) -> None: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


def new_group(memory_bytes: int) -> ProcessGroup:
    """Return a group of this system's kind; `memory_bytes` holds where the system can hold it."""
    return JobObject(memory_bytes) if sys.platform == "win32" else Session()


class Session:
    """A session of its own; whoever leaves it is found by its parent as long as that lives."""

    def __init__(self) -> None:
        self._pid = 0

    def popen_options(self) -> dict[str, Any]:
        return {"start_new_session": True}

    def adopt(self, process: subprocess.Popen[bytes]) -> None:
        self._pid = process.pid

    def ask_to_end(self) -> None:
        self._signal("SIGTERM")

    def kill(self) -> None:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self._signal("SIGKILL")

    def close(self) -> None:
        self.kill()

    def _signal(self, name: str) -> None:
        if self._pid:
            with contextlib.suppress(OSError):
                os.killpg(self._pid, getattr(signal, name))


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def job_limits(memory_bytes: int) -> _ExtendedLimits:
    """Return what a job is held to: its end with its handle, its memory, and how many processes it may be."""
    limits = _ExtendedLimits()
    basic = limits.BasicLimitInformation
    basic.LimitFlags = _LIMIT_KILL_ON_JOB_CLOSE | _LIMIT_ACTIVE_PROCESS | _LIMIT_JOB_MEMORY
    basic.ActiveProcessLimit = PROCESSES_MAX
    limits.JobMemoryLimit = memory_bytes
    return limits


class JobObject:
    """A Windows job. The first process is made suspended, so that nothing of it runs outside the job."""

    def __init__(self, memory_bytes: int, kernel: Any = None) -> None:
        """`kernel` stands in for kernel32 in tests."""
        self._kernel = kernel if kernel is not None else ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
        self._kernel.CreateJobObjectW.restype = ctypes.c_void_p
        self._job = self._kernel.CreateJobObjectW(None, None)
        if not self._job:
            raise OSError("Windows gives no job object")
        limits = job_limits(memory_bytes)
        done = self._kernel.SetInformationJobObject(
            ctypes.c_void_p(self._job), _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
        )
        if not done:
            self.close()
            raise OSError("Windows does not set the limits of a job object")
        self._pid = 0

    def popen_options(self) -> dict[str, Any]:
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP | _CREATE_NO_WINDOW | _CREATE_SUSPENDED}

    def adopt(self, process: subprocess.Popen[bytes]) -> None:
        handle = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined]
        if not self._kernel.AssignProcessToJobObject(ctypes.c_void_p(self._job), handle):
            process.kill()
            raise OSError("Windows does not put the process into its job")
        self._pid = process.pid
        psutil.Process(process.pid).resume()

    def ask_to_end(self) -> None:
        if self._pid:
            self._kernel.GenerateConsoleCtrlEvent(_CTRL_BREAK, self._pid)

    def kill(self) -> None:
        if self._job:
            self._kernel.TerminateJobObject(ctypes.c_void_p(self._job), 137)

    def close(self) -> None:
        if self._job:
            job, self._job = self._job, 0
            self._kernel.CloseHandle(ctypes.c_void_p(job))
