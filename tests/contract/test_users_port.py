"""What every UserRepository and its reads promise. The SQL ones are added where storage is tested: a class that
has these tests and its own `people` fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import pytest

from core.domain.errors import Conflict
from core.domain.user import Quota, Role, Scope, TokenKind, UserState
from master_app.ports.users import InviteRecord, TokenRecord, UserReads, UserRecord, UserRepository
from tests.fakes.ledger import MoneyUnitOfWork
from tests.fakes.users import MemoryUserReads


@dataclass(frozen=True)
class People:
    """One implementation: a transaction gives its repository and commits at its end, rolls back on an error."""

    transaction: Callable[[], AbstractContextManager[UserRepository]]
    reads: UserReads


def user(user_id: str = "1", username: str = "mei") -> UserRecord:
    return UserRecord(
        user_id=user_id,
        username=username,
        password_hash="hash",
        roles=frozenset({Role.SUBMITTER, Role.OPERATOR}),
        created_ms=1,
        password_ms=2,
        language="zh-TW",
        quota=Quota(queued_tasks=3, spend_day_ucpt=None),
    )


def token(token_id: str, user_id: str = "1", *, expires_ms: int = 100) -> TokenRecord:
    return TokenRecord(
        token_id=token_id,
        user_id=user_id,
        kind=TokenKind.API,
        secret_sha256=f"sha-{token_id}",
        name="ci",
        scopes=frozenset({Scope.TASKS_READ, Scope.MONEY_READ}),
        created_ms=1,
        expires_ms=expires_ms,
        origin="here",
        user_agent="curl",
    )


def invite(invite_id: str = "i1") -> InviteRecord:
    return InviteRecord(
        invite_id=invite_id,
        secret_sha256=f"sha-{invite_id}",
        created_by="1",
        created_ms=1,
        expires_ms=50,
        roles=frozenset({Role.PROVIDER}),
        uses_left=2,
    )


class UsersContract:
    """Inherit and give a `people` fixture."""

    def test_every_field_of_a_user_survives(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
        with people.transaction() as repository:
            assert repository.get("1") == repository.find("mei") == user()
            assert repository.get("2") is None and repository.find("bo") is None
        assert people.reads.user("1") == people.reads.find("mei") == user()

    def test_one_row_is_one_object_within_a_transaction(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            repository.add_token(token("a"))
        with people.transaction() as repository:
            assert repository.get("1") is repository.find("mei")
            assert repository.token("sha-a") is repository.tokens_of("1")[0]

    def test_changes_are_kept_when_saved(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
        with people.transaction() as repository:
            row = repository.get("1")
            assert row is not None
            row.username, row.state, row.quota, row.roles = "", UserState.DELETED, None, frozenset()
            repository.save(row)
            # The name is free at once.
            repository.add(user("2", "mei"))
        found = people.reads.find("mei")
        assert found is not None and found.user_id == "2"
        gone = people.reads.user("1")
        assert gone is not None and (gone.state, gone.roles, gone.quota) == (UserState.DELETED, frozenset(), None)

    def test_a_name_is_there_once(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
        with pytest.raises(Conflict), people.transaction() as repository:
            repository.add(user("2"))
        with pytest.raises(Conflict), people.transaction() as repository:
            repository.add(user("3", "bo"))
            repository.add(user("4", "bo"))
        assert people.reads.user("2") is None and people.reads.find("bo") is None

    def test_users_are_counted_by_role(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            other = user("2", "bo")
            other.roles = frozenset({Role.PROVIDER})
            repository.add(other)
            locked = user("3", "al")
            locked.state = UserState.LOCKED
            repository.add(locked)
            assert (repository.count(), repository.count(Role.OPERATOR)) == (2, 1)

    def test_every_field_of_a_token_survives(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            repository.add_token(token("a"))
        credential = people.reads.credential("sha-a")
        assert credential is not None
        assert (credential.token, credential.user) == (token("a"), user())
        assert people.reads.credential("sha-b") is None

    def test_tokens_are_listed_until_they_are_revoked(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            for name in "abc":
                repository.add_token(token(name))
            repository.add_token(token("x", user_id="2"))
        with people.transaction() as repository:
            row = repository.token("sha-b")
            assert row is not None
            row.revoked_ms = 7
            repository.save_token(row)
            assert [found.token_id for found in repository.tokens_of("1")] == ["c", "a"]
        assert [found.token_id for found in people.reads.tokens_of("1")] == ["c", "a"]
        credential = people.reads.credential("sha-b")
        assert credential is not None and credential.token.revoked_ms == 7

    def test_ended_tokens_are_forgotten_in_steps(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            for name, expires_ms in (("a", 10), ("b", 20), ("c", 0), ("d", 99)):
                repository.add_token(token(name, expires_ms=expires_ms))
        with people.transaction() as repository:
            row = repository.token("sha-c")
            assert row is not None
            row.revoked_ms = 5
            repository.save_token(row)
        with people.transaction() as repository:
            assert repository.forget_tokens(50, limit=2) == 2
        with people.transaction() as repository:
            assert repository.forget_tokens(50, limit=2) == 1
            assert repository.token("sha-d") is not None

    def test_use_only_moves_forward(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            repository.add_token(token("a"))
        for at_ms in (9, 4):
            with people.transaction() as repository:
                repository.touch_tokens([("a", at_ms), ("none", 1)])
        assert people.reads.tokens_of("1")[0].last_used_ms == 9

    def test_invitations_are_kept_until_used_up(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add_invite(invite())
            repository.add_invite(invite("i2"))
        with people.transaction() as repository:
            assert repository.invite("sha-i1") == invite()
            assert [found.invite_id for found in repository.invites()] == ["i2", "i1"]
            row = repository.invite("sha-i1")
            assert row is not None
            row.uses_left = 0
            repository.save_invite(row)
        with people.transaction() as repository:
            assert [found.invite_id for found in repository.invites()] == ["i2"]
            assert (repository.forget_invites(50), repository.forget_invites(51)) == (0, 2)
            assert repository.invite("sha-i2") is None

    def test_those_with_a_quota_of_their_own_are_found(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
            repository.add(replace(user("2", "bo"), quota=None))
        assert [found.user_id for found in people.reads.with_quota()] == ["1"]

    def test_a_rollback_leaves_nothing(self, people: People) -> None:
        with people.transaction() as repository:
            repository.add(user())
        with pytest.raises(ZeroDivisionError), people.transaction() as repository:
            row = repository.get("1")
            assert row is not None
            row.username = "other"
            repository.save(row)
            repository.add_token(token("a"))
            raise ZeroDivisionError
        assert people.reads.user("1") == user()
        assert people.reads.credential("sha-a") is None

    def test_users_are_paged_by_name(self, people: People) -> None:
        with people.transaction() as repository:
            for number in range(5):
                repository.add(user(str(number), f"u{number}"))
        first = people.reads.users(limit=3)
        second = people.reads.users(limit=3, cursor=first.next)
        assert [row.username for row in [*first.items, *second.items]] == ["u0", "u1", "u2", "u3", "u4"]
        assert second.next is None
        assert [row.username for row in people.reads.users(name_contains="3").items] == ["u3"]


class TestMemoryUsers(UsersContract):
    @pytest.fixture
    def people(self) -> People:
        uow = MoneyUnitOfWork()

        @contextmanager
        def transaction() -> Iterator[UserRepository]:
            with uow.transaction():
                yield uow.users

        return People(transaction=transaction, reads=MemoryUserReads(lambda: uow.users))
