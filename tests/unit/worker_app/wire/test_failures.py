"""What a failed call means to the agent: come back later, ask a person, or the named error."""

from __future__ import annotations

import grpc
import pytest

from core.domain import errors
from core.domain.errors import HiveMindError
from core.rpc.status import error_to_status
from worker_app.agent.ports.link import LinkClosed, LinkRefused
from worker_app.wire.failures import translated, translating


def rpc_error(error: HiveMindError) -> grpc.aio.AioRpcError:
    code, message, trailing = error_to_status(error)
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details=message)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.Unauthenticated("no", code="NODE_REVOKED"), LinkRefused),
        (errors.Forbidden("no"), LinkRefused),
        (errors.StorageUnavailable("later"), LinkClosed),
        (errors.NotFound("gone"), errors.NotFound),
        (errors.StorageFull("full"), errors.StorageFull),
        (errors.Busy("later"), errors.Busy),
    ],
)
def test_the_masters_error_becomes_what_the_agents_rules_know(
    error: HiveMindError, kind: type[HiveMindError]
) -> None:
    got = translated(rpc_error(error))
    assert type(got) is kind and got.code == error.code


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("failed to connect to all addresses; connection refused", LinkClosed),
        ("Ssl handshake failed: CERTIFICATE_VERIFY_FAILED", LinkRefused),
        ("tlsv1 alert unknown ca", LinkRefused),
    ],
)
def test_a_broken_connection_is_tried_again_but_a_wrong_certificate_is_not(
    words: str, kind: type[HiveMindError]
) -> None:
    broken = grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details=words
    )
    assert type(translated(broken)) is kind


def test_silence_is_a_closed_link() -> None:
    for error in (TimeoutError(), ConnectionResetError()):
        with pytest.raises(LinkClosed), translating():
            raise error
