"""Invitations over REST; what they do is in tests/api/master_app/users/test_invitations.py."""

from __future__ import annotations

import pytest

from tests.support.web_pool import Person, code_of


def test_an_invitation_without_words_is_for_one_person_and_a_week(olga: Person) -> None:
    made = olga.post("/invites", {}).json
    assert (made["roles"], made["uses_left"]) == (["provider", "submitter"], 1)
    assert made["expires_at"].startswith("2026-01-08T")


@pytest.mark.parametrize(
    "body", [{"roles": []}, {"roles": ["king"]}, {"uses": 0}, {"expires_days": 0}, {"expires_days": 367}]
)
def test_an_invitation_that_makes_no_sense_is_refused(olga: Person, body: dict[str, object]) -> None:
    refused = olga.post("/invites", body)
    assert refused.status_code == 422 and refused.json["problems"]
    assert code_of(olga.delete("/invites/none")) == "INVITE_NOT_FOUND"
