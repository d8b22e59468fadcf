"""Folders of an attempt that runs as a plain process, and the pieces that it writes; on any system."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import psutil

from worker_app.agent.ports.sandbox import CollectedFile, CollectOrder, OutputRefused
from worker_app.execution.globs import glob_to_regex, roots_of
from worker_app.execution.outputs import Collection

PIECE: Final = 64 << 10
PIECES_MAX: Final = 32
_NAMED: Final = ("out", "checkpoint")
WRITABLE: Final = ("run", "out", "item", "checkpoint", "log", "tmp")
_KINDS: Final = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}


class Pieces:
    """What a program writes, in the order of arrival; bounded. MUST be made on the event loop."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()
        self._room = threading.Semaphore(PIECES_MAX)
        self._open = 2
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            assert pipe is not None
            threading.Thread(target=self._read, args=(name, pipe), name="plain-output", daemon=True).start()

    async def next(self) -> tuple[str, bytes] | None:
        """Return the next piece, None once both streams have ended."""
        while self._open:
            piece = await self._pieces.get()
            if piece is not None:
                self._room.release()
                return piece
            self._open -= 1
        return None

    def _read(self, name: str, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            while content := os.read(pipe.fileno(), PIECE):
                self._room.acquire()
                self._loop.call_soon_threadsafe(self._pieces.put_nowait, (name, content))
        with contextlib.suppress(OSError, RuntimeError):
            pipe.close()
            self._loop.call_soon_threadsafe(self._pieces.put_nowait, None)


def fill_run(root: Path, *, copy: bool) -> dict[str, tuple[int, int]]:
    """Fill the working folder with the bundle, and with names for results and checkpoint; return size and time of
    each file that was copied because the task wants to write to it.
    """
    run = root / "run"
    for name in _NAMED:
        link(run / name, root / name)
    for entry in (root / "src").iterdir():
        if not copy:
            link(run / entry.name, entry)
        elif entry.is_dir():
            shutil.copytree(entry, run / entry.name, copy_function=copy_writable)
        else:
            copy_writable(str(entry), str(run / entry.name))
    if not copy:
        return {}
    return {path: (info.st_size, info.st_mtime_ns) for path, _, info in files_below(run, "")}


def link(path: Path, target: Path) -> None:
    """Let `path` stand for `target`: a link; where those need a privilege, a junction; else a copy."""
    if sys.platform != "win32":
        path.symlink_to(target)
    elif target.is_dir():
        import _winapi

        try:
            _winapi.CreateJunction(str(target), str(path))
        except OSError:
            # A file system without them, such as exFAT. What is written there is brought over at the end.
            shutil.copytree(target, path, copy_function=copy_writable, dirs_exist_ok=True)
    else:
        shutil.copyfile(target, path)


def bring_over(root: Path) -> None:
    """Move what was written beside the folders of results and checkpoint, where nothing could stand for those."""
    for name in _NAMED:
        beside = root / "run" / name
        if not beside.is_dir() or is_link(beside):
            continue
        for path, place, _ in list(files_below(beside, "")):
            target = root / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, target)
        shutil.rmtree(beside)


def is_link(path: Path) -> bool:
    """Tell whether a name stands for something elsewhere, by whatever means of this system."""
    info = os.lstat(path)
    reparse = getattr(info, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)
    return stat.S_ISLNK(info.st_mode) or bool(reparse)


def copy_writable(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    os.chmod(target, os.stat(source).st_mode | stat.S_IWUSR)
    return target


def empty(folder: Path) -> None:
    """Remove everything in a folder; what a link stands for stays."""
    for entry in list(folder.iterdir()):
        if is_link(entry):
            # A junction is removed as a folder, which leaves its target alone.
            (os.rmdir if sys.platform == "win32" and entry.is_dir() else os.unlink)(entry)
        elif entry.is_dir():
            _let_in(entry)
            shutil.rmtree(entry)
        else:
            entry.chmod(stat.S_IWUSR | stat.S_IRUSR)
            entry.unlink()


def _let_in(folder: Path) -> None:
    folder.chmod(0o700)
    for path, names, files in os.walk(folder):
        for name in (*names, *files):
            with contextlib.suppress(OSError):
                if not is_link(Path(path, name)):
                    os.chmod(os.path.join(path, name), 0o700)


def files_below(folder: Path, prefix: str) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Yield relative path, place and status of everything but folders, in order; no link is followed."""
    for entry in sorted(folder.iterdir()):
        info = os.lstat(entry)
        if stat.S_ISDIR(info.st_mode) and not is_link(entry):
            yield from files_below(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry, info


def bytes_below(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total


def collect_from(root: Path, order: CollectOrder, unchanged: dict[str, tuple[int, int]]) -> list[CollectedFile]:
    """Copy results out, each a plain file. Raises OutputRefused; then nothing of it stays."""
    import re

    patterns = [re.compile(glob_to_regex(glob)) for glob in order.include + order.required]
    required = {glob: re.compile(glob_to_regex(glob)) for glob in order.required}
    found: set[str] = set()
    collection = Collection(order)
    try:
        for top in ["run", "out"] if order.changes else roots_of(order.include + order.required):
            for path, place, info in files_below(root / top, "" if top == "run" else f"{top}/"):
                if top == "run" and "/" not in path and _is_ours(root, place):
                    continue
                if order.changes:
                    if unchanged.get(path) == (info.st_size, info.st_mtime_ns):
                        continue
                elif not any(pattern.match(path) for pattern in patterns):
                    continue
                found.update(glob for glob, pattern in required.items() if pattern.match(path))
                _keep(collection, path, place, info)
        missing = [glob for glob in required if glob not in found]
        if missing:
            raise OutputRefused(f"missing: {', '.join(missing[:5])}")
        return list(collection.finish())
    except OSError as error:
        collection.abandon()
        raise OutputRefused(f"a result cannot be read: {error}") from error
    except BaseException:
        collection.abandon()
        raise


def _is_ours(root: Path, place: Path) -> bool:
    """Tell whether a name at the top of the working folder is what we put there."""
    if is_link(place):
        return os.path.realpath(place) in (str(root / "src" / place.name), str(root / place.name))
    source = root / "src" / place.name
    return sys.platform == "win32" and source.is_file() and source.read_bytes() == place.read_bytes()


def _keep(collection: Collection, path: str, place: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode) or is_link(place):
        raise OutputRefused(f"{path} is {_KINDS.get(stat.S_IFMT(info.st_mode), 'no plain file')}")
    collection.start(path, info.st_size, executable=bool(info.st_mode & 0o100))
    with open(place, "rb") as reader:
        while piece := reader.read(1 << 20):
            collection.write(piece)


def tree_of(process: subprocess.Popen[bytes] | None) -> list[psutil.Process]:
    """Return a program and everything that it started, as far as it can be seen."""
    if process is None:
        return []
    try:
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def remove_root(root: Path) -> None:
    """Remove a sandbox's folder with everything in it."""
    for name in (*WRITABLE, "src", "parts"):
        with contextlib.suppress(OSError):
            empty(root / name)
    shutil.rmtree(root, ignore_errors=True)
