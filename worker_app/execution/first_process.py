"""Process 1 of our containers: which program it is, how it gets there, and its greeting."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from core.domain.recipe import unix_text
from worker_app.agent.ports.sandbox import SandboxLost
from worker_app.execution.conductor import Conductor
from worker_app.execution.engine import Engine, ProgramAbsent
from worker_app.execution.policy import RUNNER_FOLDER

#: What the runner says on a Python that cannot run it.
TOO_OLD = "runner: needs Python"
#: -I and -S: nothing of the image's own Python set-up, and nothing of the packages, reaches the runner.
RUNNER_COMMAND = ("python3", "-I", "-S", "-B", f"{RUNNER_FOLDER}/runner.py", "/work", "/tmp:/dev/shm")


def runner_tar() -> tuple[bytes, str]:
    """Return a tar with the runner and the watchdog, readable for everyone, and its SHA-256."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("runner.py", "watchdog.sh"):
            code = unix_text(Path(__file__).with_name(name).read_bytes())
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(code), 0o444
            tar.addfile(entry, io.BytesIO(code))
    return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()


async def greet_runner(engine: Engine, container: str, disk_bytes: int, *, start: bool) -> Conductor:
    """Attach (before the start, so that nothing is missed) and wait for the runner's greeting."""
    stream = await engine.attach(container)
    conductor = Conductor(stream)
    conductor.disk_limit_bytes = disk_bytes
    try:
        if start:
            await engine.start(container)
        await conductor.hello()
    except BaseException as error:
        conductor.close()
        if isinstance(error, SandboxLost) and stream.last_words:
            words = stream.last_words.decode("utf-8", "replace").strip()[-300:]
            if words.startswith(TOO_OLD):
                raise ProgramAbsent(words) from error
            raise SandboxLost(f"{error.message}: {words}") from error
        raise
    return conductor
