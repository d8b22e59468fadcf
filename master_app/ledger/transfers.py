"""What people and the pool do with credits outside of tasks: grants, sending, looking.

Whoever repeats a request with the same key gets the same answer and moves no more money; the same key with another
content is refused.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import Future
from dataclasses import replace
from typing import Final

from core.domain.audit import audited
from core.domain.errors import Conflict, Invalid, NotFound, Problem
from core.domain.events import AuditRecorded
from core.domain.ledger import MAX_AMOUNT_UCPT, MINT, Account, Code, Transfer, format_cpt, user_account
from core.domain.rewards import RewardRule
from core.domain.user import Action, Principal, UserState, fold_username, require
from master_app.ports.ledger import LedgerReads, MoneyUnit
from master_app.ports.unit_of_work import Writer

SIGN_UP_GRANT_UCPT: Final = 150_000_000
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

#: Of what an operator writes, as much as a line of the audit log holds.
MAX_REASON = 500


def post_once(uow: MoneyUnit, transfer: Transfer) -> Transfer:
    """Post a transfer, or return the one of this id that is there. Another content under the id is a Conflict."""
    known = uow.ledger.posted([transfer.transfer_id]).get(transfer.transfer_id)
    if known is None:
        uow.ledger.append([transfer])
        return transfer
    if not known.same_content(transfer):
        raise Conflict(
            "This key was used for another transfer.",
            code="IDEMPOTENCY_KEY_REUSED",
            fix="Use a new key for each transfer, and the same one only to repeat it.",
        )
    return known


def grant_sign_up(uow: MoneyUnit, user_id: str, amount_ucpt: int) -> None:
    """Give a new account the pool's present, once. For UserAccounts, in the command that makes the user."""
    if amount_ucpt > 0:
        post_once(uow, _grant(uow, f"grant:sign-up:{user_id}", user_id, amount_ucpt, Code.GRANT_SIGN_UP))


def practice_grant(uow: MoneyUnit, provider_id: str) -> Transfer | None:
    """Return the transfer with which the practice subtask of a provider was funded, None before it was."""
    transfer_id = f"grant:practice:{provider_id}"
    return uow.ledger.posted([transfer_id]).get(transfer_id)


def grant_practice(uow: MoneyUnit, provider_id: str, payer_id: str, amount_ucpt: int) -> None:
    """Give `payer_id` what the practice subtask of a provider may cost, once a provider however often asked."""
    if practice_grant(uow, provider_id) is None:
        transfer_id = f"grant:practice:{provider_id}"
        post_once(uow, _grant(uow, transfer_id, payer_id, amount_ucpt, Code.GRANT_PRACTICE))


def _grant(uow: MoneyUnit, transfer_id: str, user_id: str, amount_ucpt: int, code: Code) -> Transfer:
    return Transfer(
        transfer_id=transfer_id,
        debit=MINT,
        credit=user_account(user_id),
        amount_ucpt=amount_ucpt,
        code=code,
        at_ms=uow.now_ms,
    )


class Money:
    """Credits of people: what a door calls. Checks roles; audited."""

    def __init__(self, writer: Writer, reads: LedgerReads) -> None:
        self._writer = writer
        self._reads = reads

    def balance(self, who: Principal) -> Account:
        """Return the caller's own account."""
        require(who, Action.MONEY_READ)
        return self._reads.account(user_account(who.user_id))

    def send(self, who: Principal, to_username: str, amount_ucpt: int, key: str) -> Future[Transfer]:
        """Send credits to another user. `key` is the caller's Idempotency-Key."""
        require(who, Action.MONEY_SEND)
        _check_amount(amount_ucpt)
        transfer_id = f"send:{who.user_id}:{_digest(key)}"

        def command(uow: MoneyUnit) -> Transfer:
            target_id = _recipient(uow, to_username)
            if target_id == who.user_id:
                raise Invalid("You cannot send credits to yourself.", code="TRANSFER_TO_SELF")
            wanted = Transfer(
                transfer_id=transfer_id,
                debit=user_account(who.user_id),
                credit=user_account(target_id),
                amount_ucpt=amount_ucpt,
                code=Code.USER_TRANSFER,
                at_ms=uow.now_ms,
                actor_id=who.user_id,
            )
            done = post_once(uow, wanted)
            if done is wanted:
                uow.publish(_audited(who, "money.send", done))
            return done

        return self._writer.execute(command)

    def grant(
        self, who: Principal, to_username: str, amount_ucpt: int, key: str, reason: str = ""
    ) -> Future[Transfer]:
        """Give credits out of the mint. Operators only. The reason stands in the audit log."""
        require(who, Action.MONEY_GRANT)
        _check_amount(amount_ucpt)
        transfer_id = f"grant:{who.user_id}:{_digest(key)}"

        def command(uow: MoneyUnit) -> Transfer:
            target_id = _recipient(uow, to_username)
            plain = _grant(uow, transfer_id, target_id, amount_ucpt, Code.GRANT_OPERATOR)
            wanted = replace(plain, actor_id=who.user_id)
            done = post_once(uow, wanted)
            if done is wanted:
                uow.publish(_audited(who, "money.grant", done, reason))
            return done

        return self._writer.execute(command)

    def set_rule(self, who: Principal, rule: RewardRule) -> Future[RewardRule]:
        """Make new rates the rule for all that is settled from now on; the version follows the newest one."""
        require(who, Action.RATES_SET)

        def command(uow: MoneyUnit) -> RewardRule:
            newest = replace(rule, version=uow.ledger.rule().version + 1, since_ms=uow.now_ms)
            uow.ledger.add_rule(newest)
            subject = f"version {newest.version}"
            uow.publish(audited(who, "rates.set", subject, newest.to_text(), at_ms=uow.now_ms))
            return newest

        return self._writer.execute(command)


def _check_amount(amount_ucpt: int) -> None:
    if not 0 < amount_ucpt <= MAX_AMOUNT_UCPT:
        raise Invalid(
            "That amount cannot be moved.",
            [
                Problem(
                    code="AMOUNT_INVALID",
                    reason="The amount must be more than 0 CPT.",
                    fix="Write it in digits with at most 6 decimals, such as 12.5.",
                    key="amount",
                )
            ],
            code="AMOUNT_INVALID",
        )


def _digest(key: str) -> str:
    """Return the key as a fixed, safe part of an id."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "This request needs an Idempotency-Key.",
            code="IDEMPOTENCY_KEY_INVALID",
            fix="Send the header Idempotency-Key with 1 to 200 printable characters, a new one for each transfer.",
        )
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _recipient(uow: MoneyUnit, username: str) -> str:
    user = uow.users.find(fold_username(username))
    if user is None or user.state is UserState.DELETED:
        raise NotFound("There is no such user.", code="USER_NOT_FOUND")
    return user.user_id


def _audited(who: Principal, action: str, transfer: Transfer, reason: str = "") -> AuditRecorded:
    details = f"{format_cpt(transfer.amount_ucpt)} CPT, {transfer.transfer_id}"
    if reason:
        details += f", {reason[:MAX_REASON]}"
    return audited(who, action, transfer.credit, details, at_ms=transfer.at_ms)
