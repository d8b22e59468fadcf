"""The manifest reference: every table and key of hivemind.toml with its default and its meaning.

A test compares keys and defaults with what the reader of manifests really knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    default: str
    about: object


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    about: object
    keys: Sequence[Key]


TABLES: Final = (
    Section(
        "task",
        _l("What it is called and how urgent it is"),
        (
            Key("name", '"task"', _l("1 to 128 characters")),
            Key("description", '""', _l("For people")),
            Key("priority", "50", _l("0 to 100; larger goes first; above 50 is for operators")),
            Key("tags", "[]", _l("Words to find it by")),
            Key("after", "[]", _l("Ids of tasks that must succeed first")),
            Key("lease", '"10m"', _l("How long a node may go on without contact")),
        ),
    ),
    Section(
        "params",
        _l("Inputs of the task; the submit page makes a form of them"),
        (
            Key(
                "NAME",
                "",
                _l(
                    '{ type = "int", default = 64, min = 1, max = 1024, label = "Members" }; '
                    "types int, float, string, bool; choices for a list"
                ),
            ),
        ),
    ),
    Section(
        "image",
        _l("What it runs in"),
        (
            Key(
                "ref",
                '"hivemind/python"',
                _l("A name of the pool's catalogue, or an image that the operator allows"),
            ),
            Key("pip", '"requirements.txt"', _l("Packages, resolved once when you submit; empty: none")),
            Key("prepare_timeout", '"20m"', _l("How long getting ready may take on a node")),
        ),
    ),
    Section(
        "run",
        _l("The command of one part"),
        (
            Key("command", "", _l('Words, no shell: ["python", "main.py", "--index", "{{index}}"]')),
            Key("workdir", '"/work/run"', _l("Where it starts")),
            Key("env", "{}", _l("Environment variables")),
            Key("success_exit", "[0]", _l("Exit codes that mean success")),
            Key("retry_exit", "[75]", _l("Exit codes that mean: try again, it is not my fault")),
            Key(
                "isolation",
                '"task"',
                _l("task: parts reuse a container one after another; subtask: a fresh one each"),
            ),
            Key("copy", "false", _l("true: a writable copy of the bundle")),
            Key(
                "allow_process", "false", _l("true: may run without a container, on your own nodes that offer it")
            ),
            Key("checkpoint_exit", "85", _l("Exit code that means: stopped with a checkpoint; 0: off")),
            Key("timeout", '"30m"', _l("Longest run of one part")),
            Key("grace", '"30s"', _l("Time between the polite stop and the hard one")),
        ),
    ),
    Section(
        "resources",
        _l("What one part needs; it is reserved, and its price follows from it"),
        (
            Key("cpu_cores", "1.0", _l("Cores")),
            Key("memory_gb", "1.0", _l("Memory in GB")),
            Key("disk_gb", "5.0", _l("Disk in GB")),
            Key("gpus", "0", _l("Whole GPUs")),
            Key("gpu_memory_gb", "0.0", _l("Memory of each GPU in GB")),
            Key("shm_mb", "64", _l("Shared memory in MB")),
            Key("on_oom_memory_gb", "[]", _l("Memory of the next tries after running out of it")),
        ),
    ),
    Section(
        "requires",
        _l("Hard conditions on the node"),
        (
            Key("arch", "[]", _l("x86_64, arm64")),
            Key("os", "[]", _l("Of the container engine")),
            Key("host_os", "[]", _l("Of the computer")),
            Key("labels", "{}", _l("Any of the values for each label")),
            Key("min", "{}", _l("Least numbers, such as bandwidth_mbps")),
        ),
    ),
    Section("prefer", _l("Soft wishes"), (Key("labels", "{}", _l("Added to the score; negative is better")),)),
    Section(
        "split",
        _l("How the task becomes parts"),
        (
            Key("mode", '"none"', _l("none, count, files, lines, grid, list")),
            Key("count", "", _l("mode count: how many parts")),
            Key("files", "", _l("mode files: patterns; {{item.path}}, {{item.name}}, {{item.stem}}")),
            Key("file", "", _l("mode lines: the file; the slice is in /work/item/lines.txt")),
            Key("grid", "", _l("mode grid: values for each name; {{item.NAME}}")),
            Key("items", "", _l("mode list: the rows; {{item.KEY}}")),
            Key("chunk", "1", _l("Items in one part")),
            Key("max_parallel", "0", _l("At most so many at once; 0: no limit")),
        ),
    ),
    Section(
        "inputs",
        _l("Which files go where"),
        (
            Key("include", '["**"]', _l("Files of the zip that count")),
            Key("exclude", '[".git/**", "**/__pycache__/**"]', _l("Files that do not")),
            Key("shared", "[]", _l("What every part gets; empty: all that is not a part's own")),
        ),
    ),
    Section(
        "outputs",
        _l("What comes back"),
        (
            Key("include", '["out/**"]', _l("Files that are results")),
            Key("required", "[]", _l("Files without which a part has failed")),
            Key("when", '"success"', _l("success, or always")),
            Key("max_mb", "512", _l("Largest result of one part")),
        ),
    ),
    Section(
        "merge",
        _l("One last step over all results, in /work/parts"),
        (
            Key("command", "", _l("Words, no shell")),
            Key("min_success", "1.0", _l("Share of parts that must have succeeded")),
            Key("cpu_cores", "1.0", _l("Cores")),
            Key("memory_gb", "1.0", _l("Memory in GB")),
            Key("timeout", '"1h"', _l("Longest run")),
        ),
    ),
    Section(
        "retry",
        _l("What happens after a failure"),
        (
            Key("user", "2", _l("More tries after a failure of the program")),
            Key("infra", "5", _l("More tries after a failure of a node")),
            Key("backoff", '"10s"', _l("Wait before the next try; it doubles")),
            Key("backoff_max", '"5m"', _l("Longest wait")),
            Key("different_node", "true", _l("Try elsewhere")),
        ),
    ),
    Section(
        "limits",
        _l("Where the task stops"),
        (
            Key("max_failed", '"10%"', _l("Failed parts, as a number or a share, at which the task fails")),
            Key("deadline", "", _l("For the whole task, such as 24h")),
            Key("max_credits", "", _l("Cost cap in CPT, in quotes; at the cap the task is held, nothing is lost")),
        ),
    ),
)
