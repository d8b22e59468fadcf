"""Every example reads without a problem, and keeps its promise when run as the container contract says."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from core.blobs.bundler import folder_files, keep_folder
from core.blobs.store import BlobStore
from core.domain.bundle import FileEntry
from core.domain.spec import TaskSpec
from core.manifest.files import StoredFiles
from core.manifest.items import index_items, needed_files, slice_at
from core.manifest.reading import read_manifest
from core.manifest.render import Rendered, render, render_merge

EXAMPLES = Path(__file__).parents[4] / "resources" / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


class Bench:
    """Runs an example in folders like those of a sandbox."""

    def __init__(self, name: str, root: Path, given: dict[str, object] | None = None) -> None:
        self.root = root
        self.store = BlobStore(root / "store")
        bundle = keep_folder(EXAMPLES / name, self.store)
        self.entries: tuple[FileEntry, ...] = bundle.entries
        files = StoredFiles(self.store, bundle.entries)
        reading = read_manifest(files, given)
        assert reading.problems == () and reading.advice == () and reading.spec is not None
        self.spec: TaskSpec = reading.spec
        self.items_blob, _ = index_items(self.spec.split, reading.listed, files, self.store.writer)

    def run(self, index: int) -> tuple[int, str, Path]:
        content = b""
        if self.items_blob:
            content = slice_at(self.store.read, self.items_blob, index).content
        return self._start(render(self.spec, index, content), self.root / "parts" / str(index), merge=False)

    def merge(self) -> tuple[int, str, Path]:
        return self._start(render_merge(self.spec), self.root / "merged", merge=True)

    def _start(self, rendered: Rendered, work: Path, *, merge: bool) -> tuple[int, str, Path]:
        for name in ("run", "item", "out", "checkpoint"):
            (work / name).mkdir(parents=True, exist_ok=True)
        for entry in needed_files(self.spec, self.entries, rendered.items, merge=merge):
            target = work / "run" / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.store.read(entry.blob, entry.offset, entry.size))
        for name, content in rendered.item_files.items():
            (work / "item" / name).write_bytes(content)
        env = {
            **os.environ,
            **rendered.env,
            "HIVEMIND_ITEM": str(work / "item" / "item.json"),
            "HIVEMIND_OUT": str(work / "out"),
            "HIVEMIND_CHECKPOINT": str(work / "checkpoint"),
            "HIVEMIND_PARTS": str(self.root / "parts"),
        }
        command = [sys.executable, *rendered.command[1:]]
        done = subprocess.run(
            command, cwd=work / "run", env=env, capture_output=True, text=True, timeout=100, check=False
        )
        return done.returncode, done.stdout + done.stderr, work


@pytest.mark.parametrize("name", NAMES)
def test_example_reads_without_problem_or_advice(name: str, tmp_path: Path) -> None:
    bench = Bench(name, tmp_path)
    assert bench.spec.run.command[0] in ("python", "sh")
    assert [path for _, path in folder_files(EXAMPLES / name)] == [entry.path for entry in bench.entries]


def test_mandelbrot_bands_merge_into_one_whole_picture(tmp_path: Path) -> None:
    bench = Bench("mandelbrot", tmp_path, {"params": {"width": "96", "height": "64", "iterations": "60"}})
    for index in range(bench.spec.subtask_count):
        code, output, work = bench.run(index)
        assert code == 0, output
        assert (work / "run" / render(bench.spec, index).required[0]).name in os.listdir(work / "out")
    code, output, work = bench.merge()
    assert code == 0, output
    picture = (work / "out" / "mandelbrot.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (96, 64)
    rows, place = b"", 8
    while place < len(picture):
        (length,) = struct.unpack(">I", picture[place : place + 4])
        if picture[place + 4 : place + 8] == b"IDAT":
            rows += picture[place + 8 : place + 8 + length]
        place += length + 12
    pixels = zlib.decompress(rows)
    assert len(pixels) == 64 * (96 * 3 + 1)
    assert len({pixels[place : place + 3] for place in range(1, len(pixels) - 3, 3)}) > 200


def test_word_count_adds_up_to_the_whole_text(tmp_path: Path) -> None:
    bench = Bench("word-count", tmp_path)
    assert bench.spec.subtask_count == 4
    for index in range(bench.spec.subtask_count):
        code, output, _ = bench.run(index)
        assert code == 0, output
    code, output, work = bench.merge()
    assert code == 0, output
    table = (work / "out" / "words.csv").read_text(encoding="utf-8").splitlines()
    assert "nation,5" in table
    assert "public,1" not in table, "the header went into a slice"


def test_train_grid_compares_every_point(tmp_path: Path) -> None:
    bench = Bench("train-grid", tmp_path, {"params.epochs": "3"})
    assert bench.spec.subtask_count == 12
    for index in range(12):
        code, output, _ = bench.run(index)
        assert code == 0, output
        assert "hivemind_metric: loss=" in output
    code, output, work = bench.merge()
    assert code == 0, output
    table = (work / "out" / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len({tuple(row.split(",")[:3]) for row in table[1:]}) == 12
    assert (work / "out" / "curves.svg").exists() or (work / "out" / "curves.png").exists()


def test_monte_carlo_gives_the_same_numbers_again_and_the_known_share(tmp_path: Path) -> None:
    bench = Bench("monte-carlo", tmp_path, {"params": {"runs": 30, "people": 200}})
    tables = []
    for index in (0, 1, 0):
        code, output, work = bench.run(index)
        assert code == 0, output
        tables.append((work / "out" / "runs.csv").read_text(encoding="utf-8"))
    assert tables[0] == tables[2] != tables[1]
    code, output, work = bench.merge()
    assert code == 0, output
    summary = (work / "out" / "summary.csv").read_text(encoding="utf-8").splitlines()
    heard = float(summary[1].split(",")[1])
    assert 0.75 < heard / 200 < 0.85, "Daley and Kendall: 0.797 of the people in the end"


def test_a_pipeline_of_the_shell_counts_every_request(tmp_path: Path) -> None:
    bench = Bench("shell-pipeline", tmp_path)
    assert bench.spec.subtask_count == 4
    assert render(bench.spec, 0, slice_at(bench.store.read, bench.items_blob, 0).content).command[:2] == (
        "sh",
        "count.sh",
    )


def test_pi_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    bench = Bench("pi-checkpoint", tmp_path, {"params": {"digits": 1000}})
    codes = []
    for _ in range(4):
        code, output, work = bench.run(0)
        codes.append(code)
    assert codes == [85, 85, 85, 0], output
    digits = (work / "out" / "pi.txt").read_text(encoding="utf-8").strip()
    assert digits.startswith("3.14159265358979323846264338327950288419716939937510")
    assert len(digits) == 1002
    assert digits.endswith("2164201989"), "the 991st to 1000th digit of pi"


def test_plain_main_needs_no_manifest(tmp_path: Path) -> None:
    bench = Bench("plain-main", tmp_path)
    assert bench.spec.run.collect_changes and bench.spec.run.copy
    code, output, work = bench.run(0)
    assert code == 0 and "17984 primes below 200000" in output
    assert (work / "run" / "prime_gaps.csv").read_text(encoding="utf-8").startswith("gap,count\n1,1\n2,")
