"""The volume alarm: says when a source's rate falls to nothing, or doubles, without anybody having changed it.

A platform that changes its API, or quietly stops answering one reader, looks like a quiet day. Posts are therefore
counted by source and hour, in the transaction that keeps them, and the last whole hour is held against the hours
in which that source was seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor.store.database import Store
from monitor.store.tables import Volume
from monitor.store.writing import insert_or_ignore, rows_changed

BASELINE: Final = timedelta(days=7)
HOURS_NEEDED: Final = 12
"""Whole hours in which a source was seen, before anything is called unusual."""
POSTS_NEEDED: Final = 5
"""Posts an hour, in the median, below which a silent hour means nothing."""
_UNUSUAL: Final = 2.0


class Change(StrEnum):
    """What is unusual about a source's rate."""

    SILENT = "silent"
    DOUBLED = "doubled"


class Alarm(NamedTuple):
    """A source whose last whole hour is unlike those before: posts in it, and the usual ones an hour."""

    source: str
    change: Change
    hour: datetime
    posts: int
    usual: float

    @property
    def words(self) -> str:
        """For people."""
        if self.change is Change.SILENT:
            return f"no post in an hour, usually some {self.usual:,.0f}: has its API changed, or are we shut out?"
        return f"{self.posts:,} posts in an hour, usually some {self.usual:,.0f}: does it repeat itself?"


def count(session: Session, source: str, posts: int, now: datetime) -> None:
    """Adds a batch's posts to its source's hour, in the caller's transaction; a batch without any counts, too."""
    hour = _hour(now)
    adding = (
        update(Volume)
        .where(col(Volume.source) == source, col(Volume.hour) == hour)
        .values(posts=col(Volume.posts) + posts, batches=col(Volume.batches) + 1)
    )
    if rows_changed(session, adding):
        return
    if insert_or_ignore(session, Volume, source=source, hour=hour, posts=posts, batches=1) is None:
        session.exec(adding)  # another monitor made the row meanwhile


def alarms(store: Store) -> list[Alarm]:
    """What is unusual now, by source."""
    now = store.now()
    with store.read() as session:
        rows = session.exec(
            select(Volume).where(col(Volume.hour) >= _hour(now) - BASELINE).order_by(col(Volume.hour))
        ).all()
    by_source: dict[str, list[Volume]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    found = (_unusual(source, hours, now) for source, hours in sorted(by_source.items()))
    return [alarm for alarm in found if alarm is not None]


def _unusual(source: str, rows: Sequence[Volume], now: datetime) -> Alarm | None:
    """Only hours in which the source was asked count: one that was switched off is not silent."""
    whole = [row for row in rows if row.hour < _hour(now)]
    # The first hour began in its middle, and a source catches up then.
    before, last = whole[1:-1], whole[-1] if whole else None
    if last is None or last.hour < _hour(now) - timedelta(hours=1) or len(before) < HOURS_NEEDED:
        return None
    posts = sorted(row.posts for row in before)
    usual, low, high = median(posts), posts[len(posts) // 20], posts[-1 - len(posts) // 20]
    if usual < POSTS_NEEDED:
        return None
    if last.posts == 0 and low > 0:
        return Alarm(source, Change.SILENT, last.hour, 0, usual)
    if last.posts > _UNUSUAL * max(usual, high):
        return Alarm(source, Change.DOUBLED, last.hour, last.posts, usual)
    return None


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
