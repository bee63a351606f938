"""RSS and Atom feeds that the operator names: asked for with ETag and Last-Modified, one page each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urljoin

import httpx
from pydantic import Field, model_validator

from monitor.errors import HandlewatchError
from monitor.net.address import host_of
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get
from monitor.ports import (
    BadRecord,
    Batch,
    Coverage,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Seen,
    SourceContext,
    SourcePlugin,
    Standing,
)
from monitor.post import Post
from monitor.sourcing import Address, Names, SourceOptions
from sources.feed_entries import PLATFORM, UnusableEntryError, breaks_off, parse, to_post
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.shapes import as_dict, as_list, as_text, as_time
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker, version_mark

_ATTEMPTS: Final = 3
_SEEN: Final = "seen"
_MARKS_KEPT: Final = 200
"""Of entries that left the feed, besides as many as it has: servers behind one name may be of several minds."""
_OLD_SHOWN: Final = 50
"""Known entries that are handed on with new ones, so that the walk sees that it met them."""
_ASKED_AGAIN: Final = timedelta(days=7)
"""A feed that said it is gone for good is asked once more after so long."""
_PERMANENT: Final = frozenset({301, 308})


class FeedOptions(SourceOptions):
    """Which feeds are read."""

    base_url: Address | None = Field(
        None,
        description="One feed to read; with `feeds`, the server that their paths are on.",
        examples=["https://weblog.example/feed.xml"],
    )
    feeds: Names = Field((), description="Addresses of the feeds to read; paths where base_url names a server.")

    @model_validator(mode="after")
    def _some(self) -> FeedOptions:
        if not self.addresses:
            raise ValueError("name a feed, in feeds or as base_url")
        if not all(map(host_of, self.addresses)):
            raise ValueError("feeds needs addresses")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The feeds to read."""
        if not self.feeds:
            return (self.base_url,) if self.base_url else ()
        return tuple(dict.fromkeys(map(self._address, self.feeds)))

    def _address(self, feed: str) -> str:
        if "://" in feed:
            return feed
        return urljoin(f"{self.base_url}/", feed) if self.base_url else f"https://{feed.lstrip('/')}"


@dataclass(slots=True)
class _Feed:
    """What is remembered of a feed: its validators, its marks of entries' versions, where it went to."""

    etag: str = ""
    modified: str = ""
    moved: str = ""
    gone: datetime | None = None
    marks: list[str] = field(default_factory=list[str])

    @classmethod
    def load(cls, stored: object) -> _Feed:
        values = as_dict(stored)
        return cls(
            etag=as_text(values.get("etag")),
            modified=as_text(values.get("modified")),
            moved=as_text(values.get("moved")),
            gone=as_time(values.get("gone")),
            marks=[mark for mark in as_list(values.get("marks")) if isinstance(mark, str)],
        )

    def dump(self) -> dict[str, Any]:
        return asdict(self) | {"gone": self.gone and self.gone.isoformat()}


class FeedSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: FeedOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._feeds = {url: _Feed() for url in options.addresses}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every feed."""
        stored = as_dict((cursor or {}).get("feeds"))
        self._feeds = {url: _Feed.load(stored.get(url)) for url in self._options.addresses}
        walker = Walker(
            self._context,
            [Place(url, host_of(url) or url, url) for url in self._options.addresses],
            self._page,
            Bounds(overlap=timedelta(0)),
        )
        async for batch in walker.collect(cursor):
            feeds = {url: feed.dump() for url, feed in self._feeds.items()}
            coverage = [self._told(covered) for covered in batch.coverage]
            yield replace(batch, cursor={**walker.cursor(), "feeds": feeds}, coverage=coverage)

    def _told(self, covered: Coverage) -> Coverage:
        """What a feed that is gone for good does not show will not be made up."""
        feed = self._feeds.get(covered.scope)
        gone = feed is not None and feed.gone is not None and covered.state is Seen.FAILED
        return replace(covered, state=Seen.OUT_OF_REACH) if gone else covered

    async def _page(self, scope: Place, older: str | None, bound: str | None) -> Page:
        """The whole of a feed: it has no older pages, and no past beyond what it shows.

        `bound` says only whether anything was seen before: a first poll misses nothing that it could have had.
        """
        del older
        feed = self._feeds[scope.key]
        for attempt in range(_ATTEMPTS):
            response = await self._get(scope.key, feed)
            if response.status_code == 304:
                return Page(posts=(), note="not changed")
            broken = breaks_off(response.content)
            last = attempt == _ATTEMPTS - 1
            try:
                if broken and not last:
                    continue
                posts, bad = await asyncio.to_thread(self._posts, response, scope.key)
            except BadAnswerError:
                if last:
                    raise
                continue
            # Without validators all of a feed that broke off is asked for again.
            feed.etag = "" if broken else response.headers.get("etag", "")
            feed.modified = "" if broken else response.headers.get("last-modified", "")
            return Page(
                posts=_new_first(posts, feed),
                ceiling=bound is not None,
                newest=_SEEN if posts else None,
                bad=bad,
                note="the feed breaks off" if broken else "",
            )
        raise AssertionError("the last attempt returns or raises")

    async def _get(self, url: str, feed: _Feed) -> httpx.Response:
        """Asks for a feed where it went to, unless it is gone for good or unchanged."""
        now = self._context.clock()
        if feed.gone is not None and now - feed.gone < _ASKED_AGAIN:
            raise StatusError(f"{url} is gone for good (410).", status=410, do="Leave it out.")
        feed.gone = None
        told = {"If-None-Match": feed.etag, "If-Modified-Since": feed.modified}
        headers = {name: value for name, value in told.items() if value}
        moved = feed.moved if host_of(feed.moved) in {host_of(url), *self._context.named} else ""
        try:
            response = await get(self._context.http, moved or url, headers=headers)
        except StatusError as error:
            feed.gone = now if error.status == 410 and not moved else None
            feed.moved = ""
            raise
        if response.history:
            lasting = all(one.status_code in _PERMANENT for one in response.history)
            feed.moved = str(response.url) if lasting else feed.moved
        return response

    def _posts(self, response: httpx.Response, url: str) -> tuple[list[Post], list[BadRecord]]:
        found = parse(response.content, response.headers.get("content-type", ""))
        now, posts, bad = self._context.clock(), list[Post](), list[BadRecord]()
        for place, entry in enumerate(found["entries"]):
            try:
                posts.append(to_post(entry, found["feed"], url, seen_at=now))
            except UnusableEntryError as error:
                bad.append(BadRecord(where=f"entry {as_text(entry.get('id'))[:200] or place + 1}", why=str(error)))
        return posts, bad

    async def check(self) -> Sequence[Finding]:
        """Every feed, once."""
        found: list[Finding] = []
        for url in self._options.addresses:
            try:
                response = await self._get(url, _Feed())
                posts, _ = await asyncio.to_thread(self._posts, response, url)
            except HandlewatchError as error:
                found.append(failure(url, error))
                continue
            found += [
                Finding(what=url, well=True, said=f"{len(posts)} entries"),
                clock_skew(response, self._context.clock),
            ]
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A feed shows only its newest entries: one that left it is not deleted."""
        why = "not measurable: a feed shows only its newest entries"
        return [Recheck(ref=post.ref, standing=Standing.UNKNOWN, note=why) for post in posts]

    async def refresh(self, post: Known) -> Post | None:
        """The entry as its feed shows it now; whether one that left it is still there is not known."""
        for url in self._options.addresses:
            if post.instance in {url, None}:
                posts, _ = await asyncio.to_thread(self._posts, await self._get(url, _Feed()), url)
                if found := next((one for one in posts if one.id == post.ref.id), None):
                    return found
        raise BadAnswerError("It is in no feed any more; a feed shows only its newest entries.")


def _new_first(posts: Sequence[Post], feed: _Feed) -> list[Post]:
    """New entries and new versions first, in whatever order the feed has them; some of the known ones after them.

    Feeds can be longer than a walk's memory, and in any order. The marks are remembered.
    """
    marked = {_mark(post): post for post in posts}
    known = set(feed.marks)
    feed.marks = list(dict.fromkeys([*marked, *feed.marks]))[: 2 * len(marked) + _MARKS_KEPT]
    new = [post for mark, post in marked.items() if mark not in known]
    return [*new, *[post for mark, post in marked.items() if mark in known][:_OLD_SHOWN]]


def _mark(post: Post) -> str:
    """One version of one entry."""
    return sha256(f"{post.id}\n{version_mark(post)}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    aliases=("atom", "feed", "rss"),
    summary="RSS and Atom feeds that you name.",
    pace=Pace.POLL,
    options=FeedOptions,
    open=FeedSource,
    tells=False,
    terms=load_terms()["feeds"],
    accepts=frozenset({TextType.XML, TextType.HTML, TextType.PLAIN}),
    example="""\
[sources.feeds]
plugin = "feeds"
feeds = ["https://forum.example/latest.rss"]
every = 600
basis = "The publisher's terms were read on 2026-11-24 and allow it."
""",
)
