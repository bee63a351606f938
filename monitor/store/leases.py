"""Who may work on a named thing: lease rows on the database's time, with heartbeat and fencing token.

Several monitors on one PostgreSQL share work by them. Every cursor write checks its lease in the same
transaction, so that a holder who lost it (a paused process, a cut network) can change nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from monitor.errors import RefusedError
from monitor.store.database import Store
from monitor.store.tables import Lease
from monitor.store.writing import insert_or_ignore, rows_changed

LEASE_SECONDS = 30.0
"""How long a lease lasts without a heartbeat: the pause before another monitor takes over from a dead one."""


class Held(NamedTuple):
    """A lease in hand."""

    name: str
    holder: str
    token: int


def database_time(store: Store, session: Session) -> datetime:
    """One clock for all holders: the server's on PostgreSQL; on SQLite all holders share this machine's."""
    return store.now() if store.is_sqlite else session.exec(select(func.clock_timestamp())).one()


def acquire(
    store: Store, name: str, *, holder: str, seconds: float = LEASE_SECONDS, alone: bool = False
) -> Held | None:
    """Takes the lease when it is free or has expired, else None.

    :param alone: the caller knows that no other holder is alive (the run lock of a SQLite file): take it from
        whoever died with it, at once.
    """
    with store.write() as session:
        now = database_time(store, session)
        insert_or_ignore(session, Lease, name=name, holder="", token=0, expires_at=now)
        taking = update(Lease).where(col(Lease.name) == name)
        if not alone:
            taking = taking.where((col(Lease.expires_at) <= now) | (col(Lease.holder) == holder))
        taking = taking.values(holder=holder, token=col(Lease.token) + 1, expires_at=now + timedelta(seconds=seconds))
        if rows_changed(session, taking) == 0:
            return None
        return Held(name, holder, session.exec(select(Lease.token).where(col(Lease.name) == name)).one())


def keep(store: Store, session: Session, held: Held, *, seconds: float = LEASE_SECONDS) -> None:
    """Heartbeat and check in one, inside the caller's transaction. Raises `RefusedError` when it was lost."""
    now = database_time(store, session)
    beat = (
        update(Lease)
        .where(col(Lease.name) == held.name, col(Lease.holder) == held.holder, col(Lease.token) == held.token)
        .values(expires_at=now + timedelta(seconds=seconds))
    )
    if rows_changed(session, beat) == 0:
        raise RefusedError(
            f"The lease {held.name!r} was lost to another monitor.",
            kept="What was committed before is safe; this batch was not written and will be collected again.",
            do="Nothing: this monitor waits until the lease is free again.",
        )


def release(store: Store, held: Held) -> None:
    """Gives the lease back, so that another monitor need not wait for it to expire."""
    with store.write() as session:
        now = database_time(store, session)
        session.exec(
            update(Lease).where(col(Lease.name) == held.name, col(Lease.token) == held.token).values(expires_at=now)
        )
