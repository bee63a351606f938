"""The audit trail: written with its transaction, chained by one sealer a little later.

Rows hold ids and keyed commitments, never text, so that erasing text and keeping the chain go together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from monitor.store.database import Store
from monitor.store.tables import AuditRow

_GENESIS = b"\0" * 32


def record(session: Session, at: datetime, *, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Adds a row to the caller's transaction.

    :param actor: a user's name, or "system:" and the part that acted.
    :param action: a verb with its object, as "alert.decide".
    :param subject: what it was done to, as "alert:7".
    :param detail: ids, counts, states and hashes; never text.
    """
    session.add(AuditRow(at=at, actor=actor, action=action, subject=subject, detail=detail))


class Done(NamedTuple):
    """What one row says: see :func:`record`."""

    action: str
    subject: str
    detail: Mapping[str, Any]


def record_all(session: Session, at: datetime, *, actor: str, rows: Sequence[Done]) -> None:
    """Adds rows to the caller's transaction, in this order and behind what is pending, in few statements."""
    session.flush()
    if rows:
        values = [{"at": at, "actor": actor, **row._asdict()} for row in rows]
        session.connection().execute(insert(AuditRow), values)


def _hash(row: AuditRow, prev: bytes | None) -> bytes:
    body = [row.seq, row.id, row.at.isoformat(), row.actor, row.action, row.subject, row.detail]
    return sha256((prev or _GENESIS) + json.dumps(body, sort_keys=True, ensure_ascii=True).encode()).digest()


def seal(store: Store, *, limit: int = 1000) -> int:
    """Chains the rows that are not yet chained, oldest first; returns how many. Call from one place only:
    SQLite's writer lock or the lease `audit-sealer` sees to it.
    """
    with store.write() as session:
        last = session.exec(
            select(AuditRow).where(col(AuditRow.seq).is_not(None)).order_by(col(AuditRow.seq).desc()).limit(1)
        ).first()
        seq, prev = (last.seq or 0, last.row_hash or _GENESIS) if last else (0, _GENESIS)
        waiting = session.exec(
            select(AuditRow).where(col(AuditRow.seq).is_(None)).order_by(col(AuditRow.id)).limit(limit)
        ).all()
        for place, row in enumerate(waiting, start=seq + 1):
            row.seq, row.prev_hash = place, prev
            row.row_hash = prev = _hash(row, prev)
            session.add(row)
        return len(waiting)


class ChainState(NamedTuple):
    """What a verification found.

    :param sealed: rows in the chain; `unsealed`: rows not yet in it.
    :param broken_at: the sequence number of the first row that does not fit, None for a whole chain.
    """

    sealed: int
    unsealed: int
    broken_at: int | None


def verify(store: Store) -> ChainState:
    """Recomputes the whole chain, a page at a time."""
    prev, expected = _GENESIS, 1
    with store.read() as session:
        unsealed = session.exec(select(func.count()).where(col(AuditRow.seq).is_(None))).one()
        while page := _sealed_from(session, expected):
            for row in page:
                if row.seq != expected or row.prev_hash != prev or row.row_hash != _hash(row, prev):
                    return ChainState(expected - 1, unsealed, expected)
                prev, expected = row.row_hash, expected + 1
        return ChainState(expected - 1, unsealed, None)


def _sealed_from(session: Session, seq: int) -> Sequence[AuditRow]:
    page = select(AuditRow).where(col(AuditRow.seq) >= seq).order_by(col(AuditRow.seq)).limit(1000)
    return session.exec(page).all()
