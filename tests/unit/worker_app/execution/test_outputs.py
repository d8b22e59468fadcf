"""What comes out is judged by name and size, and a refusal leaves nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_app.agent.ports.sandbox import CollectOrder, OutputRefused
from worker_app.execution.outputs import Collection, check_path


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\nb", "a\\b", "a\0b", "x" * 256, "a/" * 65 + "b"],
)
def test_a_path_that_does_not_stay_inside_is_refused(path: str) -> None:
    with pytest.raises(OutputRefused):
        check_path(path)


@given(st.text())
def test_a_path_is_refused_or_stays_inside(path: str) -> None:
    try:
        checked = check_path(path)
    except OutputRefused:
        return
    assert not checked.startswith("/")
    assert ".." not in checked.split("/")


def test_names_become_nfc() -> None:
    assert check_path("out/e\u0301.txt") == "out/\u00e9.txt"


def test_files_are_kept_under_names_of_our_own(tmp_path: Path) -> None:
    collection = Collection(CollectOrder(target_folder=tmp_path))
    collection.start("out/CON", 3, executable=True)
    collection.write(b"ab")
    collection.write(b"c")
    (file,) = collection.finish()
    assert (file.path, file.local, file.executable) == ("out/CON", tmp_path / "0000000", True)
    assert file.sha256 == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("content", [b"", b"abcd"])
def test_content_that_differs_from_its_announcement_is_refused(tmp_path: Path, content: bytes) -> None:
    collection = Collection(CollectOrder(target_folder=tmp_path))
    collection.start("a", 3, executable=False)
    with pytest.raises(OutputRefused):
        collection.write(content)
        collection.finish()
    collection.abandon()
    assert list(tmp_path.iterdir()) == []


def test_limits_hold_whatever_the_other_side_says(tmp_path: Path) -> None:
    collection = Collection(CollectOrder(target_folder=tmp_path, max_bytes=5, max_files=2))
    collection.start("a", 0, executable=False)
    with pytest.raises(OutputRefused, match="more than 5 bytes"):
        collection.start("b", 6, executable=False)
    with pytest.raises(OutputRefused, match="two results"):
        collection.start("A", 0, executable=False)
    collection.start("c", 0, executable=False)
    with pytest.raises(OutputRefused, match="more than 2 files"):
        collection.start("d", 0, executable=False)


def test_what_a_killed_agent_left_half_collected_is_collected_anew(tmp_path: Path) -> None:
    (tmp_path / "0000000").write_bytes(b"in the mid")
    again = Collection(CollectOrder(target_folder=tmp_path))
    again.start("a.txt", 3, executable=False)
    again.write(b"all")
    [file] = again.finish()
    assert file.local.read_bytes() == b"all"
