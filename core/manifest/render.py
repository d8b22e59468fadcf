"""Command, environment and small files of one subtask, as it runs on its node. One pass, never a shell.

`{{index}} {{count}} {{params.NAME}} {{resources.NAME}} {{item.NAME}}` are replaced once. With a chunk of several
items a word that is exactly one `{{item.NAME}}` becomes one word an item; inside longer texts the values are
joined by spaces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.domain.errors import Invalid
from core.domain.resources import GIB
from core.domain.spec import SplitMode, TaskSpec
from core.manifest.items import Item, items_of

REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)\s*\}\}")
#: Of items of mode `files`, what programs may see.
_SHOWN = ("path", "name", "stem", "size", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    command: tuple[str, ...]
    env: dict[str, str] = field(repr=False)
    workdir: str
    required: tuple[str, ...]
    #: Files of /work/item.
    item_files: dict[str, bytes] = field(repr=False)
    items: tuple[Item, ...] = ()


def references(text: str) -> list[str]:
    """Return the names that a text refers to."""
    return REFERENCE.findall(text)


def render(spec: TaskSpec, index: int, content: bytes = b"") -> Rendered:
    """Return what one subtask runs. `content` is its item slice's. Raises Invalid for an unknown reference."""
    items = items_of(spec, index, content)
    lookup = _lookup(spec, index, items, spec.resources.cpu_millis, spec.resources.memory_bytes)
    names: dict[str, bytes] = {"item.json": _item_json(spec, index, items)}
    if spec.split.mode is SplitMode.LINES:
        names["lines.txt"] = content
        if spec.split.header:
            names["header.txt"] = spec.split.header.encode()
    return Rendered(
        command=_words(spec.run.command, lookup),
        env=_environment(spec, index, lookup),
        workdir=spec.run.workdir,
        required=tuple(_joined(text, lookup) for text in spec.outputs.required),
        item_files=names,
        items=tuple(items),
    )


def render_merge(spec: TaskSpec) -> Rendered:
    """Return what the merge runs; its index is the count."""
    if spec.merge is None:
        raise Invalid("This task has no merge.", code="NO_MERGE")
    resources = spec.merge.resources
    lookup = _lookup(spec, spec.subtask_count, [], resources.cpu_millis, resources.memory_bytes)
    return Rendered(
        command=_words(spec.merge.command, lookup),
        env=_environment(spec, spec.subtask_count, lookup),
        workdir=spec.run.workdir,
        required=(),
        item_files={"item.json": _item_json(spec, spec.subtask_count, [])},
    )


Lookup = Callable[[str], list[str]]


def _lookup(spec: TaskSpec, index: int, items: Sequence[Item], cpu_millis: int, memory_bytes: int) -> Lookup:
    params = {param.name: param.value for param in spec.params}
    resources = {
        "cpu_cores": _number(cpu_millis / 1000),
        "memory_gb": _number(memory_bytes / GIB),
        "disk_gb": _number(spec.resources.disk_bytes / GIB),
        "gpus": str(spec.resources.gpus),
    }

    def look_up(name: str) -> list[str]:
        head, _, tail = name.partition(".")
        if name == "index":
            return [str(index)]
        if name == "count":
            return [str(spec.subtask_count)]
        if head == "params" and tail in params:
            return [_text(params[tail])]
        if head == "resources" and tail in resources:
            return [resources[tail]]
        if head == "item" and tail and items and all(tail in item for item in items):
            return [_text(item[tail]) for item in items]
        raise Invalid(f"There is nothing called {{{{{name}}}}} here.", code="REFERENCE_UNKNOWN")

    return look_up


def _words(command: Sequence[str], lookup: Lookup) -> tuple[str, ...]:
    words: list[str] = []
    for word in command:
        whole = REFERENCE.fullmatch(word.strip())
        words += lookup(whole.group(1)) if whole else [_joined(word, lookup)]
    return tuple(words)


def _joined(text: str, lookup: Lookup) -> str:
    return REFERENCE.sub(lambda match: " ".join(lookup(match.group(1))), text)


def _environment(spec: TaskSpec, index: int, lookup: Lookup) -> dict[str, str]:
    env = {name: _joined(value, lookup) for name, value in spec.run.env.items()}
    env["HIVEMIND_SUBTASK_INDEX"] = str(index)
    env["HIVEMIND_SUBTASK_COUNT"] = str(spec.subtask_count)
    env["HIVEMIND_ITEM"] = "/work/item/item.json"
    env["HIVEMIND_OUT"] = "/work/out"
    env["HIVEMIND_CHECKPOINT"] = "/work/checkpoint"
    return env


def _item_json(spec: TaskSpec, index: int, items: Sequence[Item]) -> bytes:
    shown = items
    if spec.split.mode is SplitMode.FILES:
        shown = [{name: item[name] for name in _SHOWN if name in item} for item in items]
    value = {
        "index": index,
        "count": spec.subtask_count,
        "mode": spec.split.mode.value,
        "params": {param.name: param.value for param in spec.params},
        "items": shown,
    }
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
