"""RSS and Atom feeds that the operator names: asked for with ETag and Last-Modified, one page each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import httpx
from pydantic import Field, model_validator

from monitor.errors import HandlewatchError
from monitor.net.address import host_of
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError
from monitor.net.http import get
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
    Standing,
)
from monitor.post import Post
from monitor.sourcing import Address, Addresses, SourceOptions
from sources.feed_entries import PLATFORM, UnusableEntryError, parse, to_post
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.shapes import as_dict, as_text
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_ATTEMPTS: Final = 3
_SEEN: Final = "seen"


class FeedOptions(SourceOptions):
    """Which feeds are read."""

    base_url: Address | None = Field(None, description="One feed to read, instead of `feeds`.")
    feeds: Addresses = Field((), description="Addresses of the feeds to read.")

    @model_validator(mode="after")
    def _some(self) -> FeedOptions:
        if not self.addresses:
            raise ValueError("name a feed, in feeds or as base_url")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The feeds to read."""
        if self.base_url is None:
            return tuple(dict.fromkeys(self.feeds))
        # A server with paths on it: `feeds` then are paths, or feeds of that server.
        return tuple(dict.fromkeys(self.feeds)) if self.feeds else (self.base_url,)


class FeedSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: FeedOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._tags: dict[str, dict[str, str]] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every feed."""
        stored = as_dict((cursor or {}).get("validators"))
        self._tags = {url: _texts(stored.get(url)) for url in self._options.addresses}
        walker = Walker(
            self._context,
            [Place(url, host_of(url) or url, url) for url in self._options.addresses],
            self._page,
            Bounds(overlap=timedelta(0)),
        )
        async for batch in walker.collect(cursor):
            kept = {**batch.cursor, "validators": self._tags} if batch.cursor is not None else None
            yield replace(batch, cursor=kept)

    async def _page(self, scope: Place, older: str | None, bound: str | None) -> Page:
        """The whole of a feed: it has no older pages, and no past beyond what it shows.

        `bound` says only whether anything was seen before: a first poll misses nothing that it could have had.
        """
        del older
        known = self._tags[scope.key]
        conditions = {"If-None-Match": known.get("etag", ""), "If-Modified-Since": known.get("modified", "")}
        for attempt in range(_ATTEMPTS):
            response = await self._get(scope.key, {name: value for name, value in conditions.items() if value})
            if response.status_code == 304:
                return Page(posts=(), note="not changed")
            try:
                posts, bad = await asyncio.to_thread(self._posts, response, scope.key)
            except BadAnswerError:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            named = {"etag": response.headers.get("etag", ""), "modified": response.headers.get("last-modified", "")}
            self._tags[scope.key] = {name: value for name, value in named.items() if value}
            return Page(posts=posts, ceiling=bound is not None, newest=_SEEN if posts else None, bad=bad)
        raise AssertionError("the last attempt returns or raises")

    async def _get(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        return await get(self._context.http, url, headers=headers)

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
                response = await self._get(url, {})
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


def _texts(value: object) -> dict[str, str]:
    return {name: text for name, text in as_dict(value).items() if isinstance(text, str)}


def _servers(options: FeedOptions) -> Sequence[str]:
    return options.addresses


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="RSS and Atom feeds that you name.",
    pace=Pace.POLL,
    options=FeedOptions,
    open=FeedSource,
    terms=load_terms()["feeds"],
    accepts=frozenset({TextType.XML, TextType.HTML, TextType.PLAIN}),
    servers=_servers,
    example="""\
[sources.feeds]
plugin = "feeds"
feeds = ["https://forum.example/latest.rss"]
every = 600
basis = "The publisher's terms were read on 2026-11-24 and allow it."
""",
)
