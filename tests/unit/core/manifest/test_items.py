"""Each item is in exactly one subtask, in order, whatever the split and the chunk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.manifest.items import index_items, items_of, needed_files, slice_at
from core.manifest.reading import read_manifest
from core.manifest.render import render
from tests.unit.core.manifest.folders import stored

_TEXT = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12)
LINES = st.lists(_TEXT, min_size=1, max_size=40)


@given(LINES, st.integers(1, 9), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_line_is_in_exactly_one_slice(lines: list[str], chunk: int, ends: bool) -> None:
    content = "\n".join(lines).encode() + (b"\n" if ends else b"")
    with tempfile.TemporaryDirectory() as folder:
        store, files = stored(
            Path(folder),
            {
                "a.txt": b"before in the same pack",
                "l.txt": content,
                "main.py": b"",
                "hivemind.toml": f'[split]\nmode = "lines"\nfile = "l.txt"\nchunk = {chunk}\n'.encode(),
            },
        )
        reading = read_manifest(files)
        if not content:
            assert reading.problems
            return
        assert reading.spec is not None
        index, _ = index_items(reading.spec.split, reading.listed, files, store.writer)
        slices = [slice_at(store.read, index, place).content for place in range(reading.spec.subtask_count)]
        bom = b"\xef\xbb\xbf"
        assert b"".join(slices) == content.removeprefix(bom)
        assert all(part.count(b"\n") == chunk for part in slices[:-1])


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_every_grid_point_is_in_exactly_one_subtask(first: int, second: int, chunk: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = (
            f'[split]\nmode = "grid"\nchunk = {chunk}\n[split.grid]\n'
            f'z = {list(range(first))}\na = {{ range = "1-{second}" }}\n'
        )
        _, files = stored(Path(folder), {"main.py": b"", "hivemind.toml": text.encode()})
        spec = read_manifest(files).spec
        assert spec is not None
        points = [item for index in range(spec.subtask_count) for item in items_of(spec, index, b"")]
        assert [(p["z"], p["a"]) for p in points] == [(z, a) for z in range(first) for a in range(1, second + 1)]


def test_a_node_fetches_only_its_items_and_what_is_shared(tmp_path: Path) -> None:
    names = {f"data/{number}.csv": bytes([number]) * (number + 1) for number in range(5)}
    text = (
        '[run]\ncommand = ["python", "main.py", "{{item.path}}"]\n[inputs]\nshared = ["lib/**"]\n'
        '[split]\nmode = "files"\nfiles = ["data/*.csv"]\nchunk = 2\nsort = "size_desc"\n'
    )
    store, files = stored(
        tmp_path, {**names, "main.py": b"", "lib/a.py": b"", "big.bin": b"0", "hivemind.toml": text.encode()}
    )
    reading = read_manifest(files)
    assert reading.spec is not None, reading.problems
    index, _ = index_items(reading.spec.split, reading.listed, files, store.writer)
    seen = []
    for place in range(reading.spec.subtask_count):
        rendered = render(reading.spec, place, slice_at(store.read, index, place).content)
        own = list(rendered.command[2:])
        seen += own
        entries = [files.entry(fact.path) for fact in files.facts()]
        needed = [entry.path for entry in needed_files(reading.spec, entries, rendered.items, merge=False)]
        assert needed == sorted([*own, "lib/a.py", "main.py"])
    assert seen == [f"data/{number}.csv" for number in (4, 3, 2, 1, 0)]
