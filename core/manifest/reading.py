"""From the files of a bundle to a TaskSpec: `hivemind.toml`, or an old zip without one, and what the submitter
changed. Never raises for what a person wrote: problems say it, each with its fix.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.domain.errors import Problem
from core.domain.resources import Resources
from core.domain.spec import ImageSpec, Isolation, ParamSpec, RunSpec, SplitMode, TaskSpec
from core.manifest import sections
from core.manifest.advice import Advice, advise
from core.manifest.files import BundleFiles
from core.manifest.overrides import apply_overrides
from core.manifest.render import references
from core.manifest.splits import read_split
from core.manifest.tables import Lines, Problems, TableReader

MANIFEST = "hivemind.toml"
MAX_MANIFEST_BYTES = 256 << 10
_SECRET = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
ENTRIES = ("main.py", "task_script.py", "run.py", "app.py", "script.py")
_TABLES = (
    "image", "run", "resources", "requires", "prefer", "split", "inputs", "outputs", "merge", "retry", "limits",
    "network", "secrets",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading a bundle gave. `spec` is None exactly when there are problems."""

    spec: TaskSpec | None
    problems: tuple[Problem, ...] = ()
    advice: tuple[Advice, ...] = ()
    #: Items of `[split] mode = "list"`.
    listed: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    has_manifest: bool = False


def read_manifest(
    files: BundleFiles,
    given: Mapping[str, object] | None = None,
    image_modules: Mapping[str, frozenset[str]] | None = None,
) -> Reading:
    """Return the spec of a bundle. `given` are the submitter's fields (see `overrides`); they win.

    `image_modules` are the modules that each catalogue image has, for advice.
    """
    text, problems = _manifest_text(files)
    if problems is not None:
        return Reading(spec=None, problems=(problems,), has_manifest=True)
    collected = Problems(Lines(text or ""))
    data = _parse(text, collected) if text is not None else {}
    if collected.found:
        return Reading(spec=None, problems=tuple(collected.found), has_manifest=True)
    params = apply_overrides(data, given or {}, collected)
    spec, listed = _read(data, params, files, collected, has_manifest=text is not None)
    if collected.found or spec is None:
        return Reading(spec=None, problems=tuple(collected.found), has_manifest=text is not None)
    return Reading(
        spec=spec,
        advice=tuple(advise(spec, files, image_modules or {})),
        listed=tuple(listed),
        has_manifest=text is not None,
    )


def _manifest_text(files: BundleFiles) -> tuple[str | None, Problem | None]:
    if not files.has(MANIFEST):
        return None, None
    content = files.read(MANIFEST, MAX_MANIFEST_BYTES + 1)
    if len(content) > MAX_MANIFEST_BYTES:
        return None, Problem(
            code="MANIFEST_TOO_LARGE", reason="hivemind.toml is larger than 256 KiB.", fix="Shorten it."
        )
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return None, Problem(
            code="MANIFEST_NOT_UTF8", reason="hivemind.toml is not UTF-8 text.", fix="Save it as UTF-8."
        )


def _parse(text: str, problems: Problems) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        line = None
        if "line " in message:
            digits = message.rpartition("line ")[2].split(",")[0].split(")")[0]
            line = int(digits) if digits.isdigit() else None
        problems.found.append(
            Problem(
                code="MANIFEST_SYNTAX",
                reason=f"This is not valid TOML: {message}.",
                fix="Mend this line; texts stand in quotes, lists in square brackets.",
                line=line,
            )
        )
        return {}
    except RecursionError:
        problems.add("", "The manifest is nested too deeply.", "Write it flatter.", "MANIFEST_SYNTAX")
        return {}


def _read(
    data: Mapping[str, Any],
    given_params: Mapping[str, object],
    files: BundleFiles,
    problems: Problems,
    *,
    has_manifest: bool,
) -> tuple[TaskSpec | None, list[dict[str, Any]]]:
    top = TableReader("", data, problems)
    if top.integer("schema", 1, 1, 1_000_000) != 1:
        problems.add("schema", "This version reads schema = 1.", "Update HiveMind, or write schema = 1.")
    tables = {name: TableReader(name, data.get(name, {}), problems) for name in _TABLES}
    for name in (*_TABLES, "task", "params"):
        top.has(name)
    top.done()
    resources, shm_bytes, ladder = sections.read_resources(tables["resources"])
    split, listed = read_split(tables["split"], files)
    spec = replace(
        _task(TableReader("task", data.get("task", {}), problems)),
        params=sections.read_params(_mapping(data.get("params", {})), given_params, problems),
        image=sections.read_image(tables["image"]),
        run=sections.read_run(tables["run"]),
        resources=resources,
        shm_bytes=shm_bytes,
        on_oom_memory_bytes=ladder,
        requires=sections.read_requires(tables["requires"]),
        prefer=sections.read_prefer(tables["prefer"]),
        split=split,
        inputs=sections.read_inputs(tables["inputs"]),
        outputs=sections.read_outputs(tables["outputs"]),
        merge=sections.read_merge(tables["merge"], resources) if "merge" in data else None,
        retry=sections.read_retry(tables["retry"]),
        limits=sections.read_limits(tables["limits"], split.subtask_count),
        secrets=_secrets(tables["secrets"]),
    )
    _network(tables["network"])
    spec = _with_entry(spec, files, problems, has_manifest=has_manifest)
    _check_paths(spec, files, problems)
    _check_references(spec, listed, problems)
    return spec, listed


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _task(table: TableReader) -> TaskSpec:
    spec = TaskSpec(
        name=table.text("name", "task", longest=128, shortest=1),
        description=table.text("description", "", longest=4000),
        priority=table.integer("priority", 50, 0, 100),
        tags=table.texts("tags", (), most=20),
        after=table.texts("after", (), most=100),
        lease_s=table.seconds("lease", 600, 60, 86_400),
    )
    table.done()
    return spec


def _secrets(table: TableReader) -> tuple[str, ...]:
    names = table.texts("env", (), most=50)
    for name in names:
        if not _SECRET.fullmatch(name) or name.startswith("HIVEMIND_"):
            table.problems.add(
                "secrets.env",
                f'"{name[:80]}" cannot name a secret.',
                "Use letters, digits and _, not HIVEMIND_...",
            )
    table.done()
    return names


def _network(table: TableReader) -> None:
    if table.raw("mode", "none") == "egress":
        table.problems.add(
            "network.mode",
            "Tasks cannot reach the network in this version.",
            "Put what they need into the zip, and leave [network] out.",
            "NOT_IN_THIS_VERSION",
        )
        table.raw("allow")
    else:
        table.choice("mode", "none", ("none",))
        table.texts("allow", ())
    table.done()


def _with_entry(spec: TaskSpec, files: BundleFiles, problems: Problems, *, has_manifest: bool) -> TaskSpec:
    """Fill in what runs when no command is written: the script that old zips have, run by the image's Python."""
    if spec.run.command:
        return spec
    entry = next((name for name in ENTRIES if files.has(name)), "")
    if not entry:
        scripts = [fact.path for fact in files.facts() if fact.path.endswith(".py") and "/" not in fact.path]
        if len(scripts) != 1:
            problems.add(
                "run.command" if has_manifest else "",
                "This zip has no Python file that can be started.",
                "Add main.py, or write the command under [run] in hivemind.toml.",
                "NO_ENTRY",
            )
            return spec
        entry = scripts[0]
    run = replace(spec.run, command=("python", entry))
    if has_manifest:
        return replace(spec, run=run)
    image = ImageSpec(ref=spec.image.ref, pip="requirements.txt" if files.has("requirements.txt") else "")
    old: RunSpec = replace(run, copy=True, isolation=Isolation.SUBTASK, collect_changes=True)
    return replace(spec, run=old, image=image)


def _check_paths(spec: TaskSpec, files: BundleFiles, problems: Problems) -> None:
    if spec.image.pip and not files.has(spec.image.pip):
        problems.add(
            "image.pip",
            f'There is no file "{spec.image.pip}" in the zip.',
            "Add it, or leave pip out.",
            "FILE_MISSING",
        )
    for key, command in (
        ("run.command", spec.run.command),
        ("merge.command", spec.merge.command if spec.merge else ()),
    ):
        script = command[1] if len(command) > 1 and command[0] in ("python", "python3") else ""
        is_plain = script.endswith(".py") and not script.startswith(("/", "-")) and not references(script)
        if is_plain and spec.run.workdir == "/work/run" and not files.has(script.removeprefix("./")):
            problems.add(
                key, f'There is no file "{script}" in the zip.', "Write its path in the zip.", "FILE_MISSING"
            )
    for key, globs in (("outputs.include", spec.outputs.include), ("outputs.required", spec.outputs.required)):
        for glob in globs:
            if glob.startswith("/") or ".." in glob.split("/"):
                problems.add(key, f'"{glob}" must be a path inside the working folder.', 'Write "out/...".')


def _check_references(spec: TaskSpec, listed: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    known = {"index", "count", *(f"params.{param.name}" for param in spec.params)}
    known |= {f"resources.{name}" for name in ("cpu_cores", "memory_gb", "disk_gb", "gpus")}
    known |= {f"item.{name}" for name in _item_names(spec, listed)}
    texts = [("run.command", word) for word in spec.run.command]
    texts += [(f"run.env.{name}", value) for name, value in spec.run.env.items()]
    texts += [("outputs.required", text) for text in spec.outputs.required]
    if spec.merge is not None:
        texts += [("merge.command", word) for word in spec.merge.command]
    for key, text in texts:
        for name in references(text):
            merge_item = key == "merge.command" and name.startswith("item.")
            if name not in known or merge_item:
                problems.add(
                    key,
                    f"There is nothing called {{{{{name}}}}}.",
                    f"Use one of {', '.join(sorted(known))}.",
                    "REFERENCE_UNKNOWN",
                )


def _item_names(spec: TaskSpec, listed: Sequence[Mapping[str, Any]]) -> set[str]:
    mode = spec.split.mode
    if mode is SplitMode.FILES:
        return {"path", "name", "stem", "size"}
    if mode is SplitMode.LINES:
        return {"file", "first", "last"}
    if mode is SplitMode.GRID:
        return set(spec.split.grid)
    if mode is SplitMode.LIST and listed:
        return set.intersection(*(set(item) for item in listed))
    return {"index"}


__all__ = ["MANIFEST", "ParamSpec", "Reading", "Resources", "read_manifest"]
