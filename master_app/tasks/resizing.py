"""What a task asks for, changed after it was submitted: for its subtasks that start from here on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.errors import Conflict
from core.domain.spec import TaskSpec
from core.domain.task import HeldCode
from core.manifest.spec_json import spec_to_json
from core.manifest.text import manifest_text
from master_app.ports.tasks import TaskRecord
from master_app.ports.unit_of_work import UnitOfWork
from master_app.scheduling.explain import could_ever_fit
from master_app.scheduling.pool import PoolTask
from master_app.tasks.hot import needs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a part asks for from here on; None: as it was."""

    cpu_millis: int | None = None
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    gpus: int | None = None
    timeout_s: int | None = None

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)


def resized(spec: TaskSpec, sizes: Sizes) -> TaskSpec:
    """Return the spec with other sizes. The memory ladder keeps its steps: subtasks have climbed some of them."""
    asked = spec.resources
    resources = replace(
        asked,
        cpu_millis=asked.cpu_millis if sizes.cpu_millis is None else sizes.cpu_millis,
        memory_bytes=asked.memory_bytes if sizes.memory_bytes is None else sizes.memory_bytes,
        disk_bytes=asked.disk_bytes if sizes.disk_bytes is None else sizes.disk_bytes,
        gpus=asked.gpus if sizes.gpus is None else sizes.gpus,
    )
    ladder = tuple(max(step, resources.memory_bytes) for step in spec.on_oom_memory_bytes)
    run = spec.run if sizes.timeout_s is None else replace(spec.run, timeout_s=sizes.timeout_s)
    return replace(spec, resources=resources, on_oom_memory_bytes=ladder, run=run)


def resize(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec, sizes: Sizes) -> TaskSpec:
    """Write the new sizes down and let placement know. Finished subtasks stay finished.

    Raises Conflict while attempts run, but for less memory alone: what runs is metered by what it was given, and
    only its memory is written with it.
    """
    new = resized(spec, sizes)
    if new == spec:
        return spec
    less_memory_alone = (
        replace(new, resources=spec.resources, on_oom_memory_bytes=spec.on_oom_memory_bytes) == spec
        and replace(new.resources, memory_bytes=spec.resources.memory_bytes) == spec.resources
        and new.resources.memory_bytes <= spec.resources.memory_bytes
    )
    if task.live_attempts and not less_memory_alone:
        raise Conflict(
            "Parts of this task are running; only less memory can be asked for meanwhile.",
            code="TASK_RUNNING",
            fix="Pause it and change it when nothing of it runs any more.",
        )
    uow.tasks.set_spec(task.task_id, spec_to_json(new), manifest_text(_as_written(new)))
    task.revision += 1
    hot = uow.pool.tasks.get(task.task_id)
    if hot is not None:
        _tell_placement(uow, task, new, hot)
    uow.tasks.save(task)
    return new


def _tell_placement(uow: UnitOfWork, task: TaskRecord, spec: TaskSpec, hot: PoolTask) -> None:
    needs = uow.pool.intern(replace(needs_of(spec, task), image_id=hot.needs.image_id))
    uow.pool.change(hot, needs=needs)
    for index, memory_bytes in list(hot.memory_bytes.items()):
        if memory_bytes < spec.resources.memory_bytes:
            uow.pool.climb_memory(hot, index, spec.resources.memory_bytes)
    if task.held is HeldCode.NO_FEASIBLE_NODE and could_ever_fit(uow.pool, needs, task.owner_id):
        task.held, task.held_reason = None, ""


def _as_written(spec: TaskSpec) -> TaskSpec:
    """In a manifest the steps of the ladder must grow, from more than the memory on."""
    steps = tuple(dict.fromkeys(s for s in spec.on_oom_memory_bytes if s > spec.resources.memory_bytes))
    return replace(spec, on_oom_memory_bytes=steps)
