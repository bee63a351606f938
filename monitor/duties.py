"""Deletion duties: where a platform's terms want deletions followed in time, stored posts are asked about in time.

Some platforms tell of deletions by themselves (their events are followed at intake); the others are asked, before
the time that their terms give is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog
from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from monitor.ports import Known, Recheck, Source, Standing
from monitor.post import PostRef
from monitor.rechecking import GONE, ask, follow, known_of
from monitor.store import leases
from monitor.store.database import Store
from monitor.store.tables import Occurrence, StoredPost

ACTOR: Final = "system:deletions"
AT_ONCE: Final = 100
"""Posts of one platform that are asked about at once."""

_EARLY: Final = 0.75
"""A post is asked about when this part of the time is over: what is left is for trying again."""
_LEASE: Final = "deletions"

log: structlog.stdlib.BoundLogger = structlog.get_logger("handlewatch.deletions")

_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Late:
    """Posts of a platform that were not asked about in the time that its terms give."""

    platform: str
    hours: float
    posts: int


def late(store: Store, hours: Mapping[str, float]) -> list[Late]:
    """What is overdue, by platform.

    :param hours: by platform, within how many hours deletions must be followed.
    """
    found = list[Late]()
    with store.read() as session:
        for platform, limit in sorted(hours.items()):
            asked = select(func.count(col(StoredPost.id))).where(*_unasked(platform, store.now(), limit))
            if posts := session.exec(asked).one():
                found.append(Late(platform, limit, posts))
    return found


def due(store: Store, platform: str, hours: float, *, after: int = 0) -> tuple[list[Known], int | None]:
    """Posts that are to be asked about now, each once, and the row to go on after; None: that were all."""
    with store.read() as session:
        rows = session.exec(
            select(StoredPost)
            .where(*_unasked(platform, store.now(), hours * _EARLY), col(StoredPost.id) > after)
            .order_by(col(StoredPost.id))
            .limit(AT_ONCE)
        ).all()
        known = {row.post_id: known_of(row) for row in rows}
    return list(known.values()), rows[-1].id if len(rows) == AT_ONCE else None


def _unasked(platform: str, now: datetime, hours: float) -> tuple[ColumnElement[bool], ...]:
    """Posts with a text that were neither stored nor asked about within so many hours."""
    before = now - timedelta(hours=hours)
    stored = select(Occurrence.post_id).where(col(Occurrence.added_at) < before)
    never = col(StoredPost.checked_at).is_(None) & col(StoredPost.id).in_(stored)
    return (
        col(StoredPost.platform) == platform,
        col(StoredPost.state) == "up",
        col(StoredPost.record).is_not(None),
        never | (col(StoredPost.checked_at) < before),
    )


class Deletions:
    """Asks in time, and follows what is said. One monitor of those that share a database does it.

    :param sources: an open source by platform.
    :param hours: see :func:`late`; platforms without a source can only be told as late.
    :param every: seconds from one round to the next; what could not be told is asked about again then.
    """

    def __init__(
        self,
        store: Store,
        sources: Mapping[str, Source],
        hours: Mapping[str, float],
        *,
        thread: Executor,
        holder: str,
        every: float,
    ) -> None:
        self._store, self._thread, self._holder, self._every = store, thread, holder, every
        self._sources, self._hours = sources, hours
        self._told: list[Late] = []
        self._missing: set[PostRef] = set()
        self._reached: dict[str, int] = {}
        """By platform, the row after which the next round goes on: what cannot be told holds up nothing else."""

    async def follow_all(self) -> int:
        """One round; gives how many posts were found to be gone."""
        held = await self._on(self._take_lease)
        if held is None:
            return 0
        gone = 0
        for platform, source in self._sources.items():
            if (hours := self._hours.get(platform)) is not None:
                gone += await self._follow_platform(platform, source, hours)
        overdue = await self._on(partial(late, self._store, self._hours))
        for one in overdue:
            if one not in self._told:
                log.warning("not asked in time whether posts were deleted", platform=one.platform, posts=one.posts)
        self._told = overdue
        return gone

    async def _follow_platform(self, platform: str, source: Source, hours: float) -> int:
        gone, after = 0, self._reached.pop(platform, 0)
        while True:
            posts, then = await self._on(partial(due, self._store, platform, hours, after=after))
            if not posts:
                return gone
            try:
                found = await ask({platform: source}, posts)
            except Exception as error:  # noqa: BLE001 - one source's fault stops no other's duty
                log.error("not asked whether posts were deleted", platform=platform, error=type(error).__name__)  # noqa: TRY400
                found = list[Recheck]()
            gone += await self._on(partial(self._follow, self._confirmed(found)))
            if then is None:
                return gone
            if all(one.standing is Standing.UNKNOWN for one in found):
                self._reached[platform] = then  # it cannot be asked now, or not about these
                return gone
            after = then

    def _confirmed(self, found: list[Recheck]) -> list[Recheck]:
        """Without what is missing for the first time: what was deleted here cannot be had back, so that it is asked
        about again in the next round.
        """
        missing = {one.ref for one in found if one.standing in GONE}
        first = missing - self._missing
        self._missing = (self._missing - {one.ref for one in found if one.standing is not Standing.UNKNOWN}) | first
        return [one for one in found if one.ref not in first]

    def _take_lease(self) -> leases.Held | None:
        alone = self._store.is_sqlite
        return leases.acquire(self._store, _LEASE, holder=self._holder, seconds=2 * self._every, alone=alone)

    def _follow(self, found: list[Recheck]) -> int:
        return follow(self._store, found, actor=ACTOR)

    async def _on(self, function: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)
