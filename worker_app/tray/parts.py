"""The small parts of the worker's window: the switch, use against a limit, a card's facts, a honey amount."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QWidget

from core.desktop import figures
from core.desktop.fonts import code_font, ui_font
from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Bar, Card, caption, column, label, row

Text = Callable[[], str]


class Switch(QAbstractButton):
    """On or off. Space toggles; its accessible name says the state. It shows what is, not what was clicked."""

    wanted = Signal(bool)

    def __init__(self, look: Look, name: Text) -> None:
        super().__init__()
        self._look, self._name = look, name
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.wanted)
        look.paints(self, self.update)
        look.says(self, self._say)

    def show_state(self, is_on: bool) -> None:
        if is_on != self.isChecked():
            self.setChecked(is_on)
        self._say()

    def sizeHint(self) -> QSize:
        return QSize(40, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._look.theme.tokens
        track = QRectF(2, 4, 36, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = tokens.accent if self.isChecked() else tokens.text_3
        painter.setBrush(QColor(ground if self.isEnabled() else tokens.border))
        painter.drawRoundedRect(track, 10, 10)
        painter.setBrush(QColor(tokens.on_accent if self.isChecked() else tokens.surface))
        painter.drawEllipse(QPointF(28.0 if self.isChecked() else 12.0, 14.0), 7, 7)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRoundedRect(track.adjusted(-1, -3, 1, 3), 12, 12)

    def _say(self) -> None:
        state = tr("on") if self.isChecked() else tr("off")
        self.setAccessibleName(f"{self._name()}: {state}")


class HoneyMark(QWidget):
    """The cell beside every amount that was earned."""

    def __init__(self, look: Look, size: int = 11) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(size, size)
        look.paints(self, self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.theme.tokens.honey))
        side = float(self.width())
        places = ((0.5, 0.0), (0.95, 0.25), (0.95, 0.75), (0.5, 1.0), (0.05, 0.75), (0.05, 0.25))
        painter.drawPolygon(QPolygonF([QPointF(x * side, y * side) for x, y in places]))


class UseBar(QWidget):
    """What is used against the limit of this container. At 90 % the value is bold and says what follows."""

    def __init__(self, look: Look, name: Text, colour: str) -> None:
        super().__init__()
        self._value = QLabel()
        self._value.setTextFormat(Qt.TextFormat.RichText)
        self._bar = Bar(look, colour, height=6)
        self.setMinimumWidth(96)
        self.setLayout(column(row(label(look, name, quiet=True), None, self._value), self._bar, spacing=4))

    def show_use(self, share: float | None, value: str, rest: str, why: str = "") -> None:
        """Show a share of 0..1 with its words; None: the reading failed alone."""
        if share is None:
            self._value.setText(f"<span>{figures.unknown()}</span>")
            self._bar.show_shares(0.0)
            self.setToolTip(why)
            return
        weight = 700 if share >= 0.9 else 600
        self._value.setText(f"<span style='font-weight:{weight}'>{value}</span> {rest}")
        self._bar.show_shares(share)
        self.setToolTip(why)


class Elided(QLabel):
    """One line that gives way: what does not fit is cut, and whole in the tooltip."""

    def __init__(self, look: Look, *, is_small: bool = False, is_quiet: bool = True) -> None:
        super().__init__()
        self._whole = ""
        self.setFont(ui_font(11 if is_small else 13))
        self.setTextFormat(Qt.TextFormat.PlainText)
        if is_quiet:
            self.setProperty("quiet", "true")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(40)

    def setText(self, text: str) -> None:
        self._whole = text
        self._cut()

    def whole(self) -> str:
        return self._whole

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        room = max(0, self.width() - 1)
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")
        self.setAccessibleName(self._whole)


class CopyLabel(QLabel):
    """A code that a click copies."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""
        self.setFont(code_font())
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_code(self, whole: str, *, head: int = 15, tail: int = 4) -> None:
        self._whole = whole
        short = whole if len(whole) <= head + tail + 1 else f"{whole[:head]}…{whole[-tail:]}"
        self.setText(short or figures.unknown())
        self.setToolTip(tr("{text} (click to copy)", text=whole) if whole else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._whole:
            QGuiApplication.clipboard().setText(self._whole)
        super().mousePressEvent(event)


class Facts(QWidget):
    """Names on the left, values on the right; a value may be any widget."""

    def __init__(self, look: Look, *, name_width: int = 90, spacing: int = 5) -> None:
        super().__init__()
        self._look = look
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(spacing)
        self._grid.setColumnMinimumWidth(0, name_width)
        self._grid.setColumnStretch(1, 1)

    def add(self, name: Text, value: QWidget) -> None:
        place = self._grid.rowCount()
        shown = label(self._look, name, quiet=True)
        self._grid.addWidget(shown, place, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, place, 1)


def selectable(look: Look) -> QLabel:
    made = label(look, wrap=True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def amount(ucpt: int) -> str:
    """Return an amount of credits with its unit."""
    return tr("{amount} CPT", amount=figures.cpt(ucpt))


def heading_card(look: Look, name: Text, note: QWidget | None = None, *ends: QWidget) -> Card:
    """Return a card with its section name, a quiet note beside it, and what stands at the right end."""
    card = Card(margins=14, spacing=8)
    name_label = label(look, name, pixels=14, strong=True)
    card.body.addLayout(row(name_label, note, None, *ends) if note is not None else row(name_label, None, *ends))
    return card


def quiet(look: Look, text: Text | str = "") -> QLabel:
    return label(look, text, quiet=True)


def small(look: Look, text: Text | str = "") -> QLabel:
    return caption(look, text)


def strong(look: Look, text: Text | str = "", pixels: int = 13) -> QLabel:
    return label(look, text, strong=True, pixels=pixels)


def figure_font(widget: QLabel, pixels: int) -> None:
    widget.setFont(ui_font(pixels, strong=True))
