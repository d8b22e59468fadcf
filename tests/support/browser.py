"""Debian's Chromium, driven by playwright; pages that complain on their console have failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.portal import PASSWORD

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LANGUAGES = {"en": "en", "zh": "zh_Hant_TW"}
WAIT_MS = 30_000
#: Only what is wrong travels from the browser: what axe says of all that is right is fifty times as long.
_FAULTS = """axe.run({resultTypes: ["violations"], preload: false}).then((found) => found.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .flatMap((each) => each.nodes.slice(0, 3).map((node) => `${each.id}: ${node.html.slice(0, 160)}`)))"""
#: What a page answers on purpose (an error at its field) is told on the console as well.
_EXPECTED = ("status of 401", "status of 404", "status of 422", "status of 429")


@contextmanager
def started_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visitor:
    """One person's browser: language, theme, size. `complaints` must be empty at the end."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
        scripts: bool = True,
    ) -> None:
        self.url = url
        self.width = width
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            accept_downloads=True,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(WAIT_MS)
        cookies: Any = [
            {"name": "hm_theme", "value": theme, "url": url},
            {"name": "hm_language", "value": LANGUAGES[language], "url": url},
        ]
        self.context.add_cookies(cookies)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in _EXPECTED):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.url + path)
        assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"
        return self.page

    def log_in(self, name: str, password: str = PASSWORD) -> Page:
        self.open("/login")
        self.page.fill("#f-username", name)
        self.page.fill("#f-password", password)
        self.page.click("main form button.primary")
        self.page.wait_for_url("**/dashboard")
        return self.page

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth")) - self.width

    def faults(self) -> list[str]:
        """Return what axe finds that is serious or critical."""
        self.page.evaluate(AXE_SCRIPT)
        found: list[str] = self.page.evaluate(_FAULTS)
        return found

    def close(self) -> None:
        self.context.close()
