"""Invitations to sign up."""

from __future__ import annotations

from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"


def test_an_invitation_lets_in_as_many_as_it_says_with_its_roles(web: WebPool, olga: Person) -> None:
    olga.call("PATCH", "/settings", {"sign_up": "invite"})
    made = olga.post("/invites", {"roles": ["provider"], "uses": 1, "expires_days": 2})
    assert made.status_code == 201
    body = {"username": "mei", "password": PASSWORD, "invite": made.json["invite"]}
    assert web.nobody.post("/register", body).json["roles"] == ["provider"]
    again = web.nobody.post("/register", {**body, "username": "bo"})
    assert (again.status_code, code_of(again)) == (403, "INVITE_USED")
    assert olga.get("/invites").json["items"] == []


def test_an_invitation_ends_when_it_is_revoked(web: WebPool, ann: Person, olga: Person) -> None:
    olga.call("PATCH", "/settings", {"sign_up": "invite"})
    made = olga.post("/invites", {}).json
    assert [each["invite_id"] for each in olga.get("/invites").json["items"]] == [made["invite_id"]]
    assert made["invite"] not in olga.get("/invites").text
    assert olga.delete(f"/invites/{made['invite_id']}").status_code == 204
    assert code_of(olga.delete(f"/invites/{made['invite_id']}")) == "INVITE_NOT_FOUND"
    refused = web.nobody.post("/register", {"username": "mei", "password": PASSWORD, "invite": made["invite"]})
    assert code_of(refused) == "INVITE_USED"
