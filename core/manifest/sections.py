"""The tables of `hivemind.toml`, each turned into its part of a TaskSpec. Splits and params stand apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.domain.errors import Invalid
from core.domain.ledger import parse_cpt
from core.domain.resources import GIB, MIB, Resources
from core.domain.spec import (
    CollectWhen,
    ImageSpec,
    InputsSpec,
    Isolation,
    LimitsSpec,
    MergeSpec,
    OutputsSpec,
    ParamSpec,
    PreferSpec,
    RequiresSpec,
    RetrySpec,
    RunSpec,
)
from core.manifest.tables import Problems, TableReader

DAY_S = 86_400
MAX_PARAMS = 50
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "string": (str,),
    "bool": (bool,),
}


def read_image(table: TableReader) -> ImageSpec:
    image = ImageSpec(
        ref=table.text("ref", "hivemind/python", longest=300, shortest=1),
        pip=table.text("pip", "", longest=300),
        prepare_timeout_s=table.seconds("prepare_timeout", 1200, 60, DAY_S),
    )
    table.done()
    return image


def read_command(table: TableReader) -> tuple[str, ...]:
    """`command` is a list of words; a text would need a shell, and there is none."""
    value = table.raw("command")
    if isinstance(value, str):
        words = ", ".join(f'"{word}"' for word in value.split())
        table.problems.add(
            table.key("command"), "command must be a list of words, not one text.", f"Write command = [{words}]."
        )
        return ()
    return table.texts("command", (), most=1000)


def read_run(table: TableReader) -> RunSpec:
    command = read_command(table)
    env = {}
    for name, value in table.table("env").items():
        if not isinstance(value, str | int | float) or isinstance(value, bool) or not _NAME.fullmatch(name):
            table.problems.add(
                table.key(f"env.{name}"), f"env.{name} must be a name with a text.", 'Write NAME = "text".'
            )
        elif name.startswith("HIVEMIND_"):
            table.problems.add(
                table.key(f"env.{name}"), "Names that begin with HIVEMIND_ are set by HiveMind.", "Use another."
            )
        else:
            env[name] = str(value)
    run = RunSpec(
        command=command,
        workdir=table.choice("workdir", "/work/run", ("/work/run", "/work/src", "/work/out")),
        env=env,
        success_exit=_exits(table, "success_exit", (0,)),
        retry_exit=_exits(table, "retry_exit", (75,)),
        isolation=Isolation(table.choice("isolation", "task", [mode.value for mode in Isolation])),
        copy=table.boolean("copy", False),
        allow_process=table.boolean("allow_process", False),
        checkpoint_exit=table.integer("checkpoint_exit", 85, 0, 255),
        timeout_s=table.seconds("timeout", 1800, 1, 30 * DAY_S, zero=True),
        grace_s=table.seconds("grace", 30, 0, 600, zero=True),
    )
    table.done()
    return run


def _exits(table: TableReader, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = table.raw(name, list(default))
    if not isinstance(value, list) or not all(
        isinstance(code, int) and not isinstance(code, bool) and 0 <= code <= 255 for code in value
    ):
        table.problems.add(
            table.key(name), f"{name} must be a list of exit codes, 0 to 255.", f"Write {name} = [0]."
        )
        return default
    return tuple(value)


def gib(value: float) -> int:
    """Return bytes of a number of GiB, to the MiB."""
    return round(value * 1024) * MIB


def read_resources(table: TableReader) -> tuple[Resources, int, tuple[int, ...]]:
    """Return the resources, the shared memory in bytes, and the memory ladder after OOM."""
    resources = Resources(
        cpu_millis=round(table.number("cpu_cores", 1.0, 0.05, 1024) * 1000),
        memory_bytes=gib(table.number("memory_gb", 1.0, 0.0625, 8192)),
        disk_bytes=gib(table.number("disk_gb", 5.0, 0.01, 65536)),
        gpus=table.integer("gpus", 0, 0, 64),
        gpu_memory_bytes=gib(table.number("gpu_memory_gb", 0.0, 0, 1024)),
    )
    shm_bytes = table.integer("shm_mb", 64, 1, 1 << 20) * MIB
    ladder = table.raw("on_oom_memory_gb", [])
    steps: tuple[int, ...] = ()
    if not isinstance(ladder, list) or not all(
        isinstance(step, int | float) and not isinstance(step, bool) and 0 < step <= 8192 for step in ladder
    ):
        table.problems.add(
            table.key("on_oom_memory_gb"), "on_oom_memory_gb must be a list of numbers.", "Write [4.0, 8.0]."
        )
    else:
        steps = tuple(gib(step) for step in ladder[:8])
        if list(steps) != sorted({*steps}) or (steps and steps[0] <= resources.memory_bytes):
            table.problems.add(
                table.key("on_oom_memory_gb"),
                "on_oom_memory_gb must grow, from more than memory_gb on.",
                "Write for example [4.0, 8.0].",
            )
    table.done()
    return resources, shm_bytes, steps


def read_requires(table: TableReader) -> RequiresSpec:
    labels: dict[str, tuple[str, ...]] = {}
    for name, value in table.table("labels").items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(part, str) for part in values):
            table.problems.add(table.key(f"labels.{name}"), f"labels.{name} must be texts.", 'Write ["a", "b"].')
            continue
        labels[name] = tuple(values)
    requires = RequiresSpec(
        arch=table.texts("arch", ()),
        os=table.texts("os", ()),
        host_os=table.texts("host_os", ()),
        labels=labels,
        minimum=_numbers(table, "min"),
    )
    table.done()
    return requires


def read_prefer(table: TableReader) -> PreferSpec:
    prefer = PreferSpec(labels=_numbers(table, "labels"))
    table.done()
    return prefer


def _numbers(table: TableReader, key: str) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in table.table(key).items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e18:
            table.problems.add(table.key(f"{key}.{name}"), f"{key}.{name} must be a number.", "Write a number.")
            continue
        numbers[name] = float(value)
    return numbers


def read_inputs(table: TableReader) -> InputsSpec:
    inputs = InputsSpec(
        include=table.texts("include", ("**",)),
        exclude=table.texts("exclude", (".git/**", "**/__pycache__/**")),
        shared=table.texts("shared", ()),
    )
    table.done()
    return inputs


def read_outputs(table: TableReader) -> OutputsSpec:
    if table.raw("when") == "evict":
        table.problems.add(table.key("when"), 'when = "evict" is not in this version.', 'Write "always".')
        when = "success"
    else:
        when = table.choice("when", "success", [value.value for value in CollectWhen])
    outputs = OutputsSpec(
        include=table.texts("include", ("out/**",)),
        required=table.texts("required", ()),
        when=CollectWhen(when),
        max_bytes=table.integer("max_mb", 512, 1, 1 << 20) * MIB,
    )
    table.done()
    return outputs


def read_merge(table: TableReader, resources: Resources) -> MergeSpec | None:
    command = read_command(table)
    if not command:
        table.problems.add(
            table.key("command"), "[merge] needs a command.", 'Write command = ["python", "merge.py"].'
        )
    merge = MergeSpec(
        command=command,
        min_success=table.number("min_success", 1.0, 0.0, 1.0),
        resources=Resources(
            cpu_millis=round(table.number("cpu_cores", 1.0, 0.05, 1024) * 1000),
            memory_bytes=gib(table.number("memory_gb", max(1.0, resources.memory_bytes / GIB), 0.0625, 8192)),
            disk_bytes=gib(table.number("disk_gb", max(0.01, resources.disk_bytes / GIB), 0.01, 65536)),
        ),
        timeout_s=table.seconds("timeout", 3600, 1, 30 * DAY_S, zero=True),
    )
    table.done()
    return merge if command else None


def read_retry(table: TableReader) -> RetrySpec:
    retry = RetrySpec(
        user=table.integer("user", 2, 0, 100),
        infra=table.integer("infra", 5, 0, 100),
        backoff_s=table.seconds("backoff", 10, 0, 3600, zero=True),
        backoff_max_s=table.seconds("backoff_max", 300, 1, DAY_S),
        different_node=table.boolean("different_node", True),
    )
    table.done()
    return retry


def read_limits(table: TableReader, subtask_count: int) -> LimitsSpec:
    limits = LimitsSpec(
        max_failed=_max_failed(table, subtask_count),
        deadline_s=table.seconds("deadline", 0, 60, 365 * DAY_S, zero=True),
        max_ucpt=read_credits(table, "max_credits"),
    )
    table.done()
    return limits


def _max_failed(table: TableReader, subtask_count: int) -> int:
    value = table.raw("max_failed", "10%")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", value.strip()) if isinstance(value, str) else None
    if match is None or float(match.group(1)) > 100:
        table.problems.add(
            table.key("max_failed"), "max_failed must be a count or a percentage.", 'Write 3 or "10%".'
        )
        return 1
    return max(1, int(subtask_count * float(match.group(1)) / 100))


def read_credits(table: TableReader, name: str) -> int | None:
    value = table.raw(name)
    if value is None or value == "":
        return None
    try:
        if not isinstance(value, str):
            raise Invalid("not a text")
        amount = parse_cpt(value)
    except (Invalid, ValueError):
        table.problems.add(
            table.key(name), f"{name} must be an exact amount in quotes.", f'Write {name} = "12.5".'
        )
        return None
    return max(0, amount)


def read_params(
    table: Mapping[str, Any], given: Mapping[str, object], problems: Problems
) -> tuple[ParamSpec, ...]:
    """Return the params with the values of this submission. `given` are texts or values from outside."""
    if len(table) > MAX_PARAMS:
        problems.add("params", f"There are {len(table)} params; at most {MAX_PARAMS} are taken.", "Use fewer.")
        return ()
    params = []
    for name, plain in table.items():
        if not _NAME.fullmatch(name):
            problems.add(f"params.{name}", f'"{name}" cannot name a param.', "Use letters, digits and _.")
            continue
        param = _read_param(name, TableReader(f"params.{name}", plain, problems), given.get(name), problems)
        if param is not None:
            params.append(param)
    for name in given:
        if name not in table:
            problems.add(f"params.{name}"[:100], f"This task has no param {name}.", "Leave it out.", "UNKNOWN_KEY")
    return tuple(params)


def _read_param(name: str, table: TableReader, given: object, problems: Problems) -> ParamSpec | None:
    kind = table.choice("type", "string", _TYPES)
    label = table.text("label", "", longest=200)
    minimum = table.number("min", 0.0, -1e18, 1e18) if table.has("min") else None
    maximum = table.number("max", 0.0, -1e18, 1e18) if table.has("max") else None
    choices = table.texts("choices", ())
    default = table.raw("default", {"int": 0, "float": 0.0, "string": "", "bool": False}[kind])
    table.done()
    value = default if given is None else _from_text(kind, given)
    if isinstance(value, int | float) and not abs(value) <= 1e18:
        value = None
    key = f"params.{name}"
    if not isinstance(value, _TYPES[kind]) or (kind != "bool" and isinstance(value, bool)):
        problems.add(key, f"The value of {name} must be of type {kind}.", f"Give a value of type {kind}.")
        return None
    if kind == "float" and isinstance(value, int | float):
        value = float(value)
    numeric = isinstance(value, int | float) and kind != "bool"
    if numeric and not (minimum if minimum is not None else value) <= value <= (
        maximum if maximum is not None else value
    ):  # type: ignore[operator]
        problems.add(key, f"{name} is {value}; it must be {minimum} to {maximum}.", "Choose a value within.")
        return None
    if isinstance(value, str) and (len(value) > 4096 or (choices and value not in choices)):
        problems.add(key, f'{name} cannot be "{value[:80]}".', f"Choose one of {', '.join(choices)}.")
        return None
    assert isinstance(value, int | float | str | bool)
    return ParamSpec(
        name=name, type=kind, value=value, label=label, minimum=minimum, maximum=maximum, choices=choices
    )


def _from_text(kind: str, given: object) -> object:
    if not isinstance(given, str):
        return given
    text = given.strip()
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        return None
    if kind == "bool":
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower())
    return given
