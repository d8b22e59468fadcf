"""Becoming a node and staying one: the control door, where no client certificate is asked for."""

from __future__ import annotations

from dataclasses import replace

from core.domain.errors import Invalid, Unauthenticated
from core.domain.node import NodeFacts
from core.domain.session import EnrolmentRequest, JoinLink
from core.pb import enrolment_pb2, enrolment_pb2_grpc
from core.rpc.channel import fetch_authority, open_channel
from core.rpc.codec.enrolment import enrolled_from_pb, request_to_pb
from core.rpc.pki import node_key
from core.rpc.pki.authority import expires_ms
from worker_app.agent.ports.link import Identity, LinkRefused
from worker_app.wire.failures import translating

_CALL_S = 30.0


class EnrolmentGateway:
    """Implements `EnrolmentLink`."""

    def new_key(self) -> bytes:
        return node_key.new_key()

    async def enrol(self, link: JoinLink, *, key_pem: bytes, facts: NodeFacts, agent_version: str) -> Identity:
        try:
            with translating():
                ca_pem = await fetch_authority(link.host, link.control_port, link.ca_sha256)
        except (Unauthenticated, Invalid) as error:
            raise LinkRefused(error.message, code=error.code, fix=error.fix) from error
        host = f"[{link.host}]" if ":" in link.host else link.host
        control_door = f"{host}:{link.control_port}"
        request = EnrolmentRequest(
            token=link.token,
            csr_pem=node_key.make_request(key_pem, facts.host_name),
            facts=facts,
            host_name=facts.host_name,
            agent_version=agent_version,
        )
        # From here on only a server whose certificate this authority signed hears anything.
        async with open_channel(control_door, ca_pem) as channel:
            stub = enrolment_pb2_grpc.EnrolmentStub(channel)
            with translating():
                enrolled = enrolled_from_pb(await stub.Enrol(request_to_pb(request), timeout=_CALL_S))
        certificate = node_key.load_certificate(enrolled.certificate_pem)
        # A master that listens on all addresses answers only its port: it is where the link led.
        node_host, _, node_port = enrolled.node_door.rpartition(":")
        return Identity(
            node_id=enrolled.node_id,
            node_name=enrolled.node_name,
            owner_id=enrolled.owner_id,
            key_pem=key_pem,
            certificate_pem=enrolled.certificate_pem,
            ca_pem=ca_pem,
            node_door=f"{node_host or host}:{node_port}",
            control_door=control_door,
            expires_at_ms=expires_ms(certificate),
            pool_name=enrolled.pool_name,
            pending=enrolled.pending,
            operator=enrolled.operator,
            sign_up=enrolled.sign_up,
            owner_name=enrolled.owner_name,
        )

    async def renew(self, identity: Identity) -> Identity:
        csr_pem = node_key.make_request(identity.key_pem, identity.node_name)
        async with open_channel(identity.control_door, identity.ca_pem) as channel:
            stub = enrolment_pb2_grpc.EnrolmentStub(channel)
            with translating():
                reply = await stub.RenewalNonce(enrolment_pb2.RenewalNonceRequest(), timeout=_CALL_S)
                request = enrolment_pb2.RenewRequest(
                    certificate_pem=identity.certificate_pem,
                    csr_pem=csr_pem,
                    nonce=reply.nonce,
                    signature=node_key.sign_renewal(identity.key_pem, reply.nonce, csr_pem),
                )
                renewed = await stub.Renew(request, timeout=_CALL_S)
        certificate = node_key.load_certificate(renewed.certificate_pem)
        if node_key.key_sha256(certificate.public_key()) != node_key.key_sha256(
            node_key.load_key(identity.key_pem).public_key()
        ):
            raise LinkRefused("The master sent a certificate for another key.", code="CERTIFICATE_MISMATCH")
        return replace(identity, certificate_pem=renewed.certificate_pem, expires_at_ms=expires_ms(certificate))
