"""What a failed call means to the agent: come back later, ask a person, or the error the master named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from core.domain.errors import Forbidden, HiveMindError, StorageUnavailable, Unauthenticated
from core.rpc.status import error_from_rpc
from worker_app.agent.ports.link import LinkClosed, LinkRefused

#: What TLS says in words only: gRPC has no code for a handshake that will never succeed.
_REFUSALS = ("CERTIFICATE_VERIFY_FAILED", "certificate required", "bad certificate", "unknown ca")


def translated(error: grpc.aio.AioRpcError) -> HiveMindError:
    """Return the error that the agent's rules know."""
    found = error_from_rpc(error)
    if isinstance(found, (Unauthenticated, Forbidden)):
        return LinkRefused(found.message, code=found.code, fix=found.fix)
    if found is not None and not isinstance(found, StorageUnavailable):
        return found
    words = f"{error.details()} {error.debug_error_string()}"
    if any(refusal.lower() in words.lower() for refusal in _REFUSALS):
        return LinkRefused(
            "The master's certificate and this node's do not fit together.",
            code="CERTIFICATE_MISMATCH",
            fix="Join this node again with a new join link.",
        )
    if found is not None:
        return LinkClosed(found.message, code=found.code, fix=found.fix)
    return LinkClosed(f"The master cannot be reached ({error.code().name.lower()}).")


@contextmanager
def translating() -> Iterator[None]:
    """Turn what gRPC raises into what the port promises."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise translated(error) from error
    except (grpc.aio.UsageError, TimeoutError, OSError) as error:
        raise LinkClosed("The master cannot be reached.") from error


@contextmanager
def explained(*, is_expired: bool) -> Iterator[None]:
    """Say what a handshake cannot: the other side closes without a word on a certificate that has run out."""
    try:
        yield
    except (LinkClosed, LinkRefused) as error:
        if not is_expired:
            raise
        raise LinkClosed(
            "This computer's certificate has run out. It is renewed by itself once the master answers.",
            code="CERTIFICATE_EXPIRED",
        ) from error
