"""The values of a task's secrets, for the node that runs an attempt of it."""

from __future__ import annotations

import asyncio
from typing import Any

from core.pb import secrets_pb2, secrets_pb2_grpc
from core.rpc.interceptors import Context, caller
from core.rpc.pki.authority import NodeCertificate
from master_app.rpc.services import SecretService


class SecretsDoor(secrets_pb2_grpc.SecretsServicer):
    """`Secrets` of the node door."""

    def __init__(self, service: SecretService) -> None:
        self._service = service

    async def Give(self, request: Any, context: Context) -> secrets_pb2.SecretsReply:
        certificate = caller()
        assert isinstance(certificate, NodeCertificate)
        values = await asyncio.wrap_future(self._service.give(certificate.node_id, request.attempt_id))
        return secrets_pb2.SecretsReply(values=values)
