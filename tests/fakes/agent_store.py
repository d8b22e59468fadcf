"""The agent's database in memory, with failures on request. It outlives the agent that uses it, as a file does."""

from __future__ import annotations

from dataclasses import replace

from core.domain.errors import StorageFull
from core.domain.session import TaskBrief
from worker_app.agent.ports.store import BriefKey, Changes, Stored, StoredAttempt


class FakeAgentStore:
    """See `worker_app.agent.ports.store`."""

    def __init__(self, boot_id: str = "boot-1") -> None:
        self.boot_id = boot_id
        self.incarnation = 0
        self.highest_term = 0
        self.next_number = 1
        self.briefs: dict[BriefKey, TaskBrief] = {}
        self.attempts: dict[str, StoredAttempt] = {}
        self.is_full = False
        self.writes = 0

    def copy(self) -> FakeAgentStore:
        """Return what a copy of the data folder has in it."""
        made = FakeAgentStore(self.boot_id)
        made.incarnation, made.highest_term, made.next_number = (
            self.incarnation,
            self.highest_term,
            self.next_number,
        )
        made.briefs, made.attempts = dict(self.briefs), dict(self.attempts)
        return made

    def open(self) -> Stored:
        self.incarnation += 1
        return Stored(
            incarnation=self.incarnation,
            highest_term=self.highest_term,
            next_number=self.next_number,
            briefs=dict(self.briefs),
            attempts=tuple(self.attempts[key] for key in sorted(self.attempts)),
        )

    def write(self, changes: Changes) -> None:
        if self.is_full:
            raise StorageFull("the disk is full")
        self.writes += 1
        for brief in changes.briefs:
            self.briefs[brief.task_id, brief.revision] = brief
        for offer, deadline_ms in changes.accepted:
            stored = StoredAttempt(offer=offer, deadline_ms=deadline_ms, boot_id=self.boot_id)
            self.attempts.setdefault(offer.attempt_id, stored)
        self._change(changes)
        for update in changes.updates:
            empty = StoredAttempt(offer=None, deadline_ms=0, boot_id="")
            found = self.attempts.get(update.attempt_id, empty)
            self.attempts[update.attempt_id] = replace(found, update=update)
        for attempt_id in changes.dropped:
            self.attempts.pop(attempt_id, None)
        for key in changes.dropped_briefs:
            self.briefs.pop(key, None)
        self.next_number = changes.next_number or self.next_number
        self.highest_term = changes.highest_term or self.highest_term

    def _change(self, changes: Changes) -> None:
        kept = self.attempts
        for key, mark in changes.marks.items():
            if key in kept:
                kept[key] = replace(kept[key], mark=mark)
        for key, deadline_ms in changes.deadlines.items():
            if key in kept:
                kept[key] = replace(kept[key], deadline_ms=deadline_ms)
        for key, ticks in changes.ticks.items():
            if key in kept:
                kept[key] = replace(kept[key], ticks=ticks)
        for key, ending in changes.endings.items():
            if key in kept:
                kept[key] = replace(kept[key], ending=ending)

    def close(self) -> None:
        """It stays, as a file does."""
