"""Where things are on this computer, and folders and files that only their owner can read.

POSIX modes are set and checked. On Windows the folders stand below %LOCALAPPDATA%, which other users cannot
open, and what is made inside inherits that.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal

import platformdirs

from core.domain.errors import StorageUnavailable

App = Literal["master", "worker", "client"]

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
#: Of each program in a frozen folder the headless twin and the windowed one. Not one name in other letters:
#: Windows does not tell those apart.
_FROZEN_PROGRAMS: Final = {
    "master_app": ("hivemind-masterd", "HiveMind-Master"),
    "worker_app": ("hivemind-agent", "HiveMind-Worker"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """The folders of one program of one user. None is made until `private_folder` is asked to."""

    data: Path
    config: Path
    cache: Path
    logs: Path


def folders(app: App, *, data_dir: Path | None = None) -> Folders:
    """Return the folders of `app` for this user; with `data_dir` everything stands inside it (side by side
    runs).
    """
    if data_dir is not None:
        root = data_dir.expanduser().absolute()
        return Folders(data=root, config=root, cache=root / "cache", logs=root / "logs")
    dirs = platformdirs.PlatformDirs("hivemind", appauthor=False, roaming=False)
    return Folders(
        data=Path(dirs.user_data_path) / app,
        config=Path(dirs.user_config_path) / app,
        cache=Path(dirs.user_cache_path) / app,
        logs=Path(dirs.user_log_path) / app,
    )


def private_folder(path: Path) -> Path:
    """Make `path` (and what is missing above it) if needed and return it; only its owner can enter it.

    A folder that others could read is closed to them. One that belongs to somebody else is refused, because
    its owner could replace what we trust in it.
    """
    try:
        path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        if os.name == "posix":
            status = path.stat()
            if status.st_uid != os.geteuid():
                raise StorageUnavailable(
                    f"The folder {path} belongs to another user of this computer.",
                    code="FOLDER_NOT_OURS",
                    fix="Choose another folder, or start the program as the user who owns it.",
                )
            if status.st_mode & 0o077:
                path.chmod(_FOLDER_MODE)
    except OSError as error:
        raise StorageUnavailable(
            f"The folder {path} cannot be used: {error.strerror}.",
            code="FOLDER_UNUSABLE",
            fix="Choose a folder that this user may write to.",
        ) from error
    return path


def private_opener(path: str, flags: int) -> int:
    """Open for `open(..., opener=private_opener)`: a file made this way can be read by its owner alone."""
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), _FILE_MODE)


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durably and owner-only; a reader sees the old file or the new
    one.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with open(temporary, "xb", opener=private_opener) as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable. Windows cannot open a folder for that and orders its journal
    itself.
    """
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def resources() -> Path:
    """Return the folder of icons, texts, image recipes and examples: frozen, installed, or a checkout."""
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        return Path(bundle) / "resources"
    here = Path(__file__).resolve().parent
    installed = here / "resources"
    return installed if installed.is_dir() else here.parent / "resources"


def program(
    name: str,
    *,
    window: bool = False,
    executable: Path | None = None,
    frozen: bool | None = None,
    windows: bool | None = None,
) -> tuple[str, ...]:
    """Return the start of the command line that runs `master_app` or `worker_app` on this installation: headless,
    or its window.

    Frozen programs name the twin beside the running one; otherwise this Python runs the module. The last three
    keywords exist for tests; leave them out.
    """
    stem = _FROZEN_PROGRAMS[name][window]
    binary = Path(sys.executable) if executable is None else executable
    if not (getattr(sys, "frozen", False) if frozen is None else frozen):
        return (str(binary), "-m", name)
    suffix = ".exe" if (os.name == "nt" if windows is None else windows) else ""
    return (str(binary.parent / f"{stem}{suffix}"),)


def lock_exclusively(file: IO[bytes]) -> None:
    """Lock an open file or raise OSError at once. The operating system gives it back when the process ends."""
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
