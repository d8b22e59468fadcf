"""Receipts: what a payment was computed from, and replaying rows to find the first that does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.domain.errors import HiveMindError, Invalid
from core.domain.ledger import (
    GENESIS,
    MINT,
    PAYMENT_CODES,
    Account,
    ChainedTransfer,
    Code,
    Transfer,
    apply_transfers,
    format_cpt,
    misfit,
    row_hash,
)
from core.domain.resources import Resources
from core.domain.rewards import RewardRule, Tick, fee, hundredths, reward


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an amount was computed from besides the ticks and the rule: part of the hashed transfer."""

    resources: Resources
    #: How many of the attempt's ticks count (those up to the last committed checkpoint when RETURNED).
    ticks: int
    #: Run time that counts at most; 0: no limit.
    limit_ms: int = 0

    def to_text(self) -> str:
        r = self.resources
        return f"{r.cpu_millis} {r.memory_bytes} {r.gpus} {self.ticks} {self.limit_ms}"

    @classmethod
    def from_text(cls, text: str) -> Basis:
        """Return the basis of `to_text`, or raise Invalid."""
        try:
            cpu, memory, gpus, ticks, limit = (int(part) for part in text.split(" "))
        except ValueError:
            raise Invalid("This payment does not say what it was computed from.", code="BASIS_INVALID") from None
        return cls(
            resources=Resources(cpu_millis=cpu, memory_bytes=memory, gpus=gpus), ticks=ticks, limit_ms=limit
        )


def ticks_to_text(ticks: Iterable[Tick]) -> str:
    """Return ticks as `ms/cpu/memory/gpu` in hundredths of a percent, joined by `;`: all that rewards use."""
    return ";".join(
        f"{tick.duration_ms}/{hundredths(tick.cpu_percent)}/{hundredths(tick.memory_percent)}"
        f"/{hundredths(tick.gpu_percent)}"
        for tick in ticks
    )


def ticks_from_text(text: str) -> tuple[Tick, ...]:
    """Return ticks that earn exactly what those of `ticks_to_text` did, or raise ValueError."""
    found: list[Tick] = []
    for part in text.split(";") if text else ():
        duration, cpu, memory, gpu = (int(number) for number in part.split("/"))
        found.append(
            Tick(
                duration_ms=duration,
                cpu_percent=cpu / 100,
                memory_percent=memory / 100,
                gpu_percent=gpu / 100,
            )
        )
    return tuple(found)


def earned_ucpt(transfer: Transfer, ticks: Sequence[Tick], rule: RewardRule) -> int:
    """Return what the attempt of a payment earned, from its ticks and rule. Raises Invalid without a basis."""
    basis = Basis.from_text(transfer.basis)
    return reward(ticks[: basis.ticks], basis.resources, rule, basis.limit_ms)


def payment_misfit(transfer: Transfer, ticks: Sequence[Tick], rule: RewardRule) -> str:
    """Return why a payment or fee is not what its ticks and rule give; empty: it is."""
    if transfer.rule_version != rule.version:
        return f"it names version {transfer.rule_version} of the rates, not {rule.version}"
    try:
        earned = earned_ucpt(transfer, ticks, rule)
    except Invalid as error:
        return error.message
    wanted = fee(earned, rule) if transfer.code is Code.POOL_FEE else earned
    exact = transfer.code is Code.ATTEMPT_PAID
    if transfer.amount_ucpt != wanted if exact else transfer.amount_ucpt > wanted:
        return f"it moved {format_cpt(transfer.amount_ucpt)} CPT; its ticks give {format_cpt(wanted)}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """The first row that does not fit, and why."""

    sequence: int
    transfer_id: str
    reason: str


class Replay:
    """Replays rows in their order; `feed` answers with the first that does not fit. Whole ledgers only: each
    account starts empty, numbers have no gaps. Keeps one Account an account and one number a transfer.
    """

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.sequence = 0
        self._seen: set[int] = set()

    def feed(self, row: ChainedTransfer) -> Misfit | None:
        """Take the next row. After a misfit the replay is over."""
        reason = self._wrong(row)
        if reason:
            return Misfit(sequence=row.sequence, transfer_id=row.transfer.transfer_id, reason=reason)
        return None

    def _wrong(self, row: ChainedTransfer) -> str:
        t = row.transfer
        if row.sequence != self.sequence + 1:
            return f"row {self.sequence + 1} should stand here: rows are missing, doubled or in another order"
        debit, credit = self._account(t.debit), self._account(t.credit)
        wrong = hash_misfit(row) or _link_misfit(row, debit.head, credit.head)
        if wrong:
            return wrong
        key = hash(t.transfer_id)
        if key in self._seen:
            return "a transfer of this id stands before it"
        try:
            apply_transfers([t], self.accounts)
        except HiveMindError as error:
            return error.message
        if t.code is Code.ATTEMPT_PAID_SHORT and self.accounts[t.debit].balance_ucpt:
            return "it paid less than was earned although the hold had more"
        self._seen.add(key)
        self.sequence = row.sequence
        for account_id in (t.debit, t.credit):
            self.accounts[account_id] = replace(self.accounts[account_id], head=row.hash)
        return ""

    def _account(self, account_id: str) -> Account:
        account = self.accounts.get(account_id)
        if account is None:
            account = self.accounts[account_id] = Account(account_id=account_id)
        return account

    def compare(self, cached: Iterable[Account]) -> str:
        """Return how the cached accounts differ from the replayed ones after the last row; empty: they do not."""
        left = dict(self.accounts)
        for account in cached:
            replayed = left.pop(account.account_id, Account(account_id=account.account_id))
            if replayed.head != account.head:
                return f"the newest transfer of {account.account_id} is not among the rows"
            if (replayed.balance_ucpt, replayed.entries) != (account.balance_ucpt, account.entries):
                return (
                    f"{account.account_id} is kept with {format_cpt(account.balance_ucpt)} CPT; its transfers "
                    f"give {format_cpt(replayed.balance_ucpt)}"
                )
        if left:
            return f"{next(iter(left))} has transfers and is not kept as an account"
        total = sum(account.balance_ucpt for account in self.accounts.values())
        return "" if total == 0 else f"all balances together are {format_cpt(total)} CPT, not 0"


class StatementReplay:
    """Replays one account's rows alone: its own chain, its own balance. A statement may start in the middle;
    then its first link is taken as given.
    """

    def __init__(self, account_id: str, *, first_head: str | None = GENESIS, balance_ucpt: int = 0) -> None:
        """`first_head` None: take the first row's link as given."""
        self.account_id = account_id
        self.head = first_head
        self.balance_ucpt = balance_ucpt
        self._sequence = 0

    def feed(self, row: ChainedTransfer) -> Misfit | None:
        """Take the next row. After a misfit the replay is over."""
        reason = self._wrong(row)
        if reason:
            return Misfit(sequence=row.sequence, transfer_id=row.transfer.transfer_id, reason=reason)
        return None

    def _wrong(self, row: ChainedTransfer) -> str:
        t = row.transfer
        if self.account_id not in (t.debit, t.credit):
            return f"it is not about {self.account_id}"
        if row.sequence <= self._sequence:
            return "rows are doubled or in another order"
        wrong = misfit(t) or hash_misfit(row)
        if wrong:
            return wrong
        gives = t.debit == self.account_id
        previous = row.previous_debit if gives else row.previous_credit
        if self.head is not None and previous != self.head:
            return "it does not follow the row before it: rows are missing or in another order"
        self.balance_ucpt += -t.amount_ucpt if gives else t.amount_ucpt
        if self.balance_ucpt < 0 and self.account_id != MINT:
            return "the balance falls below zero"
        self.head, self._sequence = row.hash, row.sequence
        return ""


def hash_misfit(row: ChainedTransfer) -> str:
    """Return the words for a row whose hash is not that of its content; empty: it is."""
    if row_hash(row.sequence, row.transfer, row.previous_debit, row.previous_credit) != row.hash:
        return "its content is not what its hash was made of"
    return ""


def _link_misfit(row: ChainedTransfer, debit_head: str, credit_head: str) -> str:
    if row.previous_debit != debit_head:
        return f"it does not follow the newest transfer of {row.transfer.debit}"
    if row.previous_credit != credit_head:
        return f"it does not follow the newest transfer of {row.transfer.credit}"
    return ""


def needs_evidence(transfer: Transfer) -> bool:
    """Tell whether an amount follows from ticks."""
    return transfer.code in PAYMENT_CODES or transfer.code is Code.POOL_FEE
