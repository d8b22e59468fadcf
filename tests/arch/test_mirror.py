"""Every source file has tests of its own, at the place where a reader looks for them."""

from __future__ import annotations

import ast

from tests.arch.house import PACKAGES, python_files, text, tree

FLOORS = ("unit", "contract", "integration", "api", "ui", "web", "e2e")
#: Path, or folder ending in `/`, -> which tests see to it, or why it needs none.
ELSEWHERE: dict[str, str] = {
    "core/domain/errors.py": "plain exceptions; each code is seen where it is raised",
    "core/domain/spec.py": "a shape without behaviour; the manifest's tests fill it",
    "core/domain/session.py": "shapes without behaviour; the codec's tests send every one through the wire",
    "core/domain/views.py": "shapes without behaviour",
    "core/domain/events.py": "shapes without behaviour",
    "core/domain/explain.py": "shapes without behaviour",
    "master_app/ports/": "protocols; tests/contract runs a suite on each real thing and its fake",
}


def _has_behaviour(path: str) -> bool:
    """Tell whether a file has anything to test: some function with a body that is not a protocol's."""
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            last = node.body[-1]
            silent = isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
            if not silent and not isinstance(last, ast.Pass):
                return True
    return False


def _covered(path: str, tests: set[str]) -> bool:
    parts = path.removesuffix(".py").split("/")
    folder, name = "/".join(parts[:-1]), parts[-1].strip("_")
    for floor in FLOORS:
        below = f"tests/{floor}/{folder}/"
        # One file may need several test files: test_store.py, test_store_limits.py.
        if any(
            test.startswith(below) and test.removeprefix(below).startswith((f"test_{name}.", f"test_{name}_"))
            for test in tests
        ):
            return True
        # A small room may be tested as one: tests/unit/core/test_domain.py,
        # tests/contract/core/test_blobs.py.
        if any(test == f"tests/{floor}/{'/'.join(parts[:-2])}/test_{parts[-2]}.py" for test in tests):
            return True
    module = path.removesuffix(".py").replace("/", ".")
    parent, _, leaf = module.rpartition(".")
    wanted = (f"from {module} import", f"import {module}", f"from {parent} import {leaf}")
    outside_unit = [test for test in tests if not test.startswith(("tests/unit/", "tests/arch/", "tests/fakes/"))]
    return any(any(line in text(test) for line in wanted) for test in outside_unit)


def test_every_source_file_has_its_tests() -> None:
    tests = {path for path in python_files("tests") if path.rsplit("/", 1)[-1].startswith("test_")}
    untested = [
        path
        for path in python_files(*PACKAGES)
        if not path.endswith(("__init__.py", "__main__.py"))
        and path not in ELSEWHERE
        and not any(path.startswith(folder) for folder in ELSEWHERE if folder.endswith("/"))
        and "/migrations/" not in path
        and _has_behaviour(path)
        and not _covered(path, tests)
    ]
    assert untested == [], (
        "write tests/unit/<its path>/test_<its name>.py, or name it in ELSEWHERE with the reason"
    )


def test_no_exception_names_a_file_that_is_gone() -> None:
    sources = python_files(*PACKAGES)
    gone = [name for name in ELSEWHERE if not any(path.startswith(name) for path in sources)]
    assert gone == []
