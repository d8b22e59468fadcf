"""Packs the frozen programs as Debian packages: `python dev.py build --deb`.

    /opt/hivemind-master            what PyInstaller made
    /usr/bin/hivemind-masterd       its command line
    hivemind-master.service         off until somebody enables it
    a menu entry with its icon, the licences

The same for the worker. Nothing of the system's Python is used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINUX = ROOT / "resources" / "linux"
#: Of the windows; a headless computer leaves them out with --no-install-recommends.
WINDOW_LIBRARIES = (
    *("libegl1", "libgl1", "libdbus-1-3", "libfontconfig1", "libxkbcommon-x11-0"),
    *(
        "libxcb-cursor0",
        "libxcb-icccm4",
        "libxcb-image0",
        "libxcb-keysyms1",
        "libxcb-render-util0",
        "libxcb-shape0",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Package:
    name: str
    frozen: str
    command: str
    service: str
    user: str
    summary: str
    words: str
    suggests: tuple[str, ...]


PACKAGES: Mapping[str, Package] = {
    "master": Package(
        name="hivemind-master",
        frozen="HiveMind-Master",
        command="hivemind-masterd",
        service="hivemind-master",
        user="hivemind-master",
        summary="turns the computers that people already own into one pool: the master",
        words="Splits tasks, gives each piece to the node that fits best, keeps results and the ledger.",
        suggests=("postgresql", "wireguard-tools", "fonts-noto-cjk"),
    ),
    "worker": Package(
        name="hivemind-worker",
        frozen="HiveMind-Worker",
        command="hivemind-agent",
        service="hivemind-agent",
        user="hivemind-agent",
        summary="lends this computer to a HiveMind pool: the worker",
        words="Runs pieces of tasks in hardened containers and earns for it. Needs a container engine.",
        suggests=("fonts-noto-cjk",),
    ),
}

_POSTINST = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    if ! getent passwd {user} >/dev/null; then
        adduser --system --group --quiet --home /var/lib/{user} --no-create-home {user}
    fi
    # Commands of people come before the first start of the service: to join, to add a user.
    install --directory --owner={user} --group={user} --mode=0700 /var/lib/{user}
{arrival}    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload || true
    fi
fi
"""
_PRERM = """#!/bin/sh
set -e
if [ -d /run/systemd/system ] && [ "$1" = remove ]; then
    systemctl disable --now {service}.service || true
fi
{farewell}"""
#: The unit names the group of the engine, which may be installed later.
_ENGINE_GROUP = """    getent group docker >/dev/null || addgroup --system --quiet docker
"""
#: The engine outlives the package: what tasks left in it goes with us.
_CLEAN = """if [ "$1" = remove ] && [ -d /var/lib/{user} ]; then
    {command} clean --data-dir /var/lib/{user} || true
fi
"""


def release() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def architecture() -> str:
    done = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def control(package: Package, size_kb: int) -> str:
    recommends = [*WINDOW_LIBRARIES, *(["docker.io | docker-ce"] if package.name == "hivemind-worker" else [])]
    lines = {
        "Package": package.name,
        "Version": release(),
        "Architecture": architecture(),
        "Maintainer": "HiveMind <hivemind@justin0711.com>",
        "Installed-Size": str(size_kb),
        "Depends": "libc6 (>= 2.36), adduser",
        "Recommends": ", ".join(recommends),
        "Suggests": ", ".join(package.suggests),
        "Section": "net",
        "Priority": "optional",
        "Homepage": "https://hivemind.justin0711.com",
        "Description": f"{package.summary}\n {package.words}",
    }
    return "".join(f"{key}: {text}\n" for key, text in lines.items())


def lay_out(package: Package, frozen: Path, root: Path) -> None:
    """Fill `root` with what the package puts on a computer."""
    home = root / "opt" / package.name
    shutil.copytree(frozen / package.frozen, home, symlinks=True)
    command = root / "usr" / "bin" / package.command
    command.parent.mkdir(parents=True)
    command.symlink_to(f"/opt/{package.name}/{package.command}")
    for source, target in (
        (LINUX / f"{package.service}.service", f"usr/lib/systemd/system/{package.service}.service"),
        (LINUX / f"{package.name}.desktop", f"usr/share/applications/{package.name}.desktop"),
        (
            ROOT / "resources" / "icons" / "hivemind.svg",
            f"usr/share/icons/hicolor/scalable/apps/{package.name}.svg",
        ),
        (ROOT / "LICENSE.txt", f"usr/share/doc/{package.name}/copyright"),
        (ROOT / "docs" / "licences.md", f"usr/share/doc/{package.name}/licences.md"),
    ):
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / target)
    size_kb = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    debian = root / "DEBIAN"
    debian.mkdir()
    (debian / "control").write_text(control(package, size_kb), encoding="utf-8")
    for name, text in (("postinst", _POSTINST), ("prerm", _PRERM)):
        script = debian / name
        words = {"user": package.user, "service": package.service, "arrival": "", "farewell": ""}
        if package.service == "hivemind-agent":
            words["arrival"] = _ENGINE_GROUP
            words["farewell"] = _CLEAN.format(user=package.user, command=package.command)
        filled = text.format(**words)
        script.write_text(filled, encoding="ascii")
        script.chmod(0o755)
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def build(names: Sequence[str], frozen: Path, target: Path, compression: str = "xz") -> list[Path]:
    """Pack what was frozen into `frozen`, with the SHA-256 of each beside it; return the packages."""
    made = []
    for name in names:
        package = PACKAGES[name]
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / package.name
            root.mkdir()
            lay_out(package, frozen, root)
            file = target / f"{package.name}_{release()}_{architecture()}.deb"
            command = ["dpkg-deb", "--build", "--root-owner-group", f"-Z{compression}", str(root), str(file)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"debian: dpkg-deb failed: {done.stderr.strip()}")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        file.with_name(f"{file.name}.sha256").write_text(f"{digest}  {file.name}\n", encoding="ascii")
        made.append(file)
    return made


def main() -> None:
    names = [name for name in sys.argv[1:] if name in PACKAGES] or list(PACKAGES)
    for path in build(names, ROOT / "dist", ROOT / "dist"):
        print(f"debian: {path} ({path.stat().st_size >> 20} MiB)")


if __name__ == "__main__":
    main()
