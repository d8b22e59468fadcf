"""The tables, one module an aggregate. Integers for money and times, text for states, JSON text for values."""

from __future__ import annotations

from master_app.storage.tables import asks, history, ledger, nodes, notices, tasks, templates, users, vpn
from master_app.storage.tables.base import metadata

__all__ = ["asks", "history", "ledger", "metadata", "nodes", "notices", "tasks", "templates", "users", "vpn"]
