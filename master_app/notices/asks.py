"""Asking for credits: a user asks with a sentence, an operator grants or declines with words, both are told."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Final

from core.domain.asks import KEPT_MS, MAX_WORDS, AskState, CreditAsk
from core.domain.audit import audited
from core.domain.errors import Conflict, Invalid, NotFound, Problem
from core.domain.ids import UlidFactory
from core.domain.ledger import MAX_AMOUNT_UCPT, MINT, Code, Transfer, format_cpt, user_account
from core.domain.notices import NoticeKind
from core.domain.user import Action, Principal, Role, UserState, require
from master_app.ledger.transfers import post_once
from master_app.notices.raising import tell
from master_app.ports.asks import AskReads
from master_app.ports.unit_of_work import UnitOfWork, Writer

_AT_ONCE = 200
#: Who takes an ask back and asks again within this time is in the operators' list, but not told of once more: else
#: one person could drown their notices and mails.
TOLD_AGAIN_MS: Final = 3_600_000


class CreditAsks:
    """What doors call. Thread-safe."""

    def __init__(self, *, writer: Writer, reads: AskReads, new_id: UlidFactory) -> None:
        self._writer = writer
        self._reads = reads
        self._new_id = new_id
        #: user_id -> when the operators were told of an ask that was not answered. The writer thread's.
        self._told_ms: dict[str, int] = {}

    def ask(self, who: Principal, words: str) -> Future[CreditAsk]:
        """Ask for credits; every operator is told. Raises Conflict while an earlier ask is open."""
        require(who, Action.TASK_SUBMIT)
        text = " ".join(words.split())
        if not 0 < len(text) <= MAX_WORDS:
            raise _invalid("words", "ASK_WORDS", "It needs a sentence of at most 500 characters.", "Say what for.")

        def command(uow: UnitOfWork) -> CreditAsk:
            newest = uow.asks.newest(who.user_id)
            if newest is not None and newest.state is AskState.OPEN:
                raise Conflict(
                    "You have asked already; no operator has answered yet.",
                    code="ASK_OPEN",
                    fix="Wait for the answer, or take the ask back first.",
                )
            ask = CreditAsk(ask_id=self._new_id(uow.now_ms), user_id=who.user_id, at_ms=uow.now_ms, words=text)
            uow.asks.put(ask)
            uow.asks.trim(uow.now_ms - KEPT_MS)
            self._tell_operators(uow, who, text)
            uow.publish(audited(who, "credits.ask", ask.ask_id, at_ms=uow.now_ms))
            return ask

        return self._writer.execute(command)

    def _tell_operators(self, uow: UnitOfWork, who: Principal, words: str) -> None:
        now_ms = uow.now_ms
        self._told_ms = {user: at for user, at in self._told_ms.items() if 0 <= now_ms - at < TOLD_AGAIN_MS}
        if who.user_id in self._told_ms:
            return
        for operator_id in uow.users.ids_of(Role.OPERATOR):
            values = {"username": who.username, "words": words}
            tell(uow, operator_id, NoticeKind.CREDITS_ASKED, "", values)
        uow.after_commit(lambda: self._told_ms.update({who.user_id: now_ms}))

    def take_back(self, who: Principal) -> Future[None]:
        """Withdraw one's open ask. Raises NotFound without one."""
        require(who, Action.TASK_SUBMIT)

        def command(uow: UnitOfWork) -> None:
            newest = uow.asks.newest(who.user_id)
            if newest is None or newest.state is not AskState.OPEN:
                raise NotFound("You have no open ask.", code="ASK_NOT_FOUND")
            uow.asks.remove(newest.ask_id)
            uow.publish(audited(who, "credits.ask_back", newest.ask_id, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def own(self, who: Principal) -> CreditAsk | None:
        """Return one's newest ask, open or answered."""
        require(who, Action.TASK_READ)
        return self._reads.newest_ask(who.user_id)

    def open(self, who: Principal) -> Sequence[CreditAsk]:
        """Return what waits for an answer, oldest first. Operators only."""
        require(who, Action.MONEY_GRANT)
        return self._reads.open_asks(_AT_ONCE)

    def count(self, who: Principal) -> int:
        require(who, Action.MONEY_GRANT)
        return self._reads.count_open()

    def answer(self, who: Principal, ask_id: str, *, amount_ucpt: int, words: str = "") -> Future[CreditAsk]:
        """Grant an amount, or decline with 0 and words. Operators only; the same answer twice is a Conflict."""
        require(who, Action.MONEY_GRANT)
        text = " ".join(words.split())[:MAX_WORDS]
        if not 0 <= amount_ucpt <= MAX_AMOUNT_UCPT:
            raise _invalid("amount", "AMOUNT_INVALID", "That amount cannot be granted.", "Write 0 CPT or more.")
        if not amount_ucpt and not text:
            raise _invalid("answer", "ASK_ANSWER", "Declining needs a sentence.", "Say why.")

        def command(uow: UnitOfWork) -> CreditAsk:
            ask = uow.asks.get(ask_id)
            if ask is None:
                raise NotFound("There is no such ask.", code="ASK_NOT_FOUND")
            if ask.state is not AskState.OPEN:
                raise Conflict("This ask was answered already.", code="ASK_ANSWERED")
            user = uow.users.get(ask.user_id)
            if user is None or user.state is UserState.DELETED:
                raise NotFound("There is no such user.", code="USER_NOT_FOUND")
            if amount_ucpt:
                post_once(uow, _grant(ask, who, amount_ucpt, uow.now_ms))
            answered = replace(
                ask,
                state=AskState.GRANTED if amount_ucpt else AskState.DECLINED,
                answered_ms=uow.now_ms,
                answered_by=who.user_id,
                amount_ucpt=amount_ucpt,
                answer=text,
            )
            uow.asks.put(answered)
            self._told_ms.pop(ask.user_id, None)
            tell(uow, ask.user_id, NoticeKind.CREDITS_ANSWERED, "", {"amount_ucpt": amount_ucpt, "words": text})
            details = f"{format_cpt(amount_ucpt)} CPT"
            uow.publish(audited(who, "credits.answer", ask.user_id, details, at_ms=uow.now_ms))
            return answered

        return self._writer.execute(command)


def _grant(ask: CreditAsk, who: Principal, amount_ucpt: int, now_ms: int) -> Transfer:
    return Transfer(
        transfer_id=f"grant:ask:{ask.ask_id}",
        debit=MINT,
        credit=user_account(ask.user_id),
        amount_ucpt=amount_ucpt,
        code=Code.GRANT_OPERATOR,
        at_ms=now_ms,
        actor_id=who.user_id,
    )


def _invalid(key: str, code: str, reason: str, fix: str) -> Invalid:
    return Invalid(reason, [Problem(code=code, reason=reason, fix=fix, key=key)], code=code)
