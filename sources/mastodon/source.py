"""Mastodon-compatible servers: public tag timelines, the public timeline, and searches, of servers that are named.

Only ever reads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.bodies import TextType
from monitor.ports import Batch, Cursor, Finding, Known, Pace, Recheck, SourceContext, SourcePlugin
from monitor.post import Post
from sources.findings import failure
from sources.mastodon.doctor import Doctor
from sources.mastodon.options import MastodonOptions
from sources.mastodon.pages import PageReader
from sources.mastodon.search import Searches
from sources.mastodon.standing import Standings
from sources.mastodon.timelines import Timelines
from sources.terms import load_terms


class MastodonSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: MastodonOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        token = options.access_token.get_secret_value() if options.access_token else None
        self._reader = PageReader(context, token=token, named=options.addresses)
        self._timelines = Timelines(options, context, self._reader)
        self._searches = Searches(options, context, self._reader)
        self._standings = Standings(options, context, self._reader)
        self._doctor = Doctor(context, self._reader)

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every timeline and search.

        One that fails is noted in the coverage and does not stop the others; where all fail, the first error is
        raised.
        """
        given: dict[str, str] = {}
        kept = dict(cursor or {})
        first: HandlewatchError | None = None
        went_well = False
        parts = [part for part in (self._timelines, self._searches) if part.places]
        for part in parts:
            try:
                async with aclosing(part.collect(kept, given)) as batches:
                    async for batch in batches:
                        kept |= batch.cursor or {}
                        yield replace(batch, cursor=dict(kept)) if batch.cursor is not None else batch
                went_well = True
            except (AuthError, RateLimitedError, UnreachableError) as error:
                first = first or error
        if first is not None and not went_well:
            raise first

    async def check(self) -> Sequence[Finding]:
        """Of every server: its clock, the token, and a page of every timeline and search."""
        found = await self._doctor.servers(self._options.addresses)
        for line in self._timelines.places:
            found.append(await self._doctor.timeline(line))
        for place in self._searches.places:
            try:
                result = await self._searches.page(place, None, None)
            except HandlewatchError as error:
                found.append(failure(place.scope, error))
                continue
            said = f"{len(result.posts)} posts" if result.posts else "nothing found; not every server searches posts"
            found.append(Finding(what=place.scope, well=True if result.posts else None, said=said))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """See `Rechecking`."""
        return await self._standings.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """See `Refreshing`."""
        return await self._standings.refresh(post)


PLUGIN: Final = SourcePlugin(
    name="mastodon",
    aliases=("fediverse",),
    summary="Tag timelines and public timelines of Mastodon-compatible servers.",
    pace=Pace.POLL,
    options=MastodonOptions,
    open=MastodonSource,
    terms=load_terms()["mastodon"],
    accepts=frozenset({TextType.JSON}),
    credentials=("access_token",),
    example="""\
[sources.fediverse]
plugin = "mastodon"
servers = ["https://mastodon.example"]
tags = ["wickr", "kik"]
every = 60
basis = "Public tag timelines; the server's terms were read on 2026-11-24 and allow it."
""",
    starter={"servers": ["https://mastodon.social"], "tags": ["wickr", "teleguard", "zangi"]},
)
