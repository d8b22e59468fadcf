"""What must become durable and what must still be acknowledged: the outbox's rules, without its database.

Changes gather while a write is on its way and go out together with the next one (group commit). Urgent are
those that somebody waits for: an accepted attempt may act after it, a terminal update may be sent after it. The
others ride along, or go with the next tick. Updates are sent once they are durable and repeated until they are
acknowledged; a newer one of the same attempt replaces an older one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.domain.attempt import TERMINAL_ATTEMPT_STATES
from core.domain.rewards import Tick
from core.domain.session import AttemptUpdate, Offer, TaskBrief
from worker_app.agent.ports.store import BriefKey, Changes, Ending, StartMark

RESEND_AFTER_MS: Final = 15_000
#: Updates in one message.
MAX_BATCH: Final = 500


@dataclass(slots=True)
class Outgoing:
    """The newest update of an attempt. Sent only when durable; `sent_ms` 0: not in this session."""

    update: AttemptUpdate
    durable: bool = False
    sent_ms: int = 0

    @property
    def is_terminal(self) -> bool:
        return self.update.state in TERMINAL_ATTEMPT_STATES


class Pending:
    """Mutated only by `AgentState`."""

    def __init__(self, *, next_number: int = 1, highest_term: int = 0) -> None:
        self.next_number = next_number
        self.highest_term = highest_term
        self.outgoing: dict[str, Outgoing] = {}
        self._by_number: dict[int, str] = {}
        self._to_send: dict[str, None] = {}
        self.serial = 0
        self._in_flight: Changes | None = None
        self._urgent = False
        self._clear()

    def _clear(self) -> None:
        self._briefs: list[TaskBrief] = []
        self._accepted: list[tuple[Offer, int]] = []
        self._marks: dict[str, StartMark] = {}
        self._deadlines: dict[str, int] = {}
        self._ticks: dict[str, tuple[Tick, ...]] = {}
        self._endings: dict[str, Ending] = {}
        self._updates: dict[str, AttemptUpdate] = {}
        self._dropped: dict[str, None] = {}
        self._dropped_briefs: dict[BriefKey, None] = {}
        self._term_changed = False
        self._urgent = False

    # ------------------------------------------------------------ what should be kept

    def brief(self, brief: TaskBrief) -> None:
        self._dropped_briefs.pop((brief.task_id, brief.revision), None)
        self._briefs.append(brief)

    def accept(self, offer: Offer, deadline_ms: int) -> None:
        self._accepted.append((offer, deadline_ms))
        self._urgent = True

    def mark(self, attempt_id: str, mark: StartMark) -> None:
        self._marks[attempt_id] = mark

    def deadline(self, attempt_id: str, deadline_ms: int) -> None:
        self._deadlines[attempt_id] = deadline_ms

    def ticks(self, attempt_id: str, ticks: tuple[Tick, ...]) -> None:
        self._ticks[attempt_id] = ticks

    def ending(self, attempt_id: str, ending: Ending) -> None:
        self._endings[attempt_id] = ending
        self._urgent = True

    def term(self, term: int) -> None:
        if term > self.highest_term:
            self.highest_term = term
            self._term_changed = True

    def drop_brief(self, key: BriefKey) -> None:
        self._dropped_briefs[key] = None

    def take_number(self) -> int:
        number = self.next_number
        self.next_number += 1
        return number

    def update(self, update: AttemptUpdate) -> None:
        """Keep and send `update`, whose number came from `take_number`, instead of older ones of its attempt."""
        attempt_id = update.attempt_id
        old = self.outgoing.get(attempt_id)
        if old is not None:
            del self._by_number[old.update.number]
        entry = Outgoing(update)
        self.outgoing[attempt_id] = entry
        self._by_number[update.number] = attempt_id
        self._updates[attempt_id] = update
        self._to_send.pop(attempt_id, None)
        if entry.is_terminal:
            self._urgent = True
            # What only a live attempt needs is not worth a row any more.
            self._marks.pop(attempt_id, None)
            self._deadlines.pop(attempt_id, None)
            self._ticks.pop(attempt_id, None)
            self._endings.pop(attempt_id, None)

    def restore(self, update: AttemptUpdate) -> None:
        """Take up an update that the database already has."""
        self.outgoing[update.attempt_id] = Outgoing(update, durable=True)
        self._by_number[update.number] = update.attempt_id
        self._to_send[update.attempt_id] = None

    # ------------------------------------------------------------ writing

    @property
    def is_writing(self) -> bool:
        return self._in_flight is not None

    def wants_write(self, *, also_lazy: bool) -> bool:
        if self._in_flight is not None:
            return False
        return self._urgent or (
            also_lazy
            and bool(
                self._updates
                or self._dropped
                or self._marks
                or self._deadlines
                or self._ticks
                or self._endings
                or self._briefs
                or self._dropped_briefs
                or self._term_changed
            )
        )

    def take(self) -> Changes:
        """Return everything that waits, as one group commit, which is then in flight."""
        changes = Changes(
            briefs=tuple(self._briefs),
            accepted=tuple(self._accepted),
            marks=self._marks,
            deadlines=self._deadlines,
            ticks=self._ticks,
            endings=self._endings,
            updates=tuple(self._updates.values()),
            dropped=tuple(self._dropped),
            dropped_briefs=tuple(self._dropped_briefs),
            highest_term=self.highest_term if self._term_changed else 0,
            next_number=self.next_number,
        )
        self._clear()
        self._in_flight = changes
        self.serial += 1
        return changes

    def written(self) -> Changes:
        """The write in flight is durable: its updates may be sent. Returns it."""
        changes = self._in_flight
        assert changes is not None
        self._in_flight = None
        for update in changes.updates:
            entry = self.outgoing.get(update.attempt_id)
            if entry is not None and entry.update is update:
                entry.durable = True
                self._to_send[update.attempt_id] = None
        return changes

    def write_failed(self) -> None:
        """Nothing of the write in flight is kept: put it before what has gathered since."""
        changes = self._in_flight
        assert changes is not None
        self._in_flight = None
        self._briefs[:0] = changes.briefs
        self._accepted[:0] = changes.accepted
        dropped = self._dropped
        self._marks = {**changes.marks, **self._marks}
        self._deadlines = {**changes.deadlines, **self._deadlines}
        self._ticks = {**changes.ticks, **self._ticks}
        self._endings = {**changes.endings, **self._endings}
        self._updates = {update.attempt_id: update for update in changes.updates} | self._updates
        self._dropped = dict.fromkeys(changes.dropped) | dropped
        self._dropped_briefs = dict.fromkeys(changes.dropped_briefs) | self._dropped_briefs
        self._term_changed = self._term_changed or changes.highest_term > 0
        # Not urgent: the next tick tries again, so that a full disk is not hammered.

    # ------------------------------------------------------------ sending

    def session_began(self) -> None:
        """Everything durable goes out again in a new session."""
        self._to_send = {}
        for attempt_id, entry in self.outgoing.items():
            entry.sent_ms = 0
            if entry.durable:
                self._to_send[attempt_id] = None

    def due_again(self, now_ms: int) -> None:
        """Queue what was sent long ago and not acknowledged: the master's own commit failed."""
        for attempt_id, entry in self.outgoing.items():
            if entry.durable and entry.sent_ms and now_ms - entry.sent_ms >= RESEND_AFTER_MS:
                self._to_send[attempt_id] = None

    def take_batches(self, now_ms: int) -> list[tuple[AttemptUpdate, ...]]:
        """Return what is to be sent now, in messages of bounded size."""
        if not self._to_send:
            return []
        updates = []
        for attempt_id in self._to_send:
            entry = self.outgoing.get(attempt_id)
            if entry is not None and entry.durable:
                entry.sent_ms = now_ms
                updates.append(entry.update)
        self._to_send = {}
        return [tuple(updates[start : start + MAX_BATCH]) for start in range(0, len(updates), MAX_BATCH)]

    def acknowledged(self, numbers: tuple[int, ...]) -> list[AttemptUpdate]:
        """Take numbers off the outbox and return the terminal updates among them, which are over for good."""
        ended = []
        for number in numbers:
            attempt_id = self._by_number.get(number)
            if attempt_id is None:
                continue
            entry = self.outgoing[attempt_id]
            if not entry.durable:
                # The master cannot know a number that was never sent.
                continue
            del self._by_number[number]
            del self.outgoing[attempt_id]
            self._to_send.pop(attempt_id, None)
            if entry.is_terminal:
                self._dropped[attempt_id] = None
                ended.append(entry.update)
        return ended

    def validate(self) -> None:
        """Assert what always holds."""
        assert len(self._by_number) == len(self.outgoing)
        for number, attempt_id in self._by_number.items():
            assert self.outgoing[attempt_id].update.number == number < self.next_number
        for attempt_id in self._to_send:
            entry = self.outgoing.get(attempt_id)
            assert entry is None or entry.durable
