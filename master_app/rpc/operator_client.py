"""Calls of the control door for this computer's own commands: one call, one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc

from core.domain.audit import AuditCheck
from core.domain.condition import Condition
from core.domain.errors import StorageUnavailable
from core.domain.operations import LedgerCheck, NewJoinLink, NewUser
from core.pb import operator_pb2 as pb
from core.pb import operator_pb2_grpc
from core.rpc.channel import open_channel
from core.rpc.codec import operator as codec
from core.rpc.status import error_from_rpc

T = TypeVar("T")
TIMEOUT_S = 120.0


class OperatorClient:
    """Blocking calls with a token. Errors are those of the master's services."""

    def __init__(self, address: str, ca_pem: bytes, token: str) -> None:
        self._address = address
        self._ca_pem = ca_pem
        self._metadata = (("authorization", f"Bearer {token}"),)

    def add_user(self, user: NewUser) -> str:
        reply = self._call(
            lambda stub: stub.AddUser(codec.new_user_to_pb(user), metadata=self._metadata, timeout=TIMEOUT_S)
        )
        return str(reply.user_id)

    def reset_password(self, name: str) -> str:
        request = pb.ResetPasswordRequest(name=name)
        reply = self._call(lambda stub: stub.ResetPassword(request, metadata=self._metadata, timeout=TIMEOUT_S))
        return str(reply.one_use_login)

    def create_join_link(self, wish: NewJoinLink) -> str:
        request = codec.new_join_link_to_pb(wish)
        reply = self._call(lambda stub: stub.CreateJoinLink(request, metadata=self._metadata, timeout=TIMEOUT_S))
        return str(reply.link)

    def verify_ledger(self) -> LedgerCheck:
        reply = self._call(
            lambda stub: stub.VerifyLedger(pb.VerifyLedgerRequest(), metadata=self._metadata, timeout=TIMEOUT_S)
        )
        return codec.ledger_check_from_pb(reply)

    def verify_audit(self) -> AuditCheck:
        reply = self._call(
            lambda stub: stub.VerifyAudit(pb.VerifyAuditRequest(), metadata=self._metadata, timeout=3600)
        )
        return codec.audit_check_from_pb(reply)

    def backup(self, path: str) -> int:
        request = pb.BackupRequest(path=path)
        reply = self._call(lambda stub: stub.Backup(request, metadata=self._metadata, timeout=3600))
        return int(reply.size)

    def conditions(self) -> tuple[list[Condition], list[Condition]]:
        """Return what is wrong now, and what ended lately."""
        reply = self._call(
            lambda stub: stub.ListConditions(
                pb.ListConditionsRequest(), metadata=self._metadata, timeout=TIMEOUT_S
            )
        )
        return [codec.condition_from_pb(row) for row in reply.current], [
            codec.condition_from_pb(row) for row in reply.ended
        ]

    def _call(self, call: Callable[[operator_pb2_grpc.OperatorAsyncStub], Awaitable[T]]) -> T:
        async def run() -> T:
            async with open_channel(self._address, self._ca_pem) as channel:
                return await call(operator_pb2_grpc.OperatorStub(channel))

        try:
            return asyncio.run(run())
        except grpc.aio.AioRpcError as error:
            ours = error_from_rpc(error)
            if ours is None:
                raise StorageUnavailable(
                    f"The master at {self._address} does not answer.", code="MASTER_UNREACHABLE"
                ) from error
            raise ours from error
