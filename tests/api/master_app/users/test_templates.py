"""Templates: kept under a name, bounded, of one user."""

from __future__ import annotations

import re

from core.domain.templates import MAX_TEMPLATES
from core.domain.user import Role
from tests.support.portal import PASSWORD
from tests.support.web_pool import Person, WebPool, code_of

FIELDS = {"cpu_cores": "2", "memory_gb": "1.5", "params.size": "7"}


def test_a_template_is_kept_replaced_sent_along_and_forgotten(web: WebPool, ann: Person, bob: Person) -> None:
    assert ann.put("/templates/nightly run", {"settings": {"cpu_cores": "1"}}).status_code == 200
    ann.put("/templates/nightly run", {"settings": {"cpu_cores": "2"}})
    (kept,) = ann.get("/templates").json["items"]
    assert (kept["name"], kept["settings"]) == ("nightly run", {"cpu_cores": "2"})
    assert bob.get("/templates").json["items"] == []
    assert code_of(bob.delete("/templates/nightly run")) == "TEMPLATE_NOT_FOUND"
    manifest = web.pool.master.storage.task_reads.resolved_manifest(ann.task(**kept["settings"]))
    assert re.search(r"^cpu_cores = 2(\.0)?$", manifest, re.M)
    assert ann.delete("/templates/nightly run").status_code == 204
    assert ann.get("/templates").json["items"] == []


def test_templates_have_bounds(ann: Person) -> None:
    for name in ("x" * 61, " x"):
        assert code_of(ann.put(f"/templates/{name}", {"settings": {}})) == "TEMPLATE_INVALID"
    large = {f"params.p{number}": "x" * 300 for number in range(40)}
    assert code_of(ann.put("/templates/x", {"settings": large})) == "TEMPLATE_INVALID"
    for number in range(MAX_TEMPLATES):
        assert ann.put(f"/templates/t{number}", {"settings": {}}).status_code == 200
    assert code_of(ann.put("/templates/more", {"settings": {}})) == "QUOTA_TEMPLATES"
    assert ann.put("/templates/t1", {"settings": FIELDS}).status_code == 200


def test_a_draft_is_saved_as_a_template_and_another_one_starts_from_it(web: WebPool, ann: Person) -> None:
    web.pool.master.accounts.add(None, "mei", PASSWORD, [Role.SUBMITTER]).result(30)
    http = web.app.test_client()

    def token(path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', http.get(path).text)
        assert found is not None
        return found[1]

    http.post("/login", data={"username": "mei", "password": PASSWORD, "csrf_token": token("/login")})
    csrf = token("/submit")
    made = http.post("/submit/example/mandelbrot", data={"do": "look", "csrf_token": csrf})
    draft = made.headers["Location"]
    sha256 = draft.split("/submit/")[1].split("?")[0]
    form = {"csrf_token": csrf, "template": "night", "file": "m.zip", "memory_gb": "3", "task_name": "unkept"}
    saved = http.post(f"/submit/{sha256}/template", data=form)
    assert saved.status_code == 303 and "memory_gb=3" in saved.headers["Location"]
    page = http.get(f"/submit/{sha256}?file=m.zip").text
    assert "night" in page and "memory_gb=3" in page, "offered with its settings"
    assert "night" in http.get("/account/templates").text and "unkept" not in http.get("/account/templates").text
    assert "How this estimate comes about" in page
