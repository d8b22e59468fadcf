"""Ledger, users and events: a table each, with what belongs beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.desktop.translations import plural, tr
from core.desktop.widgets import Card, EmptyState, button, caption, code, label, row, section, set_tone
from core.domain.console_pages import (
    AccountRow,
    AccountRows,
    AuditRow,
    Explained,
    TransferRow,
    TransferRows,
    UserRow,
)
from core.domain.operations import LedgerCheck
from master_app.console.models.page_rows import KINDS
from master_app.console.models.sentences import said
from master_app.console.views.day_bars import DayBars
from master_app.console.views.page import Page, kept_split, plain_note, search_field


class LedgerPage(Page):
    """Accounts, transfers, and how an amount came about."""

    account_chosen = Signal(object)
    transfer_chosen = Signal(object)
    day_chosen = Signal(object)
    verify_wanted = Signal()
    grant_wanted = Signal()
    backup_wanted = Signal()

    def __init__(self, look: Look, accounts: RowModel[AccountRow], transfers: RowModel[TransferRow]) -> None:
        super().__init__(look, lambda: tr("Ledger"))
        self.search = search_field(look, lambda: tr("Task of the transfers"), self)
        self.export = button(look, lambda: tr("Export CSV…"), icon="export")
        self.add_tools(
            self.search,
            self.export,
            button(look, lambda: tr("Back up…"), icon="download", on_click=self.backup_wanted.emit),
            button(look, lambda: tr("Grant…"), icon="coins", kind="primary", on_click=self.grant_wanted.emit),
        )
        left, middle, right = Card(margins=0, spacing=0), Card(margins=0, spacing=0), Card()
        self.accounts = Table(look, accounts, "accounts")
        self.accounts.selectionModel().currentRowChanged.connect(
            lambda index: self.account_chosen.emit(accounts.row_at(index.row()))
        )
        self._pool = label(look, pixels=12)
        self._sum = label(look, pixels=12)
        everybody = button(look, lambda: tr("All"), kind="link", on_click=self._show_all)
        left.body.addLayout(row(section(look, lambda: tr("Accounts")), None, everybody, margins=(12, 8, 12, 6)))
        left.body.addLayout(row(self._pool, margins=(12, 4, 12, 8)))
        left.body.addWidget(self.accounts, 1)
        left.body.addLayout(
            row(caption(look, lambda: tr("All balances together")), None, self._sum, margins=(12, 8, 12, 8))
        )
        self.transfers = Table(look, transfers, "transfers")
        self.transfers.selectionModel().currentRowChanged.connect(
            lambda index: self.transfer_chosen.emit(transfers.row_at(index.row()))
        )
        self.days = DayBars(look)
        self.days.chosen.connect(self._say_day)
        self._sums = caption(look)
        self._none = EmptyState(look, lambda: tr("No transfer yet. The first sign-up makes one."))
        middle.body.addLayout(
            row(section(look, lambda: tr("Transfers")), None, self._sums, margins=(12, 8, 12, 6))
        )
        middle.body.addWidget(self.days)
        middle.body.addWidget(self.transfers, 1)
        middle.body.addWidget(self._none, 1)
        self._explain(right)
        split = QSplitter()
        for card in (left, middle, right):
            split.addWidget(card)
        kept_split(look, split, "ledger", [320, 560, 330])
        self.body.addWidget(split, 1)

    def _explain(self, card: Card) -> None:
        look = self.look
        self._amount = label(look, pixels=24, strong=True)
        self._words = label(look, quiet=True, wrap=True)
        self._lines = label(look, wrap=True)
        self._lines.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._receipt = code()
        self._verdict = label(look, wrap=True)
        self._verify = button(look, lambda: tr("Verify now"), icon="shield", on_click=self.verify_wanted.emit)
        card.body.addWidget(section(look, lambda: tr("Explain this amount")))
        for widget in (self._amount, self._words, self._lines, self._receipt):
            card.body.addWidget(widget)
        card.body.addStretch(1)
        card.body.addLayout(row(section(look, lambda: tr("Verify ledger")), None, self._verify))
        card.body.addWidget(self._verdict)
        self._has_amount = False
        look.says(self, self._say_hint)

    def _say_hint(self) -> None:
        if not self._has_amount:
            self._words.setText(tr("Choose a transfer to see how its amount came about."))

    def show_accounts(self, found: AccountRows) -> None:
        self._pool.setText(
            "\n".join(
                f"{tr(KINDS.get(each.kind, each.kind))}: {figures.cpt(each.balance_ucpt)} CPT"
                for each in found.pool
            )
        )
        self._sum.setText(f"{'✓' if found.sum_ucpt == 0 else '✗'} {figures.cpt(found.sum_ucpt)} CPT")
        set_tone(self._sum, "good" if found.sum_ucpt == 0 else "bad")
        plain_note(self.note, plural(found.transfers, "{n} transfer", "{n} transfers"))

    def show_transfers(self, found: TransferRows, *, of_account: bool) -> None:
        words = plural(found.total, "{n} row", "{n} rows")
        if self.days.day is not None:
            words += f" · {figures.local(self.days.day.at_ms).strftime('%Y-%m-%d')}"
        if of_account:
            words += f" · {figures.cpt(found.in_ucpt, sign=True)} · {figures.cpt(-found.out_ucpt)}"
        self._sums.setText(words)
        self._none.setVisible(found.total == 0)
        self.transfers.setVisible(found.total != 0)

    def show_explained(self, transfer: TransferRow, found: Explained) -> None:
        self._has_amount = True
        self._amount.setText(f"{figures.cpt(transfer.amount_ucpt)} CPT")
        self._words.setText(said(found.summary))
        self._lines.setText("\n".join(said(line) for line in found.lines[:40]))
        links = [f"#{transfer.sequence}  {transfer.hash[:12]}"]
        links += [f"← {digest[:12]}" for digest in (transfer.previous_debit, transfer.previous_credit) if digest]
        self._receipt.setText("\n".join(links))

    def show_check(self, check: LedgerCheck | None) -> None:
        self._verify.setEnabled(check is not None)
        if check is None:
            self._verdict.setText(tr("All rows are being replayed…"))
            set_tone(self._verdict, "")
            return
        self._verdict.setText(
            tr("All {n} rows fit; newest head {head}", n=figures.number(check.transfers), head=check.head[:12])
            if check.sound
            else check.first_problem
        )
        set_tone(self._verdict, "good" if check.sound else "bad")

    def _say_day(self, _day: object) -> None:
        self.day_chosen.emit(self.days.day)

    def _show_all(self) -> None:
        if self.days.day is not None:
            self.days.choose(None)
        self.accounts.clearSelection()
        self.account_chosen.emit(None)


class UsersPage(Page):
    """`wanted` carries (act, user)."""

    wanted = Signal(str, object)
    add_wanted = Signal()

    def __init__(self, look: Look, model: RowModel[UserRow]) -> None:
        super().__init__(look, lambda: tr("Users"))
        self.search = search_field(look, lambda: tr("User name"), self)
        self.export = button(look, icon="export", kind="icon", tip=lambda: tr("Export CSV"))
        self.add_tools(
            self.search,
            self.export,
            button(look, lambda: tr("Add a user…"), icon="plus", kind="primary", on_click=self.add_wanted.emit),
        )
        card = Card(margins=0, spacing=0)
        self.table = Table(look, model, "users")
        self._model = model
        self._acts = [
            button(look, lambda: tr("Roles…"), icon="users", on_click=lambda: self._want("roles")),
            button(look, lambda: tr("Grant…"), icon="coins", on_click=lambda: self._want("grant")),
            button(look, lambda: tr("One-time login"), icon="link", on_click=lambda: self._want("reset")),
            button(look, lambda: tr("Console link"), icon="computer", on_click=lambda: self._want("console")),
            button(look, lambda: tr("Unlock"), icon="unlock", on_click=lambda: self._want("unlock")),
            button(look, lambda: tr("Lock…"), icon="lock", kind="danger", on_click=lambda: self._want("lock")),
        ]
        card.body.addWidget(self.table, 1)
        card.body.addLayout(row(None, *self._acts, margins=(12, 8, 12, 8)))
        self.body.addWidget(card, 1)
        self.table.selectionModel().selectionChanged.connect(self._check)
        self._check()

    def show_count(self, total: int) -> None:
        plain_note(self.note, plural(total, "{n} user", "{n} users"))

    def _check(self) -> None:
        found = self._model.row_at(self.table.currentIndex().row()) if self.table.chosen_keys() else None
        for each in self._acts:
            each.setEnabled(found is not None)
        if found is not None:
            self._acts[3].setEnabled("operator" in found.roles)
            self._acts[4].setEnabled(found.state == "LOCKED")
            self._acts[5].setEnabled(found.state != "LOCKED")

    def _want(self, act: str) -> None:
        found = self._model.row_at(self.table.currentIndex().row())
        if found is not None:
            self.wanted.emit(act, found)


class EventsPage(Page):
    """The audit log."""

    def __init__(self, look: Look, model: RowModel[AuditRow]) -> None:
        super().__init__(look, lambda: tr("Events"))
        self.search = search_field(look, lambda: tr("Person, deed or thing"), self)
        self.export = button(look, lambda: tr("Export CSV…"), icon="export")
        self.add_tools(self.search, self.export)
        card = Card(margins=0, spacing=0)
        self.table = Table(look, model, "events")
        card.body.addWidget(self.table, 1)
        self.body.addWidget(card, 1)

    def show_count(self, total: int) -> None:
        plain_note(self.note, tr("{n} lines; each hashes the one before it", n=figures.number(total)))
