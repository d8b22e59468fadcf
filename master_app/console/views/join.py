"""Bringing computers in: a link to copy, its QR code, one line for a computer without a screen, and approvals."""

from __future__ import annotations

import io
import time

import segno
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QSplitter, QWidget

from core.desktop import figures
from core.desktop.look import Look
from core.desktop.tables import RowModel, Table
from core.desktop.translations import plural, tr
from core.desktop.widgets import Card, CopyField, EmptyState, Text, button, caption, label, row, section, set_tone
from core.domain.console import NodeTile
from core.domain.console_pages import LinkRow
from core.domain.operations import JoinLinkMade, NewJoinLink, NodeAction
from core.rpc.join_link import mask_join_link
from master_app.console.models.page_rows import link_columns, node_columns
from master_app.console.views.page import Page, kept_split, plain_note

EXPIRIES = {"15m": 900, "2h": 7_200, "1d": 86_400, "7d": 604_800}
QR_COVER_S = 30
RECENT_MS = 7 * 86_400_000


class JoinPage(Page):
    """`link_wanted` carries a NewJoinLink; `node_wanted` (action, node ids); `revoke_wanted` a link's id."""

    link_wanted = Signal(object)
    node_wanted = Signal(object, object)
    revoke_wanted = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, lambda: tr("Join a node"))
        self._made: JoinLinkMade | None = None
        self._qr_until = 0.0
        self.pending: RowModel[NodeTile] = RowModel(node_columns(), key=lambda tile: tile.node_id)
        self.recent: RowModel[NodeTile] = RowModel(node_columns(), key=lambda tile: tile.node_id)
        self.links: RowModel[LinkRow] = RowModel(link_columns(), key=lambda link: link.link_id)
        upper, lower = QSplitter(), QSplitter()
        upper.addWidget(self._link_card())
        upper.addWidget(self._form_card())
        lower.addWidget(self._nodes_card())
        lower.addWidget(self._links_card())
        for name, split in (("join-link", upper), ("join-nodes", lower)):
            kept_split(look, split, name, [780, 400])
        self.body.addWidget(upper)
        self.body.addWidget(lower, 1)
        self._tick = QTimer(self)
        self._tick.setInterval(1_000)
        self._tick.timeout.connect(self._count_down)
        self._tick.start()
        look.says(self, self._count_down)

    def _link_card(self) -> QWidget:
        look, card = self.look, Card()
        self.field = CopyField(look, secret=True, name=lambda: tr("Join link"))
        self._left = label(look, strong=True)
        self._care = label(
            look, lambda: tr("Whoever has the link can join: treat it like a password."), quiet=True, wrap=True
        )
        self._qr = QLabel()
        self._qr.setFixedSize(150, 150)
        self._qr.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._qr_button = button(look, lambda: tr("Show QR code"), on_click=self._toggle_qr)
        self.command = CopyField(look, name=lambda: tr("Command"))
        self.command.show_text("python -m worker_app run --join -")
        left = [
            section(look, lambda: tr("Join link")),
            self.field,
            self._left,
            self._care,
            section(look, lambda: tr("A computer without a screen: one line")),
            self.command,
            caption(
                look, lambda: tr("Paste the link when it asks: it then stands in no history and no process list.")
            ),
        ]
        inner = row(spacing=16)
        texts = Card(margins=0)
        texts.setProperty("card", "")
        for widget in left:
            texts.body.addWidget(widget)
        texts.body.addStretch(1)
        inner.addWidget(texts, 1)
        codes = Card(margins=0)
        codes.setProperty("card", "")
        codes.body.addWidget(self._qr)
        codes.body.addWidget(self._qr_button)
        codes.body.addStretch(1)
        inner.addWidget(codes)
        card.body.addLayout(inner)
        return card

    def _form_card(self) -> QWidget:
        look, card = self.look, Card()
        form = QFormLayout()
        self.owner, self.labels, self.pattern = QLineEdit(), QLineEdit(), QLineEdit("{host}")
        self.uses, self.expiry, self.approve = QSpinBox(), QComboBox(), QCheckBox()
        self.uses.setRange(1, 10_000)
        self.labels.setPlaceholderText("site=lab, gpu=yes")
        for key in EXPIRIES:
            self.expiry.addItem("", key)
        look.says(self.expiry, self._say_expiries)
        for text, widget in (
            (lambda: tr("Owner"), self.owner),
            (lambda: tr("Uses"), self.uses),
            (lambda: tr("Expires after"), self.expiry),
            (lambda: tr("Labels"), self.labels),
            (lambda: tr("Name pattern"), self.pattern),
            (lambda: tr("Approval"), self.approve),
        ):
            form.addRow(label(look, text, quiet=True), widget)
            _name(look, widget, text)
        look.says(self.owner, lambda: self.owner.setPlaceholderText(tr("yourself")))
        look.says(self.approve, lambda: self.approve.setText(tr("An operator approves each node first")))
        card.body.addWidget(section(look, lambda: tr("New link")))
        card.body.addLayout(form)
        self.make = button(look, lambda: tr("Make link"), icon="link", kind="primary", on_click=self._make)
        card.body.addLayout(row(None, self.make))
        return card

    def _say_expiries(self) -> None:
        for place, words in enumerate((tr("15 minutes"), tr("2 hours"), tr("1 day"), tr("7 days"))):
            self.expiry.setItemText(place, words)

    def _nodes_card(self) -> QWidget:
        look, card = self.look, Card(margins=0, spacing=0)
        self.pending_table = Table(look, self.pending, "pending")
        self.pending_table.setMaximumHeight(150)
        self._approve = button(
            look,
            lambda: tr("Approve"),
            icon="check",
            kind="primary",
            on_click=lambda: self._act(NodeAction.APPROVE),
        )
        self._decline = button(
            look,
            lambda: tr("Decline…"),
            icon="close",
            kind="danger",
            on_click=lambda: self._act(NodeAction.DECLINE),
        )
        self._no_pending = EmptyState(look, lambda: tr("No node waits for approval."))
        card.body.addLayout(
            row(
                section(look, lambda: tr("Waiting for approval")),
                caption(look, lambda: tr("Compare the code with the one that the new computer shows.")),
                None,
                self._decline,
                self._approve,
                margins=(12, 8, 12, 6),
            )
        )
        card.body.addWidget(self.pending_table)
        card.body.addWidget(self._no_pending)
        card.body.addLayout(row(section(look, lambda: tr("Lately joined")), None, margins=(12, 8, 12, 6)))
        self.recent_table = Table(look, self.recent, "recent")
        card.body.addWidget(self.recent_table, 1)
        return card

    def _links_card(self) -> QWidget:
        look, card = self.look, Card(margins=0, spacing=0)
        self.links_table = Table(look, self.links, "links")
        revoke = button(look, lambda: tr("Revoke link"), icon="revoke", kind="danger", on_click=self._revoke)
        card.body.addLayout(row(section(look, lambda: tr("All links")), None, revoke, margins=(12, 8, 12, 6)))
        card.body.addWidget(self.links_table, 1)
        return card

    # ---- showing

    def show_link(self, made: JoinLinkMade) -> None:
        self._made = made
        self.field.show_text(made.link, mask_join_link(made.link))
        self._cover()
        self._count_down()

    def show_nodes(self, tiles: dict[str, NodeTile]) -> None:
        now_ms = time.time_ns() // 1_000_000
        waiting = sorted((tile for tile in tiles.values() if tile.state == "PENDING"), key=lambda tile: tile.name)
        lately = [
            tile for tile in tiles.values() if tile.state != "PENDING" and tile.created_ms > now_ms - RECENT_MS
        ]
        self.pending.set_rows(waiting)
        self.recent.set_rows(sorted(lately, key=lambda tile: -tile.created_ms)[:200])
        self.pending_table.setVisible(bool(waiting))
        self._no_pending.setVisible(not waiting)
        for each in (self._approve, self._decline):
            each.setVisible(bool(waiting))
        plain_note(self.note, plural(len(tiles), "{n} node in the pool", "{n} nodes in the pool"))

    def _make(self) -> None:
        labels = dict(part.strip().split("=", 1) for part in self.labels.text().split(",") if "=" in part)
        self.link_wanted.emit(
            NewJoinLink(
                owner=self.owner.text().strip(),
                uses=self.uses.value(),
                expires_s=EXPIRIES[str(self.expiry.currentData())],
                labels=labels,
                name_pattern=self.pattern.text().strip() or "{host}",
                approve=self.approve.isChecked(),
            )
        )

    def _act(self, action: NodeAction) -> None:
        keys = self.pending_table.chosen_keys() or [tile.node_id for tile in self.pending.loaded()][:1]
        if keys:
            self.node_wanted.emit(action, keys)

    def _revoke(self) -> None:
        for key in self.links_table.chosen_keys():
            self.revoke_wanted.emit(key)

    def _toggle_qr(self) -> None:
        if self._made is None or time.monotonic() < self._qr_until:
            self._cover()
            return
        out = io.BytesIO()
        segno.make(self._made.link, error="m").save(out, kind="png", scale=3, border=2)
        picture = QPixmap()
        picture.loadFromData(out.getvalue())
        self._qr.setPixmap(
            picture.scaled(150, 150, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation)
        )
        self._qr_until = time.monotonic() + QR_COVER_S
        self._qr_button.setText(tr("Cover it"))

    def _cover(self) -> None:
        self._qr_until = 0.0
        self._qr.clear()
        self._qr_button.setText(tr("Show QR code"))
        self._qr_button.setEnabled(self._made is not None)

    def _count_down(self) -> None:
        if self._qr_until and time.monotonic() >= self._qr_until:
            self._cover()
        self._qr_button.setEnabled(self._made is not None)
        if self._made is None:
            self._left.setText(tr("No link yet. Make one at the right."))
            set_tone(self._left, "")
            return
        left_ms = self._made.expires_ms - time.time_ns() // 1_000_000
        expired = left_ms <= 0
        self._left.setText(
            tr("This link has expired. Make another one.")
            if expired
            else tr("Expires in {time}", time=figures.duration(left_ms))
        )
        set_tone(self._left, "bad" if expired else "")


def _name(look: Look, widget: QWidget, text: Text) -> None:
    look.says(widget, lambda: widget.setAccessibleName(text()))
