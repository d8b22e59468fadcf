"""Accounts, logins and tokens."""

from __future__ import annotations

import pytest

from core.domain.user import Role, Scope
from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"


@pytest.fixture
def mei(web: WebPool) -> Person:
    """Somebody who registered and logged in as people do."""
    body = {"username": "Mei", "password": PASSWORD}
    made = web.nobody.post("/api/register", body)  # the unversioned path is the same one
    assert made.status_code == 201 and made.json["balance"]["cpt"] == "150"
    found = web.nobody.post("/api/login", body).json
    assert found["token_type"] == "bearer" and found["user"]["username"] == "mei"
    assert found["user"]["balance"] == {"ucpt": 150_000_000, "cpt": "150"}
    return Person(
        pool=web,
        name="mei",
        user_id=made.json["user_id"],
        roles=frozenset({Role.SUBMITTER, Role.PROVIDER}),
        token=found["access_token"],
    )


def test_a_token_works_until_it_is_ended_and_for_its_time(web: WebPool, mei: Person) -> None:
    assert mei.get("/me").json["roles"] == ["provider", "submitter"]
    assert mei.post("/logout").status_code == 204
    refused = mei.get("/me")
    assert (refused.status_code, code_of(refused)) == (401, "TOKEN_INVALID")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    mei.token = web.nobody.post("/login", {"username": "mei", "password": PASSWORD}).json["access_token"]
    web.clock.advance(s=25 * 3600)
    assert code_of(mei.get("/me")) == "TOKEN_EXPIRED"


def test_refreshing_ends_the_old_token(web: WebPool, mei: Person) -> None:
    old = mei.token
    mei.token = mei.post("/api/refresh-token").json["access_token"]
    assert mei.get("/me").status_code == 200
    mei.token = old
    assert mei.get("/me").status_code == 401


def test_the_same_words_for_a_wrong_name_and_a_wrong_password(web: WebPool, mei: Person) -> None:
    answers = [
        web.nobody.post("/login", {"username": name, "password": "wrong wrong wrong"}) for name in ("mei", "bo")
    ]
    assert [code_of(each) for each in answers] == ["LOGIN_FAILED"] * 2
    assert answers[0].json["detail"] == answers[1].json["detail"]


def test_no_cookie_is_set_or_read(web: WebPool, mei: Person) -> None:
    answer = web.nobody.post("/login", {"username": "mei", "password": PASSWORD})
    assert "Set-Cookie" not in answer.headers
    for name in ("hm_session", "session", "access_token"):
        assert web.nobody.get("/me", headers={"Cookie": f"{name}={mei.token}"}).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic bWVpOng=", "Bearer hm_nonsense", "Bearer \x00", "hm_nonsense"]
)
def test_what_is_no_token_is_401(web: WebPool, header: str) -> None:
    answer = web.nobody.get("/me", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401 and code_of(answer) in ("UNAUTHENTICATED", "TOKEN_INVALID")


def test_a_new_account_is_refused_field_by_field(web: WebPool) -> None:
    refused = web.nobody.post("/register", {"username": "a b", "password": "short"})
    assert (refused.status_code, code_of(refused)) == (422, "ACCOUNT_REFUSED")
    assert [problem["key"] for problem in refused.json["problems"]] == ["username", "password"]
    refused = web.nobody.post("/register", {"username": 5})
    assert {problem["key"].rpartition(".")[2] for problem in refused.json["problems"]} == {"username", "password"}


def test_changing_the_password_signs_out_everywhere_else_but_leaves_api_tokens(web: WebPool, mei: Person) -> None:
    body = {"username": "mei", "password": PASSWORD}
    other = Person(pool=web, name="mei", user_id="", roles=frozenset())
    other.token = web.nobody.post("/login", body).json["access_token"]
    script = Person(pool=web, name="mei", user_id="", roles=frozenset())
    script.token = mei.post("/tokens", {"name": "ci", "scopes": ["account"]}).json["token"]
    wrong = mei.post("/password", {"old_password": "not it", "new_password": "another long password"})
    assert (wrong.status_code, code_of(wrong)) == (403, "PASSWORD_WRONG")
    weak = mei.post("/password", {"old_password": PASSWORD, "new_password": "password1"})
    assert (weak.status_code, code_of(weak)) == (422, "PASSWORD_REFUSED")
    done = mei.post("/password", {"old_password": PASSWORD, "new_password": "another long password"})
    assert done.status_code == 204
    assert [each.get("/me").status_code for each in (mei, other, script)] == [200, 401, 200]
    assert web.nobody.post("/login", body).status_code == 401


def test_tokens_are_listed_without_their_secret_and_revoked(web: WebPool, mei: Person) -> None:
    made = mei.post("/tokens", {"name": "ci", "scopes": ["tasks:read"], "expires_days": 7})
    assert made.status_code == 201 and made.json["token"].startswith("hm_")
    listed = mei.get("/tokens")
    assert made.json["token"] not in listed.text and "sha256" not in listed.text
    kinds = {each["token_id"]: (each["kind"], each["current"]) for each in listed.json["items"]}
    assert kinds[made.json["token_id"]] == ("api", False) and ("login", True) in kinds.values()
    assert mei.delete(f"/tokens/{made.json['token_id']}").status_code == 204
    assert code_of(mei.delete(f"/tokens/{made.json['token_id']}")) == "TOKEN_NOT_FOUND"
    ci = Person(pool=web, name="mei", user_id="", roles=frozenset(), token=made.json["token"])
    assert ci.get("/tasks").status_code == 401


def test_signing_out_everywhere_else_counts_what_it_ended(web: WebPool, mei: Person) -> None:
    for _ in range(2):
        web.nobody.post("/login", {"username": "mei", "password": PASSWORD})
    mei.post("/tokens", {"name": "ci", "scopes": ["account"]})
    assert mei.post("/tokens/revoke-others").json == {"count": 2}
    assert sorted(each["kind"] for each in mei.get("/tokens").json["items"]) == ["api", "login"]


def test_a_token_makes_no_stronger_one(web: WebPool, mei: Person) -> None:
    weak = web.with_scopes(mei, Scope.ACCOUNT)
    refused = weak.post("/tokens", {"name": "x", "scopes": ["account", "money:send"]})
    assert (refused.status_code, code_of(refused)) == (422, "SCOPES_INVALID")
    assert weak.post("/refresh-token").status_code == 409
