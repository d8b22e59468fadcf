"""From a traceback to a fix. Pure: texts in, a diagnosis out; what a fix promises is checked on the files.

read_traceback   the last one of stderr: frames, type, message
diagnose         the frame inside the bundle, a known cause, the change that mends it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from core.domain.attempt import FailureClass

#: Import name -> package, where they differ.
_PACKAGES: Final = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
}
_ENCODINGS: Final = ("cp950", "gb18030", "shift_jis", "euc_kr", "cp1252")
_TEXT_SUFFIXES: Final = (".csv", ".txt", ".tsv", ".json", ".dat", ".md", ".xml")
_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<where>.+))?$')
_LAST = re.compile(
    r"^(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|NotFound)?)(?:: (?P<text>.*))?$"
)
_ROOTS: Final = ("/work/src/", "/work/run/", "/work/")
_MAX_PROBED: Final = 200


@dataclass(frozen=True, slots=True)
class Frame:
    path: str
    line: int
    where: str


@dataclass(frozen=True, slots=True)
class Traceback:
    """The last traceback of an output. `lines` are as they were printed."""

    frames: tuple[Frame, ...]
    kind: str
    message: str
    lines: tuple[str, ...]


def read_traceback(text: str) -> Traceback | None:
    """Return the last traceback in a text; None where there is none."""
    start = text.rfind("Traceback (most recent call last):")
    if start < 0:
        start = text.rfind('  File "')
        if start < 0 or "SyntaxError" not in text[start:]:
            return None
    lines = text[start:].splitlines()
    frames, kind, message, kept = [], "", "", []
    for line in lines[:400]:
        kept.append(line[:400])
        found = _FRAME.match(line)
        if found is not None:
            frames.append(Frame(found["path"], int(found["line"]), found["where"] or ""))
            continue
        last = _LAST.match(line)
        if last is not None and frames:
            kind, message = last["type"], last["text"] or ""
            break
    if not frames:
        return None
    return Traceback(tuple(frames), kind.rpartition(".")[2], message, tuple(kept))


def bundle_path(path: str) -> str:
    """Return what a file of a container is called in the bundle."""
    for root in _ROOTS:
        if path.startswith(root):
            return path.removeprefix(root)
    return path.removeprefix("./")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file with the change made. `old` and `new` are the lines that differ, from line `at` on."""

    path: str
    text: str
    at: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a part failed. `cause` names a row of the table of known causes; "error" is everything else.

    `facts` fill the words of the cause; `change` or `settings` mend it; `proof` says what was checked.
    """

    cause: str
    facts: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    line: int = 0
    source: str = ""
    error: str = ""
    change: Change | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict)
    trace: tuple[str, ...] = ()


class Files:
    """The bundle as a diagnosis reads it."""

    def __init__(self, sizes: Mapping[str, int], read: Callable[[str, int], bytes]) -> None:
        self.sizes = sizes
        self._read = read

    def text(self, path: str) -> str:
        return self._read(path, 1 << 20).decode("utf-8", "replace") if path in self.sizes else ""

    def content(self, path: str, limit: int = 1 << 20) -> bytes:
        return self._read(path, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What is known of the failure besides its output."""

    failure_class: FailureClass
    message: str
    exit_code: int | None
    memory_bytes: int = 0
    timeout_s: int = 0
    command: Sequence[str] = ()


def diagnose(failed: Failed, stderr: str, files: Files) -> Diagnosis:
    """Return the cause and, where one is known, the change that mends it."""
    if failed.failure_class is FailureClass.OOM:
        return _memory(failed)
    if failed.failure_class is FailureClass.TIMEOUT:
        return _time(failed)
    if failed.failure_class is FailureClass.OUTPUT:
        return Diagnosis(cause="output", facts={"message": failed.message}, error=failed.message)
    if failed.failure_class is FailureClass.DISK:
        return Diagnosis(cause="disk", facts={"message": failed.message}, error=failed.message)
    trace = read_traceback(stderr)
    if trace is None:
        return _without_trace(failed, stderr)
    frame = _own_frame(trace, files)
    path = bundle_path(frame.path) if frame else ""
    base = Diagnosis(
        cause="error",
        facts={"kind": trace.kind, "message": trace.message},
        path=path,
        line=frame.line if frame else 0,
        source=files.text(path) if frame else "",
        error=f"{trace.kind}: {trace.message}" if trace.message else trace.kind,
        trace=trace.lines,
    )
    for look in _LOOKS:
        found = look(trace, base, files)
        if found is not None:
            return found
    return base


def _own_frame(trace: Traceback, files: Files) -> Frame | None:
    for frame in reversed(trace.frames):
        if bundle_path(frame.path) in files.sizes:
            return frame
    return None


def _memory(failed: Failed) -> Diagnosis:
    gigabytes = failed.memory_bytes / (1 << 30)
    more = max(gigabytes * 2, 0.5)
    return Diagnosis(
        cause="memory",
        facts={"had": f"{gigabytes:g}", "more": f"{more:g}"},
        settings={"memory_gb": f"{more:g}"},
        error=failed.message,
    )


def _time(failed: Failed) -> Diagnosis:
    minutes = max(1, failed.timeout_s * 3 // 60)
    return Diagnosis(
        cause="time",
        facts={"had": str(failed.timeout_s), "more": f"{minutes}"},
        settings={"timeout": f"{minutes}m"},
        error=failed.message,
    )


def _without_trace(failed: Failed, stderr: str) -> Diagnosis:
    lines = [line for line in stderr.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else failed.message
    found = re.search(r"can't open file '([^']+)'", stderr)
    if found is not None:
        return Diagnosis(
            cause="no_entry", facts={"path": bundle_path(found[1])}, error=last, trace=tuple(lines[-20:])
        )
    cause = "exit" if failed.exit_code else "error"
    return Diagnosis(
        cause=cause,
        facts={"code": str(failed.exit_code or ""), "kind": "", "message": last},
        error=last,
        trace=tuple(lines[-40:]),
    )


# ---- known causes; each returns None when it is not the one


def _missing_module(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    found = re.match(r"No module named '([\w.]+)'", trace.message)
    if trace.kind != "ModuleNotFoundError" or found is None:
        return None
    module = found[1].split(".")[0]
    package = _PACKAGES.get(module, module.lower().replace("_", "-"))
    path = "requirements.txt"
    before = files.text(path)
    lines = before.splitlines()
    text = "\n".join([*lines, package]) + "\n"
    change = Change(path=path, text=text, at=len(lines) + 1, old=(), new=(package,))
    return _as(base, "module", {"module": module, "package": package}, change)


def _wrong_encoding(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    if trace.kind != "UnicodeDecodeError" or "utf-8" not in trace.message or not base.source:
        return None
    suspects = [path for path in files.sizes if path.endswith(_TEXT_SUFFIXES)][:_MAX_PROBED]
    contents = {path: files.content(path) for path in suspects}
    odd = {path: content for path, content in contents.items() if not _decodes(content, "utf-8")}
    for encoding in _ENCODINGS if odd else ():
        if not all(_decodes(content, encoding) for content in odd.values()):
            continue
        line = base.source.splitlines()[base.line - 1]
        mended = _with_argument(line, f'encoding="{encoding}"')
        if mended is None:
            return _as(base, "encoding", {"encoding": _name_of(encoding)}, None)
        change = _replace_line(base, mended)
        proof = {"count": str(len(odd)), "encoding": encoding}
        return _as(base, "encoding", {"encoding": _name_of(encoding)}, change, proof)
    return _as(base, "encoding", {"encoding": "?"}, None)


def _wrong_path(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    found = re.search(r"No such file or directory: '([^']+)'", trace.message)
    if trace.kind != "FileNotFoundError" or found is None:
        return None
    wanted = found[1]
    name = re.split(r"[\\/]", wanted)[-1]
    same = [path for path in files.sizes if path.rsplit("/", 1)[-1].lower() == name.lower()]
    near = same or [
        path
        for path in files.sizes
        if SequenceMatcher(None, path.rsplit("/", 1)[-1].lower(), name.lower()).ratio() > 0.85
    ]
    change = None
    if base.source and len(near) == 1:
        line = base.source.splitlines()[base.line - 1]
        for written in (wanted, wanted.replace("\\", "\\\\")):
            for quote in ('"', "'"):
                if f"{quote}{written}{quote}" in line:
                    mended = line.replace(f"r{quote}{written}{quote}", f"{quote}{near[0]}{quote}")
                    mended = mended.replace(f"{quote}{written}{quote}", f"{quote}{near[0]}{quote}")
                    change = change or _replace_line(base, mended)
    facts = {"wanted": wanted[:120], "there": near[0] if near else ""}
    return _as(base, "path" if near else "no_file", facts, change, {"path": near[0]} if change else {})


def _wrong_name(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    found = re.search(r"name '(\w+)' is not defined(?:\. Did you mean: '(\w+)')?", trace.message)
    if trace.kind != "NameError" or found is None:
        return None
    change = None
    if found[2] and base.source:
        line = base.source.splitlines()[base.line - 1]
        change = _replace_line(base, re.sub(rf"\b{found[1]}\b", found[2], line))
    return _as(base, "name", {"name": found[1], "meant": found[2] or ""}, change)


def _no_network(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    text = f"{trace.kind} {trace.message}"
    if re.search(
        r"gaierror|Name or service not known|Temporary failure in name resolution|Network is unreachable", text
    ):
        return _as(base, "network", {}, None)
    return None


def _no_right(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    found = re.search(r"(?:Read-only file system|Permission denied): '([^']+)'", trace.message)
    if found is None:
        return None
    return _as(base, "read_only", {"path": found[1][:120]}, None)


def _out_of_memory(trace: Traceback, base: Diagnosis, files: Files) -> Diagnosis | None:
    if trace.kind != "MemoryError" and "Unable to allocate" not in trace.message:
        return None
    return _as(base, "memory_error", {}, None)


Look = Callable[[Traceback, Diagnosis, Files], Diagnosis | None]
_LOOKS: Final[tuple[Look, ...]] = (
    _missing_module,
    _wrong_encoding,
    _wrong_path,
    _wrong_name,
    _no_network,
    _no_right,
    _out_of_memory,
)


def _as(
    base: Diagnosis,
    cause: str,
    facts: Mapping[str, str],
    change: Change | None,
    proof: Mapping[str, str] | None = None,
) -> Diagnosis:
    return Diagnosis(
        cause=cause,
        facts={**base.facts, **facts},
        path=base.path,
        line=base.line,
        source=base.source,
        error=base.error,
        change=change,
        proof=proof or {},
        trace=base.trace,
    )


def _replace_line(base: Diagnosis, mended: str) -> Change | None:
    lines = base.source.splitlines()
    old = lines[base.line - 1]
    if mended == old:
        return None
    lines[base.line - 1] = mended
    end = "\n" if base.source.endswith("\n") else ""
    return Change(path=base.path, text="\n".join(lines) + end, at=base.line, old=(old,), new=(mended,))


def _with_argument(line: str, argument: str) -> str | None:
    """Return a line with one argument more in the call that reads a file; None where that is not plain."""
    if "encoding" in line:
        return None
    found = re.search(r"\b(?:open|read_csv|read_table|read_text|genfromtxt|loadtxt)\(", line)
    if found is None:
        return None
    depth = 0
    for at in range(found.end() - 1, len(line)):
        depth += {"(": 1, ")": -1}.get(line[at], 0)
        if depth == 0:
            inner = line[found.end() : at].strip()
            comma = ", " if inner and not inner.endswith(",") else ""
            return f"{line[:at]}{comma}{argument}{line[at:]}"
    return None


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        # Only the beginning of a long file was read: a character may be cut there.
        return error.start >= len(content) - 4 and len(content) >= 1 << 20
    return True


def _name_of(encoding: str) -> str:
    names = {"cp950": "Big5", "gb18030": "GB 18030", "shift_jis": "Shift JIS", "euc_kr": "EUC-KR"}
    return names.get(encoding, "Windows-1252")


def causes(messages: Sequence[tuple[int, str, str]]) -> Iterator[tuple[str, list[int]]]:
    """Group (index, class, headline) by cause, the largest group first; numbers in headlines do not tell apart."""
    groups: dict[str, list[int]] = {}
    for index, failure_class, message in messages:
        key = f"{failure_class} {re.sub(r'[0-9]+', '#', message)[:200]}"
        groups.setdefault(key, []).append(index)
    yield from sorted(groups.items(), key=lambda item: -len(item[1]))
