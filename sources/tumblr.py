"""Tumblr: tags and blogs that the operator names, with the consumer key of an application of the operator's.

Listings give the newest first and are paged back by time (`before`); there is no search for words. What a post
passes on is a post of its own, by the blog that wrote it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import httpx

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get_json, refused
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
from sources.findings import clock_skew, failure
from sources.scopes import Place
from sources.shapes import as_dict, as_list, as_text, is_list, parsed
from sources.terms import load_terms
from sources.tumblr_options import TumblrOptions, blog_name
from sources.tumblr_posts import PLATFORM, Written, about_text, is_public, place_in_time
from sources.tumblr_texts import UnusablePostError, post_id
from sources.walk import Bounds, Page, Walker

_PAGE: Final = 20
_STEP_BACK: Final = 6 * 3600
"""Seconds: a tag's listing can stop although older posts exist; asked again from further back, it goes on."""
_STEPS: Final = 3
_DASHBOARD_ONLY: Final = 4012


class TumblrSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: TumblrOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        key = options.api_key.get_secret_value() if options.api_key else ""
        self._key = {"api_key": key} if key else {}
        self._bios: dict[str, str | None] = {}
        self._above: dict[str, frozenset[str]] = {}
        tags = dict.fromkeys(tag.removeprefix("#").strip() for tag in options.tags)
        blogs = dict.fromkeys(map(blog_name, options.blogs))
        self._places = [
            *(Place(f"#{tag}", options.base_url, tag) for tag in tags),
            *(Place(f"blog {blog}", options.base_url, blog) for blog in blogs),
        ]

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every tag and blog."""
        bounds = Bounds(first_pages=self._options.first_pages, max_pages=self._options.max_pages)
        async for batch in Walker(self._context, self._places, self._fetch, bounds).collect(cursor):
            yield batch

    async def _fetch(self, place: Place, older: str | None, bound: str | None) -> Page:
        before, _, steps = (older or "").partition("/")
        raws, blog, _ = await self._listing(place, before)
        numbers = frozenset(filter(None, (post_id(as_dict(raw)) for raw in raws)))
        above, self._above[place.scope] = self._above.get(place.scope) if before else None, numbers
        again = bool(raws) and above is not None and numbers <= above
        page = Page(posts=()) if again else self._page(place, raws, blog)
        below = _below(raws, int(before) if before else None)
        if below is None and not raws and before and place.scope.startswith("#"):
            tried = int(steps or 0)
            if tried < _STEPS:
                return replace(page, older=f"{int(before) - _STEP_BACK}/{tried + 1}")
        # Without a bound nothing was ever seen of a listing: where it ends, it begins.
        newest = "seen" if page.posts else None
        return replace(page, older=below, ceiling=below is None and bound is not None, newest=newest)

    async def _listing(self, place: Place, before: str) -> tuple[Sequence[Any], Mapping[str, Any], httpx.Response]:
        """One page of raw posts, the blog that they are of, if it is one's, and the answer."""
        params = {"limit": str(_PAGE), "npf": "true"} | ({"before": before} if before else {})
        if place.scope.startswith("#"):
            found, response = await self._get("/tagged", {"tag": place.key} | params)
        else:
            path = f"/blog/{quote(place.key, safe=':')}/posts"
            found, response = await self._get(path, params | {"reblog_info": "true"})
        blog = as_dict(as_dict(found).get("blog"))
        posts = found if is_list(found) else as_dict(found).get("posts")
        if not is_list(posts):
            raise BadAnswerError("Tumblr answered with no list of posts.")
        return as_list(posts), blog, response

    def _page(self, place: Place, raws: Sequence[Any], blog: Mapping[str, Any]) -> Page:
        posts, along, bad, now = list[Written](), list[Post](), list[BadRecord](), self._context.clock()
        for raw in map(as_dict, raws):
            if not is_public(raw):
                continue
            try:
                post = Written(raw, blog, seen_at=now)
            except UnusablePostError as error:
                bad.append(BadRecord(where=f"post {post_id(raw) or 'of ' + place.scope}", why=str(error)))
                continue
            posts.append(post)
            # A blog's own earlier posts stand in its listing.
            along += (one for one in post.trail if not blog or one.author.handle != blog.get("name"))
        return Page(posts=posts, along=along, bad=bad)

    async def _get(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Any, httpx.Response]:
        """What an answer holds under `response`."""
        url = self._options.api + path
        answer, response = await get_json(self._context.http, url, params={**(params or {}), **self._key})
        envelope = as_dict(answer)
        status = as_dict(envelope.get("meta")).get("status")
        if isinstance(status, int) and status >= 400:  # some answers say so in their body only
            raise refused(response.request.url.host, response.request.url.path, status, response.content)
        if not envelope or "response" not in envelope:
            raise BadAnswerError("Tumblr answered in another form than documented.")
        return envelope["response"], response

    async def check(self) -> Sequence[Finding]:
        """The key, the clock, and a page of every tag and blog."""
        found: list[Finding] = []
        for place in self._places:
            try:
                raws, _, response = await self._listing(place, "")
            except HandlewatchError as error:
                if isinstance(error, AuthError) and not found:
                    return [failure("consumer key", error)]
                found.append(failure(place.scope, error))
                continue
            if not any(finding.what == "clock" for finding in found):
                found.append(Finding(what="consumer key", well=True, said="taken"))
                found.append(clock_skew(response, self._context.clock))
            found.append(Finding(what=place.scope, well=True, said=f"{len(raws)} posts on its newest page"))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One call a post; one more a blog of which posts are missing, to tell whether it is there."""
        blogs: dict[str, bool] = {}
        return [await self._recheck(known, blogs) for known in posts]

    async def _recheck(self, known: Known, blogs: dict[str, bool]) -> Recheck:
        try:
            answer, why = await self._post(known)
            if answer is None and why is Standing.UNAVAILABLE:
                blog = _blog_of(known)
                if blog not in blogs:
                    blogs[blog] = await self._is_there(blog)
                why = why if blogs[blog] else Standing.ACCOUNT_GONE
        except HandlewatchError as error:
            return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=error.brief)
        if answer is None:
            notes = {
                Standing.UNAVAILABLE: "not on its blog; by whom is not said",
                Standing.ACCOUNT_GONE: "its blog is gone",
                Standing.UNKNOWN: "its blog shows itself to Tumblr's users only",
            }
            return Recheck(ref=known.ref, standing=why, note=notes[why])
        edited = known.text_hash is not None and text_hash(answer) != known.text_hash
        return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note="on its blog")

    async def refresh(self, post: Known) -> Post | None:
        """The post as its blog shows it now."""
        answer, why = await self._post(post)
        if answer is None and why is Standing.UNKNOWN:
            raise AuthError("The blog shows itself to Tumblr's users only.")
        return answer

    async def _post(self, known: Known) -> tuple[Post | None, Standing]:
        """A post, or why there is none."""
        url = f"{self._options.api}/blog/{quote(_blog_of(known), safe=':')}/posts"
        params = {"id": known.ref.id, "npf": "true", "reblog_info": "true", **self._key}
        response = await self._context.http.get(url, params=params)
        answer = parsed(response.content)
        status = as_dict(answer.get("meta")).get("status")
        status = status if isinstance(status, int) and response.is_success else response.status_code
        if status == 404 and answer:
            shut = any(as_dict(one).get("code") == _DASHBOARD_ONLY for one in as_list(answer.get("errors")))
            return None, Standing.UNKNOWN if shut else Standing.UNAVAILABLE
        if status >= 400:
            raise refused(response.request.url.host, response.request.url.path, status, response.content)
        found = as_dict(answer.get("response"))
        if not is_list(found.get("posts")):
            raise BadAnswerError("Tumblr answered in another form than documented.")
        raw = next((one for one in map(as_dict, found["posts"]) if post_id(one) == known.ref.id), None)
        if raw is None:
            return None, Standing.UNAVAILABLE
        try:
            post = Written(raw, as_dict(found.get("blog")), seen_at=self._context.clock())
            return post.whole(), Standing.UP
        except UnusablePostError as error:
            raise BadAnswerError(f"The post has {error}.") from error

    async def _is_there(self, blog: str) -> bool:
        try:
            await self._get(f"/blog/{quote(blog, safe=':')}/info")
        except StatusError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with the descriptions of blogs that came without (those of passed-on posts): a call a blog."""
        return [await self._with_bio(post) for post in posts]

    async def _with_bio(self, post: Post) -> Post:
        blog = post.author.handle or post.author.id
        if post.author.bio or not blog:
            return post
        if blog not in self._bios:
            try:
                found, _ = await self._get(f"/blog/{quote(blog, safe=':')}/info")
            except StatusError:
                found = None
            except HandlewatchError:
                return post
            self._bios[blog] = about_text(as_text(as_dict(as_dict(found).get("blog")).get("description"))) or None
        bio = self._bios[blog]
        return replace(post, author=replace(post.author, bio=bio)) if bio else post


def _below(raws: Sequence[Any], before: int | None) -> str | None:
    """Where the page below begins: a second above the last post, which it gives again, as others may share its second.

    None where a page leads no further back.
    """
    moments = [moment for raw in map(as_dict, raws) if not raw.get("is_pinned") and (moment := place_in_time(raw))]
    if not moments:
        return None
    last = moments[-1] if before is None or moments[-1] < before else min(moments)
    if before is not None and last >= before:
        return None
    return str(last + 1 if before is None or last + 1 < before else last)


def _blog_of(known: Known) -> str:
    """Which blog a post is on: by its lasting id, else as its address says."""
    if known.account and known.account.startswith("t:"):
        return known.account
    blog = blog_name(known.url) if known.url else known.account
    if not blog or not known.ref.id.isdecimal():
        raise BadAnswerError("It is not known on which blog the post is.")
    return blog


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Tags and blogs of Tumblr.",
    pace=Pace.POLL,
    options=TumblrOptions,
    open=TumblrSource,
    terms=load_terms()["tumblr"],
    accepts=frozenset({TextType.JSON}),
    credentials=("api_key",),
    credentials_needed=True,
    example="""\
[sources.tumblr]
plugin = "tumblr"
tags = ["wickr", "kik"]
every = 300
basis = "Public tags; Tumblr's API licence was read on 2026-11-24 and allows it; texts are kept for 3 days."
""",
)
