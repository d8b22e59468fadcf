"""Is everything that the master stands on in order? Looks every few seconds and says what is not, in words.

Observers: database, disk, memory, storage, blobs, clock, ledger, nodes. Each finds its conditions anew at every
look, so one that is over is gone by itself.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core import memory
from core.blobs.store import BlobStore, is_sha256
from core.clock import Clock
from core.conditions import Conditions
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import HiveMindError, StorageFull
from master_app.marker import is_there
from master_app.node_pool.conditions import node_conditions
from master_app.node_pool.wall import WallWatch
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.tasks.missing_inputs import MissingInputs

logger = logging.getLogger(__name__)

#: Uploads are refused below this (web.uploads); running work is taken in to the last byte.
FULL_BYTES: Final = 256 << 20
LOW_BYTES: Final = 2 << 30
LOW_INODES: Final = 10_000
#: How long people are told that the clock was set.
JUMP_SHOWN_MS: Final = 15 * 60_000
MIB: Final = 1 << 20


@dataclass(slots=True)
class _Ledger:
    unsound: Sequence[str] = ()
    problem: str = ""


@dataclass(slots=True, kw_only=True)
class Vitals:
    """`tick` looks at what is quick; `check_ledger` reads all transfers and is called every hour."""

    conditions: Conditions
    clock: Clock
    data_dir: Path
    store: BlobStore
    writer: Writer
    wall: WallWatch
    #: The database's last failure that has not healed; None when it takes changes.
    outage: Callable[[], HiveMindError | None]
    unsound_accounts: Callable[[], Sequence[str]]
    inputs: MissingInputs
    _ledger: _Ledger = field(default_factory=_Ledger)

    def tick(self) -> None:
        """Look at everything once."""
        report = self.conditions.report
        report("database", self._database())
        report("storage", self._storage())
        report("disk", self._disks())
        report("memory", _memory())
        report("clock", self._clock())
        try:
            self.inputs.look()
            report("blobs", self._blobs())
            report("nodes", self.writer.execute(node_conditions, lane=Lane.INNER).result(60))
        except HiveMindError:
            # The database's own condition says why; what is known of nodes and files stays.
            logger.debug("nodes and files were not looked at")

    def not_ready(self) -> str:
        """Return why the master cannot take work now; empty when it can."""
        stopping = (ConditionCode.DATABASE_FULL, ConditionCode.DATABASE_AWAY, ConditionCode.STORAGE_GONE)
        return next((c.what for c in self.conditions.current() if c.code in stopping), "")

    def storage_is_there(self) -> bool:
        return is_there(self.data_dir, self.store.root)

    def check_ledger(self) -> None:
        """Compare every cached balance with its transfers, and remember what does not fit."""
        try:
            self._ledger = _Ledger(unsound=self.unsound_accounts())
        except HiveMindError as error:
            self._ledger = _Ledger(self._ledger.unsound, problem=error.message)
            logger.warning("balances could not be checked", extra={"code": error.code})
        self.conditions.report("ledger", self._unsound())

    def _unsound(self) -> list[Condition]:
        wrong = self._ledger.unsound
        if not wrong:
            return []
        some = ", ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        return [
            Condition(
                code=ConditionCode.LEDGER_UNSOUND,
                gravity=Gravity.ALERT,
                what=f"The cached balance of {len(wrong)} accounts is not the sum of their transfers: {some}.",
                at_risk="Holds and payments of these accounts may be granted or refused wrongly; no transfer was "
                "changed.",
                next="Balances are compared again every hour and at each start.",
                fix="Run `python -m master_app ledger verify`. If the transfers are whole, restart; else restore "
                "a "
                "backup.",
            )
        ]

    # ---- what is looked at every few seconds

    def _database(self) -> list[Condition]:
        error = self.outage()
        if error is None:
            return []
        try:
            # Nobody else may write for minutes; this shows whether it would be taken.
            self.writer.execute(_touch, lane=Lane.INNER).result(60)
        except HiveMindError as failed:
            error = failed
        if self.outage() is None:
            return []
        full = isinstance(error, StorageFull)
        return [
            Condition(
                code=ConditionCode.DATABASE_FULL if full else ConditionCode.DATABASE_AWAY,
                gravity=Gravity.ALERT,
                what="The database cannot be written: its disk is full."
                if full
                else f"The database does not take changes: {error.message}",
                at_risk="Nothing that was confirmed. New tasks and sign-ins are refused; nodes go on and keep "
                "their "
                "results until they are confirmed.",
                next="It is tried again every few seconds and goes on by itself.",
                fix=f"Free space on the disk with {self.data_dir}." if full else error.fix,
            )
        ]

    def _storage(self) -> list[Condition]:
        if self.storage_is_there():
            return []
        return [
            Condition(
                code=ConditionCode.STORAGE_GONE,
                subject=str(self.store.root),
                gravity=Gravity.ALERT,
                what=f"The storage folder {self.store.root} is not there any more: its disk was unmounted or "
                "removed.",
                at_risk="Uploads and results that would be written to the wrong disk; so the master stops.",
                next="It starts again once the disk is mounted.",
                fix="Mount the disk, then start the master.",
            )
        ]

    def _disks(self) -> list[Condition]:
        found = []
        for folder in dict.fromkeys((self.data_dir, self.store.root)):
            try:
                found += _disk(folder)
            except OSError as error:
                logger.warning("a disk could not be measured", extra={"folder": str(folder), "reason": str(error)})
        return found

    def _blobs(self) -> list[Condition]:
        damaged = self.store.root / "damaged"
        since_ms = {file.name.partition(".")[0]: int(file.stat().st_ctime * 1000) for file in damaged.glob("*")}
        waiting = self.inputs.lost_blobs()
        # Those that were sent again are whole.
        lost = [name for name in {**since_ms, **waiting} if is_sha256(name) and not self.store.has(name)]
        return [_lost_blob(name, since_ms.get(name, 0), waiting.get(name, 0), damaged) for name in lost[:50]]

    def _clock(self) -> list[Condition]:
        jump = self.wall.newest
        if jump is None or self.clock.steady_ms() - jump.at_steady_ms > JUMP_SHOWN_MS:
            return []
        ago_ms = self.clock.steady_ms() - jump.at_steady_ms
        direction = "forward" if jump.by_ms > 0 else "back"
        return [
            Condition(
                code=ConditionCode.CLOCK_JUMPED,
                subject=str(jump.at_steady_ms),
                gravity=Gravity.WARNING,
                since_ms=self.clock.wall_ms() - ago_ms,
                what=f"The clock of the master's computer was set {direction} by {_span(abs(jump.by_ms))}.",
                at_risk="Times in records around it, and tasks with a deadline of their own. Leases and running "
                "work "
                "are not affected: they count time that passed.",
                next="Nothing; this note goes after 15 minutes.",
                fix="Let a time service set the clock, if none does.",
            )
        ]


def _lost_blob(sha256: str, since_ms: int, tasks: int, damaged: Path) -> Condition:
    """`since_ms` 0: there is no damaged copy, the file is just gone."""
    wait = f"{tasks} {'task waits' if tasks == 1 else 'tasks wait'} for it (INPUT_MISSING). " if tasks else ""
    return Condition(
        code=ConditionCode.BLOB_DAMAGED if since_ms else ConditionCode.BLOB_LOST,
        subject=sha256,
        gravity=Gravity.ALERT,
        since_ms=since_ms,
        what=f"A stored file is not what it was: {sha256[:12]}… was damaged on the disk."
        if since_ms
        else f"A stored file is gone: {sha256[:12]}… was removed from the disk.",
        at_risk=f"{wait}Whatever needs it: it is never served with wrong content, and attempts that asked for it "
        "cost nothing.",
        next="It heals when the same content is sent again: submit the task's bundle once more, or retry the "
        "subtask whose result it was. What waits for it then goes on by itself.",
        fix=f"Look after the disk with {damaged.parent}."
        + (f" The damaged copy is kept in {damaged}." if since_ms else " Or put the file back from a copy."),
    )


def _touch(uow: UnitOfWork) -> None:
    node_id = next(iter(uow.pool.nodes), "")
    node = uow.nodes.get(node_id) if node_id else None
    if node is not None:
        uow.nodes.save(node)


def _disk(folder: Path) -> list[Condition]:
    usage = shutil.disk_usage(folder)
    found = []
    free = f"{usage.free / MIB:,.0f} MiB of {usage.total / MIB:,.0f} MiB"
    if usage.free < FULL_BYTES:
        found.append(
            Condition(
                code=ConditionCode.DISK_FULL,
                subject=str(folder),
                gravity=Gravity.ALERT,
                what=f"The disk with {folder} is full: {free} are left.",
                at_risk="New uploads, which are refused (507). What is there is safe; results wait on their "
                "nodes.",
                next="Uploads and results are taken again as soon as there is room.",
                fix="Free space on it, or shorten how long results are kept (retention_days).",
            )
        )
    elif usage.free < min(LOW_BYTES, usage.total // 10):
        found.append(
            Condition(
                code=ConditionCode.DISK_LOW,
                subject=str(folder),
                what=f"The disk with {folder} is nearly full: {free} are left.",
                at_risk="Nothing yet.",
                next=f"Uploads are refused below {FULL_BYTES // MIB} MiB.",
                fix="Free space on it, or shorten how long results are kept (retention_days).",
            )
        )
    inodes = _free_inodes(folder)
    if inodes is not None and inodes < LOW_INODES:
        found.append(
            Condition(
                code=ConditionCode.INODES_LOW,
                subject=str(folder),
                gravity=Gravity.ALERT,
                what=f"The disk with {folder} can hold only {inodes} more files, whatever their size.",
                at_risk="New uploads and results, which are many small files.",
                next="They are refused when none is left, and taken again as soon as files were removed.",
                fix="Remove files, or use a file system that does not count them.",
            )
        )
    return found


def _free_inodes(folder: Path) -> int | None:
    """Return how many files the disk can still take; None where it does not count them."""
    if not hasattr(os, "statvfs"):
        return None
    found = os.statvfs(folder)
    return found.f_favail if found.f_files else None


def _memory() -> list[Condition]:
    found = memory.measure()
    if not found.is_low:
        return []
    return [
        Condition(
            code=ConditionCode.MEMORY_LOW,
            gravity=Gravity.ALERT,
            what=f"The master has {found.available_bytes / MIB:,.0f} MiB of memory left.",
            at_risk="The master itself: the system ends programs when none is left. After a restart everything "
            "that "
            "was confirmed is there.",
            next="It goes on; nodes work on meanwhile.",
            fix="End other programs on this computer, or give the master more memory.",
        )
    ]


def _span(ms: int) -> str:
    for unit_ms, word in ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes")):
        if ms >= 2 * unit_ms:
            return f"{ms / unit_ms:.0f} {word}"
    return f"{ms / 1000:.0f} seconds"
