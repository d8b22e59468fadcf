"""operator.proto: rows of nodes and tasks, and the commands of operators."""

from __future__ import annotations

from typing import Any

from core.domain.audit import AuditCheck
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import ProtocolError
from core.domain.node import NodeAdmin, NodeHealth, NodeOwner
from core.domain.operations import LedgerCheck, NewJoinLink, NewUser, NodeAction, TaskAction
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState
from core.domain.views import NodeView, TaskView
from core.pb import operator_pb2 as pb
from core.rpc.codec.values import (
    E,
    EnumMap,
    gpu_from_pb,
    gpu_to_pb,
    host_from_pb,
    host_to_pb,
    resources_from_pb,
    resources_to_pb,
)

NODE_ACTIONS = EnumMap(dict(pb.NodeAction.items()), "NODE_ACTION", NodeAction)
TASK_ACTIONS = EnumMap(dict(pb.TaskAction.items()), "TASK_ACTION", TaskAction)


def _member(members: type[E], text: str) -> E:
    try:
        return members(text)
    except ValueError:
        raise ProtocolError(
            f"{members.__name__} does not have this value in this version.", code="UNKNOWN_VALUE"
        ) from None


#: Fields that are the same on both sides of a node's row.
_NODE_PLAIN = [
    "node_id",
    "name",
    "owner_id",
    "owner_name",
    "owner_reason",
    "schedulable",
    "why_not",
    "arch",
    "os",
    "host_os",
    "runtime",
    "slots",
    "running",
    "version",
    "created_ms",
    "last_seen_ms",
    "quarantined_until_ms",
    "certificate_expires_ms",
    "admin_by_operator",
]
_TASK_PLAIN = [
    "task_id",
    "owner_id",
    "owner_name",
    "name",
    "state_reason",
    "state_since_ms",
    "priority",
    "subtask_count",
    "has_merge",
    "created_ms",
    "started_ms",
    "ended_ms",
    "deadline_ms",
    "expires_ms",
    "expired",
    "paid_ucpt",
    "hold_ucpt",
    "bundle_id",
    "generation",
    "try_one",
]


def _plain(source: Any, names: list[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


def node_to_pb(value: NodeView) -> pb.NodeRow:
    return pb.NodeRow(
        **_plain(value, _NODE_PLAIN),
        admin=value.admin.value,
        health=value.health.value,
        owner_state=value.owner_state.value,
        capacity=resources_to_pb(value.capacity),
        reserved=resources_to_pb(value.reserved),
        gpus=[gpu_to_pb(gpu) for gpu in value.gpus],
        host=host_to_pb(value.host),
        labels=value.labels,
    )


def node_from_pb(message: pb.NodeRow) -> NodeView:
    return NodeView(
        **_plain(message, _NODE_PLAIN),
        admin=_member(NodeAdmin, message.admin),
        health=_member(NodeHealth, message.health),
        owner_state=_member(NodeOwner, message.owner_state),
        capacity=resources_from_pb(message.capacity),
        reserved=resources_from_pb(message.reserved),
        gpus=tuple([gpu_from_pb(gpu) for gpu in message.gpus]),
        host=host_from_pb(message.host),
        labels=dict(message.labels),
    )


def task_to_pb(value: TaskView) -> pb.TaskRow:
    return pb.TaskRow(
        **_plain(value, _TASK_PLAIN),
        state=value.state.value,
        held="" if value.held is None else value.held.value,
        counts={state.value: count for state, count in value.counts.items()},
        max_ucpt=value.max_ucpt,
    )


def task_from_pb(message: pb.TaskRow) -> TaskView:
    return TaskView(
        **_plain(message, _TASK_PLAIN),
        state=_member(TaskState, message.state),
        held=_member(HeldCode, message.held) if message.held else None,
        counts={_member(SubtaskState, name): count for name, count in message.counts.items()},
        max_ucpt=message.max_ucpt if message.HasField("max_ucpt") else None,
    )


def new_user_to_pb(value: NewUser) -> pb.AddUserRequest:
    return pb.AddUserRequest(name=value.name, roles=value.roles, password=value.password)


def new_user_from_pb(message: pb.AddUserRequest) -> NewUser:
    return NewUser(name=message.name, roles=tuple(message.roles), password=message.password)


def new_join_link_to_pb(value: NewJoinLink) -> pb.CreateJoinLinkRequest:
    return pb.CreateJoinLinkRequest(
        owner=value.owner,
        uses=value.uses,
        expires_s=value.expires_s,
        labels=value.labels,
        name_pattern=value.name_pattern,
        approve=value.approve,
    )


def new_join_link_from_pb(message: pb.CreateJoinLinkRequest) -> NewJoinLink:
    """Zero and empty fields of the message mean the defaults of the value."""
    plain = NewJoinLink()
    return NewJoinLink(
        owner=message.owner,
        uses=message.uses or plain.uses,
        expires_s=message.expires_s or plain.expires_s,
        labels=dict(message.labels),
        name_pattern=message.name_pattern or plain.name_pattern,
        approve=message.approve,
    )


def ledger_check_to_pb(value: LedgerCheck) -> pb.VerifyLedgerReply:
    return pb.VerifyLedgerReply(
        sound=value.sound,
        transfers=value.transfers,
        accounts=value.accounts,
        first_problem=value.first_problem,
        head=value.head,
    )


def audit_check_to_pb(value: AuditCheck) -> pb.VerifyAuditReply:
    return pb.VerifyAuditReply(rows=value.rows, head=value.head, misfit=value.misfit)


def audit_check_from_pb(message: pb.VerifyAuditReply) -> AuditCheck:
    misfit = message.misfit if message.HasField("misfit") else None
    return AuditCheck(rows=message.rows, head=message.head, misfit=misfit)


def ledger_check_from_pb(message: pb.VerifyLedgerReply) -> LedgerCheck:
    return LedgerCheck(
        sound=message.sound,
        transfers=message.transfers,
        accounts=message.accounts,
        first_problem=message.first_problem,
        head=message.head,
    )


_CONDITION_PLAIN = ["subject", "what", "at_risk", "next", "fix", "since_ms", "until_ms"]


def condition_to_pb(value: Condition) -> pb.ConditionRow:
    plain = {name: getattr(value, name) for name in _CONDITION_PLAIN}
    return pb.ConditionRow(code=value.code.value, gravity=value.gravity.value, **plain)


def condition_from_pb(message: pb.ConditionRow) -> Condition:
    plain = {name: getattr(message, name) for name in _CONDITION_PLAIN}
    return Condition(code=_member(ConditionCode, message.code), gravity=_member(Gravity, message.gravity), **plain)
