"""The database's version: Alembic revisions from the first table on."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from monitor.errors import StoreError

_LOCK = 0x68616E646C65  # any constant: two processes upgrading one PostgreSQL take turns


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision that this program needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise StoreError("This installation has no database revisions.", do="Install Handlewatch again.")
    return revision


def current(engine: Engine) -> str | None:
    """The revision that the database has, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"The database has revision {found}, which is newer than this program.",
            kept="Nothing was read or changed.",
            do="Use the program version that upgraded it, or restore a backup from before the upgrade.",
        )


def require_current(engine: Engine) -> None:
    """Raises `StoreError` unless the database has exactly this program's revision."""
    found = current(engine)
    _refuse_newer(found)
    if found != head():
        raise StoreError(
            f"The database has revision {found or 'none'}; this program needs {head()}.",
            kept="Nothing was changed.",
            do="Make a backup, then run `handlewatch db upgrade`.",
        )


def upgrade(engine: Engine, *, to: str = "head") -> tuple[str | None, str]:
    """Brings the database to this program's revision, in one transaction; returns (before, after).

    :param to: an earlier revision, for tests of the way from there.
    """
    before = current(engine)
    _refuse_newer(before)
    if before != head():
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            command.upgrade(_config(connection), to)
    return before, to if to != "head" else head()
