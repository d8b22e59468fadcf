"""enrolment.proto."""

from __future__ import annotations

from core.domain.membership import Enrolled
from core.domain.session import EnrolmentRequest
from core.pb import enrolment_pb2 as pb
from core.rpc.codec.values import facts_from_pb, facts_to_pb


def request_to_pb(value: EnrolmentRequest) -> pb.EnrolRequest:
    return pb.EnrolRequest(
        token=value.token,
        csr_pem=value.csr_pem,
        facts=facts_to_pb(value.facts),
        host_name=value.host_name,
        agent_version=value.agent_version,
    )


def request_from_pb(message: pb.EnrolRequest) -> EnrolmentRequest:
    return EnrolmentRequest(
        token=message.token,
        csr_pem=message.csr_pem,
        facts=facts_from_pb(message.facts),
        host_name=message.host_name,
        agent_version=message.agent_version,
    )


def enrolled_to_pb(value: Enrolled) -> pb.EnrolReply:
    return pb.EnrolReply(
        node_id=value.node_id,
        node_name=value.node_name,
        owner_id=value.owner_id,
        certificate_pem=value.certificate_pem,
        ca_pem=value.ca_pem,
        node_door=value.node_door,
        pool_name=value.pool_name,
        pending=value.pending,
        operator=value.operator,
        sign_up=value.sign_up,
        owner_name=value.owner_name,
    )


def enrolled_from_pb(message: pb.EnrolReply) -> Enrolled:
    return Enrolled(
        node_id=message.node_id,
        node_name=message.node_name,
        owner_id=message.owner_id,
        certificate_pem=message.certificate_pem,
        ca_pem=message.ca_pem,
        node_door=message.node_door,
        pool_name=message.pool_name,
        pending=message.pending,
        operator=message.operator,
        sign_up=message.sign_up,
        owner_name=message.owner_name,
    )
