"""Exports carry every row exactly, in both formats."""

from __future__ import annotations

import pytest

from core.domain.errors import Invalid
from master_app.ledger.statements import Statement, receipts, to_csv, to_json_lines
from tests.fakes.ledger import MemoryLedgerReads
from tests.unit.master_app.ledger.books import books


@pytest.mark.parametrize("write", [to_json_lines, to_csv])
@pytest.mark.parametrize("account", [None, "user:bob"])
def test_rows_survive_their_export(write: object, account: str | None) -> None:
    reads = MemoryLedgerReads(books().ledger)
    assert callable(write)
    before = list(receipts(reads, account))
    again = list(Statement(iter(list(write(before)))).receipts())
    assert [receipt.row for receipt in again] == [receipt.row for receipt in before]
    assert [receipt.rule for receipt in again] == [receipt.rule for receipt in before]
    assert any(receipt.ticks for receipt in again)


def test_an_export_says_whose_it_is_and_where_it_ends() -> None:
    reads = MemoryLedgerReads(books().ledger)
    statement = Statement(iter(to_json_lines(receipts(reads, "user:bob"), "user:bob")))
    rows = list(statement.receipts())
    assert (statement.account, statement.row_count, statement.newest) == (
        "user:bob",
        len(rows),
        rows[-1].row.hash,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        '{"format":"other"}',
        '{"format":"hivemind-ledger-1"}\n{"sequence":1}',
        '{"format":"hivemind-ledger-1"}\n[[[[',
        "sequence,hash\n1,2",
        "\x00",
    ],
)
def test_what_is_no_export_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(Invalid) as error:
        list(Statement(iter(text.splitlines(keepends=True))).receipts())
    assert error.value.code == "STATEMENT_INVALID"
