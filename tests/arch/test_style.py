"""What a reviewer should not have to say: length, names, words, and paths that mean nothing elsewhere."""

from __future__ import annotations

import ast
import re

import pytest

from tests.arch.house import PACKAGES, python_files, text, tracked, tree

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
#: Path -> why it may be longer. A table of data is a reason; "it grew" is none.
LONG_FILES: dict[str, str] = {
    "worker_app/execution/runner.py": "one file by design: it is put into containers as it is",
    "tests/support/pool_master.py": "a master with scripted nodes, as one thing that tests hold",
    "tests/unit/worker_app/agent/test_state_model.py": "one model with its invariants",
    "tests/integration/services/test_attempt_rules.py": "one test for each rule of a lifecycle",
}
#: "path:function" -> why it may be longer.
LONG_FUNCTIONS: dict[str, str] = {
    "master_app/bootstrap.py:_build": "the composition root: one list of constructors, read top to bottom",
    "master_app/console/models/task_rows.py:task_columns": "a table: one entry for each column",
    "tests/fakes/console_sample.py:overview": "one value of sample data",
    "core/manifest/text.py:manifest_text": "one literal: the whole manifest in the order of its reference",
    "tests/unit/worker_app/agent/test_state_model.py:perform": "one case for each instruction of the model",
}

#: Words that name nothing; say what it does. Checked on classes and modules of the product.
EMPTY_NAMES = re.compile(r"(Manager|Helper|Utils?|Processor|Wrapper)$|^(utils?|helpers?|misc|common)$", re.I)
#: Retired words of the product (one word for one thing) and where they stay lawful.
RETIRED = {
    r"\bsubjob\b": "subtask",
    r"\bmaster_node\b": "master",
    r"\bworker_node\b": "node, agent or worker",
    r"\bheart_?beat": "report",
    r"\bjob_id\b": "task_id",
    r"\bclient_app\b|\bserver_app\b": "worker_app, master_app",
}
SOURCES = python_files(*PACKAGES)
ALL_PYTHON = python_files()


def _functions(path: str) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append((f"{path}:{node.name}", node))
    return found


def test_no_file_is_too_long_to_read() -> None:
    long = {path: len(text(path).splitlines()) for path in ALL_PYTHON}
    over = {path: lines for path, lines in long.items() if lines > MAX_FILE_LINES and path not in LONG_FILES}
    assert over == {}, f"split these, or name them in LONG_FILES with the reason (limit {MAX_FILE_LINES})"


def test_no_function_is_too_long_to_read() -> None:
    over = {
        name: node.end_lineno - node.lineno + 1
        for path in ALL_PYTHON
        for name, node in _functions(path)
        if node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
        and name not in LONG_FUNCTIONS
    }
    assert over == {}, f"split these, or name them in LONG_FUNCTIONS (limit {MAX_FUNCTION_LINES})"


def test_exceptions_to_length_are_still_needed() -> None:
    lengths = {name: node for path in ALL_PYTHON for name, node in _functions(path)}
    assert [path for path in LONG_FILES if path not in ALL_PYTHON] == []
    assert [name for name in LONG_FUNCTIONS if name not in lengths] == []


def test_every_module_of_the_product_says_what_it_is() -> None:
    silent = [path for path in SOURCES if text(path).strip() and ast.get_docstring(tree(path)) is None]
    assert silent == []


def test_no_class_or_module_has_an_empty_name() -> None:
    classes = [
        f"{path}: {node.name}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and EMPTY_NAMES.search(node.name)
    ]
    modules = [path for path in SOURCES if EMPTY_NAMES.search(path.rsplit("/", 1)[-1].removesuffix(".py"))]
    assert classes + modules == []


@pytest.mark.parametrize(("word", "instead"), RETIRED.items(), ids=list(RETIRED.values()))
def test_retired_words_are_gone(word: str, instead: str) -> None:
    pattern = re.compile(word, re.I)
    found = [
        f"{path}:{number}"
        for path in SOURCES
        for number, line in enumerate(text(path).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == [], f"say {instead}"


def test_nothing_names_a_place_of_one_developers_machine() -> None:
    # The folders below /work are those inside every sandbox.
    pattern = re.compile(
        r"/work/(?!(?:out|run|parts|src|item|log|checkpoint|x)\b)\w|/home/[a-z]+/(?!\.)|C:\\\\?Users\\\\?[a-z]+\\",
        re.I,
    )
    this = "tests/arch/test_style.py"
    suffixes = (".py", ".md", ".toml", ".txt", ".sh", ".proto", ".html", ".yaml", ".yml", "/run")
    found = [
        f"{path}:{number}"
        for path in tracked()
        if path.endswith(suffixes) and path != this
        for number, line in enumerate(text(path).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_nothing_is_swallowed() -> None:
    """`except Exception: pass` hides what a person should hear; name the error, or log it."""
    found = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id.endswith("Exception")))
        and all(isinstance(step, (ast.Pass, ast.Continue)) for step in node.body)
    ]
    assert found == []


def test_the_top_level_holds_only_what_the_design_names() -> None:
    folders = {"master_app", "worker_app", "core", "protos", "resources", "tests", "docs", ".ci"}
    texts = {"README.md", "README.zh-TW.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE.txt"}
    tools = {"pyproject.toml", "requirements.txt", "uv.lock", "dev.py", ".gitignore", ".pre-commit-config.yaml"}
    allowed = folders | texts | tools | {"build_master.spec", "build_worker.spec"}
    assert {path.split("/", maxsplit=1)[0] for path in tracked()} - allowed == set()
