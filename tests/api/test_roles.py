"""Every endpoint of the API against everybody who may ask: no cell untested, no endpoint without a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from core.domain.user import ALL_SCOPES, PERMISSIONS, Role, Scope, TokenKind
from tests.fakes.clock import ManualClock
from tests.support.role_rows import ROWS, Row
from tests.support.web_pool import Answer, Person, WebPool, code_of

EVERY_ROLE: Final = frozenset(Role)
#: Name -> roles. `stranger` and `operator` ask for things of `owner`; the others for their own.
PEOPLE: Final = {
    "submitter": frozenset({Role.SUBMITTER}),
    "provider": frozenset({Role.PROVIDER}),
    "operator": frozenset({Role.OPERATOR}),
    "stranger": frozenset({Role.SUBMITTER, Role.PROVIDER}),
    "owner": frozenset({Role.SUBMITTER, Role.PROVIDER}),
    "everything": EVERY_ROLE,
}
#: Refusals of a person who may, because of what was sent.
LAWFUL: Final = frozenset(
    {
        *("PASSWORD_WRONG", "TOKEN_NOT_A_LOGIN", "USERNAME_MISSING", "ACCOUNT_REFUSED"),
        *("WEBHOOK_ADDRESS", "NO_MAIL_SERVER", "MAIL_CODE", "CHANNEL_OFF", "ASK_NOT_FOUND", "ASK_OPEN"),
    }
)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPool]:
    pool = WebPool(Path(tmp_path_factory.mktemp("roles")), ManualClock())
    for name, roles in PEOPLE.items():
        pool.person(name, *roles, cpt=1000)
    pool.person("bank")
    yield pool
    pool.close()


def test_every_endpoint_has_its_row_and_every_row_its_endpoint(web: WebPool) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in web.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/healthz", "/readyz", "/metrics"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == set(ROWS), "write a row for each endpoint into tests/support/role_rows.py"


@pytest.mark.parametrize("endpoint", ROWS)
def test_each_role_gets_what_the_table_of_permissions_says(web: WebPool, endpoint: str) -> None:
    row = ROWS[endpoint]
    wrong = []
    for name in ("anonymous", *(name for name in PEOPLE if name not in ("owner", "everything"))):
        caller = web.nobody if name == "anonymous" else _fresh(web, web.people[name], ALL_SCOPES)
        wrong += _judge(web, endpoint, row, name, caller)
    assert wrong == []


@pytest.mark.parametrize("endpoint", ROWS)
def test_each_scope_alone_opens_what_it_is_for_and_nothing_else(web: WebPool, endpoint: str) -> None:
    row = ROWS[endpoint]
    wrong = []
    for scope in Scope:
        caller = _fresh(web, web.people["everything"], {scope})
        wrong += _judge(web, endpoint, row, f"everything with {scope.value}", caller)
    assert wrong == []


def _fresh(web: WebPool, person: Person, scopes: frozenset[Scope] | set[Scope]) -> Person:
    """Return the person with a token of this cell alone: some cells end it."""
    kind = TokenKind.LOGIN if scopes == ALL_SCOPES else TokenKind.API
    web.forget_tokens(person)
    token = web.token(person, scopes, kind)
    return Person(
        pool=web,
        name=person.name,
        user_id=person.user_id,
        roles=person.roles,
        token=token,
        scopes=frozenset(scopes),
    )


def _judge(web: WebPool, endpoint: str, row: Row, name: str, caller: Person) -> list[str]:
    """Ask, and return what is wrong with the answer, if anything."""
    method = endpoint.split(" ", 1)[0]
    for each in ("owner", "operator"):
        web.people[each].token = web.token(web.people[each])
    owner = web.people["owner"]
    if caller.name not in ("", "stranger", "operator") and _can_own(row, caller.roles):
        owner = web.people[caller.name]
        owner.token = web.token(owner)
    request = row.make(web, owner)
    answer = caller.call(method, request.path, request.body, **dict(request.more))
    wanted = _expected(row, caller, is_own=owner.user_id == caller.user_id)
    got = _outcome(answer)
    return [] if got == wanted else [f"{endpoint} by {name}: {got}, not {wanted}: {answer.text[:200]}"]


def _roles_do(row: Row, roles: frozenset[Role]) -> bool:
    return row.needs is None or not PERMISSIONS[row.needs].roles.isdisjoint(roles)


def _can_own(row: Row, roles: frozenset[Role]) -> bool:
    made_by = row.made_by or row.needs
    return made_by is None or not PERMISSIONS[made_by].roles.isdisjoint(roles)


def _expected(row: Row, caller: Person, *, is_own: bool) -> str:
    if row.is_public:
        return "served"
    if not caller.token:
        return "401"
    if row.needs is None:
        return "served"
    if not _roles_do(row, caller.roles):
        return "403 ROLE_MISSING"
    if PERMISSIONS[row.needs].scope not in caller.scopes:
        return "403 SCOPE_MISSING"
    if not row.is_owned or (is_own and not row.is_for_any_of_alone):
        return "served"
    if row.any_of is not None:
        permission = PERMISSIONS[row.any_of]
        if permission.scope in caller.scopes and not permission.roles.isdisjoint(caller.roles):
            return "served"
    return "403 ROLE_MISSING" if is_own else "404"


def _outcome(answer: Answer) -> str:
    status = answer.status_code
    if status < 400:
        return "served"
    code = code_of(answer)
    if code in LAWFUL:
        return "served"
    return f"403 {code}" if status == 403 else str(status)
