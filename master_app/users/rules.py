"""The pool's rules as they stand: read by many threads, changed by operators, kept in the database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from core.domain.audit import audited
from core.domain.errors import Invalid
from core.domain.ledger import MAX_AMOUNT_UCPT, format_cpt
from core.domain.pool_rules import PoolRules
from core.domain.user import Action, Principal, Quota, SignUp, quota_text, require
from master_app.ports.unit_of_work import UnitOfWork, Writer


class RulesBook:
    """Holds one value that is never changed, only replaced, after the commit that keeps it."""

    def __init__(self, *, writer: Writer, first: PoolRules) -> None:
        self._writer = writer
        self._now = first
        self._listeners: list[Callable[[PoolRules], None]] = []

    @property
    def now(self) -> PoolRules:
        """The rules of the newest commit."""
        return self._now

    def listen(self, listener: Callable[[PoolRules], None]) -> None:
        """Call it with the rules now and after each change; then on the writer's thread. It MUST not raise."""
        self._listeners.append(listener)
        listener(self._now)

    def load(self) -> Future[None]:
        """Take up what an operator once changed; at the start of the master."""

        def command(uow: UnitOfWork) -> None:
            kept = uow.pool_rules()
            if kept is not None:
                uow.after_commit(lambda: self._set(kept))

        return self._writer.execute(command)

    def change(
        self,
        who: Principal,
        *,
        sign_up: SignUp | None = None,
        sign_up_grant_ucpt: int | None = None,
        user_quota: Quota | None = None,
        pool_quota: Quota | None = None,
    ) -> Future[PoolRules]:
        """Change what is given; None leaves it as it is. Operators only."""
        require(who, Action.SETTINGS_CHANGE)
        if sign_up_grant_ucpt is not None and not 0 <= sign_up_grant_ucpt <= MAX_AMOUNT_UCPT:
            raise Invalid("That amount cannot be granted.", code="AMOUNT_INVALID", fix="Write 0 CPT or more.")
        wanted = {
            "sign_up": sign_up,
            "sign_up_grant_ucpt": sign_up_grant_ucpt,
            "user_quota": user_quota,
            "pool_quota": pool_quota,
        }
        given = {name: value for name, value in wanted.items() if value is not None}

        def command(uow: UnitOfWork) -> PoolRules:
            rules: PoolRules = replace(uow.pool_rules() or self._now, **given)  # type: ignore[arg-type]
            uow.keep_pool_rules(rules)
            words = "; ".join(f"{name}: {_text(value)}" for name, value in given.items())
            uow.publish(audited(who, "settings.change", "pool", words, at_ms=uow.now_ms))
            uow.after_commit(lambda: self._set(rules))
            return rules

        return self._writer.execute(command)

    def _set(self, rules: PoolRules) -> None:
        self._now = rules
        for listener in self._listeners:
            listener(rules)


def _text(value: object) -> str:
    if isinstance(value, Quota):
        return quota_text(value)
    return f"{format_cpt(value)} CPT" if isinstance(value, int) else str(value)
