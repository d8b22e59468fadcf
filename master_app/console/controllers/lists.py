"""Ledger, users, events, links and settings: what is asked of the master when a person looks at them or acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from PySide6.QtCore import QObject, Signal

from core.desktop import figures
from core.desktop.tables import RowModel
from core.desktop.translations import plural, tr
from core.domain.console_near import LabelChange
from core.domain.console_pages import (
    AccountRow,
    AuditRow,
    DayRow,
    DayRows,
    ListQuery,
    TransferQuery,
    TransferRow,
    UserChange,
    UserRow,
)
from core.domain.operations import NewJoinLink, NewUser, NodeAction
from master_app.console.controllers.paging import PagedList
from master_app.console.controllers.session import Session, now_ms, words_of
from master_app.console.models import page_rows

DAY_MS: Final = 86_400_000
DAYS: Final = 30


class LedgerController(QObject):
    """`accounts_read`, `transfers_read`, `explained` (transfer, explanation) and `checked` carry answers."""

    accounts_read = Signal(object)
    transfers_read = Signal(object)
    days_read = Signal(object)
    explained = Signal(object, object)
    checked = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._account = [""]
        self._day: DayRow | None = None
        self.accounts: RowModel[AccountRow] = RowModel(page_rows.account_columns(), key=lambda row: row.account_id)
        self.transfers: RowModel[TransferRow] = RowModel(
            page_rows.transfer_columns(self._account), key=lambda row: row.sequence
        )
        master = session.master
        self.account_pages = PagedList(
            session,
            self.accounts,
            lambda text, sort, down, offset, limit: master.accounts(
                ListQuery(text=text, sort=sort, descending=down, offset=offset, limit=limit)
            ),
        )
        self.transfer_pages = PagedList(
            session,
            self.transfers,
            lambda text, sort, down, offset, limit: master.transfers(
                TransferQuery(
                    account_id=self._account[0],
                    text=text,
                    since_ms=self._day.at_ms if self._day is not None else 0,
                    until_ms=self._day.at_ms + DAY_MS if self._day is not None else 0,
                    offset=offset,
                    limit=limit,
                )
            ),
        )
        self.account_pages.loaded.connect(self.accounts_read)
        self.transfer_pages.loaded.connect(self.transfers_read)

    @property
    def of_account(self) -> bool:
        return bool(self._account[0])

    def load(self) -> None:
        self.account_pages.touch()
        self.transfer_pages.touch()
        self._load_days()

    def choose_account(self, row: AccountRow | None) -> None:
        self._account[0] = row.account_id if row is not None else ""
        self.transfer_pages.reload()
        self._load_days()

    def choose_day(self, day: DayRow | None) -> None:
        self._day = day
        self.transfer_pages.reload()

    def _load_days(self) -> None:
        """Ask for the last weeks in this computer's days; a day without a transfer is a day of nothing."""
        account, midnight_ms, offset_ms = self._account[0], *today()

        def done(found: DayRows) -> None:
            if account != self._account[0]:
                return
            known = {row.at_ms: row for row in found.rows}
            nothing = [DayRow(at_ms=midnight_ms - n * DAY_MS, income_ucpt=0, spend_ucpt=0) for n in range(DAYS)]
            self.days_read.emit([known.get(day.at_ms, day) for day in reversed(nothing)] if known else [])

        future = self._session.master.days(account, midnight_ms - (DAYS - 1) * DAY_MS, offset_ms)
        self._session.ask(future, done, owner=self)

    def explain(self, row: TransferRow | None) -> None:
        if row is not None:
            future = self._session.master.explain(row.transfer_id)
            self._session.ask(future, lambda found: self.explained.emit(row, found), owner=self)

    def verify(self) -> None:
        self.checked.emit(None)
        self._session.ask(self._session.master.verify_ledger(), self.checked.emit, owner=self)

    def grant(self, username: str, amount_ucpt: int, key: str, reason: str) -> None:
        def done(_transfer_id: str) -> None:
            self.load()
            self._session.said.emit(tr("Granted to {name}.", name=username), "good")

        self._session.ask(self._session.master.grant(username, amount_ucpt, key, reason), done, owner=self)

    def back_up(self, path: str) -> None:
        def done(_size: int) -> None:
            self._session.said.emit(tr("Backup written to {path} on the master.", path=path), "good")

        self._session.ask(self._session.master.back_up(path), done, owner=self)


class PeopleController(QObject):
    """Users and the audit log. `secret` carries (words, secret) that are shown once."""

    users_read = Signal(object)
    audit_read = Signal(object)
    secret = Signal(str, str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        master = session.master
        self.users: RowModel[UserRow] = RowModel(page_rows.user_columns(), key=lambda row: row.user_id)
        self.audit: RowModel[AuditRow] = RowModel(page_rows.audit_columns(), key=lambda row: row.sequence)
        self.user_pages = PagedList(session, self.users, _listed(master.users))
        self.audit_pages = PagedList(session, self.audit, _listed(master.audit))
        self.user_pages.loaded.connect(self.users_read)
        self.audit_pages.loaded.connect(self.audit_read)

    def add(self, user: NewUser) -> None:
        self._session.ask(self._session.master.add_user(user), lambda _id: self.user_pages.reload(), owner=self)

    def change(self, change: UserChange) -> None:
        future = self._session.master.change_user(change)
        self._session.ask(future, lambda _none: self.user_pages.touch(), owner=self)

    def reset_password(self, username: str) -> None:
        words = tr("One-time login of {name}, shown once", name=username)
        future = self._session.master.reset_password(username)
        self._session.ask(future, lambda login: self.secret.emit(words, login), owner=self)

    def console_link(self, username: str) -> None:
        words = tr("Console link of {name}, good for one sign-in", name=username)
        future = self._session.master.console_link(username)
        self._session.ask(future, lambda link: self.secret.emit(words, link), owner=self)


class PoolController(QObject):
    """Nodes, join links, settings and the doctor."""

    link_made = Signal(object)
    links_read = Signal(object)
    settings_read = Signal(object)
    settings_refused = Signal(str)
    doctor_read = Signal(object)
    near_read = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._asked: set[str] = set()

    def act(self, node_ids: list[str], action: NodeAction, reason: str) -> None:
        for node_id in node_ids:
            future = self._session.master.act_on_node(node_id, action, reason)
            self._session.ask(future, lambda _view: None, owner=self)

    def look_at(self, node_id: str) -> None:
        """Ask for a node from near. One that is slow to answer is not asked twice."""
        if not node_id or node_id in self._asked or not self._session.live:
            return
        self._asked.add(node_id)

        def done(found: Any) -> None:
            self._asked.discard(node_id)
            self.near_read.emit(found)

        def failed(_error: BaseException) -> None:
            self._asked.discard(node_id)

        self._session.ask(self._session.master.near_node(node_id), done, failed, owner=self)

    def label(self, change: LabelChange) -> None:
        def done(_none: object) -> None:
            count = len(change.node_ids)
            self._session.said.emit(plural(count, "{n} node labelled.", "{n} nodes labelled."), "good")

        self._session.ask(self._session.master.label_nodes(change), done, owner=self)

    def make_link(self, wish: NewJoinLink) -> None:
        def done(made: Any) -> None:
            self.link_made.emit(made)
            self.load_links()

        self._session.ask(self._session.master.create_join_link(wish), done, owner=self)

    def load_links(self) -> None:
        self._session.ask(self._session.master.join_links(), self.links_read.emit, owner=self)

    def revoke_link(self, link_id: str) -> None:
        self._session.ask(self._session.master.revoke_link(link_id), lambda _none: self.load_links(), owner=self)

    def load_settings(self) -> None:
        self._session.ask(self._session.master.settings(), self.settings_read.emit, owner=self)

    def save_settings(self, values: dict[str, str]) -> None:
        def done(found: Any) -> None:
            self.settings_read.emit(found)
            self._session.said.emit(tr("Saved. They hold from the master's next start."), "good")

        self._session.ask(
            self._session.master.change_settings(values),
            done,
            lambda error: self.settings_refused.emit(words_of(error)),
            owner=self,
        )

    def load_doctor(self) -> None:
        self._session.ask(self._session.master.doctor(), self.doctor_read.emit, owner=self)


def today() -> tuple[int, int]:
    """Return when this day began, and how far the clock here is ahead of UTC; both in milliseconds."""
    at_ms = now_ms()
    ahead = figures.local(at_ms).astimezone().utcoffset() or timedelta()
    offset_ms = round(ahead.total_seconds() * 1000)
    return (at_ms + offset_ms) // DAY_MS * DAY_MS - offset_ms, offset_ms


def _listed(call: Callable[[ListQuery], Any]) -> Callable[[str, str, bool, int, int], Any]:
    return lambda text, sort, down, offset, limit: call(
        ListQuery(text=text, sort=sort, descending=down, offset=offset, limit=limit)
    )
