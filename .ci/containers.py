"""Builds the images of master and agent, hivemind/master and hivemind/agent: `python dev.py containers`.

The wheel of this checkout goes into an image with the locked packages of `resources/docker/requirements.txt`.
Where Debian's own image cannot be pulled the base is made from packages, as for the catalogue (.ci/images.py).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import images

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "resources" / "docker"
TARGETS = ("master", "agent")
CONTEXT = ("Dockerfile", "packages.txt", "requirements.txt", "install.sh", "healthy.py")


def wheel() -> bytes:
    """Return the wheel of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"containers: the wheel could not be built:\n{(done.stdout + done.stderr)[-3000:]}")
        return next(Path(folder).glob("*.whl")).read_bytes()


def context() -> bytes:
    files = {name: (DOCKER / name).read_bytes() for name in CONTEXT} | {"hivemind.whl": wheel()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def build(names: tuple[str, ...] = TARGETS, *, suffix: str = "") -> list[str]:
    """Build the images and return their names. `suffix`: a tag other than `latest`."""
    files = {name: (DOCKER / name).read_bytes() for name in ("packages.txt", "requirements.txt")}
    here = images.can_make_roots()
    base = images.debian_base(files) if here else "debian:bookworm-slim"
    packed, made = context(), []
    for name in names:
        tag = f"hivemind/{name}{suffix}"
        command = ["docker", "build", "--force-rm", "--target", name, "--tag", tag, "--build-arg", f"BASE={base}"]
        command += [*(("--network", "none") if here else ()), "-"]
        environment = {**os.environ, "DOCKER_BUILDKIT": "0"} if here else None
        done = subprocess.run(command, input=packed, env=environment, capture_output=True, check=False)
        if done.returncode:
            tail = (done.stdout + done.stderr).decode(errors="replace").strip()[-3000:]
            raise SystemExit(f"containers: {tag} could not be built on {base}:\n{tail}")
        made.append(tag)
    return made


if __name__ == "__main__":
    for each in build():
        print(f"containers: {each} is ready")
