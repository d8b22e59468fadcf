"""An agent is found, started once, started again with patience, and never fought."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from core import paths
from worker_app.tray.keeper import LONGEST_WAIT_S, WELL_S, Keeper, lock_is_free


class Child:
    def __init__(self) -> None:
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode


class Stage:
    def __init__(self, folder: Path) -> None:
        self.children: list[Child] = []
        self.now = 100.0
        self.keeper = Keeper(folder, ("agent", "run"), now=lambda: self.now, start=self.start)

    def start(self, command: Sequence[str], words: IO[bytes]) -> Any:
        assert list(command) == ["agent", "run"]
        self.children.append(Child())
        return self.children[-1]


def test_one_is_started_where_none_runs_and_only_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    assert stage.keeper.find() is None
    assert stage.keeper.find() is None
    assert len(stage.children) == 1


def test_one_that_ends_is_started_again_with_growing_patience(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    waits = []
    for _ in range(9):
        stage.now += stage.keeper.next_try_s
        stage.keeper.find()
        stage.children[-1].returncode = 1
        stage.keeper.find()
        waits.append(stage.keeper.next_try_s)
    assert len(stage.children) == 9
    assert waits[:3] == [1.0, 2.0, 4.0] and waits[-1] == LONGEST_WAIT_S


def test_one_that_was_well_is_started_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.keeper.find()
    stage.now += WELL_S + 1
    stage.children[-1].returncode = -9
    stage.keeper.find()
    assert stage.keeper.next_try_s == 1.0


def test_none_is_started_once_the_person_quit(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.keeper.wanted = False
    stage.keeper.find()
    assert stage.children == []


async def test_one_that_runs_is_attached_to_and_not_fought(tmp_path: Path) -> None:
    (tmp_path / "agent.json").write_text(json.dumps({"pid": 7, "doors": {"agent": "127.0.0.1:1"}, "token": "t"}))
    stage = Stage(tmp_path)
    with open(tmp_path / "agent.lock", "a+b") as held:
        paths.lock_exclusively(held)
        assert not lock_is_free(tmp_path)
        client = stage.keeper.find()
        assert client is not None and stage.children == []
        await client.close()
    # Its file is left from a crash: nobody holds the folder, so one is started.
    assert stage.keeper.find() is None and len(stage.children) == 1
