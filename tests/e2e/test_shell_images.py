"""A task on an image with a shell and no Python: pinned by the first node, run, and its results are there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.engine import docker, remove_everything_of
from tests.support.pool import Pool
from tests.support.shell_images import ensure_shell_image

pytestmark = pytest.mark.timeout(180)

MANIFEST = """schema = 1
[image]
ref = "{image}"
[run]
command = ["sh", "-c", "cat part.txt; cat /work/item/item.json > out/r{{{{index}}}}"]
isolation = "{isolation}"
[resources]
cpu_cores = 0.5
memory_gb = 0.1
disk_gb = 0.1
[split]
mode = "count"
count = 2
[retry]
user = 0
"""


def zipped(folder: Path, image: str, isolation: str) -> Path:
    path = folder / f"{isolation}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hivemind.toml", MANIFEST.format(image=image, isolation=isolation))
        archive.writestr("part.txt", "part\n")
    return path


def test_a_shell_is_enough_and_else_the_failure_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ensure_shell_image("busybox")
    monkeypatch.setenv("HIVEMIND_IMAGES_ALLOWED", '["hivemind-test/*"]')
    with Pool(tmp_path, "docker") as pool:
        pool.start_master()
        pool.add_user("ann", "submitter")
        pool.add_user("bob", "provider")
        pool.start_agent("node-1", "bob").ready()
        with HiveMind(pool.url) as ann:
            ann.login("ann", pool.password)
            good = ann.submit(zipped(tmp_path, image, "subtask"))
            assert good.state == "WAITING"
            assert ann.wait(good.task_id, timeout_s=90).state == "SUCCEEDED"
            assert ann.log(good.task_id).text == "part\n"
            ann.download_result(good.task_id, tmp_path / "r.zip")
            with zipfile.ZipFile(tmp_path / "r.zip") as archive:
                assert archive.namelist() == ["0/out/r0", "1/out/r1"]
            bad = ann.submit(zipped(tmp_path, image, "task"))
            assert ann.wait(bad.task_id, timeout_s=90).state == "FAILED"
            failure = next(iter(ann.subtasks(bad.task_id)))["attempts"][0]["failure"]
            assert (failure["class"], failure["code"]) == ("user", "IMAGE_UNSUITABLE")
            assert 'isolation = "subtask"' in failure["message"]
    node_id = json.loads((tmp_path / "node-1" / "identity.json").read_text())["node_id"]
    left = docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}")
    remove_everything_of(node_id)
    assert left == ""
