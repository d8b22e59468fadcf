"""Which blobs the attempts of a task may read; a node sees no others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from master_app.storage.readers import Readers
from master_app.storage.tables.tasks import bundle_blobs, task_blobs, tasks
from master_app.storage.values import WHEELS


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
