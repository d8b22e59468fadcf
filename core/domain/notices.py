"""Notices: what a person is told without having to look, and over which channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from core.domain.ledger import UCPT_PER_CPT


class NoticeKind(StrEnum):
    """What happened."""

    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    LOW_BALANCE = "low_balance"
    EXPIRING = "expiring"
    #: For operators: somebody asks for credits.
    CREDITS_ASKED = "credits_asked"
    CREDITS_ANSWERED = "credits_answered"


class Channel(StrEnum):
    """Over which a notice goes out; the list in the pages has every notice, whatever is chosen here."""

    MAIL = "mail"
    WEBHOOK = "webhook"


#: Values of a notice: names, counts, amounts in micro-CPT, times in ms. Words are made where they are shown.
Values = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line of somebody's list."""

    sequence: int
    owner_id: str
    at_ms: int
    kind: NoticeKind
    #: The task that it is about, or empty.
    subject: str = ""
    values: Values = field(default_factory=dict)
    #: 0: not read yet.
    read_ms: int = 0


ALL_KINDS: Final = frozenset(NoticeKind)
LOW_UCPT: Final = 20 * UCPT_PER_CPT
#: Newest first, so many of one user are kept, for at most this long.
MAX_KEPT: Final = 200
KEPT_MS: Final = 90 * 86_400_000
#: Waits before a delivery is tried again; after the last it is given up.
RETRY_MS: Final = (10_000, 60_000, 600_000, 3_600_000, 6 * 3_600_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One channel of one user. `problem`: what the last delivery met; empty when it arrived."""

    #: A mail address, or the address of a webhook; empty: this channel is off.
    address: str = ""
    kinds: frozenset[NoticeKind] = ALL_KINDS
    #: A mail address counts when its owner has repeated the code that was sent there.
    confirmed: bool = False
    code_sha256: str = field(repr=False, default="")
    code_ms: int = 0
    #: A webhook's signing secret, sealed with the key outside the database, in hex.
    sealed: str = field(repr=False, default="")
    problem: str = ""
    problem_ms: int = 0

    def wants(self, kind: NoticeKind) -> bool:
        return bool(self.address) and self.confirmed and kind in self.kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """What one user wants to be told, and where."""

    mail: Route = Route()
    webhook: Route = Route()
    #: Below this balance LOW_BALANCE is told while tasks have not ended; 0: never.
    low_ucpt: int = LOW_UCPT
    #: Of mails: a locale of the pages, or empty for English.
    language: str = ""

    def route(self, channel: Channel) -> Route:
        return self.mail if channel is Channel.MAIL else self.webhook

    def with_route(self, channel: Channel, route: Route) -> NoticeSettings:
        return replace(self, mail=route) if channel is Channel.MAIL else replace(self, webhook=route)

    def channels(self, kind: NoticeKind) -> tuple[Channel, ...]:
        """Return over which channels a notice of this kind goes."""
        return tuple(channel for channel in Channel if self.route(channel).wants(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery that waits for its time."""

    notice: Notice
    channel: Channel
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Results of one user that expire soon."""

    owner_id: str
    count: int
    first_ms: int
    #: Of one of the tasks.
    name: str
    task_id: str
