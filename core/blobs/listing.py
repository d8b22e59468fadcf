"""Judges a zip by its directory alone, before a byte of it is unpacked.

Names are UTF-8, else CP950 (Traditional Chinese Windows); a single top folder is stripped; folders that never
belong to a task are skipped; names become NFC, and only real collisions are refused.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.domain.errors import Problem

MAX_ZIP_BYTES = 2 << 30
MAX_ENTRIES = 100_000
MAX_DIRECTORY_BYTES = 64 << 20
MAX_RATIO = 100
#: Small archives may compress better than MAX_RATIO without being bombs.
RATIO_FREE_BYTES = 1 << 20
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


def list_zip(path: Path) -> Listing:
    """Read and judge a zip's directory. Never raises for what a person sent: problems say it."""
    listing = Listing()
    try:
        if path.stat().st_size > MAX_ZIP_BYTES:
            _refuse(listing, "ZIP_TOO_LARGE", "The zip is larger than 2 GiB.", "Leave out what is not needed.")
            return listing
        if not directory_is_bounded(path):
            _refuse(
                listing,
                "ZIP_TOO_MANY_FILES",
                f"The zip has more than {MAX_ENTRIES:,} entries.",
                "Put small files together, for example into one archive that your program reads.",
            )
            return listing
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (
        struct.error,
        RecursionError,
        OverflowError,
        zipfile.BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        EOFError,
    ) as error:
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


def directory_is_bounded(path: Path) -> bool:
    """Tell whether a zip's directory is small enough to be read: its own count may lie, its bytes cannot."""
    with open(path, "rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - (1 << 16) - 98))
        tail = stream.read()
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or len(tail) - place < 22:
            return True  # not a zip, which zipfile says better
        (length,) = struct.unpack_from("<I", tail, place + 12)
        wide = tail.rfind(b"PK\x06\x06", 0, place)
        if wide >= 0 and len(tail) - wide >= 48:
            (length,) = struct.unpack_from("<Q", tail, wide + 40)
        stream.seek(max(0, size - (len(tail) - place) - length - (76 if wide >= 0 else 0)))
        count = 0
        directory = stream.read(min(length, MAX_DIRECTORY_BYTES + 1))
    if len(directory) > MAX_DIRECTORY_BYTES:
        return False
    place = 0
    while place + 46 <= len(directory) and count <= MAX_ENTRIES:
        place += 46 + sum(struct.unpack_from("<HHH", directory, place + 28))
        count += 1
    return count <= MAX_ENTRIES


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
        if name.endswith("/"):
            continue
        problem = _judge_entry(name, info)
        if problem is not None:
            _refuse(listing, *problem, key=_printable(name))
            continue
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts:
            continue
        if is_skipped(tuple(parts)):
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
    first: dict[str, zipfile.ZipInfo] = {}
    renamed = twins = 0
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
        if seen.get(folded) == path and _is_twin(first[path], info):
            twins += 1
            continue
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
        first[path] = info
        mode = 0o755 if (info.external_attr >> 16) & 0o111 else 0o644
        listing.members.append(Member(path, info.file_size, mode, info))
    _judge_folders(listing, seen)
    if twins:
        listing.changes.append(f"{twins} files were in the zip twice with the same content")
    if renamed:
        listing.changes.append(f"{renamed} file names were brought to one Unicode form (NFC)")
    listing.members.sort(key=lambda member: member.path)


def _is_twin(one: zipfile.ZipInfo, other: zipfile.ZipInfo) -> bool:
    return (one.file_size, one.CRC) == (other.file_size, other.CRC)


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
    if info.compress_type not in (0, 8, 12, 14):
        return ("ZIP_METHOD", f"{shown} is packed in a way that is not read here.", 'Make a zip with "Deflate".')
    if kind == stat.S_IFLNK:
        return ("ZIP_LINK", f"{shown} is a link.", "Put the file itself in the zip.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return ("ZIP_DEVICE", f"{shown} is no ordinary file.", "Leave it out.")
    if not name:
        return ("NAME_INVALID", "A file in the zip has no name.", "Make the zip again.")
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


def is_skipped(parts: tuple[str, ...]) -> bool:
    """Tell whether a file never belongs to a task, by the parts of its path."""
    return (
        any(part in SKIPPED_FOLDERS for part in parts[:-1])
        or parts[-1] in SKIPPED_FILES
        or parts[-1].startswith("._")
        or parts[-1].endswith((".pyc", ".pyo"))
    )


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)[:200]
