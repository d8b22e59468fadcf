"""What people do on the pages, played by a browser against a real master and nodes that do as told."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from core.domain.session import LogStream
from core.domain.task import TaskState
from core.domain.user import Role
from tests.support.browser import Visitor
from tests.support.pool_master import WAIT_S
from tests.support.portal import PASSWORD, Portal
from tests.support.portal_samples import BIG5, BROKEN, Day, manifest, trace
from tests.web.conftest import Visit

pytestmark = pytest.mark.chromium

MANIFEST = """schema = 1
[task]
name = "folder-task"
[params]
members = { type = "int", default = 6, min = 1, max = 64, label = "Members" }
quality = { type = "string", default = "low", choices = ["low", "high"], label = "Quality" }
[run]
command = ["python", "main.py", "{{index}}", "{{params.members}}", "{{params.quality}}"]
timeout = "2m"
[resources]
cpu_cores = 1.0
memory_gb = 1.0
disk_gb = 1.0
[split]
mode = "count"
count = 6
"""


def task_id_of(visitor: Visitor) -> str:
    found = re.search(r"/tasks/(\w{26})", visitor.page.url)
    assert found, visitor.page.url
    return found[1]


def started(portal: Portal, visit: Visit, **values: object) -> tuple[Visitor, Day]:
    day = Day(portal, portal.user("mei", cpt=100))
    day.nodes(portal.user("bob"))
    visitor = visit(portal.url, **values)
    visitor.log_in("mei")
    return visitor, day


def test_a_program_alone_is_one_small_cell(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    visitor, _day = started(portal, visit)
    with zipfile.ZipFile(tmp_path / "alone.zip", "w") as zipped:
        zipped.writestr("main.py", "print(1)\n")
    page = visitor.open("/submit")
    page.set_input_files("#zip", tmp_path / "alone.zip")
    page.wait_for_url("**/submit/*file=*")
    expect(page.locator(".step")).to_have_text(["1", "2", "3"])
    cells = page.locator(".minicells").bounding_box()
    assert cells is not None and cells["height"] < 20 and cells["width"] < 20
    expect(page.locator("#fit")).to_contain_text("one part could start now")
    expect(page.locator("#s-quote")).not_to_contain_text("Try one part")


def test_a_folder_becomes_a_task_tried_once_watched_live_and_fetched(
    portal: Portal, visit: Visit, tmp_path: Path
) -> None:
    visitor, day = started(portal, visit)
    folder = tmp_path / "folder-task"
    (folder / "data").mkdir(parents=True)
    (folder / "hivemind.toml").write_text(MANIFEST)
    (folder / "main.py").write_text("print(1)\n")
    (folder / "data" / "站.csv").write_text("a,b\n")
    page = visitor.open("/submit")
    page.set_input_files("#folder", folder)
    page.wait_for_url("**/submit/*file=*")
    expect(page.locator("#s-bundle")).to_contain_text("3 files")
    # What is changed is checked at once, and the command shows it.
    page.fill("#p-members", "9")
    page.click("text=high")
    expect(page.locator("#s-split")).to_contain_text("main.py 0 9 high")
    page.fill("#r-cpu_cores", "64")
    expect(page.locator("#fit")).to_contain_text("None of 8 nodes")
    page.fill("#p-members", "99")
    expect(page.locator("#s-bundle")).to_contain_text("64")
    page.fill("#p-members", "9")
    page.fill("#r-cpu_cores", "1")
    expect(page.locator("#fit")).to_contain_text("parts could start now")
    page.click("button[value=try]")
    page.wait_for_url("**/tasks/*")
    task_id = task_id_of(visitor)
    expect(page.locator("h1")).to_have_text("folder-task")
    # Live: nothing is reloaded, the page follows what the nodes do.
    page.evaluate("window.same = 1")
    day.work(task_id, 1)
    expect(page.locator(".tried")).to_contain_text("The other 5 wait for you")
    assert portal.pool.state(task_id) is TaskState.PAUSED
    page.click("text=Start the other 5")
    expect(page.locator(".page-head .pill")).to_contain_text("Running")
    page.evaluate("window.same = 1")
    day.work(task_id, 5, artifact="out/picture.png")
    expect(page.locator(".page-head .pill")).to_contain_text("Succeeded")
    assert page.evaluate("window.same") == 1
    expect(page.locator(".results img").first).to_be_visible()
    with page.expect_download() as download:
        page.click("text=Download result")
    names = zipfile.ZipFile(download.value.path()).namelist()
    assert "5/out/picture.png" in names and len(names) == 6


def test_a_failure_shows_its_line_and_is_mended_with_one_click(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.failed()
    page = visitor.open(f"/tasks/{task_id}")
    card = page.locator(".failure")
    expect(card).to_contain_text("Files are Big5, but the program reads UTF-8")
    expect(card.locator(".hit")).to_contain_text("rows = open(path).read()")
    expect(card.locator(".plus")).to_contain_text('encoding="cp950"')
    page.click("text=Fix and submit again")
    page.wait_for_url(lambda url: "/tasks/" in url and task_id not in url)
    again = task_id_of(visitor)
    view = portal.pool.master.storage.task_reads.task(again, owner_id=day.who.user_id)
    assert view is not None and view.subtask_count == 40 and view.name == "tide-harmonics-22st"
    assert "cp950" in _file(portal, view.bundle_id, "load_station.py") and "cp950" not in BROKEN


def test_a_trial_that_failed_is_mended_and_tried_first_again(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    files = {"load_station.py": BROKEN.encode(), "data/station.csv": BIG5}
    task_id = day.submit(manifest("tide", 4, more="[retry]\nuser = 0\n"), files, try_one=True)
    ((node, offer),) = day.offers(task_id)
    node.start(offer)
    page = visitor.open(f"/tasks/{task_id}")
    expect(page.locator(".page-head .pill")).to_contain_text("Running")
    expect(page.locator("#why")).to_have_count(0)
    day.fail(node, offer, "UnicodeDecodeError: 'utf-8' codec", trace("load_station.py", 10))
    page.click("text=Fix and submit again")
    page.wait_for_url(lambda url: "/tasks/" in url and task_id not in url)
    view = portal.pool.master.storage.task_reads.task(task_id_of(visitor), owner_id=day.who.user_id)
    assert view is not None and view.try_one


def test_adding_a_computer_says_each_step_until_it_has_earned(portal: Portal, visit: Visit) -> None:
    mei = portal.user("mei")
    doors = portal.pool.master.doors
    doors.host, doors.control_port = "pool.example.org", 7443
    visitor = visit(portal.url)
    visitor.log_in("mei")
    page = visitor.open("/nodes/add")
    page.click("text=Make my join link")
    words = page.locator("#howto [data-words]")
    expect(words).to_have_text("not seen yet")
    Day(portal, mei).pool.node("laptop", mei)
    expect(words).to_have_text("laptop is online and waits for work")
    expect(page.locator("#howto > li.ok")).to_have_count(3)
    expect(page.locator("#poolnow")).to_contain_text(re.compile(r"My computers\s*1"))
    his = Day(portal, portal.user("bob", cpt=10))
    task_id = his.submit(manifest("sweep", 1, memory=1.0, cores=1.0))
    ((node, offer),) = his.offers(task_id)
    node.start(offer)
    expect(words).to_have_text("laptop is working: the first earning is on its way")
    his.succeed(node, offer)
    expect(words).to_have_text(re.compile(r"laptop has earned 0\.\d+ CPT"))


def _file(portal: Portal, bundle_id: str, path: str) -> str:
    store = portal.pool.master.store
    for line in b"".join(store.pieces(bundle_id)).splitlines():
        name, size, _sha, _mode, blob, offset = json.loads(line)
        if name == path:
            return store.read(blob, offset, size).decode()
    raise AssertionError(f"{path} is not in the bundle")


def test_the_log_follows_and_is_searched(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.running(12, 4)
    page = visitor.open(f"/tasks/{task_id}")
    log = page.locator("#log")
    expect(log).to_contain_text("step  59/120")
    index = int(log.get_attribute("data-part") or 0)
    offer = next(o for _, o in day.offers(task_id) if o.index == index)
    size = portal.pool.master.storage.log_files.size(offer.attempt_id, LogStream.OUT)
    portal.pool.master.storage.log_files.append(offer.attempt_id, LogStream.OUT, size, "landfall 歡迎\n".encode())
    expect(log).to_contain_text("landfall 歡迎")
    page.fill("#log-find", "landfall")
    expect(log.locator("mark")).to_have_text("landfall")


def test_mistakes_of_a_zip_are_said_with_line_and_fix(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    visitor, _ = started(portal, visit)
    path = tmp_path / "wrong.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hivemind.toml", MANIFEST.replace("cpu_cores", "cpu_core"))
        archive.writestr("main.py", "import pandsa\n")
    page = visitor.open("/submit")
    page.set_input_files("#zip", path)
    page.wait_for_url("**/submit/*file=*")
    expect(page.locator(".warn.bad")).to_contain_text(re.compile(r"Line 11.*cpu_core.*cpu_cores", re.S))
    assert page.locator("button[value=try]").count() == 0


def test_a_zip_is_sent_without_scripts_too(portal: Portal, visit: Visit, tmp_path: Path) -> None:
    visitor, _ = started(portal, visit, scripts=False)
    path = tmp_path / "plain.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("main.py", "print(1)\n")
    page = visitor.open("/submit")
    page.set_input_files("#plain", path)
    page.click("text=Upload")
    page.wait_for_url("**/submit/*file=plain.zip")
    page.fill("#r-memory_gb", "2")
    page.click("text=Check again")
    assert "memory_gb=2" in page.url
    page.click("aside >> text=Submit")
    page.wait_for_url("**/tasks/*")
    assert "memory_gb = 2.0" in portal.pool.master.storage.task_reads.resolved_manifest(task_id_of(visitor))


def test_forms_keep_what_was_typed_and_say_what_is_wrong_at_its_field(portal: Portal, visit: Visit) -> None:
    visitor = visit(portal.url)
    page = visitor.open("/")
    page.fill("#f-username", "mei lin")
    page.fill("#f-password", "three plain words")
    page.click("text=Create account only")
    expect(page.locator("#h-username .wrong")).to_be_visible()
    expect(page.locator("#f-username")).to_have_value("mei lin")
    expect(page.locator("#f-username")).to_be_focused()
    page.fill("#f-username", "mei")
    page.fill("#f-password", "password")
    page.click("text=Create account only")
    expect(page.locator("#h-password .wrong")).to_be_visible()


def test_a_deep_link_survives_log_in_and_leads_nowhere_else(portal: Portal, visit: Visit) -> None:
    portal.user("mei")
    visitor = visit(portal.url)
    visitor.page.goto(f"{portal.url}/balance?show=holds")
    visitor.page.fill("#f-username", "mei")
    visitor.page.fill("#f-password", PASSWORD)
    visitor.page.click("main form button.primary")
    visitor.page.wait_for_url("**/balance?show=holds")
    other = visit(portal.url)
    other.page.goto(f"{portal.url}/login?next=//elsewhere.example/x")
    other.page.fill("#f-username", "mei")
    other.page.fill("#f-password", PASSWORD)
    other.page.click("main form button.primary")
    other.page.wait_for_url(f"{portal.url}/dashboard")


def test_language_and_theme_are_switched_and_kept(portal: Portal, visit: Visit) -> None:
    portal.user("mei")
    visitor = visit(portal.url)
    page = visitor.log_in("mei")
    page.click("text=中文")
    expect(page.locator("h1")).to_have_text("儀表板")
    assert page.locator("html").get_attribute("lang") == "zh-Hant-TW"
    page.click("#theme")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    expect(page.locator("h1")).to_have_text("儀表板")


def test_credits_are_sent_once_and_a_signed_out_device_is_out(portal: Portal, visit: Visit) -> None:
    portal.user("mei", cpt=50)
    portal.user("bob")
    visitor, other = visit(portal.url), visit(portal.url)
    page = visitor.log_in("mei")
    other.log_in("mei")
    page = visitor.open("/balance?send=1")
    page.fill("#f-to", "bob")
    page.fill("#f-amount", "12.5")
    page.click("text=Send credits")
    expect(page.locator(".flashes")).to_contain_text("12.5 CPT sent to bob.")
    expect(page.locator("#bal tr", has_text="Transfer")).to_contain_text("to bob")
    page = visitor.open("/account")
    page.click("text=Sign this device out")
    expect(page.locator(".flashes")).to_contain_text("Ended.")
    other.page.goto(f"{portal.url}/tasks")
    other.page.wait_for_url(re.compile("/login"))


def test_operators_invite_grant_and_approve(portal: Portal, visit: Visit) -> None:
    portal.user("root", *Role)
    portal.user("mei")
    visitor = visit(portal.url)
    visitor.log_in("root")
    page = visitor.open("/admin")
    page.click("text=Invite people")
    page.click("text=Make an invitation")
    link = page.locator(".band.good code").first.inner_text()
    assert re.fullmatch(re.escape(portal.url) + r"/\?invite=hm_\S+", link)
    page = visitor.open("/admin")
    row = page.locator("tr", has_text="mei")
    row.locator("summary").click()
    row.locator("input[name=amount]").fill("25")
    row.locator("text=Grant CPT").click()
    expect(page.locator(".flashes")).to_contain_text("25 CPT granted to mei.")
    page = visitor.open("/admin/audit")
    expect(page.locator("#audit")).to_contain_text("user.invite")


def test_a_page_whose_link_was_cut_says_so_and_catches_up(portal: Portal, visit: Visit) -> None:
    visitor, day = started(portal, visit)
    task_id = day.running(12, 2)
    page = visitor.open(f"/tasks/{task_id}")
    expect(page.locator("#live")).to_have_class(re.compile("on"))
    portal.close_web()
    expect(page.locator("#live")).to_have_class(re.compile("lost"), timeout=30_000)
    day.work(task_id, 3)
    portal.open_web()
    expect(page.locator("#task")).to_contain_text("5 of 12 done", timeout=30_000)
    expect(page.locator("#live")).to_have_class(re.compile("on"), timeout=30_000)
    visitor.complaints = [each for each in visitor.complaints if "net::ERR_" not in each]


def test_forms_of_other_sites_are_refused(portal: Portal) -> None:
    portal.user("mei")
    with requests.Session() as session:
        page = session.get(f"{portal.url}/login", timeout=WAIT_S)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        fields = {"csrf_token": token[1], "username": "mei", "password": PASSWORD}
        session.post(f"{portal.url}/login", data=fields, timeout=WAIT_S)
        assert session.get(f"{portal.url}/dashboard", timeout=WAIT_S).status_code == 200
        for path in ("/balance/send", "/account/password", "/logout", "/submit/example/mandelbrot"):
            refused = session.post(f"{portal.url}{path}", data={"do": "run"}, timeout=WAIT_S)
            assert refused.status_code == 400 and "FORM_EXPIRED" in refused.text, path
        put = session.put(f"{portal.url}/submit/piece/{'a' * 64}?size=1", data=b"x", timeout=WAIT_S)
        assert put.status_code == 400
        upload = session.post(f"{portal.url}/submit/upload", files={"task_file": b"x"}, timeout=WAIT_S)
        assert upload.status_code == 422
    cookies = {cookie.name: cookie for cookie in session.cookies}
    assert "HttpOnly" in cookies["hm_session"]._rest  # type: ignore[attr-defined]


def test_a_computer_is_added_by_an_installer_that_the_operator_put_into_the_folder(
    portal: Portal, visit: Visit, tmp_path: Path
) -> None:
    portal.user("mei")
    visitor = visit(portal.url)
    name = "HiveMind-Worker-0.1.0-Setup.exe"
    assert requests.get(f"{portal.url}/download/{name}", allow_redirects=False, timeout=30).status_code == 302
    page = visitor.log_in("mei")
    visitor.open("/nodes/add")
    expect(page.get_by_role("link", name="For Windows")).to_have_count(0)
    (portal.pool.folder / "installers").mkdir()
    (portal.pool.folder / "installers" / name).write_bytes(b"MZ and more")
    visitor.open("/nodes/add")
    with page.expect_download() as download:
        page.get_by_role("link", name="For Windows").click()
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"MZ and more"
    page.get_by_role("link", name="Sizes and SHA-256").click()
    expect(page.locator("main")).to_contain_text(hashlib.sha256(b"MZ and more").hexdigest())
