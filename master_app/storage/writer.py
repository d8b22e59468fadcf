"""The one thread that changes state: many commands a transaction, one commit, then everybody is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from core.domain.errors import HiveMindError, StorageUnavailable
from core.domain.events import Fact
from master_app.ports.unit_of_work import Command, Lane, UnitOfWork
from master_app.scheduling.pool import Pool
from master_app.storage.failures import from_os_error, is_outage, translate
from master_app.storage.lanes import LanedQueue

logger = logging.getLogger(__name__)

T = TypeVar("T")
Publish = Callable[[Sequence[Fact], int], None]
Rebuild = Callable[[UnitOfWork], None]

MAX_COMMANDS: Final = 64
MAX_ROWS: Final = 2_000
MAX_BATCH_NS: Final = 20_000_000


class OpenUnitOfWork(UnitOfWork, Protocol):
    """A unit of work as its owner sees it."""

    @property
    def rows(self) -> int:
        """Rows written so far in this transaction."""

    @property
    def facts(self) -> Sequence[Fact]: ...

    @property
    def actions(self) -> Sequence[Callable[[], None]]: ...


class Transactions(Protocol):
    """The database as the writer sees it. Only the writer's thread calls it."""

    def open(self, pool: Pool) -> None:
        """Connect (again) and prove that this program is the only writer."""

    def begin(self) -> OpenUnitOfWork: ...

    def commit(self) -> None:
        """Write what is still to be written and make it durable."""

    def rollback(self) -> None:
        """Leave no trace of the transaction; MUST NOT raise."""

    def abandon(self) -> None:
        """Drop the connection after a failure; `open` makes the next; MUST NOT raise."""


@dataclass(frozen=True, slots=True)
class _Order:
    command: Callable[[UnitOfWork], Any]
    future: Future[Any]


class _CommandFailed(Exception):
    """A command raised; `order` is whose."""

    def __init__(self, order: _Order, error: BaseException) -> None:
        super().__init__()
        self.order = order
        self.error = error


class CommandWriter:
    """Runs commands as `master_app.ports.unit_of_work` promises."""

    def __init__(
        self,
        transactions: Transactions,
        *,
        publish: Publish,
        rebuild: Rebuild,
        commit_number: int = 0,
        queue: LanedQueue[_Order] | None = None,
    ) -> None:
        self._transactions = transactions
        self._publish = publish
        self._rebuild = rebuild
        self._queue: LanedQueue[_Order] = queue if queue is not None else LanedQueue()
        self._commit_number = commit_number
        self._pool = Pool()
        self._is_ready = False
        #: The database's failure that has not healed yet: no change was committed since.
        self.outage: HiveMindError | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def commit_number(self) -> int:
        """Number of the newest commit whose facts were published; grows over restarts too."""
        return self._commit_number

    @property
    def waiting_count(self) -> int:
        """How many commands wait now."""
        return len(self._queue)

    def execute(self, command: Command[T], *, lane: Lane = Lane.PEOPLE) -> Future[T]:
        """Queue a command; see the port."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a command may not execute another one: it would wait for itself")
        future: Future[T] = Future()
        self._queue.put(lane, _Order(command, future))
        return future

    def close(self) -> None:
        """Take no more commands, run what waits, and end the thread."""
        self._queue.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # ---- on the writer's thread

    def _run(self) -> None:
        try:
            while self._queue.wait():
                self._batch()
        finally:
            self._transactions.abandon()

    def _batch(self) -> None:
        try:
            self._make_ready()
        except BaseException as error:  # nothing may end this thread while somebody waits for it
            self._fail(self._take_all_waiting(), self._outage(error, "the database cannot be opened"))
            return
        orders: list[_Order] = []
        try:
            self._transact(orders, self._queue.take, MAX_COMMANDS)
        except _CommandFailed as failed:
            if len(orders) == 1:
                failed.order.future.set_exception(failed.error)
            else:
                self._one_by_one(orders)
        except BaseException as error:
            # A transaction that could not even begin must not leave them waiting for the next that cannot.
            self._fail(orders or self._take_all_waiting(), self._outage(error, "a commit failed"))

    def _one_by_one(self, orders: Sequence[_Order]) -> None:
        # One of them raised, and without savepoints the others went with it: each again, on its own.
        for order in orders:
            try:
                self._make_ready()
                waiting = iter((order,))
                self._transact([], lambda: next(waiting, None), 1, started=True)  # noqa: B023
            except _CommandFailed as failed:
                order.future.set_exception(failed.error)
            except BaseException as error:
                self._fail([order], self._outage(error, "a commit failed"))

    def _transact(
        self, orders: list[_Order], take: Callable[[], _Order | None], limit: int, *, started: bool = False
    ) -> None:
        """Run orders as one transaction, commit it and tell. Puts those it took into `orders`."""
        transactions = self._transactions
        uow = transactions.begin()
        results: list[Any] = []
        until_ns = time.monotonic_ns() + MAX_BATCH_NS
        try:
            while len(orders) < limit and uow.rows < MAX_ROWS:
                order = take()
                if order is None:
                    break
                if not started and not order.future.set_running_or_notify_cancel():
                    continue
                orders.append(order)
                results.append(self._result(order, uow))
                if time.monotonic_ns() > until_ns:
                    break
            self._commit(orders)
        except BaseException:
            self._pool.rewind(0)
            transactions.rollback()
            raise
        self._settle(uow)
        for order, result in zip(orders, results, strict=True):
            order.future.set_result(result)

    def _result(self, order: _Order, uow: UnitOfWork) -> Any:
        try:
            return order.command(uow)
        except BaseException as error:
            ours = translate(error)
            if ours is not None and is_outage(ours):
                raise
            raise _CommandFailed(order, ours or error) from error

    def _commit(self, orders: Sequence[_Order]) -> None:
        try:
            self._transactions.commit()
        except BaseException as error:
            ours = error if isinstance(error, HiveMindError) else translate(error)
            if ours is None or is_outage(ours) or not orders:
                raise
            # What is written only at the end did not fit; which command's it was shows when each runs alone.
            raise _CommandFailed(orders[-1], ours) from error

    def _settle(self, uow: OpenUnitOfWork) -> None:
        self._pool.settle()
        if uow.rows:
            self.outage = None
        if uow.rows or uow.facts:
            self._commit_number += 1
        if uow.facts:
            try:
                self._publish(uow.facts, self._commit_number)
            except Exception:
                logger.exception("publishing facts failed; the commit stands")
        for action in uow.actions:
            try:
                action()
            except Exception:
                logger.exception("an action after the commit failed; the commit stands")

    def _make_ready(self) -> None:
        if self._is_ready:
            return
        self._pool = Pool()
        self._transactions.open(self._pool)
        uow = self._transactions.begin()
        try:
            self._rebuild(uow)
            self._transactions.commit()
        except BaseException:
            self._transactions.rollback()
            self._transactions.abandon()
            raise
        self._is_ready = True
        self._settle(uow)

    def _outage(self, error: BaseException, what: str) -> HiveMindError:
        self._is_ready = False
        self._transactions.abandon()
        ours = error if isinstance(error, HiveMindError) else translate(error)
        if isinstance(error, OSError):
            ours = from_os_error(error)
        # In full once; while it lasts it is tried, and fails, every second.
        if self.outage is None:
            logger.error("%s: everything in it is refused", what, exc_info=error)
        else:
            logger.info("%s again: %s", what, type(error).__name__)
        if ours is None or not is_outage(ours):
            ours = StorageUnavailable("The master could not write this.", fix="Look into the master's log.")
        self.outage = ours
        return ours

    def _take_all_waiting(self) -> list[_Order]:
        orders: list[_Order] = []
        while len(orders) < MAX_COMMANDS and (order := self._queue.take()) is not None:
            if order.future.set_running_or_notify_cancel():
                orders.append(order)
        return orders

    def _fail(self, orders: Sequence[_Order], error: HiveMindError) -> None:
        for order in orders:
            if not order.future.done():
                order.future.set_exception(error)
