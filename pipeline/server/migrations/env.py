"""What Alembic runs to bring a database up to date, over the connection that `database.upgrade` gives."""

from __future__ import annotations

from alembic import context

from pipeline.server.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
