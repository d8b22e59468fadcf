"""Manifests become specs, or problems that say line, key, reason and fix; nothing else ever comes out."""

from __future__ import annotations

import os
import random

import pytest

from core.domain.spec import Isolation, TaskSpec
from core.manifest.reading import Reading, read_manifest
from core.manifest.spec_json import spec_from_json, spec_to_json
from tests.unit.core.manifest.folders import MemoryFiles
from worker_app.execution.policy import MIN_MEMORY_BYTES

FILES = {
    "main.py": b"print(1)\n",
    "merge.py": b"",
    "data/a.csv": b"1\n",
    "data/b.csv": b"22\n",
    "l.txt": b"x\ny\n",
}
#: HIVEMIND_FUZZ=100000 runs the long form.
INPUTS = int(os.environ.get("HIVEMIND_FUZZ", "3000"))


def _read(text: str, given: dict[str, object] | None = None) -> Reading:
    return read_manifest(MemoryFiles({**FILES, "hivemind.toml": text.encode()}), given)


def _spec(text: str, given: dict[str, object] | None = None) -> TaskSpec:
    reading = _read(text, given)
    assert reading.problems == () and reading.spec is not None
    return reading.spec


def test_a_misspelt_key_names_its_line_and_the_nearest_key() -> None:
    (problem,) = _read('schema = 1\n[task]\nname = "a"\n[resources]\nmemroy_gb = 2\n').problems
    assert (problem.line, problem.key, problem.code) == (5, "resources.memroy_gb", "UNKNOWN_KEY")
    assert "memory_gb" in problem.fix


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[network]\nmode = "egress"\n', 2),
        ('[outputs]\nwhen = "evict"\n', 2),
        ("[run]\nspeculate = true\n", 2),
    ],
)
def test_what_is_reserved_is_refused_as_not_in_this_version(text: str, line: int) -> None:
    (problem,) = _read(text).problems
    assert "not in this version" in problem.reason or problem.code == "NOT_IN_THIS_VERSION"
    assert problem.line == line and problem.fix


def test_broken_toml_names_its_line() -> None:
    (problem,) = _read('[task]\nname = "a\n').problems
    assert problem.code == "MANIFEST_SYNTAX" and problem.line == 2


def test_a_byte_order_mark_is_accepted() -> None:
    assert _spec('\ufeff[task]\nname = "a"\n').name == "a"


def test_old_fields_of_the_api_win_over_the_manifest() -> None:
    spec = _spec(
        '[task]\nname = "a"\n[resources]\ncpu_cores = 1\n',
        {"task_name": "b", "cpu_cores": "4", "memory_gb": "8", "gpu_required": "True", "priority": "70"},
    )
    assert (spec.name, spec.priority) == ("b", 70)
    assert (spec.resources.cpu_millis, spec.resources.memory_bytes, spec.resources.gpus) == (4000, 8 << 30, 1)


def test_an_old_zip_runs_its_first_known_script() -> None:
    reading = read_manifest(MemoryFiles({"run.py": b"", "app.py": b"", "requirements.txt": b"six\n"}))
    assert reading.spec is not None
    assert reading.spec.run.command == ("python", "run.py") and reading.spec.image.pip == "requirements.txt"
    assert reading.spec.run.isolation is Isolation.SUBTASK and reading.spec.run.collect_changes


def test_a_million_subtasks_are_a_number() -> None:
    assert _spec('[split]\nmode = "count"\ncount = 1000000\n').subtask_count == 1_000_000
    assert _read('[split]\nmode = "count"\ncount = 1000001\n').problems


PIECES = [
    # Pieces of manifests, right and wrong.
    "schema = 1", "[task]", "[run]", "[split]", "[split.grid]", "[merge]", "[limits]", "[resources]", "[params]",
    "[network]", "[outputs]", "[retry]", "[requires]", "[secrets]", "[[run]]", "task = 3",
    'name = "x"', "name = 5",
    'command = ["python", "main.py", "{{index}}"]', 'command = "python main.py"', "command = [[1]]",
    'mode = "count"', 'mode = "grid"', 'mode = "files"', 'mode = "lines"', 'mode = "list"', 'mode = []',
    "count = -1", "count = 99999999999999999999", "chunk = 0", "chunk = 3", 'files = ["data/*"]', 'file = "l.txt"',
    'items = [ { a = 1 }, { a = "b" } ]', "items = [1, [2]]", 'lr = [0.1, nan, inf]', 'seed = { range = "0-9:2" }',
    'seed = { range = "9-0" }', 'seed = { range = "0-99999999999" }', 'max_failed = "10%"', 'max_failed = "x%"',
    "max_failed = true", 'max_credits = "1.5"', "max_credits = 1.5", "cpu_cores = nan", "cpu_cores = inf",
    "memory_gb = -1", 'memory_gb = "2"', "gpus = 1.5", 'timeout = "30m"', 'timeout = "-1"', "timeout = inf",
    'timeout = "9999999999999999999999d"', 'x = { type = "int", default = 1, min = 0 }', 'x = { type = "no" }',
    "x = 1", "env = { A = 1 }", "env = []", 'labels = { a = ["b"] }', "labels = { a = [1] }",
    "min = { a = true }", "labels = { a = nan }",
    'required = ["out/{{item.a}}"]', 'required = ["../x"]', "include = 1", "success_exit = [0, 300]",
    "on_oom_memory_gb = [nan]",
    'user = 1979-05-27', 'when = "always"', 'after = ["x"]', "priority = 101", 'skip_header = 1',
    '"quoted.key" = 1',
    'a.b.c = 1', "count = 7", "min_success = nan", 'pip = "nothing.txt"', 'workdir = "/"', "x = [[[[[[]]]]]]",
    'choices = ["{{", "}}"]', 'name = "\\u0000"', 'description = "{{params.x}}"', "copy = 1",
]  # fmt: skip


def test_no_manifest_gives_anything_but_a_spec_or_problems() -> None:
    chance = random.Random(20_261_124)
    specs = 0
    for _ in range(INPUTS):
        lines = [chance.choice(PIECES) for _ in range(chance.randint(1, 9))]
        text = "\n".join(lines)
        if chance.random() < 0.2:
            place = chance.randrange(len(text))
            text = text[:place] + chr(chance.randrange(1, 0x3000)) + text[place + chance.randint(0, 3) :]
        reading = _read(text)
        assert (reading.spec is None) == bool(reading.problems), text
        for problem in reading.problems:
            assert problem.code and problem.reason and problem.fix, text
        if reading.spec is not None:
            specs += 1
            assert spec_from_json(spec_to_json(reading.spec)) == reading.spec, text
    assert specs > INPUTS // 100, "the pieces no longer make any valid manifest"


def test_memory_that_no_sandbox_can_live_in_is_refused_before_any_node_is_asked() -> None:
    # Every node would refuse it, one after another, and each would be blamed.
    (problem,) = _read('[task]\nname = "a"\n[run]\ncommand = ["x"]\n[resources]\nmemory_gb = 0.06\n').problems
    assert problem.key == "resources.memory_gb" and "0.0625" in f"{problem.reason} {problem.fix}"
    spec = _spec('[task]\nname = "a"\n[run]\ncommand = ["x"]\n[resources]\nmemory_gb = 0.0625\n')
    assert spec.resources.memory_bytes >= MIN_MEMORY_BYTES
