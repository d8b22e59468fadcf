"""The operator door from outside: what the admin commands use while a daemon holds the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import grpc

from core.domain.errors import StorageUnavailable
from core.domain.operations import (
    BackupMade,
    JoinLinkMade,
    LedgerCheck,
    NewJoinLink,
    NewUser,
    NodeAction,
    NodePage,
    TaskAction,
    TaskPage,
)
from core.domain.views import NodeView, TaskView
from core.pb import operator_pb2 as pb
from core.pb import operator_pb2_grpc
from core.rpc.channel import open_channel
from core.rpc.codec import operator as codec
from core.rpc.status import error_from_rpc

_CALL_S = 30.0
#: Replaying a ledger or copying a database takes as long as they are large.
_LONG_CALL_S = 3600.0


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise error_from_rpc(error) or StorageUnavailable(
            f"The master does not answer ({error.code().name.lower()}).",
            code="MASTER_UNREACHABLE",
            fix="See whether it runs and whether this address is its control door.",
        ) from error


class OperatorClient:
    """`async with OperatorClient("127.0.0.1:50052", ca_pem, token) as client: ...`; raises domain errors."""

    def __init__(self, control_door: str, ca_pem: bytes, token: str) -> None:
        self._channel = open_channel(control_door, ca_pem)
        self._stub = operator_pb2_grpc.OperatorStub(self._channel)
        self._metadata = (("authorization", f"Bearer {token}"),)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def add_user(self, user: NewUser) -> str:
        with _translating():
            request = codec.new_user_to_pb(user)
            reply = await self._stub.AddUser(request, metadata=self._metadata, timeout=_CALL_S)
        return reply.user_id

    async def reset_password(self, name: str, password: str = "") -> str:
        """Set the password; without one return a one-use login."""
        with _translating():
            request = pb.ResetPasswordRequest(name=name, password=password)
            reply = await self._stub.ResetPassword(request, metadata=self._metadata, timeout=_CALL_S)
        return reply.one_use_login

    async def create_join_link(self, wish: NewJoinLink) -> JoinLinkMade:
        with _translating():
            request = codec.new_join_link_to_pb(wish)
            reply = await self._stub.CreateJoinLink(request, metadata=self._metadata, timeout=_CALL_S)
        return JoinLinkMade(link=reply.link, expires_ms=reply.expires_ms)

    async def verify_ledger(self) -> LedgerCheck:
        with _translating():
            request = pb.VerifyLedgerRequest()
            reply = await self._stub.VerifyLedger(request, metadata=self._metadata, timeout=_LONG_CALL_S)
        return codec.ledger_check_from_pb(reply)

    async def backup(self, path: str) -> BackupMade:
        """Write a backup to a path on the master's own machine."""
        with _translating():
            request = pb.BackupRequest(path=path)
            reply = await self._stub.Backup(request, metadata=self._metadata, timeout=_LONG_CALL_S)
        return BackupMade(path=reply.path, size=reply.size)

    async def list_nodes(self, cursor: str = "", limit: int = 100) -> NodePage:
        with _translating():
            request = pb.ListNodesRequest(cursor=cursor, limit=limit)
            reply = await self._stub.ListNodes(request, metadata=self._metadata, timeout=_CALL_S)
        return NodePage(nodes=tuple([codec.node_from_pb(row) for row in reply.nodes]), next=reply.next)

    async def list_tasks(self, states: tuple[str, ...] = (), cursor: str = "", limit: int = 100) -> TaskPage:
        with _translating():
            request = pb.ListTasksRequest(states=states, cursor=cursor, limit=limit)
            reply = await self._stub.ListTasks(request, metadata=self._metadata, timeout=_CALL_S)
        return TaskPage(tasks=tuple([codec.task_from_pb(row) for row in reply.tasks]), next=reply.next)

    async def act_on_node(self, node_id: str, action: NodeAction, reason: str, deadline_ms: int = 0) -> NodeView:
        with _translating():
            request = pb.NodeActionRequest(
                node_id=node_id,
                action=codec.NODE_ACTIONS.numbers[action],
                reason=reason,
                deadline_ms=deadline_ms,
            )
            reply = await self._stub.ActOnNode(request, metadata=self._metadata, timeout=_CALL_S)
        return codec.node_from_pb(reply.node)

    async def act_on_task(self, task_id: str, action: TaskAction, reason: str) -> TaskView:
        with _translating():
            request = pb.TaskActionRequest(
                task_id=task_id, action=codec.TASK_ACTIONS.numbers[action], reason=reason
            )
            reply = await self._stub.ActOnTask(request, metadata=self._metadata, timeout=_CALL_S)
        return codec.task_from_pb(reply.task)
