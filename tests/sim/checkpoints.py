"""The order of checkpoints (R12): an attempt begins where the last committed one ended, never before it, and never
where one did that was not committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain.bundle import FileEntry
from core.domain.session import AttemptUpdate, Offer

Key = tuple[str, int, int]


@dataclass
class Checkpoints:
    """How far each checkpoint goes, in runs that handed one on; and which of them somebody may begin from."""

    key_of: Callable[[str], Key | None]
    #: What the master's database says of an attempt now; empty when it does not know it.
    state_of: Callable[[str], str]
    fail: Callable[[str], None]
    #: Blob -> how many runs went into it, and of which subtask.
    _steps: dict[str, int] = field(default_factory=dict)
    _subtask: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: Attempt -> how far its program is now.
    _at: dict[str, int] = field(default_factory=dict)
    _stored: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    #: How far the newest checkpoint goes of which an agent was told that it is durable.
    _durable: dict[Key, int] = field(default_factory=dict)
    begun_from_one: int = 0

    def offered(self, offer: Offer) -> None:
        """A node begins to prepare an attempt."""
        key = self.key_of(offer.attempt_id)
        steps = 0
        for entry in offer.checkpoint:
            if entry.blob not in self._told:
                self.fail(f"{offer.attempt_id[-6:]} begins from a checkpoint that was never committed")
            if self._subtask[entry.blob] != (offer.task_id, offer.index):
                self.fail(f"{offer.attempt_id[-6:]} begins from a checkpoint of another subtask")
            steps = self._steps[entry.blob]
            self.begun_from_one += 1
        last = self._durable.get(key, 0) if key is not None else 0
        if steps < last:
            self.fail(f"{offer.attempt_id[-6:]} begins from checkpoint {steps}, but {last} was committed")
        self._at[offer.attempt_id] = steps

    def made(self, attempt_id: str, task_id: str, index: int) -> str:
        """A program left one; returns the blob of its file."""
        steps = self._at[attempt_id] = self._at.get(attempt_id, 0) + 1
        blob = f"{attempt_id}/{steps}"
        self._steps[blob], self._subtask[blob] = steps, (task_id, index)
        return blob

    def stored(self, blobs: list[str]) -> None:
        """The master's store has these."""
        self._stored.update(blobs)

    def told(self, update: AttemptUpdate) -> None:
        """An agent says that this is committed."""
        for entry in update.checkpoint:
            if entry.blob not in self._stored:
                self.fail(f"{update.attempt_id[-6:]} calls a checkpoint committed that is not stored")
            self._told.add(entry.blob)

    def acknowledged(self, attempt_id: str, checkpoint: tuple[FileEntry, ...]) -> None:
        """The master says that it is durable. What came of an attempt after it was lost counts for nothing."""
        key = self.key_of(attempt_id)
        if key is None or self.state_of(attempt_id) in ("", "LOST"):
            return
        for entry in checkpoint:
            self._durable[key] = max(self._durable.get(key, 0), self._steps[entry.blob])

    def restored(self) -> None:
        """An older database knows of older ones."""
        self._durable.clear()
