"""A real tray host under Xvfb, a real master, a real agent and real subtasks: by mouse and by keyboard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core.client.client import HiveMind
from core.domain.agent_views import AgentAction, AgentShown
from core.domain.lending import Preset
from tests.support.desktop import LIMIT_S, Desktop, missing, until
from tests.support.engine import base_image, docker
from tests.support.pool import Pool
from worker_app.tray import app as tray_app
from worker_app.tray.client import AgentClient, find_door

__all__ = ["base_image"]
pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(missing("trayer"), reason="Xvfb, trayer and xdotool are not installed"),
]
T = TypeVar("T")
SPIN = """
schema = 1
[task]
name = "spin"
[run]
command = ["python3", "main.py"]
allow_process = true
"""


class Worker:
    """The tray app on a desktop, and its agent's door."""

    def __init__(self, desktop: Desktop, folder: Path, *flags: str, runtime: str = "process") -> None:
        self.folder = folder / "worker"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._places = folder / "places.json"
        self._places.unlink(missing_ok=True)
        self._desktop = desktop
        command = (sys.executable, "-m", "tests.support.tray_runner", str(self.folder), runtime)
        self.process = desktop.start(*command, str(self._places), *flags)

    @property
    def places(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._places.read_text())
        except FileNotFoundError:
            return {"icon": (0, 0, 0), "menu": {}, "window": False, "tip": "", "active": "", "has_tray": False}
        return found

    def ask(self, question: Callable[[AgentClient], Coroutine[Any, Any, T]]) -> T:
        """Ask the agent's door beside the window."""

        async def once() -> T:
            door = find_door(self.folder)
            assert door is not None
            client = AgentClient(door)
            try:
                return await question(client)
            finally:
                await client.close()

        return asyncio.run(once())

    def shown(self) -> AgentShown:
        async def first(client: AgentClient) -> AgentShown:
            async for shown in client.watch(samples=False):
                return shown
            raise AssertionError("the agent says nothing")

        return self.ask(first)

    def open_menu(self) -> None:
        x, y, _ = self.places["icon"]
        self._desktop.hand("mousemove", x, y, "click", 3)
        until("the menu opens", lambda: bool(self.places["menu"]))

    def click(self, item: str) -> None:
        """Click on an item of the open menu."""
        until(f"{item} is in the menu", lambda: item in self.places["menu"])
        # A menu that has just opened may still grow: what counts is where the item comes to rest.
        x, y = self.at_rest(item)
        self._desktop.hand("mousemove", x, y, "sleep", "0.2", "click", 1)

    def at_rest(self, item: str) -> tuple[int, int]:
        """Return the place of an item once it has been the same for a second."""
        seen: list[tuple[int, int]] = []

        def stands() -> bool:
            seen.append(tuple(self.places["menu"].get(item, (-1, -1))))
            return len(seen) > 6 and len(set(seen[-7:])) == 1 and seen[-1] != (-1, -1)

        until(f"{item} comes to rest", stands)
        return seen[-1]

    def choose_by_keyboard(self, item: str) -> None:
        """Walk down the open menu by arrow keys and press Return."""
        for _ in range(30):
            self._desktop.hand("key", "Down", "sleep", "0.35")
            if self.places["active"] == item:
                self._desktop.hand("key", "Return")
                return
        raise AssertionError(f"{item} was never reached by the keyboard")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(tmp_path)
    yield made
    made.close()


def join_pool(pool: Pool, worker: Worker) -> None:
    """Go through the first start as the window does, by the same door."""
    until("the agent is started by the tray", lambda: find_door(worker.folder) is not None)
    link = pool.admin("join-link", "--owner", "bob", "--name", "desk")
    worker.ask(lambda client: client.join(link))

    async def finish(client: AgentClient) -> None:
        await client.act(AgentAction.CONSENT)
        await client.act(AgentAction.DOCTOR_DONE)
        shown = await client.rules()
        await client.set_rules(next(one for one in shown.presets if one.preset is Preset.FULL))
        await client.act(AgentAction.RULES_DONE)
        # The practice has a test of its own.
        await client.act(AgentAction.PRACTICE_DONE)

    worker.ask(finish)
    until("it is connected", lambda: bool((link := worker.shown().link) and link.phase == "live"))


def states(worker: Worker) -> list[str]:
    found = worker.shown().containers
    return [one.state for one in found.rows] if found is not None else []


def containers(worker: Worker) -> str:
    """Return the running containers of this worker's node, as the engine names them."""
    node_id = json.loads((worker.folder / "identity.json").read_text())["node_id"]
    return docker("ps", "-q", "--filter", f"label=hivemind.node={node_id}", "--filter", "status=running")


@pytest.mark.docker
def test_the_menu_stops_and_resumes_real_containers(desktop: Desktop, tmp_path: Path, base_image: str) -> None:
    desktop.host_tray()
    with Pool(tmp_path, "docker") as pool:
        pool.start_master()
        pool.add_user("bob", "provider", "submitter")
        worker = Worker(desktop, tmp_path, "--minimized", runtime="docker")
        until("the icon stands in the tray", lambda: worker.places["icon"][2] > 0 and worker.places["has_tray"])
        assert not worker.places["window"]
        join_pool(pool, worker)
        with zipfile.ZipFile(tmp_path / "spin.zip", "w") as bundle:
            bundle.writestr("hivemind.toml", SPIN)
            bundle.writestr("main.py", "import time\nprint('spins', flush=True)\ntime.sleep(600)\n")
        with HiveMind(pool.url) as client:
            client.login("bob", pool.password)
            task_id = client.submit(tmp_path / "spin.zip").task_id
            until("the subtask runs", lambda: states(worker) == ["RUNNING"], 120)
            assert containers(worker)
            until("the tooltip says so", lambda: worker.places["tip"].startswith("Working: 1 task"))

            worker.open_menu()
            worker.click("Pause until I resume")
            until("the pause holds", lambda: worker.shown().status.switch.paused_until_ms == -1)  # type: ignore[union-attr]
            until("the work went back", lambda: states(worker) == [])
            until("no container runs", lambda: containers(worker) == "")

            worker.open_menu()
            worker.choose_by_keyboard("Pause 15 minutes instead")
            until("the end is set", lambda: worker.shown().status.switch.paused_until_ms > 0)  # type: ignore[union-attr]

            worker.open_menu()
            worker.click("Resume now")
            until("it is resumed", lambda: worker.shown().status.switch.paused_until_ms == 0)  # type: ignore[union-attr]
            until("it works again", lambda: states(worker) == ["RUNNING"], 60)

            desktop.hand("key", "Escape")
            worker.open_menu()
            worker.click("switch")
            until("it is off", lambda: not worker.shown().status.switch.is_on)  # type: ignore[union-attr]
            until("nothing runs", lambda: states(worker) == [] and containers(worker) == "")
            worker.click("switch")
            until("it is on", lambda: bool(worker.shown().status.switch.is_on))  # type: ignore[union-attr]
            until("it works once more", lambda: states(worker) == ["RUNNING"], 120)
            assert containers(worker)

            desktop.hand("key", "Escape")
            worker.open_menu()
            worker.click("Earnings")
            until("its page opens", lambda: worker.places["window"] and worker.places["page"] == "earnings")
            client.cancel(task_id)
            until("nothing is left", lambda: states(worker) == [])
        worker.open_menu()
        worker.choose_by_keyboard("Quit")
        assert worker.process.wait(60) == 0
        until("the agent went too", lambda: find_door(worker.folder) is None)


#: Item -> how long the pause is that it begins; in the order in which they are chosen.
PAUSES = {
    "Pause 15 minutes": 900,
    "Pause 1 hour instead": 3600,
    "Pause 4 hours instead": 14_400,
    "Pause until I resume": -1,
}


@pytest.mark.parametrize("hand", ["mouse", "keyboard"])
def test_every_item_does_what_it_says(desktop: Desktop, tmp_path: Path, hand: str) -> None:
    desktop.host_tray()
    worker = Worker(desktop, tmp_path, "--minimized")
    until("the icon stands in the tray", lambda: worker.places["icon"][2] > 0 and worker.places["has_tray"])
    until("an agent runs", lambda: find_door(worker.folder) is not None)

    def choose(item: str) -> None:
        worker.open_menu()
        worker.click(item) if hand == "mouse" else worker.choose_by_keyboard(item)
        until("the menu closes", lambda: not worker.places["menu"])

    def is_paused_for(seconds: int) -> bool:
        status = worker.shown().status
        assert status is not None
        end_ms = status.switch.paused_until_ms
        return end_ms == seconds if seconds < 0 else abs(end_ms / 1000 - time.time() - seconds) < 60

    def shows(page: str) -> bool:
        return bool(worker.places["window"] and worker.places["page"] == page)

    for item, seconds in PAUSES.items():
        choose(item)
        # A new pause replaces the one before, whatever is left of it.
        until(f"{item} holds", partial(is_paused_for, seconds))
    for item, page in (("Open HiveMind", "now"), ("Earnings", "earnings"), ("Rules", "rules")):
        choose(item)
        until(f"{item} opens its page", partial(shows, page))
    choose("Quit")
    assert worker.process.wait(60) == 0
    until("the agent went too", lambda: find_door(worker.folder) is None)


def test_without_a_tray_the_window_stands_in_and_both_survive_each_other(desktop: Desktop, tmp_path: Path) -> None:
    worker = Worker(desktop, tmp_path, "--minimized")
    limit = tray_app.TRAY_WAIT_MS / 1000 + LIMIT_S
    until("the window opens by itself", lambda: worker.places["window"] and not worker.places["has_tray"], limit)
    until("an agent runs", lambda: find_door(worker.folder) is not None)
    first = find_door(worker.folder)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)

    def replaced() -> bool:
        door = find_door(worker.folder)
        return door is not None and door.pid != first.pid

    until("the tray starts another one", replaced)
    second = find_door(worker.folder)
    assert second is not None
    worker.process.kill()
    worker.process.wait()
    status = worker.shown().status
    assert status is not None and status.now.code == "not_joined"
    again = Worker(desktop, tmp_path)
    until("a new window comes", lambda: bool(again.places["window"]))
    found = find_door(worker.folder)
    assert found is not None and found.pid == second.pid
    worker.ask(lambda client: client.act(AgentAction.QUIT_GIVE_BACK))
    until("the agent ends", lambda: find_door(worker.folder) is None)
    again.process.kill()
