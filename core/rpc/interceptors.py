"""Around each call of a door: a request id, who calls, and errors into statuses. Doors themselves only work."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc

from core.clock import Clock
from core.domain.errors import HiveMindError, Unauthenticated
from core.rpc.pki.authority import NodeCertificate, node_certificate
from core.rpc.pki.node_key import load_certificate
from core.rpc.status import error_to_status

logger = logging.getLogger(__name__)

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
#: Who calls, by what the door's own check returned: NodeCertificate, OperatorIdentity, or None.
Identify = Callable[[str, Context], Awaitable[object]]

_caller: ContextVar[object] = ContextVar("hivemind_rpc_caller", default=None)


def caller() -> object:
    """Return what the door's check found out about who makes the present call."""
    return _caller.get()


class DoorInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server. All handlers MUST be coroutines (`context.read` and `context.write`
    for streams), never generators.
    """

    def __init__(self, identify: Identify) -> None:
        self._identify = identify

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler: Any = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        kind = ("stream" if handler.request_streaming else "unary") + (
            "_stream" if handler.response_streaming else "_unary"
        )
        inner = getattr(handler, kind)

        async def outer(request: Any, context: Context) -> Any:
            return await self._call(method, inner, request, context)

        make = getattr(grpc, f"{kind}_rpc_method_handler")
        wrapped: grpc.RpcMethodHandler[Any, Any] = make(
            outer, handler.request_deserializer, handler.response_serializer
        )
        return wrapped

    async def _call(self, method: str, inner: Any, request: Any, context: Context) -> Any:
        request_id = secrets.token_hex(8)
        try:
            _caller.set(await self._identify(method, context))
            return await inner(request, context)
        except HiveMindError as error:
            logger.debug("call refused", extra={"method": method, "code": error.code, "request": request_id})
            failure = error
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except Exception:
            logger.exception("call failed", extra={"method": method, "request": request_id})
            failure = HiveMindError(f"Something went wrong inside the master (request {request_id}).")
        code, message, metadata = error_to_status(failure)
        await context.abort(code, message, trailing_metadata=metadata)


def peer_certificate(context: Context) -> NodeCertificate:
    """Return what the certificate of the connection says; TLS has checked it. Raises Unauthenticated."""
    shown = (context.auth_context() or {}).get("x509_pem_cert") or ()
    for pem in shown:
        try:
            return node_certificate(load_certificate(pem))
        except ValueError as error:
            raise Unauthenticated("The certificate is not one of a node.", code="CERTIFICATE_FOREIGN") from error
    raise Unauthenticated("A node's certificate is needed here.", code="CERTIFICATE_MISSING")


def node_identity(check: Callable[[str, str], None], clock: Clock) -> Identify:
    """Make the check of the node door: a certificate in time, which `check(node_id, serial)` lets pass."""

    async def identify(_method: str, context: Context) -> object:
        certificate = peer_certificate(context)
        if certificate.expires_ms <= clock.wall_ms():
            raise Unauthenticated("The node's certificate has expired.", code="CERTIFICATE_EXPIRED")
        check(certificate.node_id, certificate.serial)
        return certificate

    return identify


def bearer_token(context: Context) -> str:
    """Return the token of a call; raises Unauthenticated without one."""
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str) and value.startswith("Bearer "):
            return value.removeprefix("Bearer ")
    raise Unauthenticated("An operator's token is needed here.", code="TOKEN_MISSING")
