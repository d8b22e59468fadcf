"""Takes an attempt's files out of its sandbox, and says what an error on the way in or out means."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.domain.attempt import Failure, FailureClass, RejectReason
from core.domain.bundle import FileEntry
from core.domain.errors import EngineUnavailable, HiveMindError, Invalid, StorageFull, StorageUnavailable
from worker_app.agent.attempts import infra
from worker_app.agent.instructions import Collect
from worker_app.agent.ports.inputs import Ready
from worker_app.agent.ports.sandbox import (
    CollectOrder,
    ImageInvalid,
    ImageUnsuitable,
    OutputRefused,
    PackagesInvalid,
    Sandbox,
    SandboxRefused,
)
from worker_app.agent.ports.store import LocalResult
from worker_app.agent.stimuli import Collected


async def collect(
    sandbox: Sandbox, ready: Ready, instruction: Collect, results: Path, *, changes: bool
) -> Collected:
    """Return what the attempt left, now in `results`; refusals are part of the answer, never raised."""
    attempt_id = instruction.attempt_id
    outputs: tuple[LocalResult, ...] = ()
    checkpoint: tuple[LocalResult, ...] = ()
    refused: Failure | None = None
    folder = results / attempt_id
    try:
        if instruction.outputs:
            required = ready.outputs.required if instruction.strict else ()
            outputs = await _take(
                sandbox,
                CollectOrder(
                    target_folder=folder / "out",
                    include=ready.outputs.include,
                    required=required,
                    changes=changes,
                    max_bytes=ready.outputs.max_bytes,
                ),
                results,
            )
        if instruction.checkpoint:
            checkpoint = await _take(
                sandbox,
                CollectOrder(
                    target_folder=folder / "checkpoint",
                    include=("checkpoint/**",),
                    max_bytes=ready.outputs.max_bytes,
                ),
                results,
            )
    except OutputRefused as error:
        refused = Failure(failure_class=FailureClass.OUTPUT, code=error.code, message=error.message)
    except HiveMindError as error:
        refused = infra(error.code, error.message)
    except OSError as error:
        refused = infra("NODE_DISK", f"The node could not keep the results: {error.strerror}.")
    # What is not refused left nothing but what is in the answer.
    if refused is not None and not outputs and not checkpoint:
        shutil.rmtree(folder, ignore_errors=True)
    return Collected(attempt_id, outputs, checkpoint, refused)


async def _take(sandbox: Sandbox, order: CollectOrder, root: Path) -> tuple[LocalResult, ...]:
    return tuple(
        LocalResult(
            entry=FileEntry(
                path=file.path,
                size=file.size_bytes,
                sha256=file.sha256,
                blob=file.sha256,
                mode=0o755 if file.executable else 0o644,
            ),
            local=file.local.relative_to(root).as_posix(),
        )
        for file in await sandbox.collect(order)
    )


def prepare_verdict(error: HiveMindError) -> tuple[Failure | None, RejectReason | None]:
    """Return what an error while preparing means: a failure that names its class, or a refusal by this node."""
    if isinstance(error, EngineUnavailable | SandboxRefused):
        return None, RejectReason.ENGINE
    if isinstance(error, StorageFull | StorageUnavailable):
        return None, RejectReason.DISK_FULL
    if isinstance(error, ImageUnsuitable):
        words = f"{error.message}; {error.fix}" if error.fix else error.message
        return Failure(failure_class=FailureClass.USER, code=error.code, message=words), None
    if isinstance(error, PackagesInvalid | Invalid):
        return Failure(failure_class=FailureClass.USER, code=error.code, message=error.message), None
    if isinstance(error, ImageInvalid):
        return infra("IMAGE_INVALID", error.message), None
    return infra(error.code, error.message), None
