"""The policy in full: what a container gets, and that it gets nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.resources import GIB, MIB
from worker_app.execution.policy import ContainerPlan, VolumeMount, container_options

PLAN = ContainerPlan(
    image_id="sha256:abc",
    command=("python3", "/hivemind/runner.py"),
    mounts=(
        VolumeMount(volume="work", target="/work", read_only=False),
        VolumeMount(volume="src", target="/work/src"),
    ),
    labels={"hivemind.node": "n"},
    cpu_millis=1500,
    memory_bytes=GIB,
    disk_bytes=5 * GIB,
    shm_bytes=64 * MIB,
    env={"A": "b"},
)


def host(**changes: Any) -> dict[str, Any]:

    found: dict[str, Any] = container_options(replace(PLAN, **changes))["HostConfig"]
    return found


def test_it_runs_as_our_user_and_only_the_runner() -> None:
    options = container_options(PLAN)
    assert options["User"] == "10001:10001"
    assert options["Entrypoint"] == ["python3", "/hivemind/runner.py"]
    assert options["Cmd"] == []
    assert options["Healthcheck"] == {"Test": ["NONE"]}
    assert options["Tty"] is False
    assert (options["OpenStdin"], options["StdinOnce"]) == (True, False)


def test_it_has_no_privilege_of_any_kind() -> None:
    found = host()
    assert found["Privileged"] is False
    assert (found["CapAdd"], found["CapDrop"]) == ([], ["ALL"])
    assert found["SecurityOpt"] == ["no-new-privileges:true"]
    assert found["ReadonlyRootfs"] is True
    assert (found["Devices"], found["DeviceRequests"], found["Binds"], found["VolumesFrom"]) == ([], [], [], [])
    assert "host" not in (found["PidMode"], found["UTSMode"], found["IpcMode"], found["UsernsMode"])


def test_it_has_no_network() -> None:
    assert container_options(PLAN)["NetworkDisabled"] is True
    assert host()["NetworkMode"] == "none"
    assert (host()["PortBindings"], host()["PublishAllPorts"]) == ({}, False)


def test_everything_is_limited() -> None:
    found = host()
    assert (found["CpuPeriod"], found["CpuQuota"]) == (100_000, 150_000)
    assert found["Memory"] == found["MemorySwap"] == GIB
    assert found["OomKillDisable"] is False
    assert found["PidsLimit"] == 256
    assert found["ShmSize"] == 64 * MIB
    limits = {limit["Name"]: (limit["Soft"], limit["Hard"]) for limit in found["Ulimits"]}
    assert limits == {"nofile": (16384, 16384), "fsize": (5 * GIB, 5 * GIB), "core": (0, 0)}
    assert found["LogConfig"]["Type"] == "none"
    assert (found["Init"], found["AutoRemove"], found["RestartPolicy"]["Name"]) == (False, False, "no")


@given(memory=st.integers(64 * MIB, 64 * GIB), shm=st.integers(0, 64 * GIB))
def test_memory_backed_folders_never_fill_the_memory(memory: int, shm: int) -> None:
    found = host(memory_bytes=memory, shm_bytes=shm)
    size = int(found["Tmpfs"]["/tmp"].split("size=")[1].split(",")[0])
    assert size + found["ShmSize"] <= memory * 3 // 4


def test_volumes_of_the_image_are_shadowed_but_ours_are_not() -> None:
    tmpfs = host(image_volumes=("/data", "/work"))["Tmpfs"]
    assert tmpfs["/data"].startswith("ro,noexec")
    assert "/work" not in tmpfs


def test_only_named_volumes_are_mounted_and_read_only_unless_said() -> None:
    mounts = host()["Mounts"]
    assert [(m["Type"], m["Source"], m["Target"], m["ReadOnly"]) for m in mounts] == [
        ("volume", "work", "/work", False),
        ("volume", "src", "/work/src", True),
    ]
    assert all(m["VolumeOptions"] == {"NoCopy": True} for m in mounts)
    assert "docker.sock" not in json.dumps(container_options(PLAN))


def test_gpus_are_given_by_uuid_and_otherwise_hidden() -> None:
    assert "NVIDIA_VISIBLE_DEVICES=void" in container_options(PLAN)["Env"]
    (request,) = host(gpu_uuids=("GPU-1", "GPU-2"))["DeviceRequests"]
    assert (request["Driver"], request["DeviceIDs"], request["Count"]) == ("nvidia", ["GPU-1", "GPU-2"], 0)


def test_the_cgroup_namespace_is_private_where_there_is_one() -> None:
    assert host(cgroup_version=2)["CgroupnsMode"] == "private"
    assert host(cgroup_version=1)["CgroupnsMode"] == ""


@pytest.mark.parametrize("changes", [{"memory_bytes": 1}, {"cpu_millis": 0}, {"disk_bytes": 0}])
def test_a_plan_without_limits_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="needs"):
        host(**changes)
