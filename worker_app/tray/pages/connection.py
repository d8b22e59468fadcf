"""Connection: the master, what broke and where, what waits to be sent, and what happens if time runs out."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from core.desktop import figures
from core.desktop.feedback import Question
from core.desktop.fonts import code_font, ui_font
from core.desktop.look import Look
from core.desktop.states import Face, Shape
from core.desktop.tokens import Tint, blend
from core.desktop.translations import mark, plural, tr
from core.desktop.widgets import Card, button, column, label, line, row, set_tone
from core.domain.agent_views import AgentAction, AgentShown, Hop, LinkView
from worker_app.tray.courier import Courier
from worker_app.tray.pages.now import figures_now
from worker_app.tray.pages.timeline import Timeline
from worker_app.tray.parts import Facts, HoneyMark, amount, quiet, selectable, small, strong

_RESULTS = {
    "ok": Face(Shape.TICK, Tint.GOOD, mark("works")),
    "failed": Face(Shape.CROSS, Tint.BAD, mark("broken here")),
    "unknown": Face(Shape.DASHED, Tint.LOST, mark("not reached")),
}
_PHASES = {
    "none": mark("not joined"),
    "offline": mark("offline"),
    "connecting": mark("connecting"),
    "syncing": mark("syncing"),
    "live": mark("connected"),
}
_HOPS = {"computer": mark("This computer"), "name": mark("Name of the master"), "master": mark("Master")}
_ICONS = {"computer": "computer", "name": "globe", "master": "server"}
_DAY_MS = 86_400_000


class HopsView(QWidget):
    """The way to the master as stations with lines between them; the broken one is told by shape and word."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._hops: tuple[Hop, ...] = ()
        self.setFixedHeight(52)
        look.paints(self, self.update)
        look.says(self, self.update)

    def show_hops(self, hops: tuple[Hop, ...]) -> None:
        self._hops = hops
        self.setAccessibleName("; ".join(f"{tr(_HOPS[hop.name])}: {_hop_words(hop)}" for hop in hops))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        hops = self._hops
        if not hops:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = self._look.theme.tokens
        width = self.width() / len(hops)
        for place, hop in enumerate(hops):
            face = _RESULTS[hop.result]
            colour = tokens.tint(face.tint)
            left = place * width
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blend(colour, tokens.surface, 0.16)))
            painter.drawEllipse(QRectF(left, 7, 36, 36))
            picture = self._look.icons.pixmap(_ICONS[hop.name], colour, 18, self.devicePixelRatioF())
            painter.drawPixmap(int(left + 9), 16, picture)
            painter.setPen(QColor(tokens.text))
            painter.setFont(ui_font(13, strong=True))
            painter.drawText(
                QRectF(left + 46, 6, width - 90, 19), Qt.AlignmentFlag.AlignVCenter, tr(_HOPS[hop.name])
            )
            painter.setPen(QColor(colour))
            painter.setFont(ui_font(12))
            text = painter.fontMetrics().elidedText(_hop_words(hop), Qt.TextElideMode.ElideRight, int(width - 60))
            painter.drawText(QRectF(left + 46, 26, width - 50, 18), Qt.AlignmentFlag.AlignVCenter, text)
            if place + 1 < len(hops):
                after = tokens.tint(_RESULTS[hops[place + 1].result].tint)
                dashed = Qt.PenStyle.SolidLine if hops[place + 1].result == "ok" else Qt.PenStyle.DashLine
                painter.setPen(QPen(QColor(after), 2, dashed))
                painter.drawLine(int(left + width - 46), 17, int(left + width - 12), 17)


def _hop_words(hop: Hop) -> str:
    if hop.result == "ok":
        known = f"{hop.milliseconds} ms" if hop.milliseconds >= 0 else hop.words
        return f"✓ {known}" if known else "✓"
    if hop.words == "timeout":
        return tr("no answer in {time}", time=figures.duration(hop.milliseconds))
    if hop.words == "refused":
        return tr("turned away: nothing listens there")
    return _RESULTS[hop.result].text


class ConnectionPage(QWidget):
    """`show_doctor` opens the doctor; `left` comes after the person chose to leave the pool."""

    show_doctor = Signal()
    join_wanted = Signal()

    def __init__(self, look: Look, courier: Courier) -> None:
        super().__init__()
        self._look, self._courier = look, courier
        self._shown = AgentShown()
        self._traced_ms = 0
        body = QWidget()
        body.setProperty("clear", "true")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        self._story = self._story_card()
        self._way = self._way_card()
        layout.addWidget(self._story)
        layout.addWidget(self._way)
        lower = row(self._master_card(), self._outbox_card(), spacing=10)
        lower.setStretch(0, 1)
        lower.setStretch(1, 1)
        layout.addLayout(lower)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        look.says(self, self._say)

    def _story_card(self) -> Card:
        card = Card(margins=14, spacing=6)
        self.timeline = Timeline(self._look)
        self.story_note = small(self._look)
        heading = strong(self._look, lambda: tr("Time line"), pixels=14)
        card.body.addLayout(row(heading, self.story_note, None))
        card.body.addWidget(self.timeline)
        return card

    def _way_card(self) -> Card:
        card = Card(margins=14, spacing=8)
        self.hops = HopsView(self._look)
        self.way_note = small(self._look)
        self.way_heading = strong(self._look, pixels=14)
        again = button(self._look, lambda: tr("Check again"), icon="refresh", kind="link", on_click=self.trace)
        card.body.addLayout(row(self.way_heading, self.way_note, None, again))
        card.body.addWidget(self.hops)
        return card

    def _master_card(self) -> Card:
        look = self._look
        card = Card(margins=14, spacing=6)
        copy = button(look, lambda: tr("Copy"), icon="copy", kind="link", on_click=self._copy)
        card.body.addLayout(row(strong(look, lambda: tr("Master"), pixels=14), None, copy))
        facts = Facts(look, spacing=6)
        names = {
            "address": lambda: tr("Address"),
            "pool": lambda: tr("Pool"),
            "node": lambda: tr("This computer"),
            "state": lambda: tr("State"),
            "protocol": lambda: tr("Protocol"),
            "latency": lambda: tr("Latency"),
            "certificate": lambda: tr("Certificate"),
            "fingerprint": lambda: tr("Fingerprint"),
        }
        self.facts = {name: selectable(look) for name in names}
        for name, text in names.items():
            facts.add(text, self.facts[name])
        for name in ("address", "fingerprint"):
            self.facts[name].setFont(code_font())
        card.body.addWidget(facts)
        card.body.addStretch(1)
        doctor = button(look, lambda: tr("Doctor"), icon="doctor", on_click=self.show_doctor.emit)
        self.leave = button(look, lambda: tr("Leave the pool…"), on_click=self._ask_leave)
        self.join = button(look, lambda: tr("Join a pool…"), kind="primary", on_click=self.join_wanted.emit)
        card.body.addLayout(row(doctor, None, self.join, self.leave))
        return card

    def _outbox_card(self) -> Card:
        look = self._look
        card = Card(margins=0, spacing=0)
        head = row(
            strong(look, lambda: tr("Waits to be sent"), pixels=14),
            None,
            small(look, lambda: tr("on disk; a restart loses nothing")),
            margins=(14, 12, 14, 10),
        )
        card.body.addLayout(head)
        self.waiting: dict[str, tuple[QWidget, QWidget]] = {}
        for name, text in (
            ("updates", lambda: tr("State updates")),
            ("results", lambda: tr("Finished results")),
            ("pending", lambda: tr("Pending")),
        ):
            value, note = strong(look), quiet(look)
            parts = row(label(look, text), None, margins=(14, 9, 14, 9))
            if name == "pending":
                parts.addWidget(HoneyMark(look))
            parts.addWidget(value)
            parts.addWidget(note)
            card.body.addWidget(line())
            card.body.addLayout(parts)
            self.waiting[name] = (value, note)
        card.body.addWidget(line())
        self.if_heading = strong(look)
        self.if_words = quiet(look)
        self.if_words.setWordWrap(True)
        card.body.addLayout(column(self.if_heading, self.if_words, None, spacing=4, margins=(14, 10, 14, 12)))
        card.body.addStretch(1)
        return card

    # ------------------------------------------------------------ what is shown

    def show_agent(self, shown: AgentShown) -> None:
        before = self._shown.link
        self._shown = shown
        link = shown.link or LinkView()
        if before is not None and before.phase == "live" and link.phase == "offline":
            self.trace()
        self._say()

    def set_seen(self, seen: bool) -> None:
        if seen:
            self.trace()

    def trace(self) -> None:
        """Find out where the way breaks; asked for, and when the connection is lost."""
        self._courier.ask(lambda client: client.trace(), self.show_hops, lambda _error: None, owner=self)

    def show_hops(self, found: tuple[tuple[Hop, ...], int]) -> None:
        hops, self._traced_ms = found
        self.hops.show_hops(hops)
        broken = next((hop for hop in hops if hop.result == "failed"), None)
        self.way_heading.setText(tr("Where it broke") if broken else tr("The way to the master"))
        time = figures.clock(self._traced_ms, seconds=True)
        if broken is None:
            words = tr("checked {time}: every stretch works", time=time)
        elif broken.name == "master":
            words = tr("checked {time}: this computer is fine, the master does not answer", time=time)
        else:
            words = tr("checked {time}: it breaks at “{where}”", time=time, where=tr(_HOPS[broken.name]))
        self.way_note.setText(words)
        self._way.setVisible(bool(hops))

    def _say(self) -> None:
        link, status = self._shown.link or LinkView(), self._shown.status
        views = self._shown.containers.rows if self._shown.containers is not None else ()
        now_ms = figures_now()
        joined = link.phase != "none"
        self._story.setVisible(joined and (link.phase != "live" or bool(link.away_since_ms)))
        self.timeline.show_link(link, views, now_ms)
        self._say_story(link, now_ms)
        self._way.setVisible(joined and self._traced_ms > 0)
        unknown = figures.unknown()
        self.facts["address"].setText(link.address or unknown)
        self.facts["pool"].setText((status.pool_name if status else "") or unknown)
        self.facts["node"].setText((status.node_name if status else "") or unknown)
        self.facts["state"].setText(tr(_PHASES.get(link.phase, link.phase)))
        self.facts["protocol"].setText(tr("version {n}", n=link.protocol) if link.protocol else unknown)
        live = link.phase == "live"
        latency = f"{link.latency_ms} ms" if link.latency_ms >= 0 else unknown
        self.facts["latency"].setText(latency if live else tr("{value} (last time)", value=latency))
        self.facts["certificate"].setText(_certificate(link, now_ms))
        set_tone(self.facts["certificate"], "good" if link.certificate_until_ms > now_ms else "bad")
        self.facts["fingerprint"].setText(_grouped(link.fingerprint) or unknown)
        self.leave.setVisible(joined)
        self.join.setVisible(not joined)
        self._say_waiting(link, now_ms)

    def _say_story(self, link: LinkView, now_ms: int) -> None:
        if link.back_since_ms:
            words = tr(
                "offline {since} to {until}, nothing lost",
                since=figures.clock(link.away_since_ms),
                until=figures.clock(link.back_since_ms),
            )
        else:
            words = tr("blue: now {time}", time=figures.clock(now_ms, seconds=True))
            if link.work_until_ms:
                words += tr(", ") + tr(
                    "upright marks: running work ends {time}", time=figures.clock(link.work_until_ms)
                )
            words += tr(", ") + plural(len(link.tries), "{n} try failed", "{n} tries failed")
        self.story_note.setText(words)

    def _say_waiting(self, link: LinkView, now_ms: int) -> None:
        status = self._shown.status
        pending = status.pending_ucpt if status is not None else 0
        values = {
            "updates": (str(link.waiting_updates), ""),
            "results": (str(link.waiting_results), figures.size(link.waiting_bytes) if link.waiting_bytes else ""),
            "pending": (amount(pending), tr("posted when sent and checked")),
        }
        for name, (value, note) in values.items():
            shown, under = self.waiting[name]
            shown.setText(value)  # type: ignore[attr-defined]
            under.setText(note)  # type: ignore[attr-defined]
        running = status.running if status is not None else 0
        if link.phase in ("live", "none") or not link.work_until_ms:
            self.if_heading.setText(tr("If the connection breaks"))
            words = tr(
                "Running work goes on for up to 10 minutes; what is finished is kept on disk and sent later."
            )
        else:
            self.if_heading.setText(tr("If it is still away at {time}", time=figures.clock(link.work_until_ms)))
            words = plural(
                running,
                "This computer stops its {n} task and keeps the checkpoint; the pool gives it to another. Finished"
                " results are still sent, and paid where no other computer was first.",
                "This computer stops its {n} tasks and keeps their checkpoints; the pool gives them to others."
                " Finished results are still sent, and paid where no other computer was first.",
            )
        self.if_words.setText(words)

    # ------------------------------------------------------------ doing

    def _copy(self) -> None:
        lines = [f"{name}: {value.text()}" for name, value in self.facts.items()]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _ask_leave(self) -> None:
        status = self._shown.status
        pool = status.pool_name if status is not None else ""
        question = Question(
            self._look,
            self.window(),
            heading=tr("Leave {pool}?", pool=pool or tr("the pool")),
            words=tr("Running work is given back. What you earned stays yours. To come back you need a new link."),
            act=tr("Leave the pool"),
        )
        question.accepted.connect(lambda: self._courier.act(AgentAction.LEAVE))
        question.open()


def _grouped(fingerprint: str) -> str:
    text = fingerprint[:16].upper()
    groups = " ".join(text[place : place + 4] for place in range(0, len(text), 4))
    return f"{groups}…" if groups else ""


def _certificate(link: LinkView, now_ms: int) -> str:
    if not link.certificate_until_ms:
        return figures.unknown()
    day = figures.local(link.certificate_until_ms).strftime("%Y-%m-%d")
    left = (link.certificate_until_ms - now_ms) // _DAY_MS
    if left < 0:
        return tr("expired on {day}; it is renewed by itself", day=day)
    return plural(left, "good until {day}, {n} day left", "good until {day}, {n} days left", day=day)
