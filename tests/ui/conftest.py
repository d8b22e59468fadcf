"""What tests of windows share: the application, and a look that keeps nothing of one test for the next."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from core.desktop.look import Look

try:
    from PySide6 import QtGui  # noqa: F401
except ImportError:
    if os.environ.get("CI"):
        raise
    # Nothing below can be imported without the system libraries of Qt.
    collect_ignore_glob = ["*"]


def pytest_report_header() -> str:
    return (
        "tests/ui: left out, the system libraries of Qt are missing" if "collect_ignore_glob" in globals() else ""
    )


@pytest.fixture(autouse=True, scope="module")
def garbage_of_windows_is_freed_here() -> Iterator[None]:
    """What the apps see to by `core.desktop.garbage`: no thread of a test takes windows of earlier ones apart."""
    was_on = gc.isenabled()
    gc.disable()
    yield
    gc.collect()
    if was_on:
        gc.enable()


@pytest.fixture(autouse=True)
def garbage_does_not_grow() -> Iterator[None]:
    yield
    from core.desktop.garbage import collect_what_is_due

    collect_what_is_due()


@pytest.fixture
def look(qapp: QApplication, tmp_path: Path) -> Iterator[Look]:
    """English, light, with settings in a file of this test."""
    from PySide6.QtCore import QSettings

    from core.desktop.look import Look
    from core.desktop.theme import Scheme
    from core.desktop.translations import Language

    made = Look(qapp, QSettings(str(tmp_path / "look.ini"), QSettings.Format.IniFormat))
    made.use_scheme(Scheme.LIGHT)
    made.use_language(Language.ENGLISH)
    yield made
    made.use_language(Language.ENGLISH)
