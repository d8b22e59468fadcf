"""Zips that people really have: judged before anything is written, then unpacked into the content store.

    listing = list_zip(path)          names decoded and judged; problems, and what was changed
    kept = keep_zip(path, listing, store)
    pack_folder(folder, target)       what the command line sends
    stream_zip(files)                 a result on its way out, never whole in memory or on disk

Names are UTF-8, else CP950 (Traditional Chinese Windows); a single top folder is stripped; folders that never
belong to a task are skipped; names become NFC, and only real collisions are refused.
"""

from __future__ import annotations

import hashlib
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from core.blobs.store import CHUNK_BYTES, BlobStore, BlobWriter
from core.domain.bundle import OWN_BLOB_BYTES, PACK_BYTES, FileEntry
from core.domain.errors import Invalid, Problem

MAX_ZIP_BYTES = 2 << 30
MAX_ENTRIES = 100_000
MAX_RATIO = 100
#: Small archives may compress better than MAX_RATIO without being bombs.
RATIO_FREE_BYTES = 16 << 20
MAX_UNPACKED_BYTES = 20 << 30
MAX_PATH_BYTES = 1000
MAX_NAME_BYTES = 240
MAX_DEPTH = 32
MAX_PROBLEMS = 20
SKIPPED_FOLDERS = frozenset(
    {"__MACOSX", ".git", ".hg", ".svn", "venv", ".venv", "__pycache__", "node_modules", ".mypy_cache",
     ".pytest_cache", ".ipynb_checkpoints", ".idea", ".vscode"}
)  # fmt: skip
SKIPPED_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
#: Names at the top that the container contract uses itself.
RESERVED_TOP = frozenset({"out", "checkpoint", "item"})


@dataclass(frozen=True, slots=True)
class Member:
    """One file that will be kept: its clean path, and where it stands in the archive."""

    path: str
    size: int
    mode: int
    info: zipfile.ZipInfo


@dataclass(slots=True)
class Listing:
    """What is in a zip. Nothing may be unpacked while there are problems."""

    members: list[Member] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: What was changed or left out, in words.
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBundle:
    """A bundle in the store. `blobs` are all that it consists of, its index included."""

    bundle_id: str
    entries: tuple[FileEntry, ...]
    blobs: tuple[str, ...]
    size: int


def list_zip(path: Path) -> Listing:
    """Read and judge a zip's directory. Never raises for what a person sent: problems say it."""
    listing = Listing()
    try:
        if path.stat().st_size > MAX_ZIP_BYTES:
            _refuse(listing, "ZIP_TOO_LARGE", "The zip is larger than 2 GiB.", "Leave out what is not needed.")
            return listing
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        _refuse(
            listing,
            "ZIP_BROKEN",
            f"This is not a zip that can be read ({error}).",
            "Make the zip again; if it was sent over a network, send it again.",
        )
        return listing
    if len(infos) > MAX_ENTRIES:
        _refuse(
            listing,
            "ZIP_TOO_MANY_FILES",
            f"The zip has {len(infos):,} entries; at most {MAX_ENTRIES:,} are taken.",
            "Put small files together, for example into one archive that your program reads.",
        )
        return listing
    _judge_sizes(listing, infos, path.stat().st_size)
    _judge_names(listing, infos)
    return listing


def keep_zip(path: Path, listing: Listing, store: BlobStore) -> KeptBundle:
    """Unpack a judged zip into the store. Raises Invalid for damage found on the way, StorageFull."""
    if listing.problems:
        raise Invalid("The zip was refused.", listing.problems, code="ZIP_REFUSED")
    keeper = _Keeper(store)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in listing.members:
                with archive.open(member.info) as source:
                    keeper.add(member.path, member.size, member.mode, source.read)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        keeper.abort()
        raise Invalid(
            f"The zip is damaged: {error}.", code="ZIP_BROKEN", fix="Make the zip again and send it again."
        ) from error
    except BaseException:
        keeper.abort()
        raise
    return keeper.close()


def keep_folder(folder: Path, store: BlobStore) -> KeptBundle:
    """Put a folder of this machine into a store, by the same rules as a zip of it."""
    keeper = _Keeper(store)
    try:
        for path, relative in folder_files(folder):
            mode = 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644
            with open(path, "rb") as source:
                keeper.add(relative, path.stat().st_size, mode, source.read)
    except BaseException:
        keeper.abort()
        raise
    return keeper.close()


def folder_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (path, name in the bundle) of what belongs to a task, in path order. Links are left out."""
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or _is_skipped(relative.parts):
            continue
        found.append((unicodedata.normalize("NFC", relative.as_posix()), path))
    for name, path in sorted(found):
        yield path, name


def pack_folder(folder: Path, target: Path) -> int:
    """Write a zip of a folder, without what never belongs to a task; return how many files it has."""
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=6) as archive:
        for path, name in folder_files(folder):
            archive.write(path, name)
            count += 1
    return count


def stream_zip(files: Iterable[tuple[str, int, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a zip of (name, mode, content pieces), stored without compression, as it is made."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, mode, pieces in files:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            with archive.open(info, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
                    yield from sink.drain()
            yield from sink.drain()
    yield from sink.drain()


class _Sink:
    """A file that zipfile writes to and cannot seek in; what is written is taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._pieces.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def drain(self) -> list[bytes]:
        pieces, self._pieces = self._pieces, []
        return pieces


class _Keeper:
    """Puts files into the store in path order: large ones alone, small ones in packs."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._entries: list[FileEntry] = []
        self._blobs: dict[str, None] = {}
        self._pack: BlobWriter | None = None
        #: Entries whose pack is not finished, so that its name is not known yet.
        self._packed: list[tuple[str, int, str, int, int]] = []

    def add(self, path: str, size: int, mode: int, read: Callable[[int], bytes]) -> None:
        if size >= OWN_BLOB_BYTES:
            self._add_large(path, size, mode, read)
            return
        content = read(size + 1)
        _check_size(path, len(content), size)
        if self._pack is None:
            self._pack = self._store.writer()
        digest = hashlib.sha256(content).hexdigest()
        self._packed.append((path, size, digest, mode, self._pack.size))
        self._pack.write(content)
        if self._pack.size >= PACK_BYTES - OWN_BLOB_BYTES:
            self._finish_pack()

    def _add_large(self, path: str, size: int, mode: int, read: Callable[[int], bytes]) -> None:
        with self._store.writer() as writer:
            while piece := read(CHUNK_BYTES):
                writer.write(piece)
                if writer.size > size:
                    break
            _check_size(path, writer.size, size)
            sha256, _ = writer.finish()
        self._blobs[sha256] = None
        self._entries.append(FileEntry(path=path, size=size, sha256=sha256, mode=mode, blob=sha256))

    def _finish_pack(self) -> None:
        if self._pack is None:
            return
        blob, _ = self._pack.finish()
        self._pack = None
        self._blobs[blob] = None
        for path, size, sha256, mode, offset in self._packed:
            self._entries.append(
                FileEntry(path=path, size=size, sha256=sha256, mode=mode, blob=blob, offset=offset)
            )
        self._packed = []

    def close(self) -> KeptBundle:
        self._finish_pack()
        self._entries.sort(key=lambda entry: entry.path)
        with self._store.writer() as index:
            for entry in self._entries:
                index.write(entry.to_line())
            bundle_id, _ = index.finish()
        self._blobs[bundle_id] = None
        return KeptBundle(
            bundle_id=bundle_id,
            entries=tuple(self._entries),
            blobs=tuple(self._blobs),
            size=sum(entry.size for entry in self._entries),
        )

    def abort(self) -> None:
        if self._pack is not None:
            self._pack.abort()
            self._pack = None


def _check_size(path: str, got: int, announced: int) -> None:
    if got != announced:
        raise Invalid(f"The zip is damaged: {path} has not the size that its directory says.", code="ZIP_BROKEN")


def _refuse(listing: Listing, code: str, reason: str, fix: str, key: str = "") -> None:
    if len(listing.problems) < MAX_PROBLEMS:
        listing.problems.append(Problem(code=code, key=key, reason=reason, fix=fix))


def _judge_sizes(listing: Listing, infos: list[zipfile.ZipInfo], zip_bytes: int) -> None:
    total = sum(info.file_size for info in infos)
    if total > MAX_UNPACKED_BYTES or (total > RATIO_FREE_BYTES and total > MAX_RATIO * max(1, zip_bytes)):
        _refuse(
            listing,
            "ZIP_BOMB",
            f"The zip unpacks to {total:,} bytes, more than {MAX_RATIO} times its size.",
            "Compress less, or make the data on the node.",
        )


def _judge_names(listing: Listing, infos: list[zipfile.ZipInfo]) -> None:
    decoded: list[tuple[str, zipfile.ZipInfo]] = []
    recoded = skipped = 0
    for info in infos:
        name, was_recoded = _decode(info)
        recoded += was_recoded
        if info.is_dir() or name.endswith("/"):
            continue
        problem = _judge_entry(name, info)
        if problem is not None:
            _refuse(listing, *problem, key=_printable(name))
            continue
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if _is_skipped(tuple(parts)):
            skipped += 1
            continue
        decoded.append(("/".join(parts), info))
    if recoded:
        listing.changes.append(f"{recoded} file names were read as Traditional Chinese (CP950)")
    if skipped:
        listing.changes.append(f"{skipped} files of caches, version control or the system were left out")
    _strip_top(listing, decoded)
    _collect(listing, decoded)


def _strip_top(listing: Listing, decoded: list[tuple[str, zipfile.ZipInfo]]) -> None:
    tops = {name.split("/", 1)[0] for name, _ in decoded}
    if len(tops) != 1 or not all("/" in name for name, _ in decoded):
        return
    top = next(iter(tops))
    if top in RESERVED_TOP:
        return
    decoded[:] = [(name.split("/", 1)[1], info) for name, info in decoded]
    listing.changes.append(f"the folder {top}/ around everything was taken off")


def _collect(listing: Listing, decoded: list[tuple[str, zipfile.ZipInfo]]) -> None:
    seen: dict[str, str] = {}
    renamed = 0
    for name, info in decoded:
        path = unicodedata.normalize("NFC", name)
        renamed += path != name
        if path.split("/", 1)[0] in RESERVED_TOP:
            _refuse(
                listing,
                "NAME_RESERVED",
                f"{path}: out, checkpoint and item are names that every subtask gets from HiveMind.",
                "Rename this file or folder.",
                key=path,
            )
            continue
        folded = path.casefold()
        if folded in seen:
            _refuse(
                listing,
                "NAME_COLLISION",
                f"{path} and {seen[folded]} are the same name on some computers.",
                "Rename one of them.",
                key=path,
            )
            continue
        seen[folded] = path
        mode = 0o755 if (info.external_attr >> 16) & 0o111 else 0o644
        listing.members.append(Member(path, info.file_size, mode, info))
    _judge_folders(listing, seen)
    if renamed:
        listing.changes.append(f"{renamed} file names were brought to one Unicode form (NFC)")
    listing.members.sort(key=lambda member: member.path)


def _judge_folders(listing: Listing, seen: dict[str, str]) -> None:
    for folded, path in seen.items():
        for parent in PurePosixPath(folded).parents:
            if parent.as_posix() in seen:
                _refuse(
                    listing,
                    "NAME_COLLISION",
                    f"{seen[parent.as_posix()]} is a file, and {path} needs it to be a folder.",
                    "Rename one of them.",
                    key=path,
                )
                break


def _decode(info: zipfile.ZipInfo) -> tuple[str, bool]:
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name.replace("\\", "/"), False
    raw = name.encode("cp437", "replace")
    if raw.isascii():
        return name.replace("\\", "/"), False
    for encoding in ("utf-8", "cp950"):
        try:
            # Decoded first: 許, 功 and 蓋 have a byte in CP950 that is a backslash.
            return raw.decode(encoding).replace("\\", "/"), encoding == "cp950"
        except UnicodeDecodeError:
            continue
    return name.replace("\\", "/"), False


def _judge_entry(name: str, info: zipfile.ZipInfo) -> tuple[str, str, str] | None:
    shown = _printable(name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.flag_bits & 0x1:
        return ("ZIP_ENCRYPTED", f"{shown} is encrypted.", "Make the zip without a password.")
    if kind == stat.S_IFLNK:
        return ("ZIP_LINK", f"{shown} is a link.", "Put the file itself in the zip.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return ("ZIP_DEVICE", f"{shown} is no ordinary file.", "Leave it out.")
    parts = name.split("/")
    if name.startswith("/") or (len(name) > 1 and name[1] == ":") or ".." in parts:
        return ("ZIP_TRAVERSAL", f"{shown} points outside the zip.", "Make the zip from inside its folder.")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in name):
        return ("NAME_INVALID", f"{shown} has characters that no file name may have.", "Rename it.")
    encoded = name.encode("utf-8", "replace")
    if len(encoded) > MAX_PATH_BYTES or any(len(p.encode("utf-8", "replace")) > MAX_NAME_BYTES for p in parts):
        return ("NAME_TOO_LONG", f"{shown[:80]}… is too long a name.", "Use shorter names.")
    if len(parts) > MAX_DEPTH:
        return ("NAME_TOO_DEEP", f"{shown[:80]}… is more than {MAX_DEPTH} folders deep.", "Use fewer folders.")
    return None


def _is_skipped(parts: tuple[str, ...]) -> bool:
    return (
        any(part in SKIPPED_FOLDERS for part in parts[:-1])
        or parts[-1] in SKIPPED_FILES
        or parts[-1].startswith("._")
        or parts[-1].endswith((".pyc", ".pyo"))
    )


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:200]
