"""The audit log over REST: acts of operators and of security are in it, in order, and it replays."""

from __future__ import annotations

import sqlite3

from core.domain.user import Role
from master_app.storage.engine import DATABASE_FILE
from master_app.users.audit import verify_lines
from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"


def _actions(olga: Person, query: str = "") -> list[str]:
    rows = olga.get(f"/audit?limit=500&{query}").json["items"]
    return [row["action"] for row in reversed(rows)]


def test_each_act_of_an_operator_is_written(web: WebPool, ann: Person, bob: Person, olga: Person) -> None:
    node_id = web.node("n", bob).node_id
    task_id = ann.task()
    key = {"Idempotency-Key": "k"}
    olga.post("/users", {"username": "mei", "password": PASSWORD, "roles": ["submitter"]})
    olga.put("/users/ann/roles", {"roles": ["submitter", "provider"]})
    olga.put("/users/ann/quota", {"queued_tasks": 5})
    olga.post("/users/ann/lock", {"reason": "why"})
    olga.post("/users/ann/unlock")
    olga.post("/users/ann/reset-link")
    olga.post("/users/ann/grant", {"amount": 1}, headers=key)
    olga.call("PATCH", "/settings", {"sign_up": "invite"})
    invite_id = olga.post("/invites", {}).json["invite_id"]
    olga.delete(f"/invites/{invite_id}")
    olga.post("/join-links", {"owner": "bob"})
    olga.post(f"/tasks/{task_id}/pause")
    olga.post(f"/tasks/{task_id}/cancel", {"reason": "enough"})
    olga.get("/audit/export")
    olga.post(f"/nodes/{node_id}/drain", {"reason": "later"})
    assert _actions(olga, "actor=olga") == [
        *("user.add", "user.roles", "user.quota", "user.lock", "user.unlock", "password.reset_link"),
        *("money.grant", "settings.change", "user.invite", "user.invite_revoke", "join_link.create"),
        *("task.pause", "task.cancel", "audit.export", "node.drain"),
    ]
    row = olga.get("/audit?action=user.lock").json["items"][0]
    assert (row["actor"], row["subject_name"], row["details"]) == ("olga", "ann", "why")
    assert row["origin"] == "127.0.0.1"


def test_sign_ins_that_work_and_that_do_not_are_written_without_secrets(web: WebPool, olga: Person) -> None:
    body = {"username": "mei", "password": PASSWORD}
    web.nobody.post("/register", body)
    token = web.nobody.post("/login", body).json["access_token"]
    for _ in range(5):
        web.nobody.post("/login", {"username": "mei", "password": "hunter2hunter2"})
    locked = web.nobody.post("/login", body)
    assert (locked.status_code, code_of(locked)) == (429, "RATE_LIMITED") and int(
        locked.headers["Retry-After"]
    ) > 0
    web.nobody.post("/login", {"username": "s3cret typed in the wrong field", "password": "x"})
    mei = Person(pool=web, name="mei", user_id="", roles=frozenset(), token=token)
    mei.post("/logout")
    assert _actions(olga) == ["user.sign_up", "login", *["login.failed"] * 6, "logout"]
    text = olga.get("/audit/export").text
    assert "locked out" in text
    assert "hunter2" not in text and "s3cret" not in text and PASSWORD not in text and token not in text


def test_rows_are_found_by_actor_time_subject_and_text_in_pages(web: WebPool, ann: Person, olga: Person) -> None:
    olga.post("/users/ann/lock", {"reason": "first"})
    web.clock.advance(s=3600)
    olga.post("/users/ann/unlock")
    assert _actions(olga, "until=2026-01-01T00:30:00Z") == ["user.lock"]
    assert _actions(olga, "since=2026-01-01T00:30:00Z") == ["user.unlock"]
    assert _actions(olga, f"subject={ann.user_id}") == ["user.lock", "user.unlock"]
    assert _actions(olga, "text=first") == ["user.lock"]
    assert _actions(olga, "actor=ann") == _actions(olga, "actor=no-such-user") == []
    first = olga.get("/audit?limit=1").json
    assert olga.get(f"/audit?limit=1&cursor={first['next']}").json["items"][0]["action"] == "user.lock"
    assert code_of(olga.get("/audit?cursor=x")) == "CURSOR_INVALID"
    bad = olga.get("/audit?since=yesterday")
    assert (bad.status_code, code_of(bad), bad.json["problems"][0]["key"]) == (422, "TIME_INVALID", "since")


def test_an_altered_row_is_named_here_and_in_an_export(web: WebPool, ann: Person, olga: Person) -> None:
    for reason in ("one", "two", "three"):
        olga.post("/users/ann/lock", {"reason": reason})
    assert olga.get("/audit/verify").json["sound"] is True
    exported = olga.get("/audit/export").text
    assert verify_lines(exported.splitlines()).misfit is None
    assert verify_lines(exported.replace("two", "2wo").splitlines()).misfit == 2
    with sqlite3.connect(web.pool.folder / DATABASE_FILE) as connection:
        connection.execute("UPDATE audit_log SET details = 'nothing' WHERE sequence = 2")
    connection.close()
    found = olga.get("/audit/verify").json
    assert (found["sound"], found["misfit"]) == (False, 2) and "Row 2" in found["summary"]


def test_only_operators_read_it(web: WebPool) -> None:
    both = web.person("both", Role.SUBMITTER, Role.PROVIDER)
    for path in ("/audit", "/audit/export", "/audit/verify", "/audit?actor=olga"):
        assert (both.get(path).status_code, code_of(both.get(path))) == (403, "ROLE_MISSING")
