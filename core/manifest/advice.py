"""What will probably go wrong, said at submit. Advice never refuses a task."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from core.domain.spec import TaskSpec
from core.manifest.encodings import big5_files
from core.manifest.files import BundleFiles, FileFacts

MAX_FILES = 200
MAX_SOURCE_BYTES = 1 << 20
#: More is not read by anybody.
MAX_ADVICE = 50
#: Import name -> package, where they differ.
_PACKAGES = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
}
#: Modules of the standard library that need a screen or a keyboard.
_NO_SCREEN = frozenset({"tkinter", "turtle", "curses"})
_DRIVE = re.compile(r"[A-Za-z]:[\\/]\w|\\\\[\w.-]+\\\w")
_SHOWS = frozenset({"plt.show", "pyplot.show", "matplotlib.pyplot.show", "cv2.imshow"})
_ASKS = frozenset({"input", "getpass", "getpass.getpass"})
#: Calls that read a text, and at which place their encoding may stand.
_READS = {
    "open": 3,
    "read_csv": None,
    "read_table": None,
    "read_text": 0,
    "loadtxt": None,
    "genfromtxt": None,
}


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
    return islice(_all_advice(spec, files, image_modules), MAX_ADVICE)


def _all_advice(
    spec: TaskSpec, files: BundleFiles, image_modules: Mapping[str, frozenset[str]]
) -> Iterator[Advice]:
    facts = list(files.facts())
    yield from _notebooks(facts)
    sources = [f.path for f in facts if f.path.endswith(".py") and f.size <= MAX_SOURCE_BYTES][:MAX_FILES]
    own = {path.split("/")[0].removesuffix(".py") for path in (f.path for f in facts)}
    own |= {path.rpartition("/")[2].removesuffix(".py") for path in sources}
    installed = _requirements(spec, files)
    big5 = big5_files(facts, files)
    missing: set[str] = set()
    for path in sources:
        content = files.read(path, MAX_SOURCE_BYTES)
        try:
            text = _decoded(content)
        except (SyntaxError, UnicodeDecodeError, LookupError):
            yield Advice(
                code="SOURCE_ENCODING",
                text=f"{path} is not UTF-8, so Python will not read it.",
                fix="Save it as UTF-8.",
                path=path,
            )
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", 0) or 0
            yield Advice(
                code="SYNTAX", text=f"{path} has a syntax error: {error}.", fix="Mend it.", path=path, line=line
            )
            continue
        yield from _calls(path, tree, big5)
        if spec.image.ref in image_modules:
            known = image_modules[spec.image.ref] | own | sys.stdlib_module_names
            yield from _modules(path, tree, known, installed, missing)


def _notebooks(facts: list[FileFacts]) -> Iterator[Advice]:
    for fact in facts:
        if fact.path.endswith(".ipynb"):
            yield Advice(
                code="NOTEBOOK",
                text=f"{fact.path} is a notebook and is not run.",
                fix="Export it as a Python script: File, Save and Export As, Executable Script.",
                path=fact.path,
            )


def _decoded(content: bytes) -> str:
    """Return a source as Python will read it: by its own declaration, else UTF-8."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def _requirements(spec: TaskSpec, files: BundleFiles) -> set[str]:
    if not spec.image.pip or not files.has(spec.image.pip):
        return set()
    text = files.read(spec.image.pip, 1 << 20).decode("utf-8", "replace")
    return {re.split(r"[^A-Za-z0-9_.-]", line.strip())[0].lower().replace("_", "-") for line in text.splitlines()}


def _modules(
    path: str, tree: ast.AST, known: frozenset[str], installed: set[str], missing: set[str]
) -> Iterator[Advice]:
    for node, names in _imports(tree):
        for name in names:
            if name in _NO_SCREEN and name not in missing:
                missing.add(name)
                yield Advice(
                    code="SHOW",
                    text=f"{path} imports {name}, which needs a screen or a keyboard; there is none.",
                    fix="Write files into out/ instead.",
                    path=path,
                    line=node.lineno,
                )
            package = _PACKAGES.get(name, name.lower().replace("_", "-"))
            if name in known or name in missing or package in installed:
                continue
            missing.add(name)
            yield Advice(
                code="MODULE_MISSING",
                text=f"{path} imports {name}, which is neither in the image nor in requirements.txt.",
                fix=f"Add {package} to requirements.txt.",
                path=path,
                line=node.lineno,
                add_package=package,
            )


def _imports(tree: ast.AST) -> Iterator[tuple[ast.Import | ast.ImportFrom, list[str]]]:
    """Yield imports that must work: not those that the program itself can do without."""
    optional: set[int] = set()
    for node in ast.walk(tree):
        if (isinstance(node, ast.Try) and node.handlers) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        ):
            optional |= {id(inner) for part in node.body for inner in ast.walk(part)}
        if id(node) in optional:
            continue
        if isinstance(node, ast.Import):
            yield node, [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node, [node.module.split(".")[0]]


def _calls(path: str, tree: ast.AST, big5: Mapping[str, str]) -> Iterator[Advice]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
            if name in _ASKS:
                yield Advice(
                    code="INPUT",
                    text=f"{path} waits for input; nobody can type there.",
                    fix="Use [params], or read a file.",
                    path=path,
                    line=node.lineno,
                )
            elif name in _SHOWS:
                yield Advice(
                    code="SHOW",
                    text=f"{path} shows a window; there is no screen.",
                    fix='Write plt.savefig("out/plot.png") instead.',
                    path=path,
                    line=node.lineno,
                )
            elif big5:
                yield from _reading(path, node, name, big5)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _DRIVE.match(node.value):
            yield Advice(
                code="WINDOWS_PATH",
                text=f"{path} names a path of your computer: {node.value[:60]}",
                fix="Put the file into the zip and use a path relative to it.",
                path=path,
                line=node.lineno,
            )


def _reading(path: str, call: ast.Call, name: str, big5: Mapping[str, str]) -> Iterator[Advice]:
    """A text that Windows in Traditional Chinese wrote, read as if it were UTF-8."""
    verb = name.rpartition(".")[2]
    if verb not in _READS or any(word.arg in ("encoding", None) for word in call.keywords):
        return
    place = _READS[verb]
    if place is not None and len(call.args) > place:
        return
    constants = [
        each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    modes = [*constants[1:2], *(w.value.value for w in call.keywords if isinstance(w.value, ast.Constant))]
    if verb == "open" and any(isinstance(mode, str) and re.search("[bwax]", mode) for mode in modes):
        return
    named = constants[0].removeprefix("./") if constants and verb != "read_text" else ""
    if named and named not in big5:
        return
    file, encoding = (named, big5[named]) if named else next(iter(big5.items()))
    yield Advice(
        code="BIG5",
        text=f"{file} is not UTF-8 but {encoding}, and {path} reads without saying so.",
        fix=f'Write encoding="{encoding}" there, or save the file as UTF-8.',
        path=path,
        line=call.lineno,
    )
