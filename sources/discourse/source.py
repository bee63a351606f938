"""Discourse forums: the newest posts of a whole forum, of categories, of tags, or that hold a word.

A whole forum is read by its posts' numbers (`/posts.json?before=`); where that is switched off, and for categories
and tags, by the topics that were written in last. Without an account where the forum allows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import StatusError
from monitor.ports import (
    BadRecord,
    Batch,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    SourceContext,
    SourcePlugin,
)
from monitor.post import Post, PostRef
from sources.discourse.again import Again
from sources.discourse.options import DiscourseOptions, Part
from sources.discourse.posts import (
    NO_TOPIC,
    PLATFORM,
    State,
    Topic,
    UnusablePostError,
    Written,
    is_written,
    number_of,
    state_of,
)
from sources.discourse.reader import Raw, Reader
from sources.findings import clock_skew, failure
from sources.shapes import as_id, as_text, as_time
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_STEP: Final = 50
_MOST_EMPTY: Final = 20
"""Steps of 50 ids in a row without a public post, after which there is taken to be nothing more."""


@dataclass(frozen=True, slots=True)
class _Bound:
    """Up to where a listing was read: the highest post id, and the time of the last topic."""

    number: int | None = None
    at: datetime | None = None

    @classmethod
    def load(cls, stored: str | None) -> _Bound:
        number, _, at = (stored or "").partition(" ")
        return cls(int(number) if number.isdecimal() else None, as_time(at))

    def dump(self) -> str:
        return f"{self.number or 0} {self.at.isoformat() if self.at else ''}".strip()


class DiscourseSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: DiscourseOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        key = options.api_key.get_secret_value() if options.api_key else ""
        headers = {"Api-Key": key, "Api-Username": options.api_username} if key else {}
        self._readers = {server: Reader(context, server, headers) for server in options.addresses}
        self._by_topics: set[str] = set()
        self._again = Again(self._readers, context.clock)
        self._above: dict[str, list[str | None]] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every listing."""
        bounds = Bounds(first_pages=self._options.first_pages, max_pages=self._options.max_pages)
        async for batch in Walker(self._context, self._options.parts(), self._fetch, bounds).collect(cursor):
            yield batch

    async def _fetch(self, part: Part, older: str | None, stored: str | None) -> Page:
        reader, bound = self._readers[part.server], _Bound.load(stored)
        if part.word:
            return await self._finds(reader, part, older, bound)
        if part.path:
            return await self._topics(reader, part.path, older, bound)
        if part.scope not in self._by_topics:
            try:
                return await self._newest(reader, older, bound)
            except StatusError as error:
                if older is not None or error.status not in {404, 410}:
                    raise
                self._by_topics.add(part.scope)
        return await self._topics(reader, "/latest.json", older, bound)

    async def _newest(self, reader: Reader, older: str | None, bound: _Bound) -> Page:
        """A step of 50 ids. It may hold no post that is public, and yet not be the last."""
        stated, _, empty = (older or "").partition(" ")
        before, empties = (int(stated), int(empty or 0)) if stated.isdecimal() else (None, 0)
        # Most versions show `before` again; that of which they do not is not stepped over.
        raws = [raw for raw in await reader.newest(before) if before is None or number_of(raw) != before]
        numbers = [number for raw in raws if (number := number_of(raw)) is not None]
        lowest = min(numbers, default=None)
        empties = 0 if lowest is not None else empties + 1
        following = lowest if lowest is not None else before - _STEP if before else None
        below: str | None = f"{following} {empties}"
        if following is None or following <= max(1, bound.number or 0) or empties >= _MOST_EMPTY:
            below = None
        page = await self._page(reader, raws, older=below)
        newest = _Bound(max(numbers, default=bound.number or 0)).dump() if before is None else None
        return replace(page, newest=newest, ceiling=empties >= _MOST_EMPTY)

    async def _topics(self, reader: Reader, path: str, older: str | None, bound: _Bound) -> Page:
        """A page of topics, with what was written in them since the last poll."""
        place = int(older) if older and older.isdecimal() else 0
        listed, more = await reader.topics(path, place)
        raws, about, notes, highest = list[Raw](), dict[str, Topic](), set[str](), bound.number or 0
        times = list[datetime]()
        for entry in listed:
            number, at = as_id(entry.get("id")), _bumped(entry)
            if at is not None and not entry.get("pinned") and not entry.get("pinned_globally"):
                times.append(at)
            if number is None or (bound.at is not None and at is not None and at < bound.at):
                continue
            try:
                topic, posts, top, note = await self._written(reader, number, bound)
            except (AuthError, StatusError):
                notes.add("some topics are not shown any more")
                continue
            about[number] = replace(topic, tags=topic.tags or Topic.of(entry).tags)
            raws, highest = raws + posts, max(highest, top)
            notes.update({note} - {""})
            if bound.number is None and self._context.limit is not None and len(raws) >= self._context.limit:
                break
        done = bound.at is not None and bool(times) and min(times) < bound.at
        # A forum that ignores where we are gives the same page for ever.
        listed_ids = [as_id(entry.get("id")) for entry in listed]
        done = done or (place > 0 and listed_ids == self._above.get(reader.base + path))
        self._above[reader.base + path] = listed_ids
        page = await self._page(reader, raws, about, older=str(place + 1) if more and not done else None)
        # Posts of a topic say nothing of how far the list of topics was read.
        page = replace(page, posts=(), along=page.posts)
        newest = _Bound(highest, max(times, default=bound.at)).dump() if place == 0 else None
        return replace(page, newest=newest, note="; ".join(sorted(notes)))

    async def _written(self, reader: Reader, number: str, bound: _Bound) -> tuple[Topic, list[Raw], int, str]:
        """A topic's posts since the last poll and those edited since, its highest post id, and what was left out."""
        topic, posts, numbers = await reader.topic(number)
        new = [one for one in numbers if bound.number is None or one > bound.number]
        most, note = None if self._context.loopback else self._options.topic_posts, ""
        if most is not None and len(new) > most:
            new, note = new[-most:], "older posts of long topics were left out"
        have = {number_of(raw) for raw in posts}
        if missing := [one for one in new if one not in have]:
            posts = [*posts, *await reader.rest(number, numbers, missing)]
        chosen = set(new)
        written = [raw for raw in posts if number_of(raw) in chosen or _edited_since(raw, bound.at)]
        if not chosen <= {number_of(raw) for raw in posts}:
            note = note or "some posts of long topics were not shown"
        return topic, written, max(numbers, default=0), note

    async def _finds(self, reader: Reader, part: Part, older: str | None, bound: _Bound) -> Page:
        """A page of finds. They hold excerpts: the posts themselves are read by topic."""
        place = int(older) if older and older.isdecimal() else 1
        finds, about, more = await reader.finds(part.word, place)
        numbers = [number for raw in finds if (number := number_of(raw)) is not None]
        fresh = [raw for raw in finds if (number_of(raw) or 0) > (bound.number or 0)]
        by_topic: defaultdict[str, list[int]] = defaultdict(list)
        for raw in fresh:
            if (number := number_of(raw)) is not None:
                by_topic[as_id(raw.get("topic_id")) or ""].append(number)
        whole: dict[int, Raw] = {}
        for topic, wanted in by_topic.items():
            try:
                whole |= {number: raw for raw in await reader.posts(topic, wanted) if (number := number_of(raw))}
            except (AuthError, StatusError):
                continue
        raws = [whole.get(number_of(raw) or 0, raw) for raw in fresh]
        page = await self._page(
            reader, raws, about, older=str(place + 1) if more and len(fresh) == len(finds) else None
        )
        note = "of some posts only an excerpt is shown" if len(whole) < len(fresh) else ""
        newest = _Bound(max(numbers, default=bound.number or 0)).dump() if place == 1 else None
        return replace(page, newest=newest, note=note)

    async def _page(
        self, reader: Reader, raws: list[Raw], about: Mapping[str, Topic] | None = None, *, older: str | None
    ) -> Page:
        forum = (await reader.forum()).with_places(raws)
        posts, bad, deleted, now = list[Written](), list[BadRecord](), list[PostRef](), self._context.clock()
        for place, raw in enumerate(raws):
            number = number_of(raw)
            if not is_written(raw):
                continue
            if state_of(raw) is not State.UP:
                if number is not None:
                    deleted.append(PostRef(PLATFORM, forum.id_of(number)))
                continue
            topic = (about or {}).get(as_id(raw.get("topic_id")) or "", NO_TOPIC)
            try:
                posts.append(Written(raw, forum, topic, seen_at=now))
            except UnusablePostError as error:
                where = f"post {number}" if number is not None else f"{place} of a page"
                bad.append(BadRecord(where=where, why=str(error)))
        return Page(posts=posts, older=older, bad=bad, deleted=deleted)

    async def check(self) -> Sequence[Finding]:
        """A page of every listing, and the clocks."""
        found: list[Finding] = []
        for server, reader in self._readers.items():
            try:
                about, response = await reader.get("/site.json")
            except HandlewatchError as error:
                found.append(failure(f"forum {server}", error))
                continue
            said = f"{as_text(about.get('title')) or 'it'} answers"
            found += [Finding(what=f"forum {server}", well=True, said=said), clock_skew(response, self._context.clock)]
        for part in self._options.parts():
            try:
                page = await self._fetch(part, None, None)
            except HandlewatchError as error:
                found.append(failure(part.scope, error))
            else:
                said = f"{len(page.posts) + len(page.along)} posts on its newest page"
                found.append(Finding(what=part.scope, well=bool(page.posts or page.along) or None, said=said))
        return found

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with what their authors' profiles say."""
        return await self._again.enrich(posts)

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """Posts of one topic in one call of 20, the others, and those that it did not show, one by one."""
        return await self._again.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        return await self._again.refresh(post)


def _bumped(entry: Raw) -> datetime | None:
    return as_time(entry.get("bumped_at")) or as_time(entry.get("last_posted_at")) or as_time(entry.get("created_at"))


def _edited_since(raw: Raw, since: datetime | None) -> bool:
    version, at = raw.get("version"), as_time(raw.get("updated_at"))
    return isinstance(version, int) and version > 1 and since is not None and at is not None and at >= since


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Newest posts of Discourse forums: of a whole forum, of categories, of tags, or holding a word.",
    pace=Pace.POLL,
    options=DiscourseOptions,
    open=DiscourseSource,
    terms=load_terms()["discourse"],
    accepts=frozenset({TextType.JSON}),
    credentials=("api_key",),
    example="""\
[sources.forum]
plugin = "discourse"
servers = ["https://forum.example"]
every = 120
basis = "A public forum; its terms were read on 2026-11-24 and allow it."
""",
)
