"""The control door for nodes: the authority, joining, and renewal by proof of the old key."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from core.clock import Clock
from core.domain.errors import Invalid, Unauthenticated
from core.domain.operations import Renewal
from core.pb import enrolment_pb2 as pb
from core.pb import enrolment_pb2_grpc
from core.rpc.codec.enrolment import enrolled_to_pb, request_from_pb
from core.rpc.interceptors import Context
from core.rpc.pki.authority import CertificateAuthority
from core.rpc.pki.node_key import check_renewal
from master_app.rpc.services import EnrolmentService

_NONCE_LIFE_MS = 120_000
_MAX_NONCES = 4096
_MAX_PEM_BYTES = 16 << 10
_MAX_TEXT = 256


class EnrolmentDoor(enrolment_pb2_grpc.EnrolmentServicer):
    """`Enrolment` of the control door. Nobody is known here: everything is bounded and checked."""

    def __init__(self, service: EnrolmentService, authority: CertificateAuthority, clock: Clock) -> None:
        self._service = service
        self._authority = authority
        self._clock = clock
        #: Nonce -> when it ends; oldest first.
        self._nonces: dict[bytes, int] = {}

    async def Authority(self, request: Any, context: Context) -> pb.AuthorityReply:
        return pb.AuthorityReply(ca_pem=self._authority.ca_pem)

    async def Enrol(self, request: Any, context: Context) -> pb.EnrolReply:
        _bounded(request.csr_pem)
        if max(len(request.token), len(request.host_name), len(request.agent_version)) > _MAX_TEXT:
            raise Invalid("A name in the request is too long.", code="TEXT_TOO_LONG")
        enrolled = await asyncio.wrap_future(self._service.enrol(request_from_pb(request), _address(context)))
        return enrolled_to_pb(enrolled)

    async def RenewalNonce(self, request: Any, context: Context) -> pb.RenewalNonceReply:
        now = self._clock.steady_ms()
        while self._nonces and (len(self._nonces) >= _MAX_NONCES or next(iter(self._nonces.values())) <= now):
            del self._nonces[next(iter(self._nonces))]
        nonce = secrets.token_bytes(32)
        self._nonces[nonce] = now + _NONCE_LIFE_MS
        return pb.RenewalNonceReply(nonce=nonce)

    async def Renew(self, request: Any, context: Context) -> pb.RenewReply:
        _bounded(request.csr_pem)
        _bounded(request.certificate_pem)
        if self._nonces.pop(request.nonce, 0) <= self._clock.steady_ms():
            raise Unauthenticated("The renewal took too long or was sent twice.", code="NONCE_NOT_GOOD")
        certificate, identity = self._authority.read_node_certificate(request.certificate_pem)
        check_renewal(certificate, request.nonce, request.csr_pem, request.signature)
        renewal = Renewal(
            node_id=identity.node_id,
            certificate_serial=identity.serial,
            key_sha256=identity.key_sha256,
            csr_pem=request.csr_pem,
        )
        pem = await asyncio.wrap_future(self._service.renew(renewal, _address(context)))
        return pb.RenewReply(certificate_pem=pem, ca_pem=self._authority.ca_pem)


def _bounded(pem: bytes) -> None:
    if not 0 < len(pem) <= _MAX_PEM_BYTES:
        raise Invalid("A certificate or request is missing or too long.", code="PEM_INVALID")


def _address(context: Context) -> str:
    """Return the caller's address without its port."""
    peer = context.peer() or ""
    return str(peer).partition(":")[2].rpartition(":")[0]
