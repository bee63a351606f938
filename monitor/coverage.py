"""The coverage ledger: what was seen and what was not, so that an empty queue never reads as "nothing there"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from monitor.ports import Coverage, Seen
from monitor.store.database import Store
from monitor.store.tables import Coverage as CoverageRow

JOIN_WITHIN = timedelta(seconds=2)
"""Intervals of one scope and state that touch (or nearly) become one row: a stream would write one a second."""


def enter(session: Session, source: str, run_id: int | None, intervals: Sequence[Coverage]) -> None:
    """Writes intervals to the ledger, in the caller's transaction."""
    for interval in intervals:
        last = session.exec(
            select(CoverageRow)
            .where(CoverageRow.source == source, CoverageRow.scope == interval.scope)
            .order_by(col(CoverageRow.id).desc())
            .limit(1)
        ).first()
        if last is not None and _touches(last, interval):
            last.ended_at = max(last.ended_at, interval.end)
            last.posts += interval.posts
            session.add(last)
            continue
        session.add(
            CoverageRow(
                source=source,
                run_id=run_id,
                scope=interval.scope,
                started_at=interval.start,
                ended_at=interval.end,
                state=interval.state,
                posts=interval.posts,
                note=interval.note,
            )
        )


def _touches(last: CoverageRow, interval: Coverage) -> bool:
    if last.state != interval.state or last.note != interval.note or interval.start is None:
        return False
    return last.started_at is not None and last.started_at <= interval.start <= last.ended_at + JOIN_WITHIN


class Gap(NamedTuple):
    """An interval of a source that was not seen, and why."""

    source: str
    scope: str
    state: str
    started_at: datetime | None
    ended_at: datetime
    note: str


def gaps(store: Store, *, since: datetime) -> list[Gap]:
    """What was not seen and ended after `since`, newest first."""
    with store.read() as session:
        rows = session.exec(
            select(CoverageRow)
            .where(CoverageRow.state != Seen.SEEN, col(CoverageRow.ended_at) > since)
            .order_by(col(CoverageRow.ended_at).desc())
        ).all()
        return [Gap(row.source, row.scope, row.state, row.started_at, row.ended_at, row.note) for row in rows]


class LastSeen(NamedTuple):
    """Until when a source's scope was last seen, None where it never was."""

    source: str
    scope: str
    until: datetime | None
    posts: int


def last_seen(store: Store) -> list[LastSeen]:
    """For every scope of every source, until when it was last seen, and how many posts in all."""
    found: dict[tuple[str, str], LastSeen] = {}
    with store.read() as session:
        for row in session.exec(select(CoverageRow)):
            key = (row.source, row.scope)
            old = found.get(key, LastSeen(row.source, row.scope, None, 0))
            seen = row.state == Seen.SEEN
            until = max(filter(None, (old.until, row.ended_at)), default=None) if seen else old.until
            found[key] = LastSeen(row.source, row.scope, until, old.posts + row.posts)
    return sorted(found.values())
