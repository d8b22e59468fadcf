"""The control door for one thing from near: decode, one call, encode."""

from __future__ import annotations

import asyncio
from typing import Any

from core.domain.console_near import LabelChange
from core.domain.operations import OperatorIdentity
from core.pb import console_pb2 as pb
from core.pb import console_pb2_grpc
from core.rpc.codec.console import console_from_pb, console_to_pb
from core.rpc.interceptors import Context, caller
from master_app.rpc.console_services import NearService


class NearDoor(console_pb2_grpc.NearServicer):
    """`Near` of the control door."""

    def __init__(self, service: NearService) -> None:
        self._service = service

    async def Node(self, request: Any, context: Context) -> Any:
        return console_to_pb(await asyncio.wrap_future(self._service.node(_operator(), request.node_id)))

    async def Label(self, request: Any, context: Context) -> pb.ChangeReply:
        change = console_from_pb(LabelChange, request)
        await asyncio.wrap_future(self._service.label(_operator(), change))
        return pb.ChangeReply()

    async def Use(self, request: Any, context: Context) -> Any:
        return console_to_pb(await asyncio.wrap_future(self._service.use(_operator(), request.task_id)))

    async def FindInLog(self, request: Any, context: Context) -> Any:
        asked = self._service.find_in_log(
            _operator(), request.attempt_id, request.stream, request.text, request.offset
        )
        return console_to_pb(await asyncio.wrap_future(asked))

    async def File(self, request: Any, context: Context) -> None:  # type: ignore[override]
        found = await asyncio.wrap_future(self._service.file(_operator(), request.task_id, request.name))
        size = found.size
        # The first piece says how large the file is, also when it is empty.
        piece = await asyncio.to_thread(next, found.pieces, b"")
        await context.write(pb.FilePiece(content=piece, size=size))
        while piece := await asyncio.to_thread(next, found.pieces, b""):
            await context.write(pb.FilePiece(content=piece, size=size))


def _operator() -> OperatorIdentity:
    operator = caller()
    assert isinstance(operator, OperatorIdentity)
    return operator
