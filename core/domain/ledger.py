"""The ledger: double entry, integer micro-CPT, immutable transfers, and two hash chains through each of them.

Accounts are named by what they belong to, so nobody has to open one: `user:<user_id>`, `hold:<task_id>`, `mint`,
`fees`. Credits come only out of the mint, which alone may be below zero; all balances together are always zero.

A **hold** is money of a user that is set aside for a task: a transfer user -> hold. It is what other ledgers call
a pending transfer: HOLD_OPEN makes it pending, HOLD_EXTEND adds to it, each ATTEMPT_PAID (with its POOL_FEE) posts
part of it, HOLD_RELEASED voids the rest and names the hold that it ends. One open hold a task at a time.

**Chains.** At the commit each transfer gets a sequence number and a hash over its content and the hashes of the
previous transfer of its debit account AND of its credit account. So one account's statement verifies alone, and
the database verifies as all chains together with the zero sum.

Canonical form that is hashed (SHA-256, hex): the fields of `canonical`, UTF-8, joined by a newline; no field ever
holds one. Numbers are decimal; an absent text is empty; an absent index is -1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from core.domain.errors import Conflict, Invalid, OutOfFunds

UCPT_PER_CPT: Final = 1_000_000
#: No single amount is larger: 64-bit sums of millions of them cannot overflow.
MAX_AMOUNT_UCPT: Final = 10**15
FORMAT: Final = "hivemind-ledger-1"
GENESIS: Final = ""
_MAX_TEXT: Final = 200


class AccountKind(StrEnum):
    USER = "user"
    MINT = "mint"
    FEES = "fees"
    HOLDS = "hold"


class Code(StrEnum):
    """Why money moved."""

    #: mint -> user: the pool's present to a new account.
    GRANT_SIGN_UP = "GRANT_SIGN_UP"
    #: mint -> user: given by an operator.
    GRANT_OPERATOR = "GRANT_OPERATOR"
    #: mint -> the pool's own user: what the practice subtask of a new provider may cost.
    GRANT_PRACTICE = "GRANT_PRACTICE"
    #: user -> hold: set aside when a task starts.
    HOLD_OPEN = "HOLD_OPEN"
    #: user -> hold: set aside in addition; names the hold that it adds to.
    HOLD_EXTEND = "HOLD_EXTEND"
    #: hold -> user: what was not used, given back; names the hold that it ends.
    HOLD_RELEASED = "HOLD_RELEASED"
    #: hold -> provider: exactly what the attempt earned by its ticks.
    ATTEMPT_PAID = "ATTEMPT_PAID"
    #: hold -> provider: less than it earned, because the hold and the balance behind it were used up.
    ATTEMPT_PAID_SHORT = "ATTEMPT_PAID_SHORT"
    #: hold -> fees: the pool's fee on the attempt that it names.
    POOL_FEE = "POOL_FEE"
    #: user -> user.
    USER_TRANSFER = "USER_TRANSFER"
    #: Any account to any: mends what was posted wrongly; names the transfer that it corrects.
    CORRECTION = "CORRECTION"


GRANT_CODES = frozenset({Code.GRANT_SIGN_UP, Code.GRANT_OPERATOR, Code.GRANT_PRACTICE})
PAYMENT_CODES = frozenset({Code.ATTEMPT_PAID, Code.ATTEMPT_PAID_SHORT})

MINT: Final = "mint"
FEES: Final = "fees"

#: Which kinds of account each code may take from and give to; CORRECTION may do anything.
_LAWFUL: Final[Mapping[Code, tuple[str, str]]] = {
    **dict.fromkeys(GRANT_CODES, ("mint", "user")),
    Code.HOLD_OPEN: ("user", "hold"),
    Code.HOLD_EXTEND: ("user", "hold"),
    Code.HOLD_RELEASED: ("hold", "user"),
    Code.ATTEMPT_PAID: ("hold", "user"),
    Code.ATTEMPT_PAID_SHORT: ("hold", "user"),
    Code.POOL_FEE: ("hold", "fees"),
    Code.USER_TRANSFER: ("user", "user"),
}


#: Codes that are seldom beside those of tasks: what people give, and corrections.
RARE_CODES = GRANT_CODES | {Code.USER_TRANSFER, Code.CORRECTION}


def may_touch(code: Code, kind: AccountKind) -> tuple[bool, bool]:
    """Tell whether a transfer of this code can take from such an account, and whether it can give to one."""
    source, target = _LAWFUL.get(code, (kind.value, kind.value))
    return source == kind.value, target == kind.value


def user_account(user_id: str) -> str:
    return f"user:{user_id}"


def hold_account(task_id: str) -> str:
    return f"hold:{task_id}"


def payment_id(attempt_id: str) -> str:
    """Return the only id that a payment of this attempt can have: two are impossible."""
    return f"pay:{attempt_id}"


def fee_id(attempt_id: str) -> str:
    return f"fee:{attempt_id}"


def kind_of(account_id: str) -> AccountKind:
    """Return what kind of account an id names, or raise Invalid."""
    prefix, separator, rest = account_id.partition(":")
    try:
        kind = AccountKind(prefix)
    except ValueError:
        raise Invalid("There is no such account.", code="ACCOUNT_INVALID") from None
    if bool(separator and rest) is not (kind in (AccountKind.USER, AccountKind.HOLDS)):
        raise Invalid("There is no such account.", code="ACCOUNT_INVALID")
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as its transfers left it. Everything here is cached and can be recomputed from them."""

    account_id: str
    balance_ucpt: int = 0
    #: How many transfers touched it.
    entries: int = 0
    #: Hash of the newest of them; GENESIS before the first.
    head: str = GENESIS
    #: Id of the open hold of a `hold:` account; empty: none is open.
    hold_id: str = ""

    @property
    def kind(self) -> AccountKind:
        return kind_of(self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that moved, and why. Immutable; holds ids, never names, so that people can be forgotten."""

    #: Made by the caller: the same id never moves money twice.
    transfer_id: str
    #: Taken from, given to.
    debit: str
    credit: str
    amount_ucpt: int
    code: Code
    at_ms: int
    task_id: str = ""
    #: Subtask; None where it is about no subtask.
    index: int | None = None
    attempt_id: str = ""
    #: Version of the rule that the amount was computed by; 0: none was.
    rule_version: int = 0
    #: What the amount was computed from besides the ticks (`core.domain.receipts.Basis`); empty: nothing was.
    basis: str = ""
    #: Class of the failure that ended a paid attempt.
    failure: str = ""
    #: The transfer that this one ends or corrects.
    pending_id: str = ""
    #: Who ordered it: the submitter of what is paid, the sender, the operator; empty: the pool itself.
    actor_id: str = ""

    def same_content(self, other: Transfer) -> bool:
        """Tell whether the two say the same; the time does not count, for a repeated request comes later."""
        return all(getattr(self, name) == getattr(other, name) for name in _CONTENT)


_CONTENT: Final = tuple(field.name for field in fields(Transfer) if field.name != "at_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedTransfer:
    """A committed transfer: numbered without gaps, linked to the previous one of either account."""

    sequence: int
    transfer: Transfer
    previous_debit: str
    previous_credit: str
    hash: str


def canonical(sequence: int, transfer: Transfer, previous_debit: str, previous_credit: str) -> bytes:
    """Return the bytes that a transfer's hash is of."""
    t = transfer
    index = -1 if t.index is None else t.index
    return (
        f"{FORMAT}\n{sequence}\n{t.transfer_id}\n{t.debit}\n{t.credit}\n{t.amount_ucpt}\n{t.code.value}\n{t.at_ms}\n"
        f"{t.task_id}\n{index}\n{t.attempt_id}\n{t.rule_version}\n{t.basis}\n{t.failure}\n{t.pending_id}\n"
        f"{t.actor_id}\n{previous_debit}\n{previous_credit}"
    ).encode()


def row_hash(sequence: int, transfer: Transfer, previous_debit: str, previous_credit: str) -> str:
    return hashlib.sha256(canonical(sequence, transfer, previous_debit, previous_credit)).hexdigest()


def chain(
    transfers: Sequence[Transfer], heads: MutableMapping[str, str], first_sequence: int
) -> list[ChainedTransfer]:
    """Number and link transfers in their order. Called once a commit, just before it.

    `heads` maps accounts to the hash of their newest transfer; those that are not in it are new. It is brought
    up to date: afterwards it holds the new heads of every account that was touched.
    """
    rows: list[ChainedTransfer] = []
    sequence = first_sequence
    for transfer in transfers:
        previous_debit = heads.get(transfer.debit, GENESIS)
        previous_credit = heads.get(transfer.credit, GENESIS)
        digest = row_hash(sequence, transfer, previous_debit, previous_credit)
        rows.append(
            ChainedTransfer(
                sequence=sequence,
                transfer=transfer,
                previous_debit=previous_debit,
                previous_credit=previous_credit,
                hash=digest,
            )
        )
        heads[transfer.debit] = heads[transfer.credit] = digest
        sequence += 1
    return rows


def misfit(t: Transfer) -> str:
    """Return what is wrong with a transfer by itself, in words; empty: nothing."""
    if not 0 < t.amount_ucpt <= MAX_AMOUNT_UCPT:
        return "its amount is not a positive number of micro-CPT"
    if t.debit == t.credit:
        return "it takes from the account that it gives to"
    texts = (
        t.transfer_id,
        t.debit,
        t.credit,
        t.task_id,
        t.attempt_id,
        t.basis,
        t.failure,
        t.pending_id,
        t.actor_id,
    )
    joined = "".join(texts)
    if not t.transfer_id or not joined.isprintable() or len(joined) > _MAX_TEXT * len(texts):
        return "one of its texts is empty, too long or not printable"
    lawful = _LAWFUL.get(t.code)
    if lawful is not None and (t.debit.partition(":")[0], t.credit.partition(":")[0]) != lawful:
        return f"{t.code.value} goes from {lawful[0]} to {lawful[1]}"
    if t.code in PAYMENT_CODES and t.transfer_id != payment_id(t.attempt_id):
        return "the id of a payment follows from its attempt"
    if t.code is Code.HOLD_RELEASED and not t.pending_id:
        return "a release names the hold that it ends"
    return ""


def apply_transfers(transfers: Iterable[Transfer], accounts: MutableMapping[str, Account]) -> None:
    """Move the money of `transfers`, in order, in `accounts`, which holds every account that they touch.

    Raises Invalid for one that is wrong by itself, OutOfFunds when an account but the mint would fall below
    zero, Conflict when a hold is opened twice or an extension or release names another one. Heads are left
    alone: they are known at the commit. After an error `accounts` is of no use.
    """
    for t in transfers:
        wrong = misfit(t)
        if wrong:
            raise Invalid(f"The transfer {t.transfer_id} is refused: {wrong}.", code="TRANSFER_INVALID")
        source, target = accounts[t.debit], accounts[t.credit]
        left = source.balance_ucpt - t.amount_ucpt
        if left < 0 and t.debit != MINT:
            raise OutOfFunds(
                f"{format_cpt(source.balance_ucpt)} CPT are there; {format_cpt(t.amount_ucpt)} are needed.",
                fix="Earn credits with a node of your own, or ask an operator or another user for some.",
            )
        source_hold, target_hold = source.hold_id, target.hold_id
        if t.code is Code.HOLD_OPEN:
            # One that was posted to the last micro-CPT has nothing to release: the next may follow it.
            if target_hold and target.balance_ucpt:
                raise Conflict(f"The task {t.task_id} has an open hold already.", code="HOLD_IS_OPEN")
            target_hold = t.transfer_id
        elif t.code is Code.HOLD_EXTEND:
            if target_hold != t.pending_id or not target_hold:
                raise Conflict(f"{t.pending_id} is not the open hold of this task.", code="HOLD_NOT_OPEN")
        elif t.code is Code.HOLD_RELEASED:
            if source_hold != t.pending_id:
                raise Conflict(f"{t.pending_id} is not the open hold of this task.", code="HOLD_NOT_OPEN")
            source_hold = ""
        accounts[t.debit] = Account(
            account_id=t.debit,
            balance_ucpt=left,
            entries=source.entries + 1,
            head=source.head,
            hold_id=source_hold,
        )
        accounts[t.credit] = Account(
            account_id=t.credit,
            balance_ucpt=target.balance_ucpt + t.amount_ucpt,
            entries=target.entries + 1,
            head=target.head,
            hold_id=target_hold,
        )


def format_cpt(amount_ucpt: int) -> str:
    """Return an amount in CPT, exact: at most 6 decimals, no trailing zeros."""
    sign = "-" if amount_ucpt < 0 else ""
    whole, part = divmod(abs(amount_ucpt), UCPT_PER_CPT)
    return f"{sign}{whole}.{part:06d}".rstrip("0").rstrip(".") if part else f"{sign}{whole}"


def parse_cpt(text: str) -> int:
    """Return the micro-CPT of a decimal in plain digits, exact, or raise Invalid. Never negative."""
    whole, point, part = text.strip().partition(".")
    digits = whole + part
    if (
        not digits.isascii()
        or not digits.isdigit()
        or not whole
        or (point and not part)
        or len(part.rstrip("0")) > 6
        or len(whole) > 12
    ):
        raise Invalid(
            "That is not an amount of CPT.",
            code="AMOUNT_INVALID",
            fix="Write it in digits with at most 6 decimals, such as 12.5.",
        )
    amount = int(whole) * UCPT_PER_CPT + int(part.rstrip("0").ljust(6, "0") or 0)
    if amount > MAX_AMOUNT_UCPT:
        raise Invalid("That is more CPT than the ledger moves at once.", code="AMOUNT_INVALID")
    return amount
