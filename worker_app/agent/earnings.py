"""What this computer earned, as it knows itself: each ended attempt with its ticks, and the master's receipts.

    earned  one row an attempt; `posted` is empty until the master's receipt came
    idle    seconds of a local day in which nothing ran, by reason
    fact    the reward rule that holds now

A file of its own, so that nothing here can slow or break the agent's outbox. Days are of local time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from core import paths
from core.domain.attempt import AttemptState
from core.domain.earning_views import EarningDay, EarningRow, Earnings
from core.domain.receipts import ticks_from_text, ticks_to_text
from core.domain.resources import Resources
from core.domain.rewards import DEFAULT_RULE, RewardRule, Tick, reward
from core.domain.session import AttemptUpdate, Offer, Receipt, TaskBrief

FILE_NAME: Final = "earnings.db"
PAGE: Final = 100
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS earned (
    attempt_id TEXT PRIMARY KEY, task_id TEXT NOT NULL, task_name TEXT NOT NULL, number INTEGER NOT NULL,
    owner_id TEXT NOT NULL, owner_name TEXT NOT NULL,
    cpu_millis INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, gpus INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
    ran_ms INTEGER NOT NULL, ticks TEXT NOT NULL, rule TEXT NOT NULL, computed INTEGER NOT NULL,
    posted INTEGER, pay_reason TEXT NOT NULL DEFAULT '', posted_ms INTEGER, receipt INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS earned_by_end ON earned (ended_ms DESC, attempt_id);
CREATE TABLE IF NOT EXISTS idle (day TEXT NOT NULL, reason TEXT NOT NULL, seconds INTEGER NOT NULL,
    PRIMARY KEY (day, reason)) WITHOUT ROWID;
"""
_DAY: Final = "date(ended_ms / 1000, 'unixepoch', 'localtime')"
_UNPAID: Final = (AttemptState.LOST, AttemptState.REJECTED)


def counted(update: AttemptUpdate) -> tuple[Tick, ...]:
    """Return the ticks of an ended attempt that are paid, by the rules of settlement."""
    if update.state in _UNPAID:
        return ()
    if update.state is AttemptState.RETURNED:
        return update.ticks[: update.ticks_committed]
    if update.failure is not None and update.failure.failure_class.value == "infra":
        return ()
    return update.ticks


class EarningsBook:
    """Safe from several threads; each call is short."""

    def __init__(self, folder: Path) -> None:
        file = folder / FILE_NAME
        if not file.exists():
            os.close(paths.private_opener(str(file), os.O_CREAT | os.O_RDWR))
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        text = self._one("SELECT value FROM fact WHERE name = 'rule'", ())
        self.rule = RewardRule.from_text(text) if text else DEFAULT_RULE
        self._receipts = int(self._one("SELECT count(*) FROM earned WHERE posted > 0", ()))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # ------------------------------------------------------------ what happens

    def use_rule(self, text: str) -> None:
        """From now on attempts are paid by this rule."""
        if text and text != self.rule.to_text():
            self.rule = RewardRule.from_text(text)
            self._do("INSERT OR REPLACE INTO fact VALUES ('rule', ?)", (text,))

    def ended(self, offer: Offer, brief: TaskBrief | None, task_name: str, update: AttemptUpdate) -> None:
        """Keep an attempt that ended here; once."""
        ticks = counted(update)
        paid = offer.paid
        row = (
            offer.attempt_id,
            offer.task_id,
            task_name,
            offer.index,
            brief.owner_id if brief else "",
            brief.owner_name if brief else "",
            offer.resources.cpu_millis,
            offer.resources.memory_bytes,
            offer.resources.gpus,
            update.state.value,
            update.reason or (update.failure.code if update.failure else ""),
            update.started_at_ms,
            update.ended_at_ms,
            sum(tick.duration_ms for tick in update.ticks),
            ticks_to_text(ticks),
            self.rule.to_text(),
            reward(ticks, offer.resources, self.rule) if paid else 0,
        )
        self._do(
            "INSERT OR IGNORE INTO earned (attempt_id, task_id, task_name, number, owner_id, owner_name,"
            " cpu_millis, memory_bytes, gpus, state, reason, started_ms, ended_ms, ran_ms, ticks, rule, computed)"
            f" VALUES ({', '.join('?' * len(row))})",
            row,
        )

    def received(self, receipts: Iterable[Receipt], at_ms: int) -> None:
        """The master said what it paid."""
        rows = []
        for receipt in receipts:
            self._receipts += receipt.ucpt > 0
            rows.append((receipt.ucpt, receipt.reason, at_ms, self._receipts, receipt.attempt_id))
        with self.batch():
            sql = "UPDATE earned SET posted = ?, pay_reason = ?, posted_ms = ?, receipt = ? WHERE attempt_id = ?"
            self._db.executemany(sql, rows)

    def idle(self, reason: str, seconds: int, at_ms: int) -> None:
        """Nothing ran for so long, because of this."""
        self._do(
            "INSERT INTO idle VALUES (date(? / 1000, 'unixepoch', 'localtime'), ?, ?)"
            " ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds",
            (at_ms, reason, seconds),
        )

    # ------------------------------------------------------------ what is shown

    def figures(self, now_ms: int) -> tuple[int, int]:
        """Return what was posted today, and what is pending of attempts that ended."""
        today = self._one(
            f"SELECT coalesce(sum(posted), 0) FROM earned WHERE {_DAY} = date(? / 1000, 'unixepoch', 'localtime')",
            (now_ms,),
        )
        pending = self._one("SELECT coalesce(sum(computed), 0) FROM earned WHERE posted IS NULL", ())
        return int(today), int(pending)

    def earnings(self, now_ms: int, *, days: int, day: str, cursor: str, limit: int) -> Earnings:
        """Return figures, the days of the range, and a page of rows; see `Earnings`."""
        now = (now_ms,)

        def posted_in(back: int) -> int:
            since = f"date(? / 1000, 'unixepoch', 'localtime', '-{back} days')"
            return int(self._one(f"SELECT coalesce(sum(posted), 0) FROM earned WHERE {_DAY} >= {since}", now))

        today, pending = self.figures(now_ms)
        yesterday = self._one(
            "SELECT coalesce(sum(posted), 0) FROM earned WHERE ended_ms <= ? - 86400000 AND"
            f" {_DAY} = date(? / 1000, 'unixepoch', 'localtime', '-1 day')",
            (now_ms, now_ms),
        )
        total, first, receipts = self._all(
            "SELECT coalesce(sum(posted), 0), coalesce(min(ended_ms), 0), count(posted) FROM earned", ()
        )[0]
        range_days = self._days(now_ms, days)
        rows, after, count = self._page(now_ms, days, day, cursor, min(limit or PAGE, PAGE))
        low, high, by = self._forecast(now_ms)
        return Earnings(
            today_ucpt=today,
            yesterday_ucpt=int(yesterday),
            week_ucpt=posted_in(6),
            month_ucpt=posted_in(29),
            all_ucpt=total,
            pending_ucpt=pending,
            receipts=receipts,
            since_ms=first,
            days_paused=sum(one.why == "paused" for one in self._days(now_ms, 30)),
            days=range_days,
            rows=rows,
            next=after,
            total=count,
            forecast_low_ucpt=low,
            forecast_high_ucpt=high,
            forecast_days=by,
        )

    def _days(self, now_ms: int, days: int) -> tuple[EarningDay, ...]:
        """Return each local day of the range, also those without a row; all: at most a year."""
        first = self._one(f"SELECT min({_DAY}) FROM earned", ())
        back = min(days or 366, 366) - 1
        start = self._one(f"SELECT date(? / 1000, 'unixepoch', 'localtime', '-{back} days')", (now_ms,))
        if not days and first:
            start = max(start, first)
        sums = {
            day: (posted, pending)
            for day, posted, pending in self._all(
                f"SELECT {_DAY}, coalesce(sum(posted), 0),"
                " coalesce(sum(CASE WHEN posted IS NULL THEN computed END), 0)"
                f" FROM earned WHERE {_DAY} >= ? GROUP BY 1",
                (start,),
            )
        }
        why = dict(
            self._all("SELECT day, reason, max(seconds) FROM idle WHERE day >= ? GROUP BY day", (start,), 2)
        )
        calendar = self._all(
            "WITH RECURSIVE d(day) AS (SELECT ? UNION ALL SELECT date(day, '+1 day') FROM d"
            " WHERE day < date(? / 1000, 'unixepoch', 'localtime')) SELECT day FROM d",
            (start, now_ms),
        )
        found = []
        for (day,) in calendar:
            posted, pending = sums.get(day, (0, 0))
            reason = "" if posted or pending else why.get(day, "not_running")
            found.append(EarningDay(day=day, posted_ucpt=posted, pending_ucpt=pending, why=reason))
        return tuple(found)

    def _page(
        self, now_ms: int, days: int, day: str, cursor: str, limit: int
    ) -> tuple[tuple[EarningRow, ...], str, int]:
        where, values = "1", []  # type: str, list[Any]
        if day:
            where, values = f"{_DAY} = ?", [day]
        elif days:
            where = f"{_DAY} >= date(? / 1000, 'unixepoch', 'localtime', '-{days - 1} days')"
            values = [now_ms]
        count = int(self._one(f"SELECT count(*) FROM earned WHERE {where}", values))
        if cursor:
            ended, _, attempt_id = cursor.partition(":")
            where += " AND (ended_ms < ? OR (ended_ms = ? AND attempt_id > ?))"
            values += [int(ended), int(ended), attempt_id]
        sql = f"SELECT * FROM earned WHERE {where} ORDER BY ended_ms DESC, attempt_id LIMIT ?"
        records = self._rows(sql, [*values, limit + 1])
        rows = tuple(_row(record) for record in records[:limit])
        after = f"{rows[-1].ended_ms}:{rows[-1].attempt_id}" if len(records) > limit else ""
        return rows, after, count

    def _forecast(self, now_ms: int) -> tuple[int, int, int]:
        """Return the range of the next 7 days by the last four weeks; nothing before 14 days of own history."""
        days = self._days(now_ms, 29)[:-1]
        while days and not days[0].posted_ucpt and days[0].why == "not_running":
            days = days[1:]
        if len(days) < 14:
            return 0, 0, 0
        weeks = sorted(sum(one.posted_ucpt for one in days[i : i + 7]) for i in range(len(days) - 6))
        return weeks[len(weeks) // 10], weeks[-1 - len(weeks) // 10], len(days)

    def one(self, attempt_id: str) -> tuple[EarningRow, Sequence[Tick], RewardRule, int, int, int] | None:
        """Return an attempt's row, its paid ticks, rule, computed amount, posted amount (-1: none) and receipt."""
        found = self._rows("SELECT * FROM earned WHERE attempt_id = ?", (attempt_id,))
        if not found:
            return None
        record = found[0]
        posted = -1 if record["posted"] is None else record["posted"]
        rule = RewardRule.from_text(record["rule"])
        ticks = ticks_from_text(record["ticks"])
        # Worked out again, not looked up: that is the check.
        computed = reward(ticks, _row(record).resources, rule)
        return _row(record), ticks, rule, computed, posted, record["receipt"] or 0

    def last(self) -> EarningRow | None:
        found = self._rows("SELECT * FROM earned ORDER BY ended_ms DESC LIMIT 1", ())
        return _row(found[0]) if found else None

    def owners(self) -> dict[str, str]:
        """Return names by id of those whose tasks ran here, the latest first."""
        sql = (
            "SELECT owner_id, owner_name, max(ended_ms) FROM earned WHERE owner_id != '' GROUP BY owner_id"
            " ORDER BY 3 DESC LIMIT 200"
        )
        return dict(self._all(sql, (), 2))

    # ------------------------------------------------------------ plumbing

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Keep all that is done within as one transaction."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A COMMIT that failed leaves its transaction open, and none could begin after it.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _do(self, sql: str, values: Sequence[Any]) -> None:
        with self._lock:
            self._db.execute(sql, values)

    def _all(self, sql: str, values: Sequence[Any], width: int = 0) -> list[Any]:
        with self._lock, closing(self._db.execute(sql, values)) as found:
            return [row[:width] if width else row for row in found.fetchall()]

    def _one(self, sql: str, values: Sequence[Any]) -> Any:
        found = self._all(sql, values)
        return found[0][0] if found else None

    def _rows(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        with self._lock, closing(self._db.execute(sql, values)) as found:
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _row(record: dict[str, Any]) -> EarningRow:
    posted = record["posted"]
    row = EarningRow(
        attempt_id=record["attempt_id"],
        task_name=record["task_name"],
        index=record["number"],
        owner_name=record["owner_name"],
        state=record["state"],
        reason=record["pay_reason"] or record["reason"],
        started_ms=record["started_ms"],
        ended_ms=record["ended_ms"],
        ran_ms=record["ran_ms"],
        resources=Resources(
            cpu_millis=record["cpu_millis"], memory_bytes=record["memory_bytes"], gpus=record["gpus"]
        ),
    )
    if posted is None:
        return replace(row, money="pending", ucpt=record["computed"])
    return replace(row, money="posted" if posted else "unpaid", ucpt=posted)
