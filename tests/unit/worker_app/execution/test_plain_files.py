"""Folders of plain processes: emptied without following links, collected without trusting them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker_app.agent.ports.sandbox import CollectOrder, OutputRefused
from worker_app.execution.plain_files import bring_over, collect_from, empty, files_below, link

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the folders of these tests are made with POSIX links")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("run", "out", "src", "checkpoint"):
        (tmp_path / "root" / name).mkdir(parents=True)
    return tmp_path / "root"


def test_emptying_leaves_what_links_stand_for(root: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    link(root / "run" / "link", tmp_path / "precious")
    (root / "run" / "closed" / "inner").mkdir(parents=True)
    (root / "run" / "closed" / "inner" / "x").write_text("x")
    (root / "run" / "closed").chmod(0)
    (root / "run" / "readonly").write_text("x")
    (root / "run" / "readonly").chmod(0o400)
    empty(root / "run")
    assert list((root / "run").iterdir()) == []
    assert (tmp_path / "precious" / "file").read_text() == "x"


def test_our_links_are_no_results_and_others_are_refused(root: Path, tmp_path: Path) -> None:
    (root / "src" / "data").mkdir()
    link(root / "run" / "data", root / "src" / "data")
    link(root / "run" / "out", root / "out")
    (root / "run" / "made").write_text("x")
    order = CollectOrder(target_folder=tmp_path / "t", include=("**",))
    assert [file.path for file in collect_from(root, order, {})] == ["made"]
    link(root / "run" / "theirs", Path("/etc/passwd"))
    with pytest.raises(OutputRefused, match="theirs is a symbolic link"):
        collect_from(root, CollectOrder(target_folder=tmp_path / "u", include=("**",)), {})
    assert list(tmp_path.glob("u/*")) == []


def test_no_link_is_walked_into(root: Path) -> None:
    link(root / "run" / "etc", Path("/etc"))
    assert [path for path, _, _ in files_below(root / "run", "")] == ["etc"]


def test_what_was_written_beside_the_results_is_brought_over(root: Path, tmp_path: Path) -> None:
    """As on a file system where nothing can stand for the folder of results."""
    (root / "out" / "sub").mkdir()
    (root / "out" / "sub" / "old").write_text("by its full path")
    (root / "run" / "out" / "sub").mkdir(parents=True)
    (root / "run" / "out" / "sub" / "new").write_text("by its short path")
    link(root / "run" / "checkpoint", root / "checkpoint")
    (root / "checkpoint" / "state").write_text("stays")
    bring_over(root)
    kept = collect_from(root, CollectOrder(target_folder=tmp_path / "t", include=("out/**", "checkpoint/**")), {})
    assert [file.path for file in kept] == ["out/sub/new", "out/sub/old", "checkpoint/state"]
    assert not (root / "run" / "out").exists()
    bring_over(root)
    assert (root / "checkpoint" / "state").read_text() == "stays"
