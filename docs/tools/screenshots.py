"""Makes the pictures of README and pages: `python docs/tools/screenshots.py`, into docs/pictures.

The portal in a browser, console and worker app offscreen, all from the tests' sample days, in both languages, and
small enough for a README: 300 KiB at most each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "pictures"
MOST_BYTES = 300 << 10
#: Our name -> how another script calls it.
PORTAL = {"portal-task-en": "task-running-en-light-1440", "portal-task-zh-TW": "task-running-zh-light-1440"}
WORKER = {"worker-now-en": "now-dark-en", "worker-now-zh-TW": "now-light-zh"}
CONSOLE = {
    "console-map-en": "console-map-usual-dark-en-1",
    "console-map-zh-TW": "console-map-usual-light-zh_TW-1",
}


def small(source: Path, target: Path) -> None:
    """Write the first screen of a picture, without what it does not need."""
    from PySide6.QtGui import QImage

    picture = QImage(str(source))
    if picture.isNull():
        raise SystemExit(f"screenshots: there is no {source.name}")
    if picture.height() > picture.width():
        picture = picture.copy(0, 0, picture.width(), picture.width() * 5 // 8)
    picture.convertToFormat(QImage.Format.Format_RGB888).save(str(target), "PNG", 0)
    if target.stat().st_size > MOST_BYTES:
        raise SystemExit(f"screenshots: {target.name} has {target.stat().st_size >> 10} KiB")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size >> 10} KiB")


def main() -> int:
    TARGET.mkdir(exist_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        looks = ["--looks", "en-light-1440", "zh-light-1440"]
        for command in (
            [".ci/portal_pictures.py", folder, "--only", "task-running", *looks],
            ["-m", "tests.ui.worker_app.pictures", folder, *WORKER.values()],
            [".ci/pictures.py", folder],
        ):
            subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)
        for name, drawn in (PORTAL | WORKER | CONSOLE).items():
            small(out / f"{drawn}.png", TARGET / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
