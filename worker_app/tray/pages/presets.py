"""The three presets in plain words, as cards of which one is chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLabel, QRadioButton, QSizePolicy, QWidget

from core.desktop.look import Look
from core.desktop.translations import plural, tr
from core.desktop.widgets import column, label, row
from core.domain.lending import Preset
from worker_app.tray.parts import small, strong

Text = Callable[[], str]
NAMES: dict[Preset, Text] = {
    Preset.QUIET: lambda: tr("Do not disturb"),
    Preset.BALANCED: lambda: tr("Balanced"),
    Preset.FULL: lambda: tr("Full"),
}
_WORDS: dict[Preset, Text] = {
    Preset.QUIET: lambda: tr(
        "Runs 30 minutes after you left, with half the CPU and no GPU. Stops at once when you return and keeps its"
        " checkpoint."
    ),
    Preset.BALANCED: lambda: tr(
        "Runs 10 minutes after you left, with up to 75 % of the CPU and no GPU. Freezes when you return."
    ),
    Preset.FULL: lambda: tr(
        "Runs always: 2 cores while you use the computer, all of CPU and GPU when you are away. Games come first."
    ),
}
_ICONS = {Preset.QUIET: "bell-off", Preset.BALANCED: "sliders", Preset.FULL: "bolt"}


class _Card(QFrame):
    picked = Signal()

    def __init__(self, look: Look, preset: Preset) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        mark = QLabel()
        self.radio = QRadioButton()
        self.radio.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.radio.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.radio.setAutoExclusive(False)
        self.note = small(look)
        look.paints(mark, lambda: mark.setPixmap(look.icons.pixmap(_ICONS[preset], "text", 18)))
        text = label(look, _WORDS[preset], quiet=True, wrap=True)
        head = row(mark, strong(look, NAMES[preset], pixels=15), None, self.note, self.radio)
        self.setLayout(column(head, text, None, spacing=6, margins=(14, 12, 14, 12)))
        look.says(self, lambda: self.setAccessibleName(f"{NAMES[preset]()}: {_WORDS[preset]()}"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.picked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self.picked.emit()
        else:
            super().keyPressEvent(event)

    def show_chosen(self, chosen: bool, note: str) -> None:
        self.radio.setChecked(chosen)
        self.note.setText(note)
        state = "chosen" if chosen else "true"
        if self.property("card") != state:
            self.setProperty("card", state)
            self.style().unpolish(self)
            self.style().polish(self)


class PresetCards(QWidget):
    chosen = Signal(Preset)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._state: tuple[Preset, int] = (Preset.BALANCED, 0)
        self.cards = {preset: _Card(look, preset) for preset in Preset}
        for preset, card in self.cards.items():
            card.picked.connect(lambda preset=preset: self.chosen.emit(preset))
        layout = row(*self.cards.values(), spacing=10)
        for place in range(len(self.cards)):
            layout.setStretch(place, 1)
        self.setLayout(layout)
        look.says(self, self._say)

    def show_chosen(self, preset: Preset, changes: int) -> None:
        self._state = (preset, changes)
        self._say()

    def _say(self) -> None:
        chosen, changes = self._state
        for preset, card in self.cards.items():
            is_it = preset is chosen
            note = plural(changes, "{n} changed", "{n} changed") if is_it and changes else ""
            card.show_chosen(is_it, note)
