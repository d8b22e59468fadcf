"""READY -> ACTIVE: attempts OFFERED, their resources reserved, in one transaction (lifecycles, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.domain.attempt import AttemptState
from core.domain.ids import SubtaskKey
from core.domain.subtask import SubtaskState
from master_app.ports.tasks import SubtaskRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.placement import Placement
from master_app.scheduling.pool import LiveAttempt, PoolTask
from master_app.tasks.batch import row_of

NewId = Callable[[int], str]
#: What the master adds to the lease before it gives an attempt up, so that the agent always stops first (R2).
LEASE_GRACE_MS = 60_000


def make_offers(uow: UnitOfWork, placements: Sequence[Placement], new_id: NewId) -> list[LiveAttempt]:
    """Make an attempt of each placement and reserve its resources. Nothing is sent here."""
    by_task: dict[str, list[Placement]] = {}
    for placement in placements:
        by_task.setdefault(placement.task_id, []).append(placement)
    lives: list[LiveAttempt] = []
    rows: list[SubtaskRecord] = []
    for task_id, of_task in by_task.items():
        task = uow.tasks.get(task_id)
        hot = uow.pool.tasks.get(task_id)
        assert task is not None and hot is not None, f"placed a task that is not live: {task_id}"
        _offer_task(uow, task, hot, of_task, new_id, lives, rows)
    uow.subtasks.put_many(rows)
    uow.attempts.add_many([row_of(live) for live in lives])
    return lives


def _offer_task(
    uow: UnitOfWork,
    task: TaskRecord,
    hot: PoolTask,
    placements: Sequence[Placement],
    new_id: NewId,
    lives: list[LiveAttempt],
    rows: list[SubtaskRecord],
) -> None:
    unborn_from, count = task.next_index, task.subtask_count
    again = [SubtaskKey(task.task_id, p.index) for p in placements if p.index < unborn_from or p.index >= count]
    known = uow.subtasks.get_many(again) if again else {}
    opened: dict[int, str] = {}
    for placement in placements:
        index = placement.index
        row = known.get(SubtaskKey(task.task_id, index)) if again else None
        epoch = row.epoch + 1 if row else 1
        if row is None:
            rows.append(
                SubtaskRecord(
                    task_id=task.task_id,
                    index=index,
                    state=SubtaskState.ACTIVE,
                    generation=task.generation,
                    epoch=epoch,
                )
            )
        else:
            rows.append(replace(row, state=SubtaskState.ACTIVE, epoch=epoch, generation=task.generation))
            if index < count and row.state is SubtaskState.BACKOFF:
                task.backoff -= 1
            elif index < count:
                task.ready -= 1
        if index < count:
            task.active += 1
        node = uow.pool.nodes[placement.node_id]
        live = LiveAttempt(
            attempt_id=new_id(uow.now_ms),
            task_id=task.task_id,
            index=index,
            node_id=placement.node_id,
            term=uow.term,
            epoch=epoch,
            generation=task.generation,
            number=epoch,
            resources=placement.resources,
            state=AttemptState.OFFERED,
            offered_ms=uow.now_ms,
            lease_s=hot.lease_s,
            deadline_ms=uow.now_ms + hot.lease_s * 1000 + LEASE_GRACE_MS,
            session_id=node.session_id,
            lane=opened[id(placement.follows)] if placement.follows is not None else placement.lane,
        )
        opened[id(placement)] = live.attempt_id
        uow.pool.add_attempt(live)
        lives.append(live)
    task.next_index = hot.next_index
    task.live_attempts += len(placements)
    uow.tasks.save(task)
