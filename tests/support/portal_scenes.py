"""What the pictures of the portal show: a world with three people's days, and the pages to look at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain.resources import GIB, Resources
from core.domain.user import Role
from tests.support.browser import Visitor
from tests.support.portal import Portal
from tests.support.portal_samples import Day, manifest

MILLION = 1_000_000
DAYS = 13
LONG_NAMES = (
    "2026 年西北太平洋颱風路徑系集預報：成員敏感度測試（第三版，含海氣耦合修正與邊界條件重建）",
    "a-task-whose-name-was-generated-by-a-script-and-holds-the-whole-configuration_lr=0.0003_bs=128_seed=17",
    "潮位調和分析",
    "x",
    "衛星影像逐日合成 2026-11（花蓮近岸）",
)
FORM = """schema = 1
[task]
name = "颱風路徑系集"
[params]
storm = { type = "string", default = "2025-18", label = "颱風編號" }
members = { type = "int", default = 256, min = 1, max = 1024, label = "系集成員數" }
hours = { type = "float", default = 120, min = 6, max = 240, label = "預報時數" }
quality = { type = "string", default = "standard", choices = ["fast", "standard", "fine"], label = "品質" }
single = { type = "bool", default = true, label = "輸出單一成員路徑" }
[run]
command = ["python", "tracks.py", "--member={{index}}", "--hours={{params.hours}}", "-q={{params.quality}}"]
timeout = "20m"
[resources]
cpu_cores = 2.0
memory_gb = 4.0
disk_gb = 5.0
[split]
mode = "count"
count = 256
"""
TRACKS = """import pandas as pd


def stations(paths):
    found = []
    for path in paths:
        df = pd.read_csv(path)
        found.append(df)
    return found
"""
BIG5 = "測站,潮位\n基隆,1.2\n".encode("cp950")


def packed(**files: str | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


def zips() -> dict[str, bytes]:
    """The bundles that the pages of submitting show."""
    stations = {f"data__station_{number}_dot_csv": BIG5 for number in range(22)}
    wrong = FORM.replace("cpu_cores = 2.0", "cpu_core = 2.0").replace("count = 256", "count = 0")
    return {
        "plain": packed(main_dot_py="print(1)\n"),
        "form": packed(hivemind_dot_toml=FORM, tracks_dot_py=TRACKS, requirements_dot_txt="pandas\n", **stations),
        "wrong": packed(hivemind_dot_toml=wrong, tracks_dot_py="import pandsa\n"),
    }


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: a page as somebody sees it, after what they did there."""

    name: str
    path: str
    who: str = "mei"
    act: Callable[[Visitor], object] | None = None
    status: int = 200
    extreme: bool = False


class World:
    """mei runs the pool in the middle of a day, `new` has nothing yet, `wei` has too much of everything."""

    def __init__(self, folder: Path, scenes: Sequence[Scene]) -> None:
        self.portal = Portal(folder, days_ago=DAYS, pool_name="Ocean Lab", retention_days=30)
        self.url = self.portal.url
        # No door for nodes is open here; a join link names one all the same.
        doors = self.portal.pool.master.doors
        doors.host, doors.control_port = "pool.example.org", 7443
        mei = self.portal.user("mei", *Role, cpt=2000)
        self.portal.user("new")
        self.day = Day(self.portal, mei)
        self._fortnight(mei, bob := self.portal.user("bob.chen"))
        self.places = self.day.whole(bob)
        self.places.update(self._too_much() if any(each.who == "wei.zhang" for each in scenes) else {})

    def _fortnight(self, mei: str, bob: str) -> None:
        """Thirteen days on which mei's programs ran, and her own computer earned by bob's."""
        own = Resources(cpu_millis=8000, memory_bytes=16 * GIB, disk_bytes=200 * GIB)
        self.portal.pool.node("yutong-desktop", mei, slots=2, capacity=own, host_os="windows")
        self.day.nodes(bob)
        his = Day(self.portal, bob)
        for number in range(DAYS):
            for day, count, more in ((self.day, number * 5 % 7, "linux"), (his, number * 3 % 4, "windows")):
                if count:
                    requires = f'[requires]\nhost_os = ["{more}"]\n'
                    cores = 8.0 if more == "linux" else 4.0
                    text = manifest(f"nightly-{number + 11}", count, cores=cores, more=requires)
                    day.work(day.submit(text), count, seconds=580)
            self.portal.clock.advance(s=86_400 - self.portal.clock.wall_ms() // 1000 % 86_400 + 36_000)
            for node in self.portal.pool.nodes.values():
                node.report()

    def _too_much(self) -> dict[str, str]:
        wei = self.portal.user("wei.zhang", cpt=1_234_567.123456)
        day = Day(self.portal, wei)
        million = day.submit(manifest(LONG_NAMES[0], MILLION, memory=1.0, cores=1.0))
        capacity = Resources(cpu_millis=24_000, memory_bytes=40 * GIB, disk_bytes=500 * GIB)
        self.portal.pool.node("研究室工作站-三樓東側-靠窗", wei, slots=12, capacity=capacity, host_os="linux")
        day.work(million, 24)
        for node, offer in day.offers(million):
            node.start(offer)
        for number in range(30):
            day.submit(manifest(LONG_NAMES[number % len(LONG_NAMES)], 3 + number * 40, cores=2.0, cap=99_999))
        return {"million": million}

    def address(self, path: str) -> str:
        for name, task_id in self.places.items():
            path = path.replace(f"{{{name}}}", task_id)
        return path

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.portal.__exit__()


def bundle(kind: str) -> Callable[[Visitor], object]:
    """Give the page a zip and wait until it is judged."""

    def act(visitor: Visitor) -> None:
        name = {"plain": "plain.zip", "form": "颱風路徑系集_v7.zip", "wrong": "wrong.zip"}[kind]
        file = {"name": name, "mimeType": "application/zip", "buffer": zips()[kind]}
        visitor.page.set_input_files("#zip", file)  # type: ignore[arg-type]
        visitor.page.wait_for_url("**/submit/*file=*")
        visitor.page.wait_for_load_state()

    return act


def registered_wrongly(visitor: Visitor) -> None:
    visitor.page.fill("#f-username", "mei lin")
    visitor.page.fill("#f-password", "password")
    visitor.page.locator("button[name=then]").last.click()
    visitor.page.wait_for_selector(".wrong")


def logged_in_wrongly(visitor: Visitor) -> None:
    visitor.page.fill("#f-username", "mei")
    visitor.page.fill("#f-password", "not the password")
    visitor.page.click("main form button.primary")
    visitor.page.wait_for_selector(".wrong, .band.bad")


def opened(selector: str) -> Callable[[Visitor], object]:
    def act(visitor: Visitor) -> None:
        found = visitor.page.locator(selector)
        if found.count():
            found.first.click()

    return act


def explained(visitor: Visitor) -> None:
    link = visitor.page.locator("a[href*='explain=']").first
    visitor.page.goto(visitor.url + str(link.get_attribute("href")))


def cell_shown(visitor: Visitor) -> None:
    visitor.page.focus("#cells")
    for _ in range(4):
        visitor.page.keyboard.press("ArrowDown")
    visitor.page.wait_for_timeout(400)


def made(selector: str) -> Callable[[Visitor], object]:
    """Press a button that makes something, and wait for the page that shows it once."""

    def act(visitor: Visitor) -> None:
        name = visitor.page.locator("main input[name=name]")
        if name.count():
            name.first.fill("筆電 laptop-2026")
        visitor.page.locator(selector).first.click()
        visitor.page.wait_for_load_state()

    return act


def kept_template(visitor: Visitor) -> None:
    """Save the settings of a draft, and look at the list."""
    bundle("form")(visitor)
    visitor.page.locator("details:has(> .savebox) > summary").click()
    visitor.page.fill("input[name=template]", "系集成員 256、標準品質")
    visitor.page.locator("button[formaction*=template]").click()
    visitor.page.wait_for_load_state()
    visitor.page.goto(visitor.url + "/account/templates")


def kept_secret(visitor: Visitor) -> None:
    for name in ("ERA5_API_KEY", "AWS_SECRET_ACCESS_KEY_OF_THE_BUCKET_WITH_THE_MODEL_OUTPUT_OF_2026", "bad name"):
        visitor.page.fill("#f-name", name)
        visitor.page.fill("#f-value", "not a real key")
        visitor.page.click("aside button.primary")
        visitor.page.wait_for_load_state()


def linked(visitor: Visitor) -> None:
    visitor.page.click("main form button.primary")
    visitor.page.wait_for_load_state()
    visitor.page.goto(visitor.url + "/nodes/links")


def told_elsewhere(visitor: Visitor) -> None:
    visitor.page.fill("input[name=url]", "http://localhost:1/hook")
    visitor.page.locator("form[action$=webhook] button").first.click()
    visitor.page.wait_for_load_state()


def asked_to_cancel(visitor: Visitor) -> None:
    visitor.page.locator("[data-dialog]:visible").first.click()
    visitor.page.wait_for_selector("dialog[open]")


SCENES: tuple[Scene, ...] = (
    Scene("front", "/", who="", extreme=True),
    Scene("register-wrong", "/", who="", act=registered_wrongly),
    Scene("login", "/login", who=""),
    Scene("login-wrong", "/login", who="", act=logged_in_wrongly),
    Scene("one-use", "/one-use", who=""),
    Scene("docs-outside", "/docs", who=""),
    Scene("dashboard", "/dashboard", extreme=True),
    Scene("dashboard-empty", "/dashboard", who="new"),
    Scene("dashboard-overfull", "/dashboard", who="wei.zhang"),
    Scene("tasks", "/tasks"),
    Scene("tasks-none-found", "/tasks?find=nothing"),
    Scene("tasks-empty", "/tasks", who="new"),
    Scene("tasks-overfull", "/tasks", who="wei.zhang"),
    Scene("submit-start", "/submit"),
    Scene("submit-plain", "/submit", act=bundle("plain")),
    Scene("submit-form", "/submit", act=bundle("form")),
    Scene("submit-wrong", "/submit", act=bundle("wrong")),
    Scene("task-running", "/tasks/{running}", act=cell_shown, extreme=True),
    Scene("task-succeeded", "/tasks/{succeeded}"),
    Scene("task-failed", "/tasks/{failed}"),
    Scene("task-held", "/tasks/{held}"),
    Scene("task-tried", "/tasks/{tried}"),
    Scene("task-queued", "/tasks/{queued}"),
    Scene("task-cancelled", "/tasks/{cancelled}"),
    Scene("task-million", "/tasks/{million}", who="wei.zhang"),
    Scene("task-parts", "/tasks/{running}/parts"),
    Scene("task-part", "/tasks/{running}/parts/3"),
    Scene("task-part-failed", "/tasks/{failed}/parts/30"),
    Scene("nodes", "/nodes"),
    Scene("nodes-empty", "/nodes?find=nothing"),
    Scene("add-computer", "/nodes/add"),
    Scene("add-computer-made", "/nodes/add", who="wei.zhang", act=made("main form button.primary")),
    Scene("balance", "/balance"),
    Scene("balance-empty", "/balance", who="new"),
    Scene("balance-explain", "/balance?show=spend", act=explained),
    Scene("balance-send", "/balance?send=1"),
    Scene("balance-holds", "/balance?show=holds"),
    Scene("vpn", "/vpn"),
    Scene("vpn-made", "/vpn", who="wei.zhang", act=made("main form button.primary")),
    Scene("account", "/account"),
    Scene("account-token", "/account", who="wei.zhang", act=made("form[action*=tokens] button")),
    Scene("notices", "/notices"),
    Scene("notices-empty", "/notices", who="new"),
    Scene("notices-settings", "/notices/settings"),
    Scene("installers", "/download"),
    Scene("balance-ask", "/balance/ask"),
    Scene("admin-credits", "/admin/credits"),
    Scene("ca", "/ca", extreme=True),
    Scene("ca-outside", "/ca", who=""),
    Scene("secrets", "/account/secrets", act=kept_secret, extreme=True),
    Scene("secrets-empty", "/account/secrets", who="new"),
    Scene("templates", "/submit", act=kept_template, extreme=True),
    Scene("templates-empty", "/account/templates", who="new"),
    Scene("submit-from-template", "/submit", act=bundle("form")),
    Scene("join-links", "/nodes/add", act=linked, extreme=True),
    Scene("join-links-empty", "/nodes/links", who="new"),
    Scene("admin-settings", "/admin/settings", extreme=True),
    Scene("admin-invitations", "/admin/invitations", extreme=True),
    Scene("admin-invited", "/admin/invitations", act=made("aside form button.primary")),
    Scene("notices-webhook", "/notices/settings", act=told_elsewhere),
    Scene("menu", "/dashboard", act=opened("details.menu > summary")),
    Scene("task-cancel", "/tasks/{running}", act=asked_to_cancel),
    Scene("docs", "/docs"),
    Scene("docs-manifest", "/docs/manifest"),
    Scene("api-reference", "/api/v1/docs"),
    Scene("licences", "/licences"),
    Scene("admin-users", "/admin"),
    Scene("admin-nodes", "/admin/nodes"),
    Scene("admin-audit", "/admin/audit"),
    Scene("not-found", "/nowhere", status=404),
    Scene("not-allowed", "/admin", who="new", status=403),
    Scene("task-of-others", "/tasks/{running}", who="new", status=404),
)
