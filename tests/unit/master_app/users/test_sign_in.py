"""Signing in and out: right secrets work, others do not, and what is revoked is over at once."""

from __future__ import annotations

import pytest

from core.domain.errors import (
    Conflict,
    Forbidden,
    HiveMindError,
    Invalid,
    NotFound,
    RateLimited,
    Unauthenticated,
)
from core.domain.user import Role, Scope, TokenKind
from master_app.users.sign_in import LIFETIME_MS, MAX_API_TOKENS, MAX_SIGNED_IN
from tests.unit.master_app.users.stage import PASSWORD, Stage


def test_a_login_opens_the_door_and_its_secret_is_kept_nowhere() -> None:
    stage = Stage().with_mei()
    issued = stage.sign_in.login("MEI", PASSWORD, origin="here").result()
    assert issued.secret.startswith("hm_")
    assert stage.who(issued.secret).username == "mei"
    assert issued.secret not in repr(issued) + repr(stage.uow.users.tokens_of(issued.user.user_id))
    assert PASSWORD not in repr(stage.uow.users.find("mei")) and "quick$" not in repr(issued)
    assert "login" in stage.actions


def test_a_wrong_password_and_an_unknown_name_answer_the_same() -> None:
    stage = Stage().with_mei()
    answers = []
    for name, password in (("mei", "wrong password"), ("nobody", PASSWORD), ("", ""), ("x" * 10_000, PASSWORD)):
        with pytest.raises(Unauthenticated) as error:
            stage.sign_in.login(name, password)
        answers.append((error.value.code, error.value.message))
    assert len(set(answers)) == 1


def test_five_failures_lock_this_user_out_from_there_alone() -> None:
    stage = Stage().with_mei()
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            stage.login(password="wrong password")
    with pytest.raises(RateLimited) as error:
        stage.login()
    assert 0 < error.value.retry_after_s <= 900
    assert stage.login(origin="elsewhere")
    stage.pass_time(15 * 60_000)
    assert stage.login()


def test_one_address_cannot_try_many_names() -> None:
    stage = Stage().with_mei()
    for number in range(30):
        with pytest.raises(Unauthenticated):
            stage.login(f"name{number}")
    with pytest.raises(RateLimited):
        stage.login("name31")


def test_success_forgets_failures() -> None:
    stage = Stage().with_mei()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(Unauthenticated):
                stage.login(password="wrong password")
        assert stage.login()


def test_an_outdated_hash_is_made_again_at_login() -> None:
    stage = Stage().with_mei()
    user = stage.uow.users.find("mei")
    assert user is not None
    stage.hasher.outdated.add(user.password_hash)
    before = stage.hasher.made
    stage.login()
    assert stage.hasher.made == before + 1


def test_logout_and_revoke_end_a_token_at_once() -> None:
    stage = Stage().with_mei()
    first, second = stage.login(), stage.login()
    who = stage.who(first)
    assert stage.who(second)
    stage.sign_in.revoke(who, stage.who(second).token_id).result()
    with pytest.raises(Unauthenticated):
        stage.who(second)
    stage.sign_in.logout(who).result()
    with pytest.raises(Unauthenticated):
        stage.who(first)


def test_nobody_revokes_another_users_token() -> None:
    stage = Stage().with_mei()
    stage.accounts.sign_up("bo", PASSWORD, origin="here").result()
    mei, bo = stage.login(), stage.login("bo")
    with pytest.raises(NotFound):
        stage.sign_in.revoke(stage.who(bo), stage.who(mei).token_id).result()
    assert stage.who(mei)


def test_a_login_expires_and_can_be_refreshed_before() -> None:
    stage = Stage().with_mei()
    old = stage.login()
    stage.pass_time(LIFETIME_MS[TokenKind.LOGIN] - 1)
    new = stage.sign_in.refresh(stage.who(old), old).result().secret
    with pytest.raises(Unauthenticated):
        stage.who(old)
    with pytest.raises(Unauthenticated):
        stage.sign_in.refresh(stage.who(new), old).result()
    assert stage.who(new)
    stage.pass_time(LIFETIME_MS[TokenKind.LOGIN])
    with pytest.raises(Unauthenticated) as error:
        stage.who(new)
    assert error.value.code == "TOKEN_EXPIRED"


def test_an_api_token_has_no_more_scopes_than_its_maker() -> None:
    stage = Stage().with_mei()
    who = stage.who(stage.login())
    narrow = stage.sign_in.make_token(who, "ci", frozenset({Scope.TASKS_READ, Scope.ACCOUNT})).result()
    limited = stage.who(narrow.secret)
    assert limited.scopes == {Scope.TASKS_READ, Scope.ACCOUNT}
    with pytest.raises(Invalid):
        stage.sign_in.make_token(limited, "more", frozenset({Scope.TASKS_WRITE}))
    without = stage.sign_in.make_token(who, "read", frozenset({Scope.TASKS_READ})).result()
    with pytest.raises(Forbidden):
        stage.sign_in.make_token(stage.who(without.secret), "x", frozenset({Scope.TASKS_READ}))
    with pytest.raises(Conflict):
        stage.sign_in.refresh(limited, narrow.secret).result()


@pytest.mark.parametrize(
    ("name", "scopes", "lifetime_ms"),
    [("", {Scope.ACCOUNT}, 1), ("x" * 81, {Scope.ACCOUNT}, 1), ("x", set(), 1), ("x", {Scope.ACCOUNT}, 0),
     ("x", {Scope.ACCOUNT}, 10**15), ("a\nb", {Scope.ACCOUNT}, 1)],
)  # fmt: skip
def test_senseless_tokens_are_refused(name: str, scopes: set[Scope], lifetime_ms: int) -> None:
    stage = Stage().with_mei()
    with pytest.raises(Invalid):
        stage.sign_in.make_token(stage.who(stage.login()), name, frozenset(scopes), lifetime_ms=lifetime_ms)


def test_tokens_and_sessions_are_bounded() -> None:
    stage = Stage().with_mei()
    first = stage.login()
    for _ in range(MAX_SIGNED_IN):
        newest = stage.login()
    with pytest.raises(Unauthenticated):
        stage.who(first)
    who = stage.who(newest)
    for number in range(MAX_API_TOKENS):
        stage.sign_in.make_token(who, f"t{number}", frozenset({Scope.ACCOUNT})).result()
    with pytest.raises(RateLimited):
        stage.sign_in.make_token(who, "one more", frozenset({Scope.ACCOUNT})).result()
    assert len(stage.sign_in.tokens(who)) == MAX_SIGNED_IN + MAX_API_TOKENS


def test_a_new_password_ends_all_other_logins_but_no_api_token() -> None:
    stage = Stage().with_mei()
    here, elsewhere = stage.login(), stage.login()
    api = stage.sign_in.make_token(stage.who(here), "ci", frozenset({Scope.TASKS_READ})).result().secret
    assert stage.who(elsewhere)
    with pytest.raises(Forbidden):
        stage.sign_in.change_password(stage.who(here), "wrong password", "another horse")
    with pytest.raises(Invalid):
        stage.sign_in.change_password(stage.who(here), PASSWORD, "short")
    stage.sign_in.change_password(stage.who(here), PASSWORD, "another horse").result()
    assert stage.who(here) and stage.who(api)
    with pytest.raises(Unauthenticated):
        stage.who(elsewhere)
    with pytest.raises(Unauthenticated):
        stage.login()
    assert stage.login(password="another horse")


def test_a_one_use_link_works_once_and_opens_nothing_by_itself() -> None:
    stage = Stage()
    link = stage.accounts.first_operator().result()
    assert link is not None
    with pytest.raises(Unauthenticated):
        stage.who(link.secret)
    issued = stage.sign_in.redeem(link.secret, new_password="a good password").result()
    assert Role.OPERATOR in stage.who(issued.secret).roles
    with pytest.raises(HiveMindError) as error:
        stage.sign_in.redeem(link.secret).result()
    assert error.value.code == "LINK_USED"
    assert stage.login("operator", "a good password")


def test_a_one_use_link_expires() -> None:
    stage = Stage()
    link = stage.accounts.first_operator().result()
    assert link is not None
    stage.pass_time(LIFETIME_MS[TokenKind.ONE_USE])
    with pytest.raises(Unauthenticated):
        stage.sign_in.redeem(link.secret).result()
