"""Builds the catalogue images that tests and demo need, once per machine and recipe, also where nothing can
be pulled.

The build contexts take their base as an argument. Where Debian's own image cannot be pulled, the same
packages are put into a root by mmdebstrap (and pip, for the wheels), imported as the base, and the same
Dockerfile finishes it: the recipe label is that of the context, so nodes treat the result as the image
itself.

    python .ci/images.py [NAME ...]      names of the catalogue; all but the CUDA image by default
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.domain.recipe import RECIPE_LABEL, recipe_digest, unix_text  # noqa: E402

IMAGES = ROOT / "resources" / "images"
SUITE = "bookworm"
PYTHON = "3.11"
DEFAULT_NAMES = ("hivemind/minimal", "hivemind/python")
DEBIAN_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def cache_folder() -> Path:
    """Return where roots are kept between runs, for this user."""
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "hivemind-dev"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def context_files(context: str) -> dict[str, bytes]:
    """Return the files of a build context by their path, as the recipe counts them."""
    folder = IMAGES / context
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def ensure(name: str, *, say: bool = True) -> str:
    """Make sure that the engine has the image `name` of the catalogue in its present recipe; return the
    recipe.
    """
    with open(IMAGES / "catalogue.toml", "rb") as stream:
        entry = tomllib.load(stream)["images"][name]
    files = context_files(entry["context"])
    recipe = recipe_digest(files)
    if _label(name) == recipe:
        return recipe
    started = time.monotonic()
    base = debian_base(files) if can_make_roots() and not entry["gpu"] else str(entry["base"])
    if say:
        print(f"images: building {name} on {base}", flush=True)
    _build(name, files, base, recipe)
    if say:
        size = int(_docker("image", "inspect", "--format", "{{.Size}}", name)) / 1e6
        print(f"images: {name} is ready: {size:.0f} MB in {time.monotonic() - started:.1f} s", flush=True)
    return recipe


def _build(name: str, files: dict[str, bytes], base: str, recipe: str) -> None:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(unix_text(content))
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(unix_text(content)))
    command = ["docker", "build", "--force-rm", "--tag", name, "--build-arg", f"BASE={base}"]
    # Everything is in the base already; a build that wants the network would differ from machine to machine.
    command += ["--network", "none"]
    command += ["--label", f"{RECIPE_LABEL}={recipe}", "-"]
    done = subprocess.run(command, input=context.getvalue(), capture_output=True, check=False)
    if done.returncode:
        tail = (done.stdout + done.stderr).decode(errors="replace").strip()[-3000:]
        raise SystemExit(f"images: {name} could not be built on {base}:\n{tail}")


def debian_base(files: dict[str, bytes]) -> str:
    """Return an image with the packages of the context in it, made from Debian's packages and the wheels."""
    packages = unix_text(files["packages.txt"])
    wheels = unix_text(files.get("requirements.txt", b""))
    source = b"\0".join([SUITE.encode(), platform.machine().encode(), packages, wheels])
    key = hashlib.sha256(source).hexdigest()[:16]
    tag = f"hivemind-base:{key}"
    if subprocess.run(["docker", "image", "inspect", tag], capture_output=True, check=False).returncode == 0:
        return tag
    root = cache_folder() / f"root-{key}.tar"
    if not root.is_file():
        _make_root(root, packages.decode().split(), wheels)
    _docker("import", str(root), tag)
    return tag


def _make_root(root: Path, packages: list[str], wheels: bytes) -> None:
    print(f"images: making a root of {len(packages)} Debian packages (once per machine)", flush=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        unfinished = Path(scratch) / "root.tar"
        command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract"]
        command += [f"--include={','.join(packages)}", "--dpkgopt=path-exclude=/usr/share/doc/*"]
        command += ["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]
        command += _apt_options()
        _run([*command, SUITE, str(unfinished), *_mirrors()])
        if wheels:
            _add_wheels(unfinished, Path(scratch), wheels)
        os.replace(unfinished, root)


def _add_wheels(root: Path, scratch: Path, wheels: bytes) -> None:
    print("images: adding the wheels", flush=True)
    requirements, target = scratch / "requirements.txt", scratch / "wheels"
    requirements.write_bytes(wheels)
    machine = platform.machine()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--target", str(target), "--python-version", PYTHON]
    command += [
        "--implementation",
        "cp",
        "--abi",
        f"cp{PYTHON.replace('.', '')}",
        "--abi",
        "abi3",
        "--abi",
        "none",
    ]
    for level in ("_2_28", "_2_27", "_2_24", "_2_17", "2014"):
        command += ["--platform", f"manylinux{level}_{machine}"]
    _run([*command, "-r", str(requirements)])

    def as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode |= 0o555 if member.isdir() else 0o444
        return member

    with tarfile.open(root, "a") as archive:
        archive.add(target, f"./usr/local/lib/python{PYTHON}/dist-packages", filter=as_root)


def can_make_roots() -> bool:
    known = platform.machine() in DEBIAN_ARCHITECTURES
    return known and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mmdebstrap") is not None


def _mirrors() -> list[str]:
    """Return this machine's own apt sources when it runs the same release; mmdebstrap's default otherwise."""
    release = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
    if f"VERSION_CODENAME={SUITE}" not in release:
        return []
    folder = Path("/etc/apt/sources.list.d")
    found = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    ours = [path for path in found if path.is_file() and "debian" in path.read_text(encoding="utf-8")]
    return [str(path) for path in ours]


def _apt_options() -> list[str]:
    """Return this machine's way to its mirror (a proxy, its certificates), which mmdebstrap does not read
    itself.
    """
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Retries")
    return [f"--aptopt={line}" for line in dump.splitlines() if line.startswith(wanted) and '""' not in line]


def _label(name: str) -> str:
    form = '{{index .Config.Labels "' + RECIPE_LABEL + '"}}'
    command = ["docker", "image", "inspect", "--format", form, name]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _docker(*arguments: str) -> str:
    return _run(["docker", *arguments]).strip()


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{(done.stdout + done.stderr).strip()[-3000:]}")
    return done.stdout


def main(names: list[str]) -> None:
    for name in names or DEFAULT_NAMES:
        ensure(name)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
