"""Alembic's entry: runs on the connection that `monitor.store.migrate` hands over, inside its transaction."""

from alembic import context

from monitor.store.tables import SourceRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SourceRow.metadata,
    render_as_batch=True,
)
context.run_migrations()
