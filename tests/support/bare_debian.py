"""A bare Debian 12 in a folder, for what must work on a computer that has nothing of ours. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.arch.house import tool

SUITE = "bookworm"
#: `proc` is mounted for the one program alone, and ends with it.
_ENTER = (
    'mount -t proc proc "$1/proc" && root=$1 user=$2 && shift 2 && exec chroot --userspec="$user" "$root" "$@"'
)


class BareDebian:
    def __init__(self, root: Path, packages: Sequence[str]) -> None:
        images = tool("images")
        self.root = root
        # In a namespace of its own: what it mounts ends with it, also when it is killed.
        command = [
            "unshare",
            "--mount",
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(packages)}",
        ]
        self._do([*command, *images._apt_options(), SUITE, str(root), *images._mirrors()], limit_s=400)
        (root / "packages").mkdir()

    @staticmethod
    def can_be_made() -> bool:
        return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mmdebstrap") is not None

    def command(self, *words: str, user: str = "root") -> list[str]:
        """Return the command that runs a program inside, as a user of it."""
        group = user if user != "root" else "root"
        return ["unshare", "--mount", "sh", "-c", _ENTER, "sh", str(self.root), f"{user}:{group}", *words]

    def run(
        self, *words: str, user: str = "root", environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        plain = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return subprocess.run(
            self.command(*words, user=user),
            env={**plain, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def install(self, *debs: Path) -> None:
        """Install packages by themselves: what they depend on must be there."""
        for deb in debs:
            shutil.copyfile(deb, self.root / "packages" / deb.name)
        done = self.run("dpkg", "--install", *[f"/packages/{deb.name}" for deb in debs])
        assert done.returncode == 0, done.stdout + done.stderr

    def missing_libraries(self, folder: str, *, without: str = "no such name") -> dict[str, set[str]]:
        """Return which libraries the programs and libraries below a folder do not find."""
        which = 'find "$1" -type f \\( -name "*.so*" -o -perm -100 \\)'
        # A frozen program looks into this folder first.
        script = f'export LD_LIBRARY_PATH="$1/_internal"; {which} | while read -r file; do echo "@$file"; '
        script += 'ldd "$file" 2>/dev/null; done'
        done = self.run("sh", "-c", script, "sh", folder)
        missing: dict[str, set[str]] = {}
        name, seen = "", 0
        for line in done.stdout.splitlines():
            if line.startswith("@"):
                name, seen = line[1:], seen + 1
            elif "not found" in line and without not in name:
                missing.setdefault(line.split()[0], set()).add(name)
        assert seen > 50, done.stdout[-500:] + done.stderr[-500:]
        return missing

    @staticmethod
    def _do(command: Sequence[str], limit_s: float) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
