"""Holds: money of a user that is set aside for a task, so that what runs can always be paid.

    open_hold      HOLD_OPEN      user -> hold     when a task starts, or starts again
    extend_holds   HOLD_EXTEND    user -> hold     before more is placed than the hold covers
    release        HOLD_RELEASED  hold -> user     when nothing of the task runs any more

A hold that was paid out to the last micro-CPT needs no release. Ids follow from the number of transfers that the
hold's account has had, so a command that runs twice makes the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.ledger import Account, Code, Transfer, hold_account, user_account
from core.domain.resources import Resources
from core.domain.rewards import TICK_MS, highest_cost, hold_opening
from core.domain.spec import TaskSpec
from core.domain.task import HeldCode
from master_app.ports.ledger import MoneyUnit
from master_app.ports.tasks import TaskRecord

_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What the hold of a task that starts depends on."""

    task_id: str
    owner_id: str
    resources: Resources
    #: Attempts that the task may have at once, whatever the pool has.
    parallel: int
    timeout_ms: int
    #: What is left of the task's cap; None: no cap.
    left_ucpt: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNeed:
    """What a task's hold has to cover now: everything that runs, until the next extension."""

    task_id: str
    owner_id: str
    needed_ucpt: int
    #: What is left of the task's cap, this hold included; None: no cap.
    left_ucpt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldState:
    """What is held for a task now. `held` says what keeps it from being enough; None: it is enough."""

    task_id: str
    hold_ucpt: int
    held: HeldCode | None = None


def opening(task: TaskRecord, spec: TaskSpec) -> HoldRequest:
    """Return what to hold for a task that is submitted or retried."""
    count = max(1, task.subtask_count)
    return HoldRequest(
        task_id=task.task_id,
        owner_id=task.owner_id,
        resources=spec.resources,
        parallel=1 if task.try_one else min(count, spec.split.max_parallel or count),
        timeout_ms=spec.run.timeout_s * 1000,
        left_ucpt=left_of_cap(task),
    )


def left_of_cap(task: TaskRecord) -> int | None:
    """Return what the task may still spend, held or not; None: no cap."""
    return None if task.max_ucpt is None else max(0, task.max_ucpt - task.paid_ucpt)


def open_hold(uow: MoneyUnit, request: HoldRequest) -> HoldState:
    """Hold what the task should start with. Raises nothing for want of money: `held` says it, and nothing or
    what was held before stays held. An open hold is extended instead, so a retry is never refused for it.
    """
    rule = uow.ledger.rule()
    user, hold = user_account(request.owner_id), hold_account(request.task_id)
    accounts = uow.ledger.accounts([user, hold])
    have = accounts[hold].balance_ucpt
    amount = hold_opening(
        highest_minute_ucpt=highest_cost(request.resources, rule, _MINUTE_MS),
        one_tick_ucpt=highest_cost(request.resources, rule, TICK_MS),
        parallel=_parallel(uow, request.parallel),
        timeout_ms=request.timeout_ms,
        max_ucpt=request.left_ucpt,
        balance_ucpt=accounts[user].balance_ucpt + have,
    )
    if request.left_ucpt is not None and amount > request.left_ucpt:
        return HoldState(task_id=request.task_id, hold_ucpt=have, held=HeldCode.BUDGET_EXCEEDED)
    more = amount - have
    if more > accounts[user].balance_ucpt:
        return HoldState(task_id=request.task_id, hold_ucpt=have, held=HeldCode.OUT_OF_FUNDS)
    if more > 0:
        uow.ledger.append([into_hold(accounts[hold], request.owner_id, more, uow.now_ms)])
    return HoldState(task_id=request.task_id, hold_ucpt=max(amount, have))


def _parallel(uow: MoneyUnit, wanted: int) -> int:
    """Return how many attempts the pool could run at once, up to `wanted`; an empty pool will have one."""
    slots = 0
    for node in uow.pool.nodes.values():
        slots += node.facts.slots
        if slots >= wanted:
            return wanted
    return max(1, slots)


def into_hold(hold: Account, owner_id: str, amount_ucpt: int, at_ms: int, transfer_id: str = "") -> Transfer:
    """Return the transfer that opens the hold of an account, or extends the one that is open."""
    task_id = hold.account_id.partition(":")[2]
    is_open = bool(hold.hold_id) and hold.balance_ucpt > 0
    verb = "more" if is_open else "hold"
    return Transfer(
        transfer_id=transfer_id or f"{verb}:{task_id}:{hold.entries}",
        debit=user_account(owner_id),
        credit=hold.account_id,
        amount_ucpt=amount_ucpt,
        code=Code.HOLD_EXTEND if is_open else Code.HOLD_OPEN,
        at_ms=at_ms,
        task_id=task_id,
        pending_id=hold.hold_id if is_open else "",
        actor_id=owner_id,
    )


def extend_holds(uow: MoneyUnit, needs: Sequence[HoldNeed]) -> list[HoldState]:
    """Bring each hold up to what it must cover, in the order given, as far as cap and balance reach.

    What cannot be covered in full is covered as far as possible, and `held` says what was missing: the cap
    (BUDGET_EXCEEDED) or the balance (OUT_OF_FUNDS). A task may stand in `needs` once.
    """
    ids = [hold_account(need.task_id) for need in needs]
    accounts = uow.ledger.accounts([*ids, *{user_account(need.owner_id) for need in needs}])
    balances = {account_id: account.balance_ucpt for account_id, account in accounts.items()}
    transfers: list[Transfer] = []
    states: list[HoldState] = []
    for need, hold_id in zip(needs, ids, strict=True):
        hold, user = accounts[hold_id], user_account(need.owner_id)
        wanted = need.needed_ucpt
        if need.left_ucpt is not None and wanted > need.left_ucpt:
            wanted = need.left_ucpt
        more = min(max(0, wanted - hold.balance_ucpt), balances[user])
        if more > 0:
            transfers.append(into_hold(hold, need.owner_id, more, uow.now_ms))
            balances[user] -= more
        have = hold.balance_ucpt + more
        states.append(HoldState(task_id=need.task_id, hold_ucpt=have, held=_missing(need, have)))
    if transfers:
        uow.ledger.append(transfers)
    return states


def _missing(need: HoldNeed, have_ucpt: int) -> HeldCode | None:
    if have_ucpt >= need.needed_ucpt:
        return None
    at_cap = need.left_ucpt is not None and have_ucpt >= need.left_ucpt
    return HeldCode.BUDGET_EXCEEDED if at_cap else HeldCode.OUT_OF_FUNDS


def release(uow: MoneyUnit, task_ids: Sequence[str]) -> int:
    """Give back what is left of these tasks' holds; return how much. Releasing again changes nothing."""
    accounts = uow.ledger.accounts([hold_account(task_id) for task_id in task_ids])
    still_open = [account for account in accounts.values() if account.balance_ucpt > 0 and account.hold_id]
    if not still_open:
        return 0
    opened = uow.ledger.posted([account.hold_id for account in still_open])
    transfers = [
        Transfer(
            transfer_id=f"void:{opened[hold.hold_id].task_id}:{hold.entries}",
            debit=hold.account_id,
            credit=opened[hold.hold_id].debit,
            amount_ucpt=hold.balance_ucpt,
            code=Code.HOLD_RELEASED,
            at_ms=uow.now_ms,
            task_id=opened[hold.hold_id].task_id,
            pending_id=hold.hold_id,
        )
        for hold in still_open
    ]
    uow.ledger.append(transfers)
    return sum(transfer.amount_ucpt for transfer in transfers)
