"""Transfers, chains and amounts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Conflict, HiveMindError, Invalid, OutOfFunds
from core.domain.ledger import (
    MAX_AMOUNT_UCPT,
    MINT,
    Account,
    AccountKind,
    Code,
    Transfer,
    apply_transfers,
    chain,
    format_cpt,
    kind_of,
    misfit,
    parse_cpt,
    row_hash,
)

GRANT = Transfer(
    transfer_id="grant:1", debit=MINT, credit="user:A", amount_ucpt=100, code=Code.GRANT_OPERATOR, at_ms=1
)
OPEN = Transfer(
    transfer_id="hold:T:0", debit="user:A", credit="hold:T", amount_ucpt=60, code=Code.HOLD_OPEN, at_ms=2
)
RELEASE = Transfer(
    transfer_id="void:T:1",
    debit="hold:T",
    credit="user:A",
    amount_ucpt=60,
    code=Code.HOLD_RELEASED,
    at_ms=3,
    pending_id="hold:T:0",
)


def fresh(*names: str) -> dict[str, Account]:
    return {name: Account(account_id=name) for name in names}


@given(st.integers(-MAX_AMOUNT_UCPT, MAX_AMOUNT_UCPT))
def test_amount_survives_its_text(amount: int) -> None:
    text = format_cpt(amount)
    assert parse_cpt(text.removeprefix("-")) == abs(amount)
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000001", "٣", "9" * 13, "1_0", "nan", "1 2", "1.2.3"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_cpt(text)


def test_decimals_are_parsed_exactly() -> None:
    assert parse_cpt("0.000001") == 1
    assert parse_cpt(" 12.5 ") == 12_500_000
    assert parse_cpt("12.5000000000") == 12_500_000


def test_account_ids_say_what_they_belong_to() -> None:
    assert kind_of("hold:T") is AccountKind.HOLDS
    for bad in ("user:", "user", "mint:x", "somebody"):
        with pytest.raises(Invalid):
            kind_of(bad)


def test_money_moves_from_one_account_to_the_other() -> None:
    accounts = fresh(MINT, "user:A", "hold:T")
    apply_transfers([GRANT, OPEN, RELEASE], accounts)
    assert {name: account.balance_ucpt for name, account in accounts.items()} == {
        MINT: -100,
        "user:A": 100,
        "hold:T": 0,
    }
    assert accounts["user:A"].entries == 3


def test_nobody_but_the_mint_falls_below_zero() -> None:
    with pytest.raises(OutOfFunds):
        apply_transfers([replace(GRANT, amount_ucpt=59), OPEN], fresh(MINT, "user:A", "hold:T"))


def test_a_task_has_one_open_hold() -> None:
    accounts = fresh(MINT, "user:A", "hold:T")
    twice = replace(OPEN, transfer_id="hold:T:1", amount_ucpt=10)
    with pytest.raises(Conflict):
        apply_transfers([GRANT, OPEN, twice], accounts)


def test_a_release_names_the_open_hold() -> None:
    with pytest.raises(Conflict):
        apply_transfers([GRANT, OPEN, replace(RELEASE, pending_id="hold:T:9")], fresh(MINT, "user:A", "hold:T"))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(GRANT, amount_ucpt=0),
        replace(GRANT, amount_ucpt=-5),
        replace(GRANT, amount_ucpt=MAX_AMOUNT_UCPT + 1),
        replace(GRANT, credit=MINT),
        replace(GRANT, debit="user:B"),
        replace(GRANT, transfer_id=""),
        replace(GRANT, actor_id="a\nb"),
        replace(RELEASE, pending_id=""),
        replace(RELEASE, code=Code.ATTEMPT_PAID, attempt_id="X", transfer_id="pay:Y"),
    ],
)
def test_a_transfer_that_is_wrong_by_itself_is_refused(wrong: Transfer) -> None:
    assert misfit(wrong)
    with pytest.raises(HiveMindError):
        apply_transfers([wrong], fresh(MINT, "user:A", "user:B", "hold:T"))


def test_every_field_is_in_the_hash() -> None:
    changed = {
        "transfer_id": "x", "debit": "x", "credit": "x", "amount_ucpt": 7, "code": Code.CORRECTION, "at_ms": 7,
        "task_id": "x", "index": 0, "attempt_id": "x", "rule_version": 7, "basis": "x", "failure": "x",
        "pending_id": "x", "actor_id": "x",
    }  # fmt: skip
    assert set(changed) == set(Transfer.__slots__)
    hashes = {row_hash(1, replace(GRANT, **{name: value}), "", "") for name, value in changed.items()}  # type: ignore[arg-type]
    hashes |= {row_hash(1, GRANT, "", ""), row_hash(2, GRANT, "", ""), row_hash(1, GRANT, "x", "")}
    hashes.add(row_hash(1, GRANT, "", "x"))
    assert len(hashes) == len(changed) + 4


def test_chain_links_each_row_to_the_previous_of_both_accounts() -> None:
    heads = {MINT: "m"}
    first, second, third = chain([GRANT, OPEN, RELEASE], heads, 5)
    assert [row.sequence for row in (first, second, third)] == [5, 6, 7]
    assert (first.previous_debit, first.previous_credit) == ("m", "")
    assert (second.previous_debit, second.previous_credit) == (first.hash, "")
    assert (third.previous_debit, third.previous_credit) == (second.hash, second.hash)
    assert heads == {MINT: first.hash, "user:A": third.hash, "hold:T": third.hash}


def test_a_repeated_request_says_the_same_whenever_it_comes() -> None:
    assert GRANT.same_content(replace(GRANT, at_ms=99))
    assert not GRANT.same_content(replace(GRANT, amount_ucpt=101))
