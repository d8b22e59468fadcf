"""The control door for operators. Who calls was found out by the interceptor; the service judges and audits."""

from __future__ import annotations

import asyncio
from typing import Any

from core.domain.errors import Invalid
from core.domain.operations import OperatorIdentity
from core.pb import operator_pb2 as pb
from core.pb import operator_pb2_grpc
from core.rpc.codec import operator as codec
from core.rpc.interceptors import Context, Identify, bearer_token, caller
from master_app.rpc.services import OperatorGate, OperatorService

#: Of nodes that join, of console links that are spent, and of health: each checks its own secret, or has none.
_OPEN = ("/hivemind.v1.Enrolment/", "/hivemind.v1.console.SignIn/", "/grpc.health.v1.Health/")
_MAX_PAGE = 500


def control_identity(gate: OperatorGate) -> Identify:
    """Make the check of the control door: whatever is not open by name needs an operator's token."""

    async def identify(method: str, context: Context) -> object:
        if method.startswith(_OPEN):
            return None
        return await asyncio.wrap_future(gate.authenticate(bearer_token(context), context.peer() or ""))

    return identify


class OperatorDoor(operator_pb2_grpc.OperatorServicer):
    """`Operator` of the control door."""

    def __init__(self, service: OperatorService) -> None:
        self._service = service

    async def AddUser(self, request: Any, context: Context) -> pb.AddUserReply:
        user = codec.new_user_from_pb(request)
        user_id = await asyncio.wrap_future(self._service.add_user(_operator(), user))
        return pb.AddUserReply(user_id=user_id)

    async def ResetPassword(self, request: Any, context: Context) -> pb.ResetPasswordReply:
        login = await asyncio.wrap_future(
            self._service.reset_password(_operator(), request.name, request.password)
        )
        return pb.ResetPasswordReply(one_use_login=login)

    async def CreateJoinLink(self, request: Any, context: Context) -> pb.CreateJoinLinkReply:
        wish = codec.new_join_link_from_pb(request)
        made = await asyncio.wrap_future(self._service.create_join_link(_operator(), wish))
        return pb.CreateJoinLinkReply(link=made.link, expires_ms=made.expires_ms)

    async def VerifyLedger(self, request: Any, context: Context) -> pb.VerifyLedgerReply:
        return codec.ledger_check_to_pb(await asyncio.wrap_future(self._service.verify_ledger(_operator())))

    async def VerifyAudit(self, request: Any, context: Context) -> pb.VerifyAuditReply:
        return codec.audit_check_to_pb(await asyncio.wrap_future(self._service.verify_audit(_operator())))

    async def Backup(self, request: Any, context: Context) -> pb.BackupReply:
        made = await asyncio.wrap_future(self._service.backup(_operator(), request.path))
        return pb.BackupReply(path=made.path, size=made.size)

    async def ListConditions(self, request: Any, context: Context) -> pb.ListConditionsReply:
        current, ended = self._service.list_conditions(_operator())
        return pb.ListConditionsReply(
            current=[codec.condition_to_pb(each) for each in current],
            ended=[codec.condition_to_pb(each) for each in ended],
        )

    async def ListNodes(self, request: Any, context: Context) -> pb.ListNodesReply:
        page = await asyncio.wrap_future(
            self._service.list_nodes(_operator(), cursor=request.cursor, limit=_limit(request.limit))
        )
        return pb.ListNodesReply(nodes=[codec.node_to_pb(node) for node in page.nodes], next=page.next)

    async def ListTasks(self, request: Any, context: Context) -> pb.ListTasksReply:
        page = await asyncio.wrap_future(
            self._service.list_tasks(
                _operator(),
                states=tuple(request.states),
                cursor=request.cursor,
                limit=_limit(request.limit),
            )
        )
        return pb.ListTasksReply(tasks=[codec.task_to_pb(task) for task in page.tasks], next=page.next)

    async def ActOnNode(self, request: Any, context: Context) -> pb.NodeActionReply:
        view = await asyncio.wrap_future(
            self._service.act_on_node(
                _operator(),
                request.node_id,
                codec.NODE_ACTIONS[request.action],
                reason=_reason(request.reason),
                deadline_ms=request.deadline_ms,
            )
        )
        return pb.NodeActionReply(node=codec.node_to_pb(view))

    async def ActOnTask(self, request: Any, context: Context) -> pb.TaskActionReply:
        view = await asyncio.wrap_future(
            self._service.act_on_task(
                _operator(),
                request.task_id,
                codec.TASK_ACTIONS[request.action],
                reason=_reason(request.reason),
            )
        )
        return pb.TaskActionReply(task=codec.task_to_pb(view))


def _operator() -> OperatorIdentity:
    operator = caller()
    assert isinstance(operator, OperatorIdentity)
    return operator


def _limit(limit: int) -> int:
    return min(limit or 50, _MAX_PAGE)


def _reason(reason: str) -> str:
    if not reason.strip() or len(reason) > 500:
        raise Invalid(
            "An action needs a reason of at most 500 characters: others read it later.",
            code="REASON_MISSING",
            fix="Say in a few words why.",
        )
    return reason
