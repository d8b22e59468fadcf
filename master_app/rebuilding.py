"""The hot state as the database tells it: at start, and after a commit that failed.

Reservations are the sum of live attempts; their deadlines are pushed on, because reports that the master had
acknowledged are forgotten (lifecycles, section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from core.allocator import no_collecting
from core.domain.errors import NotFound
from core.domain.ids import SubtaskKey
from core.domain.ledger import hold_account
from core.domain.node import NodeAdmin, NodeHealth
from core.domain.session import ImagePin
from core.domain.spec import TaskSpec
from core.domain.task import TERMINAL_TASK_STATES, Wish
from core.manifest.spec_json import spec_from_json
from master_app.node_pool.membership import pool_node
from master_app.ports.tasks import AttemptRecord, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.pool import LiveAttempt, Pool
from master_app.tasks.funds import Funds
from master_app.tasks.hot import SharedNeeds, restore_task, shared_needs

#: Beyond the lease: how long nodes may need to find the master again after its start.
RECOVERY_MS = 360_000
#: Tasks that are restored together.
_PORTION = 128
#: Different specs that are kept while restoring.
_SPECS_KEPT = 4096
_CONNECTED = (NodeHealth.READY, NodeHealth.SUSPECT, NodeHealth.INITIALIZING)


@dataclass(slots=True)
class _Alike:
    """What tasks with the same spec have in common, worked out once."""

    spec: TaskSpec
    each_ucpt: int
    needs: dict[ImagePin | None, SharedNeeds] = field(default_factory=dict)

    def needs_of(self, pool: Pool, task: TaskRecord) -> SharedNeeds:
        found = self.needs.get(task.pin)
        if found is None:
            found = self.needs[task.pin] = shared_needs(pool, task, self.spec)
        return found


class Rebuilding:
    """Fills an empty pool. `on_rebuilt` is told before, to end sessions of the state that was."""

    def __init__(self, *, funds: Funds, on_rebuilt: Callable[[], None]) -> None:
        self._funds = funds
        self._on_rebuilt = on_rebuilt

    def __call__(self, uow: UnitOfWork) -> None:
        self._on_rebuilt()
        # Hundreds of thousands of values that stay: to look for garbage among them is a third of a long start.
        with no_collecting():
            self._nodes(uow)
            specs = self._tasks(uow)
            self._attempts(uow, specs)

    @staticmethod
    def _nodes(uow: UnitOfWork) -> None:
        for node in uow.nodes.all():
            if node.admin is NodeAdmin.REVOKED:
                continue
            if node.health in _CONNECTED:
                node.health = NodeHealth.DISCONNECTED
                node.health_since_ms = uow.now_ms
                uow.nodes.save(node)
            uow.pool.put_node(pool_node(node))

    def _tasks(self, uow: UnitOfWork) -> dict[str, TaskSpec]:
        specs: dict[str, TaskSpec] = {}
        alike: dict[str, _Alike] = {}
        tasks = iter(uow.tasks.live())
        while portion := list(islice(tasks, _PORTION)):
            self._restore(uow, portion, specs, alike)
            # Nothing to undo: what fails here is rebuilt from an empty pool.
            uow.pool.settle()
        return specs

    def _restore(
        self,
        uow: UnitOfWork,
        tasks: Sequence[TaskRecord],
        specs: dict[str, TaskSpec],
        alike: dict[str, _Alike],
    ) -> None:
        # Their holds and specs in a query each; asked for one by one they are a third of a long start.
        holds = uow.ledger.balances([hold_account(task.task_id) for task in tasks])
        texts = uow.tasks.specs_json([task.task_id for task in tasks])
        for task in tasks:
            text = texts.get(task.task_id)
            if text is None:
                raise NotFound(f"There is no task {task.task_id}.")
            like = alike.get(text)
            if like is None:
                like = self._alike(uow, spec_from_json(text))
                if len(alike) < _SPECS_KEPT:
                    alike[text] = like
            if task.live_attempts:
                specs[task.task_id] = like.spec
            hot = restore_task(uow, task, like.spec, like.needs_of(uow.pool, task))
            self._funds.restore(task, hot, each=like.each_ucpt, balance=holds[hold_account(task.task_id)])
            uow.pool.put_task(hot)

    def _alike(self, uow: UnitOfWork, spec: TaskSpec) -> _Alike:
        return _Alike(spec, self._funds.each(uow, spec))

    def _attempts(self, uow: UnitOfWork, specs: dict[str, TaskSpec]) -> None:
        rows = list(uow.attempts.live())
        known = uow.subtasks.get_many([SubtaskKey(row.task_id, row.index) for row in rows])
        for row in rows:
            subtask = known.get(SubtaskKey(row.task_id, row.index))
            beaten = subtask is not None and bool(subtask.winner) and subtask.winner != row.attempt_id
            task = uow.tasks.get(row.task_id)
            if task is None:
                continue
            spec = specs.get(row.task_id) or spec_from_json(uow.tasks.spec_json(row.task_id))
            uow.pool.add_attempt(_live(uow, task, spec, row, beaten=beaten))


def _live(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec, row: AttemptRecord, *, beaten: bool) -> LiveAttempt:
    is_merge = row.index >= task.subtask_count and spec.merge is not None
    resources = spec.merge.resources if is_merge and spec.merge is not None else spec.resources
    fenced = row.generation < task.generation or task.state in TERMINAL_TASK_STATES
    unwanted = "cancelled" if task.wish is Wish.CANCEL or fenced else ("superseded" if beaten else "")
    return LiveAttempt(
        attempt_id=row.attempt_id,
        task_id=row.task_id,
        index=row.index,
        node_id=row.node_id,
        term=row.term,
        epoch=row.epoch,
        generation=row.generation,
        number=row.number,
        resources=replace(resources, memory_bytes=row.memory_bytes),
        state=row.state,
        offered_ms=row.offered_ms,
        lease_s=spec.lease_s,
        deadline_ms=uow.now_ms + spec.lease_s * 1000 + RECOVERY_MS,
        session_id="",
        stop_reason=unwanted,
        lane=row.lane,
    )
