"""The app: how it quits, what a second start does, and a link that was opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from core.domain.agent_views import AgentAction, Line, SetupStep
from tests.support import worker_scenes as scenes
from worker_app.tray.app import SESSION_WAIT_MS, WorkerApp

if TYPE_CHECKING:
    from tests.ui.worker_app.conftest import Opened

pytestmark = pytest.mark.qt
Open = Callable[..., "Opened"]


def test_quitting_gives_work_back_and_starts_no_other_agent(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    assert isinstance(app, WorkerApp)
    app._asked(AgentAction.QUIT_GIVE_BACK, 0)
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.QUIT_GIVE_BACK, 0, "")], timeout=5_000)
    assert not app.keeper.wanted and not app.window.isVisible()


def test_finishing_first_keeps_the_window(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    app._asked(AgentAction.QUIT_FINISH, 0)
    qtbot.waitUntil(lambda: client.asked == [(AgentAction.QUIT_FINISH, 0, "")], timeout=5_000)
    assert app.window.isVisible()


def test_a_second_start_raises_the_first_and_hands_its_link_over(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.setup(SetupStep.JOIN))
    app.window.hide()
    app.called(["hivemind://pool/join?ca=1&token=2"])
    assert app.window.isVisible()
    qtbot.waitUntil(lambda: client.links == ["hivemind://pool/join?ca=1&token=2"], timeout=5_000)


def test_closing_without_a_tray_asks_first(open_app: Open) -> None:
    from core.desktop.feedback import Question

    app, client = open_app(scenes.usual())
    app.window.close()
    assert app.window.isVisible()
    question = app.window.findChild(Question)
    assert question is not None and question.act.text() == "Keep running without a window"
    question.reject()
    assert client.asked == []


class _Child:
    """An agent that the tray started."""

    def poll(self) -> None:
        return None


def test_a_session_that_ends_waits_until_work_is_given_back(open_app: Open, qtbot: QtBot) -> None:
    app, client = open_app(scenes.usual())
    app.session_ends()
    assert client.asked == [], "an agent that runs as a service outlives the session"
    app.keeper._child = _Child()  # type: ignore[assignment]

    async def changed() -> None:
        client.changed.set()

    def give_back() -> None:
        assert client.shown.status is not None
        status = replace(client.shown.status, now=Line(code="quitting_shutdown"), running=0)
        client.shown = replace(client.shown, status=status)
        app.courier._loop.call(changed())

    began = time.monotonic()
    QTimer.singleShot(300, give_back)
    app.session_ends()
    assert client.asked == [(AgentAction.SYSTEM_ENDS, 0, "")]
    assert 0.2 < time.monotonic() - began < SESSION_WAIT_MS / 1000


def test_a_session_is_not_held_up_for_longer_than_systems_allow(open_app: Open) -> None:
    app, _ = open_app(scenes.usual())
    app.keeper._child = _Child()  # type: ignore[assignment]
    began = time.monotonic()
    app.session_ends()
    assert time.monotonic() - began < SESSION_WAIT_MS / 1000 + 5
