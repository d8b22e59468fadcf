"""What `master_app.notices` needs kept, and how a notice leaves the master."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.notices import Channel, Due, Expiring, Notice, NoticeKind, NoticeSettings, Values
from master_app.ports.reads import Page


class NoticeRepository(Protocol):
    """Of one unit of work."""

    def add(self, owner_id: str, kind: NoticeKind, subject: str, values: Values, at_ms: int) -> int:
        """Return the notice's sequence; it is larger than that of every earlier one."""

    def newest_ms(self, owner_id: str, kind: NoticeKind, subject: str) -> int:
        """Return when the newest notice of this kind about the subject was made, 0 without one."""

    def mark_read(self, owner_id: str, up_to: int, now_ms: int) -> int:
        """Mark an owner's notices up to a sequence as read; return how many were not yet."""

    def settings(self, owner_id: str) -> NoticeSettings: ...

    def save_settings(self, owner_id: str, settings: NoticeSettings) -> None: ...

    def put_due(self, sequence: int, channel: Channel, tries: int, next_ms: int) -> None:
        """Plan a delivery, in place of an earlier plan for the same notice and channel."""

    def remove_due(self, sequences: Sequence[int], channel: Channel) -> None: ...

    def trim(self, keep: int, before_ms: int) -> int:
        """Remove what is older than `before_ms` and, of each owner, all but the newest `keep`; with deliveries."""

    def forget(self, owner_id: str) -> None:
        """Remove notices, deliveries and settings of an owner."""


class NoticeReads(Protocol):
    """Committed rows, without waiting for the writer."""

    def page(self, owner_id: str, *, unread: bool, cursor: str | None, limit: int) -> Page[Notice]:
        """Newest first."""

    def after(self, owner_id: str, sequence: int, limit: int) -> Sequence[Notice]:
        """Return unread notices behind a sequence, oldest first."""

    def unread(self, owner_id: str) -> int: ...

    def notice(self, owner_id: str, sequence: int) -> Notice | None: ...

    def settings(self, owner_id: str) -> NoticeSettings: ...

    def due(self, now_ms: int, limit: int, without: Collection[tuple[str, Channel]] = ()) -> Sequence[Due]:
        """Return deliveries whose time has come, longest first; none of these owners' channels."""

    def low_balances(self, below_ucpt: int) -> Sequence[tuple[str, int]]:
        """Return (owner, available balance) where tasks have not ended and less than this is left."""

    def expiring(self, after_ms: int, until_ms: int) -> Sequence[Expiring]:
        """Return owners of results that expire in this span."""


class DeliveryFailed(Exception):
    """A channel could not deliver. `is_final`: trying again would not help."""

    def __init__(self, problem: str, *, is_final: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem[:300]
        self.is_final = is_final


class Mailer(Protocol):
    """Sends one mail; blocks; raises DeliveryFailed."""

    def send(self, to: str, subject: str, text: str) -> None: ...


class WebhookSender(Protocol):
    """Posts to addresses that may be reached; blocks; `post` raises DeliveryFailed."""

    def check(self, url: str) -> str:
        """Return what is wrong with an address that somebody wants; empty: nothing."""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> None: ...


class NoticeWords(Protocol):
    """Says notices in a language. Given from outside: words are the faces' business."""

    def sentence(self, notice: Notice, language: str) -> str: ...

    def letter(self, notices: Sequence[Notice], language: str) -> tuple[str, str]:
        """Return subject and text of one mail about these."""

    def code_letter(self, code: str, language: str) -> tuple[str, str]:
        """Return subject and text of the mail that confirms an address."""

    def reset_letter(self, code: str, language: str) -> tuple[str, str]:
        """Return subject and text of the mail to somebody who forgot their password."""

    def test_letter(self, language: str) -> tuple[str, str]: ...
