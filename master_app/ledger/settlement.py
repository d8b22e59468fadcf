"""Settlement: what a terminal attempt is paid, in the transaction of its terminal update.

A paid attempt is exactly one transfer hold(task) -> provider, whose id follows from the attempt, so whatever is
repeated, it is paid once. The pool's fee, where there is one, is one more transfer hold(task) -> fees that names
the same attempt: the receipt of the provider stays the plain reward. An attempt that is paid nothing has no
transfer; the decision says why, and its row keeps that.

How holds map on pending and posted: see `core.domain.ledger`. Holds themselves: `master_app.ledger.holds`, whose
verbs are offered here too, so that callers have one door.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.ledger import (
    FEES,
    Account,
    Code,
    Transfer,
    fee_id,
    hold_account,
    payment_id,
    user_account,
)
from core.domain.receipts import Basis
from core.domain.resources import Resources
from core.domain.rewards import RewardRule, Tick, fee, meter
from master_app.ledger.holds import (
    HoldNeed,
    HoldRequest,
    HoldState,
    extend_holds,
    into_hold,
    left_of_cap,
    open_hold,
    opening,
    release,
)
from master_app.ports.ledger import MoneyUnit

__all__ = [
    "HoldNeed",
    "HoldRequest",
    "HoldState",
    "Payment",
    "PaymentDecision",
    "PaymentReason",
    "extend_holds",
    "open_hold",
    "opening",
    "release",
    "settle",
]


class PaymentReason(StrEnum):
    """Why an attempt was paid what it was."""

    PAID = "PAID"
    PAID_TO_CHECKPOINT = "PAID_TO_CHECKPOINT"
    PAID_SHORT = "PAID_SHORT"
    UNFUNDED = "UNFUNDED"
    UNFUNDED_LATE = "UNFUNDED_LATE"
    OWN_NODE = "OWN_NODE"
    NOT_METERED = "NOT_METERED"
    LOST = "LOST"
    REJECTED = "REJECTED"
    RETURNED_WITHOUT_CHECKPOINT = "RETURNED_WITHOUT_CHECKPOINT"
    FAILED_INFRA = "FAILED_INFRA"
    FENCED = "FENCED"


EXPLANATIONS: Final = {
    PaymentReason.PAID: "What its metering earned.",
    PaymentReason.PAID_TO_CHECKPOINT: "What it earned up to its last committed checkpoint.",
    PaymentReason.PAID_SHORT: "All that was left in the task's hold and the balance or cap behind it.",
    PaymentReason.UNFUNDED: "Nothing was left in the task's hold and the balance or cap behind it.",
    PaymentReason.UNFUNDED_LATE: "It came after the task's hold was used up or given back.",
    PaymentReason.OWN_NODE: "Its task and its node belong to the same user.",
    PaymentReason.NOT_METERED: "It never ran: preparing and uploading are not metered.",
    PaymentReason.LOST: "The master gave it up before it reported.",
    PaymentReason.REJECTED: "The node did not take it.",
    PaymentReason.RETURNED_WITHOUT_CHECKPOINT: "It was given back with nothing that the next attempt can use.",
    PaymentReason.FAILED_INFRA: "It failed for a cause in node or pool, not in the task.",
    PaymentReason.FENCED: "Its task had started over, had ended, or another attempt had won.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A terminal attempt, as far as money needs it."""

    attempt_id: str
    task_id: str
    index: int
    submitter_id: str
    #: Owner of the node; empty: not known any more.
    provider_id: str
    #: What was reserved for it.
    resources: Resources
    state: AttemptState
    failure: Failure | None = None
    reason: str = ""
    ticks: tuple[Tick, ...] = ()
    #: Of RETURNED: how many of the ticks its last committed checkpoint covers.
    ticks_committed: int = 0
    #: Of an older generation, or beaten before it reported.
    fenced: bool = False
    #: It was LOST before and its result was accepted late (R5): paid from what is held, never from more.
    late: bool = False
    #: Run time that the master believes at most (its own clock's); 0: no limit.
    limit_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDecision:
    """What an attempt got and why. `cost_ucpt` is what its submitter paid: amount and fee."""

    attempt_id: str
    amount_ucpt: int
    reason: PaymentReason
    fee_ucpt: int = 0

    @property
    def cost_ucpt(self) -> int:
        return self.amount_ucpt + self.fee_ucpt

    @property
    def explanation(self) -> str:
        return EXPLANATIONS[self.reason]


_UNPAID_STATES: Final = {
    AttemptState.LOST: PaymentReason.LOST,
    AttemptState.REJECTED: PaymentReason.REJECTED,
}


def settle(uow: MoneyUnit, payments: Sequence[Payment]) -> list[PaymentDecision]:
    """Pay what is to be paid and return one decision for each payment, in order.

    An attempt that was paid before gets the same decision again and no more money. What a hold lacks is taken
    from the submitter's balance within the task's cap; what is missing then is not paid, and the reason says so.
    """
    bill = _Bill(uow, payments)
    decisions = [bill.decide(payment) for payment in payments]
    if bill.transfers:
        uow.ledger.append(bill.transfers)
    return decisions


class _Bill:
    """One call of `settle`: what it has looked up, and the transfers that it collects."""

    __slots__ = ("_accounts", "_posted", "_rule", "_spent", "_uow", "_users", "transfers")

    def __init__(self, uow: MoneyUnit, payments: Sequence[Payment]) -> None:
        self.transfers: list[Transfer] = []
        self._uow = uow
        self._rule: RewardRule = uow.ledger.rule()
        ids = [payment_id(payment.attempt_id) for payment in payments]
        if self._rule.fee_millionths:
            ids += [fee_id(payment.attempt_id) for payment in payments]
        self._posted = uow.ledger.posted(ids)
        self._accounts: dict[str, Account] = uow.ledger.accounts(
            list({hold_account(payment.task_id) for payment in payments})
        )
        #: Balances of submitters, looked up only when a hold is short.
        self._users: dict[str, int] = {}
        #: What this call has taken out of each task's hold.
        self._spent: dict[str, int] = {}

    def decide(self, payment: Payment) -> PaymentDecision:
        known = self._posted.get(payment_id(payment.attempt_id))
        if known is not None:
            return self._again(payment, known)
        reason = _unpaid(payment)
        if reason is not None:
            return PaymentDecision(attempt_id=payment.attempt_id, amount_ucpt=0, reason=reason)
        counted = payment.ticks
        if payment.state is AttemptState.RETURNED:
            counted = counted[: payment.ticks_committed]
        earned = meter(payment.resources, self._rule).ticks_ucpt(counted, payment.limit_ms)
        if earned <= 0:
            return PaymentDecision(attempt_id=payment.attempt_id, amount_ucpt=0, reason=PaymentReason.NOT_METERED)
        return self._pay(payment, len(counted), earned)

    def _pay(self, payment: Payment, tick_count: int, earned: int) -> PaymentDecision:
        hold_id = hold_account(payment.task_id)
        wanted_fee = fee(earned, self._rule)
        if self._accounts[hold_id].balance_ucpt < earned + wanted_fee and not payment.late:
            self._top_up(payment, earned + wanted_fee)
        available = self._accounts[hold_id].balance_ucpt
        # The provider did the work, so the pool's fee is what goes short first.
        amount = min(earned, available)
        charged = min(wanted_fee, available - amount)
        if amount <= 0:
            reason = PaymentReason.UNFUNDED_LATE if payment.late else PaymentReason.UNFUNDED
            return PaymentDecision(attempt_id=payment.attempt_id, amount_ucpt=0, reason=reason)
        short = amount < earned
        basis = Basis(resources=payment.resources, ticks=tick_count, limit_ms=payment.limit_ms).to_text()
        paid = Transfer(
            transfer_id=payment_id(payment.attempt_id),
            debit=hold_id,
            credit=user_account(payment.provider_id),
            amount_ucpt=amount,
            code=Code.ATTEMPT_PAID_SHORT if short else Code.ATTEMPT_PAID,
            at_ms=self._uow.now_ms,
            task_id=payment.task_id,
            index=payment.index,
            attempt_id=payment.attempt_id,
            rule_version=self._rule.version,
            basis=basis,
            failure=payment.failure.failure_class.value if payment.failure else "",
            actor_id=payment.submitter_id,
        )
        self._take(paid)
        if charged > 0:
            self._take(
                replace(
                    paid,
                    transfer_id=fee_id(payment.attempt_id),
                    credit=FEES,
                    amount_ucpt=charged,
                    code=Code.POOL_FEE,
                )
            )
        reason = PaymentReason.PAID_SHORT if short else _paid_reason(payment.state)
        return PaymentDecision(attempt_id=payment.attempt_id, amount_ucpt=amount, fee_ucpt=charged, reason=reason)

    def _take(self, transfer: Transfer) -> None:
        hold = self._accounts[transfer.debit]
        self._accounts[transfer.debit] = Account(
            account_id=hold.account_id,
            balance_ucpt=hold.balance_ucpt - transfer.amount_ucpt,
            entries=hold.entries + 1,
            hold_id=hold.hold_id,
        )
        self._spent[transfer.task_id] = self._spent.get(transfer.task_id, 0) + transfer.amount_ucpt
        self.transfers.append(transfer)

    def _top_up(self, payment: Payment, needed: int) -> None:
        """Bring the hold up to `needed` as far as balance and cap reach. Rare: holds are made to suffice."""
        hold = self._accounts[hold_account(payment.task_id)]
        user = user_account(payment.submitter_id)
        if user not in self._users:
            self._users[user] = self._uow.ledger.accounts([user])[user].balance_ucpt
        more = min(needed - hold.balance_ucpt, self._users[user])
        task = self._uow.tasks.get(payment.task_id)
        left = left_of_cap(task) if task is not None else None
        if left is not None:
            more = min(more, left - self._spent.get(payment.task_id, 0) - hold.balance_ucpt)
        if more <= 0:
            return
        transfer = into_hold(
            hold, payment.submitter_id, more, self._uow.now_ms, transfer_id=f"top:{payment.attempt_id}"
        )
        self.transfers.append(transfer)
        self._users[user] -= more
        self._accounts[hold.account_id] = Account(
            account_id=hold.account_id,
            balance_ucpt=hold.balance_ucpt + more,
            entries=hold.entries + 1,
            hold_id=transfer.transfer_id if transfer.code is Code.HOLD_OPEN else hold.hold_id,
        )

    def _again(self, payment: Payment, known: Transfer) -> PaymentDecision:
        charged = self._posted.get(fee_id(payment.attempt_id))
        short = known.code is Code.ATTEMPT_PAID_SHORT
        return PaymentDecision(
            attempt_id=payment.attempt_id,
            amount_ucpt=known.amount_ucpt,
            fee_ucpt=charged.amount_ucpt if charged else 0,
            reason=PaymentReason.PAID_SHORT if short else _paid_reason(payment.state),
        )


def _paid_reason(state: AttemptState) -> PaymentReason:
    return PaymentReason.PAID_TO_CHECKPOINT if state is AttemptState.RETURNED else PaymentReason.PAID


def _unpaid(payment: Payment) -> PaymentReason | None:
    """Return why the attempt is paid nothing, whatever it metered; None: it is paid."""
    reason = _UNPAID_STATES.get(payment.state)
    if reason is not None:
        return reason
    if payment.fenced or not payment.submitter_id:
        return PaymentReason.FENCED
    if payment.failure is not None and payment.failure.failure_class is FailureClass.INFRA:
        return PaymentReason.FAILED_INFRA
    if payment.state is AttemptState.RETURNED and payment.ticks_committed <= 0:
        return PaymentReason.RETURNED_WITHOUT_CHECKPOINT
    if not payment.ticks:
        return PaymentReason.NOT_METERED
    if payment.provider_id in ("", payment.submitter_id):
        return PaymentReason.OWN_NODE
    return None
