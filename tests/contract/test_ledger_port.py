"""What every LedgerRepository and its reads promise. The SQL ones are added where storage is tested: a class that
has these tests and its own `ledger` fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import pytest

from core.domain.errors import Conflict, Invalid, OutOfFunds
from core.domain.ledger import MINT, Account, Code, Transfer, user_account
from core.domain.receipts import Replay, StatementReplay
from core.domain.rewards import DEFAULT_RULE, RewardRule
from master_app.ports.ledger import LedgerReads, LedgerRepository
from tests.fakes.ledger import MemoryLedgerReads, MoneyUnitOfWork


@dataclass(frozen=True)
class Ledger:
    """One implementation: a transaction gives its repository and commits at its end, rolls back on an error."""

    transaction: Callable[[], AbstractContextManager[LedgerRepository]]
    reads: LedgerReads


def grant(number: int, name: str = "A", amount: int = 100) -> Transfer:
    return Transfer(
        transfer_id=f"grant:{number}",
        debit=MINT,
        credit=user_account(name),
        amount_ucpt=amount,
        code=Code.GRANT_OPERATOR,
        at_ms=number,
    )


def send(number: int, amount: int = 10, source: str = "A", target: str = "B") -> Transfer:
    return Transfer(
        transfer_id=f"send:{number}",
        debit=user_account(source),
        credit=user_account(target),
        amount_ucpt=amount,
        code=Code.USER_TRANSFER,
        at_ms=number,
        actor_id=source,
    )


def full_transfer() -> Transfer:
    """One with every field set."""
    return Transfer(
        transfer_id="pay:X",
        debit="hold:T",
        credit="user:B",
        amount_ucpt=7,
        code=Code.ATTEMPT_PAID,
        at_ms=9,
        task_id="T",
        index=0,
        attempt_id="X",
        rule_version=1,
        basis="1000 0 0 1 0",
        failure="oom",
        actor_id="A",
    )


def open_hold(amount: int = 50) -> Transfer:
    return Transfer(
        transfer_id="hold:T:0",
        debit="user:A",
        credit="hold:T",
        amount_ucpt=amount,
        code=Code.HOLD_OPEN,
        at_ms=2,
        task_id="T",
    )


class LedgerContract:
    """Inherit and give a `ledger` fixture."""

    def test_what_was_never_touched_is_empty(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            assert repository.accounts(["user:A"]) == {"user:A": Account(account_id="user:A")}
            assert repository.accounts([]) == {} and repository.posted([]) == {}
            assert repository.posted(["nothing"]) == {}
        assert ledger.reads.account("user:A") == Account(account_id="user:A")
        assert list(ledger.reads.rows()) == []
        assert ledger.reads.transfer("nothing") is None

    def test_a_transaction_sees_what_it_appended(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1), send(2)])
            found = repository.accounts(["user:A", "user:B", MINT])
            assert [found[key].balance_ucpt for key in ("user:A", "user:B", MINT)] == [90, 10, -100]
            # Also of what this transaction moved, and of accounts that nobody touched.
            assert repository.balances(["user:A", MINT, "user:C"]) == {"user:A": 90, MINT: -100, "user:C": 0}
            assert found["user:A"].entries == 2
            assert repository.posted(["send:2", "send:3"]) == {"send:2": send(2)}
            repository.append([send(3, amount=90)])
        assert ledger.reads.account("user:B").balance_ucpt == 100

    def test_every_field_survives(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1), open_hold(), full_transfer()])
        row = ledger.reads.transfer("pay:X")
        assert row is not None and row.transfer == full_transfer()
        with ledger.transaction() as repository:
            assert repository.posted(["pay:X", "grant:1"]) == {"pay:X": full_transfer(), "grant:1": grant(1)}
            assert repository.accounts(["hold:T"])["hold:T"].hold_id == "hold:T:0"

    def test_rows_replay_over_several_commits(self, ledger: Ledger) -> None:
        for number in range(1, 5):
            with ledger.transaction() as repository:
                repository.append([grant(number * 10), send(number * 10 + 1)])
                repository.append([send(number * 10 + 2)])
        replay, alone = Replay(), StatementReplay("user:B")
        assert [replay.feed(row) for row in ledger.reads.rows()] == [None] * 12
        assert replay.compare(ledger.reads.accounts()) == ""
        rows = list(ledger.reads.rows(account_id="user:B"))
        assert [alone.feed(row) for row in rows] == [None] * 8
        assert alone.balance_ucpt == ledger.reads.account("user:B").balance_ucpt == 80

    def test_a_transfer_is_never_there_twice(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1)])
        with pytest.raises(Conflict), ledger.transaction() as repository:
            repository.append([grant(1)])
        with pytest.raises(Conflict), ledger.transaction() as repository:
            repository.append([grant(2)])
            repository.append([grant(2, amount=5)])
        assert ledger.reads.account("user:A").balance_ucpt == 100

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [(send(5, amount=101), OutOfFunds), (grant(5, amount=0), Invalid), (open_hold(101), OutOfFunds)],
    )
    def test_a_refused_transfer_leaves_nothing(
        self, ledger: Ledger, wrong: Transfer, error: type[Exception]
    ) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1)])
        with pytest.raises(error), ledger.transaction() as repository:
            repository.append([send(4), wrong])
        with ledger.transaction() as repository:
            assert repository.balances(["user:A", "user:B"]) == {"user:A": 100, "user:B": 0}
            assert repository.accounts(["user:A"])["user:A"].balance_ucpt == 100
            assert repository.posted(["send:4"]) == {}
            repository.append([send(6)])
        assert [row.sequence for row in ledger.reads.rows()] == [1, 2]

    def test_what_was_rolled_back_can_come_again(self, ledger: Ledger) -> None:
        with pytest.raises(ZeroDivisionError), ledger.transaction() as repository:
            repository.append([grant(1)])
            raise ZeroDivisionError
        with ledger.transaction() as repository:
            repository.append([grant(1)])
        assert len(list(ledger.reads.rows())) == 1

    def test_one_open_hold_a_task(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1), open_hold()])
        with pytest.raises(Conflict), ledger.transaction() as repository:
            repository.append([replace(open_hold(), transfer_id="hold:T:1")])

    def test_rules_are_added_one_version_after_the_other(self, ledger: Ledger) -> None:
        second = RewardRule(version=2, fee_millionths=5, steps=((10, 9),), since_ms=7)
        with ledger.transaction() as repository:
            assert repository.rule() == DEFAULT_RULE
            repository.add_rule(second)
            assert repository.rule() == second
        for version in (2, 4):
            with pytest.raises(Conflict), ledger.transaction() as repository:
                repository.add_rule(replace(second, version=version))
        assert dict(ledger.reads.rules()) == {1: DEFAULT_RULE, 2: second}

    def test_pages_go_back_in_time_without_gaps(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1), *(send(number) for number in range(2, 9)), grant(20, "C")])
        seen: list[int] = []
        cursor: str | None = None
        while True:
            page = ledger.reads.page(account_id="user:A", cursor=cursor, limit=3)
            seen += [row.sequence for row in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert seen == [8, 7, 6, 5, 4, 3, 2, 1]
        grants = ledger.reads.page(account_id=None, codes=[Code.GRANT_OPERATOR])
        assert [row.sequence for row in grants.items] == [9, 1]

    def test_an_account_shows_each_code_from_both_its_sides(self, ledger: Ledger) -> None:
        rows = [grant(1), open_hold(), full_transfer(), send(4), send(5, source="B", target="A")]
        correction = replace(send(6, source="A", target="B"), code=Code.CORRECTION, pending_id="send:4")
        with ledger.transaction() as repository:
            repository.append([*rows, correction])
        page = ledger.reads.page

        def of(account_id: str, *codes: Code) -> list[int]:
            found = [row.sequence for row in page(account_id=account_id, codes=codes).items]
            newest = page(account_id=account_id, codes=codes, limit=1).items
            assert [row.sequence for row in newest] == found[:1]
            return found

        assert of("user:A") == [6, 5, 4, 2, 1]
        assert of("user:B") == [6, 5, 4, 3]
        assert of("hold:T") == [3, 2]
        assert of("mint") == [1]
        assert of("user:A", Code.HOLD_OPEN) == [2]
        assert of("user:A", Code.ATTEMPT_PAID) == of("user:A", Code.POOL_FEE) == []
        assert of("user:B", Code.ATTEMPT_PAID, Code.CORRECTION) == [6, 3]
        assert of("hold:T", Code.ATTEMPT_PAID) == [3]
        assert [row.sequence for row in ledger.reads.rows(account_id="user:B")] == [3, 4, 5, 6]

    def test_spend_counts_payments_only(self, ledger: Ledger) -> None:
        with ledger.transaction() as repository:
            repository.append([grant(1), open_hold(), full_transfer(), send(12)])
        assert ledger.reads.spent_ucpt("A", 0) == ledger.reads.spent_ucpt(None, 0) == 7
        assert ledger.reads.spent_ucpt("A", 10) == ledger.reads.spent_ucpt("B", 0) == 0


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        uow = MoneyUnitOfWork()

        @contextmanager
        def transaction() -> Iterator[LedgerRepository]:
            with uow.transaction():
                yield uow.ledger

        yield Ledger(transaction=transaction, reads=MemoryLedgerReads(uow.ledger))
