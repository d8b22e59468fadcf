"""Values of the console and their messages are the same, field by field, and survive the wire."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from core.domain.console import AttemptRow, Overview
from core.domain.resources import Resources
from core.pb import console_pb2, operator_pb2
from core.rpc.codec.console import VALUES, console_from_pb, console_to_pb, optional_fields

#: Sent as other messages: queries that several lists share, and what a sign-in answers.
ELSEWHERE = {"ListQuery": "UserQuery", "SignedIn": "RedeemReply"}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_has_the_fields_of_its_message(value: Any) -> None:
    name = ELSEWHERE.get(value.__name__, value.__name__)
    message: Any = getattr(console_pb2, name, None) or getattr(operator_pb2, name)
    described = message.DESCRIPTOR
    assert {field.name for field in fields(value)} == {field.name for field in described.fields}
    # A proto3 field without `optional` cannot be absent.
    absent = {field.name for field in described.fields if field.has_presence and field.message_type is None}
    assert optional_fields(value) == absent


def test_an_overview_survives_the_wire() -> None:
    value = Overview(
        at_ms=5,
        commit=7,
        nodes={"READY": 3},
        capacity=Resources(cpu_millis=4_000, memory_bytes=1 << 33),
        failures={"user": 2},
        per_minute=2.5,
    )
    message = console_to_pb(value)
    assert console_from_pb(Overview, type(message).FromString(message.SerializeToString())) == value


def test_what_is_absent_stays_absent() -> None:
    empty = dict.fromkeys((field.name for field in fields(AttemptRow)), "")
    numbers = dict.fromkeys(
        ("index", "number", "offered_ms", "started_ms", "ended_ms", "peak_memory_bytes", "log_bytes"), 0
    )
    value = AttemptRow(**(empty | numbers | {"exit_code": None, "paid_ucpt": 0}))  # type: ignore[arg-type]
    again = console_from_pb(AttemptRow, console_to_pb(value))
    assert again.exit_code is None and again.paid_ucpt == 0
