"""Results out of an archive that a stranger filled."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker_app.agent.ports.sandbox import CollectOrder, OutputRefused
from worker_app.execution.archives import Results, first_file, link_tar


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for entry, data in entries:
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def a_file(path: str, data: bytes, **changes: object) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime = len(data), 1_700_000_000
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry, data


def pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 700):
        yield content[start : start + 700]


def test_files_come_out_whole_and_by_pattern(tmp_path: Path) -> None:
    big = bytes(range(256)) * 9000
    results = Results(CollectOrder(target_folder=tmp_path, required=("out/*.bin",)))
    results.take("out", pieces(archive(a_file("out/a.bin", big, mode=0o755), a_file("elsewhere", b"x"))))
    (found,) = results.finish()
    assert (found.path, found.executable, found.local.read_bytes()) == ("out/a.bin", True, big)


def test_of_a_copied_bundle_only_changes_come_out(tmp_path: Path) -> None:
    results = Results(CollectOrder(target_folder=tmp_path, changes=True))
    link = tarfile.TarInfo("run/out")
    link.type, link.linkname = tarfile.SYMTYPE, "/work/out"
    copied = a_file("run/old", b"1", mtime=0)
    results.take("run", pieces(archive(copied, a_file("run/d/new", b"2"), (link, b""))))
    assert [file.path for file in results.finish()] == ["d/new"]


@pytest.mark.parametrize("path", ["out/../x", "/out/x", "out//x"])
def test_paths_that_leave_are_refused(tmp_path: Path, path: str) -> None:
    results = Results(CollectOrder(target_folder=tmp_path, include=("**",)))
    with pytest.raises(OutputRefused):
        results.take("out", pieces(archive(a_file(path, b"x"))))
        results.finish()
    results.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_breaks_off_is_refused(tmp_path: Path) -> None:
    results = Results(CollectOrder(target_folder=tmp_path))
    with pytest.raises(OutputRefused):
        results.take("out", pieces(archive(a_file("out/a", bytes(5000)))[:2000]))
        results.finish()
    results.abandon()


def test_a_first_file_is_read_and_anything_else_is_nothing() -> None:
    assert first_file(pieces(archive(a_file("verdict", b"exit=0\n")))) == "exit=0\n"
    assert first_file(pieces(link_tar({"verdict": "/etc/passwd"}))) == ""
    assert first_file(pieces(b"no archive at all" * 100)) == ""
