"""Inputs without blobs and manifest: every attempt is ready at once and runs `noop`."""

from __future__ import annotations

from worker_app.agent.instructions import Prepare
from worker_app.agent.ports.inputs import OnPhase, Ready
from worker_app.agent.ports.sandbox import ImageWanted, SandboxSpec


class FakeInputs:
    """See `worker_app.agent.ports.inputs`. `failures` raise once for their attempt."""

    def __init__(self) -> None:
        self.failures: dict[str, Exception] = {}

    async def prepare(self, wanted: Prepare, on_phase: OnPhase) -> Ready:
        failure = self.failures.pop(wanted.offer.attempt_id, None)
        if failure is not None:
            raise failure
        sandbox = None
        if wanted.open_sandbox:
            sandbox = SandboxSpec(
                sandbox_id=wanted.sandbox_id,
                task_id=wanted.offer.task_id,
                owner=wanted.brief.owner_id,
                image=ImageWanted(ref=wanted.spec.image.ref),
                resources=wanted.offer.resources,
                isolation=wanted.spec.run.isolation,
                gpu_uuids=wanted.gpu_uuids,
            )
        return Ready(sandbox=sandbox, argv=("noop",), env={}, workdir="/work/run", outputs=wanted.spec.outputs)

    def release(self, ready: Ready) -> None:
        """Nothing is pinned."""
