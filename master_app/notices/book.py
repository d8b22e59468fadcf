"""What doors call: one's own list of notices, and what is sent where."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Final

from core.domain.audit import audited
from core.domain.errors import Conflict, Invalid, NotFound, Problem, RateLimited
from core.domain.ledger import MAX_AMOUNT_UCPT
from core.domain.notices import ALL_KINDS, Channel, Notice, NoticeKind, NoticeSettings, Route
from core.domain.user import Action, Principal, require
from master_app.notices.sending import Outside
from master_app.ports.notices import DeliveryFailed, NoticeReads
from master_app.ports.reads import Page
from master_app.ports.unit_of_work import UnitOfWork, Writer

#: A code that confirms a mail address counts so long, and is sent again at the earliest after the gap.
CODE_MS: Final = 3_600_000
CODE_GAP_MS: Final = 60_000
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_FRESH: Final = 20
#: (owner, secret) -> sealed, as text.
Seal = Callable[[str, str], str]


class NoticeBook:
    """Everything is the caller's own. Thread-safe."""

    def __init__(
        self,
        *,
        writer: Writer,
        reads: NoticeReads,
        outside: Outside,
        seal: Seal,
        new_secret: Callable[[], str],
        threads: Executor,
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._outside = outside
        self._seal = seal
        self._new_secret = new_secret
        self._threads = threads
        self._lock = threading.Lock()
        #: Who waits for a test: one at a time, for each may hold one of the few threads that deliver.
        self._testing: set[str] = set()

    @property
    def has_mail(self) -> bool:
        """Tell whether mails can be sent at all; without, no face offers them."""
        return self._outside.mailer is not None

    def said(self, notice: Notice) -> str:
        """Return a notice as an English sentence, for programs that show it to people."""
        return self._outside.words.sentence(notice, "")

    # ---- the list

    def page(
        self, who: Principal, *, unread: bool = False, cursor: str | None = None, limit: int = 50
    ) -> Page[Notice]:
        require(who, Action.TASK_READ)
        return self._reads.page(who.user_id, unread=unread, cursor=cursor, limit=limit)

    def after(self, who: Principal, sequence: int) -> Sequence[Notice]:
        """Return what is unread behind a sequence, oldest first: for a browser that shows it at once."""
        require(who, Action.TASK_READ)
        return self._reads.after(who.user_id, sequence, _FRESH)

    def unread(self, who: Principal) -> int:
        """Return how many are not read, up to a number after which nobody counts."""
        require(who, Action.TASK_READ)
        return self._reads.unread(who.user_id)

    def notice(self, who: Principal, sequence: int) -> Notice:
        require(who, Action.TASK_READ)
        found = self._reads.notice(who.user_id, sequence)
        if found is None:
            raise NotFound("There is no such notice.", code="NOTICE_NOT_FOUND")
        return found

    def mark_read(self, who: Principal, up_to: int) -> Future[int]:
        """Mark everything up to this notice as read; return how many were not yet."""
        require(who, Action.TASK_READ)
        return self._writer.execute(lambda uow: uow.notices.mark_read(who.user_id, up_to, uow.now_ms))

    # ---- settings

    def settings(self, who: Principal) -> NoticeSettings:
        require(who, Action.ACCOUNT_READ)
        return self._reads.settings(who.user_id)

    def choose(
        self,
        who: Principal,
        *,
        mail_kinds: Iterable[NoticeKind] | None = None,
        webhook_kinds: Iterable[NoticeKind] | None = None,
        low_ucpt: int | None = None,
        language: str | None = None,
    ) -> Future[NoticeSettings]:
        """Change what is given; None leaves it as it is."""
        require(who, Action.ACCOUNT_CHANGE)
        if low_ucpt is not None and not 0 <= low_ucpt <= MAX_AMOUNT_UCPT:
            raise _invalid("low_balance", "AMOUNT_INVALID", "This amount cannot be.", "Write 0 CPT or more.")
        mail = None if mail_kinds is None else frozenset(mail_kinds)
        webhook = None if webhook_kinds is None else frozenset(webhook_kinds)

        def change(settings: NoticeSettings) -> NoticeSettings:
            return replace(
                settings,
                mail=settings.mail if mail is None else replace(settings.mail, kinds=mail),
                webhook=settings.webhook if webhook is None else replace(settings.webhook, kinds=webhook),
                low_ucpt=settings.low_ucpt if low_ucpt is None else low_ucpt,
                language=settings.language if language is None else language[:20],
            )

        return self._change(who, "choose", change)

    def set_mail(self, who: Principal, address: str, *, language: str = "") -> Future[NoticeSettings]:
        """Send a code to an address; notices go there once `confirm_mail` was given the code.

        The future fails with Conflict (MAIL_NOT_SENT) when the code could not be sent.
        """
        require(who, Action.ACCOUNT_CHANGE)
        mailer = self._outside.mailer
        if mailer is None:
            raise Conflict(
                "This pool has no mail server.", code="NO_MAIL_SERVER", fix="Use another way, or ask an operator."
            )
        if not _MAIL.fullmatch(address) or len(address) > 254:
            raise _invalid("mail", "MAIL_ADDRESS", "This is no mail address.", "Write a whole one, with an @.")
        code = self._new_secret()[:8].replace("-", "x").replace("_", "y")
        letter = self._outside.words.code_letter(code, language)

        def reserve(uow: UnitOfWork) -> NoticeSettings:
            settings = uow.notices.settings(who.user_id)
            since_ms = uow.now_ms - settings.mail.code_ms
            if settings.mail.code_ms and since_ms < CODE_GAP_MS:
                raise RateLimited(
                    "A code was sent a moment ago.",
                    code="MAIL_CODE_SENT",
                    retry_after_s=max(1, (CODE_GAP_MS - since_ms) // 1000),
                    fix="Look into the mailbox, or wait a minute.",
                )
            route = Route(
                address=address,
                kinds=settings.mail.kinds,
                code_sha256=_digest(who.user_id, code),
                code_ms=uow.now_ms,
            )
            changed = replace(settings, mail=route, language=language[:20] or settings.language)
            uow.notices.save_settings(who.user_id, changed)
            uow.publish(audited(who, "notices.mail", who.user_id, _host(address, "@"), at_ms=uow.now_ms))
            return changed

        def run() -> NoticeSettings:
            changed = self._writer.execute(reserve).result(30)
            try:
                mailer.send(address, *letter)
            except DeliveryFailed as failure:
                raise Conflict(
                    f"The code could not be sent: {failure.problem}.", code="MAIL_NOT_SENT", fix="Try again later."
                ) from failure
            return changed

        return self._threads.submit(run)

    def confirm_mail(self, who: Principal, code: str) -> Future[NoticeSettings]:
        """Take the code that was sent. Raises Invalid for a wrong or an old one."""
        require(who, Action.ACCOUNT_CHANGE)
        digest = _digest(who.user_id, code.strip())

        def command(uow: UnitOfWork) -> NoticeSettings:
            settings = uow.notices.settings(who.user_id)
            mail = settings.mail
            right = bool(mail.code_sha256) and hmac.compare_digest(mail.code_sha256, digest)
            if not right or uow.now_ms - mail.code_ms > CODE_MS:
                raise _invalid(
                    "code", "MAIL_CODE", "This is not the code, or it is too old.", "Let a new one be sent."
                )
            changed = replace(settings, mail=replace(mail, confirmed=True, code_sha256="", code_ms=0))
            uow.notices.save_settings(who.user_id, changed)
            return changed

        return self._writer.execute(command)

    def set_webhook(self, who: Principal, url: str) -> Future[str]:
        """Post notices to this address from now on; return the secret that signs them, shown once.

        The address is resolved here: this may block for 5 seconds, and no longer.
        """
        require(who, Action.ACCOUNT_CHANGE)
        problem = self._outside.webhooks.check(url)
        if problem:
            raise _invalid("webhook", "WEBHOOK_ADDRESS", f"It cannot be used: {problem}.", "Name another.")
        secret = f"hms_{self._new_secret()}"
        sealed = self._seal(who.user_id, secret)

        def command(uow: UnitOfWork) -> str:
            settings = uow.notices.settings(who.user_id)
            route = Route(address=url, kinds=settings.webhook.kinds, confirmed=True, sealed=sealed)
            uow.notices.save_settings(who.user_id, replace(settings, webhook=route))
            uow.publish(audited(who, "notices.webhook", who.user_id, _host(url, "/"), at_ms=uow.now_ms))
            return secret

        return self._writer.execute(command)

    def switch_off(self, who: Principal, channel: Channel) -> Future[NoticeSettings]:
        """Forget a channel's address."""
        require(who, Action.ACCOUNT_CHANGE)

        def change(settings: NoticeSettings) -> NoticeSettings:
            # The moment of the last code stays: switching off and on again sends no more codes than waiting.
            gone = Route(kinds=settings.route(channel).kinds, code_ms=settings.route(channel).code_ms)
            return settings.with_route(channel, gone)

        return self._change(who, f"{channel.value} off", change)

    def test(self, who: Principal, channel: Channel) -> Future[str]:
        """Send one notice now; the future gives what went wrong, empty when it arrived."""
        require(who, Action.ACCOUNT_CHANGE)
        settings = self._reads.settings(who.user_id)
        if not settings.route(channel).address or not settings.route(channel).confirmed:
            raise Conflict("This channel is off.", code="CHANNEL_OFF", fix="Set its address first.")

        with self._lock:
            if who.user_id in self._testing:
                raise RateLimited(
                    "A test is on its way already.",
                    code="CHANNEL_TESTED",
                    retry_after_s=15,
                    fix="Wait for its answer.",
                )
            self._testing.add(who.user_id)

        def run() -> str:
            now_ms = self._writer.execute(lambda uow: uow.now_ms).result(30)
            try:
                if channel is Channel.MAIL:
                    assert self._outside.mailer is not None
                    self._outside.mailer.send(
                        settings.mail.address, *self._outside.words.test_letter(settings.language)
                    )
                else:
                    sample = Notice(
                        sequence=0,
                        owner_id=who.user_id,
                        at_ms=now_ms,
                        kind=NoticeKind.DONE,
                        values={"name": "test"},
                    )
                    self._outside.post(sample, settings, now_ms)
            except DeliveryFailed as failure:
                return failure.problem
            return ""

        def ended(_tested: Future[str]) -> None:
            with self._lock:
                self._testing.discard(who.user_id)

        tested = self._threads.submit(run)
        tested.add_done_callback(ended)
        return tested

    def _change(
        self, who: Principal, details: str, change: Callable[[NoticeSettings], NoticeSettings]
    ) -> Future[NoticeSettings]:
        def command(uow: UnitOfWork) -> NoticeSettings:
            changed = change(uow.notices.settings(who.user_id))
            uow.notices.save_settings(who.user_id, changed)
            uow.publish(audited(who, "notices.change", who.user_id, details, at_ms=uow.now_ms))
            return changed

        return self._writer.execute(command)


def kinds_of(names: Iterable[str]) -> frozenset[NoticeKind]:
    """Return kinds by their names; names of none are left out."""
    wanted = set(names)
    return frozenset(kind for kind in ALL_KINDS if kind.value in wanted)


def _digest(owner_id: str, code: str) -> str:
    return hashlib.sha256(f"{owner_id}\0{code}".encode()).hexdigest()


def _host(address: str, mark: str) -> str:
    """Return what the audit log says of an address: its host, without a path that may hold a secret."""
    return address.rpartition("@")[2] if mark == "@" else address.split("/")[2][:100]


def _invalid(key: str, code: str, reason: str, fix: str) -> Invalid:
    return Invalid(reason, [Problem(code=code, reason=reason, fix=fix, key=key)], code=code)
