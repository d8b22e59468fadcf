"""The agent's side of a session as a value: dialling, HELLO, SYNC, reports and what they mean for leases.

Rules C1-C4 and R2 of the lifecycles. All times are of the steady clock, which counts sleep.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.domain.session import Refused, Welcome

#: HELLO and SYNC must be answered within this; the master asks for a RESYNC after the same time.
HANDSHAKE_LIMIT_MS: Final = 15_000
BACKOFF_MIN_MS: Final = 1_000
BACKOFF_MAX_MS: Final = 60_000
#: While the master's computer refuses connections its program is being started again, as a rule within seconds.
BACKOFF_SOON_MS: Final = 5_000
REPORT_INTERVAL_MS: Final = 30_000
#: Of a refusal that names no way out.
FINAL_FIX: Final = "If the pool was set up anew, ask its operator for a new join link."
#: Reports whose send time is remembered; an offer that names an older one is stale.
MAX_REPORTS: Final = 64


class Phase(StrEnum):
    #: Waiting for the next try.
    IDLE = "IDLE"
    #: Dialled and said HELLO; waiting for Welcome.
    HELLO = "HELLO"
    #: Said SYNC; waiting for the master's verdicts.
    SYNCING = "SYNCING"
    #: Reports, updates and offers flow.
    LIVE = "LIVE"


@dataclass(frozen=True, slots=True)
class SentReport:
    sent_ms: int
    #: The attempts that it listed: those it renews.
    attempt_ids: tuple[str, ...]


class Connection:
    """Mutated only by `AgentState`. `number` names a dialled stream, so that late news of an old one is known."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self.number = 0
        self.phase = Phase.IDLE
        self.due_ms = 0
        self.failures = 0
        self.since_ms = 0
        #: When the last session ended; 0 while one is live.
        self.away_since_ms = 0
        #: The last try was turned away for good: only a person mends that.
        self.is_final = False
        self.reason = ""
        #: What the master says a person can do about it, if it does.
        self.fix = ""
        self.session_id = ""
        self.welcome: Welcome | None = None
        #: False when the master said that this node gets no new work.
        self.is_welcome = True
        self.asked_interval_ms = 0
        self._reports: OrderedDict[int, SentReport] = OrderedDict()
        self._next_report = 0
        self.last_report_ms = 0
        #: Newest send time that the master confirmed; offers that name it count from there.
        self.confirmed_ms = 0

    @property
    def is_live(self) -> bool:
        return self.phase is Phase.LIVE

    def is_due(self, now_ms: int) -> bool:
        return self.phase is Phase.IDLE and now_ms >= self.due_ms

    def is_stuck(self, now_ms: int) -> bool:
        """Tell whether the master owes an answer for too long."""
        return self.phase in (Phase.HELLO, Phase.SYNCING) and now_ms - self.since_ms >= HANDSHAKE_LIMIT_MS

    def dial(self, now_ms: int) -> int:
        """Begin a new stream and return its number."""
        self.number += 1
        self.phase = Phase.HELLO
        self.since_ms = now_ms
        self.session_id = ""
        self.welcome = None
        self._reports.clear()
        self._next_report = 0
        self.asked_interval_ms = 0
        return self.number

    def welcomed(self, welcome: Welcome, now_ms: int) -> None:
        self.phase = Phase.SYNCING
        self.since_ms = now_ms
        self.session_id = welcome.session_id
        self.welcome = welcome
        self.is_welcome = True

    def lived(self, now_ms: int) -> None:
        self.phase = Phase.LIVE
        self.since_ms = now_ms
        self.failures = 0
        self.away_since_ms = 0
        self.is_final = False
        self.reason = self.fix = ""

    def lost(
        self,
        now_ms: int,
        reason: str,
        *,
        final: bool = False,
        soon: bool = False,
        refused: Refused | None = None,
    ) -> None:
        """Go back to waiting, with full jitter, so that a thousand agents do not come back at once."""
        if self.phase is Phase.LIVE or not self.away_since_ms:
            self.away_since_ms = now_ms
        self.phase = Phase.IDLE
        self.since_ms = now_ms
        self.reason = reason
        self.fix = refused.fix if refused is not None else FINAL_FIX if final else ""
        self.is_final = final
        self.session_id = ""
        self._reports.clear()
        self.failures = min(self.failures + 1, 32)
        ceiling = BACKOFF_SOON_MS if soon else BACKOFF_MAX_MS
        ceiling = min(ceiling, BACKOFF_MIN_MS << min(self.failures, 16))
        delay = max(BACKOFF_MIN_MS, int(self._random() * ceiling))
        if final:
            delay = BACKOFF_MAX_MS - int(self._random() * BACKOFF_MIN_MS)
        if refused is not None and refused.retry_after_s > 0:
            delay = max(delay, min(refused.retry_after_s, 3600) * 1000)
        self.due_ms = now_ms + delay

    def hurry(self, now_ms: int) -> None:
        """Dial at the next chance: the link came back, or a person asked."""
        self.failures = 0
        self.due_ms = now_ms

    # ------------------------------------------------------------ reports and leases

    def sent(self, now_ms: int, attempt_ids: Iterable[str]) -> int:
        """Number a SYNC (0) or report that is being sent now, and return its number."""
        number = self._next_report
        self._next_report += 1
        self._reports[number] = SentReport(now_ms, tuple(attempt_ids))
        if len(self._reports) > MAX_REPORTS:
            self._reports.popitem(last=False)
        self.last_report_ms = now_ms
        return number

    def confirmed(self, number: int) -> SentReport | None:
        """Return report `number` of this session, which the master says it has; None when too old or unknown."""
        report = self._reports.get(number)
        if report is not None:
            self.confirmed_ms = max(self.confirmed_ms, report.sent_ms)
        return report

    def sent_ms(self, number: int) -> int | None:
        """Return when a report of this session was sent (R2: an offer's lease counts from there)."""
        report = self._reports.get(number)
        return None if report is None else report.sent_ms

    def report_due(self, now_ms: int, shortest_lease_ms: int) -> bool:
        """Tell whether it is time: every min(30 s, ttl / 3), or as often as the master asked."""
        return self.is_live and now_ms - self.last_report_ms >= self.interval_ms(shortest_lease_ms)

    def interval_ms(self, shortest_lease_ms: int) -> int:
        interval = REPORT_INTERVAL_MS
        if self.welcome is not None and self.welcome.report_interval_s > 0:
            interval = min(interval, int(self.welcome.report_interval_s * 1000))
        if self.asked_interval_ms > 0:
            interval = min(interval, self.asked_interval_ms)
        if shortest_lease_ms > 0:
            interval = min(interval, shortest_lease_ms // 3)
        return max(interval, 200)
