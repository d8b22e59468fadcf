"""`[split]`: how many items there are and what they are. The bundle is read once, in pieces."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from core.domain.spec import MAX_SUBTASKS, SplitMode, SplitSpec
from core.manifest.files import BundleFiles
from core.manifest.globs import matcher
from core.manifest.tables import TableReader

MAX_AXES = 16
MAX_LISTED = 1024
MAX_LINE_BYTES = 1 << 20
MAX_HEADER_BYTES = 64 << 10
BOM = b"\xef\xbb\xbf"
_KEYS = {
    SplitMode.NONE: (),
    SplitMode.COUNT: ("count",),
    SplitMode.FILES: ("files", "sort"),
    SplitMode.LINES: ("file", "skip_header"),
    SplitMode.GRID: ("grid",),
    SplitMode.LIST: ("items",),
}
_RANGE = re.compile(r"(-?\d+)(?:-(-?\d+)(?::(\d+))?)?")


def read_split(table: TableReader, files: BundleFiles) -> tuple[SplitSpec, list[dict[str, Any]]]:
    """Return the split, and for mode `list` its items."""
    mode = SplitMode(table.choice("mode", "none", [value.value for value in SplitMode]))
    split: SplitSpec
    items: list[dict[str, Any]] = []
    chunk = table.integer("chunk", 1, 1, MAX_SUBTASKS)
    parallel = table.integer("max_parallel", 0, 0, MAX_SUBTASKS)
    common: dict[str, Any] = {"mode": mode, "chunk": chunk, "max_parallel": parallel}
    if mode is SplitMode.COUNT:
        split = SplitSpec(**common, item_count=table.integer("count", 1, 1, MAX_SUBTASKS))
    elif mode is SplitMode.FILES:
        split = _files(table, files, common)
    elif mode is SplitMode.LINES:
        split = _lines(table, files, common)
    elif mode is SplitMode.GRID:
        split = _grid(table, common)
    elif mode is SplitMode.LIST:
        items = _list(table)
        split = SplitSpec(**common, item_count=max(1, len(items)))
    else:
        split = SplitSpec(**common)
    for keys in _KEYS.values():
        for key in keys:
            if key not in _KEYS[mode] and table.has(key):
                table.problems.add(
                    table.key(key), f'"{key}" has no meaning with mode = "{mode.value}".', "Take it out."
                )
    table.done()
    if split.subtask_count > MAX_SUBTASKS:
        table.problems.add(
            table.key("chunk"),
            f"This makes {split.subtask_count:,} subtasks; at most {MAX_SUBTASKS:,} are taken.",
            f"Write chunk = {-(-split.item_count // MAX_SUBTASKS)} or more.",
        )
    return split, items


def file_items(split: SplitSpec, files: BundleFiles) -> list[str]:
    """Return the paths of mode `files`, in the order in which they are given to subtasks."""
    matches = matcher(split.files)
    found = [fact for fact in files.facts() if matches(fact.path)]
    if split.sort == "size_desc":
        found.sort(key=lambda fact: (-fact.size, fact.path))
    return [fact.path for fact in found]


def lines_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends. A line longer than MAX_LINE_BYTES comes in parts of that length."""
    rest = b""
    for piece in pieces:
        rest += piece
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line + b"\n"
        while len(rest) >= MAX_LINE_BYTES:
            yield rest[:MAX_LINE_BYTES]
            rest = rest[MAX_LINE_BYTES:]
    if rest:
        yield rest


def _files(table: TableReader, files: BundleFiles, common: dict[str, Any]) -> SplitSpec:
    globs = table.texts("files", ())
    split = SplitSpec(**common, files=globs, sort=table.choice("sort", "name", ("name", "size_desc")))
    found = file_items(split, files) if globs else []
    if not found:
        table.problems.add(
            table.key("files"),
            "No file of the zip matches [split] files." if globs else '[split] mode = "files" needs files.',
            'Write for example files = ["data/*.csv"], with names as they are in the zip.',
        )
    return SplitSpec(**common, files=globs, sort=split.sort, item_count=max(1, len(found)))


def _lines(table: TableReader, files: BundleFiles, common: dict[str, Any]) -> SplitSpec:
    file = table.text("file", "", longest=1000)
    skip = table.integer("skip_header", 0, 0, 1000)
    if not files.has(file):
        table.problems.add(table.key("file"), f'There is no file "{file}" in the zip.', "Write its path.")
        return SplitSpec(**common, file=file, skip_header=skip)
    count, header = 0, b""
    for number, line in enumerate(lines_of(files.pieces(file))):
        if number < skip:
            header += line.removeprefix(BOM) if number == 0 else line
        else:
            count += 1
    if len(header) > MAX_HEADER_BYTES:
        table.problems.add(table.key("skip_header"), "The header is longer than 64 KiB.", "Skip fewer lines.")
        header = b""
    if not count:
        table.problems.add(
            table.key("file"), f'"{file}" has no lines to share out.', "Fill it, or choose another."
        )
    return SplitSpec(
        **common, file=file, skip_header=skip, header=header.decode("utf-8", "replace"), item_count=max(1, count)
    )


def _grid(table: TableReader, common: dict[str, Any]) -> SplitSpec:
    axes = table.table("grid")
    if not axes or len(axes) > MAX_AXES:
        table.problems.add(
            table.key("grid"), f"A grid has 1 to {MAX_AXES} names.", "Write [split.grid] with name = [values]."
        )
        return SplitSpec(**common)
    grid: dict[str, tuple[int | float | str | bool, ...]] = {}
    count = 1
    for name, values in axes.items():
        grid[name] = _axis(table, name, values)
        count *= max(1, len(grid[name]))
    if count > MAX_SUBTASKS * common["chunk"]:
        table.problems.add(table.key("grid"), f"The grid has {count:,} points.", "Use fewer values, or a chunk.")
        return SplitSpec(**common)
    return SplitSpec(**common, grid=grid, item_count=count)


def _axis(table: TableReader, name: str, values: object) -> tuple[int | float | str | bool, ...]:
    key = table.key(f"grid.{name}")
    if isinstance(values, dict) and set(values) == {"range"} and isinstance(values["range"], str):
        numbers = _range(values["range"])
        if numbers is None:
            table.problems.add(key, f'"{values["range"]}" is no range.', 'Write "0-9", "0-90:10" or "1,3,5-7".')
            return (0,)
        return tuple(numbers)
    if (
        not isinstance(values, list)
        or not 1 <= len(values) <= MAX_LISTED
        or not all(_is_value(value) for value in values)
    ):
        table.problems.add(
            key,
            f"{name} must be a list of 1 to {MAX_LISTED} numbers or texts.",
            'Write [1, 2] or { range = "0-9" }.',
        )
        return (0,)
    return tuple(values)


def _is_value(value: object) -> bool:
    """Tell whether an item may have it: JSON knows neither infinity nor a number that is none."""
    return isinstance(value, int | str | bool) or (isinstance(value, float) and math.isfinite(value))


def _range(text: str) -> list[int] | None:
    """Read "a-b:step,c" (OpenJD IntRangeExpr); None for what is not one, overlaps or is too long."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            return None
        start = int(match.group(1))
        stop = int(match.group(2)) if match.group(2) is not None else start
        step = int(match.group(3) or 1)
        if stop < start or step < 1 or (stop - start) // step >= MAX_SUBTASKS:
            return None
        numbers.extend(range(start, stop + 1, step))
        if len(numbers) > MAX_SUBTASKS:
            return None
    return numbers if len(set(numbers)) == len(numbers) else None


def _list(table: TableReader) -> list[dict[str, Any]]:
    value = table.raw("items", [])
    if not isinstance(value, list) or not value:
        table.problems.add(
            table.key("items"), '[split] mode = "list" needs items.', "Write items = [ { a = 1 } ]."
        )
        return []
    items = []
    for place, item in enumerate(value):
        row = item if isinstance(item, dict) else {"value": item}
        if not all(_is_value(inner) for inner in row.values()):
            table.problems.add(
                table.key("items"), f"Item {place + 1} must have texts and numbers only.", 'Write { city = "a" }.'
            )
            continue
        items.append(row)
    return items
