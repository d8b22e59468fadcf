"""What a node is told of a task once a session, before its first offer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from core.domain.session import TaskBrief
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork

KEPT_BRIEFS = 256


class Briefs:
    """Briefs by task and revision. Used on the writer thread only."""

    def __init__(self, owner_name: Callable[[UnitOfWork, str], str]) -> None:
        self._owner_name = owner_name
        self._briefs: OrderedDict[tuple[str, int], TaskBrief] = OrderedDict()

    def of(self, uow: UnitOfWork, task: TaskRecord) -> TaskBrief:
        """Return the brief of a live task as it is now."""
        key = (task.task_id, task.revision)
        brief = self._briefs.get(key)
        if brief is None:
            brief = TaskBrief(
                task_id=task.task_id,
                revision=task.revision,
                owner_id=task.owner_id,
                owner_name=self._owner_name(uow, task.owner_id),
                spec_json=uow.tasks.spec_json(task.task_id),
                bundle_id=task.bundle_id,
                pin=task.pin,
                wheels=task.wheels,
            )
            self._briefs[key] = brief
            if len(self._briefs) > KEPT_BRIEFS:
                self._briefs.popitem(last=False)
        return brief
