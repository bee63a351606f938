"""Only one `run` at a time works on one SQLite file; every other command works beside it.

An advisory lock on a file beside the database: the system frees it when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import RefusedError, StoreError


@contextmanager
def run_lock(database: Path, *, what: str = "run") -> Generator[None]:
    """Holds the lock of a command (`run`, `scan`). Raises `RefusedError` when another process has it."""
    database = database.resolve()  # one file has one lock, whatever links lead to it
    path = database.with_name(f"{database.name}.{what}-lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"The lock file {path} cannot be written: {error.strerror}.",
            kept="Nothing was changed.",
            do="Make the folder of the database writable for this user, or free space on its disk.",
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise RefusedError(
                f"Another `handlewatch {what}` works on {database} (process {holder}).",
                kept="Nothing was changed; the other one goes on.",
                do="Stop that one first, or use PostgreSQL, where several monitors share the work.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
