"""Delivers notices: one mail for all that wait for a person, one signed post a notice; tried again with pauses.

A receiver that is slow or gone costs only its owner: deliveries of one user and channel go one after another, on
threads of their own, and the first that fails ends the row.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog

from core.domain.errors import Invalid
from core.domain.notices import RETRY_MS, Channel, Due, Notice, NoticeSettings
from core.domain.user import UserState
from master_app.ports.notices import DeliveryFailed, Mailer, NoticeReads, NoticeWords, WebhookSender
from master_app.ports.unit_of_work import Lane, UnitOfWork, Writer
from master_app.ports.users import UserReads

log = structlog.get_logger(__name__)
SIGNATURE: Final = "HiveMind-Signature"
DELIVERY: Final = "HiveMind-Delivery"
#: Deliveries looked at in one round, and posts of one user in a row.
_AT_ONCE: Final = 200
_IN_A_ROW: Final = 10
#: A round ends after this time; receivers that take longer are left to their thread.
_ROUND_S: Final = 20.0
#: Opens a webhook's signing secret: (owner, sealed) -> secret.
Unseal = Callable[[str, str], str]


class Outside:
    """The channels as they are: what leaves the master goes through here. Blocks; raises DeliveryFailed."""

    def __init__(
        self, *, mailer: Mailer | None, webhooks: WebhookSender, words: NoticeWords, unseal: Unseal
    ) -> None:
        """`mailer` None: no mail server is set, and nothing offers mail."""
        self.mailer = mailer
        self.webhooks = webhooks
        self.words = words
        self._unseal = unseal

    def mail(self, notices: Sequence[Notice], settings: NoticeSettings) -> None:
        if self.mailer is None:
            raise DeliveryFailed("this master has no mail server any more", is_final=True)
        self.mailer.send(settings.mail.address, *self.words.letter(notices, settings.language))

    def post(self, notice: Notice, settings: NoticeSettings, now_ms: int) -> None:
        """Post one notice as JSON, with a signature over its time and body."""
        body = self.body(notice)
        try:
            secret = self._unseal(notice.owner_id, settings.webhook.sealed)
        except Invalid as error:
            raise DeliveryFailed(
                "its secret cannot be opened with this master's key; set the address again", is_final=True
            ) from error
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            SIGNATURE: signature(secret, now_ms // 1000, body),
            DELIVERY: str(notice.sequence),
        }
        self.webhooks.post(settings.webhook.address, body, headers)

    def body(self, notice: Notice) -> bytes:
        """Return what a webhook gets, as JSON: the machine's values and one sentence for people."""
        at = datetime.fromtimestamp(notice.at_ms / 1000, UTC).isoformat(timespec="seconds")
        content = {
            "notice_id": notice.sequence,
            "kind": notice.kind.value,
            "at": at.replace("+00:00", "Z"),
            "task_id": notice.subject or None,
            "text": self.words.sentence(notice, ""),
            "values": dict(notice.values),
        }
        return json.dumps(content, ensure_ascii=False).encode()


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Return `t=...,v1=...`: HMAC-SHA256 over `<t>.<body>`, so that an old post cannot be sent again as new."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


class NoticeSender:
    """One `tick` every few seconds, on a thread that may wait."""

    def __init__(
        self, *, writer: Writer, reads: NoticeReads, users: UserReads, outside: Outside, threads: Executor
    ) -> None:
        self._writer = writer
        self._reads = reads
        self._users = users
        self._outside = outside
        self._threads = threads
        self._lock = threading.Lock()
        self._busy: set[tuple[str, Channel]] = set()

    def tick(self) -> int:
        """Deliver what is due; return how many deliveries were tried."""
        now_ms = self._writer.execute(lambda uow: uow.now_ms, lane=Lane.INNER).result(60)
        rows: dict[tuple[str, Channel], list[Due]] = {}
        with self._lock:
            busy = set(self._busy)
        for due in self._reads.due(now_ms, _AT_ONCE, busy):
            rows.setdefault((due.notice.owner_id, due.channel), []).append(due)
        with self._lock:
            self._busy |= rows.keys()  # only ticks add to it
        rounds: list[Future[int]] = [
            self._threads.submit(self._deliver, owner_id, channel, row, now_ms)
            for (owner_id, channel), row in rows.items()
        ]
        done, _late = wait(rounds, _ROUND_S)
        return sum(each.result() for each in done)

    def _deliver(self, owner_id: str, channel: Channel, row: list[Due], now_ms: int) -> int:
        try:
            return self._deliver_row(owner_id, channel, row, now_ms)
        finally:
            with self._lock:
                self._busy.discard((owner_id, channel))

    def _deliver_row(self, owner_id: str, channel: Channel, row: list[Due], now_ms: int) -> int:
        settings = self._reads.settings(owner_id)
        route = settings.route(channel)
        user = self._users.user(owner_id)
        wanted = [due for due in row if route.wants(due.notice.kind)]
        if user is None or user.state is not UserState.ACTIVE or not wanted:
            self._keep(owner_id, channel, row, None, now_ms)  # switched off meanwhile
            return 0
        if channel is Channel.MAIL:
            self._keep(owner_id, channel, row, self._try_mail(wanted, settings), now_ms)
            return 1
        tried = 0
        for place, due in enumerate(wanted[:_IN_A_ROW]):
            failure = self._try_post(due, settings, now_ms)
            self._keep(owner_id, channel, [due], failure, now_ms, behind=wanted[place + 1 :])
            tried += 1
            if failure is not None:
                break
        return tried

    def _try_mail(self, row: list[Due], settings: NoticeSettings) -> DeliveryFailed | None:
        try:
            self._outside.mail([due.notice for due in row], settings)
        except DeliveryFailed as failure:
            return failure
        return None

    def _try_post(self, due: Due, settings: NoticeSettings, now_ms: int) -> DeliveryFailed | None:
        try:
            self._outside.post(due.notice, settings, now_ms)
        except DeliveryFailed as failure:
            return failure
        return None

    def _keep(
        self,
        owner_id: str,
        channel: Channel,
        row: list[Due],
        failure: DeliveryFailed | None,
        now_ms: int,
        behind: Sequence[Due] = (),
    ) -> None:
        """Write down how it went: gone, or when it is tried again; after a failure what is behind waits as well,
        or it would fill the next rounds and keep everybody else's out of them.
        """
        again = [due for due in row if failure and not failure.is_final and due.tries < len(RETRY_MS)]
        over = [due.notice.sequence for due in row if due not in again]
        problem = failure.problem if failure is not None else ""
        if failure is not None:
            log.info("a notice was not delivered", channel=channel.value, problem=problem, again=len(again))

        def command(uow: UnitOfWork) -> None:
            uow.notices.remove_due(over, channel)
            for due in again:
                uow.notices.put_due(due.notice.sequence, channel, due.tries + 1, uow.now_ms + RETRY_MS[due.tries])
            for due in behind if failure is not None else ():
                uow.notices.put_due(due.notice.sequence, channel, due.tries, uow.now_ms + RETRY_MS[0])
            settings = uow.notices.settings(owner_id)
            route = settings.route(channel)
            if route.address and route.problem != problem:
                changed = replace(route, problem=problem, problem_ms=now_ms if problem else 0)
                uow.notices.save_settings(owner_id, settings.with_route(channel, changed))

        self._writer.execute(command, lane=Lane.INNER).result(60)
