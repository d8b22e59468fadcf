"""Dispatch: placements become attempts and offers, inside one command; offers leave after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from core.domain.errors import NotFound, StorageUnavailable
from core.domain.ids import SubtaskKey
from core.domain.session import ItemSlice, Offer, Offers, TaskBrief
from master_app.ports.node_pool import SessionLink
from master_app.ports.tasks import ItemReader, SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.placement import Placement, place
from master_app.scheduling.pool import LiveAttempt
from master_app.scheduling.settings import SchedulingSettings
from master_app.tasks.attempts import Attempts
from master_app.tasks.briefs import Briefs
from master_app.tasks.funds import Funds
from master_app.tasks.missing_inputs import BUNDLE_LOST, MissingInputs

#: One command never holds the writer longer: what is left comes with the next.
PLACEMENTS_PER_COMMAND = 256
BUDGET_MS = 5.0
#: By task and index; None where an item follows from its index.
_Items = dict[tuple[str, int], ItemSlice | None]


class Sessions(Protocol):
    """The live sessions, as dispatch sees them."""

    def link(self, node_id: str) -> SessionLink | None: ...

    def lease_report(self, node_id: str) -> int:
        """Newest report of the session that was acknowledged."""

    def needs_brief(self, node_id: str, task_id: str, revision: int) -> bool:
        """Tell whether this session has not had this brief, and note that it has it now."""


class Dispatcher:
    """Runs at the end of every command that may have made room or work. Writer thread only."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        briefs: Briefs,
        funds: Funds,
        items: ItemReader,
        inputs: MissingInputs,
        sessions: Sessions,
        settings: SchedulingSettings,
        timer_ms: Callable[[], float],
    ) -> None:
        self._attempts = attempts
        self._briefs = briefs
        self._funds = funds
        self._items = items
        self._inputs = inputs
        self._sessions = sessions
        self._settings = settings
        self._timer_ms = timer_ms

    def run(self, uow: UnitOfWork) -> int:
        """Place what can be placed now and return how many attempts were offered."""
        placements, items = self._place(uow)
        if not placements:
            return 0
        checkpoints = self._checkpoints(uow, placements)
        lives = self._attempts.offer(uow, placements)
        self._funds.extend(uow, {live.task_id for live in lives})
        by_node: dict[str, list[LiveAttempt]] = {}
        for live in lives:
            by_node.setdefault(live.node_id, []).append(live)
        for node_id, of_node in by_node.items():
            self._send_later(uow, node_id, of_node, checkpoints, items)
        return len(lives)

    def _place(self, uow: UnitOfWork) -> tuple[list[Placement], _Items]:
        """Place what can be placed, and read its items. A task whose items are lost is held, and keeps nobody."""
        while True:
            mark = uow.pool.mark()
            placements = place(
                uow.pool,
                uow.now_ms,
                limit=PLACEMENTS_PER_COMMAND,
                budget_ms=BUDGET_MS,
                timer_ms=self._timer_ms,
                settings=self._settings,
            )
            items: _Items = {}
            lost: dict[str, str] = {}
            for placement in placements:
                task = uow.tasks.get(placement.task_id)
                if task is None or placement.index >= task.subtask_count or task.task_id in lost:
                    continue
                try:
                    items[placement.task_id, placement.index] = self._items.item(task, placement.index)
                except (NotFound, StorageUnavailable):
                    lost[task.task_id] = task.items_blob
            if not lost:
                return placements, items
            uow.pool.rewind(mark)
            for task_id, blob in lost.items():
                self._inputs.hold(uow, task_id, blob, BUNDLE_LOST)

    @staticmethod
    def _checkpoints(uow: UnitOfWork, placements: list[Placement]) -> Mapping[SubtaskKey, SubtaskRecord]:
        """Return rows of those that ran before; fresh subtasks have no checkpoint to offer."""
        keys = []
        for placement in placements:
            task = uow.tasks.get(placement.task_id)
            if task is not None and not task.next_index <= placement.index < task.subtask_count:
                keys.append(SubtaskKey(placement.task_id, placement.index))
        return uow.subtasks.get_many(keys) if keys else {}

    def _send_later(
        self,
        uow: UnitOfWork,
        node_id: str,
        lives: list[LiveAttempt],
        checkpoints: Mapping[SubtaskKey, SubtaskRecord],
        items: _Items,
    ) -> None:
        node = uow.pool.nodes[node_id]
        tasks: dict[str, TaskRecord] = {}
        briefs: dict[str, TaskBrief] = {}
        offers: list[Offer] = []
        for live in lives:
            task = tasks.get(live.task_id)
            if task is None:
                task = uow.tasks.get(live.task_id)
                assert task is not None
                tasks[live.task_id] = task
                briefs[live.task_id] = self._briefs.of(uow, task)
                uow.pool.remember_cache(node, live.task_id)
            row = checkpoints.get(SubtaskKey(live.task_id, live.index))
            offers.append(
                Offer(
                    attempt_id=live.attempt_id,
                    task_id=live.task_id,
                    revision=task.revision,
                    index=live.index,
                    epoch=live.epoch,
                    attempt_number=live.number,
                    resources=live.resources,
                    lease_s=live.lease_s,
                    item=items.get((live.task_id, live.index)),
                    checkpoint=row.checkpoint if row else (),
                    deadline_ms=task.deadline_ms,
                    parts_blob=task.parts_blob if live.index >= task.subtask_count else "",
                    paid=node.owner_id != task.owner_id,
                    lane="" if live.lane == live.attempt_id else live.lane,
                )
            )
        term = uow.term

        def send() -> None:
            link = self._sessions.link(node_id)
            if link is None or link.session_id != lives[0].session_id:
                return  # the session broke meanwhile: SYNC decides (R1)
            link.send(
                Offers(
                    session_id=link.session_id,
                    term=term,
                    lease_report=self._sessions.lease_report(node_id),
                    briefs=tuple(
                        brief
                        for brief in briefs.values()
                        if self._sessions.needs_brief(node_id, brief.task_id, brief.revision)
                    ),
                    offers=tuple(offers),
                )
            )

        uow.after_commit(send)
