"""The whole worker app on a scene: real window, tray and courier, an agent that only remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.domain.agent_views import AgentShown
from tests.support.scene_client import SceneClient

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from worker_app.tray.app import WorkerApp

Opened = tuple["WorkerApp", SceneClient]


@pytest.fixture
def open_app(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return a function that opens the app on a scene and waits until it shows it."""
    from PySide6.QtCore import QSettings

    from core.desktop.translations import Language
    from worker_app.tray.app import Options, WorkerApp

    made: list[WorkerApp] = []

    def opened(shown: AgentShown, page: str = "now") -> Opened:
        client = SceneClient(shown)
        settings = QSettings(str(tmp_path / "tray.ini"), QSettings.Format.IniFormat)
        app = WorkerApp(qapp, Options(tmp_path, ("true",), ("true",)), find=lambda: client, settings=settings)
        made.append(app)
        app.look.use_language(Language.ENGLISH)
        app.window.show()
        app.courier.start()
        qtbot.waitUntil(lambda: app.courier.is_here, timeout=10_000)
        if page != "now":
            app.window.show_page(page)
        return app, client

    yield opened
    for app in made:
        app.look.use_language(Language.ENGLISH)
        app.window.close_for_good()
        app.courier.stop()
        app.window.deleteLater()
        # Its timers end with it.
        app.deleteLater()
