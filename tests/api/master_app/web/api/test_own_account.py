"""What is kept of the caller: quotas that bind, everything as one file, and forgetting it."""

from __future__ import annotations

from core.domain.user import Role
from tests.support.pool_master import PLAIN
from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"
COUNTED = PLAIN + '[split]\nmode = "count"\ncount = 5\n'


def test_files_of_a_live_task_are_not_given_up(web: WebPool, ann: Person, bob: Person) -> None:
    task_id = ann.task()
    assert code_of(ann.delete(f"/tasks/{task_id}/files")) == "TASK_NOT_ENDED"
    assert code_of(bob.delete(f"/tasks/{task_id}/files")) == "TASK_NOT_FOUND"


def test_the_export_has_everything_and_no_secret(web: WebPool, ann: Person, bob: Person) -> None:
    ann.task()
    bob.task()
    ann.post("/tokens", {"name": "ci", "scopes": ["tasks:read"]})
    exported = ann.get("/account/export")
    assert "attachment" in exported.headers["Content-Disposition"]
    kept = exported.json
    assert kept["user"]["username"] == "ann" and len(kept["tokens"]) == 2
    assert [task["name"] for task in kept["tasks"]] == ["plain"] and "[task]" in kept["tasks"][0]["manifest"]
    assert kept["transfers"][0]["code"] == "GRANT_OPERATOR"
    assert [each["action"] for each in kept["acts"]] == ["token.make"]
    assert ann.token not in exported.text and "sha256" not in exported.text


def test_deleting_an_account_takes_the_person_and_leaves_the_ledger(web: WebPool, olga: Person) -> None:
    body = {"username": "mei", "password": PASSWORD}
    web.nobody.post("/register", body)
    token = web.nobody.post("/login", body).json["access_token"]
    mei = Person(pool=web, name="mei", user_id="", roles=frozenset(), token=token)
    wrong = mei.delete("/account", {"password": "not it at all"})
    assert (wrong.status_code, code_of(wrong)) == (403, "PASSWORD_WRONG")
    task_id = mei.task()
    busy = mei.delete("/account", {"password": PASSWORD})
    assert (busy.status_code, code_of(busy)) == (409, "TASKS_LIVE")
    mei.post(f"/tasks/{task_id}/cancel", {})
    assert mei.delete("/account", {"password": PASSWORD}).status_code == 204
    assert mei.get("/me").status_code == 401
    assert web.nobody.post("/login", body).status_code == 401
    # The name is free again, and whoever takes it is somebody else.
    assert web.nobody.post("/register", body).status_code == 201
    actions = [row["action"] for row in olga.get("/audit?action=user.delete").json["items"]]
    assert actions == ["user.delete"]


def test_who_owns_nodes_cannot_vanish_under_them(web: WebPool, bob: Person, olga: Person) -> None:
    web.node("n", bob)
    assert code_of(olga.delete("/users/bob")) == "NODES_LEFT"


def test_the_last_operator_cannot_delete_itself(web: WebPool) -> None:
    root = web.person("root", Role.OPERATOR)
    assert code_of(root.delete("/users/root")) == "LAST_OPERATOR"
