"""Searches for posts on Mastodon-compatible servers: what they have indexed, newest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Final

from monitor.errors import AuthError
from monitor.ports import BadRecord, Batch, Cursor, Records, SourceContext
from sources.mastodon.cursor import mark
from sources.mastodon.options import MastodonOptions
from sources.mastodon.pages import PAGE_SIZE, PageReader
from sources.mastodon.statuses import Accounts, Status, UnusableStatusError, host, is_public, unwrap
from sources.scopes import Place
from sources.walk import Bounds, Page, Walker

_OVERLAP: Final = timedelta(minutes=10)


class Searches:
    """Polls searches, on every server."""

    def __init__(self, options: MastodonOptions, context: SourceContext, reader: PageReader) -> None:
        self._context, self._reader = context, reader
        self._bounds = Bounds(first_pages=options.first_pages, max_pages=options.max_pages, overlap=_OVERLAP)
        self.places = [
            Place(f"{host(server) or server} search {query}", server, query)
            for server in options.addresses
            for query in options.queries
        ]

    async def collect(self, cursor: Cursor | None, given: Mapping[str, str]) -> AsyncGenerator[Batch, None]:
        """One poll of every search; without posts that were given already, from timelines."""
        walker = Walker(self._context, self.places, self.page, self._bounds)
        async with aclosing(walker.collect(cursor)) as batches:
            async for batch in batches:
                if not given:
                    yield batch
                    continue
                posts = [post for post in batch.records if mark(post.id) not in given]
                yield batch if len(posts) == len(batch.records) else replace(batch, records=Records.of(posts))

    async def page(self, place: Place, older: str | None, _: str | None) -> Page:
        """One page; see `sources.walk.Fetch`. Pages are counted: new posts shift them, and are known then."""
        if not self._reader.has_token and not self._context.loopback:
            raise AuthError(
                f"{host(place.server)} searches for posts only with a token.",
                do="Set access_token, or leave queries out.",
            )
        start = int(older or 0)
        found = await self._reader.search(place.server, place.key, start)
        posts, bad, now = list[Status](), list[BadRecord](), self._context.clock()
        accounts = Accounts()
        for number, outer in enumerate(found):
            status = unwrap(outer)
            try:
                if is_public(status):
                    posts.append(Status(status, accounts, seen_at=now))
            except UnusableStatusError as error:
                bad.append(BadRecord(where=f"status {outer.get('id', number)}", why=str(error)))
        more = len(found) >= PAGE_SIZE or (bool(found) and self._context.loopback)
        return Page(posts=posts, older=str(start + len(found)) if more else None, bad=bad)
