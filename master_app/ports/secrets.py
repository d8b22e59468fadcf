"""What people entrust to the master for their tasks: kept sealed, opened only for a node that runs an attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """One secret of one user. `sealed` can be opened only with the key that stands beside the database."""

    owner_id: str
    name: str
    sealed: bytes = field(repr=False)
    changed_ms: int


class SecretRepository(Protocol):
    """Inside a unit of work."""

    def put(self, record: SecretRecord) -> None:
        """Keep it, in place of one with the same owner and name."""

    def remove(self, owner_id: str, name: str) -> bool:
        """Forget it; False when there was none."""

    def remove_all(self, owner_id: str) -> None: ...

    def of(self, owner_id: str) -> Sequence[SecretRecord]:
        """Return all of a user's, by name."""


class SecretReads(Protocol):
    """For doors; does not wait for the writer."""

    def secrets_of(self, owner_id: str) -> Sequence[SecretRecord]: ...
