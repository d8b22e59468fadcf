"""The server of the local door: loopback, a port that is free, a token in `agent.json`."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

import grpc

from core.domain.errors import Unauthenticated
from core.pb import agent_pb2_grpc
from core.rpc.interceptors import Context, DoorInterceptor
from core.rpc.server import CONTROL_MESSAGE_BYTES, make_server
from worker_app.door.agent_door import AgentDoor

_TOKEN_BYTES = 32


class LocalServer:
    """MUST be made and opened on the agent's loop."""

    def __init__(self, door: AgentDoor) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.address = ""
        self._door = door
        self._server: grpc.aio.Server | None = None

    async def open(self) -> str:
        """Listen and return `127.0.0.1:PORT`."""
        server = make_server([DoorInterceptor(self._identify)], CONTROL_MESSAGE_BYTES)
        agent_pb2_grpc.add_AgentServicer_to_server(self._door, server)
        # Plain text never leaves this computer; the token keeps its other users out.
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self._server = server
        self.address = f"127.0.0.1:{port}"
        return self.address

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop(0.2)

    async def _identify(self, method: str, context: Context) -> object:
        given = dict(_pairs(context.invocation_metadata())).get("authorization", "")
        if not hmac.compare_digest(str(given).encode(), f"Bearer {self.token}".encode()):
            raise Unauthenticated("This door opens only with the token of agent.json.", code="TOKEN_WRONG")
        return "owner"


def _pairs(metadata: Any) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in metadata or ()]
