"""agent.proto: a message for each shape of the local door, under the same name and with the same fields.

Both sides are of one release, so one rule converts them all; a test holds shapes and messages together.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from core.domain.errors import ProtocolError
from core.domain.resources import Resources
from core.domain.rewards import Tick
from core.pb import agent_pb2 as pb
from core.rpc.codec.values import finite, resources_from_pb, resources_to_pb, tick_from_pb, tick_to_pb

T = TypeVar("T")


def to_pb(value: Any) -> Any:
    """Return the message of a shape."""
    if isinstance(value, Resources):
        return resources_to_pb(value)
    if isinstance(value, Tick):
        return tick_to_pb(value)
    given = {field.name: _out(getattr(value, field.name)) for field in fields(value)}
    return getattr(pb, type(value).__name__)(**{name: part for name, part in given.items() if part is not None})


def _out(part: Any) -> Any:
    if isinstance(part, tuple):
        return [_out(one) for one in part]
    if isinstance(part, Mapping):
        return dict(part)
    return to_pb(part) if is_dataclass(part) else part


def from_pb(shape: type[T], message: Any) -> T:
    """Return the shape of a message, or raise ProtocolError where it could not be one."""
    if shape is Resources:
        return resources_from_pb(message)  # type: ignore[return-value]
    if shape is Tick:
        return tick_from_pb(message)  # type: ignore[return-value]
    kinds = _kinds(typing.cast("Any", shape))
    try:
        return shape(**{name: _in(kind, message, name) for name, kind in kinds.items()})
    except ValueError as error:
        raise ProtocolError(f"{shape.__name__}: {error}", code="UNKNOWN_VALUE") from None


@cache
def _kinds(shape: Any) -> dict[str, Any]:
    return typing.get_type_hints(shape)


def _in(kind: Any, message: Any, name: str) -> Any:
    part = getattr(message, name)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _one(inner[0], part) if message.HasField(name) else None
    if origin is tuple:
        return tuple([_one(inner[0], one) for one in part])
    if origin is not None:
        return dict(part)
    return _one(kind, part)


def _one(kind: Any, part: Any) -> Any:
    if is_dataclass(kind):
        return from_pb(kind, part)  # type: ignore[arg-type]
    if kind is float:
        return finite(part)
    return kind(part) if issubclass(kind, StrEnum) else part
