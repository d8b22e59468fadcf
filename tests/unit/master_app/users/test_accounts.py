"""Making and changing users."""

from __future__ import annotations

import pytest

from core.domain.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from core.domain.user import Principal, Quota, Role, SignUp, UserState
from master_app.ledger.transfers import SIGN_UP_GRANT_UCPT
from master_app.users.accounts import default_sign_up
from master_app.users.invitations import SIGN_UP_ROLES
from tests.unit.master_app.users.stage import PASSWORD, ROOT, Stage

MEI = Principal(user_id="mei", username="mei", roles=SIGN_UP_ROLES)


def test_a_new_account_has_the_grant_and_no_power_over_others() -> None:
    stage = Stage()
    user = stage.accounts.sign_up("Mei", PASSWORD, origin="here").result()
    assert (user.username, user.roles) == ("mei", SIGN_UP_ROLES)
    assert stage.uow.balance(user.user_id) == SIGN_UP_GRANT_UCPT == 150_000_000
    assert stage.actions == ["user.sign_up"]


def test_bad_names_and_passwords_come_with_each_problem() -> None:
    with pytest.raises(Invalid) as error:
        Stage().accounts.sign_up("a b", "short")
    assert [problem.key for problem in error.value.problems] == ["username", "password"]


def test_a_name_is_taken_once_however_it_is_written() -> None:
    stage = Stage().with_mei()
    with pytest.raises(Conflict):
        stage.accounts.sign_up("MEI", PASSWORD).result()
    assert len(stage.uow.ledger.committed) == 1


def test_one_address_makes_few_accounts() -> None:
    stage = Stage()
    for number in range(20):
        stage.accounts.sign_up(f"u{number}", PASSWORD, origin="there").result()
    with pytest.raises(RateLimited):
        stage.accounts.sign_up("u21", PASSWORD, origin="there")


def test_sign_up_is_open_only_to_this_computer_by_default() -> None:
    assert default_sign_up(loopback_only=True) is SignUp.OPEN
    assert default_sign_up(loopback_only=False) is SignUp.INVITE


@pytest.mark.parametrize("mode", [SignUp.INVITE, SignUp.CLOSED])
def test_a_pool_that_is_not_open_refuses_strangers(mode: SignUp) -> None:
    with pytest.raises(Forbidden) as error:
        Stage(sign_up=mode).accounts.sign_up("mei", PASSWORD)
    assert error.value.code == "SIGN_UP_CLOSED"


def test_an_invitation_is_good_for_its_uses_and_its_time() -> None:
    stage = Stage(sign_up=SignUp.INVITE)
    secret, invite = stage.invitations.make(ROOT, roles=[Role.PROVIDER], uses=2).result()
    assert secret not in repr(invite)
    assert stage.accounts.sign_up("a1", PASSWORD, invite=secret).result().roles == {Role.PROVIDER}
    with pytest.raises(Conflict):
        stage.accounts.sign_up("a1", PASSWORD, invite=secret).result()
    stage.accounts.sign_up("a2", PASSWORD, invite=secret).result()
    with pytest.raises(Forbidden):
        stage.accounts.sign_up("a3", PASSWORD, invite=secret).result()
    late, _ = stage.invitations.make(ROOT, lifetime_ms=1000).result()
    stage.pass_time(1000)
    with pytest.raises(Forbidden):
        stage.accounts.sign_up("a4", PASSWORD, invite=late).result()


def test_closed_means_closed_to_the_invited_too() -> None:
    stage = Stage(sign_up=SignUp.CLOSED)
    secret, _ = stage.invitations.make(ROOT).result()
    with pytest.raises(Forbidden):
        stage.accounts.sign_up("a", PASSWORD, invite=secret)


def test_what_operators_do_others_may_not() -> None:
    stage = Stage().with_mei()
    for call in (
        lambda: stage.accounts.add(MEI, "x", PASSWORD, [Role.OPERATOR]),
        lambda: stage.accounts.set_roles(MEI, "mei", [Role.OPERATOR]),
        lambda: stage.accounts.set_quota(MEI, "mei", None),
        lambda: stage.accounts.lock(MEI, "mei", ""),
        lambda: stage.accounts.unlock(MEI, "mei"),
        lambda: stage.accounts.reset_link(MEI, "mei"),
        lambda: stage.invitations.make(MEI),
        lambda: stage.accounts.users(MEI),
    ):
        with pytest.raises(Forbidden):
            call()


def test_new_roles_and_a_lock_hold_from_the_next_request() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    assert Role.OPERATOR not in stage.who(token).roles
    stage.accounts.set_roles(ROOT, "mei", [Role.OPERATOR, Role.SUBMITTER]).result()
    assert Role.OPERATOR in stage.who(token).roles
    stage.accounts.add(ROOT, "other", PASSWORD, [Role.OPERATOR]).result()
    stage.accounts.lock(ROOT, "mei", "spam").result()
    for attempt in (lambda: stage.who(token), stage.login):
        with pytest.raises(Unauthenticated) as error:
            attempt()
        assert error.value.code == "USER_LOCKED"
    stage.accounts.unlock(ROOT, "mei").result()
    assert stage.who(token)


def test_the_last_operator_stays() -> None:
    stage = Stage()
    stage.accounts.add(None, "boss", PASSWORD, [Role.OPERATOR]).result()
    with pytest.raises(Conflict):
        stage.accounts.set_roles(ROOT, "boss", [Role.SUBMITTER]).result()
    with pytest.raises(Conflict):
        stage.accounts.lock(ROOT, "boss", "").result()
    with pytest.raises(NotFound):
        stage.accounts.lock(ROOT, "nobody", "").result()


def test_the_first_operator_gets_a_fresh_link_until_it_signed_in() -> None:
    stage = Stage()
    first, second = stage.accounts.first_operator().result(), stage.accounts.first_operator().result()
    assert first is not None and second is not None
    assert first.user.user_id == second.user.user_id
    stage.sign_in.redeem(second.secret, new_password=PASSWORD).result()
    assert stage.accounts.first_operator().result() is None
    other = Stage()
    other.accounts.add(None, "boss", PASSWORD, [Role.OPERATOR]).result()
    assert other.accounts.first_operator().result() is None


def test_a_reset_link_sets_a_new_password() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    link = stage.accounts.reset_link(None, "mei").result()
    assert stage.login()
    stage.sign_in.redeem(link.secret, new_password="another horse").result()
    for attempt in (stage.login, lambda: stage.who(token)):
        with pytest.raises(Unauthenticated):
            attempt()
    assert stage.login(password="another horse")


def test_a_deleted_user_is_forgotten_and_the_ledger_is_whole() -> None:
    stage = Stage().with_mei()
    token = stage.login()
    who = stage.who(token)
    with pytest.raises(Forbidden):
        stage.accounts.delete_own(who, "wrong password")
    stage.accounts.delete_own(who, PASSWORD).result()
    row = stage.uow.users.get(who.user_id)
    assert row is not None
    assert (row.state, row.username, row.password_hash) == (UserState.DELETED, "", "")
    with pytest.raises(Unauthenticated):
        stage.who(token)
    assert stage.uow.balance(who.user_id) == SIGN_UP_GRANT_UCPT
    stage.accounts.sign_up("mei", PASSWORD).result()
    assert [user.username for user in stage.accounts.users(ROOT).items] == ["mei"]


def test_a_user_with_live_tasks_is_not_deleted() -> None:
    stage = Stage().with_mei()
    who = stage.who(stage.login())
    stage.uow.tasks.live[who.user_id] = (1, 10)
    with pytest.raises(Conflict):
        stage.accounts.delete_own(who, PASSWORD).result()
    assert stage.login()


def test_a_quota_is_kept_with_its_user() -> None:
    stage = Stage().with_mei()
    assert stage.accounts.set_quota(ROOT, "mei", Quota(queued_tasks=3)).result().quota == Quota(queued_tasks=3)
