"""A container engine of a test's own, which it may kill and start again: its own data, socket and pid file."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.engine import absent
from tests.support.pool import wait_for

IMAGE = "hivemind/minimal:latest"


class OwnEngine:
    """Use with `with`. `address` is for DOCKER_HOST; nothing of it is left at the end."""

    def __init__(self) -> None:
        if os.name != "posix" or os.geteuid() != 0 or shutil.which("dockerd") is None:
            absent("an engine of its own needs root and dockerd")
        # Short: a socket's path has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="hm-engine-"))
        self.address = f"unix://{self.folder / 'docker.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> OwnEngine:
        try:
            self.start()
            saved = subprocess.Popen(["docker", "save", IMAGE], stdout=subprocess.PIPE)
            subprocess.run(
                ["docker", "-H", self.address, "load", "-q"], stdin=saved.stdout, check=True, timeout=120
            )
            assert saved.stdout is not None
            saved.stdout.close()
            saved.wait(60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for mounted in sorted(_mounts_below(self.folder), reverse=True):
            subprocess.run(["umount", "-l", mounted], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        command = ["dockerd", "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec")]
        command += ["--pidfile", str(self.folder / "pid"), "-H", self.address]
        command += ["--bridge", "none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        wait_for("the engine of the test", self.answers)

    def stop(self) -> None:
        """Stop it as a system does; the containers end with it."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def answers(self) -> bool:
        command = ["docker", "-H", self.address, "version"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def list(self, *arguments: str) -> list[str]:
        """Run a listing command on it and return its lines."""
        command = ["docker", "-H", self.address, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line.split()[1] for line in lines if line.split()[1].startswith(str(folder))]
