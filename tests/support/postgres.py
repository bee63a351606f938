"""A throw-away PostgreSQL server, on a socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg


def find_postgres() -> Path | None:
    """The folder with initdb and pg_ctl: Debian keeps them out of the path."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class PostgresCluster:
    """A running server. `database()` makes a database and drops it."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket), safe='')}"

    @contextmanager
    def database(self, *, template: str | None = None) -> Iterator[str]:
        """The URL of a new database: empty, or a copy of the one that is named."""
        name = f"t{uuid4().hex}"
        of = f' TEMPLATE "{template}"' if template else ""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"{of}')
            try:
                yield self.url(name)
            finally:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[PostgresCluster]:
        binaries = find_postgres()
        if binaries is None:
            raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
        folder = Path(tempfile.mkdtemp(prefix="hw-pg-"))
        as_server: list[str] = []
        if os.geteuid() == 0:  # initdb refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        data = folder / "data"

        def call(*command: str) -> None:
            subprocess.run([*as_server, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

        try:
            call(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
            options = (
                f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=200"
            )
            call(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
            try:
                yield cls(folder)
            finally:
                call(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
