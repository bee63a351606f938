"""X: recent search of API v2, newest first, bounded by `since_id`. Every post that is read costs money.

Reads only what the operator's queries find, within a budget by the day.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Literal, cast

import httpx
from pydantic import Field, SecretStr, field_validator

from monitor.errors import AuthError, HandlewatchError, RateLimitedError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json
from monitor.net.polite import HAND_ON
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
from monitor.post import Post, text_hash
from monitor.sourcing import Address, Names, SourceOptions
from sources.budget import DailyBudget
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.shapes import as_dict, as_id, as_list, as_text
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker
from sources.x_posts import PLATFORM, UnusablePostError, authors_of, to_post

_SEARCH: Final = "/2/tweets/search/recent"
_LOOKUP: Final = "/2/tweets"
_PAGE: Final = 100
_SMALLEST_PAGE: Final = 10
_CAPPED: Final = b"usage-capped"
_CAPPED_SECONDS: Final = 6 * 3600.0
_LONGEST_QUERY: Final = 4096
_FIELDS: Final = (
    "id,text,created_at,author_id,lang,entities,conversation_id,in_reply_to_user_id,community_id,attachments,"
    "edit_history_{it}_ids,referenced_{it}s,note_{it}"
)
_USER_FIELDS: Final = "id,username,name,description,entities"
_GONE: Final = {
    "resource-not-found": (Standing.UNAVAILABLE, "X does not find it: deleted, or its account is gone"),
    "not-authorized-for-resource": (Standing.UNKNOWN, "X does not show it to us: protected, or suspended"),
}


class XOptions(SourceOptions):
    """What is searched for, and what it may cost."""

    base_url: Address = Field("https://api.x.com", description="The API's address.")
    queries: Names = Field(description="Search queries (X's own syntax), the most important first.")
    bearer_token: SecretStr | None = Field(
        None,
        description="Bearer token of the project that X approved for this use.",
        json_schema_extra={"env": ["X_BEARER_TOKEN", "BEARER_TOKEN"]},
    )
    field_names: Literal["tweet", "post"] = Field(
        "tweet", description="How the API calls posts in the names of fields: X is renaming them. Both are understood."
    )
    usd_a_day: float = Field(10, gt=0, description="Most dollars a day; when half is spent, the last query stops.")
    usd_per_post: float = Field(0.005, ge=0, description="What reading a post costs.")
    usd_per_user: float = Field(0.010, ge=0, description="What reading an account costs.")
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
        token = options.bearer_token.get_secret_value() if options.bearer_token else ""
        self._headers = {"Authorization": f"Bearer {token.removeprefix('Bearer ')}"} if token else {}
        self._budget = DailyBudget(options.usd_a_day, unit="dollars", clock=context.clock)
        self._fields = {
            f"{options.field_names}.fields": _FIELDS.format(it=options.field_names),
            "user.fields": _USER_FIELDS,
            "expansions": "author_id",
        }

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every query."""
        options = self._options
        self._budget.load((cursor or {}).get("budget"))
        walker = Walker(
            self._context,
            [Place(f"search {query}", options.base_url, query) for query in options.queries],
            self._page,
            Bounds(first_pages=options.first_pages, max_pages=options.max_pages, overlap=timedelta(0)),
        )
        async for batch in walker.collect(cursor):
            kept = {**batch.cursor, "budget": self._budget.dump()} if batch.cursor is not None else None
            yield replace(batch, cursor=kept)

    async def _page(self, scope: Place, older: str | None, bound: str | None) -> Page:
        asked = {"query": scope.key, "max_results": str(self._affordable(scope)), **self._fields}
        asked |= {"next_token": older} if older else {}
        too_old = False
        try:
            answer = await self._get(_SEARCH, asked | ({"since_id": bound} if bound else {}))
        except StatusError as error:
            if error.status != 400 or bound is None:
                raise
            # Older than the seven days that search goes back, most likely: what lies between is out of reach.
            answer, too_old = await self._get(_SEARCH, asked), True
        posts, bad = self._posts(answer)
        self._pay(answer)
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
        options, limit = self._options, self._context.limit
        wanted = _PAGE if limit is None else min(_PAGE, max(_SMALLEST_PAGE, limit))
        each = options.usd_per_post + options.usd_per_user
        if not each or (self._context.loopback and "usd_a_day" not in options.model_fields_set):
            return wanted
        self._budget.ask(each, rank=options.queries.index(scope.key), ranks=len(options.queries))
        return min(wanted, max(_SMALLEST_PAGE, int(self._budget.left / each)))

    def _pay(self, answer: Mapping[str, Any]) -> None:
        """Counts what an answer cost; the same post or account is billed once a day, which is not reckoned with."""
        options, users = self._options, as_list(as_dict(answer.get("includes")).get("users"))
        self._budget.spend(len(as_list(answer.get("data"))) * options.usd_per_post + len(users) * options.usd_per_user)

    def _posts(self, answer: Mapping[str, Any]) -> tuple[list[Post], list[BadRecord]]:
        users, now = authors_of(answer), self._context.clock()
        posts, bad = list[Post](), list[BadRecord]()
        for raw in as_list(answer.get("data")):
            try:
                posts.append(to_post(as_dict(raw), users, seen_at=now))
            except UnusablePostError as error:
                bad.append(BadRecord(where=f"post {as_id(as_dict(raw).get('id')) or '?'}", why=str(error)))
        return posts, bad

    async def _get(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        answer, _ = await self._ask(path, params)
        return answer

    async def _ask(self, path: str, params: Mapping[str, str]) -> tuple[Mapping[str, Any], httpx.Response]:
        try:
            answer, response = await get_json(
                self._context.http,
                self._options.base_url + path,
                params=params,
                headers=self._headers,
                extensions={HAND_ON: _is_capped},
            )
        except StatusError as error:
            raise _spent(error) from error
        if not isinstance(answer, dict) or not {"data", "meta", "errors"} & set(cast("Mapping[str, Any]", answer)):
            raise BadAnswerError("X answered with something else than posts.")
        return cast("Mapping[str, Any]", answer), response

    async def check(self) -> Sequence[Finding]:
        """The token, the clock, what one search finds, and what is left of the day's budget."""
        try:
            answer, response = await self._ask(_SEARCH, {"query": self._options.queries[0], "max_results": "10"})
        except RateLimitedError as error:
            return [Finding(what="search", well=None, said=error.what, do=error.do)]
        except HandlewatchError as error:
            return [failure("bearer token", error)]
        posts, _ = self._posts(answer)
        self._pay(answer)
        return [
            Finding(what="bearer token", well=True, said="taken"),
            clock_skew(response, self._context.clock),
            Finding(what="search", well=True, said=f"{len(posts)} posts for the first query"),
            Finding(what="budget", well=True, said=f"{self._options.usd_a_day:g} dollars a day"),
        ]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every hundred; every post that is still there costs money."""
        found: list[Recheck] = []
        for start in range(0, len(posts), _PAGE):
            found += await self._recheck(posts[start : start + _PAGE])
        return found

    async def _recheck(self, known: Sequence[Known]) -> list[Recheck]:
        ids = [one.ref.id for one in known if one.ref.id.isdecimal()]
        try:
            answer = await self._get(_LOOKUP, {"ids": ",".join(ids), **self._fields}) if ids else as_dict(None)
        except HandlewatchError as error:
            return [Recheck(ref=one.ref, standing=Standing.UNKNOWN, note=error.brief) for one in known]
        there = {post.id: post for post in self._posts(answer)[0]}
        told = dict(filter(None, map(_problem, as_list(answer.get("errors")))))
        return [self._standing(one, there.get(one.ref.id), told.get(one.ref.id, "")) for one in known]

    def _standing(self, known: Known, now: Post | None, problem: str) -> Recheck:
        if now is None:
            standing, note = _GONE.get(problem, (Standing.UNKNOWN, "X says nothing about it"))
            return Recheck(ref=known.ref, standing=standing, note=note)
        edited = known.text_hash is not None and text_hash(now) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="looked up")

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        answer = await self._get(_LOOKUP, {"ids": post.ref.id, **self._fields})
        found = next((one for one in self._posts(answer)[0] if one.id == post.ref.id), None)
        told = dict(filter(None, map(_problem, as_list(answer.get("errors")))))
        if found is None and _GONE.get(told.get(post.ref.id, ""), (Standing.UNKNOWN,))[0] is Standing.UNKNOWN:
            raise AuthError("X does not show this post to us.")
        return found


def _is_capped(response: httpx.Response) -> bool:
    """Whether a refusal means that the cap of posts is used up, which no waiting of minutes helps against."""
    return _CAPPED in response.content


def _spent(error: StatusError) -> HandlewatchError:
    """Refusals that mean that nothing is left, worded; others as they are."""
    if error.status == 429:
        return RateLimitedError(
            "The project's cap of posts that X lets it read is used up.",
            retry_after=_CAPPED_SECONDS,
            do="It goes on when X's billing period ends; or raise the cap in X's developer console.",
        )
    if error.status == 402:
        return AuthError("The project has no credits left at X (402).", do="Add credits in X's developer console.")
    return error


def _problem(value: object) -> tuple[str, str] | None:
    """(id, kind) of one of the errors that an answer may carry beside its data."""
    error = as_dict(value)
    number = as_id(error.get("resource_id")) or as_id(error.get("value"))
    return (number, as_text(error.get("type")).rpartition("/")[2]) if number else None


def _servers(options: XOptions) -> Sequence[str]:
    return (options.base_url,)


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Recent search of X's API v2, within a budget by the day.",
    pace=Pace.POLL,
    options=XOptions,
    open=XSource,
    terms=load_terms()["x"],
    accepts=frozenset({TextType.JSON}),
    servers=_servers,
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
