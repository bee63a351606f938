"""Lemmy servers: new posts and comments of communities, of a whole server, or that hold a word.

Speaks both APIs (0.19's and 1.0's), without an account where the server allows it. Only ever reads.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from monitor.errors import HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError, StatusError
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
from monitor.post import Post, PostRef, text_hash
from sources.findings import clock_skew, failure
from sources.lemmy.api import LemmyApi
from sources.lemmy.options import LemmyOptions, Listing
from sources.lemmy.views import PLATFORM, State, UnusableViewError, inner, state_of, to_post, uri_of
from sources.lemmy.views import Page as ViewPage
from sources.shapes import as_dict, as_id, as_list, as_text, is_list
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_PAGE: Final = 50
_LOCAL_ID = re.compile(r"(https?://[^/]+)/(post|comment)/(\d+)")
_ENTRIES: Final = ("items", "search", "results")
_STANDINGS: Final = {
    State.DELETED: (Standing.REMOVED_BY_AUTHOR, "deleted"),
    State.REMOVED: (Standing.REMOVED_BY_MODERATOR, "removed"),
    State.COMMUNITY_GONE: (Standing.REMOVED_BY_COMMUNITY, "its community was removed or deleted"),
}


class LemmySource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: LemmyOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        token = options.access_token.get_secret_value() if options.access_token else None
        self._apis = {
            server: LemmyApi(context, server, options.api_version, token or None) for server in options.addresses
        }
        self._above: dict[str, list[str]] = {}
        self._numbered: set[str] = set()
        self._answered: set[str] = set()

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every listing."""
        for api in self._apis.values():
            api.begin()
        bounds = Bounds(first_pages=self._options.first_pages, max_pages=self._options.max_pages)
        async for batch in Walker(self._context, self._options.listings(), self._fetch, bounds).collect(cursor):
            yield batch

    async def _fetch(self, listing: Listing, older: str | None, _: str | None) -> Page:
        """A page. `older` is the page's number, and the server's own cursor where it gave one."""
        api = self._apis[listing.server]
        await api.prepare()
        number, _sep, token = (older or "1").partition(" ")
        page = int(number) if number.isdecimal() else 1
        token = "" if listing.scope in self._numbered else token
        try:
            views, following = await self._views(api, listing, page=page, token=token)
        except StatusError as error:
            if not self._lacks(listing, error):
                raise
            return Page(posts=(), note="the server has no list of comments")
        self._answered.add(listing.server)
        uris = [uri_of(view) or "" for view in views]
        if token and views and uris == self._above.get(listing.scope):
            # A server that does not know its own cursors may know the numbers of pages.
            self._numbered.add(listing.scope)
            views, following = await self._views(api, listing, page=page, token="")
            uris = [uri_of(view) or "" for view in views]
        self._above[listing.scope] = uris
        below = f"{page + 1} {following}".strip() if following is not None and views else None
        return self._page(api, listing, views, below)

    def _lacks(self, listing: Listing, error: StatusError) -> bool:
        """Whether a server that gives posts has no list of comments at all, and nobody insists on them."""
        named = error.name.startswith("couldnt_find") or error.name == "not_found"
        gives_posts = listing.kind == "comments" and listing.server in self._answered
        return error.status == 404 and not named and gives_posts and self._options.kinds is None

    async def _views(
        self, api: LemmyApi, listing: Listing, *, page: int, token: str
    ) -> tuple[list[Mapping[str, Any]], str | None]:
        """A page's views, and the cursor of the next ("": by its number); None where there is none."""
        size = min(_PAGE, self._context.limit or _PAGE)
        params = {"sort": "New", "limit": str(size), **listing.params}
        path, word = f"/{listing.kind[:-1]}/list", params.get("search_term")
        if word and api.version == "v3":
            del params["search_term"], params["type_"]
            path, params = "/search", {**params, "q": word, "type_": listing.kind.capitalize()}
        if token:
            params["page_cursor"] = token
        elif page > 1:
            params["page"] = str(page)
        answer, _ = await api.get(path, params)
        entries = next((answer[name] for name in (listing.kind, *_ENTRIES) if name in answer), None)
        if not is_list(entries):
            raise BadAnswerError(f"{listing.scope}: the server answered with no list of {listing.kind}.")
        views = [view for view in map(as_dict, as_list(entries)) if view]
        following = answer.get("next_page")
        if isinstance(following, str) and following:
            return views, following
        # 0.19 numbers its pages of comments and finds; where it gives cursors, there is none after the last page.
        numbered = "next_page" not in answer or (api.version == "v3" and len(views) >= size)
        return views, "" if numbered and views and api.version == "v3" else None

    def _page(self, api: LemmyApi, listing: Listing, views: Sequence[Mapping[str, Any]], below: str | None) -> Page:
        posts, bad, deleted, now = list[Post](), list[BadRecord](), list[PostRef](), self._context.clock()
        page = ViewPage(views, seen_at=now, server=listing.server, languages=api.languages)
        for place, view in enumerate(views):
            if state_of(view) is not State.UP:
                if uri := uri_of(view):
                    deleted.append(PostRef(PLATFORM, uri))
                continue
            try:
                posts.append(to_post(view, page))
            except UnusableViewError as error:
                where = as_id(inner(view).get("id")) or f"{place} of a page"
                bad.append(BadRecord(where=f"{listing.kind[:-1]} {where}", why=str(error)))
        return Page(posts=posts, older=below, bad=bad, deleted=deleted)

    async def check(self) -> Sequence[Finding]:
        """What every server speaks, and a page of every listing."""
        found: list[Finding] = []
        for server, api in self._apis.items():
            try:
                await api.prepare()
                answer, response = await api.get("/site", {})
            except HandlewatchError as error:
                found.append(failure(f"server {server}", error))
                continue
            version = as_text(answer.get("version")) or "a version that it does not say"
            found.append(Finding(what=f"server {server}", well=True, said=f"Lemmy {version}, read by {api.version}"))
            found.append(clock_skew(response, self._context.clock))
        for listing in self._options.listings():
            try:
                page = await self._fetch(listing, None, None)
            except HandlewatchError as error:
                found.append(failure(listing.scope, error))
            else:
                said = f"{len(page.posts)} on its newest page"
                found.append(Finding(what=listing.scope, well=bool(page.posts) or None, said=said))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """One call each: Lemmy gives no several at once. Asked is the post's own server where it is among ours."""
        return [await self._recheck(known) for known in posts]

    async def _recheck(self, known: Known) -> Recheck:
        ref = known.ref
        try:
            view, api = await self._view(known)
            if view is None:
                note = "not at its server; by whom is not said"
                return Recheck(ref=ref, standing=Standing.UNAVAILABLE, note=note)
            state = state_of(view)
            if state is not State.UP:
                standing, note = _STANDINGS[state]
                return Recheck(ref=ref, standing=standing, note=note)
            now = self._as_post(view, api)
        except (HandlewatchError, UnusableViewError) as error:
            why = error.brief if isinstance(error, HandlewatchError) else f"it has {error}"
            return Recheck(ref=ref, standing=Standing.UNKNOWN, note=why)
        edited = known.text_hash is not None and text_hash(now) != known.text_hash
        banned = view.get("creator_banned") is True or as_dict(view.get("creator")).get("banned") is True
        note = "at its server; its author is banned there" if banned else "at its server"
        return Recheck(ref=ref, standing=Standing.EDITED if edited else Standing.UP, note=note)

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        view, api = await self._view(post)
        if view is None or state_of(view) is not State.UP:
            return None
        try:
            return self._as_post(view, api)
        except UnusableViewError as error:
            raise BadAnswerError(f"The post has {error}.") from error

    def _as_post(self, view: Mapping[str, Any], api: LemmyApi) -> Post:
        page = ViewPage(seen_at=self._context.clock(), server=api.server, languages=api.languages)
        return to_post(view, page)

    async def _view(self, known: Known) -> tuple[Mapping[str, Any] | None, LemmyApi]:
        """A post's view; None where its own server says that it is not there.

        Posts of servers that are not among ours are looked up by their global id at those that are: what is not
        found there may still be where it came from.
        """
        own = _LOCAL_ID.fullmatch(known.ref.id)
        api = self._apis.get(own[1]) if own else None
        if own and api:
            await api.prepare()
            try:
                answer, _ = await api.get(f"/{own[2]}", {"id": own[3]})
            except StatusError as error:
                if error.gone or error.name.startswith("couldnt_find"):
                    return None, api
                raise
            return _one(answer, known.ref.id), api
        last: StatusError | None = None
        for other in self._apis.values():
            await other.prepare()
            try:
                answer, _ = await other.get("/resolve_object", {"q": known.ref.id})
                return _one(answer, known.ref.id), other
            except StatusError as error:
                last = error
        raise BadAnswerError("No server that is read has it; its own server was not asked.") from last


def _one(answer: Mapping[str, Any], uri: str) -> Mapping[str, Any]:
    """The view of one post or comment in an answer, whatever it is wrapped in."""
    wrapped: dict[str, Mapping[str, Any]] = {}
    candidates = [answer.get(name) for name in ("comment_view", "post_view", "comment", "post", "resolve")]
    candidates += [one for name in _ENTRIES for one in as_list(answer.get(name))]
    for view in map(as_dict, candidates):
        if found := uri_of(view):
            wrapped.setdefault(found, view)
    if uri not in wrapped:
        raise BadAnswerError("The server answered with another post, or with none.")
    return wrapped[uri]


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Posts and comments of Lemmy servers: of communities, of a whole server, or holding a word.",
    pace=Pace.POLL,
    options=LemmyOptions,
    open=LemmySource,
    terms=load_terms()["lemmy"],
    accepts=frozenset({TextType.JSON}),
    credentials=("access_token",),
    example="""\
[sources.lemmy]
plugin = "lemmy"
servers = ["https://lemmy.example"]
communities = ["maps", "trains@other.example"]
every = 120
basis = "Public communities; the server's terms were read on 2026-11-24 and allow it."
""",
)
