"""Notices over REST: shapes and refusals. What they tell is in tests/api/master_app/test_notices.py."""

from __future__ import annotations

from tests.support.web_pool import Person, code_of


def test_settings_change_only_what_is_named(ann: Person) -> None:
    before = ann.get("/notices/settings").json
    assert before["low_balance"]["cpt"] == "20" and before["webhook"]["address"] is None
    after = ann.call("PATCH", "/notices/settings", {"mail_kinds": ["failed"]}).json
    assert after["mail"]["kinds"] == ["failed"] and after["webhook"] == before["webhook"]
    assert ann.call("PATCH", "/notices/settings", {"low_balance": "0.5"}).json["low_balance"]["ucpt"] == 500_000
    for body in ({"mail_kinds": ["weather"]}, {"low_balance": "-1"}, {"low_balance": 1.5}):
        assert ann.call("PATCH", "/notices/settings", body).status_code == 422, body


def test_what_is_not_there_is_said(ann: Person) -> None:
    assert ann.get("/notices").json == {"items": [], "next": None}
    assert code_of(ann.get("/notices?cursor=x")) == "CURSOR_INVALID"
    assert code_of(ann.post("/notices/channels/mail/test")) == "CHANNEL_OFF"
    assert ann.post("/notices/read", {"up_to": -1}).status_code == 422
    assert ann.delete("/notices/channels/pigeon").status_code == 404
