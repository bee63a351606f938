"""Opening the database, its transactions, and what its errors mean.

SQLite: WAL, synchronous=FULL, writes in BEGIN IMMEDIATE, short transactions with no network inside one.
PostgreSQL by URL. Both are spoken to through the same sessions.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from monitor.clock import Clock, system_clock
from monitor.errors import ConfigError, StoreError
from monitor.store import migrate
from monitor.store.keys import KEY_VARIABLE, Keyring
from monitor.store.tables.keys import KeyMark
from monitor.store.writing import insert_or_ignore

BUSY_SECONDS = 30
"""How long a writer waits for another process's short transaction on SQLite."""

_READ_ONLY = "handlewatch_read_only"
_MARK = "this database's key"


class Store:
    """The database: short transactions, encrypted columns, a clock.

    Not for use from two threads at once in one transaction; every thread opens its own.
    """

    def __init__(self, engine: Engine, keyring: Keyring, clock: Clock) -> None:
        self.engine = engine
        self.keyring = keyring
        self.now = clock
        self._closed = False
        event.listen(engine, "checkin", self._on_checkin)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite (else PostgreSQL)."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Generator[Session]:
        """One transaction: committed at the end, rolled back by any error. Raises `StoreError`."""
        with self._session() as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Generator[Session]:
        """One consistent look, without taking the writer's lock. Raises `StoreError`."""
        with self._session(**{_READ_ONLY: True}) as session, session.begin():
            yield session

    @contextmanager
    def _session(self, **options: bool) -> Generator[Session]:
        try:
            with (
                self.engine.connect().execution_options(**options) as connection,
                Session(connection, expire_on_commit=False) as session,
            ):
                yield session
        except DBAPIError as error:
            raise explain(error) from error

    def close(self) -> None:
        """Closes all connections; one that another thread still uses is closed when it comes back."""
        self._closed = True
        self.engine.dispose()

    def _on_checkin(self, _: Any, entry: ConnectionPoolEntry) -> None:
        if self._closed:
            entry.close()


def explain(error: DBAPIError) -> StoreError:
    """What a database error means to the operator."""
    original = str(error.orig or error).strip().splitlines()[0]
    kept = "Everything committed before is safe; the transaction that failed left nothing behind."
    lowered = original.lower()
    for sign, do in (
        ("readonly", "Make the folder of the database writable for this user, then start again."),
        ("read-only", "Make the database writable for this user, then start again."),
        ("disk is full", "Free space on the disk of the database, then start again; nothing needs repair."),
        ("no space left", "Free space on the disk of the database, then start again; nothing needs repair."),
        ("disk i/o error", "Check the disk of the database (full, read-only, failing), then start again."),
        ("unable to open", "Check that the folder of the database exists and is readable and writable for this user."),
        ("is locked", f"Another process held the database for over {BUSY_SECONDS} s; find it, then try again."),
        ("not a database", "The file is not a Handlewatch database, or is damaged: restore it from a backup."),
        ("malformed", "The database file is damaged: restore it from a backup."),
        ("authentication", "Check the user and the password in the database URL."),
        (
            "does not exist",
            "Check the name in the database URL; make the database first, then `handlewatch db upgrade`.",
        ),
        ("resolve host", "Check the host in the database URL, and the network."),
        ("terminating", "The PostgreSQL server stopped or dropped this database: check it, then start again."),
        ("connection", "Check that the PostgreSQL server runs and that the database URL is right."),
    ):
        if sign in lowered:
            return StoreError(f"The database refused: {original}.", kept=kept, do=do)
    return StoreError(f"The database refused: {original}.", kept=kept, do="Run `handlewatch db check`.")


def _prepare_sqlite(engine: Engine) -> None:
    def on_connect(connection: sqlite3.Connection, _: Any) -> None:
        # The driver's own implicit BEGIN would be a deferred one; ours is emitted by `on_begin`.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _prepare_postgresql(engine: Engine) -> None:
    def on_connect(connection: Any, _: Any) -> None:
        # Elsewhere than UTC, times at the ends of time (a post may claim any) cannot be read back.
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    event.listen(engine, "connect", on_connect)


def _parsed(url: str) -> URL:
    """The URL, for a driver of ours. Raises `ConfigError`; the URL, which may hold a password, is not repeated."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is not None and parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is None or parsed.drivername != "sqlite" or not parsed.database:
        raise ConfigError(
            "database.url cannot be used.",
            kept="Nothing was read or written.",
            do="It is sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME, with % and @ in a password written "
            "as %25 and %40.",
        )
    return parsed


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    try:
        # Values never show up in error messages: those end up in logs.
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except ModuleNotFoundError:
        raise StoreError(
            "PostgreSQL support is not installed.", do="Install it with: pip install 'handlewatch[postgres]'"
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    return engine


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def open_store(
    url: str,
    keyring: Keyring,
    *,
    clock: Clock = system_clock,
    upgrade: bool = False,
    check_version: bool = True,
) -> Store:
    """Opens the database and checks its version.

    :param url: `sqlite:///path` or `postgresql://...`.
    :param upgrade: bring an empty or older database to this version first; without it, either is an error.
    :param check_version: False for the one command that upgrades: it may make the file, and looks at nothing.
    :raises StoreError: unusable, older (upgrade first) or newer than this program, or another key.
    :raises ConfigError: the URL is not one of these.
    """
    engine = _engine(url)
    cast("Any", engine.dialect).handlewatch_keyring = keyring
    _check_file(engine, create=upgrade or not check_version)
    try:
        if upgrade:
            migrate.upgrade(engine)
        elif check_version:
            migrate.require_current(engine)
    except (DBAPIError, OperationalError) as error:
        engine.dispose()
        raise explain(error) from error
    except StoreError:
        engine.dispose()
        raise
    store = Store(engine, keyring, clock)
    try:
        if upgrade or check_version:
            check_key(store)
    except StoreError:
        store.close()
        raise
    return store


def upgrade_store(store: Store) -> tuple[str | None, str]:
    """Brings an open database to this program's revision; returns (before, after). Raises `StoreError`."""
    try:
        revisions = migrate.upgrade(store.engine)
    except DBAPIError as error:
        raise explain(error) from error
    check_key(store)
    return revisions


def check_key(store: Store) -> None:
    """Compares the key with the one that this database is written with; marks a database that has no mark yet.

    Without this, a process with another key would write on, and nobody could read all of it again.

    :raises StoreError: it is another key.
    """
    with store.read() as session:
        sealed = session.connection().execute(text("SELECT sealed FROM key_mark")).scalar()
    if sealed is None:
        with store.write() as session:
            insert_or_ignore(session, KeyMark, id=1, sealed=_MARK)
        with store.read() as session:
            sealed = session.connection().execute(text("SELECT sealed FROM key_mark")).scalar_one()
    if not store.keyring.owns(bytes(sealed)):
        raise StoreError(
            "The key is not the one that this database is written with.",
            kept="Nothing was read or changed.",
            do=f"Point {KEY_VARIABLE} or the key file at the right key, or the configuration at the right database.",
        )


def _check_file(engine: Engine, *, create: bool) -> None:
    """A SQLite file is made readable for its owner only, and never made by accident."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return
    if not Path(path).exists():
        if not create:
            raise StoreError(
                f"There is no database at {path}.", do="Run `handlewatch init` (or `handlewatch db upgrade`)."
            )
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreError(
                f"The database cannot be made at {path}: {error.strerror}.",
                do="Choose a folder that exists and is writable for this user (--home).",
            ) from None
