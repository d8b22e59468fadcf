"""The pool's own facts and rules, invitations, health and figures."""

from __future__ import annotations

from tests.support.web_pool import Person, WebPool, code_of

PASSWORD = "a long enough password"


def test_anybody_may_know_whether_they_may_sign_up(web: WebPool, olga: Person) -> None:
    assert web.nobody.get("/pool").json["sign_up"] == "open"
    olga.call("PATCH", "/settings", {"sign_up": "closed"})
    assert web.nobody.get("/pool").json["sign_up"] == "closed"
    refused = web.nobody.post("/register", {"username": "mei", "password": PASSWORD})
    assert (refused.status_code, code_of(refused)) == (403, "SIGN_UP_CLOSED")
