"""`ledger verify`: replays the database or an exported file and names the first row that does not fit.

Checked: numbers without gaps, hashes, both chains, each transfer's own rules, balances, one payment an attempt,
each payment against its ticks and the rule of its day, the cached accounts, and the zero sum. Without an outside
copy of a head a complete rewrite cannot be noticed; compare `newest` with a head that you kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from core.domain.receipts import Misfit, Replay, StatementReplay, needs_evidence, payment_misfit
from master_app.ledger.statements import Receipt, Statement, receipts
from master_app.ports.ledger import LedgerReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a replay found. `misfit` None: everything fits."""

    rows: int
    newest: str
    misfit: Misfit | None = None
    #: Payments whose attempt's ticks retention has removed: their chain was checked, their amount was not.
    unproven: int = 0

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        if self.misfit is not None:
            where = (
                f"Row {self.misfit.sequence} ({self.misfit.transfer_id})" if self.misfit.sequence else "The end"
            )
            return f"{where} does not fit: {self.misfit.reason}."
        rest = (
            f" {self.unproven} amounts could not be recomputed: their metering is gone." if self.unproven else ""
        )
        return f"{self.rows} transfers fit; newest {self.newest or 'none'}.{rest}"


def verify_database(reads: LedgerReads) -> Verification:
    """Replay all rows and compare with the cached accounts."""
    replay = Replay()
    found = _replay(receipts(reads), replay)
    if found.misfit is not None:
        return found
    wrong = replay.compare(reads.accounts())
    return _ended(found, wrong)


def verify_file(lines: Iterable[str], account_id: str | None = None) -> Verification:
    """Replay an export of the whole ledger or of one account, JSON lines or CSV.

    Raises Invalid when it is no such file. A CSV does not say whose it is: pass `account_id` for one account's.
    """
    statement = Statement(iter(lines))
    rows = statement.receipts()
    first = next(rows, None)
    owner = statement.account or account_id
    replay = Replay() if owner is None else StatementReplay(owner)
    return _checked_end(statement, _replay(chain([] if first is None else [first], rows), replay))


def _checked_end(statement: Statement, found: Verification) -> Verification:
    if found.misfit is not None or statement.is_csv:
        return found
    if statement.row_count is None:
        return _ended(found, "the file ends before its last line: rows are missing")
    if (statement.row_count, statement.newest) != (found.rows, found.newest):
        return _ended(found, f"the file says that it has {statement.row_count} rows; {found.rows} are there")
    return found


def _ended(found: Verification, wrong: str) -> Verification:
    misfit = Misfit(sequence=0, transfer_id="", reason=wrong) if wrong else None
    return Verification(rows=found.rows, newest=found.newest, unproven=found.unproven, misfit=misfit)


def _replay(found: Iterable[Receipt], replay: Replay | StatementReplay) -> Verification:
    rows, unproven, newest = 0, 0, ""
    for receipt in found:
        misfit = replay.feed(receipt.row) or _amount_misfit(receipt)
        if misfit is not None:
            return Verification(rows=rows, newest=newest, unproven=unproven, misfit=misfit)
        rows, newest = rows + 1, receipt.row.hash
        unproven += needs_evidence(receipt.row.transfer) and receipt.ticks is None
    return Verification(rows=rows, newest=newest, unproven=unproven)


def _amount_misfit(receipt: Receipt) -> Misfit | None:
    t = receipt.row.transfer
    if not needs_evidence(t) or receipt.ticks is None:
        return None
    reason = "the rates of its day are not known"
    if receipt.rule is not None:
        reason = payment_misfit(t, receipt.ticks, receipt.rule)
    if not reason:
        return None
    return Misfit(sequence=receipt.row.sequence, transfer_id=t.transfer_id, reason=reason)
