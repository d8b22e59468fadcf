"""Wheels become a read-only set inside, once for an owner, without a network and without running their code."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from tests.support.engine import docker
from tests.support.sandboxes import local_file, python, run, sandbox_spec, shell, unwatched
from worker_app.agent.ports.sandbox import LocalFile, Packages, PackagesInvalid
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine


def wheel(folder: Path, name: str, files: dict[str, str]) -> LocalFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    content = buffer.getvalue()
    return local_file(folder, f"{name}.whl", content, sha256=hashlib.sha256(content).hexdigest())


async def test_packages_are_installed_once_and_read_only(base_image: str, node_id: str, tmp_path: Path) -> None:
    runtime = DockerRuntime(default_engine(), node_id, {}, packages_index=tmp_path / "index.json")
    points = "[console_scripts]\nhello = hm_pkg:main\n"
    files = {
        "hm_pkg/__init__.py": "def main():\n    print('hello from a script')\n",
        "hm_pkg-1.dist-info/entry_points.txt": points,
        "hm_pkg-1.data/purelib/hm_more.py": "x = 5\n",
    }
    packages = Packages(wheels=(wheel(tmp_path, "hm_pkg-1-py3-none-any", files),))
    for number in range(2):
        spec = sandbox_spec(base_image, packages=packages, sandbox_id=f"s{number}")
        sandbox = await runtime.open(spec, unwatched)
        code = "import hm_pkg, hm_more; print(hm_more.x); open('/packages/x','w')"
        done = await run(sandbox, python(code))
        assert done.stdout == "5\n"
        assert "Read-only file system" in done.stderr
        assert (await run(sandbox, shell("hello"))).stdout == "hello from a script\n"
        await sandbox.close()
    mine = f"label=hivemind.node={node_id}"
    volumes = docker("volume", "ls", "-q", "--filter", mine, "--filter", "label=hivemind.kind=packages").split()
    assert len(volumes) == 1
    other = await runtime.open(sandbox_spec(base_image, packages=packages, owner="else"), unwatched)
    await other.close()
    volumes = docker("volume", "ls", "-q", "--filter", mine, "--filter", "label=hivemind.kind=packages").split()
    assert len(volumes) == 2
    await runtime.release_task("TASK1")
    await runtime.shut()


async def test_a_wheel_that_leaves_its_folder_is_refused(base_image: str, node_id: str, tmp_path: Path) -> None:
    runtime = DockerRuntime(default_engine(), node_id, {}, packages_index=tmp_path / "index.json")
    packages = Packages(wheels=(wheel(tmp_path, "bad-1-py3-none-any", {"../../work/out/x": "x"}),))
    with pytest.raises(PackagesInvalid, match="work/out"):
        await runtime.open(sandbox_spec(base_image, packages=packages), unwatched)
    await runtime.release_task("TASK1")
    await runtime.shut()
    mine = f"label=hivemind.node={node_id}"
    assert docker("ps", "-aq", "--filter", mine) == ""
    left = docker("volume", "ls", "-q", "--filter", mine).split()
    assert [name for name in left if not name.startswith("hivemind-runner-")] == []
