"""The metadata that all tables share, and short forms of the few column kinds in use."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Text

metadata: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
)


def text(name: str, *, key: bool = False) -> Column[str]:
    """Text that is never NULL; empty means none."""
    return Column(name, Text, nullable=False, primary_key=key)


def integer(name: str, *, key: bool = False) -> Column[int]:
    """A 64-bit integer that is never NULL: counts, bytes, micro-credits, milliseconds, 0 and 1."""
    return Column(name, BigInteger, nullable=False, primary_key=key, autoincrement=False)


def maybe_integer(name: str) -> Column[int | None]:
    """A 64-bit integer, or NULL where none is a value of its own."""
    return Column(name, BigInteger, nullable=True)


def binary(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


#: Rows are kept in the order of their key, without a second tree: the key is what they are found by.
BY_KEY: Final[dict[str, Any]] = {"sqlite_with_rowid": False}


def any_of(column: str, states: Any) -> str:
    """Return `column IN ('A', 'B')`, the same text each time, so that partial indexes are recognised."""
    return f"{column} IN ({', '.join(repr(state.value) for state in sorted(states))})"
