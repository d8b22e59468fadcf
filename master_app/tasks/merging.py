"""The merge: one more subtask, made when all parts have ended, that is given what they made.

Its parts are one blob of JSON lines (`index` and the files of its winner), written off the writer thread: a
million parts are never in memory. Beyond PACK_FROM parts their small files are packed together, so that the
node fetches a few hundred blobs and not one for each part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Protocol

from core.domain.bundle import FileEntry
from core.domain.errors import NotFound
from core.domain.ids import SubtaskKey
from core.domain.subtask import SubtaskState
from core.domain.task import MergeState
from core.domain.views import ArtifactView
from master_app.ports.tasks import SubtaskRecord
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.tasks.missing_inputs import PART_LOST, MissingInputs
from master_app.tasks.rollup import Rollup

#: Parts from which small files are packed together.
PACK_FROM = 1000
SMALL_FILE_BYTES = 1 << 20
PACK_BYTES = 8 << 20


#: How long a collection that failed waits for its next try.
AGAIN_MS = 10_000
#: Generation and how many parts are there: what a collection is of.
_Parts = tuple[int, int, int]


class BlobWriter(Protocol):
    def write(self, content: bytes) -> object: ...

    def finish(self) -> tuple[str, int]:
        """Make it durable; return SHA-256 and size."""

    def abort(self) -> None: ...


class PartStore(Protocol):
    """The content store, as the merge needs it."""

    def writer(self) -> BlobWriter: ...

    def read(self, sha256: str, offset: int, length: int) -> bytes: ...


class PartReads(Protocol):
    def part_files(self, task_id: str) -> Iterable[ArtifactView]:
        """Return the files of all winners but the merge's, by index. Streams."""


class PartLost(Exception):
    """A blob that a part left is not in the store any more, or not what it was."""

    def __init__(self, blob: str) -> None:
        super().__init__(blob)
        self.blob = blob


class Merging:
    """Turns ended parts into a READY merge subtask."""

    def __init__(
        self,
        *,
        writer: Writer,
        rollup: Rollup,
        reads: PartReads,
        store: PartStore,
        threads: Executor,
        dispatch: Callable[[UnitOfWork], object],
        inputs: MissingInputs,
        report_error: Callable[[str, BaseException], None],
        steady_ms: Callable[[], int],
    ) -> None:
        self._writer = writer
        self._rollup = rollup
        self._reads = reads
        self._store = store
        self._threads = threads
        self._dispatch = dispatch
        self._inputs = inputs
        self._report_error = report_error
        self._steady_ms = steady_ms
        self._under_way: set[str] = set()
        #: What could not be collected, and when it is tried again (steady clock).
        self._failed: dict[str, tuple[int, int]] = {}

    def request(self, task_id: str, subtask_count: int) -> None:
        """All parts of a task have ended: collect them, once at a time. Never blocks."""
        if task_id in self._under_way:
            return
        self._under_way.add(task_id)
        self._failed.pop(task_id, None)

        def collect() -> None:
            try:
                parts = self._writer.execute(lambda uow: _parts(uow, task_id), lane=Lane.INNER).result(60)
                blob, blobs = self._write_parts(task_id, pack=subtask_count > PACK_FROM)
                self._writer.execute(
                    lambda uow: self._open(uow, task_id, parts, blob, blobs), lane=Lane.INNER
                ).result(60)
            except PartLost as lost:
                # Once whole again, or let go by its owner's retry, its task asks anew.
                self._writer.execute(
                    partial(self._inputs.hold, task_id=task_id, blob=lost.blob, reason=PART_LOST), lane=Lane.INNER
                ).result(60)
            except Exception as error:  # the tick asks again; a person reads why in the log
                self._ask_again(task_id, subtask_count, AGAIN_MS)
                self._report_error(task_id, error)
            finally:
                self._under_way.discard(task_id)

        self._threads.submit(collect)

    def _ask_again(self, task_id: str, subtask_count: int, wait_ms: int) -> None:
        self._failed[task_id] = (self._steady_ms() + wait_ms, subtask_count)

    def look(self) -> None:
        """Each second: try again what could not be collected (a full disk, a database that was away)."""
        now_ms = self._steady_ms()
        for task_id, (due_ms, subtask_count) in list(self._failed.items()):
            if now_ms >= due_ms:
                self.request(task_id, subtask_count)

    def _open(self, uow: UnitOfWork, task_id: str, parts: _Parts | None, parts_blob: str, blobs: set[str]) -> None:
        task = uow.tasks.get(task_id)
        hot = uow.pool.tasks.get(task_id)
        if task is None or hot is None or task.merge is not MergeState.BLOCKED:
            return
        now = _parts(uow, task_id)
        if parts is None or now != parts:
            # Somebody had parts run again while these were collected.
            if now is not None:
                uow.after_commit(lambda: self._ask_again(task_id, task.subtask_count, 0))
            return
        task.merge = MergeState.OPEN
        task.parts_blob = parts_blob
        uow.tasks.keep_blobs(task_id, sorted(blobs | {parts_blob}))
        key = SubtaskKey(task_id, task.subtask_count)
        fresh = SubtaskRecord(
            task_id=task_id, index=key.index, state=SubtaskState.READY, generation=task.generation
        )
        # It may have run before, for parts that have run again since: its epochs go on (lifecycles, section 1).
        before = uow.subtasks.get_many([key]).get(key)
        uow.subtasks.put_many([replace(fresh, epoch=before.epoch) if before else fresh])
        uow.pool.make_ready(hot, task.subtask_count)
        self._rollup.refresh(uow, task)
        self._dispatch(uow)

    def _write_parts(self, task_id: str, *, pack: bool) -> tuple[str, set[str]]:
        packer = _Packer(self._store) if pack else None
        lines = self._store.writer()
        try:
            for index, files in _by_index(self._reads.part_files(task_id)):
                kept = packer.pack(files) if packer else files
                lines.write(_line(index, kept))
            # Packs are named by their content, known when they are full: entries carry a number until then.
            return self._finish(lines, packer)
        except BaseException:
            lines.abort()
            raise

    def _finish(self, lines: BlobWriter, packer: _Packer | None) -> tuple[str, set[str]]:
        blob, _ = lines.finish()
        if packer is None:
            return blob, set()
        return blob, packer.close()


def _parts(uow: UnitOfWork, task_id: str) -> _Parts | None:
    """Tell which parts a task has; None while they have not all ended."""
    task = uow.tasks.get(task_id)
    if task is None or task.succeeded + task.failed + task.cancelled + task.eaten < task.subtask_count:
        return None
    return task.generation, task.succeeded, task.eaten


class _Packer:
    """Copies small files one after another into packs. Holds at most one pack in memory."""

    def __init__(self, store: PartStore) -> None:
        self._store = store
        self._made: set[str] = set()

    def pack(self, files: list[FileEntry]) -> list[FileEntry]:
        """Return the entries with small files moved into one blob of their own part."""
        small = [entry for entry in files if entry.size < SMALL_FILE_BYTES]
        if len(small) < 2:
            return files
        writer = self._store.writer()
        moved: dict[str, int] = {}
        offset = 0
        for entry in small:
            try:
                content = self._store.read(entry.blob, entry.offset, entry.size)
            except NotFound as error:
                raise PartLost(entry.blob) from error
            writer.write(content)
            moved[entry.path] = offset
            offset += entry.size
        blob, _ = writer.finish()
        self._made.add(blob)
        return [
            replace(entry, blob=blob, offset=moved[entry.path]) if entry.path in moved else entry
            for entry in files
        ]

    def close(self) -> set[str]:
        return self._made


def _by_index(files: Iterable[ArtifactView]) -> Iterator[tuple[int, list[FileEntry]]]:
    index, entries = -1, list[FileEntry]()
    for view in files:
        if view.index != index and entries:
            yield index, entries
            entries = []
        index = view.index
        entries.append(
            FileEntry(
                path=view.name,
                size=view.size,
                sha256=view.sha256,
                mode=0o644,
                blob=view.blob,
                offset=view.offset,
            )
        )
    if entries:
        yield index, entries


def _line(index: int, files: list[FileEntry]) -> bytes:
    rows = [[e.path, e.size, e.sha256, e.mode, e.blob, e.offset] for e in files]
    return json.dumps({"index": index, "files": rows}, separators=(",", ":")).encode() + b"\n"
