"""What each subtask works on.

Items of none, count and grid follow from the index alone. Those of files, lines and list are ranges of a blob,
found through the item index: a blob of fixed records, one for each subtask, so that a million of them cost no
memory and any one is a single read.

    record 0        SHA-256 of the blob that the ranges are in, and 16 bytes of zeros
    record i + 1    offset (8), length (8), SHA-256 of the range (32); big-endian
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from core.domain.bundle import FileEntry
from core.domain.errors import Invalid
from core.domain.session import ItemSlice
from core.domain.spec import SplitMode, SplitSpec, TaskSpec
from core.manifest.files import StoredFiles
from core.manifest.globs import matcher
from core.manifest.splits import BOM, file_items, lines_of

RECORD = struct.Struct(">QQ32s")
#: Items up to this length travel with the offer; longer ones are fetched.
INLINE_BYTES = 4 << 10
SLICED_MODES = frozenset({SplitMode.FILES, SplitMode.LINES, SplitMode.LIST})

Item = dict[str, Any]


class Sink(Protocol):
    """A blob on its way into the store."""

    def write(self, content: bytes) -> object: ...

    def finish(self) -> tuple[str, int]: ...


def index_items(
    split: SplitSpec, listed: Sequence[Item], files: StoredFiles, new_blob: Callable[[], Sink]
) -> tuple[str, tuple[str, ...]]:
    """Write the index of a sliced split and what it points to; return its name and all blobs it needs.

    Empty for splits whose items follow from the index. `listed` are the items of mode `list`.
    """
    if split.mode not in SLICED_MODES:
        return "", ()
    index = new_blob()
    if split.mode is SplitMode.LINES:
        entry = files.entry(split.file)
        index.write(RECORD.pack(0, 0, bytes.fromhex(entry.blob)))
        for record in _line_records(split, entry, files):
            index.write(record)
        blobs: tuple[str, ...] = (entry.blob,)
    else:
        items = listed if split.mode is SplitMode.LIST else _file_rows(split, files)
        rows = new_blob()
        records = []
        offset = 0
        for start in range(0, max(1, len(items)), split.chunk):
            text = b"".join(_row(item) for item in items[start : start + split.chunk])
            rows.write(text)
            records.append(RECORD.pack(offset, len(text), hashlib.sha256(text).digest()))
            offset += len(text)
        data, _ = rows.finish()
        index.write(RECORD.pack(0, 0, bytes.fromhex(data)))
        index.write(b"".join(records))
        blobs = (data,)
    name, _ = index.finish()
    return name, (name, *blobs)


def slice_at(read: Callable[[str, int, int], bytes], index_blob: str, index: int) -> ItemSlice:
    """Return the slice of one subtask, with its content where that is short. `read(blob, offset, length)`."""
    head = read(index_blob, 0, RECORD.size)
    record = read(index_blob, (index + 1) * RECORD.size, RECORD.size)
    if len(record) != RECORD.size or len(head) != RECORD.size:
        raise Invalid(f"The items have no subtask {index}.", code="ITEM_MISSING")
    blob = RECORD.unpack(head)[2].hex()
    offset, length, digest = RECORD.unpack(record)
    content = read(blob, offset, length) if length <= INLINE_BYTES else b""
    return ItemSlice(blob=blob, offset=offset, length=length, sha256=digest.hex(), content=content)


def items_of(spec: TaskSpec, index: int, content: bytes) -> list[Item]:
    """Return the items of one subtask. `content` is its slice's (empty for splits that have none)."""
    split = spec.split
    first = index * split.chunk
    last = min(first + split.chunk, split.item_count)
    if split.mode in (SplitMode.FILES, SplitMode.LIST):
        return [json.loads(line) for line in content.splitlines() if line]
    if split.mode is SplitMode.LINES:
        top = split.skip_header + 1
        return [{"file": split.file, "first": top + first, "last": top + last - 1}]
    if split.mode is SplitMode.GRID:
        return [_grid_point(split, place) for place in range(first, last)]
    return [{"index": place} for place in range(first, last)]


def entry_of(item: Item) -> FileEntry:
    """Return where the file of an item of mode `files` stands."""
    return FileEntry(
        path=item["path"],
        size=item["size"],
        sha256=item["sha256"],
        mode=item.get("mode", 0o644),
        blob=item["blob"],
        offset=item["offset"],
    )


def needed_files(
    spec: TaskSpec, entries: Sequence[FileEntry], items: Sequence[Item], *, merge: bool
) -> list[FileEntry]:
    """Return the files of the bundle that this subtask finds in /work/src, in path order."""
    included, excluded = matcher(spec.inputs.include), matcher(spec.inputs.exclude)
    shared = matcher(spec.inputs.shared) if spec.inputs.shared else None
    own = matcher(spec.split.files) if spec.split.mode is SplitMode.FILES else None
    mine = {item["path"] for item in items} if own is not None and not merge else set()
    # A script that the command names is always there, whatever `shared` says.
    command = spec.merge.command if merge and spec.merge is not None else spec.run.command
    mine |= {word.removeprefix("./") for word in command}
    wanted = []
    for entry in entries:
        if entry.path in mine:
            wanted.append(entry)
        elif not included(entry.path) or excluded(entry.path):
            continue
        elif shared is not None:
            if shared(entry.path):
                wanted.append(entry)
        elif not (own is not None and own(entry.path)) and not _is_lines_file(spec, entry):
            wanted.append(entry)
    return wanted


def _is_lines_file(spec: TaskSpec, entry: FileEntry) -> bool:
    return spec.split.mode is SplitMode.LINES and entry.path == spec.split.file


def _line_records(split: SplitSpec, entry: FileEntry, files: StoredFiles) -> Iterator[bytes]:
    offset = entry.offset
    start, count, digest = offset, 0, hashlib.sha256()
    for number, line in enumerate(lines_of(files.pieces(split.file))):
        if number < split.skip_header:
            offset += len(line)
            start = offset
            continue
        if number == 0 and line.startswith(BOM):
            start += len(BOM)
            digest.update(line[len(BOM) :])
        else:
            digest.update(line)
        offset += len(line)
        count += 1
        if count == split.chunk:
            yield RECORD.pack(start, offset - start, digest.digest())
            start, count, digest = offset, 0, hashlib.sha256()
    if count:
        yield RECORD.pack(start, offset - start, digest.digest())


def _file_rows(split: SplitSpec, files: StoredFiles) -> list[Item]:
    rows = []
    for path in file_items(split, files):
        name = path.rpartition("/")[2]
        rows.append({"path": path, "name": name, "stem": name.rpartition(".")[0] or name})
        rows[-1].update({k: v for k, v in asdict(files.entry(path)).items() if k != "path"})
    return rows


def _row(item: Item) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _grid_point(split: SplitSpec, place: int) -> Item:
    point: Item = {}
    for name in reversed(list(split.grid)):
        values = split.grid[name]
        place, at = divmod(place, len(values))
        point[name] = values[at]
    return {name: point[name] for name in split.grid}
