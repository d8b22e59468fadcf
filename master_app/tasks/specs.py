"""Specs of tasks, read once and kept while they are in use."""

from __future__ import annotations

from collections import OrderedDict

from core.domain.spec import TaskSpec
from core.manifest.spec_json import spec_from_json
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork

#: A spec is a few KiB; queued tasks do not need theirs until they are placed.
KEPT_SPECS = 512


class SpecCache:
    """Specs by task and revision. Used on the writer thread only."""

    def __init__(self) -> None:
        self._specs: OrderedDict[tuple[str, int], TaskSpec] = OrderedDict()

    def get(self, uow: UnitOfWork, task: TaskRecord) -> TaskSpec:
        """Return the spec of a task that exists."""
        key = (task.task_id, task.revision)
        spec = self._specs.get(key)
        if spec is None:
            spec = spec_from_json(uow.tasks.spec_json(task.task_id))
            self._specs[key] = spec
            if len(self._specs) > KEPT_SPECS:
                self._specs.popitem(last=False)
        else:
            self._specs.move_to_end(key)
        return spec
