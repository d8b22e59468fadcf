"""Every wire message survives its trip; what is not allowed is a ProtocolError and nothing else."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.audit import AuditCheck
from core.domain.errors import ProtocolError
from core.domain.membership import Enrolled
from core.domain.operations import LedgerCheck, NewJoinLink, NewUser
from core.domain.session import (
    Ack,
    EnrolmentRequest,
    Hello,
    LogAck,
    LogChunk,
    Offers,
    Orders,
    Refused,
    Report,
    Resync,
    Sync,
    SyncReply,
    Updates,
    Welcome,
)
from core.domain.views import NodeView, TaskView
from core.pb import enrolment_pb2, logs_pb2, node_pb2, operator_pb2
from core.rpc.codec import enrolment, logs, node, operator

_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
_FLOAT = st.floats(allow_nan=False, allow_infinity=False)


def _values(hint: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Return a strategy for what a type hint of the domain allows on the wire."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is str:
        return _TEXT
    if hint is bytes:
        return st.binary(max_size=16)
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(-(2**31), 2**31 - 1) if name in {"exit_code", "priority"} else st.integers(0, 2**31)
    if hint is float:
        return st.one_of(st.just(-1.0), st.floats(0, 100)) if name == "percent" else _FLOAT
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _of(hint)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return st.lists(_values(arguments[0], name), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*[_values(each) for each in arguments])
    if arguments and type(None) in arguments:
        (other,) = [each for each in arguments if each is not type(None)]
        return st.one_of(st.none(), _values(other, name))
    if origin is not None and len(arguments) == 2:
        return st.dictionaries(_values(arguments[0]), _values(arguments[1]), max_size=3)
    raise AssertionError(f"no strategy for {hint}")


def _of(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = [each.name for each in dataclasses.fields(kind)]
    return st.deferred(lambda: st.builds(kind, **{name: _values(hints[name], name) for name in fields}))


@pytest.mark.parametrize("kind", [Hello, Sync, Report, Updates])
def test_agent_messages_survive_the_wire(kind: type[Any]) -> None:
    @given(_of(kind))
    @settings(max_examples=60, deadline=None)
    def check(value: Any) -> None:
        content = node.agent_message_to_pb(value).SerializeToString()
        assert node.agent_message_from_pb(node_pb2.NodeMessage.FromString(content)) == value

    check()


@pytest.mark.parametrize("kind", [Welcome, Refused, SyncReply, Offers, Orders, Ack, Resync])
def test_master_messages_survive_the_wire(kind: type[Any]) -> None:
    @given(_of(kind))
    @settings(max_examples=60, deadline=None)
    def check(value: Any) -> None:
        content = node.master_message_to_pb(value).SerializeToString()
        assert node.master_message_from_pb(node_pb2.MasterMessage.FromString(content)) == value

    check()


@given(st.lists(_of(LogChunk), max_size=3).map(tuple), st.lists(_of(LogAck), max_size=3).map(tuple))
@settings(deadline=None)
def test_logs_survive_the_wire(chunks: tuple[LogChunk, ...], acks: tuple[LogAck, ...]) -> None:
    sent = logs.chunks_to_pb(chunks).SerializeToString()
    assert logs.chunks_from_pb(logs_pb2.LogChunks.FromString(sent)) == chunks
    assert logs.acks_from_pb(logs_pb2.LogAcks.FromString(logs.acks_to_pb(acks).SerializeToString())) == acks


@given(_of(EnrolmentRequest), _of(Enrolled))
@settings(deadline=None)
def test_enrolment_survives_the_wire(request: EnrolmentRequest, enrolled: Enrolled) -> None:
    sent = enrolment.request_to_pb(request).SerializeToString()
    assert enrolment.request_from_pb(enrolment_pb2.EnrolRequest.FromString(sent)) == request
    sent = enrolment.enrolled_to_pb(enrolled).SerializeToString()
    assert enrolment.enrolled_from_pb(enrolment_pb2.EnrolReply.FromString(sent)) == enrolled


@given(_of(NodeView), _of(TaskView), _of(NewUser), _of(LedgerCheck), _of(AuditCheck))
@settings(deadline=None, max_examples=60)
def test_operators_rows_survive_the_wire(
    row: NodeView, task: TaskView, user: NewUser, check: LedgerCheck, audit: AuditCheck
) -> None:
    sent = operator.node_to_pb(row).SerializeToString()
    assert operator.node_from_pb(operator_pb2.NodeRow.FromString(sent)) == row
    sent = operator.task_to_pb(task).SerializeToString()
    assert operator.task_from_pb(operator_pb2.TaskRow.FromString(sent)) == task
    assert operator.new_user_from_pb(operator.new_user_to_pb(user)) == user
    assert operator.ledger_check_from_pb(operator.ledger_check_to_pb(check)) == check
    assert operator.audit_check_from_pb(operator.audit_check_to_pb(audit)) == audit


def test_a_join_link_wish_survives_and_empty_fields_mean_defaults() -> None:
    wish = NewJoinLink(owner="ann", uses=3, expires_s=60, labels={"a": "b"}, name_pattern="n", approve=True)
    assert operator.new_join_link_from_pb(operator.new_join_link_to_pb(wish)) == wish
    assert operator.new_join_link_from_pb(operator_pb2.CreateJoinLinkRequest()) == NewJoinLink()


@given(st.binary(max_size=200))
@settings(max_examples=2000, deadline=None)
def test_garbage_is_a_protocol_error_or_a_message(content: bytes) -> None:
    try:
        message = node_pb2.NodeMessage.FromString(content)
    except DecodeError:
        return
    try:
        node.agent_message_from_pb(message)
    except ProtocolError as error:
        assert error.code in {"UNKNOWN_VALUE", "NOT_FINITE", "EMPTY_MESSAGE"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_would_poison_sums_are_refused(number: float) -> None:
    tick = node_pb2.AttemptUpdate(state=node_pb2.AttemptState.ATTEMPT_STATE_RUNNING)
    tick.ticks.add(duration_ms=1, cpu_percent=number)
    with pytest.raises(ProtocolError):
        node.agent_message_from_pb(node_pb2.NodeMessage(updates=node_pb2.Updates(updates=[tick])))


def test_a_state_of_a_newer_version_is_refused() -> None:
    update = node_pb2.AttemptUpdate(state=99)  # type: ignore[arg-type]
    with pytest.raises(ProtocolError) as refused:
        node.agent_message_from_pb(node_pb2.NodeMessage(updates=node_pb2.Updates(updates=[update])))
    assert refused.value.code == "UNKNOWN_VALUE"
