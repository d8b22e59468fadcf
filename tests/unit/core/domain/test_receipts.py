"""Replaying rows: any change, removal or new order is found, at the first row that does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Invalid
from core.domain.ledger import MINT, Account, ChainedTransfer, Code, Transfer, chain, row_hash, user_account
from core.domain.receipts import (
    Basis,
    Misfit,
    Replay,
    StatementReplay,
    payment_misfit,
    ticks_from_text,
    ticks_to_text,
)
from core.domain.resources import GIB, Resources
from core.domain.rewards import DEFAULT_RULE, RewardRule, Tick, reward

TICKS = (Tick(duration_ms=30_000, cpu_percent=33.333, memory_percent=99.999), Tick(
    duration_ms=1_234, cpu_percent=float("nan"), memory_percent=250, gpu_percent=50
))  # fmt: skip
OF = Resources(cpu_millis=1500, memory_bytes=3 * GIB + 17, gpus=1)


def history() -> list[ChainedTransfer]:
    transfers = [
        Transfer(
            transfer_id=f"grant:{name}",
            debit=MINT,
            credit=user_account(name),
            amount_ucpt=1000,
            code=Code.GRANT_SIGN_UP,
            at_ms=1,
        )
        for name in "ABC"
    ]
    transfers += [
        Transfer(
            transfer_id=f"send:{n}",
            debit=user_account("ABC"[n % 3]),
            credit=user_account("ABC"[(n + 1) % 3]),
            amount_ucpt=10 + n,
            code=Code.USER_TRANSFER,
            at_ms=2 + n,
        )
        for n in range(9)
    ]
    return chain(transfers, {}, 1)


def first_misfit(rows: Sequence[ChainedTransfer]) -> Misfit | None:
    replay = Replay()
    return next((found for found in map(replay.feed, rows) if found), None)


def test_an_untouched_ledger_fits_and_sums_to_zero() -> None:
    replay = Replay()
    assert [replay.feed(row) for row in history()] == [None] * 12
    assert replay.compare(list(replay.accounts.values())) == ""


@given(st.integers(0, 11), st.integers(1, 500))
def test_an_altered_amount_is_named(position: int, more: int) -> None:
    rows = history()
    row = rows[position]
    rows[position] = replace(row, transfer=replace(row.transfer, amount_ucpt=row.transfer.amount_ucpt + more))
    found = first_misfit(rows)
    assert found is not None and found.sequence == row.sequence


@given(st.integers(0, 10))
def test_an_altered_row_with_a_new_hash_breaks_the_next_of_its_accounts(position: int) -> None:
    rows = history()
    old = rows[position]
    forged = replace(old.transfer, amount_ucpt=old.transfer.amount_ucpt + 1)
    rows[position] = replace(
        old,
        transfer=forged,
        hash=row_hash(old.sequence, forged, old.previous_debit, old.previous_credit),
    )
    replay = Replay()
    found = next((found for found in map(replay.feed, rows) if found), None)
    kept = Replay()
    for row in history():
        assert kept.feed(row) is None
    assert found is not None or replay.compare(kept.accounts.values())


@given(st.integers(0, 11))
def test_a_removed_row_is_found(position: int) -> None:
    rows = history()
    del rows[position]
    kept = Replay()
    for row in history():
        kept.feed(row)
    replay = Replay()
    found = next((found for found in map(replay.feed, rows) if found), None)
    # The last row leaves no gap behind it: the kept heads show that it is missing.
    assert found is not None if position < 11 else "newest transfer" in replay.compare(kept.accounts.values())


@given(st.permutations(range(12)).filter(lambda order: order != sorted(order)))
def test_another_order_is_found(order: list[int]) -> None:
    rows = history()
    assert first_misfit([rows[n] for n in order]) is not None


def test_a_doubled_transfer_is_found_even_when_it_is_chained() -> None:
    rows = [row.transfer for row in history()]
    found = first_misfit(chain([*rows, rows[-1]], {}, 1))
    assert found is not None and "before" in found.reason


def test_a_wrong_cached_balance_is_found() -> None:
    replay = Replay()
    for row in history():
        replay.feed(row)
    cached = dict(replay.accounts)
    account = cached[user_account("A")]
    cached[user_account("A")] = replace(account, balance_ucpt=account.balance_ucpt + 1)
    assert "user:A" in replay.compare(cached.values())
    del cached[user_account("A")]
    assert "user:A" in replay.compare(cached.values())
    assert replay.compare([*replay.accounts.values(), Account(account_id="user:D")]) == ""


@given(st.integers(0, 7), st.booleans())
def test_one_statement_verifies_alone(position: int, remove: bool) -> None:
    rows = [row for row in history() if "user:A" in (row.transfer.debit, row.transfer.credit)]
    alone = StatementReplay("user:A")
    assert all(alone.feed(row) is None for row in rows)
    position %= len(rows) - 1
    if remove:
        del rows[position]
    else:
        row = rows[position]
        rows[position] = replace(row, transfer=replace(row.transfer, at_ms=77))
    altered = StatementReplay("user:A")
    assert any(altered.feed(row) for row in rows)


@given(
    st.lists(
        st.builds(
            Tick,
            duration_ms=st.integers(0, 30_000),
            cpu_percent=st.floats(),
            memory_percent=st.floats(-1, 101),
            gpu_percent=st.floats(0, 100),
        )
    )
)
def test_ticks_earn_the_same_after_their_text(ticks: list[Tick]) -> None:
    again = ticks_from_text(ticks_to_text(ticks))
    assert [reward([tick], OF, DEFAULT_RULE) for tick in again] == [
        reward([tick], OF, DEFAULT_RULE) for tick in ticks
    ]


def paid(amount: int, code: Code = Code.ATTEMPT_PAID, ticks: int = 2) -> Transfer:
    return Transfer(
        transfer_id="pay:X",
        debit="hold:T",
        credit="user:B",
        amount_ucpt=amount,
        code=code,
        at_ms=1,
        attempt_id="X",
        rule_version=1,
        basis=Basis(resources=OF, ticks=ticks).to_text(),
    )


def test_a_payment_is_what_its_ticks_give() -> None:
    earned = reward(TICKS, OF, DEFAULT_RULE)
    assert payment_misfit(paid(earned), TICKS, DEFAULT_RULE) == ""
    assert payment_misfit(paid(earned + 1), TICKS, DEFAULT_RULE)
    assert payment_misfit(paid(earned - 1), TICKS, DEFAULT_RULE)
    assert payment_misfit(paid(earned - 1, Code.ATTEMPT_PAID_SHORT), TICKS, DEFAULT_RULE) == ""
    assert payment_misfit(paid(earned + 1, Code.ATTEMPT_PAID_SHORT), TICKS, DEFAULT_RULE)
    assert payment_misfit(paid(earned), TICKS[:1], DEFAULT_RULE)
    assert payment_misfit(paid(earned), TICKS, RewardRule(version=2))


def test_a_basis_that_cannot_be_read_is_invalid() -> None:
    assert Basis.from_text(Basis(resources=OF, ticks=3, limit_ms=9).to_text()) == Basis(
        resources=Resources(cpu_millis=OF.cpu_millis, memory_bytes=OF.memory_bytes, gpus=1), ticks=3, limit_ms=9
    )
    with pytest.raises(Invalid):
        Basis.from_text("1 2 three 4 5")
