"""TaskSpec as text: stable, versioned, the same after a round trip. For the database and the wire.

Fields that have their default are left out, so that a million small specs stay small and old rows stay readable
when a field is added.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
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
        spec = _value(TaskSpec, json.loads(text))
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


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _value(kind: Any, plain: Any) -> Any:
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(plain, dict):
            raise ValueError(f"{kind.__name__} is not an object")
        hints = _hints(kind)
        unknown = plain.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
        return kind(**{name: _value(hints[name], inner) for name, inner in plain.items()})
    if origin in (typing.Union, types.UnionType):
        return _union(typing.get_args(kind), plain)
    if origin is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(_value(inner, part) for part in plain)
    if origin is not None and issubclass(origin, Mapping):
        inner = typing.get_args(kind)[1]
        return {str(key): _value(inner, part) for key, part in plain.items()}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(plain)
    return _scalar(kind, plain)


def _union(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None:
        return None
    for kind in kinds:
        if kind in (int, float, str, bool):
            if type(plain) is kind:
                return plain
        elif kind is not types.NoneType:
            return _value(kind, plain)
    raise ValueError(f"{plain!r} is of none of the kinds {kinds}")


def _scalar(kind: Any, plain: Any) -> Any:
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise ValueError(f"{plain!r} is no {kind.__name__}")
    return plain
