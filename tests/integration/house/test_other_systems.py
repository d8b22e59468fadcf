"""Nothing of either program needs a POSIX module, or a POSIX name of a common one, to be imported.

A stand-in for starting it on Windows; not verified by this: that it works there.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.arch.house import ROOT, python_files, tree

#: The runner runs inside Linux containers, on the image's own Python.
INSIDE_CONTAINERS = "worker_app/execution/runner.py"
FACES = ("worker_app/tray/", "master_app/console/", "core/desktop/")
ABSENT = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "crypt", "readline", "spwd")
#: What Windows lacks of modules that it has.
LACKING = {
    "os": {
        "fork",
        "geteuid",
        "getuid",
        "getgid",
        "setsid",
        "killpg",
        "pipe2",
        "O_CLOEXEC",
        "O_DIRECTORY",
        "wait4",
    },
    "signal": {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGCHLD", "pthread_sigmask"},
    "socket": {"AF_UNIX", "SO_REUSEPORT"},
    "time": {"CLOCK_BOOTTIME", "CLOCK_MONOTONIC", "clock_gettime"},
}
CHECK = """
import builtins, importlib, sys
inner = builtins.__import__
def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    asking = (globals or {{}}).get("__name__", "").split(".")[0]
    if asking in ("core", "master_app", "worker_app") and name.split(".")[0] in {absent!r}:
        raise ImportError(name + " is not there on Windows")
    return inner(name, globals, locals, fromlist, level)
builtins.__import__ = guarded
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{{name}}: {{type(error).__name__}}: {{error}}")
"""


def files_of(package: str) -> list[str]:
    return [
        path
        for path in python_files(package)
        if path != INSIDE_CONTAINERS and not path.startswith(FACES) and "/migrations/" not in path
    ]


@pytest.mark.parametrize("package", ["core", "worker_app", "master_app"])
def test_every_module_is_imported_without_what_windows_lacks(package: str) -> None:
    names = [path.removesuffix(".py").replace("/", ".").removesuffix(".__init__") for path in files_of(package)]
    assert len(names) > 30
    code = CHECK.format(absent=ABSENT, modules=[name for name in names if not name.endswith("__main__")])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == ""


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is evaluated while a module is imported: bodies of functions are not."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


@pytest.mark.parametrize("package", ["core", "worker_app", "master_app"])
def test_no_module_names_what_windows_lacks_while_it_is_imported(package: str) -> None:
    found = []
    for path in files_of(package):
        for node in at_import(tree(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.attr in LACKING.get(node.value.id, ()):
                    found.append(f"{path}:{node.lineno}: {node.value.id}.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and LACKING.get(node.module or "", set()) & {
                alias.name for alias in node.names
            }:
                found.append(f"{path}:{node.lineno}: from {node.module}")
    assert found == []
