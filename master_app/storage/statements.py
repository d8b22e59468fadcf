"""Core statements, compiled once for the database in use and run with plain tuples on its own cursor.

Building and binding a Core statement costs tens of microseconds a time, more than SQLite takes to run it; at
150 microseconds a subtask that is not to be had. So each statement is written in Core, where both databases
are the same, and runs as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, bindparam, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

#: Lists of keys are asked for in portions of these sizes, so that there are few different statements.
PORTIONS: Final = (1, 16, 128)
#: What SQLite's compiler writes behind each LIMIT that is not a number.
_NO_OFFSET: Final = " OFFSET ?"

Row = tuple[Any, ...]


class Texts:
    """What each statement is called in one database's language. Statements are made once, as constants of their
    modules, so what is compiled serves every connection of the process: also the next one after a full disk.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        self._compiled: dict[int, tuple[ClauseElement, str]] = {}
        self._portions: dict[tuple[int, int], tuple[ClauseElement, str]] = {}
        self._new_inserts: dict[str, ClauseElement] = {}
        self._upserts: dict[str, ClauseElement] = {}

    def of(self, statement: ClauseElement) -> str:
        found = self._compiled.get(id(statement))
        if found is None:
            # The statement is kept beside its text, so that its id stays its own.
            found = statement, self._text(statement)
            self._compiled[id(statement)] = found
        return found[1]

    def _text(self, statement: ClauseElement) -> str:
        compiled: Any = statement.compile(dialect=self._dialect)
        text = str(compiled)
        if self.is_sqlite and text.endswith(_NO_OFFSET):
            text = text.removesuffix(_NO_OFFSET)
        elif any(value is not None for value in compiled.params.values()):
            raise ValueError(f"{compiled.params} has values; write them with constant(): {text}")
        return text

    def upsert(self, table: Table) -> ClauseElement:
        statement = self._upserts.get(table.name)
        if statement is None:
            statement = self._upserts[table.name] = _upsert_of(table, is_sqlite=self.is_sqlite)
        return statement

    def new_insert(self, table: Table) -> ClauseElement:
        statement = self._new_inserts.get(table.name)
        if statement is None:
            statement = self._new_inserts[table.name] = _insert_new_of(table, is_sqlite=self.is_sqlite)
        return statement

    def portion(self, query: Select[Any], column: ColumnElement[Any], size: int) -> str:
        """Return the text of a query for `size` keys of a column."""
        key = id(query), size
        found = self._portions.get(key)
        if found is None:
            asked = query.where(
                column.in_([bindparam(f"key{number}", type_=column.type) for number in range(size)])
            )
            found = self._portions[key] = query, self._text(asked)
        return found[1]


#: By the name of the database and of its driver.
_ALL_TEXTS: Final[dict[tuple[str, str], Texts]] = {}


def _texts_of(dialect: Dialect) -> Texts:
    key = dialect.name, dialect.driver
    found = _ALL_TEXTS.get(key)
    if found is None:
        found = _ALL_TEXTS[key] = Texts(dialect)
    return found


class Sql:
    """Runs statements on one connection. Parameters are tuples in the order in which the SQL names them."""

    def __init__(self, connection: Connection) -> None:
        self._texts = _texts_of(connection.dialect)
        driver = connection.connection.driver_connection
        assert driver is not None
        self._driver: Any = driver
        # One cursor for all that is read whole: making one a statement is a tenth of the time of a short one.
        self._cursor: Any = driver.cursor()
        #: Rows written since the owner set it to 0.
        self.rows_written = 0

    @property
    def is_sqlite(self) -> bool:
        return self._texts.is_sqlite

    def text_of(self, statement: ClauseElement) -> str:
        """Return the statement as this database's text."""
        return self._texts.of(statement)

    def run(self, statement: ClauseElement, values: Sequence[Any] = ()) -> int:
        """Change rows; return how many."""
        self._cursor.execute(self.text_of(statement), values)
        count = int(self._cursor.rowcount)
        self.rows_written += max(count, 0)
        return count

    def run_many(self, statement: ClauseElement, rows: Sequence[Sequence[Any]]) -> int:
        """Run a changing statement once a row; return how many rows it changed in all."""
        if not rows:
            return 0
        self._cursor.executemany(self.text_of(statement), rows)
        self.rows_written += len(rows)
        return int(self._cursor.rowcount)

    def upsert_many(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows, or replace those with the same key."""
        if rows:
            self.run_many(self._texts.upsert(table), rows)

    def add_new_many(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows; leave those alone whose key is there already."""
        if rows:
            self.run_many(self._texts.new_insert(table), rows)

    def rows(self, statement: ClauseElement, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        self._cursor.execute(self.text_of(statement), values)
        found: list[Row] = self._cursor.fetchall()
        return found

    def row(self, statement: ClauseElement, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        self._cursor.execute(self.text_of(statement), values)
        found: Row | None = self._cursor.fetchone()
        return found

    def explain(self, statement: ClauseElement, values: Sequence[Any] = ()) -> list[str]:
        """Return how SQLite would find the rows, for tests and for profiles."""
        self._cursor.execute(f"EXPLAIN QUERY PLAN {self.text_of(statement)}", values)
        return [str(row[-1]) for row in self._cursor.fetchall()]

    def of_keys(
        self, query: Select[Any], column: ColumnElement[Any], keys: Sequence[Any], before: Sequence[Any] = ()
    ) -> list[Row]:
        """Return the rows of a query whose `column` is one of `keys`. `before`: the query's own parameters."""
        found: list[Row] = []
        start = 0
        while start < len(keys):
            size = next((size for size in PORTIONS if size >= len(keys) - start), PORTIONS[-1])
            portion = list(keys[start : start + size])
            start += size
            portion += [portion[-1]] * (size - len(portion))
            self._cursor.execute(self._texts.portion(query, column, size), (*before, *portion))
            found += self._cursor.fetchall()
        return found


def constant(value: str | int) -> ColumnElement[Any]:
    """Return a value of ours as part of the SQL text. Never for what comes from outside."""
    return literal_column(repr(value))


def insert_of(table: Table) -> ClauseElement:
    """Return an INSERT of whole rows, columns in the order of the table."""
    return table.insert().values(_parameters(table))


def _insert_new_of(table: Table, *, is_sqlite: bool) -> ClauseElement:
    insert: Any = (sqlite if is_sqlite else postgresql).insert(table).values(_parameters(table))
    return insert.on_conflict_do_nothing()  # type: ignore[no-any-return]


def _upsert_of(table: Table, *, is_sqlite: bool) -> ClauseElement:
    insert: Any = (sqlite if is_sqlite else postgresql).insert(table).values(_parameters(table))
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=list(table.primary_key),
        set_={column.name: insert.excluded[column.name] for column in table.c if not column.primary_key},
    )


def _parameters(table: Table) -> dict[str, Any]:
    return {column.name: bindparam(column.name) for column in table.c}


def update_of(table: Table, columns: Iterable[str]) -> ClauseElement:
    """Return an UPDATE by key. Parameters: the columns in the order of the TABLE, then the key."""
    wanted = set(columns)
    statement = table.update().values(
        {column.name: bindparam(f"new_{column.name}") for column in table.c if column.name in wanted}
    )
    for column in table.primary_key:
        statement = statement.where(column == bindparam(f"key_{column.name}", type_=column.type))
    return statement
