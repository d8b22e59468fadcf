"""The sending half of a session that keeps what it was given, for tests of the master's services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from core.domain.session import MasterMessage, Offer, Offers, Orders, StopOrder

M = TypeVar("M", bound=MasterMessage)


class RecordingLink:
    """A `SessionLink`: messages stay in `messages` until a test takes them; `closed` is the reason, if any."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self.messages: list[MasterMessage] = []
        self.closed = ""

    @property
    def session_id(self) -> str:
        return self._session_id

    def send(self, message: MasterMessage) -> None:
        if not self.closed:
            self.messages.append(message)

    def close(self, reason: str) -> None:
        self.closed = self.closed or reason

    def take(self) -> list[MasterMessage]:
        """Return what has come since the last call."""
        taken, self.messages = self.messages, []
        return taken

    def of_kind(self, kind: type[M]) -> Iterator[M]:
        """Return the messages of one kind that have come and were not taken."""
        return (message for message in self.messages if isinstance(message, kind))

    @property
    def offers(self) -> list[Offer]:
        """All offers that have come and were not taken."""
        return [offer for message in self.of_kind(Offers) for offer in message.offers]

    @property
    def stops(self) -> list[StopOrder]:
        """All stop orders that have come and were not taken."""
        return [stop for message in self.of_kind(Orders) for stop in message.stops]
