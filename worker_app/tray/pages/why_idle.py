"""Why nothing runs: the first rule that refuses, when that ends by itself, and what would change it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.charts import Sparkline
from core.desktop.fonts import ui_font
from core.desktop.look import Look
from core.desktop.states import ATTEMPT, Face, Shape
from core.desktop.tokens import Tint, blend
from core.desktop.translations import tr
from core.desktop.widgets import Bar, Card, ShapeMark, button, caption, column, label, line, row
from core.domain.agent_views import AgentAction, AgentShown, LastRun, Line, RuleRow, Sample, Span, WhyView
from core.domain.lending import FULL, REST, WHEN_AWAY
from worker_app.tray import words
from worker_app.tray.courier import Courier
from worker_app.tray.parts import Elided, HoneyMark, amount, small, strong

_PASSES = Face(Shape.TICK, Tint.GOOD, "")
_UNKNOWN = Face(Shape.DASHED, Tint.LOST, "")
_REFUSES = Face(Shape.CROSS, Tint.BAD, "")
_GIB = 1 << 30


class DayAhead(QWidget):
    """The schedule seen from now, painted as a strip of its stretches."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._spans: tuple[Span, ...] = ()
        self.setFixedHeight(42)
        look.paints(self, self.update)
        look.says(self, self.update)

    def show_spans(self, spans: tuple[Span, ...]) -> None:
        self._spans = spans
        self.setToolTip(
            "\n".join(
                f"{figures.clock(one.from_ms)}–{figures.clock(one.to_ms)} {words.cell(one.cell)}" for one in spans
            )
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._spans:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ui_font(11))
        tokens = self._look.theme.tokens
        grounds = {
            FULL: (tokens.accent, tokens.on_accent),
            WHEN_AWAY: (blend(tokens.accent, tokens.surface, 0.3), tokens.text),
            REST: (tokens.surface_2, tokens.text_2),
        }
        start, end = self._spans[0].from_ms, self._spans[-1].to_ms
        scale = self.width() / max(1, end - start)
        shown_until = -40.0
        for place, span in enumerate(self._spans):
            left, right = (span.from_ms - start) * scale, (span.to_ms - start) * scale
            ground, front = grounds[span.cell]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            box = QRectF(left + (1 if place else 0), 0, max(2.0, right - left - 2), 22)
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(front))
            text = painter.fontMetrics().elidedText(
                words.cell(span.cell), Qt.TextElideMode.ElideRight, int(box.width() - 12)
            )
            painter.drawText(box.adjusted(8, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, text)
            name = figures.clock(span.from_ms) if place else tr("now {time}", time=figures.clock(span.from_ms))
            if left >= shown_until:
                painter.setPen(QColor(tokens.text_2))
                painter.drawText(QRectF(left, 25, 120, 16), Qt.AlignmentFlag.AlignVCenter, name)
                shown_until = left + painter.fontMetrics().horizontalAdvance(name) + 10


class WhyIdle(QWidget):
    """`show_rules` carries a change to make there (minutes of idle time), 0 for none."""

    show_rules = Signal(int)
    show_doctor = Signal()
    explain = Signal(str)

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self._shown = AgentShown()
        self._built: object = None
        self.heading = label(look, strong=True, pixels=18, wrap=True)
        self.bar = Bar(look, "waiting", height=8)
        self.count = strong(look)
        self.source = small(look)
        self.when = label(look, strong=True, pixels=28)
        self.when_note = small(look)
        self.when_note.setWordWrap(True)
        self._table = QVBoxLayout()
        self._table.setSpacing(0)
        self._passing = QGridLayout()
        self.passing_note = small(look)
        self.ahead = DayAhead(look)
        self.spark: dict[str, tuple[Sparkline, QWidget]] = {}
        self._figures: dict[str, QWidget] = {}
        body = QWidget()
        body.setProperty("clear", "true")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._reason_card())
        layout.addWidget(self._rules_card())
        self._ahead_card = self._schedule_card()
        layout.addWidget(self._ahead_card)
        layout.addWidget(self._own_load())
        layout.addWidget(self._last_card())
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        courier.sampled.connect(self._take)
        look.says(self, self._say)

    def _reason_card(self) -> Card:
        card = Card(margins=14, spacing=6)
        self._progress = QWidget()
        self._progress.setLayout(row(self.bar, self.count, spacing=12))
        left = column(
            small(self._look, lambda: tr("Why idle")), self.heading, self._progress, self.source, None, spacing=6
        )
        right = column(small(self._look, lambda: tr("Soonest")), self.when, self.when_note, None, spacing=2)
        holder = QWidget()
        holder.setFixedWidth(190)
        holder.setLayout(right)
        card.body.addLayout(row(left, line(upright=True), holder, spacing=16))
        return card

    def _rules_card(self) -> Card:
        card = Card(margins=0, spacing=0)
        card.body.addLayout(self._table)
        passing = QVBoxLayout()
        passing.setContentsMargins(14, 8, 14, 10)
        passing.addWidget(self.passing_note)
        self._passing.setHorizontalSpacing(24)
        self._passing.setVerticalSpacing(6)
        passing.addLayout(self._passing)
        card.body.addLayout(passing)
        return card

    def _schedule_card(self) -> Card:
        card = Card(margins=14, spacing=6)
        change = button(
            self._look, lambda: tr("Change the rules"), kind="link", on_click=lambda: self.show_rules.emit(0)
        )
        note = Elided(self._look, is_small=True)
        self._look.says(
            note, lambda: note.setText(tr("by your schedule; while you use the computer it is always yours"))
        )
        heading = strong(self._look, lambda: tr("The next 24 hours"))
        head = row(heading, note, change)
        head.setStretch(1, 1)
        card.body.addLayout(head)
        card.body.addWidget(self.ahead)
        return card

    def _own_load(self) -> Card:
        card = Card(margins=12, spacing=4)
        parts = row(spacing=28)
        for name, text, tint in (
            ("cpu", lambda: tr("This computer's CPU"), "accent"),
            ("memory", lambda: tr("Memory"), "good"),
            ("gpu", lambda: tr("GPU"), "paused"),
        ):
            spark, value = Sparkline(self._look, tint), strong(self._look, pixels=15)
            spark.setFixedSize(110, 30)
            part = QWidget()
            part.setLayout(row(column(caption(self._look, text), value, spacing=1), spark, None, spacing=12))
            self.spark[name] = (spark, value)
            self._figures[name] = part
            parts.addWidget(part, 1)
        card.body.addLayout(parts)
        return card

    def _last_card(self) -> Card:
        card = Card(margins=10)
        self.last_words, self.last_name = Elided(self._look), strong(self._look)
        self.last_mark = ShapeMark(self._look, ATTEMPT["SUCCEEDED"])
        self.last_state, self.last_pay = Elided(self._look), strong(self._look)
        self.last_honey = HoneyMark(self._look)
        self.last_explain = button(
            self._look,
            lambda: tr("Explain this amount"),
            kind="link",
            on_click=lambda: self.explain.emit(self._last().attempt_id),
        )
        self.free = button(
            self._look,
            lambda: tr("Free it now"),
            on_click=lambda: self._courier.act(AgentAction.RELEASE_FROZEN),
        )
        parts = row(
            self.last_words,
            self.last_name,
            self.last_mark,
            self.last_state,
            self.last_honey,
            self.last_pay,
            self.last_explain,
            self.free,
        )
        parts.setStretch(0, 3)
        parts.setStretch(3, 2)
        card.body.addLayout(parts)
        return card

    # ------------------------------------------------------------ what is shown

    def show_agent(self, shown: AgentShown) -> None:
        self._shown = shown
        self._say()

    def _last(self) -> LastRun:
        return self._shown.last or LastRun()

    def _say(self) -> None:
        why, status = self._shown.why, self._shown.status
        if why is None or status is None:
            return
        self.heading.setText(_heading(why, words.line(status.now)))
        self._progress.setVisible(why.need_s > 0 and not why.runs)
        if why.need_s > 0:
            self.bar.show_shares(why.done_s / why.need_s)
            self.count.setText(f"{_minutes(why.done_s)} / {_minutes(why.need_s)}")
        source = why.idle_source or figures.unknown()
        self.source.setText(tr("Idle time comes from: {source}, read each second", source=source))
        self._say_when(why)
        self._say_rows(why)
        self._ahead_card.setVisible(bool(why.ahead))
        self.ahead.show_spans(why.ahead)
        self._say_last()

    def _say_when(self, why: WhyView) -> None:
        if why.resolves_ms:
            self.when.setText(figures.clock(why.resolves_ms))
            refusing = next((one.rule for one in why.rows if one.verdict == "refuses"), "")
            note = tr("if you do not touch keyboard or pointer from now on") if refusing == "idle" else ""
            self.when_note.setText(note)
        else:
            self.when.setText(tr("now") if why.runs else "–")
            self.when_note.setText(tr("as soon as a task comes") if why.runs else tr("cannot be estimated"))

    def _say_rows(self, why: WhyView) -> None:
        """Rows are made again only when one of them changed: buttons must not vanish under a finger."""
        built = (why.rows, self._look.languages.current)
        if built == self._built:
            return
        self._built = built
        _empty(self._table)
        _empty(self._passing)
        refusing = [one for one in why.rows if one.verdict == "refuses"]
        for place, one in enumerate(refusing):
            self._table.addWidget(self._refusing_row(one, first=place == 0))
        passing = [one for one in why.rows if one.verdict != "refuses"]
        note = tr("the other {n} pass", n=len(passing)) if refusing else tr("all {n} rules pass", n=len(passing))
        self.passing_note.setText(note)
        half = -(-len(passing) // 2)
        for place, one in enumerate(passing):
            part = QWidget()
            shape = _PASSES if one.verdict == "passes" else _UNKNOWN
            name = strong(self._look, words.rule(one.rule))
            name.setFont(ui_font())
            name.setMinimumWidth(140)
            value = Elided(self._look)
            value.setText(_have(one))
            line_ = row(ShapeMark(self._look, shape, 12), name, value)
            line_.setStretch(2, 1)
            part.setLayout(line_)
            self._passing.addWidget(part, place % half, place // half)

    def _refusing_row(self, one: RuleRow, *, first: bool) -> QWidget:
        part = QWidget()
        part.setObjectName("refusing")
        mark = ShapeMark(self._look, _REFUSES, 12)
        name = strong(self._look, words.rule(one.rule))
        name.setMinimumWidth(120)
        need, have = words.line(one.need), _have(one)
        values = tr("needs {need}, is {have}", need=need, have=have) if need else have
        shown = Elided(self._look)
        shown.setText(values)
        layout: QHBoxLayout = row(mark, name, shown, margins=(14, 8, 12, 8))
        layout.setStretch(2, 1)
        if first:
            for change in one.changes:
                layout.addWidget(self._change_button(change))
        else:
            layout.addWidget(small(self._look, tr("matters after the one above")))
        part.setLayout(layout)
        return part

    def _change_button(self, change: Line) -> QWidget:
        return button(self._look, lambda: words.line(change), on_click=lambda: self._change(change))

    def _change(self, change: Line) -> None:
        if change.code == "start_now":
            self._courier.act(AgentAction.START_NOW)
        elif change.code == "lend_on":
            self._courier.act(AgentAction.LEND_ON)
        elif change.code == "resume":
            self._courier.act(AgentAction.RESUME)
        elif change.code == "open_doctor":
            self.show_doctor.emit()
        else:
            self.show_rules.emit(int(change.values.get("minutes", "0")))

    def _say_last(self) -> None:
        last = self._last()
        known = bool(last.attempt_id)
        frozen = self._shown.status.frozen if self._shown.status is not None else 0
        self.free.setVisible(frozen > 0)
        self.last_words.setText(
            tr("No container now. The last one:") if known else tr("Nothing has run here yet.")
        )
        for part in (self.last_name, self.last_mark, self.last_state, self.last_pay, self.last_honey):
            part.setVisible(known)
        self.last_explain.setVisible(known)
        face = ATTEMPT.get(last.state, ATTEMPT["RETURNED"])
        self.last_name.setText(f"{last.task_name} / {last.index + 1}")
        self.last_mark.show_state(face)
        ran = figures.duration(last.ran_ms)
        self.last_state.setText(
            tr("{state}, {time}, ran {ran}", state=face.text, time=figures.clock(last.ended_ms), ran=ran)
        )
        self.last_pay.setText("+" + amount(last.ucpt))

    def _take(self, sample: Sample) -> None:
        self._figures["gpu"].setVisible(sample.host_gpu >= 0)
        for name, value, text in (
            ("cpu", sample.host_cpu, figures.percent(max(0.0, sample.host_cpu) / 100)),
            ("memory", sample.host_memory / _GIB, figures.size(max(0.0, sample.host_memory))),
            ("gpu", sample.host_gpu, figures.percent(max(0.0, sample.host_gpu) / 100)),
        ):
            spark, shown = self.spark[name]
            if value >= 0:
                spark.add(value)
                shown.setText(text)  # type: ignore[attr-defined]
            else:
                shown.setText(figures.unknown())  # type: ignore[attr-defined]


def _heading(why: WhyView, now: str) -> str:
    """Return the first refusing rule in its own words, with its numbers."""
    one = next((row for row in why.rows if row.verdict == "refuses"), None)
    if one is None or one.rule != "idle" or one.have.code != "idle":
        return now
    used = figures.duration(float(one.have.values["idle_s"]) * 1000)
    need = figures.duration(float(one.need.values["idle_s"]) * 1000)
    return tr(
        "You used this computer {used} ago. It takes tasks again after {need} without use.", used=used, need=need
    )


def _have(one: RuleRow) -> str:
    if one.have.code == "paused_until":
        return tr("paused until {time}", time=figures.clock(int(one.have.values["until_ms"])))
    text = words.line(one.have)
    latency = one.have.values.get("latency_ms", "-1")
    if one.rule == "master" and latency not in ("", "-1"):
        return tr(", ").join([text, f"{latency} ms"])
    return text


def _minutes(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _empty(layout: QVBoxLayout | QGridLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
