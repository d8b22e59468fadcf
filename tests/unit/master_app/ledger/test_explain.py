"""Every amount can be explained, to those whom it concerns."""

from __future__ import annotations

import pytest

from core.domain.errors import NotFound
from core.domain.ledger import parse_cpt
from core.domain.user import Principal, Role
from master_app.ledger.explain import explain_amount
from tests.fakes.ledger import MemoryLedgerReads
from tests.unit.master_app.ledger.books import books


def person(name: str, *roles: Role) -> Principal:
    return Principal(user_id=name, username=name, roles=frozenset(roles or {Role.PROVIDER}))


def test_the_lines_of_a_payment_add_up_to_it() -> None:
    reads = MemoryLedgerReads(books().ledger)
    for attempt_id in "ABCD":
        found = explain_amount(reads, person("alice"), f"pay:{attempt_id}")
        shown = [parse_cpt(line.rsplit("= ", 1)[1].removesuffix(" CPT")) for line in found.lines]
        assert sum(shown) == found.transfer.amount_ucpt, attempt_id


def test_every_transfer_has_words() -> None:
    uow = books()
    reads = MemoryLedgerReads(uow.ledger)
    operator = person("root", Role.OPERATOR)
    for row in uow.ledger.committed:
        found = explain_amount(reads, operator, row.transfer.transfer_id)
        assert " CPT. " in found.summary
    assert "10 % of it" in explain_amount(reads, operator, "fee:A").summary
    del uow.ledger.proof["A"]
    assert "no longer kept" in explain_amount(reads, operator, "pay:A").summary


def test_other_peoples_amounts_are_not_there() -> None:
    reads = MemoryLedgerReads(books().ledger)
    assert explain_amount(reads, person("carol"), "pay:B").lines
    for name, transfer_id in (("carol", "pay:A"), ("mallory", "pay:A"), ("alice", "pay:NONE")):
        with pytest.raises(NotFound):
            explain_amount(reads, person(name), transfer_id)
