"""A long list of which the window holds what it shows: pages are asked for as they come into view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from core.desktop.tables import RowModel
from master_app.console.controllers.session import Session

R = TypeVar("R")
PAGE = 200
#: A burst of changes is one question.
SETTLE_MS = 250


class PagedList(QObject, Generic[R]):
    """`fetch(text, sort, descending, offset, limit)` asks the master; its answer has `rows` and `total`."""

    loaded = Signal(object)

    def __init__(
        self,
        session: Session,
        model: RowModel[R],
        fetch: Callable[[str, str, bool, int, int], Future[Any]],
        *,
        sort: str = "",
        descending: bool = False,
    ) -> None:
        super().__init__(session)
        self._session = session
        self.model = model
        self._fetch = fetch
        self.text, self.sort, self.descending = "", sort, descending
        self._round = 0
        self._asked: set[int] = set()
        self._seen = (0, PAGE)
        self.total: int | None = None
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._refresh)
        model.wanted.connect(self._want)

    def reload(self) -> None:
        """Ask anew from the first page: another filter, another order."""
        self._round += 1
        self._asked.clear()
        self._seen = (0, PAGE)
        self._ask(0, fresh=True)

    def touch(self) -> None:
        """Something changed: what is on screen is asked for again, soon, where it stands."""
        if not self._again.isActive():
            self._again.start(SETTLE_MS)

    def filter(self, text: str) -> None:
        if text != self.text:
            self.text = text
            self.reload()

    def order(self, sort: str, descending: bool) -> None:
        self.sort, self.descending = sort, descending
        self.reload()

    def _refresh(self) -> None:
        first, last = self._seen
        self._asked = set()
        for page in range(first // PAGE, max(first, last - 1) // PAGE + 1):
            self._ask(page)

    def _want(self, first: int, last: int) -> None:
        self._seen = (first, max(last, first + 1))
        for page in range(first // PAGE, max(first, last - 1) // PAGE + 1):
            if page not in self._asked:
                self._ask(page)

    def _ask(self, page: int, *, fresh: bool = False) -> None:
        if self._session.closed:
            return
        self._asked.add(page)
        round_ = self._round
        future = self._fetch(self.text, self.sort, self.descending, page * PAGE, PAGE)

        def done(found: Any) -> None:
            if round_ == self._round:
                self._fill(page, found.rows, found.total, fresh=fresh)
                self.loaded.emit(found)

        self._session.ask(future, done, lambda _error: self._asked.discard(page), owner=self)

    def _fill(self, page: int, rows: Sequence[R], total: int, *, fresh: bool) -> None:
        self.total = total
        if fresh:
            self.model.set_rows(rows)
        self.model.set_count(total)
        self.model.put(page * PAGE, rows)
