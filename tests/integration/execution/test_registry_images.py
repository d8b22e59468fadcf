"""A pinned image is pulled by its digest, also after its tag has moved; the pin is what is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.spec import Isolation
from tests.support.engine import docker
from tests.support.registry import push, running_registry
from tests.support.sandboxes import run, sandbox_spec, shell, unwatched
from tests.support.shell_images import ensure_shell_image
from worker_app.agent.ports.sandbox import ImageInvalid, ImageWanted
from worker_app.execution.docker_runtime import DockerRuntime


async def test_a_pin_outlives_its_tag(runtime: DockerRuntime, node_id: str, tmp_path: Path) -> None:
    with running_registry(tmp_path) as registry:
        ref, digest = push(registry, ensure_shell_image("busybox"), "lab/tool:1")
        push(registry, ensure_shell_image("dash"), "lab/tool:1")
        wanted = ImageWanted(ref=ref, digest=digest)
        spec = sandbox_spec(ref, image=wanted, isolation=Isolation.SUBTASK)
        try:
            sandbox = await runtime.open(spec, unwatched)
            assert sandbox.image.digest == digest
            done = await run(sandbox, shell("readlink /bin/sh || ls -l /bin/sh"))
            assert "busybox" in done.stdout
            await sandbox.close()
            with pytest.raises(ImageInvalid, match="cannot be had"):
                absent = ImageWanted(ref=ref, digest="sha256:" + "0" * 64)
                await runtime.open(sandbox_spec(ref, image=absent), unwatched)
        finally:
            await runtime.release_task("TASK1")
            docker("rmi", "-f", f"{registry}/lab/tool@{digest}", check=False)
