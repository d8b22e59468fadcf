"""The site of both languages is built without warnings, holds what it promises, needs nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engine import absent

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if subprocess.run(["dot", "-V"], capture_output=True, check=False).returncode:
        absent("the diagrams need graphviz (Debian: apt-get install graphviz)")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "tools" / "build_site.py"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_every_page_is_there_in_both_languages_and_leads_to_the_other(site: Path) -> None:
    pages = {path.relative_to(site / "en") for path in (site / "en").rglob("*.html")}
    assert pages == {path.relative_to(site / "zh-TW") for path in (site / "zh-TW").rglob("*.html")}
    for page in pages:
        found = re.search(r'class="language-switch"><a href="([^"]+)"', (site / "en" / page).read_text("utf-8"))
        assert found is not None and (site / "en" / page.parent / found[1]).resolve().is_file(), page
    chinese = (site / "zh-TW" / "recipes.html").read_text(encoding="utf-8")
    assert "任務食譜" in chinese and "只有英文" not in chinese
    assert "這一頁目前只有英文" in (site / "zh-TW" / "manifest.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_commands_and_endpoints_are_written_from_the_code(site: Path) -> None:
    commands = (site / "en" / "reference" / "commands.html").read_text(encoding="utf-8")
    assert all(text in commands for text in ("--password-stdin", "hivemind vpn rotate", "--minimized"))
    endpoints = (site / "en" / "reference" / "api.html").read_text(encoding="utf-8")
    assert "/api/v1/tasks/{task_id}/why" in endpoints and "ProblemDocument" in endpoints
    assert "<svg" in next((site / "en" / "_images").glob("graphviz-*.svg")).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"((?:https?:)?//[^\"]+)\"")
    outside = {
        found
        for path in site.rglob("*.html")
        for found in loads.findall(path.read_text(encoding="utf-8"))
        if not found.startswith("https://hivemind.justin0711.com")
    }
    assert outside == set()
