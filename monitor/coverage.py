"""The coverage ledger: what was seen and what was not, so that an empty queue never reads as "nothing there"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from monitor.ports import Coverage, Seen
from monitor.store.database import Store
from monitor.store.tables import Coverage as CoverageRow

WHOLE_SOURCE = "*"
"""The scope of a failure that hit a source as a whole."""

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
        if last is not None and (_touches(last, interval) or _goes_on(last, interval)):
            if interval.start is not None and last.started_at is not None:
                last.started_at = min(last.started_at, interval.start)
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
    if last.state != interval.state or last.note != interval.note:
        return False
    if interval.start is None or last.started_at is None:
        return False
    # A first walk runs back in time: an interval may also end where the last one begins.
    # Differences, not sums: the times of an archive are whatever its posts claim, the year 1 too.
    return interval.start - last.ended_at <= JOIN_WITHIN and last.started_at - interval.end <= JOIN_WITHIN


def _goes_on(last: CoverageRow, interval: Coverage) -> bool:
    """Whether a scope is still refused: nothing of it was seen since the last attempt, so that it is one gap.

    A failure of a source as a whole tells nothing of the time between, in which its scopes may have been seen.
    """
    if (last.state, last.note) != (interval.state, interval.note) or interval.scope == WHOLE_SOURCE:
        return False
    only_tried = interval.start is not None and interval.start == interval.end
    return interval.state in {Seen.FAILED, Seen.RATE_LIMITED} or (interval.state == Seen.OUT_OF_REACH and only_tried)


class Gap(NamedTuple):
    """An interval of a source that was not seen, and why."""

    source: str
    scope: str
    state: str
    started_at: datetime | None
    ended_at: datetime
    note: str


def gaps(store: Store, *, since: datetime) -> list[Gap]:
    """What was not seen and ended after `since`, newest first.

    A failure whose time was collected later is no gap any more: most sources page back to where they left off.
    What was out of reach stays one.
    """
    with store.read() as session:
        rows = session.exec(
            select(CoverageRow).where(col(CoverageRow.ended_at) > since).order_by(col(CoverageRow.ended_at).desc())
        ).all()
    seen = [row for row in rows if row.state == Seen.SEEN]
    missed = [row for row in rows if row.state != Seen.SEEN and not _made_up(row, seen)]
    return [Gap(row.source, row.scope, row.state, row.started_at, row.ended_at, row.note) for row in missed]


def _made_up(gap: CoverageRow, seen: Sequence[CoverageRow]) -> bool:
    if gap.state == Seen.OUT_OF_REACH:
        return False
    own = [row for row in seen if row.source == gap.source and (gap.scope in {row.scope, WHOLE_SOURCE})]
    covering = {row.scope for row in own if _covers(row, gap)}
    return bool(covering) and covering == {row.scope for row in own}


def _covers(row: CoverageRow, gap: CoverageRow) -> bool:
    begins = row.started_at is None or (gap.started_at is not None and row.started_at <= gap.started_at)
    return begins and row.ended_at >= gap.ended_at


class LastSeen(NamedTuple):
    """Until when a source's scope was last seen, None where it never was."""

    source: str
    scope: str
    until: datetime | None
    posts: int


def last_seen(store: Store) -> list[LastSeen]:
    """For every scope of every source, until when it was last seen, and how many posts in all.

    A source as a whole is one only where none of its scopes is known: where nothing but failures came of it.
    """
    found: dict[tuple[str, str], LastSeen] = {}
    with store.read() as session:
        for row in session.exec(select(CoverageRow)):
            key = (row.source, row.scope)
            old = found.get(key, LastSeen(row.source, row.scope, None, 0))
            seen = row.state == Seen.SEEN
            until = max(filter(None, (old.until, row.ended_at)), default=None) if seen else old.until
            found[key] = LastSeen(row.source, row.scope, until, old.posts + row.posts)
    known = {row.source for row in found.values() if row.scope != WHOLE_SOURCE}
    return sorted(row for row in found.values() if row.scope != WHOLE_SOURCE or row.source not in known)
