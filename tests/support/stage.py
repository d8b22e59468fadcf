"""A stage on which the commands of the documentation are typed as they stand: names, ports and folders of its own.

A network namespace makes `localhost:5000` this stage's alone; a home folder of its own the default data folders.
`python` and `hivemind` are on the path. What serves is started and left running until the stage is taken down.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Programs that serve until they are told to stop; each says `ready` first.
SERVES = re.compile(r"^(python -m (master_app serve|worker_app run\b)|hivemind-masterd serve|hivemind-agent run)")
LINE_S = 150
PASSWORD = "correct horse battery staple"
_SHOWN = ("core", "master_app", "worker_app", "resources", "docs", "pyproject.toml", "dev.py")


class Stage:
    """Use with `with`; needs root and iproute2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copy = folder / "hivemind"
        self._netns = f"hmd{secrets.token_hex(3)}"
        self._served: list[subprocess.Popen[str]] = []
        self._names: dict[str, str] = {}

    def __enter__(self) -> Stage:
        programs, home = self.folder / "bin", self.folder / "home"
        for path in (programs, home, self.copy):
            path.mkdir(parents=True)
        for name in _SHOWN:
            (self.copy / name).symlink_to(ROOT / name)
        self._program(programs / "python", f'exec {sys.executable} "$@"')
        self._program(programs / "hivemind", f'exec {sys.executable} -c "from core.cli import main; main()" "$@"')
        kept = ("DOCKER_HOST", "LD_LIBRARY_PATH", "TMPDIR")
        self.environ: dict[str, str] = {name: os.environ[name] for name in kept if name in os.environ}
        self.environ |= {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        self._root("ip", "netns", "add", self._netns)
        self._root("ip", "-n", self._netns, "link", "set", "lo", "up")
        return self

    def stop(self) -> None:
        """End what serves, the last first."""
        while self._served:
            process = self._served.pop()
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            if process.stdout is not None:
                process.stdout.close()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._root("ip", "netns", "del", self._netns)

    def type(self, block: str) -> str:
        """Run a block line by line as a shell does; return what it said. Fails with the line that failed."""
        said = ""
        for line in logical_lines(block):
            said += self.serve(line) if SERVES.match(line) else self.run(line)
        return said

    def run(self, line: str) -> str:
        """Run one line. Names that it sets last, as they do in a shell."""
        names = "".join(f"{name}={value!r}; " for name, value in self._names.items())
        after = "; ".join(f'printf "\\n@@{name}=%s" "${{{name}-}}"' for name in re.findall(r"^(\w+)=", line))
        script = f"{names}{line}" + (f" && {{ {after}; }}" if after else "")
        done = subprocess.run(
            [*self._inside(), "bash", "-c", script],
            cwd=self.copy,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LINE_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        self._names |= dict(re.findall(r"\n@@(\w+)=(.*)", done.stdout))
        return done.stdout + done.stderr

    def serve(self, line: str) -> str:
        """Start what serves; return its `ready` line."""
        log = self.folder / f"served-{len(self._served)}.log"
        with open(log, "wb") as err:
            process = subprocess.Popen(
                [*self._inside(), "bash", "-c", f"exec {line}"],
                cwd=self.copy,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                start_new_session=True,
            )
        self._served.append(process)
        assert process.stdout is not None
        for said in process.stdout:
            if said.startswith("ready"):
                return said
        raise AssertionError(f"{line}\nended with {process.wait(60)} instead of getting ready:\n{log.read_text()}")

    def _inside(self) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self._netns}"]

    def _program(self, path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)

    def _root(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)


def logical_lines(block: str) -> list[str]:
    """Return the commands of a block: continued lines joined, comments and empty lines dropped."""
    joined = re.sub(r"\\\n\s*", "", block)
    lines = [re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def blocks(page: str, language: str = "sh") -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.S | re.M)


def typed(line: str, rewrites: Mapping[str, str]) -> str:
    """Return a line as the test types it: where a person is asked for a password, standard input answers."""
    for pattern, replacement in rewrites.items():
        line = re.sub(pattern, replacement, line)
    return line
