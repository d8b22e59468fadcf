"""The parts that pages are made of: cards, buttons, figures, state pills, progress, empty pages, copy fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.desktop.charts import Sparkline
from core.desktop.fonts import CAPTION_PX, FIGURE_PX, SECTION_PX, TITLE_PX, code_font, room_for_bold, ui_font
from core.desktop.look import Look
from core.desktop.states import Face, paint_shape
from core.desktop.tokens import blend
from core.desktop.translations import tr

Text = Callable[[], str]


def row(
    *parts: QWidget | QLayout | int | None, spacing: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QHBoxLayout:
    """Lay parts out side by side; a number is a gap, None takes what is left."""
    layout = QHBoxLayout()
    _fill(layout, parts, spacing, margins)
    return layout


def column(
    *parts: QWidget | QLayout | int | None, spacing: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QVBoxLayout:
    """Lay parts out one below the other; a number is a gap, None takes what is left."""
    layout = QVBoxLayout()
    _fill(layout, parts, spacing, margins)
    return layout


def _fill(
    layout: QBoxLayout,
    parts: Sequence[QWidget | QLayout | int | None],
    spacing: int,
    margins: tuple[int, int, int, int],
) -> None:
    layout.setSpacing(spacing)
    layout.setContentsMargins(*margins)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part)


def holder(layout: QLayout) -> QWidget:
    """Return a plain widget with this layout."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


class Card(QFrame):
    """A surface with a border; `body` is its layout."""

    def __init__(self, *, margins: int = 12, spacing: int = 8) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margins, margins, margins, margins)
        self.body.setSpacing(spacing)


def label(
    look: Look,
    text: Text | str = "",
    *,
    quiet: bool = False,
    pixels: int = 13,
    strong: bool = False,
    wrap: bool = False,
) -> QLabel:
    """Return a label; a text that is a function is said again when the language changes."""
    made = QLabel()
    made.setFont(ui_font(pixels, strong=strong))
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if quiet:
        made.setProperty("quiet", "true")
    if callable(text):
        look.says(made, lambda: made.setText(text()))
    else:
        made.setText(text)
    return made


def title(look: Look, text: Text) -> QLabel:
    return label(look, text, pixels=TITLE_PX, strong=True)


def section(look: Look, text: Text) -> QLabel:
    return label(look, text, pixels=SECTION_PX - 1, strong=True)


def caption(look: Look, text: Text | str = "") -> QLabel:
    return label(look, text, quiet=True, pixels=CAPTION_PX)


def code(text: str = "") -> QLabel:
    """Return a label for addresses, fingerprints and commands; it can be selected."""
    made = QLabel(text)
    made.setFont(code_font())
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def line(*, upright: bool = False) -> QFrame:
    made = QFrame()
    made.setProperty("upright" if upright else "line", "true")
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a label the colour of a state (`bad`, `good`, `needs`, `honey`), or none."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def button(
    look: Look,
    text: Text | None = None,
    *,
    icon: str = "",
    kind: str = "",
    tip: Text | None = None,
    on_click: Callable[[], object] | None = None,
) -> QPushButton:
    """Return a button. `kind`: primary, danger, link, icon, bare or nothing. An icon alone needs a `tip`."""
    made = QPushButton()
    made.setCursor(Qt.CursorShape.PointingHandCursor if kind == "link" else Qt.CursorShape.ArrowCursor)
    if kind:
        made.setProperty("kind", kind)
    if text is not None:
        look.says(made, lambda: made.setText(text()))
    if tip is not None:
        look.says(made, lambda: made.setToolTip(tip()))
        look.says(made, lambda: made.setAccessibleName(tip()))
    if icon:
        colour = {"primary": "on_accent", "danger": "bad", "link": "accent"}.get(kind, "text")
        look.paints(made, lambda: made.setIcon(look.icons.icon(icon, colour)))
        made.setIconSize(QSize(16, 16))
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


class Segmented(QWidget):
    """A choice of a few, all visible. `chosen` carries the key."""

    chosen = Signal(str)

    def __init__(self, look: Look, options: Sequence[tuple[str, Text]], current: str, name: Text) -> None:
        super().__init__()
        self._look = look
        self._buttons: dict[str, QPushButton] = {}
        self._group = QButtonGroup(self)
        layout = row(spacing=0)
        self.setLayout(layout)
        look.says(self, lambda: self.setAccessibleName(name()))
        for place, (key, text) in enumerate(options):
            made = button(look, text)
            made.setCheckable(True)
            ends = "first" if place == 0 else "last" if place == len(options) - 1 else "middle"
            made.setProperty("segment", "only" if len(options) == 1 else ends)
            made.setChecked(key == current)
            made.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(made)
            self._buttons[key] = made
            look.says(made, room_for_bold(made))
            layout.addWidget(made)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def current(self) -> str:
        return next((key for key, made in self._buttons.items() if made.isChecked()), "")

    def choose(self, key: str) -> None:
        """Show a choice without saying so."""
        self._buttons[key].setChecked(True)

    def button_of(self, key: str) -> QPushButton:
        return self._buttons[key]


class Figure(QFrame):
    """One number that matters: label above, value large, unit small, a line of change, a sparkline beside."""

    def __init__(self, look: Look, name: Text, *, tint: str = "accent") -> None:
        super().__init__()
        self._name = caption(look, name)
        self._value = label(look, pixels=FIGURE_PX, strong=True)
        self._unit = label(look, quiet=True, pixels=12)
        self._note = caption(look)
        self.spark = Sparkline(look, tint)
        figures = row(self._value, self._unit, None, spacing=5)
        figures.setAlignment(self._unit, Qt.AlignmentFlag.AlignBottom)
        figures.addWidget(self.spark)
        # The note may be cut: what it says is also said to whoever points or listens.
        self._note.setMinimumWidth(40)
        self.setLayout(column(self._name, figures, self._note, spacing=2, margins=(12, 10, 10, 10)))
        self._look = look
        self._say = look.says
        look.says(self, lambda: self.setAccessibleName(name()))

    def show_value(
        self, value: str | None, unit: str = "", note: str = "", *, tone: str = "", why: str = ""
    ) -> None:
        """Show a value; None says that it is not known yet."""
        known = value is not None
        self._value.setFont(ui_font(FIGURE_PX if known else 14, strong=known))
        self._value.setText(value if value is not None else tr("not known yet"))
        self._unit.setText(unit if known else "")
        self._note.setText(note)
        set_tone(self._note, tone)
        self.setToolTip(why)
        self.setAccessibleDescription(f"{self._value.text()} {unit} {note}".strip())


class StatePill(QWidget):
    """Shape and word of a state on a pale ground of its colour."""

    def __init__(self, look: Look, face: Face | None = None, text: str = "") -> None:
        super().__init__()
        self._look = look
        self._face = face
        self._text = text
        self.setFont(ui_font(12, strong=True))
        look.paints(self, self.update)
        look.says(self, self._said)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_state(self, face: Face, text: str = "") -> None:
        self._face, self._text = face, text
        self._said()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._words()) + 34, max(20, metrics.height() + 4))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._face is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._look.theme.tokens
        colour = tokens.tint(self._face.tint)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blend(colour, tokens.surface, 0.14)))
        radius = self.height() / 2
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        paint_shape(painter, self._face.shape, QRectF(9, (self.height() - 11) / 2, 11, 11), QColor(colour))
        painter.setPen(QColor(colour))
        painter.drawText(self.rect().adjusted(25, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self._words())

    def _words(self) -> str:
        return self._text or (self._face.text if self._face is not None else "")

    def _said(self) -> None:
        self.setAccessibleName(self._words())
        self.updateGeometry()
        self.update()


class ShapeMark(QWidget):
    """The shape of a state alone, beside a word that says it."""

    def __init__(self, look: Look, face: Face, size: int = 13) -> None:
        super().__init__()
        self._look, self._face = look, face
        self.setFixedSize(size, size)
        look.paints(self, self.update)

    def show_state(self, face: Face) -> None:
        self._face = face
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_shape(painter, self._face.shape, QRectF(self.rect()), self._look.theme.tint(self._face.tint))


class Bar(QWidget):
    """How much of something is used: solid, and paler what is reserved beyond it."""

    def __init__(self, look: Look, colour: str = "accent", height: int = 8) -> None:
        super().__init__()
        self._look, self._colour = look, colour
        self._used = self._reserved = 0.0
        self.setFixedHeight(height)
        self.setMinimumWidth(40)
        look.paints(self, self.update)

    def show_shares(self, used: float, reserved: float = 0.0) -> None:
        """Show shares of 0..1 of the whole; `reserved` includes what is used."""
        self._used, self._reserved = min(max(used, 0.0), 1.0), min(max(reserved, 0.0), 1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        tokens = self._look.theme.tokens
        colour = getattr(tokens, self._colour)
        whole = QRectF(self.rect())
        for share, paint in (
            (1.0, tokens.surface_2),
            (self._reserved, blend(colour, tokens.surface, 0.4)),
            (self._used, colour),
        ):
            if share > 0:
                painter.setBrush(QColor(paint))
                part = QRectF(whole.x(), whole.y(), max(whole.width() * share, 2), whole.height())
                painter.drawRoundedRect(part, 2.5, 2.5)


class EmptyState(QWidget):
    """What will be here, in one sentence, and the one thing to do about it."""

    def __init__(
        self, look: Look, text: Text, action: Text | None = None, on_click: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        words = label(look, text, quiet=True, wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        parts: list[QWidget | QLayout | int | None] = [None, words]
        if action is not None:
            self.action = button(look, action, on_click=on_click)
            parts.append(row(None, self.action, None))
        self.setLayout(column(*parts, None, spacing=12, margins=(24, 24, 24, 24)))


class CopyField(QWidget):
    """A text to copy. A secret is masked, copied without being shown, and the clipboard forgets it after 60 s."""

    FORGET_MS = 60_000

    def __init__(self, look: Look, *, secret: bool = False, name: Text) -> None:
        super().__init__()
        self._look, self._secret, self._text, self._masked = look, secret, "", ""
        self._shown = not secret
        self.field = QLineEdit()
        self.field.setReadOnly(True)
        self.field.setFont(code_font())
        self.field.setProperty("code", "true")
        look.says(self.field, lambda: self.field.setAccessibleName(name()))
        self.copy_button = button(look, icon="copy", kind="icon", tip=lambda: tr("Copy"), on_click=self.copy)
        self.eye = button(look, icon="eye", kind="icon", tip=lambda: tr("Show or hide"), on_click=self.toggle)
        self.eye.setVisible(secret)
        self.setLayout(row(self.field, self.eye, self.copy_button, spacing=6))

    @property
    def text(self) -> str:
        return self._text

    def show_text(self, text: str, masked: str = "") -> None:
        self._text, self._masked = text, masked or "•" * 12
        self._refresh()

    def toggle(self) -> None:
        self._shown = not self._shown
        self._refresh()

    def copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        clipboard.setText(self._text)
        if self._secret:
            text = self._text
            # Without a parent to the timer: it must also come when this field is gone.
            QTimer.singleShot(self.FORGET_MS, lambda: clipboard.clear() if clipboard.text() == text else None)

    def _refresh(self) -> None:
        self.field.setText(self._text if self._shown or not self._text else self._masked)
        self.field.setCursorPosition(0)
