"""Public timelines, forwards from where they were left off.

Reads with `min_id` (`since_id` would skip the middle), never compares ids, reads a stated overlap again, and tells
posts apart by their uri.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from monitor.ports import Batch, Coverage, Cursor, Records, Seen, SourceContext
from sources.mastodon.cursor import TimelineState
from sources.mastodon.options import MastodonReading
from sources.mastodon.pages import Page, PageReader, Taken, Timeline, down_to_known, take
from sources.mastodon.statuses import host
from sources.scopes import each_scope
from sources.shapes import as_dict

_Part = tuple[Taken, datetime | None, datetime]
"""What was read, and the interval that it covers."""

_NO_END: Final = 10_000
_ANCHORS_TRIED: Final = 3


class Timelines:
    """See the module."""

    def __init__(self, options: MastodonReading, context: SourceContext, reader: PageReader) -> None:
        self._options = options
        self._context = context
        self._overlap = timedelta(seconds=options.overlap_seconds)
        self._reader = reader
        self.on_names: Callable[[str, Mapping[str, str]], None] | None = None
        """Is told, of a server, the local ids and uris of what is read."""

    @cached_property
    def places(self) -> list[Timeline]:
        """All timelines, server by server."""
        found: list[Timeline] = []
        for server in self._options.addresses:
            name = host(server) or server
            for tag in (tag.removeprefix("#") for tag in self._options.tags):
                path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
                found.append(Timeline(server, path, f"{name} #{tag}", "hashtag_feeds"))
            for which in self._options.whole:
                side = which.partition(":")[2]
                params = {side: "true"} if side else {}
                found.append(Timeline(server, "/api/v1/timelines/public", f"{name} {which}", "live_feeds", params))
        return found

    def states(self, cursor: Cursor | None) -> dict[str, TimelineState]:
        """Where every timeline was left off."""
        stored = as_dict((cursor or {}).get("timelines"))
        return {line.scope: TimelineState.load(stored.get(line.scope)) for line in self.places}

    async def collect(self, cursor: Cursor | None, given: dict[str, str]) -> AsyncGenerator[Batch, None]:
        """One poll of every timeline. `given` is told what was handed over: see `sources.mastodon.pages.take`."""
        states = self.states(cursor)
        reading = each_scope(
            self.places,
            lambda line: self.read(line, states, given),
            until=lambda line: states[line.scope].until,
            clock=self._context.clock,
        )
        async with aclosing(reading) as batches:
            async for batch in batches:
                yield batch

    async def read(
        self, line: Timeline, states: Mapping[str, TimelineState], given: dict[str, str]
    ) -> AsyncGenerator[Batch, None]:
        """One poll of one timeline. `states` are those of all of them: they are the cursor."""
        state = states[line.scope]
        async for taken, start, end in self._parts(line, state, given):
            if self.on_names is not None:
                self.on_names(line.server, taken.names)
            note, closed = await self._reader.closed(line)
            seen = Seen.OUT_OF_REACH if closed and not taken.posts else Seen.SEEN
            coverage = [Coverage(scope=line.scope, start=start, end=end, state=seen, posts=len(taken.posts), note=note)]
            if taken.short_of is not None:
                why = "more was posted than could be read"
                gap = Coverage(scope=line.scope, start=start, end=taken.short_of, state=Seen.OUT_OF_REACH, note=why)
                coverage.append(gap)
            yield Batch(
                records=Records.of(taken.posts),
                cursor=dumped(states),
                coverage=coverage,
                bad=taken.bad,
            )

    async def _parts(self, line: Timeline, state: TimelineState, given: dict[str, str]) -> AsyncGenerator[_Part, None]:
        anew = not state.entries and state.back is None
        if anew or state.back is not None:
            async for part in self._backwards(line, state, given):
                yield part
        if not anew and state.entries:
            async for part in self._forwards(line, state, given):
                yield part

    def _take(self, page: Page, seen: Mapping[str, str], given: dict[str, str]) -> Taken:
        return take(page, seen, given=given, now=self._context.clock())

    async def _backwards(
        self, line: Timeline, state: TimelineState, given: dict[str, str]
    ) -> AsyncGenerator[_Part, None]:
        """The first poll, or the rest of one that was cut off: from the newest page back, as far as wanted."""
        started, limit = self._context.clock(), self._context.limit
        if state.back is None:
            no_end = limit is not None or self._context.loopback
            state.back_pages = self._context.pages or (_NO_END if no_end else self._options.first_pages)
            state.back_at = started
        count = 0
        while True:
            at, asked = state.back_at or started, state.back
            page = await self._reader.page(line, max_id=asked)
            taken = self._take(page, {}, given)
            if asked is None:
                state.remember(reversed(taken.entries), overlap=self._overlap)
                state.until, state.full = started, len(page.statuses)
            count += len(taken.posts)
            state.back_pages -= 1
            end_of_line = not page.statuses or page.older in {None, asked}
            start = None if end_of_line else min(at, taken.oldest or at)
            done = end_of_line or state.back_pages <= 0 or (limit is not None and count >= limit)
            state.back, state.back_at = (None, None) if done else (page.older, start)
            yield taken, start, at
            if done:
                return

    async def _forwards(
        self, line: Timeline, state: TimelineState, given: dict[str, str]
    ) -> AsyncGenerator[_Part, None]:
        """A later poll: forwards from where the last one left off."""
        started = self._context.clock()
        page, asked = await self._after_anchor(line, state)
        for number in range(self._options.max_pages):
            taken = self._take(page, state.marks(), given)
            full = bool(page.statuses) and len(page.statuses) >= state.full
            if number == 0 and taken.known == 0 and len(state.entries) > 1 and (full or asked is None):
                taken.add(await self._fill(line, state, page, given))
            more = (full or taken.new > 0) and page.newer not in {None, asked}
            state.full = max(state.full, len(page.statuses))
            start, end = state.until, started
            if more:
                end = min(started, max(filter(None, (state.until, taken.newest)), default=started))
            state.remember(reversed(taken.entries), overlap=self._overlap)
            if taken.posts or taken.bad or not more:
                state.until = end
                yield taken, start, end
            if not more:
                return
            asked = page.newer
            page = await self._reader.page(line, min_id=asked)

    async def _after_anchor(self, line: Timeline, state: TimelineState) -> tuple[Page, str | None]:
        """The page after the anchor, and the anchor.

        It holds what was seen already. Where it holds nothing, the anchor may have been deleted on a server that
        then answers with nothing: the next ones are tried, and last the newest page (with no anchor).
        """
        for anchor in state.anchors(self._overlap)[:_ANCHORS_TRIED]:
            page = await self._reader.page(line, min_id=anchor)
            if page.statuses:
                return page, anchor
        newest = await self._reader.page(line)
        return down_to_known(newest, state.marks(), left_off=self._left_off(state)), None

    def _left_off(self, state: TimelineState) -> datetime:
        """From when on posts may not have been seen."""
        return max(entry.at for entry in state.entries) - self._overlap

    async def _fill(self, line: Timeline, state: TimelineState, page: Page, given: dict[str, str]) -> Taken:
        """What lies between the known and a page that holds nothing known.

        Such a page, full, after the anchor means that this server takes `min_id` for `since_id` and skipped the
        middle: it is read backwards, until it meets what is known or what is older.
        """
        marks, older, taken = state.marks(), page.older, Taken()
        for _ in range(self._options.max_pages):
            if older is None:
                return taken
            answer = await self._reader.page(line, max_id=older)
            below = down_to_known(answer, marks, left_off=self._left_off(state))
            taken.add(self._take(below, marks, given))
            older = below.older if below.older != older else None
        taken.short_of = taken.oldest
        return taken


def dumped(states: Mapping[str, TimelineState]) -> dict[str, Any]:
    """Where every timeline was left off, as a cursor."""
    return {"timelines": {scope: state.dump() for scope, state in states.items()}}
