"""Pictures of every page of the worker: `python -m tests.ui.worker_app.pictures FOLDER [NAME ...] [--scale 2]`.

English and Chinese, light and dark, empty, usual and overfull; drawn offscreen from the scenes of the tests, at a
clock that stands still. docs/pictures-worker.md says what to look at beside the mockups.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from worker_app.tray.app import WorkerApp

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
time.tzset()


@dataclass(frozen=True, slots=True)
class Picture:
    """`after` is done to the window once the scene stands."""

    name: str
    scene: str
    page: str
    language: str = "en"
    scheme: str = "light"
    size: tuple[int, int] = (980, 680)
    after: str = ""


PICTURES = (
    Picture("now-dark-en", "usual", "now", scheme="dark"),
    Picture("now-light-zh", "usual", "now", "zh_TW"),
    Picture("now-overfull-light-en", "overfull", "now"),
    Picture("now-empty-dark-zh", "empty", "now", "zh_TW", "dark"),
    Picture("now-idle-light-zh", "idle", "now", "zh_TW"),
    Picture("now-idle-dark-en", "idle", "now", scheme="dark"),
    Picture("now-paused-light-en", "paused", "now"),
    Picture("now-smallest-light-en", "usual", "now", size=(820, 560)),
    Picture("earnings-light-en", "usual", "earnings", after="explain"),
    Picture("earnings-dark-zh", "usual", "earnings", "zh_TW", "dark"),
    Picture("earnings-empty-light-en", "empty", "earnings", after="no_earnings"),
    Picture("earnings-overfull-light-zh", "overfull", "earnings", "zh_TW", after="explain"),
    Picture("rules-light-zh", "idle", "rules", "zh_TW", after="edit"),
    Picture("rules-dark-en", "usual", "rules", scheme="dark"),
    Picture("rules-empty-light-en", "empty", "rules"),
    Picture("connection-offline-dark-zh", "offline", "connection", "zh_TW", "dark"),
    Picture("connection-offline-light-en", "offline", "connection"),
    Picture("connection-light-en", "usual", "connection"),
    Picture("log-light-en", "usual", "log"),
    Picture("log-dark-zh", "usual", "log", "zh_TW", "dark"),
    Picture("about-light-en", "usual", "about"),
    Picture("about-dark-zh", "usual", "about", "zh_TW", "dark"),
    Picture("setup-join-light-en", "join", "setup"),
    Picture("setup-consent-light-en", "consent", "setup"),
    Picture("setup-consent-dark-zh", "consent", "setup", "zh_TW", "dark"),
    Picture("setup-doctor-light-zh", "doctor", "setup", "zh_TW"),
    Picture("setup-doctor-dark-en", "doctor", "setup", scheme="dark"),
    Picture("setup-rules-light-en", "rules", "setup"),
    Picture("setup-rules-dark-zh", "rules", "setup", "zh_TW", "dark"),
    Picture("setup-practice-running-light-en", "running", "setup"),
    Picture("setup-practice-paid-dark-zh", "paid", "setup", "zh_TW", "dark"),
    Picture("setup-practice-failed-light-zh", "failed", "setup", "zh_TW"),
    # What is left of 1366 x 768, and of Full HD at 200 %.
    Picture("now-laptop-light-en", "usual", "now", size=(1366, 728)),
    Picture("rules-laptop-dark-zh", "usual", "rules", "zh_TW", "dark", size=(1366, 728)),
    Picture("now-low-dark-zh", "usual", "now", "zh_TW", "dark", size=(960, 500)),
    Picture("rules-low-light-en", "usual", "rules", size=(960, 500)),
    Picture("connection-low-light-en", "offline", "connection", size=(960, 500)),
    Picture("setup-consent-low-light-en", "consent", "setup", size=(960, 500)),
    Picture("setup-doctor-low-light-zh", "doctor", "setup", "zh_TW", size=(960, 500)),
    Picture("menu-working-light-en", "usual", "menu"),
    Picture("menu-working-dark-zh", "usual", "menu", "zh_TW", "dark"),
    Picture("menu-paused-light-en", "paused", "menu"),
    Picture("menu-paused-light-zh", "paused", "menu", "zh_TW"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ui.worker_app.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="only pictures whose names have one of these in them")
    parser.add_argument("--scale", default="1")
    given = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = given.scale
    given.folder.mkdir(parents=True, exist_ok=True)
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    wanted = [one for one in PICTURES if not given.names or any(name in one.name for name in given.names)]
    for picture in wanted:
        draw(application, picture, given.folder / f"{picture.name}.png")
        print(given.folder / f"{picture.name}.png")
    return 0


def draw(application: object, picture: Picture, file: Path) -> None:
    """Build the whole app on one scene and grab what is to be seen."""
    from PySide6.QtCore import QSettings

    from core.desktop.theme import Scheme
    from core.desktop.translations import Language
    from core.domain.agent_views import SetupStep
    from core.domain.earning_views import Earnings
    from tests.support import worker_records as records
    from tests.support import worker_scenes as scenes
    from tests.support.scene_client import SceneClient
    from worker_app.tray.app import Options, WorkerApp
    from worker_app.tray.pages import connection, now

    steps = {
        "join": SetupStep.JOIN,
        "consent": SetupStep.CONSENT,
        "doctor": SetupStep.DOCTOR,
        "rules": SetupStep.RULES,
    }
    if picture.page != "setup":
        shown = getattr(scenes, picture.scene)()
    else:
        step = steps.get(picture.scene)
        shown = scenes.setup(step) if step is not None else scenes.practice(picture.scene)
    client = SceneClient(shown)
    if picture.after == "no_earnings":
        client.found = Earnings()
    if picture.scene == "offline":
        client.hops = records.HOPS
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(now, "figures_now", lambda: records.NOW),
        mock.patch.object(connection, "figures_now", lambda: records.NOW),
    ):
        settings = QSettings(str(Path(folder) / "look.ini"), QSettings.Format.IniFormat)
        options = Options(Path("/home/wenhan/.local/share/hivemind"), ("true",), ("true",))
        app = WorkerApp(application, options, find=lambda: client, settings=settings)  # type: ignore[arg-type]
        app.look.use_language(Language(picture.language))
        app.look.use_scheme(Scheme(picture.scheme))
        app.window.resize(*picture.size)
        app.window.show()
        app.courier.start()
        wait(lambda: app.courier.is_here)
        grab(app, picture, file)
        app.window.close_for_good()
        app.courier.stop()
        app.tray.hide()
        app.look.use_language(Language.ENGLISH)
        app.window.deleteLater()
        settle(0.05)


def grab(app: WorkerApp, picture: Picture, file: Path) -> None:
    """Bring the window to where it shall be seen, and keep its picture."""
    from tests.support import worker_records as records

    if picture.page == "menu":
        app.tray.menu._now_ms = lambda: records.NOW
        app.tray.menu.say()
        app.tray.menu.resize(app.tray.menu.sizeHint())
        app.tray.menu.show()
        settle(0.4)
        app.tray.menu.grab().save(str(file))
        app.tray.menu.hide()
    else:
        if picture.page != "setup":
            app.window.show_page(picture.page)
        settle(0.5)
        after(app, picture.after)
        if picture.page == "now":
            for sample in records.samples(600)[-3:]:
                app.courier.sampled.emit(sample)
            app.window.now.load.plots["cpu"][1].pointed.emit(records.NOW / 1000 - 116)
        settle(0.3)
        app.window.grab().save(str(file))


def after(app: WorkerApp, what: str) -> None:
    """Do what a person would have done."""
    from dataclasses import replace

    if what == "explain":
        app.window.earnings.explain(app.window.earnings.model.rows[1].attempt_id)
    elif what == "edit":
        rules = app.window.rules.rules
        app.window.rules._edited(replace(rules, idle_minutes=5))
        app.window.rules._edited(replace(app.window.rules.rules, away=replace(rules.away, gpu=True)))


def settle(seconds: float) -> None:
    from PySide6.QtWidgets import QApplication

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def wait(is_so: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "the window got no agent"
        settle(0.02)


if __name__ == "__main__":
    sys.exit(main())
