""" "Explain this amount": the formula of one transfer with its inputs filled in, the same for all faces."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.errors import NotFound
from core.domain.ledger import Code, Transfer, format_cpt, user_account
from core.domain.receipts import Basis, earned_ucpt, needs_evidence
from core.domain.rewards import RewardRule, Tick, explain, fee, within
from core.domain.user import Action, Principal
from master_app.ledger.statements import Receipt, with_evidence
from master_app.ports.ledger import LedgerReads

_WORDS = {
    Code.GRANT_SIGN_UP: "The pool's present to a new account.",
    Code.GRANT_OPERATOR: "Given by an operator of the pool.",
    Code.GRANT_PRACTICE: "For the practice subtask of a new provider.",
    Code.HOLD_OPEN: "Set aside when the task started; what is not used comes back.",
    Code.HOLD_EXTEND: "Set aside in addition for what runs; what is not used comes back.",
    Code.HOLD_RELEASED: "Set aside for the task and not used.",
    Code.ATTEMPT_PAID: "What the attempt earned by its metering.",
    Code.ATTEMPT_PAID_SHORT: "All that was left for the task; the attempt earned more.",
    Code.POOL_FEE: "The pool's fee on what the attempt earned.",
    Code.USER_TRANSFER: "Sent from one user to another.",
    Code.CORRECTION: "Mends what was posted wrongly.",
}
_MAX_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One amount, explained. `lines` is the formula of each tick (the first 200), empty where none applies.

    `basis`, `rule` and `ticks` are what it was computed from, for those who lay it out themselves.
    """

    transfer: Transfer
    summary: str
    lines: tuple[str, ...] = ()
    basis: Basis | None = None
    rule: RewardRule | None = None
    ticks: tuple[Tick, ...] = ()
    earned_ucpt: int = 0


def explain_amount(reads: LedgerReads, who: Principal, transfer_id: str) -> Explanation:
    """Explain a transfer of the caller's own, or any to an operator. Others are NotFound.

    Its submitter may ask for a payment too: it was their money.
    """
    row = reads.transfer(transfer_id)
    if row is None or not _may_see(who, row.transfer):
        raise NotFound("There is no such transfer.", code="TRANSFER_NOT_FOUND")
    receipt = next(iter(with_evidence(reads, [row])))
    return explain_receipt(receipt)


def explain_receipt(receipt: Receipt) -> Explanation:
    """Explain a row from what it carries."""
    t = receipt.row.transfer
    summary = f"{format_cpt(t.amount_ucpt)} CPT. {_WORDS[t.code]}"
    if not needs_evidence(t):
        return Explanation(transfer=t, summary=summary)
    if receipt.ticks is None or receipt.rule is None:
        return Explanation(transfer=t, summary=f"{summary} Its metering is no longer kept.")
    basis = Basis.from_text(t.basis)
    ticks = receipt.ticks[: basis.ticks]
    if basis.limit_ms:
        ticks = tuple(within(ticks, basis.limit_ms))
    earned = earned_ucpt(t, receipt.ticks, receipt.rule)
    summary = (
        f"{summary} {len(ticks)} ticks earned {format_cpt(earned)} CPT by rates version {receipt.rule.version}."
    )
    if t.code is Code.POOL_FEE:
        percent = format_cpt(receipt.rule.fee_millionths * 100)
        summary = f"{summary} {percent} % of it: {format_cpt(fee(earned, receipt.rule))} CPT."
    lines = tuple(explain(tick, basis.resources, receipt.rule) for tick in ticks[:_MAX_LINES])
    return Explanation(
        transfer=t,
        summary=summary,
        lines=lines,
        basis=basis,
        rule=receipt.rule,
        ticks=tuple(ticks),
        earned_ucpt=earned,
    )


def _may_see(who: Principal, transfer: Transfer) -> bool:
    own = user_account(who.user_id)
    if who.may(Action.MONEY_READ) and (
        own in (transfer.debit, transfer.credit) or transfer.actor_id == who.user_id
    ):
        return True
    return who.may(Action.MONEY_READ_ANY)
