"""Rows and tables agree: as many values as columns, each where the table has it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from sqlalchemy import Table

from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.ledger import Account, ChainedTransfer
from core.domain.subtask import SubtaskState
from core.domain.user import Quota, Role, Scope, TokenKind
from master_app.ports.node_pool import JoinTokenRecord
from master_app.ports.tasks import SubtaskRecord
from master_app.ports.users import InviteRecord, TokenRecord, UserRecord
from master_app.storage import mapping, mapping_ledger, mapping_people
from master_app.storage.tables import ledger, nodes, tasks, users
from master_app.storage.values import FILES, QUOTA, columns_to_entry, entry_to_columns
from tests.support.storage import a_grant, a_node, a_task, an_attempt

CHAINED = ChainedTransfer(sequence=1, transfer=a_grant("u", 5), previous_debit="", previous_credit="x", hash="h")
USER = UserRecord(
    user_id="u", username="mei", roles=frozenset({Role.PROVIDER, Role.OPERATOR}), quota=Quota(queued_tasks=None)
)
TOKEN = TokenRecord(
    token_id="t", user_id="u", kind=TokenKind.API, secret_sha256="s", scopes=frozenset({Scope.ADMIN})
)
INVITE = InviteRecord(
    invite_id="i", secret_sha256="s", created_by="u", created_ms=1, expires_ms=2, roles=frozenset(Role)
)
TOKEN_OF_NODE = JoinTokenRecord(
    token_sha256="s", owner_id="o", created_by="c", created_ms=1, expires_ms=2, labels={"a": "b"}
)
SUBTASK = SubtaskRecord(task_id="t", index=3, state=SubtaskState.ACTIVE, failed_nodes=("a", "b"))

CASES: list[tuple[Table, Any, Any, Any]] = [
    (tasks.tasks, a_task(), mapping.task_to_row, mapping.row_to_task),
    (tasks.subtasks, SUBTASK, mapping.subtask_to_row, mapping.row_to_subtask),
    (tasks.attempts, an_attempt(a_task()), mapping.attempt_to_row, mapping.row_to_attempt),
    (nodes.nodes, a_node(), mapping.node_to_row, mapping.row_to_node),
    (nodes.join_tokens, TOKEN_OF_NODE, mapping.join_token_to_row, mapping.row_to_join_token),
    (users.users, USER, mapping_people.user_to_row, mapping_people.row_to_user),
    (users.tokens, TOKEN, mapping_people.token_to_row, mapping_people.row_to_token),
    (users.invites, INVITE, mapping_people.invite_to_row, mapping_people.row_to_invite),
    (ledger.transfers, CHAINED, mapping_ledger.chained_to_row, mapping_ledger.row_to_chained),
]


@pytest.mark.parametrize(("table", "record", "to_row", "from_row"), CASES, ids=[case[0].name for case in CASES])
def test_a_row_is_read_as_it_was_written(table: Table, record: Any, to_row: Any, from_row: Any) -> None:
    row = to_row(record)
    assert len(row) == len(table.c)
    assert from_row(row) == record


@pytest.mark.parametrize(("table", "record", "to_row", "from_row"), CASES, ids=[case[0].name for case in CASES])
def test_each_value_stands_in_the_column_of_its_name(
    table: Table, record: Any, to_row: Any, from_row: Any
) -> None:
    row = dict(zip([column.name for column in table.c], to_row(record), strict=True))
    plain = {field.name: getattr(record, field.name) for field in fields(record)}
    for name, value in row.items():
        if name in plain and isinstance(plain[name], str | int) and not isinstance(plain[name], bool):
            assert value == plain[name], name
        elif name in plain and isinstance(plain[name], bool):
            assert value == int(plain[name]), name


def test_an_account_takes_the_head_that_it_is_given() -> None:
    row = mapping_ledger.account_to_row(
        Account(account_id="user:u", balance_ucpt=4, entries=2, hold_id="h"), "new"
    )
    assert mapping_ledger.row_to_account(row) == Account(
        account_id="user:u", balance_ucpt=4, entries=2, head="new", hold_id="h"
    )


def test_every_state_of_an_attempt_has_its_text() -> None:
    for state in AttemptState:
        attempt = an_attempt(a_task(), state=state)
        assert mapping.row_to_attempt(mapping.attempt_to_row(attempt)).state is state


def test_values_in_a_column_survive_and_empty_ones_cost_nothing() -> None:
    entry = FileEntry(path="a/ü", size=1, sha256="s", mode=0o755, blob="b", offset=9)
    assert FILES.load(FILES.dump((entry,))) == (entry,)
    assert FILES.dump(()) == ""
    assert columns_to_entry(entry_to_columns(entry)) == entry
    assert QUOTA.load(QUOTA.dump(None)) is None
    assert QUOTA.load(QUOTA.dump(Quota(storage_bytes=None))) == Quota(storage_bytes=None)


def test_an_old_row_without_a_later_field_is_read() -> None:
    assert FILES.load('[{"path":"a","size":1,"sha256":"s","blob":"b","gone":1}]')[0].mode == 0o644
