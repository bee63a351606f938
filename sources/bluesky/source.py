"""Bluesky: every public post from its stream, or what searches and accounts' feeds show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

from monitor.errors import HandlewatchError
from monitor.net.bodies import TextType
from monitor.ports import Batch, Cursor, Finding, Known, Pace, Recheck, SourceContext, SourcePlugin
from monitor.post import Post
from sources.bluesky.api import Api
from sources.bluesky.options import BlueskyOptions, Reads, SearchOptions
from sources.bluesky.search import Searches
from sources.bluesky.standing import Standings
from sources.bluesky.stream import Stream
from sources.findings import clock_skew, failure
from sources.terms import load_terms

_LISTENED: Final = 20.0
"""Seconds that the doctor waits for the stream's first post."""
_NO_POST: Final = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/2222222222222"
"""One that is not there: asking for it shows that the AppView answers."""


class _Reading:
    """What both sources do: looking up posts and profiles. Methods are those of `monitor.ports`."""

    def __init__(self, options: Reads, context: SourceContext) -> None:
        self._context = context
        self._api = Api(options, context)
        self._standings = Standings(self._api, context)
        self._searches = Searches(options, context, self._api)

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """See `Rechecking`."""
        return await self._standings.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """See `Refreshing`."""
        return await self._standings.refresh(post)

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """See `Enriching`."""
        return await self._standings.enrich(posts)

    async def _check_reads(self) -> list[Finding]:
        """The account, the clock, and a page of every search and feed."""
        try:
            _, response = await self._api.ask("app.bsky.feed.getPosts", [("uris", _NO_POST)])
        except HandlewatchError as error:
            return [failure("sign-in" if self._api.signs_in else "AppView", error)]
        said = "signed in" if self._api.signs_in else "answers without an account"
        found = [Finding(what="AppView", well=True, said=said), clock_skew(response, self._context.clock)]
        for listing in self._searches.listings:
            try:
                page = await self._searches.page(listing, None, None)
            except HandlewatchError as error:
                found.append(failure(listing.scope, error))
            else:
                found.append(Finding(what=listing.scope, well=True, said=f"{len(page.posts)} posts on its first page"))
        return found


class BlueskySource(_Reading):
    """The stream; or searches and feeds, again and again. Made by :data:`PLUGIN`."""

    def __init__(self, options: BlueskyOptions, context: SourceContext) -> None:
        super().__init__(options, context)
        self._options = options
        self._stream = Stream(options, context)
        self._once = context.loopback or context.limit is not None or context.pages is not None

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Batches until cancelled; of searches that are tried out, one poll."""
        if not self._options.searching:
            # Closed with this one: it holds a connection.
            async with aclosing(self._stream.collect(cursor)) as batches:
                async for batch in batches:
                    yield batch
            return
        while True:
            async with aclosing(self._searches.collect(cursor)) as batches:
                async for batch in batches:
                    cursor = batch.cursor if batch.cursor is not None else cursor
                    yield batch
            if self._once:
                return
            await self._context.sleep(self._options.search_seconds)

    async def check(self) -> Sequence[Finding]:
        """What is read, and what posts and profiles are looked up with."""
        stream = [] if self._options.searching else [await self._check_stream()]
        return [*stream, *await self._check_reads()]

    async def _check_stream(self) -> Finding:
        try:
            async with asyncio.timeout(_LISTENED), aclosing(self._stream.collect(None)) as batches:
                async for batch in batches:
                    if len(batch.records):
                        return Finding(what="stream", well=True, said=f"{len(batch.records)} posts in its first batch")
        except HandlewatchError as error:
            return failure("stream", error)
        except TimeoutError:
            pass
        return Finding(what="stream", well=None, said=f"no post in {_LISTENED:.0f} seconds")


class BlueskySearchSource(_Reading):
    """Searches and feeds. Made by :data:`SEARCH`."""

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every search and feed."""
        async with aclosing(self._searches.collect(cursor)) as batches:
            async for batch in batches:
                yield batch

    async def check(self) -> Sequence[Finding]:
        """The account, the clock, and a page of everything."""
        return await self._check_reads()


def _servers(options: BlueskyOptions) -> Sequence[str]:
    read = (options.reads_from,) if options.searching else options.addresses
    return (*read, *options.named)


def _search_servers(options: SearchOptions) -> Sequence[str]:
    return (options.reads_from, *options.named)


PLUGIN: Final = SourcePlugin(
    name="bluesky",
    aliases=("bsky", "jetstream"),
    summary="Every public post of Bluesky as it is made: Jetstream, or the AT Protocol's own stream.",
    pace=Pace.STREAM,
    options=BlueskyOptions,
    open=BlueskySource,
    terms=load_terms()["bluesky"],
    accepts=frozenset({TextType.JSON}),
    servers=_servers,
    credentials=("handle", "app_password"),
    example="""\
[sources.bluesky]
plugin = "bluesky"
""",
    starter=dict[str, Any](),
)

SEARCH: Final = SourcePlugin(
    name="bluesky-search",
    summary="Searches for posts on Bluesky, and accounts' posts.",
    pace=Pace.POLL,
    options=SearchOptions,
    open=BlueskySearchSource,
    terms=load_terms()["bluesky"],
    accepts=frozenset({TextType.JSON}),
    servers=_search_servers,
    credentials=("handle", "app_password"),
    example="""\
[sources.bluesky-search]
plugin = "bluesky-search"
queries = ["wickr", "teleguard"]
every = 300
""",
)
