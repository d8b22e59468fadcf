"""Pictures of the portal's pages: `python .ci/portal_pictures.py OUT [--only NAME ...] [--looks zh-dark-390 ...]`.

Every page of a master with a day of samples, in English and Chinese, light and dark, on a desk and on a phone;
some also at 360 and at 3840 pixels. Ends with 1 when a page answers with an error, complains, or is too wide.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser  # noqa: E402  (the root comes first)

from tests.support.browser import Visitor, started_browser  # noqa: E402
from tests.support.portal_scenes import SCENES, Scene, World  # noqa: E402

LOOKS = tuple(
    (language, theme, width) for language in ("en", "zh") for theme in ("light", "dark") for width in (1440, 390)
)
EXTREMES = ("en-light-360", "zh-light-360", "en-dark-3840")
HEIGHTS = {360: 780, 390: 844, 1440: 900, 3840: 2160}


def draw(browser: Browser, world: World, look: str, scenes: list[Scene], out: Path) -> list[str]:
    """Visit all scenes in one look, people one after the other; return what was wrong."""
    language, theme, width = look.split("-")
    wrong: list[str] = []
    for person in dict.fromkeys(scene.who for scene in scenes):
        visitor = Visitor(
            browser, world.url, language=language, theme=theme, width=int(width), height=HEIGHTS[int(width)]
        )
        if person:
            visitor.log_in(person)
        for scene in (each for each in scenes if each.who == person):
            answer = visitor.page.goto(world.url + world.address(scene.path))
            if scene.act is not None:
                scene.act(visitor)
            # As high as the page: what is fixed to the window's edge then stands where the page ends.
            high = visitor.page.evaluate("document.documentElement.scrollHeight")
            visitor.page.set_viewport_size({"width": int(width), "height": max(high, HEIGHTS[int(width)])})
            visitor.page.wait_for_timeout(250)
            visitor.page.screenshot(path=str(out / f"{scene.name}-{look}.png"))
            visitor.page.set_viewport_size({"width": int(width), "height": HEIGHTS[int(width)]})
            if answer is None or answer.status != scene.status:
                wrong.append(f"{scene.name}-{look}: answered {answer and answer.status}")
            if visitor.overflow() > 0:
                wrong.append(f"{scene.name}-{look}: {visitor.overflow()} px too wide")
        expected = tuple(f"status of {scene.status}" for scene in scenes if scene.status != 200)
        wrong += [f"{look}: {each}" for each in visitor.complaints if not any(text in each for text in expected)]
        visitor.close()
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="scenes whose name begins so")
    parser.add_argument("--looks", nargs="*", default=[], help="such as zh-dark-390")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in SCENES if not given.only or each.name.startswith(tuple(given.only))]
    looks = given.looks or ["-".join(map(str, look)) for look in LOOKS]
    wrong: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        World(Path(folder), wanted) as world,
        started_browser() as browser,
    ):
        for look in looks:
            wrong += draw(browser, world, look, wanted, given.out)
        for look in EXTREMES if not given.looks else ():
            wrong += draw(browser, world, look, [each for each in wanted if each.extreme], given.out)
    print("\n".join(wrong) or f"{len(list(given.out.glob('*.png')))} pictures in {given.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
