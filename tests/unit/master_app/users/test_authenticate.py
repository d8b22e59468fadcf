"""Tokens become principals quickly, and stop at once."""

from __future__ import annotations

import pytest

from core.domain.errors import Unauthenticated
from tests.unit.master_app.users.stage import Stage


@pytest.mark.parametrize(
    "token", ["", "hm_", "hm_short", "Bearer x", "hm_" + "x" * 300, "hm_" + "é" * 30, "xx_" + "a" * 40]
)
def test_what_cannot_be_a_token_asks_nobody(token: str) -> None:
    stage = Stage()
    with pytest.raises(Unauthenticated):
        stage.who(token)
    assert stage.reads.asked == 0


def test_an_unknown_token_is_refused_each_time() -> None:
    stage = Stage()
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            stage.who("hm_" + "x" * 40)


def test_answers_are_kept_for_moments() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    for _ in range(10):
        stage.who(token)
    assert stage.reads.asked == 1
    stage.pass_time(5_000)
    stage.who(token)
    assert stage.reads.asked == 2


def test_what_was_read_before_a_revocation_is_not_kept_after_it() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    who = stage.who(token)
    stage.pass_time(5_000)
    stage.reads.meanwhile = lambda: stage.sign_in.logout(who).result()
    stage.who(token)
    with pytest.raises(Unauthenticated):
        stage.who(token)


def test_use_is_told_once() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    who = stage.who(token)
    assert who.origin == "here"
    assert stage.authenticator.take_used() == [(who.token_id, stage.clock.wall_ms())]
    assert stage.authenticator.take_used() == []
