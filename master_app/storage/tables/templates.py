"""Templates of tasks."""

from __future__ import annotations

from sqlalchemy import Table

from master_app.storage.tables.base import BY_KEY, integer, metadata, text

task_templates = Table(
    "task_templates",
    metadata,
    text("owner_id", key=True),
    text("name", key=True),
    text("fields"),
    integer("changed_ms"),
    **BY_KEY,
)
