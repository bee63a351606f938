"""Reddit: new submissions and comments of listed communities, and searches, with PRAW over our own client.

Listings show about the newest thousand and have no cursor that leads forward: they are walked back to what is known.
Search finds submissions only; comments are read by community. Only ever reads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from pydantic import SecretStr

from monitor.errors import AuthError, HandlewatchError
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError
from monitor.ports import Batch, Cursor, Finding, Known, Pace, Recheck, SourceContext, SourcePlugin, Standing
from monitor.post import Post, text_hash
from sources.findings import clock_skew, failure
from sources.reddit_client import RedditClient
from sources.reddit_dumps import PLATFORM, described
from sources.reddit_options import Feed, RedditOptions, feeds_of
from sources.reddit_posts import KINDS, Listing, read_listing
from sources.reddit_session import Login
from sources.shapes import as_dict
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_PAGE: Final = 100
_READ: Final = "read"
"""Tells a later walk that there was one before."""
_CEILING: Final = 900
"""A listing that ends after so many has more that it does not show (about 1,000)."""
_BIOS_AT_ONCE: Final = 50


class RedditSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: RedditOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._login = Login(
            client_id=_plain(options.client_id),
            client_secret=_plain(options.client_secret),
            username=_plain(options.username),
            password=_plain(options.password),
            refresh_token=_plain(options.refresh_token),
        )
        self._reddit = RedditClient(
            context.http,
            login=self._login,
            base_url=options.base_url,
            auth_url=options.tokens_from,
            user_agent=context.user_agent,
            sleep=context.sleep,
        )
        self._feeds = feeds_of(options)
        self._bios: dict[str, str | None] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every listing."""
        self._want_login()
        options = self._options
        bounds = Bounds(first_pages=options.first_pages, max_pages=options.max_pages)
        walker = Walker(self._context, self._feeds, self._fetch, bounds)
        async for batch in walker.collect(cursor):
            yield batch

    def _want_login(self) -> None:
        """Reddit itself answers nothing without credentials; another server that the operator named may."""
        if not self._login.client_id and self._options.is_reddit:
            raise AuthError(
                "Reddit shows nothing without an application's credentials.",
                do="Set client_id and client_secret, in the configuration or the environment (praw_client_id, ...).",
            )

    async def _fetch(self, feed: Feed, older: str | None, before: str | None) -> Page:
        after, _, read = (older or "").partition(" ")
        count = int(read) if read.isdecimal() else 0
        params = {"limit": str(_PAGE), "sr_detail": "1", **feed.params}
        if after:
            params |= {"after": after, "count": str(count)}
        found = await self._listing(feed.path, params)
        count += found.length
        on = found.after if found.length and found.after != after else None
        # An empty page below one that led to it: perhaps what it led to was deleted. The very first walk has nothing
        # that it should have come down to.
        cut = before is not None and (count >= _CEILING or bool(after and not found.length))
        return Page(
            posts=found.posts,
            older=f"{on} {count}" if on else None,
            ceiling=on is None and cut,
            newest=None if older else _READ,
            bad=found.bad,
            deleted=found.deleted,
        )

    async def _listing(self, path: str, params: Mapping[str, str]) -> Listing:
        return read_listing(await self._reddit.get(path, params), seen_at=self._context.clock())

    async def check(self) -> Sequence[Finding]:
        """The credentials, what they allow, and one entry of every listing."""
        try:
            self._want_login()
        except AuthError as error:
            return [failure("credentials", error)]
        found: list[Finding] = []
        for feed in self._feeds:
            try:
                listing = await self._listing(feed.path, {"limit": "1", **feed.params})
            except HandlewatchError as error:
                if self._reddit.refused:
                    return [failure("credentials", error)]
                found.append(failure(feed.scope, error))
                continue
            if not any(finding.what == "clock" for finding in found) and self._reddit.last is not None:
                found[:0] = [*self._credentials(), clock_skew(self._reddit.last, self._context.clock)]
            said = "read" if listing.length else "nothing is there (communities may be hidden from applications)"
            found.append(Finding(what=feed.scope, well=True if listing.length else None, said=said))
        return found

    def _credentials(self) -> list[Finding]:
        if not self._login.client_id:
            return [Finding(what="credentials", well=None, said="none; this server answers without")]
        scopes = self._reddit.scopes
        well = bool(scopes & {"*", "read"})
        return [
            Finding(what="credentials", well=True, said="taken"),
            Finding(
                what="scope read",
                well=well,
                said=", ".join(sorted(scopes)) or "none",
                do="" if well else "Allow the application the scope read.",
            ),
        ]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A hundred a call."""
        found: list[Recheck] = []
        for start in range(0, len(posts), _PAGE):
            some = posts[start : start + _PAGE]
            try:
                listing = await self._info(list(dict.fromkeys(one.ref.id for one in some if _is_name(one.ref.id))))
            except HandlewatchError as error:
                found += [Recheck(ref=known.ref, standing=Standing.UNKNOWN, note=error.brief) for known in some]
                continue
            now = {post.id: post for post in listing.posts}
            unread = {record.where if _is_name(record.where) else "" for record in listing.bad}
            found += [_standing(known, now.get(known.ref.id), listing.removed, unread) for known in some]
        return found

    async def refresh(self, post: Known) -> Post | None:
        """The submission or comment as it is now; None where it was removed, by whomever."""
        name = post.ref.id
        if not _is_name(name):
            raise BadAnswerError("It is not a name that Reddit gives.")
        listing = await self._info([name])
        if listing.bad and name not in listing.removed:
            raise BadAnswerError("Reddit shows it in a form that is not known.")
        return None if name in listing.removed else next((now for now in listing.posts if now.id == name), None)

    async def _info(self, names: Sequence[str]) -> Listing:
        self._want_login()
        return await self._listing("api/info/", {"id": ",".join(names)}) if names else Listing()

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with their authors' bios: one call an author, kept; at most 50 at a time."""
        wanted = dict.fromkeys(post.author.handle for post in posts if post.author.handle and not post.author.bio)
        for handle in [handle for handle in wanted if handle not in self._bios][:_BIOS_AT_ONCE]:
            try:
                self._want_login()
                about = await self._reddit.get(f"user/{quote(handle, safe='')}/about/")
            except HandlewatchError as error:
                if getattr(error, "status", None) == 404:
                    self._bios[handle] = None
                    continue
                break
            shown = as_dict(as_dict(about).get("data")).get("subreddit")
            self._bios[handle] = described(shown)
        return [self._with_bio(post) for post in posts]

    def _with_bio(self, post: Post) -> Post:
        bio = self._bios.get(post.author.handle or "")
        return replace(post, author=replace(post.author, bio=bio)) if bio and not post.author.bio else post


def _standing(known: Known, now: Post | None, removed: Mapping[str, Standing], unread: set[str]) -> Recheck:
    name = known.ref.id
    if not _is_name(name):
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="not a name that Reddit gives")
    if name in removed:
        by = removed[name]
        note = "removed; by whom is not said" if by is Standing.UNAVAILABLE else "as Reddit says"
        return Recheck(ref=known.ref, standing=by, note=note)
    if now is None and not unread.isdisjoint({name, ""}):
        return Recheck(ref=known.ref, standing=Standing.UNKNOWN, note="in a form that is not known")
    if now is None:
        return Recheck(ref=known.ref, standing=Standing.UNAVAILABLE, note="not shown any more")
    note = "up" if now.author.key else "up, its account is gone"
    edited = known.text_hash is not None and text_hash(now) != known.text_hash
    return Recheck(ref=known.ref, standing=Standing.EDITED if edited else Standing.UP, note=note)


def _is_name(name: str) -> bool:
    kind, _, own = name.partition("_")
    return kind in KINDS and own.isascii() and own.isalnum()


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _servers(options: RedditOptions) -> Sequence[str]:
    return (options.base_url, options.tokens_from)


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="New submissions and comments of listed Reddit communities, and searches.",
    pace=Pace.POLL,
    options=RedditOptions,
    open=RedditSource,
    terms=load_terms()["reddit"],
    accepts=frozenset({TextType.JSON}),
    servers=_servers,
    credentials=("client_id", "client_secret", "username", "password", "refresh_token"),
    example="""\
[sources.reddit]
plugin = "reddit"
subreddits = ["maps"]
queries = ["wickr"]
every = 60
basis = "Reddit approved this use of our application in writing on 2026-11-24."
""",
)
