"""Alembic revisions; run by `monitor.store.migrate`."""
