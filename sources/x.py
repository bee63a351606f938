"""X: recent search of API v2, newest first, bounded by `since_id`. Every post that is read costs money.

Reads only what the operator's queries find, within a budget by the day.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from pydantic import Field, field_validator

from monitor.errors import HandlewatchError, RateLimitedError
from monitor.net.bodies import TextType
from monitor.net.errors import StatusError
from monitor.ports import Batch, Cursor, Finding, Known, Pace, Recheck, SourceContext, SourcePlugin
from monitor.post import Post
from monitor.sourcing import Names
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.shapes import as_dict, as_id
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker
from sources.x_api import AT_ONCE, XAccess, XApi
from sources.x_posts import PLATFORM

_SEARCH: Final = "/2/tweets/search/recent"
_SMALLEST_PAGE: Final = 10
_LONGEST_QUERY: Final = 4096


class XOptions(XAccess):
    """What is searched for, and what it may cost."""

    queries: Names = Field(description="Search queries (X's own syntax), the most important first.")
    first_pages: int = Field(1, ge=1, le=100, description="How many pages (of 100) the very first poll reads.")
    max_pages: int = Field(10, ge=1, le=1000, description="Most pages of one query in one poll.")

    @field_validator("queries")
    @classmethod
    def _usable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(len(query) > _LONGEST_QUERY for query in value):
            raise ValueError(f"needs queries of at most {_LONGEST_QUERY} characters")
        return tuple(dict.fromkeys(value))


class XSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: XOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._api = XApi(options, context)

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every query."""
        options = self._options
        self._api.budget.load((cursor or {}).get("budget"))
        walker = Walker(
            self._context,
            [Place(f"search {query}", options.base_url, query) for query in options.queries],
            self._page,
            Bounds(first_pages=options.first_pages, max_pages=options.max_pages, overlap=timedelta(0)),
        )
        async for batch in walker.collect(cursor):
            kept = {**batch.cursor, "budget": self._api.budget.dump()} if batch.cursor is not None else None
            yield replace(batch, cursor=kept)

    async def _page(self, scope: Place, older: str | None, bound: str | None) -> Page:
        asked = {"query": scope.key, "max_results": str(self._affordable(scope)), **self._api.fields}
        asked |= {"next_token": older} if older else {}
        too_old = False
        try:
            answer = await self._api.get(_SEARCH, asked | ({"since_id": bound} if bound else {}))
        except StatusError as error:
            if error.status != 400 or bound is None:
                raise
            # Older than the seven days that search goes back, most likely: what lies between is out of reach.
            answer, too_old = await self._api.get(_SEARCH, asked), True
        posts, bad = self._api.posts(answer)
        self._api.pay(answer)
        meta = as_dict(answer.get("meta"))
        older = as_id(meta.get("next_token"))
        return Page(
            posts=posts,
            older=older,
            ceiling=too_old and older is None,
            newest=as_id(meta.get("newest_id")),
            bad=bad,
        )

    def _affordable(self, scope: Place) -> int:
        """How many posts may be asked for, of this query, now. Raises `RateLimitedError` where none may."""
        options, limit, each = self._options, self._context.limit, self._api.each
        wanted = AT_ONCE if limit is None else min(AT_ONCE, max(_SMALLEST_PAGE, limit))
        if not each:
            return wanted
        self._api.budget.ask(each, rank=options.queries.index(scope.key), ranks=len(options.queries))
        return min(wanted, max(_SMALLEST_PAGE, int(self._api.budget.left / each)))

    async def check(self) -> Sequence[Finding]:
        """The token, the clock, what one search finds, and what is left of the day's budget."""
        try:
            answer, response = await self._api.ask(_SEARCH, {"query": self._options.queries[0], "max_results": "10"})
        except RateLimitedError as error:
            return [Finding(what="search", well=None, said=error.what, do=error.do)]
        except HandlewatchError as error:
            return [failure("bearer token", error)]
        posts, _ = self._api.posts(answer)
        self._api.pay(answer)
        return [
            Finding(what="bearer token", well=True, said="taken"),
            clock_skew(response, self._context.clock),
            Finding(what="search", well=True, said=f"{len(posts)} posts for the first query"),
            Finding(what="budget", well=True, said=f"{self._options.usd_a_day:g} dollars a day"),
        ]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every hundred; every post that is still there costs money."""
        return await self._api.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        return await self._api.refresh(post)


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    aliases=("twitter",),
    summary="Recent search of X's API v2, within a budget by the day.",
    pace=Pace.POLL,
    options=XOptions,
    open=XSource,
    terms=load_terms()["x"],
    accepts=frozenset({TextType.JSON}),
    credentials=("bearer_token",),
    credentials_needed=True,
    example="""\
[sources.x]
plugin = "x"
queries = ["wickr -is:retweet", "teleguard -is:retweet"]
usd_a_day = 5
every = 900
basis = "X approved this use in writing on 2026-11-24, reference 0000."
""",
)
