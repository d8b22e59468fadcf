"""What will probably go wrong, said at submit. Advice never refuses a task."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.domain.spec import TaskSpec
from core.manifest.files import BundleFiles

MAX_FILES = 200
MAX_SOURCE_BYTES = 1 << 20
#: Import name -> package, where they differ.
_PACKAGES = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One hint. `add_package` is what one click would add to requirements.txt."""

    code: str
    text: str
    fix: str
    path: str = ""
    line: int = 0
    add_package: str = ""


def advise(spec: TaskSpec, files: BundleFiles, image_modules: Mapping[str, frozenset[str]]) -> Iterator[Advice]:
    """Look through the Python files of a bundle, up to a bound, for what fails in a container far away."""
    facts = list(files.facts())
    sources = [f.path for f in facts if f.path.endswith(".py") and f.size <= MAX_SOURCE_BYTES][:MAX_FILES]
    own = {path.split("/")[0].removesuffix(".py") for path in (f.path for f in facts)}
    own |= {path.rpartition("/")[2].removesuffix(".py") for path in sources}
    installed = _requirements(spec, files)
    missing: set[str] = set()
    for path in sources:
        text = files.read(path, MAX_SOURCE_BYTES).decode("utf-8", "replace")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", 0) or 0
            yield Advice(
                code="SYNTAX", text=f"{path} has a syntax error: {error}.", fix="Mend it.", path=path, line=line
            )
            continue
        yield from _calls(path, tree)
        if spec.image.ref in image_modules:
            known = image_modules[spec.image.ref] | own | sys.stdlib_module_names
            yield from _modules(path, tree, known, installed, missing)
    for fact in facts:
        if fact.path.endswith(".ipynb"):
            yield Advice(
                code="NOTEBOOK",
                text=f"{fact.path} is a notebook and is not run.",
                fix="Export it as a Python script: File, Save and Export As, Executable Script.",
                path=fact.path,
            )


def _requirements(spec: TaskSpec, files: BundleFiles) -> set[str]:
    if not spec.image.pip or not files.has(spec.image.pip):
        return set()
    text = files.read(spec.image.pip, 1 << 20).decode("utf-8", "replace")
    return {re.split(r"[^A-Za-z0-9_.-]", line.strip())[0].lower().replace("_", "-") for line in text.splitlines()}


def _modules(
    path: str, tree: ast.AST, known: frozenset[str], installed: set[str], missing: set[str]
) -> Iterator[Advice]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module.split(".")[0]]
        for name in names:
            package = _PACKAGES.get(name, name.lower().replace("_", "-"))
            if name in known or name in missing or package in installed:
                continue
            missing.add(name)
            yield Advice(
                code="MODULE_MISSING",
                text=f"{path} imports {name}, which is neither in the image nor in requirements.txt.",
                fix=f"Add {package} to requirements.txt.",
                path=path,
                line=getattr(node, "lineno", 0),
                add_package=package,
            )


def _calls(path: str, tree: ast.AST) -> Iterator[Advice]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
            if name == "input":
                yield Advice(
                    code="INPUT",
                    text=f"{path} waits for input; nobody can type there.",
                    fix="Use [params], or read a file.",
                    path=path,
                    line=node.lineno,
                )
            elif name in ("plt.show", "pyplot.show"):
                yield Advice(
                    code="SHOW",
                    text=f"{path} shows a window; there is no screen.",
                    fix='Write plt.savefig("out/plot.png") instead.',
                    path=path,
                    line=node.lineno,
                )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DRIVE.match(node.value):
            yield Advice(
                code="WINDOWS_PATH",
                text=f"{path} names a path of your computer: {node.value[:60]}",
                fix="Put the file into the zip and use a path relative to it.",
                path=path,
                line=node.lineno,
            )
