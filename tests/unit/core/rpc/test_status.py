"""Every error keeps its kind, code, sentence and fix through a gRPC status."""

from __future__ import annotations

import grpc
import pytest

from core.domain import errors
from core.domain.errors import HiveMindError, Problem
from core.rpc.status import error_from_rpc, error_to_status


def there_and_back(error: HiveMindError) -> HiveMindError | None:
    code, message, trailing = error_to_status(error)
    metadata = grpc.aio.Metadata(*trailing)
    return error_from_rpc(grpc.aio.AioRpcError(code, grpc.aio.Metadata(), metadata, details=message))


KINDS = [
    errors.Unauthenticated,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.TooLarge,
    errors.StorageFull,
    errors.StorageUnavailable,
    errors.OutOfFunds,
    errors.EngineUnavailable,
    errors.ProtocolError,
    errors.InvalidTransition,
    errors.Invalid,
    errors.Busy,
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_the_same_on_the_other_side(kind: type[HiveMindError]) -> None:
    error = kind("What happened.", code="SOME_CODE", fix="What to do.")
    got = there_and_back(error)
    assert type(got) is kind
    assert (got.code, got.message, got.fix) == ("SOME_CODE", "What happened.", "What to do.")


def test_problems_and_waiting_times_survive() -> None:
    problem = Problem(code="BAD", reason="It is wrong.", fix="Mend it.", key="run.command")
    got = there_and_back(errors.Invalid("No.", [problem]))
    assert isinstance(got, errors.Invalid) and got.problems == (problem,)
    limited = there_and_back(errors.RateLimited("Slowly.", retry_after_s=17))
    assert isinstance(limited, errors.RateLimited) and limited.retry_after_s == 17


def test_a_broken_connection_is_no_domain_error() -> None:
    broken = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())
    assert error_from_rpc(broken) is None


def test_details_that_are_garbage_do_no_harm() -> None:
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", b"\xff\xff\xff"))
    error = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), trailing, details="gone")
    assert isinstance(error_from_rpc(error), errors.NotFound)
