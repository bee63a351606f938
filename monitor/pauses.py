"""When servers may be asked again, as they said: kept over restarts, so that a new start does not ask at once, and told
to the other monitors that share a database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlmodel import col, delete, select

from monitor.store.database import Store
from monitor.store.tables import Pause
from monitor.store.writing import insert_or_ignore

LONGEST: Final = timedelta(days=1)
"""Longer is not remembered: a server that says a wrong time must not shut a source for years."""

Submit = Callable[[Callable[[], None]], object]
"""Has something done, on the store's thread."""


class Pauses:
    """What is kept are keyed hashes of names (`monitor.net.ratelimit.Memory`): hosts with credentials, sources.

    :param submit: writes are handed to it; without, they are made at once.
    """

    def __init__(self, store: Store, submit: Submit | None = None) -> None:
        self._store, self._submit = store, submit
        self._kept: dict[bytes, datetime] = {}
        self.read()

    def read(self) -> None:
        """Learns what other processes were told meanwhile; on the store's thread."""
        with self._store.read() as session:
            rows = session.exec(select(Pause).where(col(Pause.until) > self._store.now())).all()
            self._kept = {row.name_hash: row.until for row in rows}

    def until(self, name: str) -> datetime | None:
        """Until when it is not to be asked, as of the last reading; None where nothing was said."""
        return self._kept.get(self._hash(name))

    def keep(self, name: str, until: datetime) -> None:
        """Remembers it; of several times the last counts."""
        if self._submit is None:
            self.write(name, until)
        else:
            self._submit(partial(self.write, name, until))

    def write(self, name: str, until: datetime) -> None:
        """The same, at once: on the store's thread."""
        name_hash, now = self._hash(name), self._store.now()
        until = min(until, now + LONGEST)
        with self._store.write() as session:
            session.exec(delete(Pause).where(col(Pause.until) <= now))
            insert_or_ignore(session, Pause, name_hash=name_hash, until=until)
            row = session.get_one(Pause, name_hash, with_for_update=True)
            row.until = max(row.until, until)
            session.add(row)

    def _hash(self, name: str) -> bytes:
        return self._store.keyring.lookup("pause", name)
