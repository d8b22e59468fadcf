"""Statements and exports: rows as CSV or JSON lines, each a receipt that verifies without the pool.

One row has every field that its hash is of, its two links, and for a payment the rule and the ticks that it was
computed from. The last line of a JSON export names the heads; a CSV has rows only. Streams: memory stays flat.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from core.domain.errors import Invalid
from core.domain.ledger import FORMAT, ChainedTransfer, Code, Transfer, format_cpt
from core.domain.receipts import needs_evidence, ticks_from_text, ticks_to_text
from core.domain.rewards import RewardRule, Tick
from master_app.ports.ledger import LedgerReads

_BATCH: Final = 500
_MAX_LINE: Final = 1 << 20
_CONTENT: Final = (
    *("sequence", "transfer_id", "debit", "credit", "amount_ucpt", "code", "at_ms", "task_id", "index"),
    *("attempt_id", "rule_version", "basis", "failure", "pending_id", "actor_id"),
    *("previous_debit", "previous_credit", "hash"),
)
COLUMNS: Final = (*_CONTENT, "amount_cpt", "rule", "ticks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A row with what its amount was computed from; None where nothing was, or it was not kept."""

    row: ChainedTransfer
    rule: RewardRule | None = None
    ticks: tuple[Tick, ...] | None = None


def receipts(reads: LedgerReads, account_id: str | None = None) -> Iterator[Receipt]:
    """Return all rows, or those of one account, in order, each with its evidence."""
    return with_evidence(reads, reads.rows(account_id=account_id))


def with_evidence(reads: LedgerReads, rows: Iterable[ChainedTransfer]) -> Iterator[Receipt]:
    """Return each row with its rule and ticks; evidence is looked up set-wise."""
    rules = reads.rules()
    stream = iter(rows)
    while batch := list(islice(stream, _BATCH)):
        wanted = {row.transfer.attempt_id for row in batch if needs_evidence(row.transfer)}
        proof = reads.evidence(sorted(wanted)) if wanted else {}
        for row in batch:
            if not needs_evidence(row.transfer):
                yield Receipt(row=row)
                continue
            evidence = proof.get(row.transfer.attempt_id)
            yield Receipt(
                row=row,
                rule=rules.get(row.transfer.rule_version),
                ticks=evidence.ticks if evidence else None,
            )


def to_json_lines(found: Iterable[Receipt], account_id: str | None = None) -> Iterator[str]:
    """Return a header, one line a row, and a trailer with the number of rows and the newest hash."""
    yield _line({"format": FORMAT, "account": account_id})
    count, newest = 0, ""
    for receipt in found:
        yield _line(_fields(receipt))
        count, newest = count + 1, receipt.row.hash
    yield _line({"rows": count, "newest": newest})


def to_csv(found: Iterable[Receipt]) -> Iterator[str]:
    """Return the column names and one line a row."""
    yield _csv_line(COLUMNS)
    for receipt in found:
        fields = _fields(receipt)
        yield _csv_line(["" if fields[name] is None else fields[name] for name in COLUMNS])


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv_line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _fields(receipt: Receipt) -> dict[str, Any]:
    row, t = receipt.row, receipt.row.transfer
    return {
        "sequence": row.sequence,
        "transfer_id": t.transfer_id,
        "debit": t.debit,
        "credit": t.credit,
        "amount_ucpt": t.amount_ucpt,
        "code": t.code.value,
        "at_ms": t.at_ms,
        "task_id": t.task_id,
        "index": t.index,
        "attempt_id": t.attempt_id,
        "rule_version": t.rule_version,
        "basis": t.basis,
        "failure": t.failure,
        "pending_id": t.pending_id,
        "actor_id": t.actor_id,
        "previous_debit": row.previous_debit,
        "previous_credit": row.previous_credit,
        "hash": row.hash,
        "amount_cpt": format_cpt(t.amount_ucpt),
        "rule": receipt.rule.to_text() if receipt.rule else None,
        "ticks": ticks_to_text(receipt.ticks) if receipt.ticks is not None else None,
    }


@dataclass(slots=True)
class Statement:
    """A file that is being read. `account`, `row_count` and `newest` are known as far as it was read."""

    lines: Iterator[str]
    account: str | None = None
    #: What its trailer says; None: it has none (CSV, or the end is cut off).
    row_count: int | None = None
    newest: str = ""
    is_csv: bool = False

    def receipts(self) -> Iterator[Receipt]:
        """Return the rows. Raises Invalid, naming the line, where something is no row."""
        first = next(self.lines, "")
        if first.lstrip("\ufeff").startswith("sequence,"):
            self.is_csv = True
            yield from self._csv(first.lstrip("\ufeff"))
        else:
            yield from self._json(first)

    def _csv(self, first: str) -> Iterator[Receipt]:
        names = next(csv.reader([first]))
        missing = set(_CONTENT) - set(names)
        if missing:
            raise Invalid(f"The file lacks the column {sorted(missing)[0]}.", code="STATEMENT_INVALID")
        for number, values in enumerate(csv.reader(self.lines), start=2):
            if values:
                yield _receipt(dict(zip(names, values, strict=False)), number)

    def _json(self, first: str) -> Iterator[Receipt]:
        header = _object(first, 1)
        if header.get("format") != FORMAT:
            raise Invalid(f"This is no export of a ledger ({FORMAT}).", code="STATEMENT_INVALID")
        account = header.get("account")
        self.account = account if isinstance(account, str) else None
        for number, line in enumerate(self.lines, start=2):
            value = _object(line, number)
            if "rows" in value:
                self.row_count, self.newest = int(value["rows"]), str(value.get("newest", ""))
                return
            yield _receipt(value, number)


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line) if len(line) <= _MAX_LINE else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Invalid(f"Line {number} is not a row of an export.", code="STATEMENT_INVALID")
    return value


def _receipt(fields: Mapping[str, Any], number: int) -> Receipt:
    try:
        index, rule, ticks = fields["index"], fields.get("rule"), fields.get("ticks")
        row = ChainedTransfer(
            sequence=int(fields["sequence"]),
            transfer=Transfer(
                transfer_id=str(fields["transfer_id"]),
                debit=str(fields["debit"]),
                credit=str(fields["credit"]),
                amount_ucpt=int(fields["amount_ucpt"]),
                code=Code(fields["code"]),
                at_ms=int(fields["at_ms"]),
                task_id=str(fields["task_id"]),
                index=None if index in ("", None) else int(index),
                attempt_id=str(fields["attempt_id"]),
                rule_version=int(fields["rule_version"]),
                basis=str(fields["basis"]),
                failure=str(fields["failure"]),
                pending_id=str(fields["pending_id"]),
                actor_id=str(fields["actor_id"]),
            ),
            previous_debit=str(fields["previous_debit"]),
            previous_credit=str(fields["previous_credit"]),
            hash=str(fields["hash"]),
        )
        return Receipt(
            row=row,
            rule=RewardRule.from_text(rule) if rule else None,
            # A payment always had ticks: an empty cell means that they were not kept.
            ticks=ticks_from_text(ticks) if ticks else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Invalid(f"Line {number} is not a row of an export.", code="STATEMENT_INVALID") from None
