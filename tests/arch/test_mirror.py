"""Every source file has tests of its own, at the place where a reader looks for them."""

from __future__ import annotations

import ast

from tests.arch.house import PACKAGES, python_files, text, tree

FLOORS = ("unit", "contract", "integration", "api", "ui", "web", "e2e")
#: Path, or folder ending in `/`, -> which tests see to it, or why it needs none.
ELSEWHERE: dict[str, str] = {
    "core/domain/errors.py": "plain exceptions; each code is seen where it is raised",
    "core/domain/spec.py": "a shape without behaviour; the manifest's tests fill it",
    "core/domain/membership.py": "shapes without behaviour",
    "core/domain/session.py": "shapes without behaviour; the codec's tests send every one through the wire",
    "core/domain/console.py": "shapes without behaviour",
    "core/domain/console_pages.py": "shapes without behaviour",
    "core/domain/views.py": "shapes without behaviour",
    "core/domain/events.py": "shapes without behaviour",
    "core/domain/explain.py": "shapes without behaviour",
    "core/manifest/": "tests/unit/core/manifest reads whole manifests (reading, items, fuzz) through these parts",
    "core/desktop/cells.py": "tests/ui/core/desktop/test_tables.py paints and copies them",
    "core/desktop/fonts.py": "lists of faces; the pictures of tests/ui show them",
    "core/desktop/icons.py": "tests/ui/core/desktop/test_widgets.py draws every icon in every scheme",
    "core/desktop/stylesheet.py": "tests/ui/core/desktop/test_theme.py switches it",
    "core/rpc/interceptors.py": "tests/integration/wire: every refusal of a door goes through it",
    "core/rpc/server.py": "tests/integration/wire starts the real servers",
    "master_app/admin.py": "tests/e2e: admin commands beside a running master",
    "master_app/assembly.py": "a list of services; tests/e2e runs what it names",
    "master_app/checkup.py": "tests/integration/wire/test_console_door.py asks the doctor and changes settings",
    "master_app/console_desk.py": "tests/integration/wire/test_console_door.py calls every one of its answers",
    "master_app/console_fittings.py": "tests/integration/wire/test_console_door.py runs what it builds",
    "master_app/notice_fittings.py": "tests/api/master_app/test_notices.py delivers through what it builds",
    "master_app/console_uploads.py": "tests/integration/wire/test_console_door.py submits through it",
    "master_app/pool_watch.py": "tests/integration/wire/test_console_door.py watches a real pool",
    "master_app/bootstrap.py": "tests/integration/services and tests/e2e run what it builds",
    "master_app/console/": "tests/ui/master_app/console plays whole windows; tests/e2e has a real master",
    "master_app/daemon.py": "tests/e2e starts and ends the real process",
    "master_app/fittings.py": "tests/integration/services and tests/e2e run what bootstrap joins with it",
    "master_app/folder.py": "tests/e2e: the lock and the doors of a running master",
    "master_app/operations.py": "tests/integration/services, tests/e2e",
    "master_app/rebuilding.py": "tests/integration/services restarts masters in the middle of tasks",
    "master_app/settings.py": "declarations; tests/unit/core/test_settings.py tests how they are read",
    "master_app/web/pages/": "tests/web plays every page in a browser; tests/unit has what pages compute",
    "master_app/web/schemas/": "tests/api/test_openapi.py holds every answer of the app against them",
    "master_app/web/api/parts.py": "what the subjects share: every test of tests/api goes through it",
    "master_app/vitals.py": "tests/integration/services/test_conditions.py, through a whole master",
    "master_app/node_pool/": "tests/integration/services plays nodes against the real services and SQLite",
    "master_app/tasks/": "tests/integration/services plays whole tasks against the real services and SQLite",
    "master_app/rpc/": "tests/integration/wire calls every door over mutual TLS",
    "master_app/scheduling/": "tests/unit/master_app/scheduling tests placement and explain through these parts",
    "master_app/storage/": "tests/integration/storage and the contract suites, on SQLite and PostgreSQL",
    "worker_app/agent/": "the dialogue and model tests of tests/unit/worker_app/agent, tests/integration/agent",
    "worker_app/bootstrap.py": "tests/e2e starts the real process",
    "worker_app/daemon.py": "tests/e2e starts the real process",
    "worker_app/execution/conductor.py": "tests/contract/test_sandbox.py, tests/integration/execution",
    "worker_app/execution/kept_images.py": "tests/integration/execution/test_kept_images.py, on the real engine",
    "worker_app/execution/keeping.py": "tests/integration/execution/test_kept_images.py, on the real engine",
    "worker_app/execution/sandbox.py": "tests/contract/test_sandbox.py, tests/integration/execution",
    "worker_app/execution/first_process.py": "tests/contract/test_sandbox.py, tests/integration/execution",
    "worker_app/execution/plain_process.py": "tests/contract/test_sandbox.py",
    "worker_app/execution/plain_runtime.py": "tests/contract/test_sandbox.py",
    "worker_app/execution/process_files.py": "tests/contract/test_sandbox.py",
    "worker_app/execution/output_reader.py": "tests/contract/test_sandbox.py, tests/integration/execution",
    "worker_app/execution/streams.py": "tests/contract/test_sandbox.py, tests/integration/execution",
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
