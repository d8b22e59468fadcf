"""Writes the tables of keys in docs/manifest.md from what the readers of `core.manifest` really ask for.

    python docs/tools/manifest_reference.py

Kind, bounds and default of each key are recorded while whole manifests are read; the meaning stands below.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "manifest.md"
MARK = re.compile(r"(<!-- keys: (\w+) -->\n).*?(<!-- end -->)", re.S)

#: Table and key -> what it means. Every key that is read must be here, and nothing else.
MEANINGS: Mapping[str, str] = {
    "schema": "version of this format",
    "task.name": "shown in lists; runs of the same name and bundle make quotes exact",
    "task.description": "for people",
    "task.priority": "higher first; above 50 for operators only",
    "task.tags": "for people and filters",
    "task.after": "ids of tasks of yours that must succeed first",
    "task.lease": "how long work may go on when the node has lost its master",
    "params.NAME.type": "kind of the value",
    "params.NAME.default": "value when the submission gives none",
    "params.NAME.label": "what a form shows",
    "params.NAME.min": "least value of a number",
    "params.NAME.max": "largest value of a number",
    "params.NAME.choices": "the only values of a string",
    "image.ref": "a name of the catalogue, or any image that the pool allows",
    "image.pip": "requirements file in the zip; resolved once at submit, installed once a node",
    "image.prepare_timeout": "how long files, image and packages may take on a node",
    "run.command": "program and its words; no shell reads them",
    "run.workdir": "where it starts",
    "run.env": "variables; names that begin with `HIVEMIND_` are ours",
    "run.success_exit": "exit codes that mean success",
    "run.retry_exit": "exit codes that mean: again, without spending a retry",
    "run.isolation": "`task`: attempts of this task follow each other in one sandbox; `subtask`: a fresh one each",
    "run.copy": "a private writable copy of the zip (at most 256 MiB) in the working folder instead of links",
    "run.allow_process": "may run NOT isolated, on nodes of your own that offer it",
    "run.checkpoint_exit": "exit code that means: keep `checkpoint/` and go on; 0 switches it off",
    "run.timeout": "longest running time of one attempt; `0` for operators only",
    "run.grace": "between SIGTERM and SIGKILL",
    "resources.cpu_cores": "cores, as a limit",
    "resources.memory_gb": "memory, as a limit; no swap",
    "resources.disk_gb": "what the attempt may write",
    "resources.gpus": "whole GPUs",
    "resources.gpu_memory_gb": "least memory of each GPU",
    "resources.shm_mb": "size of `/dev/shm`, at most a quarter of the memory",
    "resources.on_oom_memory_gb": "memory of the next attempts after one ran out of it",
    "requires.arch": "of the container engine: `x86_64`, `aarch64`",
    "requires.os": "of the container engine: `linux`",
    "requires.host_os": "of the computer: `linux`, `windows`, `darwin`",
    "requires.labels": "labels of the node; any of the values of each. `owner`: the id of the node's owner",
    "requires.min": "least values of the node's numeric facts",
    "prefer.labels": "added to a node's load score (0 to 1) when it has the label; negative is better",
    "split.mode": "how the task is divided",
    "split.chunk": "items a subtask",
    "split.max_parallel": "most subtasks at once; 0 is no bound",
    "split.count": "`count`: how many",
    "split.files": "`files`: patterns of files in the zip",
    "split.sort": "`files`: order in which they are given out",
    "split.file": "`lines`: a text file in the zip",
    "split.skip_header": "`lines`: lines at the top that go to every subtask as `header.txt`",
    "split.grid": "`grid`: values of each name, a list or `{ range = \"0-90:10\" }`",
    "split.items": "`list`: rows of names and values",
    "inputs.include": "files of the zip that are used at all",
    "inputs.exclude": "files that are not",
    "inputs.shared": "files that every subtask gets; none named: all that is not an item's own file",
    "outputs.include": "what is collected, relative to the working folder",
    "outputs.required": "what must be there; missing is failure class `output`",
    "outputs.when": "collect after success only, or always",
    "outputs.max_mb": "most in all; more is failure class `output`",
    "merge.command": "runs once, after the subtasks, with their files in `/work/parts/INDEX/`",
    "merge.min_success": "share of subtasks that must have succeeded",
    "merge.cpu_cores": "of the merge",
    "merge.memory_gb": "of the merge; at least that of a subtask unless written",
    "merge.disk_gb": "of the merge; that of a subtask unless written",
    "merge.timeout": "of the merge",
    "retry.user": "tries more after a failure of the program",
    "retry.infra": "tries more after a failure of a node; not paid for",
    "retry.backoff": "pause before the first of them, doubled each time",
    "retry.backoff_max": "longest pause",
    "retry.different_node": "on another node where one is there",
    "limits.max_failed": "failed subtasks (count or percent) at which the task fails",
    "limits.deadline": "of the whole task, from its submission; 0 is none",
    "limits.max_credits": "most that the task may cost, in quotes, exact; then it is held until you decide",
    "network.mode": "`egress` is refused in this version",
    "network.allow": "for later",
    "secrets.env": "names of secrets that you have set; see below",
}  # fmt: skip
#: Of keys that take more than one kind of value.
KINDS: Mapping[str, str] = {
    "params.NAME.type": "`int`, `float`, `string` or `bool`; default `string`",
    "params.NAME.default": "value of that kind",
    "run.success_exit": "list of exit codes; default `[0]`",
    "run.retry_exit": "list of exit codes; default `[75]`",
    "run.command": "list of texts",
    "merge.command": "list of texts",
    "resources.on_oom_memory_gb": "list of growing numbers",
    "limits.max_failed": 'count, or `"10%"`; default `10%`',
    "limits.max_credits": 'amount such as `"12.5"`',
    "split.items": "list of tables",
    "outputs.when": "`success` or `always`; default `success`",
    "network.mode": "`none`",
    "network.allow": "list of texts",
}
_BUNDLE = {"main.py": b"", "data/a.csv": b"1\n", "urls.txt": b"a\nb\n"}
_SPLITS = (
    'mode = "none"', 'mode = "count"\ncount = 2', 'mode = "files"\nfiles = ["data/*.csv"]',
    'mode = "lines"\nfile = "urls.txt"', 'mode = "grid"\n[split.grid]\na = [1]',
    'mode = "list"\nitems = [{ a = 1 }]',
)  # fmt: skip
_MORE = '[params]\na = { type = "int", default = 1, min = 0, max = 2 }\n[merge]\ncommand = ["true"]\n'


class _Files:
    def facts(self) -> list[Any]:
        from core.manifest.files import FileFacts

        return [FileFacts(path, len(content)) for path, content in _BUNDLE.items()]

    def has(self, path: str) -> bool:
        return path in _BUNDLE

    def read(self, path: str, limit: int) -> bytes:
        return self.text.encode() if path == "hivemind.toml" else _BUNDLE[path][:limit]

    def pieces(self, path: str) -> Iterator[bytes]:
        yield _BUNDLE[path]

    text = ""


def _recorder(found: dict[str, str]) -> type:
    """Return a reader that notes in `found` what it is asked for."""
    from core.manifest import tables

    class Recorder(tables.TableReader):
        def _note(self, name: str, kind: str, default: object = None, low: object = "", high: object = "") -> None:
            key = re.sub(r"^params\.\w+", "params.NAME", self.key(name))
            if self.name or name == "schema":
                plain = key.startswith("params.") and kind != "text"
                bounds = f", {low} to {high}" if low != "" and not plain else ""
                found.setdefault(key, KINDS.get(key) or kind + bounds + ("" if plain else _shown(default)))

        def text(self, name: str, default: str, **bounds: Any) -> str:
            self._note(name, "text", default)
            return super().text(name, default, **bounds)

        def choice(self, name: str, default: str, choices: Iterable[str]) -> str:
            allowed = list(choices)
            self._note(name, " or ".join(f"`{value}`" for value in allowed), default)
            return super().choice(name, default, allowed)

        def integer(self, name: str, default: int, low: int, high: int) -> int:
            self._note(name, "whole number", default, f"{low:,}", f"{high:,}")
            return super().integer(name, default, low, high)

        def number(self, name: str, default: float, low: float, high: float) -> float:
            self._note(name, "number", default, f"{low:,g}", f"{high:,g}")
            return super().number(name, default, low, high)

        def boolean(self, name: str, default: bool) -> bool:
            self._note(name, "`true` or `false`", default)
            return super().boolean(name, default)

        def seconds(self, name: str, default: int, low: int, high: int, *, zero: bool = False) -> int:
            self._note(
                name, "duration", f"{_span(default)}", _span(low), _span(high) + (" or `0`" if zero else "")
            )
            return super().seconds(name, default, low, high, zero=zero)

        def texts(self, name: str, default: tuple[str, ...], *, most: int = 1000) -> tuple[str, ...]:
            self._note(name, "list of texts", default)
            return super().texts(name, default, most=most)

        def table(self, name: str) -> Mapping[str, Any]:
            self._note(name, "table")
            return super().table(name)

        def raw(self, name: str, default: Any = None) -> Any:
            self._note(name, "value", default)
            return super().raw(name, default)

    return Recorder


def recorded() -> dict[str, str]:
    """Read a manifest of each kind and return what was asked for: table and key -> kind, bounds and default."""
    from core.manifest import reading, sections, tables

    found: dict[str, str] = {}
    recorder = _recorder(found)
    kept = tables.TableReader
    for module in (reading, sections):
        module.__dict__["TableReader"] = recorder
    try:
        for split in _SPLITS:
            files = _Files()
            _BUNDLE["hivemind.toml"] = b""
            files.text = f"{_MORE}[run]\ncommand = ['true']\n[split]\n{split}\n"
            problems = reading.read_manifest(files).problems
            assert not problems, problems
    finally:
        for module in (reading, sections):
            module.__dict__["TableReader"] = kept
        _BUNDLE.pop("hivemind.toml", None)
    return found


def _shown(default: object) -> str:
    if default in (None, "", (), [], {}):
        return ""
    text = str(default).lower() if isinstance(default, bool) else str(default)
    if isinstance(default, tuple | list):
        text = "[" + ", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in default) + "]"
    return f"; default `{text}`"


def _span(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rows(table: str, found: Mapping[str, str]) -> str:
    """Return the Markdown table of one TOML table."""
    lines = ["| key | value | meaning |", "|---|---|---|"]
    for key, meaning in MEANINGS.items():
        if key.split(".")[0] == table:
            name = key.partition(".")[2] or key
            lines.append(f"| `{name}` | {found[key]} | {meaning} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Return the page with its tables as the readers have them now. Raises KeyError for a key without meaning."""
    found = recorded()
    untold, unread = found.keys() - MEANINGS.keys(), MEANINGS.keys() - found.keys()
    if untold or unread:
        raise KeyError(f"no meaning for {sorted(untold)}; nobody reads {sorted(unread)}")
    return MARK.sub(lambda mark: mark.group(1) + rows(mark.group(2), found) + mark.group(3), text)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
