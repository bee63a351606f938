"""The rooms that the account is in, read together by `/sync`: what is new since the last time, as it arrived.

Where more came to a room than `/sync` gives at once, the rest is read backwards, page by page, before anything newer.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from monitor.drafts import Draft, version_mark
from monitor.errors import AuthError
from monitor.net.errors import StatusError
from monitor.ports import BadRecord, Batch, Coverage, Cursor, Records, Seen, SourceContext
from monitor.post import PostRef
from sources.matrix_api import HomeServer
from sources.matrix_events import Read, Room, events_of, read_events, shown_names
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

_TOGETHER: Final = "the account's rooms"
_NO_END: Final = 10_000


@dataclass(slots=True)
class _Gap:
    """What is left to read of a room, backwards: from one token to another (None: to the room's beginning)."""

    room: str
    back: str
    to: str | None
    at: datetime
    start: datetime | None
    pages: int

    def dump(self) -> list[Any]:
        return [self.room, self.back, self.to, self.at.isoformat(), self.start and self.start.isoformat(), self.pages]

    @classmethod
    def load(cls, stored: object) -> _Gap | None:
        parts = [*as_list(stored), *[None] * 6][:6]
        room, back, at, pages = as_text(parts[0]), as_text(parts[1]), as_time(parts[3]), parts[5]
        if not room or not back or at is None:
            return None
        return cls(room, back, as_id(parts[2]), at, as_time(parts[4]), pages if isinstance(pages, int) else 1)


class OwnRooms:
    """Polls all rooms of the account."""

    def __init__(self, home: HomeServer, context: SourceContext, *, first_pages: int, max_pages: int) -> None:
        self._home, self._context = home, context
        no_end = context.loopback or context.limit is not None
        self._first_pages = context.pages or (_NO_END if no_end else first_pages)
        self._max_pages = max_pages
        self._since: str | None = None
        self._until: datetime | None = None
        self._gaps: list[_Gap] = []
        self._posts = 0
        self._given: dict[str, str] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll: what was left the last time, what is new, and the rest of that."""
        stored = as_dict(cursor)
        self._since, self._until = as_id(stored.get("since")), as_time(stored.get("until"))
        self._gaps = [gap for gap in map(_Gap.load, as_list(stored.get("gaps"))) if gap is not None]
        async for batch in self._fill():
            yield batch
        yield await self._news()
        async for batch in self._fill():
            yield batch

    def _cursor(self) -> Mapping[str, Any]:
        until = self._until and self._until.isoformat()
        return {"since": self._since, "until": until, "gaps": [gap.dump() for gap in self._gaps]}

    async def _news(self) -> Batch:
        now, since, start = self._context.clock(), self._since, self._until
        answer = await self._home.sync(since)
        posts, deleted, bad, notes = list[Draft](), list[PostRef](), list[BadRecord](), list[str]()
        joined = as_dict(as_dict(answer.get("rooms")).get("join"))
        unseen = False
        for number, said in joined.items():
            timeline = as_dict(as_dict(said).get("timeline"))
            events = [event for event in map(as_dict, as_list(timeline.get("events"))) if event]
            state = as_dict(as_dict(said).get("state")).get("events")
            read = await self._read(number, events, shown_names(as_list(state)), edits=since is not None)
            posts, deleted, bad = posts + self._fresh(read), deleted + read.deleted, bad + read.bad
            unseen = unseen or read.unseen
            notes += [f"{number}: {read.note}"] if read.note else []
            back = as_text(timeline.get("prev_batch"))
            pages = self._max_pages if since else self._first_pages - 1
            if back and pages > 0 and (timeline.get("limited") is True or since is None):
                self._gaps.append(_Gap(number, back, since, min([now, *read.times]), start, pages))
        self._since, self._until = as_text(answer.get("next_batch")), now
        self._posts += len(posts)
        state = Seen.OUT_OF_REACH if unseen and not posts else Seen.SEEN
        seen = Coverage(scope=_TOGETHER, start=start, end=now, state=state, posts=len(posts), note="; ".join(notes))
        return Batch(records=Records.of(posts), cursor=self._cursor(), coverage=(seen,), deleted=deleted, bad=bad)

    async def _fill(self) -> AsyncGenerator[Batch, None]:
        limit = self._context.limit
        while self._gaps:
            gap = self._gaps[0]
            if limit is not None and self._posts >= limit and gap.to is None:
                self._gaps.pop(0)
                continue
            yield await self._page(gap)

    async def _page(self, gap: _Gap) -> Batch:
        """One page of a gap; the gap is shortened by it, or done."""
        try:
            answer = await self._home.messages(gap.room, "b", gap.back, to=gap.to)
        except (AuthError, StatusError) as error:
            # The account is not in that room any more.
            self._gaps.pop(0)
            lost = Coverage(scope=gap.room, start=gap.start, end=gap.at, state=Seen.OUT_OF_REACH, note=error.brief)
            return Batch(records=Records.of(()), cursor=self._cursor(), coverage=(lost,))
        events, older = events_of(answer)[::-1], as_text(answer.get("end"))
        names = shown_names(as_list(answer.get("state")))
        read = await self._read(gap.room, events, names, edits=gap.to is not None)
        posts, at = self._fresh(read), gap.at
        ended = not older or older in {gap.back, gap.to}
        gap.pages -= 1
        begin = gap.start if ended else min([at, *read.times])
        coverage = [self._seen(gap, read, begin, at)]
        if ended or gap.pages <= 0:
            self._gaps.pop(0)
            if not ended and gap.to is not None:
                why = "more was posted than could be read"
                coverage.append(
                    Coverage(scope=gap.room, start=gap.start, end=begin or at, state=Seen.OUT_OF_REACH, note=why)
                )
        else:
            gap.back, gap.at = older, begin or at
        self._posts += len(posts)
        return Batch(
            records=Records.of(posts), cursor=self._cursor(), coverage=coverage, deleted=read.deleted, bad=read.bad
        )

    def _fresh(self, read: Read) -> list[Draft]:
        """The posts that were not given in this version in this poll (an edit may be newer than the gap)."""
        marks = {post.id: version_mark(post) for post in read.posts.values()}
        fresh = [post for post in read.posts.values() if self._given.get(post.id) != marks[post.id]]
        self._given |= marks
        return fresh

    @staticmethod
    def _seen(gap: _Gap, read: Read, start: datetime | None, end: datetime) -> Coverage:
        state = Seen.OUT_OF_REACH if read.unseen else Seen.SEEN
        start = min(start, end) if start else None
        return Coverage(scope=gap.room, start=start, end=end, state=state, posts=len(read.posts), note=read.note)

    async def _read(
        self, number: str, events: list[Mapping[str, Any]], names: Mapping[str, str], *, edits: bool
    ) -> Read:
        room = await self._home.room(number) if events else Room(number)
        read = read_events(events, room, names, seen_at=self._context.clock())
        for event in read.edits if edits else ():
            await self._home.take_edited(read, room, event, names)
        return read
