"""Searches and accounts' feeds of Bluesky's AppView: newest first, walked back page by page.

Without an account the AppView refuses a search's second page (a cursor is a 403): it is then asked again for what is
older than the last page. Some refuse searches altogether.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from monitor.errors import AuthError, UnreachableError
from monitor.net.errors import BadAnswerError, StatusError
from monitor.ports import BadRecord, Batch, Cursor, SourceContext
from monitor.post import Post
from sources.bluesky.api import Api
from sources.bluesky.options import Reads
from sources.bluesky.records import UnusableError, from_view, sort_time
from sources.shapes import as_dict, as_id, as_list, as_text
from sources.walk import Bounds, Page, Walker

SEARCH: Final = "app.bsky.feed.searchPosts"
FEED: Final = "app.bsky.feed.getAuthorFeed"
_PAGE: Final = 100
_DEEPEST: Final = 9000
"""A search shows some 10,000 posts; from about there on its pages fail."""
_OVERLAP: Final = timedelta(minutes=10)
_TIE: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Listing:
    """A search, or an account's posts."""

    scope: str
    server: str
    key: str
    search: bool


class Searches:
    """Polls searches and accounts' feeds."""

    def __init__(self, options: Reads, context: SourceContext, api: Api) -> None:
        self._context, self._api = context, api
        server = options.reads_from
        actors = [actor.removeprefix("@") for actor in options.actors]
        self.listings = [
            *(Listing(f"search {query}", server, query, search=True) for query in options.queries),
            *(Listing(f"feed {actor}", server, actor, search=False) for actor in actors),
        ]
        self._bounds = Bounds(first_pages=options.first_pages, max_pages=options.max_pages, overlap=_OVERLAP)
        self._no_cursor = False

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of everything."""
        walker = Walker(self._context, self.listings, self.page, self._bounds)
        async for batch in walker.collect(cursor):
            yield batch

    async def page(self, listing: Listing, older: str | None, bound: str | None) -> Page:
        """One page; see `sources.walk.Fetch`."""
        return await (self._search(listing, older, bound) if listing.search else self._feed(listing, older))

    async def _search(self, listing: Listing, older: str | None, bound: str | None) -> Page:
        asked = [("q", listing.key), ("sort", "latest"), ("limit", str(_PAGE))]
        asked += [("since", bound)] if bound else []
        until, _, cursor = (older or "").partition(" ")
        try:
            answer = await self._older(asked, until, cursor)
        except UnreachableError:
            if cursor.isdecimal() and int(cursor) >= _DEEPEST:
                return Page(posts=(), ceiling=True, note="search shows no more than some 10,000 posts")
            raise
        views = _list_in(answer, "posts")
        times = [at for view in views if (at := sort_time(as_dict(view))) is not None]
        cursor = as_id(answer.get("cursor")) or ""
        # The server files posts by its own time; ties at the edge of a page come again, and are known then.
        oldest = (min(times) + _TIE).isoformat() if times else until
        posts, bad = self._posts(views)
        return Page(
            posts=posts,
            older=f"{oldest} {cursor}" if cursor else None,
            ceiling=not cursor and len(views) >= _PAGE,
            newest=(max(times) - _OVERLAP).isoformat() if times else None,
            bad=bad,
        )

    async def _older(self, asked: list[tuple[str, str]], until: str, cursor: str) -> Mapping[str, Any]:
        """A page by its cursor; where that is refused, what is older than the last one."""
        if cursor and not (self._no_cursor and until):
            try:
                return await self._api.get(SEARCH, [*asked, ("cursor", cursor)])
            except (AuthError, StatusError) as error:
                if not until or (isinstance(error, StatusError) and error.status != 400):
                    raise
                self._no_cursor = isinstance(error, AuthError)
        return await self._api.get(SEARCH, [*asked, ("until", until)] if until else asked)

    async def _feed(self, listing: Listing, older: str | None) -> Page:
        asked = [("actor", listing.key), ("limit", str(_PAGE)), ("filter", "posts_with_replies")]
        answer = await self._api.get(FEED, asked + ([("cursor", older)] if older else []))
        items = [as_dict(item) for item in _list_in(answer, "feed")]
        own = [item.get("post") for item in items if not item.get("reason")]
        # What the account passes on is another's, and stands there at the time of passing on.
        passed_on, passed_bad = self._posts([item.get("post") for item in items if item.get("reason")])
        posts, bad = self._posts(own)
        return Page(posts=posts, along=passed_on, older=as_id(answer.get("cursor")), bad=[*bad, *passed_bad])

    def _posts(self, views: Sequence[Any]) -> tuple[list[Post], list[BadRecord]]:
        posts, bad, now = list[Post](), list[BadRecord](), self._context.clock()
        for place, raw in enumerate(views):
            view = as_dict(raw)
            try:
                posts.append(from_view(view, seen_at=now))
            except UnusableError as error:
                bad.append(BadRecord(where=as_text(view.get("uri")) or f"post {place}", why=str(error)))
        return posts, bad


def _list_in(answer: Mapping[str, Any], name: str) -> Sequence[Any]:
    if not isinstance(answer.get(name), list):
        raise BadAnswerError(f"Bluesky answered without {name}.")
    return as_list(answer[name])
