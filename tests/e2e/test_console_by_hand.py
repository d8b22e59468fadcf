"""The console under Xvfb, by mouse and keyboard alone: from a new master to a drained node."""

from __future__ import annotations

import json
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.rpc.join_link import mask_join_link
from master_app.folder import DataFolder
from tests.support.desktop import Desktop, missing, until
from tests.support.engine import docker, remove_everything_of
from tests.support.pool import WORKER_PROGRAM, Program

pytestmark = [
    pytest.mark.display,
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(missing(), reason="Xvfb and xdotool are not installed"),
]
TASK = """schema = 1
[task]
name = "by-hand"
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "-c", "print('part {{index}} is done'); open('out/' + '{{index}}', 'w').write('x')"]
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
[split]
mode = "count"
count = 4
"""


class Person:
    """Somebody at the console's window: what they see, what they click, what they type."""

    def __init__(self, desktop: Desktop, folder: Path) -> None:
        self._desktop = desktop
        self._places = folder / "places.json"
        command = (sys.executable, "-m", "tests.support.console_runner")
        self.process = desktop.start(*command, str(folder / "master"), str(folder / "settings"), str(self._places))

    @property
    def sees(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._places.read_text())
        except FileNotFoundError:
            return {"windows": [], "title": "", "things": {}, "fields": {}, "rows": {}, "nodes": {}, "texts": []}
        return found

    def reads(self, words: str) -> bool:
        return any(words in text for text in self.sees["texts"])

    def clicks(self, name: str, kind: str = "things", *, times: int = 1) -> None:
        """Click on something once it is there and no longer moves. Rows and nodes go by a part of their name."""
        seen: list[list[int] | None] = []

        def rests() -> bool:
            places = self.sees[kind]
            known = next((each for each in places if each == name or (kind in SAID and name in each)), "")
            seen.append(places.get(known))
            return len(seen) > 3 and seen[-1] is not None and seen[-1] == seen[-2] == seen[-3]

        until(f"{name} is in {kind} and rests", rests)
        x, y = seen[-1] or (0, 0)
        self._desktop.hand("mousemove", x, y, "sleep", "0.1", "click", "--repeat", times, 1)

    def types(self, name: str, text: str) -> None:
        """Click into a field and replace what it says."""
        self.clicks(name, "fields")
        self.presses("ctrl+a")
        self._desktop.hand("type", "--delay", 15, "--", text)

    def presses(self, keys: str) -> None:
        """Without a window manager nobody gives the window the keyboard: that is done here."""
        until("a window is open", lambda: bool(self.sees["windows"]))
        self._desktop.hand("windowfocus", self.sees["windows"][0], "sleep", "0.1", "key", keys)


SAID = ("rows", "nodes")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(tmp_path, "1500x950x24")
    yield made
    made.close()


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[dict[str, Program]]:
    """Agents that the test starts; nothing of theirs may be left."""
    started: dict[str, Program] = {}
    yield started
    for agent in started.values():
        agent.stop()
    for file in tmp_path.glob("*/identity.json"):
        node_id = json.loads(file.read_text())["node_id"]
        left = docker("ps", "-aq", "--filter", f"label=hivemind.node={node_id}")
        remove_everything_of(node_id)
        assert left == "", f"{file.parent.name} left containers behind"


def _start_agent(folder: Path, name: str, link: str) -> Program:
    command = [*WORKER_PROGRAM, "run", "--data-dir", str(folder / name), "--slots", "2", "--join", "-"]
    return Program([*command, "--runtime", "docker"], folder / f"{name}.log", link + "\n")


def _master_is_started_here(person: Person) -> None:
    for door in ("Web", "Nodes", "Control"):
        person.types(door, "127.0.0.1:0")
    person.types("Pool name", "lab")
    person.clicks(f"Start master on {socket.gethostname()}")
    until("the window is connected", lambda: person.sees["title"].startswith("Idle, lab on "))


def _a_provider_is_added(person: Person) -> None:
    person.presses("ctrl+5")
    person.clicks("Add a user…")
    person.types("User name", "bob")
    person.types("Password", "a long passphrase of theirs 7")
    person.presses("Return")
    until("bob stands in the list", lambda: any(row.startswith("bob") for row in person.sees["rows"]))


def _two_nodes_join(person: Person, folder: Path, agents: dict[str, Program]) -> None:
    person.presses("ctrl+6")
    person.types("Owner", "bob")
    person.types("Uses", "2")
    person.clicks("An operator approves each node first")
    person.clicks("Make link")
    person.clicks("Show or hide")
    links: list[str] = []

    def shown() -> bool:
        links[:] = [text for text in person.sees["texts"] if text.startswith("hivemind://")]
        return bool(links) and links[0] != mask_join_link(links[0])

    until("the link is shown", shown)
    link = links[0]
    for name in ("desk-1", "desk-2"):
        agents[name] = _start_agent(folder, name, link)
        person.clicks("Approve")
        until(f"{name} is let in", lambda: person.reads("No node waits for approval."))
    person.presses("ctrl+2")
    until("both are ready", lambda: [row.split()[-1] for row in person.sees["nodes"]] == ["READY"] * 2, 90)


def _a_task_is_sent_and_watched(person: Person, folder: Path) -> None:
    bundle = folder / "task.zip"
    with zipfile.ZipFile(bundle, "w") as made:
        made.writestr("hivemind.toml", TASK)
    person.presses("ctrl+3")
    person.clicks("Submit a task…")
    person.types("Zip", str(bundle))
    person.presses("Return")
    until("the quote is read", lambda: person.reads("by-hand: 4 subtasks"))
    person.clicks("Submit task")
    until("it has ended", lambda: not person.sees["rows"], 120)
    person.clicks("Ended")
    person.clicks("by-hand", "rows")
    until("it is done", lambda: person.reads("4 of 4 done"))
    until("why it does not wait is said", lambda: person.reads("Nothing waits."))


def _an_amount_is_explained(person: Person) -> None:
    person.presses("ctrl+4")
    person.clicks("reward by-hand/3", "rows")
    until("the amount is explained", lambda: person.reads("min x"))


def _a_node_is_drained(person: Person) -> None:
    person.presses("ctrl+2")
    until("the nodes are seen", lambda: bool(person.sees["nodes"]))
    name = next(iter(person.sees["nodes"])).split()[0]
    person.clicks(name, "nodes")
    person.clicks("Drain…")
    person.types("Reason", "a new power supply")
    person.clicks("Drain 1 node")
    until("it is drained", lambda: any(node.startswith(f"{name} DRAIN") for node in person.sees["nodes"]))
    person.presses("ctrl+7")
    until("it stands in the log", lambda: any("Drained a node" in row for row in person.sees["rows"]))


def test_a_pool_is_run_from_the_window_alone(
    desktop: Desktop, tmp_path: Path, agents: dict[str, Program], base_image: str
) -> None:
    person = Person(desktop, tmp_path)
    _master_is_started_here(person)
    _a_provider_is_added(person)
    _two_nodes_join(person, tmp_path, agents)
    _a_task_is_sent_and_watched(person, tmp_path)
    _an_amount_is_explained(person)
    _a_node_is_drained(person)
    for agent in agents.values():
        assert agent.stop() == 0
    person.presses("ctrl+q")
    person.clicks("Stop the master")
    assert person.process.wait(60) == 0
    assert DataFolder(tmp_path / "master").running() is None, "the master that it started is gone too"
