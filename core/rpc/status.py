"""Domain error <-> gRPC status, once for all doors. The code, the sentence and the fix travel as `ErrorInfo`."""

from __future__ import annotations

import logging
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from core.domain import errors
from core.domain.errors import HiveMindError, Problem

logger = logging.getLogger(__name__)

_DOMAIN = "hivemind"
_DETAILS = "grpc-status-details-bin"
_MAX_PROBLEMS = 50
_S = grpc.StatusCode
_STATUS: tuple[tuple[type[HiveMindError], grpc.StatusCode], ...] = (
    (errors.ProtocolError, _S.INVALID_ARGUMENT),
    (errors.Invalid, _S.INVALID_ARGUMENT),
    (errors.Unauthenticated, _S.UNAUTHENTICATED),
    (errors.Forbidden, _S.PERMISSION_DENIED),
    (errors.NotFound, _S.NOT_FOUND),
    (errors.Conflict, _S.FAILED_PRECONDITION),
    (errors.InvalidTransition, _S.FAILED_PRECONDITION),
    (errors.OutOfFunds, _S.FAILED_PRECONDITION),
    (errors.TooLarge, _S.OUT_OF_RANGE),
    (errors.RateLimited, _S.RESOURCE_EXHAUSTED),
    (errors.Busy, _S.RESOURCE_EXHAUSTED),
    (errors.StorageFull, _S.RESOURCE_EXHAUSTED),
    (errors.StorageUnavailable, _S.UNAVAILABLE),
    (errors.EngineUnavailable, _S.UNAVAILABLE),
)
_BY_NAME: dict[str, type[HiveMindError]] = {each.__name__: each for each, _ in _STATUS}
_BY_CODE: dict[grpc.StatusCode, type[HiveMindError]] = {
    _S.INVALID_ARGUMENT: errors.Invalid,
    _S.UNAUTHENTICATED: errors.Unauthenticated,
    _S.PERMISSION_DENIED: errors.Forbidden,
    _S.NOT_FOUND: errors.NotFound,
    _S.FAILED_PRECONDITION: errors.Conflict,
    _S.RESOURCE_EXHAUSTED: errors.TooLarge,
    _S.OUT_OF_RANGE: errors.TooLarge,
    _S.UNIMPLEMENTED: errors.ProtocolError,
}


def error_to_status(error: HiveMindError) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Return code, message and trailing metadata for an error that a door may show."""
    code = next((status for kind, status in _STATUS if isinstance(error, kind)), _S.INTERNAL)
    kind = next((kind.__name__ for kind, _ in _STATUS if isinstance(error, kind)), "HiveMindError")
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=_DOMAIN)
    info.metadata["kind"] = kind
    info.metadata["fix"] = error.fix
    retry_after_s = getattr(error, "retry_after_s", 0)
    if retry_after_s:
        info.metadata["retry_after_s"] = str(retry_after_s)
    details = [_packed(info)]
    problems = getattr(error, "problems", ())
    if problems:
        request = error_details_pb2.BadRequest()
        for problem in problems[:_MAX_PROBLEMS]:
            request.field_violations.add(
                field=problem.key, description=f"{problem.reason}\n{problem.fix}", reason=problem.code
            )
        details.append(_packed(request))
    status = status_pb2.Status(code=code.value[0], message=error.message, details=details)
    return code, error.message, ((_DETAILS, status.SerializeToString()),)


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def error_from_rpc(error: grpc.aio.AioRpcError) -> HiveMindError | None:
    """Return the domain error behind a failed call; None when the connection itself failed or was cancelled."""
    info = error_details_pb2.ErrorInfo()
    problems: list[Problem] = []
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            try:
                for detail in status_pb2.Status.FromString(value).details:
                    request = error_details_pb2.BadRequest()
                    if detail.Unpack(request):
                        problems += [_problem(each) for each in request.field_violations]
                    else:
                        detail.Unpack(info)
            except DecodeError:
                # Not ours, or broken on its way: the status code still says enough.
                logger.debug("details of a status cannot be read")
    message = error.details() or "The master did not say why."
    kind = _BY_NAME.get(info.metadata.get("kind", "")) if info.reason else _BY_CODE.get(error.code())
    if kind is None:
        return None if not info.reason else HiveMindError(message, code=info.reason)
    fix, code = info.metadata.get("fix", ""), info.reason
    if kind is errors.Invalid:
        return errors.Invalid(message, problems, code=code, fix=fix)
    if kind is errors.RateLimited or kind is errors.Busy:
        text = info.metadata.get("retry_after_s", "")
        retry_after_s = int(text) if text.isdecimal() and len(text) < 7 else 1
        return kind(message, retry_after_s=retry_after_s, code=code, fix=fix)
    return kind(message, code=code, fix=fix)


def _problem(violation: error_details_pb2.BadRequest.FieldViolation) -> Problem:
    reason, _, fix = violation.description.partition("\n")
    return Problem(code=violation.reason, reason=reason, fix=fix, key=violation.field)
