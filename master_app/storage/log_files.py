"""What attempts wrote, in files beside the database: `logs/<part of the id>/<attempt>/<stream>.<offset>`.

A stream is a row of segments, each named by the offset of its first byte, so that a gap (the sender dropped
lines, or we did) is a gap between names and nobody can take it for text. Up to the cap everything is kept; from
then on the beginning stays, and of the rest the newest: the middle is dropped. At the limit a line says so, and
nothing more is taken.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.domain.errors import Invalid
from core.domain.ids import is_ulid
from core.domain.session import LogStream
from core.paths import private_folder, private_opener, sync_folder
from master_app.storage.failures import from_os_error

#: What is kept of one stream of one attempt.
DEFAULT_CAP_BYTES: Final = 16 << 20
#: What a sender may send of one stream of one attempt, dropped or not.
DEFAULT_LIMIT_BYTES: Final = 64 << 20
LIMIT_NOTE: Final = "the log's limit was met; what follows was not kept"
_SEGMENTS_A_CAP: Final = 16
_STRIPES: Final = 64
_REMEMBERED: Final = 4_096
#: Characters of an id that are equal within 17 minutes: one folder each keeps folders small.
_FOLDER_CHARACTERS: Final = 6

_Key = tuple[str, LogStream]


@dataclass(slots=True)
class _Segment:
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


def note_line(note: str) -> bytes:
    """Return words of ours as a line that nobody takes for the program's."""
    return f"\n[HiveMind: {note}]\n".encode()


class SegmentedLogFiles:
    """See the port `master_app.ports.logs`. Safe to call from many threads."""

    def __init__(
        self, folder: Path, *, cap_bytes: int = DEFAULT_CAP_BYTES, limit_bytes: int = DEFAULT_LIMIT_BYTES
    ) -> None:
        if cap_bytes < _SEGMENTS_A_CAP:
            raise ValueError("the cap is too small to keep a beginning and an end")
        self._folder = folder
        self._cap_bytes = cap_bytes
        self._limit_bytes = limit_bytes
        self._segment_bytes = cap_bytes // _SEGMENTS_A_CAP
        self._locks = [threading.Lock() for _ in range(_STRIPES)]
        self._guard = threading.Lock()
        self._remembered: OrderedDict[_Key, list[_Segment]] = OrderedDict()

    def append(self, attempt_id: str, stream: LogStream, offset: int, content: bytes) -> tuple[int, bool]:
        if offset < 0:
            raise Invalid("A log has no bytes before its first.")
        with self._locked(attempt_id):
            segments = self._segments(attempt_id, stream)
            wanted = segments[-1].end if segments else 0
            if wanted > self._limit_bytes:
                return max(wanted, offset + len(content)), True
            if offset < wanted:
                content = content[wanted - offset :]
                offset = wanted
            if not content:
                return max(wanted, offset), False
            end = offset + len(content)
            full = end > self._limit_bytes
            if full:
                content = content[: max(0, self._limit_bytes - offset)] + note_line(LIMIT_NOTE)
            self._keep(attempt_id, stream, segments, offset, content)
            return end, full

    def finish(self, attempt_id: str, stream: LogStream, note: str) -> None:
        """Say why nothing more is kept, as the last line. Once, also when it is asked again."""
        line = note_line(note)
        with self._locked(attempt_id):
            segments = self._segments(attempt_id, stream)
            end = segments[-1].end if segments else 0
            if self._read(attempt_id, stream, segments, max(0, end - len(line)), len(line))[0] != line:
                self._keep(attempt_id, stream, segments, end, line)

    def read(self, attempt_id: str, stream: LogStream, offset: int, limit: int) -> tuple[bytes, int]:
        with self._locked(attempt_id):
            return self._read(attempt_id, stream, self._segments(attempt_id, stream), offset, limit)

    def size(self, attempt_id: str, stream: LogStream) -> int:
        """Return the offset after the last byte that is kept; gaps count."""
        with self._locked(attempt_id):
            segments = self._segments(attempt_id, stream)
            return segments[-1].end if segments else 0

    def remove(self, attempt_id: str) -> None:
        with self._locked(attempt_id):
            self._forget(attempt_id)
            folder = self._attempt_folder(attempt_id)
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                return
            except OSError as error:
                raise from_os_error(error) from error
            try:
                folder.parent.rmdir()
            except OSError:
                # Other attempts of the same minutes are in it still.
                return

    # ---- segments

    def _keep(
        self, attempt_id: str, stream: LogStream, segments: list[_Segment], offset: int, content: bytes
    ) -> None:
        try:
            self._write(attempt_id, stream, segments, offset, content)
            self._drop_the_middle(attempt_id, stream, segments)
        except OSError as error:
            self._forget(attempt_id)
            raise from_os_error(error) from error
        with self._guard:
            self._remember((attempt_id, stream), segments)

    def _read(
        self, attempt_id: str, stream: LogStream, segments: list[_Segment], offset: int, limit: int
    ) -> tuple[bytes, int]:
        for segment in segments:
            if segment.end <= offset:
                continue
            start = max(offset, segment.start)
            try:
                with open(self._path(attempt_id, stream, segment.start), "rb") as file:
                    file.seek(start - segment.start)
                    content = file.read(max(0, min(limit, segment.end - start)))
            except OSError as error:
                raise from_os_error(error) from error
            return content, start + len(content)
        return b"", offset

    def _write(
        self, attempt_id: str, stream: LogStream, segments: list[_Segment], offset: int, content: bytes
    ) -> None:
        position = 0
        while position < len(content):
            at = offset + position
            last = segments[-1] if segments else None
            if last is None or last.end != at or last.length >= self._segment_bytes:
                last = _Segment(at, 0)
                if not segments:
                    folder = self._attempt_folder(attempt_id)
                    private_folder(folder.parent)
                    private_folder(folder)
                segments.append(last)
            piece = content[position : position + self._segment_bytes - last.length]
            self._extend(self._path(attempt_id, stream, last.start), last, piece)
            position += len(piece)

    def _extend(self, path: Path, segment: _Segment, piece: bytes) -> None:
        is_new = segment.length == 0
        with open(path, "wb" if is_new else "r+b", buffering=0, opener=private_opener) as file:
            try:
                file.seek(segment.length)
                written = 0
                while written < len(piece):
                    written += file.write(piece[written:]) or 0
                os.fsync(file.fileno())
            except OSError:
                # Half a piece is not acknowledged; the file must not say that it is there.
                file.truncate(segment.length)
                raise
        if is_new:
            sync_folder(path.parent)
        segment.length += len(piece)

    def _drop_the_middle(self, attempt_id: str, stream: LogStream, segments: list[_Segment]) -> None:
        total = sum(segment.length for segment in segments)
        kept = 0
        first = 0
        while first < len(segments) and kept + segments[first].length <= self._cap_bytes // 2:
            kept += segments[first].length
            first += 1
        while total > self._cap_bytes and first < len(segments) - 1:
            dropped = segments.pop(first)
            total -= dropped.length
            self._path(attempt_id, stream, dropped.start).unlink(missing_ok=True)

    def _segments(self, attempt_id: str, stream: LogStream) -> list[_Segment]:
        key = attempt_id, stream
        with self._guard:
            known = self._remembered.get(key)
            if known is not None:
                self._remembered.move_to_end(key)
                return known
        found = []
        prefix = f"{stream.value}."
        try:
            with os.scandir(self._attempt_folder(attempt_id)) as entries:
                for entry in entries:
                    if entry.name.startswith(prefix):
                        found.append(_Segment(int(entry.name.removeprefix(prefix)), entry.stat().st_size))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise from_os_error(error) from error
        # A file that was made but never filled (a crash between the two) holds nothing.
        segments = sorted((segment for segment in found if segment.length), key=lambda segment: segment.start)
        if segments:
            with self._guard:
                self._remember(key, segments)
        return segments

    def _remember(self, key: _Key, segments: list[_Segment]) -> None:
        self._remembered[key] = segments
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)

    def _forget(self, attempt_id: str) -> None:
        with self._guard:
            for stream in LogStream:
                self._remembered.pop((attempt_id, stream), None)

    @contextmanager
    def _locked(self, attempt_id: str) -> Iterator[None]:
        if not is_ulid(attempt_id):
            # It becomes a path; nothing else may.
            raise Invalid("That is not an attempt's id.")
        with self._locks[hash(attempt_id) % _STRIPES]:
            yield

    def _attempt_folder(self, attempt_id: str) -> Path:
        return self._folder / attempt_id[:_FOLDER_CHARACTERS] / attempt_id

    def _path(self, attempt_id: str, stream: LogStream, start: int) -> Path:
        return self._attempt_folder(attempt_id) / f"{stream.value}.{start:016d}"
