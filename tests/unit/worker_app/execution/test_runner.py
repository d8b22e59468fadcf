"""The runner's parts that need no container; what it promises as PID 1 is in tests/integration/execution."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_app.execution import runner

CODE = Path(runner.__file__)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runner is for Linux containers")


def test_it_imports_only_the_standard_library_and_parses_as_python_3_8() -> None:
    tree = ast.parse(CODE.read_text(), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names <= set(sys.stdlib_module_names)


def test_it_compiles_without_warnings() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"compile(open({str(CODE)!r}).read(),'runner','exec')"],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_deep_and_closed_folder_is_emptied(tmp_path: Path) -> None:
    inner = tmp_path / "a/b/c"
    inner.mkdir(parents=True)
    (inner / "f").write_text("x")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "a/b").chmod(0)
    runner.empty_folder(str(tmp_path), runner.now() + 10)
    assert list(tmp_path.iterdir()) == []
    assert Path("/etc").is_dir()


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/kept").write_text("x")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(runner.CannotEmpty):
        runner.empty_folder(str(tmp_path / "link"), runner.now() + 10)
    assert (tmp_path / "real/kept").exists()


@given(st.binary(max_size=200), st.integers(1, 17))
def test_lines_are_found_however_the_output_is_cut(noise: bytes, step: int) -> None:
    content = noise.replace(b"hivemind", b"") + b"\nhivemind_progress: 12.5\nhivemind_status: a b\r\nrest"
    lines = runner.Lines(bytes)
    for start in range(0, len(content), step):
        lines.feed(content[start : start + step])
    lines.finish()
    assert (lines.progress, lines.status) == (12.5, "a b")


@pytest.mark.parametrize(
    "line",
    [b"hivemind_progress: 101", b"hivemind_progress: nan", b"hivemind_metric: a b=1", b"hivemind_metric: a=inf"],
)
def test_invalid_lines_are_plain_output(line: bytes) -> None:
    lines = runner.Lines(bytes)
    lines.feed(line + b"\n")
    assert not lines.waiting


@given(st.lists(st.sampled_from([b"s3cr", b"et-", b"token", b"s3cret-token", b"x", b"\n"]), max_size=12))
def test_a_secret_never_passes_the_masker(pieces: list[bytes]) -> None:
    masker = runner.Masker(["s3cret-token"])
    out = b"".join(masker.feed(1, piece) for piece in pieces) + masker.flush(1)
    assert b"s3cret-token" not in out
    assert out == b"".join(pieces).replace(b"s3cret-token", b"***")


def test_the_log_keeps_head_and_tail_and_replays_from_an_offset(tmp_path: Path) -> None:
    log = runner.Log(str(tmp_path))
    piece = bytes(1 << 16)
    for _ in range(200):
        log.add(1, piece)
    log.add(2, b"the end")
    assert list(tmp_path.iterdir()) == []
    kept = list(log.records(0))
    assert sum(len(content) for _, _, content in kept) == log.total - log.dropped
    assert log.dropped > 0
    assert kept[-1] == (2, 200 << 16, b"the end")
    assert list(log.records(log.total - 3)) == [(2, log.total - 3, b"end")]


def test_cgroup_counters_are_read_in_both_versions(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    (one / "memory").mkdir(parents=True)
    (one / "memory/memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    (one / "memory/memory.usage_in_bytes").write_text("1000\n")
    (one / "memory/memory.stat").write_text("inactive_file 1\ntotal_inactive_file 400\n")
    two.mkdir()
    (two / "memory.current").write_text("1000\n")
    (two / "memory.stat").write_text("inactive_file 300\n")
    (two / "memory.events").write_text("oom 1\noom_kill 2\n")
    (two / "cpu.stat").write_text("usage_usec 5000\n")
    first, second = runner.Cgroup(str(one)), runner.Cgroup(str(two))
    assert (first.oom_kills(), first.memory(), first.cpu_ms()) == (3, 600, 0)
    assert (second.oom_kills(), second.memory(), second.cpu_ms()) == (2, 700, 5)


def test_deleted_files_that_are_open_are_measured(tmp_path: Path) -> None:
    code = (
        "import os,sys,time\nf=open(sys.argv[1],'wb'); os.unlink(sys.argv[1])\n"
        "f.write(b'x'*(1<<20)); f.flush(); print('up',flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "x")], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    try:
        deadline = time.monotonic() + 5
        while runner.measure_disk([str(tmp_path)]) < 1 << 20:
            assert time.monotonic() < deadline
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
