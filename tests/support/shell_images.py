"""Images without Python, built from this Debian's own busybox and dash: for what runs under the watchdog."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.support.engine import absent, docker, ensure_engine

#: busybox: its shell and its applets. dash: a shell whose `read` knows no time limit, with the same applets.
SHELLS = ("busybox", "dash")
APPLETS = (
    "sleep cat ls mkdir rm mkfifo du true head grep printf ln touch seq yes test wc tr dd env chmod stat id sort "
    "mv truncate"
)


def ensure_shell_image(shell: str) -> str:
    """Have the image of that shell and return its name."""
    ensure_engine()
    name = f"hivemind-test/{shell}:2"
    if docker("images", "-q", name):
        return name
    if shutil.which("busybox") is None or shutil.which("dash") is None:
        absent("busybox-static or dash is not installed")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for folder in ("bin", "etc", "tmp", "work"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        _add(tar, Path(str(shutil.which("busybox"))), "bin/busybox")
        for applet in APPLETS.split():
            _link(tar, f"bin/{applet}", "busybox")
        if shell == "busybox":
            _link(tar, "bin/sh", "busybox")
        else:
            _add(tar, Path(str(shutil.which("dash"))), "bin/sh")
            for library in _libraries(Path(str(shutil.which("dash")))):
                _add(tar, library, str(library).lstrip("/"))
    subprocess.run(["docker", "import", "-", name], input=content.getvalue(), check=True, capture_output=True)
    return name


def _add(tar: tarfile.TarFile, file: Path, path: str) -> None:
    entry = tarfile.TarInfo(path)
    content = file.resolve().read_bytes()
    entry.size, entry.mode = len(content), 0o755
    tar.addfile(entry, io.BytesIO(content))


def _link(tar: tarfile.TarFile, path: str, target: str) -> None:
    entry = tarfile.TarInfo(path)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _libraries(program: Path) -> list[Path]:
    said = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", said)]
