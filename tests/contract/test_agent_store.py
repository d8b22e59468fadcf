"""The agent's database: one suite for the real one and the fake."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.errors import StorageUnavailable
from core.domain.rewards import Tick
from core.domain.session import AttemptUpdate, ItemSlice
from tests.fakes.agent_store import FakeAgentStore
from tests.support.agents import make_brief, make_offer
from worker_app.agent.outbox import Outbox
from worker_app.agent.ports.store import AgentStore, Changes, Ending, LocalResult, StartMark, Stored


class Disk:
    """A store that can be opened again, as after a restart."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._fake = FakeAgentStore() if kind == "fake" else None
        self._folder = folder
        self._open: AgentStore | None = None

    def store(self) -> tuple[AgentStore, Stored]:
        if self._open is not None:
            self._open.close()
        self._open = self._fake or Outbox(self._folder, "boot-1")
        return self._open, self._open.open()


@pytest.fixture(params=["sqlite", "fake"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return Disk(request.param, tmp_path)


def test_the_incarnation_rises_with_each_start(disk: Disk) -> None:
    assert [disk.store()[1].incarnation for _ in range(3)] == [1, 2, 3]


def test_everything_that_was_written_is_there_again(disk: Disk) -> None:
    store, _ = disk.store()
    digest = "0" * 64
    item = ItemSlice(blob=digest, offset=1, length=3, sha256=digest, content=b"\xff\x00\n")
    offer = replace(make_offer("a1"), item=item)
    entry = FileEntry(path="out/ä", size=1, sha256=digest, blob=digest)
    update = AttemptUpdate(number=7, attempt_id="a1", state=AttemptState.RUNNING, artifacts=(entry,))
    ending = Ending(update=update, results=(LocalResult(entry=entry, local="a1/out/0"),))
    ticks = (Tick(duration_ms=30_000, cpu_percent=12.5, memory_percent=1),)
    store.write(Changes(briefs=(make_brief(),), accepted=((offer, 1234),), next_number=7))
    store.write(
        Changes(
            marks={"a1": StartMark(sandbox_id="s", gpu_uuids=("g",))},
            deadlines={"a1": 5678},
            ticks={"a1": ticks},
            endings={"a1": ending},
            updates=(update,),
            next_number=8,
            highest_term=3,
        )
    )
    _, stored = disk.store()
    (attempt,) = stored.attempts
    assert attempt.offer == offer
    assert (attempt.deadline_ms, attempt.boot_id) == (5678, "boot-1")
    assert attempt.mark == StartMark(sandbox_id="s", gpu_uuids=("g",))
    assert (attempt.ticks, attempt.ending, attempt.update) == (ticks, ending, update)
    assert (stored.next_number, stored.highest_term) == (8, 3)
    assert stored.briefs == {("task-1", 1): make_brief()}


def test_what_was_dropped_is_gone_and_a_rejected_one_needs_no_offer(disk: Disk) -> None:
    store, _ = disk.store()
    rejected = AttemptUpdate(number=1, attempt_id="a2", state=AttemptState.REJECTED, reason="capacity")
    store.write(Changes(briefs=(make_brief(),), accepted=((make_offer("a1"), 1),), updates=(rejected,)))
    store.write(Changes(dropped=("a1",), dropped_briefs=(("task-1", 1),)))
    _, stored = disk.store()
    assert [(one.offer, one.update) for one in stored.attempts] == [(None, rejected)]
    assert stored.briefs == {}


_WRITER = """
import sys
from pathlib import Path
from tests.support.agents import make_offer
from worker_app.agent.outbox import Outbox
from worker_app.agent.ports.store import Changes
box = Outbox(Path(sys.argv[1]), "boot-1")
box.open()
number = 0
while True:
    number += 1
    box.write(Changes(accepted=((make_offer(f"a{number:06d}"), number),), next_number=number + 1))
    print(number, flush=True)
"""


def test_what_was_reported_durable_survives_kill_9(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert writer.stdout is not None
    last = 0
    with writer:
        for line in writer.stdout:
            last = int(line)
            if last == 50:
                writer.send_signal(signal.SIGKILL)
    box = Outbox(tmp_path, "boot-1")
    stored = box.open()
    box.close()
    assert last >= 50
    assert len(stored.attempts) in (last, last + 1)
    assert stored.next_number == len(stored.attempts) + 1
    assert stored.incarnation == 2


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    import sqlite3

    box = Outbox(tmp_path, "boot-1")
    box.open()
    box.close()
    with sqlite3.connect(tmp_path / "agent.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StorageUnavailable, match="newer version"):
        Outbox(tmp_path, "boot-1").open()


def test_what_another_node_left_in_the_folder_is_nobodys(tmp_path: Path) -> None:
    box = Outbox(tmp_path, "boot-1", "node-1")
    box.open()
    box.write(Changes(briefs=(make_brief(),), accepted=((make_offer("a1"), 1),), next_number=7, highest_term=9))
    box.close()
    same = Outbox(tmp_path, "boot-1", "node-1")
    assert len(same.open().attempts) == 1
    same.close()
    another = Outbox(tmp_path, "boot-1", "node-2")
    stored = another.open()
    assert (stored.attempts, stored.briefs, stored.next_number, stored.highest_term) == ((), {}, 7, 9)
    another.close()
