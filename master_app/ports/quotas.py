"""What quotas are held against, read on connections of their own."""

from __future__ import annotations

from typing import Protocol


class UsageReads(Protocol):
    def stored_bytes(self, owner_id: str | None) -> int:
        """Return what bundles and results of tasks whose files have not expired take; a bundle counts once
        however many tasks use it. None: of everybody.
        """
