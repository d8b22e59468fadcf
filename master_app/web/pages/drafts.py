"""Drafts: an upload of the visitor's own together with what the form says, judged by the same intake as the API.

A draft has no row: it is the zip among the user's uploads (kept for a day) and the address of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final

from core.domain.errors import HiveMindError, Invalid, Problem
from core.domain.ledger import UCPT_PER_CPT
from core.domain.resources import GIB
from core.domain.rewards import Quote
from core.domain.spec import ParamSpec, SplitMode, TaskSpec
from core.domain.user import Principal
from core.domain.views import NodeView
from core.manifest.advice import Advice
from core.manifest.render import render
from master_app.tasks.intake import Prepared
from master_app.web.api.parts import done
from master_app.web.identity import services, uploads
from master_app.web.pages.examples import Example
from master_app.web.pages.nodes_view import all_nodes, is_online

#: Fields of the form that are laid over the manifest; params come as `params.NAME`.
FIELDS: Final = ("task_name", "cpu_cores", "memory_gb", "gpus", "disk_gb", "priority", "max_parallel", "timeout")
CAP: Final = "max_credits"
_CAP_STEP_UCPT: Final = 5 * UCPT_PER_CPT
_PREVIEW: Final = (0, 1)
_AROUND: Final = 1


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of somebody's program, with how to show it."""

    number: int | None
    text: str
    sign: str = " "
    hit: bool = False
    word: bool = False


@dataclass(frozen=True, slots=True)
class Warned:
    """An advice with the place it speaks of."""

    advice: Advice
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How many nodes could ever take one part, and how many parts could start now."""

    nodes: int
    fitting: int
    parts_now: int
    #: A smaller memory that more nodes take now: (GB, nodes, parts).
    better: tuple[float, int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the submit page shows of one draft. Without `spec` the problems say why."""

    sha256: str
    file_name: str
    size: int
    problems: tuple[Problem, ...] = ()
    spec: TaskSpec | None = None
    file_count: int = 0
    has_manifest: bool = False
    changes: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()
    quote: Quote | None = None
    cap_ucpt: int | None = None
    commands: tuple[tuple[int, str], ...] = ()
    fit: Fit | None = None
    wheels: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def fields_of(form: Mapping[str, str]) -> dict[str, object]:
    """Return what a form says of the task, as intake wants it; empty fields are as the manifest says."""
    found: dict[str, object] = {name: form[name].strip() for name in (*FIELDS, CAP) if form.get(name, "").strip()}
    found.update({name: value for name, value in form.items() if name.startswith("params.") and value != ""})
    if form.get("file"):
        found["file_name"] = form["file"][:200]
    return found


def read_draft(who: Principal, sha256: str, form: Mapping[str, str]) -> Draft:
    """Judge a draft. Raises NotFound when its upload is gone."""
    name = form.get("file", "")[:200] or "task.zip"
    with uploads().using(who.user_id, sha256) as path:
        size = path.stat().st_size
        try:
            prepared = services().intake.prepare(who, path, fields_of(form))
        except Invalid as error:
            problems = error.problems or (Problem(code=error.code, reason=error.message, fix=error.fix),)
            return Draft(sha256=sha256, file_name=name, size=size, problems=tuple(problems), fields=dict(form))
    price = done(services().intake.quote(prepared))
    spec = prepared.spec
    cap = spec.limits.max_ucpt
    return Draft(
        sha256=sha256,
        file_name=name,
        size=size,
        spec=spec,
        file_count=len(prepared.bundle.entries),
        has_manifest=any(entry.path == "hivemind.toml" for entry in prepared.bundle.entries),
        changes=prepared.changes,
        warnings=tuple(_warned(advice, prepared) for advice in prepared.advice),
        quote=price,
        cap_ucpt=suggested_cap(price.high_ucpt) if cap is None else cap,
        commands=tuple(_commands(prepared)),
        fit=fit_of(spec, all_nodes(who)),
        wheels=len(prepared.wheels),
        fields=dict(form),
    )


def suggested_cap(high_ucpt: int) -> int:
    """Return the top of a quote and about 5 % more, rounded up to whole 5 CPT; small ones to whole CPT."""
    wanted = high_ucpt + high_ucpt // 20
    step = _CAP_STEP_UCPT if wanted > _CAP_STEP_UCPT else UCPT_PER_CPT
    return max(UCPT_PER_CPT, -(-wanted // step) * step)


def send(who: Principal, sha256: str, fields: Mapping[str, object], *, try_one: bool, key: str) -> str:
    """Make a draft a task and return its id."""
    with uploads().using(who.user_id, sha256) as path:
        prepared = services().intake.prepare(who, path, fields)
        submitted = done(services().intake.submit(who, prepared, key, try_one=try_one))
    uploads().expire_soon(who.user_id, sha256, services().clock.wall_ms() / 1000)
    return submitted.task_id


def keep_upload(who: Principal, write: Callable[[IO[bytes]], object]) -> str:
    """Put a zip that the master makes among the visitor's uploads; return its digest."""
    with uploads().writer(who.user_id) as writer:
        forward_only: Any = _Appends(writer)
        write(forward_only)
        return writer.finish()[0]


def submit_example(who: Principal, example: Example, cap: str) -> str:
    """Submit an example as it is, with a cap; return the task's id."""
    sha256 = keep_upload(who, example.zip_to)
    return send(who, sha256, {CAP: cap, "file_name": example.name}, try_one=False, key="")


class _Appends:
    """A content store's writer as a file that `zipfile` can write to: forward only."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, content: bytes) -> int:
        self._writer.write(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing waits here."""


def _warned(advice: Advice, prepared: Prepared) -> Warned:
    if not advice.path or not advice.line:
        return Warned(advice, ())
    entry = next((e for e in prepared.bundle.entries if e.path == advice.path), None)
    if entry is None or entry.size > 1 << 20:
        return Warned(advice, ())
    content = b"".join(services().blobs.pieces(entry.blob, entry.offset, entry.size))
    return Warned(advice, tuple(lines_around(content.decode("utf-8", "replace"), advice.line, _AROUND)))


def lines_around(text: str, line: int, around: int) -> Iterator[CodeLine]:
    """Return some lines of a file, the one that matters marked."""
    lines = text.splitlines()
    for number in range(max(1, line - around), min(len(lines), line + around) + 1):
        yield CodeLine(number, lines[number - 1][:200], hit=number == line)


def _commands(prepared: Prepared) -> Iterator[tuple[int, str]]:
    """Return what the first two parts and the last one run, where that needs no item's content."""
    spec = prepared.spec
    if spec.split.mode in (SplitMode.FILES, SplitMode.LINES, SplitMode.LIST):
        wanted: Sequence[int] = ()
    else:
        wanted = sorted({index for index in (*_PREVIEW, spec.subtask_count - 1) if index < spec.subtask_count})
    for index in wanted:
        try:
            yield index, " ".join(render(spec, index).command)
        except HiveMindError:
            return
    if not wanted:
        yield 0, " ".join(spec.run.command)


def fit_of(spec: TaskSpec, nodes: Sequence[NodeView]) -> Fit:
    """Return how a task fits the pool as it is now."""
    online = [node for node in nodes if is_online(node)]
    memory = spec.resources.memory_bytes
    fitting, now = _fits(spec, online, memory)
    better = None
    for step in (0.75, 0.5, 0.25):
        smaller = memory * step
        more = _fits(spec, online, smaller)
        if more[1] > now and more[1] >= now * 1.2:
            better = (smaller / GIB, *more)
            break
    return Fit(nodes=len(online), fitting=fitting, parts_now=min(now, spec.subtask_count), better=better)


def _fits(spec: TaskSpec, nodes: Sequence[NodeView], memory_bytes: float) -> tuple[int, int]:
    fitting = parts = 0
    for node in nodes:
        if not _may_take(spec, node, memory_bytes):
            continue
        fitting += 1
        if node.schedulable:
            parts += _room(spec, node, memory_bytes)
    return fitting, parts


def _may_take(spec: TaskSpec, node: NodeView, memory_bytes: float) -> bool:
    wanted, there = spec.resources, node.capacity
    labels = spec.requires.labels
    return (
        wanted.cpu_millis <= there.cpu_millis
        and memory_bytes <= there.memory_bytes
        and wanted.disk_bytes <= there.disk_bytes
        and wanted.gpus <= there.gpus
        and (not spec.requires.arch or node.arch in spec.requires.arch)
        and (not spec.requires.os or node.os in spec.requires.os)
        and all(node.labels.get(key) in values for key, values in labels.items())
    )


def _room(spec: TaskSpec, node: NodeView, memory_bytes: float) -> int:
    wanted, there, taken = spec.resources, node.capacity, node.reserved
    counts = [float(max(0, node.slots - node.running))]
    if wanted.cpu_millis:
        counts.append((there.cpu_millis - taken.cpu_millis) / wanted.cpu_millis)
    if memory_bytes:
        counts.append((there.memory_bytes - taken.memory_bytes) / memory_bytes)
    if wanted.gpus:
        counts.append((there.gpus - taken.gpus) / wanted.gpus)
    return max(0, math.floor(min(counts)))


def param_help(param: ParamSpec) -> tuple[str, str]:
    """Return (range, default) of a parameter for its help line."""
    low, high = param.minimum, param.maximum
    bounds = f"{low:g}\N{EN DASH}{high:g}" if low is not None and high is not None else ""
    return bounds, str(param.value)
