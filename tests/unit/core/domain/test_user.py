"""Roles, names, passwords and quotas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Forbidden, RateLimited
from core.domain.user import (
    PERMISSIONS,
    Action,
    Principal,
    Quota,
    QuotaUse,
    Role,
    Scope,
    check_quota,
    fold_username,
    password_problems,
    require,
    username_problems,
)


def principal(*roles: Role, scopes: frozenset[Scope] = frozenset(Scope)) -> Principal:
    return Principal(user_id="U", username="mei", roles=frozenset(roles), scopes=scopes)


@pytest.mark.parametrize("action", Action)
def test_every_action_is_in_the_table_and_an_operator_may_do_it(action: Action) -> None:
    assert PERMISSIONS[action].roles
    require(principal(Role.OPERATOR), action)


@pytest.mark.parametrize("action", [a for a in Action if a.value.endswith("_any")])
def test_only_operators_reach_other_peoples_things(action: Action) -> None:
    with pytest.raises(Forbidden) as error:
        require(principal(Role.SUBMITTER, Role.PROVIDER), action)
    assert error.value.code == "ROLE_MISSING"


def test_a_provider_does_not_submit_and_a_submitter_joins_no_node() -> None:
    assert not principal(Role.PROVIDER).may(Action.TASK_SUBMIT)
    assert not principal(Role.SUBMITTER).may(Action.NODE_JOIN)
    assert principal(Role.SUBMITTER).may(Action.TASK_SUBMIT)
    assert principal(Role.PROVIDER).may(Action.NODE_JOIN)


@given(st.sampled_from(Action), st.frozensets(st.sampled_from(Role)), st.frozensets(st.sampled_from(Scope)))
def test_a_token_never_allows_more_than_its_user(
    action: Action, roles: frozenset[Role], scopes: frozenset[Scope]
) -> None:
    narrow = Principal(user_id="U", username="u", roles=roles, scopes=scopes)
    full = Principal(user_id="U", username="u", roles=roles)
    assert full.may(action) or not narrow.may(action)
    try:
        require(narrow, action)
    except Forbidden:
        assert not narrow.may(action)
    else:
        assert narrow.may(action)


def test_names_that_look_alike_are_one_name() -> None:
    assert fold_username(" Mei ") == fold_username("ｍｅｉ") == "mei"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a-", "é", "a" * 41, "mint", "a/b", "a\nb", "<b>"])
def test_other_names_are_refused_with_a_fix(name: str) -> None:
    problems = username_problems(name)
    assert problems and problems[0].fix and problems[0].key == "username"


@pytest.mark.parametrize("name", ["a", "mei-lin", "J.Doe_1", "admin"])
def test_plain_names_are_taken(name: str) -> None:
    assert username_problems(name) == []


@pytest.mark.parametrize(
    "password", ["", "short", "password123", "aaaaaaaaaaaa", "x" * 257, "mei-lin1", "Mei-Lin99"]
)
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    assert password_problems(password, "mei-lin")


@pytest.mark.parametrize("password", ["correct horse", "蜜蜂蜜蜂群群飛飛", "s3cret-pass"])
def test_other_passwords_are_taken(password: str) -> None:
    assert password_problems(password, "mei-lin") == []


def test_quota_names_the_bound_that_is_met() -> None:
    quota = Quota(queued_tasks=3, queued_subtasks=None)
    check_quota(quota, QuotaUse(queued_tasks=2), QuotaUse(queued_tasks=1, queued_subtasks=10**9))
    with pytest.raises(RateLimited) as error:
        check_quota(quota, QuotaUse(queued_tasks=3), QuotaUse(queued_tasks=1))
    assert error.value.code == "QUOTA_QUEUED_TASKS"
    # What is over already does not keep anybody from what needs nothing of it.
    check_quota(quota, QuotaUse(queued_tasks=9), QuotaUse(queued_subtasks=1))
