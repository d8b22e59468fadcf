"""console.proto: messages have the names and fields of the values, so one rule converts them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from google.protobuf.message import Message

from core.domain import console, console_near, console_pages
from core.domain.console import TaskRows
from core.domain.resources import Resources
from core.pb import console_pb2 as pb
from core.pb import operator_pb2
from core.rpc.codec.operator import task_from_pb, task_to_pb
from core.rpc.codec.values import resources_from_pb, resources_to_pb

V = TypeVar("V")
Convert = Callable[[Any], Any]


def console_to_pb(value: Any, kind: Callable[..., Any] | None = None) -> Any:
    """Return the message of a value of `core.domain.console`: of the same name, or of `kind`."""
    if kind is not None:
        return _to_pb(value, kind)
    name = type(value).__name__
    return _to_pb(value, getattr(pb, name, None) or getattr(operator_pb2, name))


def console_from_pb(kind: Callable[..., V], message: Message) -> V:
    """Return the value of a message. Fields that this version does not know are left out."""
    of: Any = kind
    given = {name: convert(getattr(message, name)) for name, convert in _readers(of)}
    for name in optional_fields(of):
        if not message.HasField(name):
            given[name] = None
    return kind(**given)


def task_rows_to_pb(value: TaskRows) -> pb.TaskRows:
    return pb.TaskRows(rows=[task_to_pb(row) for row in value.rows], total=value.total)


def task_rows_from_pb(message: pb.TaskRows) -> TaskRows:
    return TaskRows(rows=tuple([task_from_pb(row) for row in message.rows]), total=message.total)


def _to_pb(value: Any, kind: Callable[..., Any]) -> Any:
    given = {}
    of: Any = type(value)
    for name, convert in _writers(of):
        content = getattr(value, name)
        if content is not None:
            given[name] = convert(content) if convert is not None else content
    return kind(**given)


@cache
def _writers(kind: Any) -> tuple[tuple[str, Convert | None], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _writer(hints[field.name])) for field in fields(kind))


def _writer(hint: Any) -> Convert | None:
    if hint is Resources:
        return resources_to_pb
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        return lambda content: [console_to_pb(part) for part in content]
    if get_origin(hint) is Mapping or (get_origin(hint) is not None and issubclass(get_origin(hint), Mapping)):
        return dict
    return None


@cache
def _readers(kind: Any) -> tuple[tuple[str, Convert], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _reader(hints[field.name], field.name)) for field in fields(kind))


def _reader(hint: Any, name: str) -> Convert:
    if hint is Resources:
        return resources_from_pb
    origin = get_origin(hint)
    if origin is tuple:
        part: Any = get_args(hint)[0]
        return _rows_reader(part) if is_dataclass(part) else tuple
    if origin is not None and origin is not UnionType and issubclass(origin, Mapping):
        return dict
    return _same


def _rows_reader(part: Any) -> Convert:
    return lambda content: tuple([console_from_pb(part, each) for each in content])


def _same(content: Any) -> Any:
    return content


@cache
def optional_fields(kind: Any) -> frozenset[str]:
    """Return the fields of a value that may be absent; their messages must say `optional`."""
    hints = get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if NoneType in get_args(hint))


#: Every value that crosses this wire, for the test that compares them with their messages.
VALUES: tuple[type, ...] = tuple(
    value
    for module in (console, console_pages, console_near)
    for value in vars(module).values()
    if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__
)
