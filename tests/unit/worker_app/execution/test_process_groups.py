"""Job objects against a kernel that notes what it is asked; the limits are laid out as Windows reads them."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from worker_app.execution.process_groups import JobObject, Session, job_limits, new_group


class _Call:
    def __init__(self, log: list[str], name: str, answer: int) -> None:
        self._log, self._name, self._answer = log, name, answer
        self.restype: object = None

    def __call__(self, *arguments: object) -> int:
        self._log.append(self._name)
        return self._answer


class _Kernel:
    """kernel32, as far as jobs go."""

    def __init__(self, **answers: int) -> None:
        self.log: list[str] = []
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        call = _Call(self.log, name, self._answers.get(name, 1))
        self.__dict__[name] = call
        return call


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="sizes are those of 64-bit systems")
def test_the_limits_are_laid_out_as_windows_reads_them() -> None:
    limits = job_limits(1 << 30)
    assert ctypes.sizeof(limits.BasicLimitInformation) == 64
    assert ctypes.sizeof(limits) == 144
    assert limits.JobMemoryLimit == 1 << 30
    assert limits.BasicLimitInformation.LimitFlags == 0x2208
    assert type(limits).JobMemoryLimit.offset == 120


def test_a_job_takes_its_process_in_before_it_runs_and_ends_with_its_handle() -> None:
    kernel = _Kernel()
    job = JobObject(1 << 30, kernel)
    options = job.popen_options()
    assert options == {"creationflags": 0x08000204}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        psutil.Process(process.pid).suspend()
        job.adopt(SimpleNamespace(_handle=7, pid=process.pid))  # type: ignore[arg-type]
        assert psutil.Process(process.pid).status() != psutil.STATUS_STOPPED
        job.ask_to_end()
        job.kill()
        process.kill()
    job.close()
    job.close()
    assert kernel.log == [
        "CreateJobObjectW",
        "SetInformationJobObject",
        "AssignProcessToJobObject",
        "GenerateConsoleCtrlEvent",
        "TerminateJobObject",
        "CloseHandle",
    ]


def test_a_process_that_gets_into_no_job_does_not_run() -> None:
    job = JobObject(1 << 30, _Kernel(AssignProcessToJobObject=0))
    killed: list[bool] = []
    with pytest.raises(OSError, match="job"):
        job.adopt(SimpleNamespace(_handle=7, pid=1, kill=lambda: killed.append(True)))  # type: ignore[arg-type]
    assert killed == [True]


def test_a_job_without_limits_is_given_back() -> None:
    kernel = _Kernel(SetInformationJobObject=0)
    with pytest.raises(OSError, match="limits"):
        JobObject(1 << 30, kernel)
    assert kernel.log[-1] == "CloseHandle"


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are of POSIX")
def test_a_session_is_ended_whole() -> None:
    group = new_group(1 << 30)
    assert isinstance(group, Session)
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **group.popen_options()
    ) as process:
        group.adopt(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        (child,) = psutil.Process(process.pid).children()
        group.kill()
        process.wait(10)
        child.wait(10)
    assert not child.is_running()
