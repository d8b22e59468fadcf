"""What a node asks once, beside its session: the practice subtask of its owner, and to leave for good."""

from __future__ import annotations

import asyncio
from typing import Any

from core.pb import node_pb2 as pb
from core.pb import node_pb2_grpc
from core.rpc.interceptors import Context, caller
from core.rpc.pki.authority import NodeCertificate
from master_app.rpc.services import NodeMembershipService


class NodeMembershipDoor(node_pb2_grpc.NodeMembershipServicer):
    """`NodeMembership` of the node door. Who asks is who the certificate names."""

    def __init__(self, service: NodeMembershipService) -> None:
        self._service = service

    async def Practise(self, request: Any, context: Context) -> pb.PractiseReply:
        practice = await asyncio.wrap_future(self._service.practise(_node_id()))
        return pb.PractiseReply(task_id=practice.task_id, owner_id=practice.owner_id)

    async def Leave(self, request: Any, context: Context) -> pb.LeaveReply:
        await asyncio.wrap_future(self._service.leave(_node_id()))
        return pb.LeaveReply()


def _node_id() -> str:
    certificate = caller()
    assert isinstance(certificate, NodeCertificate)
    return certificate.node_id
