"""Operators change people: what `/users` promises."""

from __future__ import annotations

from core.domain.user import Role
from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"


def test_an_operator_makes_finds_and_forgets_users(web: WebPool, olga: Person) -> None:
    made = olga.post("/users", {"username": "Mei", "password": PASSWORD, "roles": ["provider"]})
    assert made.status_code == 201 and made.headers["Location"] == "/api/v1/users/mei"
    assert (made.json["roles"], made.json["balance"]["cpt"]) == (["provider"], "150")
    assert [each["username"] for each in olga.get("/users?name=ME").json["items"]] == ["mei"]
    again = olga.post("/users", {"username": "mei", "password": PASSWORD, "roles": ["provider"]})
    assert (again.status_code, code_of(again)) == (409, "USERNAME_TAKEN")
    assert olga.delete("/users/mei").status_code == 204
    assert olga.get("/users/mei").status_code == 404
    # The money that was given up is still somewhere: the ledger adds up at the end of the test.
    assert web.pool.balance(f"user:{made.json['user_id']}") == 150_000_000


def test_users_come_in_keyset_pages(web: WebPool, olga: Person) -> None:
    for name in ("a", "b", "c"):
        web.person(name, Role.SUBMITTER)
    first = olga.get("/users?limit=2").json
    second = olga.get(f"/users?limit=2&cursor={first['next']}").json
    assert [u["username"] for u in first["items"] + second["items"]] == ["a", "b", "c", "olga"]
    assert second["next"] is None


def test_roles_hold_from_the_next_request_and_the_last_operator_stays(
    web: WebPool, ann: Person, olga: Person
) -> None:
    assert ann.get("/users").status_code == 403
    assert olga.put("/users/ann/roles", {"roles": ["operator", "submitter"]}).json["roles"] == [
        "operator",
        "submitter",
    ]
    assert ann.get("/users").status_code == 200
    assert ann.put("/users/olga/roles", {"roles": ["submitter"]}).status_code == 200
    refused = ann.put("/users/ann/roles", {"roles": ["submitter"]})
    assert (refused.status_code, code_of(refused)) == (409, "LAST_OPERATOR")


def test_a_lock_ends_what_its_user_holds_at_once(web: WebPool, ann: Person, olga: Person) -> None:
    task_id = ann.task()
    assert olga.post("/users/ann/lock", {"reason": "spam"}).json["state_reason"] == "spam"
    refused = ann.get("/me")
    assert (refused.status_code, code_of(refused)) == (401, "USER_LOCKED")
    assert olga.get(f"/tasks/{task_id}").json["state"] == "QUEUED"
    assert olga.post("/users/ann/unlock").json["state"] == "ACTIVE"
    assert ann.get("/me").status_code == 200


def test_a_reset_link_signs_in_once_and_sets_a_new_password(web: WebPool, ann: Person, olga: Person) -> None:
    made = olga.post("/users/ann/reset-link").json
    body = {"link": made["link"], "password": PASSWORD}
    assert web.nobody.post("/login", body).json["user"]["username"] == "ann"
    assert code_of(web.nobody.post("/login", body)) == "LINK_USED"
    # Setting a password signs out everywhere else.
    assert ann.get("/me").status_code == 401
    assert web.nobody.post("/login", {"username": "ann", "password": PASSWORD}).status_code == 200


def test_a_grant_is_made_once_for_one_key(web: WebPool, ann: Person, olga: Person) -> None:
    before = ann.balance_ucpt
    missing = olga.post("/users/ann/grant", {"amount": "5"})
    assert (missing.status_code, code_of(missing)) == (422, "IDEMPOTENCY_KEY_MISSING")
    for _ in range(2):
        given = olga.post("/users/ann/grant", {"amount": "5"}, headers={"Idempotency-Key": "once"})
        assert given.status_code == 201 and given.json["code"] == "GRANT_OPERATOR"
    assert ann.balance_ucpt == before + 5_000_000
    other = olga.post("/users/ann/grant", {"amount": "6"}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, code_of(other)) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_quota_changes_what_is_named_and_goes_back_to_the_default(
    web: WebPool, ann: Person, olga: Person
) -> None:
    standing = olga.put("/users/ann/quota", {"queued_tasks": 1, "spend_day": "2.5", "running_cores": 1.5}).json
    assert standing["is_own"] is True
    assert standing["quota"] == {
        "queued_tasks": 1,
        "queued_subtasks": 20_000_000,
        "storage_bytes": 1 << 40,
        "running_cores": 1.5,
        "spend_day": {"ucpt": 2_500_000, "cpt": "2.5"},
    }
    assert ann.get("/quota").json["quota"]["queued_tasks"] == 1
    assert olga.put("/users/ann/quota", {"spend_day": None}).json["quota"]["spend_day"] is None
    assert olga.delete("/users/ann/quota").json["is_own"] is False
    assert olga.put("/users/nobody/quota", {"queued_tasks": 1}).status_code == 404
