"""How alembic runs our migrations: on the connection that `migrate` gives it, in one transaction."""

from __future__ import annotations

from alembic import context

from master_app.storage.tables import metadata

connection = context.config.attributes["connection"]
# SQLite changes a table by copying it; alembic's batch mode does that where it is needed.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
