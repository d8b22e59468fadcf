"""A pool of real processes on this computer, for the demo and the end-to-end tests: a master and its agents.

Every process is started here and ended here, by its id. Doors are free ports of loopback.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.built import program
from tests.support.network import MASTER, Network

ROOT = Path(__file__).resolve().parent.parent.parent
#: Frozen, where HIVEMIND_BUILT names a folder of them: the end-to-end tests then try those.
MASTER_PROGRAM = program("master_app")
WORKER_PROGRAM = program("worker_app")
START_S = 60.0
STOP_S = 60.0


class Program:
    """One process that says `ready ...` on its standard output when it serves."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        line_in: str = "",
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self._asked = False
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict(environ or {})
        with open(log, "ab") as err:
            self.process = subprocess.Popen(
                list(command),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                # Its own group: Ctrl-C is for us, and we end it in order.
                start_new_session=os.name != "nt",
            )
        assert self.process.stdin is not None
        self.process.stdin.write(line_in)
        self.process.stdin.close()

    def ready(self) -> str:
        """Return the line that says where the doors are; raise RuntimeError when it ended instead."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ready "):
                return line.strip()
        self.process.wait(STOP_S)
        self.process.stdout.close()
        tail = self._log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"a program ended with {self.process.returncode} instead of getting ready:\n{tail}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def ask_to_end(self) -> None:
        """Ask it to end, once: a second time would mean at once."""
        if self.process.poll() is None and not self._asked:
            self._asked = True
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to end and return its exit code; it is killed when it does not."""
        if self.process.poll() is None:
            self.ask_to_end()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return int(self.process.returncode)


class Pool:
    """A master and agents in one folder. Use with `with`."""

    def __init__(
        self,
        folder: Path,
        runtime: str,
        network: Network | None = None,
        *,
        master: Sequence[str] = MASTER_PROGRAM,
        worker: Sequence[str] = WORKER_PROGRAM,
    ) -> None:
        """With a network, each program runs in its namespace, at fixed ports.

        `master` and `worker`: how the programs are started, where not from these sources.
        """
        self.folder = folder
        self._master_program = tuple(master)
        self._worker_program = tuple(worker)
        self.network = network
        #: More flags of the master, and variables of all programs.
        self.master_flags: list[str] = []
        self.environ: dict[str, str] = {}
        self.runtime = runtime
        self.password = secrets.token_urlsafe(12)
        self.url = ""
        self.master: Program | None = None
        self.agents: dict[str, Program] = {}
        self.doors = {"web": "127.0.0.1:0", "node": "127.0.0.1:0", "control": "127.0.0.1:0"}
        if network is not None:
            self.doors = {"web": f"{network.web_address}:5000", "node": "0.0.0.0:50051"}
            self.doors["control"] = "0.0.0.0:50052"
            # The link to the test stands for a proxy; plain HTTP is for loopback alone.
            self.master_flags = ["--public-name", MASTER, "--behind-proxy"]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self.agents.values():
            agent.ask_to_end()
        for agent in self.agents.values():
            agent.stop()
        if self.master is not None:
            self.master.stop()

    @property
    def data_dir(self) -> Path:
        return self.folder / "master"

    def start_master(self) -> str:
        """Start the master, at the doors that it had before when it is started again; return its address."""
        arguments = [*self._master_program, "serve", "--data-dir", str(self.data_dir)]
        for name, door in self.doors.items():
            arguments += [f"--{name}", door]
        self.master = self._program("master", [*arguments, *self.master_flags])
        line = self.master.ready()
        found = dict(part.split("=", 1) for part in line.split()[1:])
        if self.network is None:
            self.doors = {name: door.removeprefix("http://") for name, door in found.items()}
        self.url = found["web"]
        return self.url

    def _program(self, member: str, arguments: Sequence[str], line_in: str = "") -> Program:
        command = [*self._prefix(member), *arguments]
        return Program(command, self.folder / f"{member}.log", line_in, environ=self.environ)

    def _prefix(self, member: str) -> list[str]:
        return self.network.prefix(member) if self.network is not None else []

    def admin(self, *arguments: str, line_in: str = "") -> str:
        """Run an admin command of the master and return what it printed."""
        done = subprocess.run(
            [
                *self._prefix("master"),
                *self._master_program,
                *arguments,
                "--data-dir",
                str(self.data_dir),
            ],
            cwd=ROOT,
            input=line_in,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def add_user(self, name: str, *roles: str) -> None:
        flags = [flag for role in roles for flag in ("--role", role)]
        self.admin("user", "add", name, *flags, "--password-stdin", line_in=f"{self.password}\n")

    def start_agent(self, name: str, owner: str, slots: int = 2) -> Program:
        """Start an agent; the first time it joins by a link of its own. Not waited for: see `Program.ready`."""
        folder = self.folder / name
        arguments = [*self._worker_program, "run", "--data-dir", str(folder), "--slots", str(slots)]
        arguments += ["--runtime", self.runtime]
        link = ""
        if not (folder / "identity.json").exists():
            link = self.admin("join-link", "--owner", owner, "--name", name) + "\n"
            arguments += ["--join", "-"]
        self.agents[name] = self._program(name, arguments, link)
        return self.agents[name]


def engine_answers() -> bool:
    """Tell whether a container engine answers on this computer."""
    try:
        done = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def wait_for(what: str, is_so: object, timeout_s: float = 60.0) -> None:
    """Wait until `is_so()` is true; raise TimeoutError naming what did not happen."""
    assert callable(is_so)
    until = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not happen within {timeout_s:.0f} s")
        time.sleep(0.1)
