"""Items of tasks as offers carry them: read from the item index in the store."""

from __future__ import annotations

from core.blobs.store import BlobStore
from core.domain.session import ItemSlice
from core.manifest.items import slice_at
from master_app.ports.tasks import TaskRecord


class StoredItems:
    """See `ports.tasks.ItemReader`."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def item(self, task: TaskRecord, index: int) -> ItemSlice | None:
        """Return the slice of one subtask; None where its item follows from the index."""
        return slice_at(self._store.read, task.items_blob, index) if task.items_blob else None
