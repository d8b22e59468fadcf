"""What a container of ours may do: one pure function from a plan to the engine's container options.

The result is the body of the Engine API's `POST /containers/create`, so that it can be read against that page.
Everything that is not set here on purpose would be decided by an image or by the engine's defaults; therefore
also values that are usual defaults are written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.resources import MIB

#: The uid and gid of everything that runs in a sandbox. No image is expected to know it.
SANDBOX_UID = 10001
MIN_MEMORY_BYTES = 64 * MIB
PIDS_MAX = 256
OPEN_FILES_MAX = 16384
RUNNER_FOLDER = "/hivemind"
PACKAGES_FOLDER = "/packages"

_BOUNDED_LOG = {"Type": "local", "Config": {"max-size": "8m", "max-file": "2", "compress": "false"}}

LABEL_NODE = "hivemind.node"
LABEL_TASK = "hivemind.task"
LABEL_SANDBOX = "hivemind.sandbox"
LABEL_KIND = "hivemind.kind"
LABEL_WORK = "hivemind.work"
LABEL_IMAGE = "hivemind.image"
LABEL_DISK = "hivemind.disk"
LABEL_MODE = "hivemind.mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A named volume of ours at a path inside."""

    volume: str
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """What one container needs. Anything that it does not name, the container does not get."""

    image_id: str
    command: tuple[str, ...]
    mounts: tuple[VolumeMount, ...]
    labels: Mapping[str, str]
    cpu_millis: int
    memory_bytes: int
    disk_bytes: int
    shm_bytes: int = 64 * MIB
    gpu_uuids: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    #: Paths that the image declares as volumes: shadowed, they would be writable and survive an attempt.
    image_volumes: tuple[str, ...] = ()
    cgroup_version: int = 1
    pids: int = PIDS_MAX
    #: Without a runner the engine keeps the output, bounded, so that a restarted agent can read it again.
    keeps_output: bool = False


def container_options(plan: ContainerPlan) -> dict[str, Any]:
    """Return the engine's options for a plan: non-root, no network, no capabilities, bounded in everything."""
    if plan.memory_bytes < MIN_MEMORY_BYTES:
        raise ValueError(f"a sandbox needs at least {MIN_MEMORY_BYTES} bytes of memory")
    if plan.cpu_millis < 1 or plan.disk_bytes < 1:
        raise ValueError("a sandbox needs cpu and disk")
    environment = {
        # An NVIDIA runtime that is the engine's default gives every GPU to whom does not say otherwise.
        "NVIDIA_VISIBLE_DEVICES": ",".join(plan.gpu_uuids) if plan.gpu_uuids else "void",
        **plan.env,
    }
    return {
        "Image": plan.image_id,
        "Entrypoint": list(plan.command),
        "Cmd": [],
        "User": f"{SANDBOX_UID}:{SANDBOX_UID}",
        "WorkingDir": "/",
        "Hostname": "sandbox",
        "Domainname": "",
        "Env": [f"{name}={value}" for name, value in sorted(environment.items())],
        "Labels": dict(plan.labels),
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        # The agent detaches and re-attaches; its going away must not close the runner's stdin.
        "StdinOnce": False,
        "Tty": False,
        "NetworkDisabled": True,
        # An image's health check would run processes of its own beside the attempt's.
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": "SIGKILL",
        "HostConfig": _host_config(plan),
    }


def _host_config(plan: ContainerPlan) -> dict[str, Any]:
    # Memory-backed files count as memory and cannot be killed: they may never fill the whole limit.
    temporary_bytes = plan.memory_bytes // 2
    shm_bytes = min(plan.shm_bytes, plan.memory_bytes // 4)
    tmpfs = {"/tmp": f"rw,nosuid,nodev,size={temporary_bytes},mode=1777"}
    tmpfs |= {path: "ro,noexec,nosuid,nodev,size=4096" for path in plan.image_volumes}
    for mount in plan.mounts:
        tmpfs.pop(mount.target, None)
    return {
        "Privileged": False,
        "ReadonlyRootfs": True,
        "CapAdd": [],
        "CapDrop": ["ALL"],
        # The engine's default seccomp profile and its LSM profile apply because nothing here replaces them.
        "SecurityOpt": ["no-new-privileges:true"],
        "NetworkMode": "none",
        "IpcMode": "private",
        "PidMode": "",
        "UTSMode": "",
        "UsernsMode": "",
        "CgroupnsMode": "private" if plan.cgroup_version == 2 else "",
        "CgroupParent": "",
        # Not NanoCpus: the engine refuses to change the quota of a container that was made with it.
        "CpuPeriod": 100_000,
        "CpuQuota": max(1000, plan.cpu_millis * 100),
        "Memory": plan.memory_bytes,
        # Equal to the memory limit: no swap.
        "MemorySwap": plan.memory_bytes,
        "OomKillDisable": False,
        "OomScoreAdj": 500,
        "PidsLimit": plan.pids,
        "ShmSize": shm_bytes,
        "Tmpfs": tmpfs,
        "Ulimits": [
            {"Name": "nofile", "Soft": OPEN_FILES_MAX, "Hard": OPEN_FILES_MAX},
            {"Name": "fsize", "Soft": plan.disk_bytes, "Hard": plan.disk_bytes},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Mounts": [mount_option(mount) for mount in plan.mounts],
        "Binds": [],
        "VolumesFrom": [],
        "Devices": [],
        "DeviceRequests": _device_requests(plan.gpu_uuids),
        "ExtraHosts": [],
        "PortBindings": {},
        "PublishAllPorts": False,
        "Init": False,
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        # Output travels in the runner's frames; a second copy on the node's disk would be unbounded.
        "LogConfig": _BOUNDED_LOG if plan.keeps_output else {"Type": "none", "Config": {}},
    }


def mount_option(mount: VolumeMount) -> dict[str, Any]:
    """Return the engine's words for a mount of a volume of ours."""
    return {
        "Type": "volume",
        "Source": mount.volume,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        # Nothing of the image may appear in a volume of ours.
        "VolumeOptions": {"NoCopy": True},
    }


def _device_requests(gpu_uuids: tuple[str, ...]) -> list[dict[str, Any]]:
    if not gpu_uuids:
        return []
    return [
        {
            "Driver": "nvidia",
            "Count": 0,
            "DeviceIDs": list(gpu_uuids),
            "Capabilities": [["gpu", "compute", "utility"]],
            "Options": {},
        }
    ]
