"""Intake: from an uploaded zip to a task with its opening hold, in one command after everything is prepared.

Preparation (unpacking, reading, packages) runs on the caller's thread and may take long; it writes only blobs,
which nobody refers to yet and which are swept when the submission fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from core.blobs.bundler import KeptBundle, keep_zip, list_zip
from core.blobs.store import BlobStore
from core.domain.errors import Invalid, Problem
from core.domain.events import TaskSubmitted
from core.domain.images import image_allowed
from core.domain.rewards import Quote, quote
from core.domain.session import ImagePin, Wheel
from core.domain.spec import TaskSpec
from core.domain.task import HeldCode, MergeState, TaskState, WaitFor
from core.domain.user import Action, Principal, QuotaUse, require
from core.manifest.advice import Advice
from core.manifest.catalogue import KnownImage
from core.manifest.files import StoredFiles
from core.manifest.items import index_items
from core.manifest.reading import read_manifest
from core.manifest.spec_json import spec_to_json
from core.manifest.text import manifest_text
from master_app.ports.tasks import BundleRecord, SubmittedTask, TaskRecord
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.scheduling.explain import could_ever_fit
from master_app.tasks.funds import Funds
from master_app.tasks.hot import hot_task
from master_app.tasks.packages import PackageResolver
from master_app.tasks.registry import Registry
from master_app.tasks.rollup import Rollup
from master_app.users.quotas import Quotas

#: Disk that a submission leaves free for everything else.
FREE_RESERVE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A bundle that is kept, with everything that was found out about it. Nothing of it is a task yet."""

    spec: TaskSpec
    bundle: KeptBundle
    items_blob: str
    blobs: tuple[str, ...]
    wheels: tuple[Wheel, ...]
    advice: tuple[Advice, ...]
    #: What was changed of the zip on the way in.
    changes: tuple[str, ...]
    #: Which image it is, where that is known already.
    pin: ImagePin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    task_id: str
    state: TaskState
    state_reason: str
    quote: Quote
    advice: tuple[Advice, ...]
    changes: tuple[str, ...]
    subtask_count: int
    #: True: the same key was sent before; this is the task that it made.
    repeated: bool = False


class Intake:
    """Takes tasks in. Thread-safe."""

    def __init__(
        self,
        *,
        writer: Writer,
        store: BlobStore,
        images: Mapping[str, KnownImage],
        images_allowed: Sequence[str],
        registry: Registry,
        packages: PackageResolver,
        funds: Funds,
        quotas: Quotas,
        rollup: Rollup,
        new_id: Callable[[int], str],
        secrets_missing: Callable[[str, Sequence[str]], Sequence[str]],
        dispatch: Callable[[UnitOfWork], object],
    ) -> None:
        self._writer = writer
        self._store = store
        self._images = images
        self._images_allowed = tuple(images_allowed)
        self._registry = registry
        self._packages = packages
        self._funds = funds
        self._quotas = quotas
        self._rollup = rollup
        self._new_id = new_id
        self._secrets_missing = secrets_missing
        self._dispatch = dispatch
        self._modules = {name: image.packages for name, image in images.items()}

    def prepare(self, who: Principal, zip_path: Path, fields: Mapping[str, object]) -> Prepared:
        """Judge and keep an upload. Raises Invalid with problems, StorageFull, Forbidden. May take long."""
        require(who, Action.TASK_SUBMIT)
        listing = list_zip(zip_path)
        if listing.problems:
            raise Invalid("The zip was refused.", listing.problems, code="ZIP_REFUSED")
        if not listing.members:
            raise Invalid("The zip is empty.", code="ZIP_EMPTY", fix="Put the program and its data into it.")
        bundle = keep_zip(zip_path, listing, self._store)
        files = StoredFiles(self._store, bundle.entries)
        reading = read_manifest(files, fields, self._modules)
        problems = list(reading.problems)
        spec = reading.spec
        if spec is None:
            raise Invalid("The task has mistakes.", problems, code="MANIFEST_INVALID")
        problems += self._image_problems(spec)
        if spec.run.timeout_s == 0 and not who.is_operator:
            problems.append(_operators_only("run.timeout", 'timeout = "0" (no limit)'))
        problems += [_secret_unknown(name) for name in self._secrets_missing(who.user_id, spec.secrets)]
        if problems:
            raise Invalid("The task has mistakes.", problems, code="MANIFEST_INVALID")
        wheels, wheel_blobs = self._packages.resolve(spec, files, self._python(spec))
        items_blob, item_blobs = index_items(spec.split, reading.listed, files, self._store.writer)
        return Prepared(
            spec=spec,
            bundle=bundle,
            items_blob=items_blob,
            blobs=tuple(dict.fromkeys((*bundle.blobs, *item_blobs, *wheel_blobs))),
            wheels=wheels,
            advice=reading.advice,
            changes=tuple(listing.changes),
            pin=self._pin(spec.image.ref),
        )

    def submit(
        self, who: Principal, prepared: Prepared, idempotency_key: str = "", *, try_one: bool = False
    ) -> Future[Submitted]:
        """Make the task and its opening hold, durably; one task a key. `try_one`: one part, then pause."""
        spec = prepared.spec
        spec_json, resolved = spec_to_json(spec), manifest_text(spec)
        seen = self._quotas.look(who.user_id)

        def command(uow: UnitOfWork) -> Submitted:
            if idempotency_key:
                known = uow.tasks.find_by_key(who.user_id, idempotency_key)
                if known is not None:
                    return self._repeated(uow, known, prepared)
            price = self._quote(uow, prepared)
            more = QuotaUse(
                queued_tasks=1,
                queued_subtasks=spec.subtask_count,
                storage_bytes=prepared.bundle.size,
                running_cpu_millis=spec.resources.cpu_millis,
                spend_day_ucpt=price.low_ucpt,
            )
            self._quotas.admit(uow, who.user_id, seen, more)
            task = self._record(uow, who, prepared, idempotency_key)
            task.try_one = try_one and task.subtask_count > 1
            waits = self._waits(uow, who, task, spec)
            uow.tasks.add(
                SubmittedTask(
                    task=task,
                    spec_json=spec_json,
                    resolved_toml=resolved,
                    bundle=BundleRecord(
                        bundle_id=prepared.bundle.bundle_id,
                        size=prepared.bundle.size,
                        file_count=len(prepared.bundle.entries),
                        blobs=prepared.blobs,
                        created_ms=uow.now_ms,
                    ),
                    after=spec.after if waits else (),
                )
            )
            hot = hot_task(uow, task, spec)
            self._funds.open(uow, task, spec, hot)
            if uow.pool.nodes and not could_ever_fit(uow.pool, hot.needs, who.user_id) and task.held is None:
                task.held = HeldCode.NO_FEASIBLE_NODE
                task.held_reason = "no node of this pool could ever take it"
            uow.pool.put_task(hot)
            uow.publish(
                TaskSubmitted(
                    task_id=task.task_id,
                    owner_id=who.user_id,
                    name=task.name,
                    subtask_count=task.subtask_count,
                    at_ms=uow.now_ms,
                )
            )
            self._rollup.refresh(uow, task)
            self._dispatch(uow)
            return self._submitted(uow, task, prepared)

        return self._writer.execute(command)

    def quote(self, prepared: Prepared) -> Future[Quote]:
        """What this would cost if it were submitted now."""
        return self._writer.execute(lambda uow: self._quote(uow, prepared))

    # ---- inner

    def _record(self, uow: UnitOfWork, who: Principal, prepared: Prepared, key: str) -> TaskRecord:
        spec = prepared.spec
        pin = prepared.pin
        wait_for = WaitFor.NOTHING if pin is not None else WaitFor.PIN
        return TaskRecord(
            task_id=self._new_id(uow.now_ms),
            owner_id=who.user_id,
            name=spec.name,
            created_ms=uow.now_ms,
            bundle_id=prepared.bundle.bundle_id,
            items_blob=prepared.items_blob,
            subtask_count=spec.subtask_count,
            priority=spec.priority if who.is_operator else min(spec.priority, 50),
            state=TaskState.WAITING if wait_for is not WaitFor.NOTHING else TaskState.QUEUED,
            state_since_ms=uow.now_ms,
            wait_for=wait_for,
            merge=MergeState.BLOCKED if spec.merge is not None else MergeState.NONE,
            deadline_ms=uow.now_ms + spec.limits.deadline_s * 1000 if spec.limits.deadline_s else 0,
            max_failed=spec.limits.max_failed,
            min_success=spec.merge.min_success if spec.merge is not None else 1.0,
            pin=pin,
            wheels=prepared.wheels,
            max_ucpt=spec.limits.max_ucpt,
            idempotency_key=key,
        )

    @staticmethod
    def _waits(uow: UnitOfWork, who: Principal, task: TaskRecord, spec: TaskSpec) -> bool:
        """Check the tasks that this one comes after; True when at least one has not ended."""
        problems = []
        waits = False
        for earlier_id in spec.after:
            earlier = uow.tasks.get(earlier_id)
            if earlier is None or (earlier.owner_id != who.user_id and not who.is_operator):
                problems.append(
                    Problem(
                        code="AFTER_UNKNOWN",
                        key="task.after",
                        reason=f'You have no task "{earlier_id}".',
                        fix="Write the id of a task of yours.",
                    )
                )
            elif earlier.state in (TaskState.FAILED, TaskState.CANCELLED):
                problems.append(
                    Problem(
                        code="AFTER_FAILED",
                        key="task.after",
                        reason=f"The task {earlier_id} is {earlier.state.value}.",
                        fix="Retry that one first, or leave it out.",
                    )
                )
            elif earlier.state is not TaskState.SUCCEEDED:
                waits = True
        if problems:
            raise Invalid("The task has mistakes.", problems, code="MANIFEST_INVALID")
        if waits:
            task.wait_for = WaitFor.AFTER
            task.state = TaskState.WAITING
        return waits

    def _repeated(self, uow: UnitOfWork, task_id: str, prepared: Prepared) -> Submitted:
        task = uow.tasks.get(task_id)
        assert task is not None, "a key that names no task"
        return replace(self._submitted(uow, task, prepared), repeated=True)

    def _submitted(self, uow: UnitOfWork, task: TaskRecord, prepared: Prepared) -> Submitted:
        return Submitted(
            task_id=task.task_id,
            state=task.state,
            state_reason=task.state_reason,
            quote=self._quote(uow, prepared),
            advice=prepared.advice,
            changes=prepared.changes,
            subtask_count=task.subtask_count,
        )

    @staticmethod
    def _quote(uow: UnitOfWork, prepared: Prepared) -> Quote:
        spec = prepared.spec
        return quote(
            resources=spec.resources,
            rule=uow.ledger.rule(),
            subtask_count=spec.subtask_count,
            timeout_ms=(spec.run.timeout_s or 86_400) * 1000,
            run_times_ms=uow.attempts.run_times_ms(spec.name, prepared.bundle.bundle_id, 100),
            max_ucpt=spec.limits.max_ucpt,
        )

    def _pin(self, ref: str) -> ImagePin | None:
        image = self._images.get(ref)
        return image.pin if image is not None else self._registry.pin(ref)

    def _image_problems(self, spec: TaskSpec) -> list[Problem]:
        ref = spec.image.ref
        if ref in self._images or image_allowed(ref, self._images_allowed):
            return []
        return [
            Problem(
                code="IMAGE_NOT_ALLOWED",
                key="image.ref",
                reason=f'This pool does not run the image "{ref}".',
                fix=f"Use one of {', '.join(sorted(self._images))}, or ask the operator to allow it.",
            )
        ]

    def _python(self, spec: TaskSpec) -> str:
        image = self._images.get(spec.image.ref)
        return image.python if image is not None else "3.11"


def _operators_only(key: str, what: str) -> Problem:
    return Problem(code="OPERATORS_ONLY", key=key, reason=f"{what} is for operators.", fix="Write a limit.")


def _secret_unknown(name: str) -> Problem:
    return Problem(
        code="SECRET_MISSING",
        key="secrets.env",
        reason=f'You have not set a secret named "{name}".',
        fix=f"Set it with: hivemind secret set {name}",
    )
