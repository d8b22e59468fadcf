"""Where the engine is looked for, and what its answers mean."""

from __future__ import annotations

import json
from pathlib import Path

from worker_app.agent.ports.sandbox import RuntimeKind
from worker_app.execution.engine import (
    NO_ENGINE,
    START_IT,
    Engine,
    EngineAddress,
    candidate_addresses,
    facts_of,
)

INFO = {
    "OSType": "linux",
    "SecurityOptions": ["name=seccomp,profile=default"],
    "NCPU": 4,
    "MemTotal": 8 << 30,
    "Architecture": "x86_64",
    "CgroupVersion": "2",
    "Runtimes": {"runc": {}, "nvidia": {}},
}


def test_the_persons_setting_wins(tmp_path: Path) -> None:
    found = candidate_addresses({"DOCKER_HOST": "tcp://h:2375"}, tmp_path)
    assert [address.url for address in found] == ["tcp://h:2375"]


def test_the_current_context_comes_before_the_usual_places(tmp_path: Path) -> None:
    folder = tmp_path / ".docker/contexts/meta/abc"
    folder.mkdir(parents=True)
    (tmp_path / ".docker/config.json").write_text('{"currentContext": "mine"}')
    meta = {"Name": "mine", "Endpoints": {"docker": {"Host": "unix:///mine.sock"}}}
    (folder / "meta.json").write_text(json.dumps(meta))
    found = candidate_addresses({}, tmp_path, "win32")
    assert [address.url for address in found] == [
        "unix:///mine.sock",
        "npipe:////./pipe/docker_engine",
        "npipe:////./pipe/dockerDesktopLinuxEngine",
    ]


def test_a_damaged_context_is_no_context(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text("[broken")
    assert [a.source for a in candidate_addresses({}, tmp_path, "win32")] == ["usual pipe", "usual pipe"]


def test_capacity_is_the_engines() -> None:
    facts = facts_of(INFO, {"Version": "27"}, [], "unix:///x", RuntimeKind.DOCKER)
    assert (facts.ok, facts.cpu_millis, facts.memory_bytes) == (True, 4000, 8 << 30)
    assert (facts.cgroup_version, facts.has_gpu_runtime, facts.arch) == (2, True, "x86_64")


def test_windows_container_mode_is_refused_with_the_fix() -> None:
    facts = facts_of(INFO | {"OSType": "windows"}, {}, [], "", RuntimeKind.DOCKER)
    assert not facts.ok
    assert "Switch to Linux containers" in facts.fix


def test_an_engine_without_seccomp_is_refused() -> None:
    assert not facts_of(INFO | {"SecurityOptions": []}, {}, [], "", RuntimeKind.DOCKER).ok


def test_images_are_reported_for_pinning() -> None:
    row = {
        "Id": "sha256:1",
        "RepoTags": ["a/b:1", "<none>:<none>"],
        "RepoDigests": ["a/b@sha256:d"],
        "Labels": {"hivemind.recipe": "r"},
        "Size": 5,
    }
    (image,) = facts_of(INFO, {}, [row], "", RuntimeKind.DOCKER).images
    assert (image.ref, image.digest, image.recipe, image.size_bytes) == ("a/b:1", "sha256:d", "r", 5)


async def test_an_engine_that_is_not_there_is_said_without_the_librarys_words() -> None:
    engine = Engine([EngineAddress(url="tcp://127.0.0.1:1", source="test")])
    facts = await engine.facts()
    assert (facts.ok, facts.problem, facts.fix) == (False, NO_ENGINE, START_IT)
    engine.close()
