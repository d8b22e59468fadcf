"""What attempts write, as it comes; each batch is kept before it is acknowledged."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from core.domain.errors import TooLarge
from core.pb import logs_pb2_grpc
from core.rpc.codec.logs import acks_to_pb, chunks_from_pb
from core.rpc.interceptors import Context, caller
from core.rpc.pki.authority import NodeCertificate
from master_app.rpc.services import LogService, Meter

MAX_BATCH_BYTES = 4 << 20


class LogsDoor(logs_pb2_grpc.LogsServicer):
    """`Logs` of the node door. One batch at a time a stream: not reading on is the back-pressure."""

    def __init__(self, service: LogService, traffic: Meter) -> None:
        self._service = service
        self._traffic = traffic

    async def Append(self, request_iterator: Any, context: Context) -> None:  # type: ignore[override]
        certificate = caller()
        assert isinstance(certificate, NodeCertificate)
        while (message := await context.read()) is not grpc.aio.EOF:
            if message.ByteSize() > MAX_BATCH_BYTES:
                raise TooLarge("A batch of log lines is too large.", code="LOG_BATCH_TOO_LARGE")
            self._traffic.count(certificate.node_id, received=message.ByteSize())
            chunks = chunks_from_pb(message)
            acks = await asyncio.wrap_future(self._service.append(certificate.node_id, chunks))
            await context.write(acks_to_pb(acks))
