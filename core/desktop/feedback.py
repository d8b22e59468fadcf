"""What a window says by itself: a toast that goes, a banner that stays, a question that names its object."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QPlainTextEdit, QWidget

from core.desktop.look import Look
from core.desktop.translations import tr
from core.desktop.widgets import Text, button, caption, column, label, row, section, set_tone

TOAST_MS = 6_000
UNDO_MS = 10_000


class Toast(QFrame):
    """A short message over the foot of a window. With `undo` it offers to take the act back until it goes."""

    def __init__(self, look: Look, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("card", "true")
        self._window = window
        self._words = label(look, wrap=False)
        self._undo = button(look, lambda: tr("Undo"), kind="link", on_click=self._take_back)
        self._take: Callable[[], object] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.setLayout(row(self._words, self._undo, spacing=12, margins=(14, 8, 14, 8)))
        window.installEventFilter(self)
        self.hide()

    def say(self, text: str, undo: Callable[[], object] | None = None, *, tone: str = "") -> None:
        self._words.setText(text)
        set_tone(self._words, tone)
        self._take = undo
        self._undo.setVisible(undo is not None)
        self.setAccessibleName(text)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(UNDO_MS if undo is not None else TOAST_MS)

    @property
    def text(self) -> str:
        return self._words.text() if not self.isHidden() else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        left = (self._window.width() - self.width()) // 2
        self.move(max(0, left), self._window.height() - self.height() - 48)

    def _take_back(self) -> None:
        self.hide()
        if self._take is not None:
            self._take()


class Banner(QFrame):
    """A line under the title that stays for as long as what it says is true."""

    def __init__(self, look: Look, action: Text, on_click: Callable[[], object]) -> None:
        super().__init__()
        self.setProperty("well", "true")
        self._words = label(look)
        set_tone(self._words, "needs")
        self.action = button(look, action, on_click=on_click)
        self.setLayout(row(self._words, None, self.action, margins=(16, 5, 12, 5)))
        self.hide()

    def say(self, text: str) -> None:
        self._words.setText(text)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        return self._words.text()


class ErrorState(QWidget):
    """What happened, what is safe, what to do, and the details to copy."""

    def __init__(self, look: Look, retry: Text, on_retry: Callable[[], object]) -> None:
        super().__init__()
        self._happened = section(look, lambda: "")
        self._fix = label(look, quiet=True, wrap=True)
        self._code = caption(look)
        copy = button(look, lambda: tr("Copy details"), icon="copy", on_click=self._copy)
        again = button(look, retry, icon="refresh", on_click=on_retry)
        self._happened.setWordWrap(True)
        self.setLayout(
            column(
                None, self._happened, self._fix, self._code, row(again, copy, None), None, margins=(24, 24, 24, 24)
            )
        )

    def show_error(self, message: str, fix: str = "", code: str = "") -> None:
        self._happened.setText(message)
        self._fix.setText(fix)
        self._code.setText(code)

    def _copy(self) -> None:
        parts = (self._happened.text(), self._fix.text(), self._code.text())
        QGuiApplication.clipboard().setText("\n".join(part for part in parts if part))


class Question(QDialog):
    """Asks before something is destroyed: it names the object and the count, may ask for a reason, and may ask to
    type a word. The way back is the default.
    """

    def __init__(
        self,
        look: Look,
        parent: QWidget,
        *,
        heading: str,
        words: str,
        act: str,
        ask_reason: bool = False,
        type_this: str = "",
        danger: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(heading)
        self.setMinimumWidth(420)
        self._type_this = type_this
        self._ask_reason = ask_reason
        self._reason = QPlainTextEdit()
        self._reason.setFixedHeight(64)
        self._reason.setTabChangesFocus(True)
        self._reason.setAccessibleName(tr("Reason"))
        self._typed = QLineEdit()
        self._typed.setAccessibleName(tr("Type {text} to confirm", text=type_this))
        self.act = button(look, lambda: act, kind="danger" if danger else "primary", on_click=self.accept)
        self.back = button(look, lambda: tr("Back"), on_click=self.reject)
        self.back.setDefault(True)
        body = column(
            section(look, lambda: heading), label(look, lambda: words, wrap=True), margins=(20, 20, 20, 20)
        )
        body.setSpacing(10)
        if ask_reason:
            body.addWidget(caption(look, lambda: tr("Reason; it stands in the audit log and others read it")))
            body.addWidget(self._reason)
        if type_this:
            body.addWidget(caption(look, lambda: tr("Type {text} to confirm", text=type_this)))
            body.addWidget(self._typed)
        body.addLayout(row(None, self.back, self.act))
        self.setLayout(body)
        self._reason.textChanged.connect(self._check)
        self._typed.textChanged.connect(self._check)
        self._check()

    @property
    def reason(self) -> str:
        return self._reason.toPlainText().strip()

    def answer(self, *, reason: str = "", typed: str = "") -> None:
        """Fill the fields in, as a person would."""
        self._reason.setPlainText(reason)
        self._typed.setText(typed)

    def _check(self) -> None:
        typed = not self._type_this or self._typed.text().strip() == self._type_this
        reasoned = not self._ask_reason or bool(self.reason)
        self.act.setEnabled(typed and reasoned)
        self.setWindowModality(Qt.WindowModality.WindowModal)
