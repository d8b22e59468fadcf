"""Templates: settings of a task that somebody wants to use again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.domain.errors import Invalid, Problem

MAX_TEMPLATES: Final = 50
MAX_NAME: Final = 60
MAX_FIELDS: Final = 100
MAX_BYTES: Final = 8 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTemplate:
    """One template of one user: fields as a form or the API names them, `params.NAME` among them."""

    owner_id: str
    name: str
    fields: Mapping[str, str]
    changed_ms: int


def check_template(name: str, fields: Mapping[str, str]) -> None:
    """Raise Invalid for a name or fields that cannot be kept."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        raise _refused("template", f"A template has a name of 1 to {MAX_NAME} characters.", "Shorten it.")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in fields.items())
    if len(fields) > MAX_FIELDS or size > MAX_BYTES:
        raise _refused("fields", "These settings are too many for a template.", "Put them into the manifest.")


def _refused(key: str, reason: str, fix: str) -> Invalid:
    code = "TEMPLATE_INVALID"
    return Invalid(reason, [Problem(code=code, reason=reason, fix=fix, key=key)], code=code)
