"""What asking for credits needs kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.domain.asks import CreditAsk


class AskRepository(Protocol):
    """Of one unit of work."""

    def put(self, ask: CreditAsk) -> None:
        """Keep it, in place of one with the same id."""

    def get(self, ask_id: str) -> CreditAsk | None: ...

    def newest(self, user_id: str) -> CreditAsk | None: ...

    def remove(self, ask_id: str) -> None: ...

    def forget(self, user_id: str) -> None: ...

    def trim(self, before_ms: int) -> None:
        """Remove what was answered before then."""


class AskReads(Protocol):
    def newest_ask(self, user_id: str) -> CreditAsk | None: ...

    def open_asks(self, limit: int) -> Sequence[CreditAsk]:
        """Oldest first."""

    def count_open(self) -> int: ...
