"""TaskSpec as text: stable, versioned, the same after a round trip. For the database and the wire.

Fields that have their default are left out, so that a million small specs stay small and old rows stay readable
when a field is added.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from core.domain.errors import Invalid
from core.domain.spec import TaskSpec


def spec_to_json(spec: TaskSpec) -> str:
    """Return the text of a spec; the order of grid axes is kept."""
    return json.dumps(_plain(spec), ensure_ascii=False, separators=(",", ":"))


def spec_from_json(text: str) -> TaskSpec:
    """Read the text of a spec. Raises Invalid for anything else, unknown fields included."""
    try:
        spec = _reader(TaskSpec)(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid(f"This is not the text of a task's spec: {error}.", code="SPEC_INVALID") from error
    assert isinstance(spec, TaskSpec)
    return spec


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        plain = {}
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if not _is_default(field, inner):
                plain[field.name] = _plain(inner)
        return plain
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return type(value) is type(field.default) and bool(value == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return False


Reader = Callable[[Any], Any]


@cache
def _reader(kind: Any) -> Reader:
    """Return what reads a value of this kind. Made once a kind: a master that starts reads 100,000 specs."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _object_reader(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union_reader(arguments)
    if origin is tuple:
        part_of = _reader(arguments[0])
        return lambda plain: tuple([part_of(part) for part in plain])
    if origin is not None and issubclass(origin, Mapping):
        value_of = _reader(arguments[1])
        return lambda plain: {str(key): value_of(part) for key, part in plain.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _scalar_reader(kind)


def _object_reader(kind: type) -> Reader:
    readers = {name: _reader(hint) for name, hint in typing.get_type_hints(kind).items()}

    def read(plain: Any) -> Any:
        if not isinstance(plain, dict):
            raise ValueError(f"{kind.__name__} is not an object")
        unknown = plain.keys() - readers.keys()
        if unknown:
            raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
        return kind(**{name: readers[name](inner) for name, inner in plain.items()})

    return read


def _union_reader(kinds: tuple[Any, ...]) -> Reader:
    scalars = {kind for kind in kinds if kind in (int, float, str, bool)}
    others = [_reader(kind) for kind in kinds if kind not in scalars and kind is not types.NoneType]

    def read(plain: Any) -> Any:
        if plain is None or type(plain) in scalars:
            return plain
        if not others:
            raise ValueError(f"{plain!r} is of none of the kinds {kinds}")
        return others[0](plain)

    return read


def _scalar_reader(kind: Any) -> Reader:
    def read(plain: Any) -> Any:
        if kind is float and type(plain) is int:
            return float(plain)
        if type(plain) is not kind:
            raise ValueError(f"{plain!r} is no {kind.__name__}")
        return plain

    return read
