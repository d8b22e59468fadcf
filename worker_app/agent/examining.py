"""The doctor as a person meets it: one fact after another, each tried, each with one fix.

The engine's facts need the one before them; those of the computer stand alone. Nothing unproven counts as passed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.domain.agent_views import Check, Line
from worker_app.agent.doctor import Check as Tried
from worker_app.agent.doctor import Doctor

PASSED: Final = "passed"
NEEDS_PERSON: Final = "needs_person"
UNKNOWN: Final = "unknown"
WAITS: Final = "waits"
RUNS: Final = "runs"

_COMPUTER: Final = ("network", "clock", "disk", "gpu")
_INSTALL: Final = {
    "linux": "sudo apt install docker.io",
    "win32": "winget install Docker.DockerDesktop",
    "darwin": "brew install --cask docker",
}
_START: Final = {"linux": "sudo systemctl start docker", "win32": "", "darwin": "open -a Docker"}


def engine_names(platform: str = sys.platform) -> tuple[str, ...]:
    """Return the engine's facts of this system, in the order in which each needs the one before."""
    if platform == "win32":
        return ("virtualisation", "installed", "wsl", "engine", "container")
    return ("installed", "permission", "engine", "container")


async def examine(doctor: Doctor) -> AsyncIterator[Check]:
    """Yield each fact as it stands: first all as waiting, then again as each is found out."""
    names = engine_names()
    for name in names:
        yield Check(name=name, line=Line(code=f"waits_{name}"))
    for name in _COMPUTER:
        yield Check(name=name, group="computer", needed=name != "gpu", line=Line(code=f"waits_{name}"))
    for name in _COMPUTER:
        if name != "gpu":
            yield _of(await doctor.one(name), group="computer")
    whole = True
    for name in names:
        yield Check(name=name, result=RUNS, line=Line(code=f"runs_{name}"))
        check = await _engine_fact(doctor, name)
        yield check
        whole = check.result == PASSED
        if not whole:
            break
    gpu = _of(await doctor.one("gpu"), group="computer")
    if not whole and gpu.line.code != "gpu_none":
        gpu = replace(gpu, result=UNKNOWN, line=Line(code="gpu_waits", values={"words": gpu.words}))
    yield gpu


async def _engine_fact(doctor: Doctor, name: str) -> Check:
    local = {"installed": installed, "permission": permission, "virtualisation": virtualisation, "wsl": wsl}
    if name in local:
        return local[name]()
    return _of(await doctor.one(name), group="engine")


def _of(tried: Tried, *, group: str) -> Check:
    """Return a fact that the doctor tried; its own words go along for the log."""
    result = PASSED if tried.ok else NEEDS_PERSON
    code = f"{tried.name}_ok" if tried.ok else f"{tried.name}_bad"
    if tried.name == "gpu" and tried.result == "no NVIDIA GPU":
        code = "gpu_none"
    if tried.name == "network" and not tried.needed:
        code, result = "network_not_joined", UNKNOWN
    command = _START.get(sys.platform, "") if tried.name == "engine" and not tried.ok else ""
    fix_code = "fix_start" if tried.name == "engine" and not tried.fix else f"fix_{tried.name}"
    fix = Line() if tried.ok else Line(code=fix_code, values={"words": tried.fix})
    return Check(
        name=tried.name,
        group=group,
        result=result,
        line=Line(code=code, values={"words": tried.result}),
        words=tried.result,
        fix=fix,
        command=command,
        needed=tried.needed,
    )


def installed() -> Check:
    """Tell whether there is any engine to start."""
    found = shutil.which("docker") or next((path for path in _sockets() if os.path.exists(path)), "")
    if found or os.environ.get("DOCKER_HOST"):
        words = found or os.environ.get("DOCKER_HOST", "")
        return Check(name="installed", result=PASSED, line=Line(code="installed_ok", values={"words": words}))
    return Check(
        name="installed",
        result=NEEDS_PERSON,
        line=Line(code="installed_bad"),
        fix=Line(code="fix_installed"),
        command=_INSTALL.get(sys.platform, ""),
    )


def _sockets() -> tuple[str, ...]:
    return ("/var/run/docker.sock", str(Path.home() / ".docker/run/docker.sock"), "/run/podman/podman.sock")


def permission() -> Check:
    """Tell whether this user may speak with the engine."""
    there = [path for path in _sockets() if os.path.exists(path)]
    if os.environ.get("DOCKER_HOST") or not there:
        return Check(name="permission", result=PASSED, line=Line(code="permission_later"))
    if os.access(there[0], os.R_OK | os.W_OK):
        line = Line(code="permission_ok", values={"words": there[0]})
        return Check(name="permission", result=PASSED, line=line)
    return Check(
        name="permission",
        result=NEEDS_PERSON,
        line=Line(code="permission_bad", values={"words": there[0]}),
        fix=Line(code="fix_permission"),
        command="sudo usermod -aG docker $USER",
    )


def virtualisation() -> Check:
    """Windows: whether the firmware lets virtual machines run."""
    import ctypes

    kernel = getattr(ctypes, "windll", None)
    is_on = bool(kernel and kernel.kernel32.IsProcessorFeaturePresent(21))
    if is_on:
        return Check(name="virtualisation", result=PASSED, line=Line(code="virtualisation_ok"))
    # With a hypervisor on top the firmware's own bit reads as off: not proven is not failed.
    return Check(name="virtualisation", result=PASSED, line=Line(code="virtualisation_unknown"))


def wsl() -> Check:
    """Windows: whether WSL 2 is there."""
    try:
        done = subprocess.run(["wsl.exe", "--version"], capture_output=True, timeout=20, check=False)
        words = done.stdout.decode("utf-16-le", "replace").splitlines()
    except (OSError, subprocess.TimeoutExpired):
        words, done = [], None
    if done is not None and done.returncode == 0 and words:
        return Check(name="wsl", result=PASSED, line=Line(code="wsl_ok", values={"words": words[0][-24:]}))
    return Check(
        name="wsl",
        result=NEEDS_PERSON,
        line=Line(code="wsl_bad"),
        fix=Line(code="fix_wsl"),
        command="wsl --update",
    )
