"""What holds of every page: it answers, is quiet on the console, accessible, fits a phone, needs no script."""

from __future__ import annotations

import pytest

from tests.support.browser import Visitor
from tests.web.conftest import Usual, Visit

pytestmark = pytest.mark.chromium

PAGES = (
    "/dashboard",
    "/tasks",
    "/tasks?show=failed",
    "/tasks/{running}",
    "/tasks/{failed}",
    "/tasks/{held}",
    "/tasks/{tried}",
    "/tasks/{succeeded}",
    "/tasks/{running}/parts",
    "/tasks/{running}/parts/3",
    "/submit",
    "/nodes",
    "/nodes/add",
    "/download",
    "/balance",
    "/balance?show=holds",
    "/balance?send=1",
    "/balance/ask",
    "/account/secrets",
    "/account/templates",
    "/nodes/links",
    "/notices",
    "/notices/settings",
    "/vpn",
    "/account",
    "/docs",
    "/docs/manifest",
    "/licences",
    "/admin",
    "/admin/credits",
    "/admin/settings",
    "/admin/invitations",
    "/admin/nodes",
    "/admin/audit",
)
OUTSIDE = ("/", "/login", "/forgot", "/one-use", "/ca")


def address(usual: Usual, path: str) -> str:
    for name, task_id in usual.tasks.items():
        path = path.replace(f"{{{name}}}", task_id)
    return path


@pytest.mark.timeout(200, func_only=True)
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
def test_pages_are_accessible_and_quiet(usual: Usual, visit: Visit, language: str, theme: str) -> None:
    visitor = visit(usual.portal.url, language=language, theme=theme)
    faults = {path: _faults(visitor, path) for path in OUTSIDE}
    visitor.log_in("mei")
    faults.update({path: _faults(visitor, address(usual, path)) for path in PAGES})
    assert {path: found for path, found in faults.items() if found} == {}


def _faults(visitor: Visitor, path: str) -> list[str]:
    visitor.open(path)
    return visitor.faults()


@pytest.mark.parametrize(
    ("width", "language"), [(360, "zh"), (390, "en"), (900, "en"), (1280, "en"), (2560, "en")]
)
def test_nothing_is_wider_than_its_window(usual: Usual, visit: Visit, width: int, language: str) -> None:
    visitor = visit(usual.portal.url, width=width, height=800, language=language)
    over = {}
    for path in (*OUTSIDE, "log in", *PAGES):
        if path == "log in":
            visitor.log_in("mei")
            continue
        visitor.open(address(usual, path))
        over[path] = visitor.overflow()
    assert {path: pixels for path, pixels in over.items() if pixels > 0} == {}


def test_pages_say_their_piece_without_scripts(usual: Usual, visit: Visit) -> None:
    visitor = visit(usual.portal.url, scripts=False)
    page = visitor.log_in("mei")
    running = usual.tasks["running"]
    assert "typhoon-track-ensemble" in page.inner_text("main")
    text = visitor.open(f"/tasks/{running}").inner_text("main")
    assert "148 of 256 done" in text and "member" in text and "Refresh" in text
    assert "Files are Big5" in visitor.open(f"/tasks/{usual.tasks['failed']}").inner_text("main")
    visitor.open("/balance")
    page.click("text=Explain >> nth=0")
    assert "How this amount came about" in page.inner_text("main")


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(usual: Usual, visit: Visit) -> None:
    visitor = visit(usual.portal.url)
    page = visitor.log_in("mei")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen: set[str] = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        name = page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel || ''")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", name
        seen.add(name.strip())
    assert {"Tasks", "Submit task", "See the fix", "typhoon-track-ensemble"} <= seen
    page = visitor.open("/submit")
    page.focus("#folder")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "zip"
    assert page.evaluate("getComputedStyle(document.activeElement.closest('label')).outlineStyle") == "solid"


def test_the_grid_is_one_stop_and_obeys_the_arrows(usual: Usual, visit: Visit) -> None:
    visitor = visit(usual.portal.url)
    visitor.log_in("mei")
    page = visitor.open(f"/tasks/{usual.tasks['running']}")
    page.focus("#cells")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#cellcard:not([hidden]) >> text=Subtask 0")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#cellcard >> text=Subtask 32")
    page.keyboard.press("Enter")
    page.wait_for_url("**/parts/32")


def test_old_and_wrong_addresses_are_answered_in_words(usual: Usual, visit: Visit) -> None:
    visitor = visit(usual.portal.url)
    visitor.log_in("new")
    for path in ("/nowhere", f"/tasks/{usual.tasks['running']}", "/tasks/x", f"/submit/{'0' * 64}"):
        answer = visitor.page.goto(usual.portal.url + path)
        assert answer is not None and answer.status == 404, path
        assert len(visitor.page.inner_text("main h1")) > 10
    answer = visitor.page.goto(usual.portal.url + "/admin")
    assert answer is not None and answer.status == 403
    visitor.complaints = [each for each in visitor.complaints if "status of 403" not in each]
