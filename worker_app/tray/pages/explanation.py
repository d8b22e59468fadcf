"""How one amount came about: its ticks, the formula one factor a line, and whether the receipt agrees."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint, blend
from core.desktop.translations import plural, tr
from core.desktop.widgets import ShapeMark, button, column, line, row
from core.domain.earning_views import Explained
from core.domain.resources import GIB
from worker_app.tray.parts import Elided, HoneyMark, amount, quiet, small, strong

_AGREES = Face(Shape.TICK, Tint.GOOD, "")
_DIFFERS = Face(Shape.DIAMOND, Tint.NEEDS, "")
_WAITS = Face(Shape.CIRCLE, Tint.WAITING, "")
_SIDES = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
_SHADES = {8: 0.3, 10: 0.45, 12: 0.72, 15: 1.0}


class TickStrip(QWidget):
    """One bar each 30 s: height is the average use, shade the multiplier, dashed lines its steps."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._found: Explained | None = None
        self.setFixedHeight(50)
        look.paints(self, self.update)

    def show_ticks(self, found: Explained) -> None:
        self._found = found
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._found
        if found is None or not found.ticks:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(11))
        tokens = self._look.theme.tokens
        room = QRectF(0, 2, self.width() - 38, self.height() - 4)
        total = sum(tick.duration_ms for tick in found.ticks)
        left = 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        for tick, tenths in zip(found.ticks, found.tenths, strict=True):
            width = room.width() * tick.duration_ms / max(1, total)
            use = min(100.0, (tick.cpu_percent + tick.memory_percent) / 2)
            height = max(1.0, room.height() * use / 100)
            painter.setBrush(QColor(blend(tokens.accent, tokens.surface, _SHADES.get(tenths, 1.0))))
            painter.drawRect(QRectF(left, room.bottom() - height, max(1.0, width - 1), height))
            left += width
        for limit, text in ((20, "×1"), (50, "×1.2"), (80, "×1.5")):
            y = room.bottom() - room.height() * limit / 100
            painter.setPen(QPen(QColor(tokens.text_2), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(0, y), QPointF(room.right(), y))
            painter.setPen(QColor(tokens.text_2))
            painter.drawText(QRectF(room.right() + 6, y - 8, 34, 16), Qt.AlignmentFlag.AlignVCenter, text)


class Explanation(QFrame):
    closed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self._look = look
        self._found: Explained | None = None
        self.heading = Elided(look, is_quiet=False)
        self.heading.setFont(ui_font(14, strong=True))
        self.note, self.use = Elided(look, is_small=True), small(look)
        self.strip = TickStrip(look)
        self._lines: dict[str, tuple[QLabel, QLabel, QLabel]] = {}
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        for place, name in enumerate(("reserved", "multiplier", "bonus", "fee")):
            parts = (quiet(look), quiet(look), strong(look))
            for part in parts[1:]:
                part.setFont(ui_font(12))
            parts[1].setWordWrap(True)
            for column_, part in enumerate(parts):
                part.setAlignment(Qt.AlignmentFlag.AlignTop | _SIDES[column_])
                # No alignment in the grid: a wrapped label takes the width that it is given.
                grid.addWidget(part, place, column_)
            self._lines[name] = parts
        self.sum_words, self.total = quiet(look), strong(look, pixels=16)
        earned = row(quiet(look, lambda: tr("You earned")), self.sum_words, None, HoneyMark(look, 13), self.total)
        close = button(look, icon="close", kind="bare", tip=lambda: tr("Close"), on_click=self.closed.emit)
        head = row(self.heading, close)
        head.setStretch(0, 1)
        top = column(head, self.note, self.use, self.strip, grid, line(), earned, None, spacing=4)
        self.verdict_mark = ShapeMark(look, _WAITS)
        self.verdict = quiet(look)
        self.verdict.setWordWrap(True)
        copy = button(look, lambda: tr("Copy"), icon="copy", kind="link", on_click=self.copy)
        verdict = row(self.verdict_mark, self.verdict, copy)
        verdict.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 8)
        layout.addLayout(top, 1)
        layout.addWidget(line())
        layout.addLayout(verdict)
        look.says(self, self._say)

    def show_found(self, found: Explained) -> None:
        self._found = found
        self._say()

    def _say(self) -> None:
        found = self._found
        if found is None:
            return
        row_ = found.row
        self.heading.setText(tr("{task} / {n} explained", task=row_.task_name, n=row_.index + 1))
        when = figures.clock(row_.ended_ms or row_.started_ms)
        self.note.setText(
            tr(
                "{time}, from {owner}, rule version {version}",
                time=when,
                owner=row_.owner_name,
                version=found.rule_version,
            )
        )
        self.use.setText(
            plural(len(found.ticks), "Use of the reservation, {n} tick", "Use of the reservation, {n} ticks")
        )
        self.strip.show_ticks(found)
        for name, texts in self._formula(found).items():
            for part, text in zip(self._lines[name], texts, strict=True):
                part.setText(text)
        parts = [figures.cpt(found.multiplied_ucpt)]
        if found.gpu_bonus_ucpt:
            parts.append(figures.cpt(found.gpu_bonus_ucpt))
        self.sum_words.setText(" + ".join(parts))
        self.total.setText(amount(found.computed_ucpt if found.posted_ucpt < 0 else found.posted_ucpt))
        self._say_verdict(found)

    def _formula(self, found: Explained) -> dict[str, tuple[str, str, str]]:
        limits = found.row.resources
        reserved = (
            f"{figures.cores(limits.cpu_millis)} × {figures.cpt(found.cpu_ucpt)}"
            f" + {figures.number(limits.memory_bytes / GIB, 3)} × {figures.cpt(found.memory_ucpt)}"
        )
        if limits.gpus:
            reserved += f" + {limits.gpus} × {figures.cpt(found.gpu_ucpt)}"
        spans = tr(", ").join(
            tr("{time} × {times}", time=figures.duration(ms), times=figures.number(int(tenths) / 10, 1))
            for tenths, ms in sorted(found.spans.items(), key=lambda one: int(one[0]))
        )
        minutes = sum(found.spans.values())
        bonus = tr(
            "{time} × {percent} × {rate}",
            time=figures.duration(minutes),
            percent=figures.percent(found.gpu_percent / 100),
            rate=figures.cpt(found.bonus_ucpt),
        )
        fee = figures.percent(found.fee_millionths / 1_000_000)
        return {
            "reserved": (
                tr("Reserved"),
                reserved,
                tr("{amount} CPT/min", amount=figures.cpt(found.base_minute_ucpt)),
            ),
            "multiplier": (tr("Multiplier"), spans or tr("nothing metered"), figures.cpt(found.multiplied_ucpt)),
            "bonus": (tr("GPU bonus"), bonus if limits.gpus else tr("no GPU"), figures.cpt(found.gpu_bonus_ucpt)),
            "fee": (tr("Pool fee"), tr("{percent}, paid by the submitter", percent=fee), "0"),
        }

    def _say_verdict(self, found: Explained) -> None:
        if found.posted_ucpt < 0:
            self.verdict_mark.show_state(_WAITS)
            self.verdict.setText(tr("The master has not posted it yet."))
        elif found.posted_ucpt == found.computed_ucpt:
            self.verdict_mark.show_state(_AGREES)
            self.verdict.setText(tr("Receipt {n}, worked out again from its ticks: agrees", n=found.receipt))
        else:
            self.verdict_mark.show_state(_DIFFERS)
            self.verdict.setText(
                tr(
                    "Posted {posted} CPT, by the ticks here {computed} CPT: copy this for the operator.",
                    posted=figures.cpt(found.posted_ucpt),
                    computed=figures.cpt(found.computed_ucpt),
                )
            )

    def copy(self) -> None:
        found = self._found
        if found is not None:
            lines = [self.heading.whole(), self.note.whole(), found.row.attempt_id]
            lines += [" ".join(part.text() for part in parts) for parts in self._lines.values()]
            lines += [f"{self.sum_words.text()} = {self.total.text()}", self.verdict.text()]
            QGuiApplication.clipboard().setText("\n".join(lines))
