"""Templates of tasks, for commands and for doors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select

from core.domain.templates import TaskTemplate
from master_app.storage.readers import Readers
from master_app.storage.statements import Sql
from master_app.storage.tables.templates import task_templates

_COLUMNS: Final = task_templates.c
_NAMES: Final = select(_COLUMNS.name).where(_COLUMNS.owner_id == bindparam("owner"))
_REMOVE: Final = task_templates.delete().where(
    _COLUMNS.owner_id == bindparam("owner"), _COLUMNS.name == bindparam("template")
)
_FORGET: Final = task_templates.delete().where(_COLUMNS.owner_id == bindparam("owner"))


def _row_to_template(row: Sequence[Any]) -> TaskTemplate:
    owner_id, name, fields, changed_ms = row
    return TaskTemplate(owner_id=owner_id, name=name, fields=json.loads(fields), changed_ms=changed_ms)


class SqlTemplates:
    """See the port `TemplateRepository`."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, template: TaskTemplate) -> None:
        fields = json.dumps(dict(template.fields), ensure_ascii=False)
        self._sql.upsert_many(task_templates, [(template.owner_id, template.name, fields, template.changed_ms)])

    def names(self, owner_id: str) -> Sequence[str]:
        return [str(row[0]) for row in self._sql.rows(_NAMES, (owner_id,))]

    def remove(self, owner_id: str, name: str) -> bool:
        return self._sql.run(_REMOVE, (owner_id, name)) > 0

    def forget(self, owner_id: str) -> None:
        self._sql.run(_FORGET, (owner_id,))


class SqlTemplateReads:
    """See the port `TemplateReads`."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def templates(self, owner_id: str) -> Sequence[TaskTemplate]:
        query = select(task_templates).where(_COLUMNS.owner_id == owner_id).order_by(_COLUMNS.name)
        return [_row_to_template(tuple(row)) for row in self._readers.rows(query)]
