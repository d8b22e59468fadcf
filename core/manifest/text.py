"""A spec as the text of a resolved manifest: every default filled in, so that a run can be repeated exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from core.domain.resources import GIB, MIB
from core.domain.spec import SplitMode, SplitSpec, TaskSpec

TomlValue = str | int | float | bool | tuple["TomlValue", ...] | Mapping[str, "TomlValue"]


def manifest_text(spec: TaskSpec) -> str:
    """Return TOML that reads back to the same spec, given the same bundle."""
    tables: dict[str, dict[str, TomlValue]] = {
        "task": {
            "name": spec.name,
            "description": spec.description,
            "priority": spec.priority,
            "tags": spec.tags,
            "after": spec.after,
            "lease": f"{spec.lease_s}s",
        },
        "params": {param.name: _param(param) for param in spec.params},
        "image": {
            "ref": spec.image.ref,
            "pip": spec.image.pip,
            "prepare_timeout": f"{spec.image.prepare_timeout_s}s",
        },
        "run": {
            "command": spec.run.command,
            "workdir": spec.run.workdir,
            "env": dict(spec.run.env),
            "success_exit": spec.run.success_exit,
            "retry_exit": spec.run.retry_exit,
            "isolation": spec.run.isolation.value,
            "copy": spec.run.copy,
            "allow_process": spec.run.allow_process,
            "checkpoint_exit": spec.run.checkpoint_exit,
            "timeout": f"{spec.run.timeout_s}s",
            "grace": f"{spec.run.grace_s}s",
        },
        "resources": {
            "cpu_cores": spec.resources.cpu_millis / 1000,
            "memory_gb": spec.resources.memory_bytes / GIB,
            "disk_gb": spec.resources.disk_bytes / GIB,
            "gpus": spec.resources.gpus,
            "gpu_memory_gb": spec.resources.gpu_memory_bytes / GIB,
            "shm_mb": spec.shm_bytes // MIB,
            "on_oom_memory_gb": tuple(step / GIB for step in spec.on_oom_memory_bytes),
        },
        "requires": {
            "arch": spec.requires.arch,
            "os": spec.requires.os,
            "host_os": spec.requires.host_os,
            "labels": dict(spec.requires.labels),
            "min": dict(spec.requires.minimum),
        },
        "prefer": {"labels": dict(spec.prefer.labels)},
        "split": _split(spec.split),
        "inputs": {
            "include": spec.inputs.include,
            "exclude": spec.inputs.exclude,
            "shared": spec.inputs.shared,
        },
        "outputs": {
            "include": spec.outputs.include,
            "required": spec.outputs.required,
            "when": spec.outputs.when.value,
            "max_mb": spec.outputs.max_bytes // MIB,
        },
        **_merge(spec),
        "retry": {
            "user": spec.retry.user,
            "infra": spec.retry.infra,
            "backoff": f"{spec.retry.backoff_s}s",
            "backoff_max": f"{spec.retry.backoff_max_s}s",
            "different_node": spec.retry.different_node,
        },
        "limits": {
            "max_failed": spec.limits.max_failed,
            "deadline": f"{spec.limits.deadline_s}s",
            **_cap(spec),
        },
    }
    lines = ["schema = 1"]
    for name, table in tables.items():
        lines.append(f"\n[{name}]")
        lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _param(param: object) -> TomlValue:
    from core.domain.spec import ParamSpec

    assert isinstance(param, ParamSpec)
    value: dict[str, TomlValue] = {"type": param.type, "default": param.value}
    if param.minimum is not None:
        value["min"] = param.minimum
    if param.maximum is not None:
        value["max"] = param.maximum
    if param.choices:
        value["choices"] = param.choices
    if param.label:
        value["label"] = param.label
    return value


def _split(split: SplitSpec) -> dict[str, TomlValue]:
    table: dict[str, TomlValue] = {
        "mode": split.mode.value,
        "chunk": split.chunk,
        "max_parallel": split.max_parallel,
    }
    if split.mode is SplitMode.COUNT:
        table["count"] = split.item_count
    elif split.mode is SplitMode.FILES:
        table |= {"files": split.files, "sort": split.sort}
    elif split.mode is SplitMode.LINES:
        table |= {"file": split.file, "skip_header": split.skip_header}
    elif split.mode is SplitMode.GRID:
        table["grid"] = dict(split.grid)
    elif split.mode is SplitMode.LIST:
        # The items themselves stand in the bundle's own manifest; here only what kind of split it was.
        table["items"] = ()
    return table


def _merge(spec: TaskSpec) -> dict[str, dict[str, TomlValue]]:
    merge = spec.merge
    if merge is None:
        return {}
    return {
        "merge": {
            "command": merge.command,
            "min_success": merge.min_success,
            "cpu_cores": merge.resources.cpu_millis / 1000,
            "memory_gb": merge.resources.memory_bytes / GIB,
            "disk_gb": merge.resources.disk_bytes / GIB,
            "timeout": f"{merge.timeout_s}s",
        }
    }


def _cap(spec: TaskSpec) -> dict[str, TomlValue]:
    if spec.limits.max_ucpt is None:
        return {}
    return {"max_credits": format(Decimal(spec.limits.max_ucpt) / 1_000_000, "f")}


def _key(key: str) -> str:
    plain = key.replace("-", "").replace("_", "")
    return key if plain.isascii() and plain.isalnum() else json.dumps(key, ensure_ascii=False)


def _value(value: TomlValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    return "[" + ", ".join(_value(inner) for inner in value) + "]"
