"""Which blobs the attempts of a task may read; a node sees no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, bindparam, or_, select, text

from core.domain.task import HeldCode
from master_app.storage.readers import Readers
from master_app.storage.tables.tasks import TASK_IS_LIVE, bundle_blobs, task_blobs, tasks
from master_app.storage.values import WHEELS

_HELD: Final = select(tasks.c.task_id).where(
    tasks.c.held == bindparam("code"), text(f"held <> '' AND {TASK_IS_LIVE}")
)


def _of_bundle(task_id: str) -> Select[tuple[str]]:
    return (
        select(bundle_blobs.c.blob)
        .join(tasks, tasks.c.bundle_id == bundle_blobs.c.bundle_id)
        .where(tasks.c.task_id == task_id)
    )


class SqlBlobReads:
    """See the port."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def task_may_read(self, task_ids: Sequence[str], blob: str) -> bool:
        if not task_ids or not blob:
            return False
        wanted = list(dict.fromkeys(task_ids))
        with self._readers.snapshot() as connection:
            own = select(task_blobs.c.blob).where(task_blobs.c.task_id.in_(wanted), task_blobs.c.blob == blob)
            if connection.execute(own.limit(1)).first() is not None:
                return True
            named = (
                select(tasks.c.task_id)
                .where(tasks.c.task_id.in_(wanted))
                .where(
                    or_(
                        tasks.c.bundle_id == blob,
                        tasks.c.items_blob == blob,
                        tasks.c.parts_blob == blob,
                        select(bundle_blobs.c.blob)
                        .where(bundle_blobs.c.bundle_id == tasks.c.bundle_id, bundle_blobs.c.blob == blob)
                        .exists(),
                    )
                )
            )
            if connection.execute(named.limit(1)).first() is not None:
                return True
            packages = select(tasks.c.wheels).where(tasks.c.task_id.in_(wanted), tasks.c.wheels != "")
            return any(
                wheel.sha256 == blob for row in connection.execute(packages) for wheel in WHEELS.load(row[0])
            )

    def held(self, code: HeldCode) -> Sequence[str]:
        with self._readers.snapshot() as connection:
            return list(connection.execute(_HELD, {"code": code.value}).scalars())

    def inputs(self, task_id: str) -> Sequence[str]:
        own = select(task_blobs.c.blob).where(task_blobs.c.task_id == task_id)
        with self._readers.snapshot() as connection:
            return [str(row[0]) for row in connection.execute(_of_bundle(task_id).union(own))]

    def is_of_bundle(self, task_id: str, blob: str) -> bool:
        with self._readers.snapshot() as connection:
            one = _of_bundle(task_id).where(bundle_blobs.c.blob == blob).limit(1)
            return connection.execute(one).first() is not None

    def is_referenced(self, blob: str) -> bool:
        """Tell whether a task that has not expired needs the blob: bundle, items, packages, results, parts."""
        with self._readers.snapshot() as connection:
            of_task = (
                select(task_blobs.c.blob)
                .join(tasks, tasks.c.task_id == task_blobs.c.task_id)
                .where(task_blobs.c.blob == blob, tasks.c.expired == 0)
            )
            if connection.execute(of_task.limit(1)).first() is not None:
                return True
            of_bundle = (
                select(bundle_blobs.c.blob)
                .join(tasks, tasks.c.bundle_id == bundle_blobs.c.bundle_id)
                .where(bundle_blobs.c.blob == blob, tasks.c.expired == 0)
            )
            return connection.execute(of_bundle.limit(1)).first() is not None
