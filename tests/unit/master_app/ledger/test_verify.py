"""`ledger verify` names the first row that does not fit, in the database and in a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ledger import Code, row_hash
from master_app.ledger.statements import receipts, to_csv, to_json_lines
from master_app.ledger.verify import verify_database, verify_file
from tests.fakes.ledger import MemoryLedgerReads
from tests.unit.master_app.ledger.books import books
from tests.unit.master_app.ledger.stage import TICK

ROWS = len(books().ledger.committed)


def exported(account: str | None = None) -> list[str]:
    return list(to_json_lines(receipts(MemoryLedgerReads(books().ledger), account), account))


def test_untouched_books_fit() -> None:
    uow = books()
    assert Code.ATTEMPT_PAID_SHORT in {row.transfer.code for row in uow.ledger.committed}
    found = verify_database(MemoryLedgerReads(uow.ledger))
    assert (found.misfit, found.rows, found.unproven) == (None, ROWS, 0)
    assert verify_file(exported()).misfit is None
    assert verify_file(to_csv(receipts(MemoryLedgerReads(uow.ledger)))).misfit is None
    for account in ("user:alice", "user:bob", "user:carol", "mint", "fees", "hold:T"):
        assert verify_file(exported(account)).misfit is None, account


@pytest.mark.parametrize("attempt_id", ["A", "B", "C", "D", "E"])
def test_altered_metering_is_named(attempt_id: str) -> None:
    uow = books()
    evidence = uow.ledger.proof[attempt_id]
    uow.ledger.proof[attempt_id] = replace(
        evidence, ticks=tuple(replace(tick, duration_ms=900) for tick in evidence.ticks)
    )
    found = verify_database(MemoryLedgerReads(uow.ledger))
    assert found.misfit is not None and found.misfit.transfer_id == f"pay:{attempt_id}"
    assert "its ticks give" in found.sentence


def test_an_amount_that_was_changed_with_its_whole_chain_is_found_by_its_ticks() -> None:
    uow = books()
    rows = uow.ledger.committed
    position = next(n for n, row in enumerate(rows) if row.transfer.transfer_id == "pay:A")
    heads: dict[str, str] = {}
    for n, row in enumerate(rows):
        t = row.transfer
        if n == position:
            t = replace(t, amount_ucpt=t.amount_ucpt + 1)
        debit, credit = heads.get(t.debit, ""), heads.get(t.credit, "")
        digest = row_hash(row.sequence, t, debit, credit)
        rows[n] = replace(row, transfer=t, previous_debit=debit, previous_credit=credit, hash=digest)
        heads[t.debit] = heads[t.credit] = digest
    found = verify_database(MemoryLedgerReads(uow.ledger))
    assert found.misfit is not None and found.misfit.transfer_id == "pay:A"


@given(st.integers(0, ROWS - 1), st.sampled_from(["amount_ucpt", "at_ms", "credit", "task_id", "hash"]))
def test_any_altered_line_of_a_file_is_named(position: int, field: str) -> None:
    lines = exported()
    value = json.loads(lines[position + 1])
    value[field] = value[field] + 1 if isinstance(value[field], int) else value[field] + "x"
    lines[position + 1] = json.dumps(value) + "\n"
    found = verify_file(lines)
    assert found.misfit is not None and found.misfit.sequence == position + 1


@given(st.integers(1, ROWS + 1))
def test_any_line_that_is_missing_is_noticed(position: int) -> None:
    lines = exported()
    del lines[position]
    assert verify_file(lines).misfit is not None


@given(st.data())
def test_any_line_that_is_missing_from_a_statement_is_noticed(data: st.DataObject) -> None:
    lines = exported("user:bob")
    del lines[data.draw(st.integers(1, len(lines) - 1))]
    assert verify_file(lines).misfit is not None


def test_a_cached_balance_that_was_changed_is_named() -> None:
    uow = books()
    accounts = uow.ledger._accounts
    accounts["user:bob"] = replace(accounts["user:bob"], balance_ucpt=10**12)
    found = verify_database(MemoryLedgerReads(uow.ledger))
    assert found.misfit is not None and "user:bob" in found.sentence


def test_metering_that_was_not_kept_is_counted_not_hidden() -> None:
    uow = books()
    del uow.ledger.proof["A"]
    found = verify_database(MemoryLedgerReads(uow.ledger))
    # The payment and its fee.
    assert (found.misfit, found.unproven) == (None, 2)
    assert "2 amounts" in found.sentence


def test_more_ticks_than_were_counted_change_nothing() -> None:
    uow = books()
    evidence = uow.ledger.proof["A"]
    uow.ledger.proof["A"] = replace(evidence, ticks=(*evidence.ticks, TICK))
    assert verify_database(MemoryLedgerReads(uow.ledger)).misfit is None
