"""Nostr: notes on the relays that the operator names, by tag and kind. Only ever asks; publishes nothing.

Times are chosen by authors: reading goes back to some time before the newest event that was seen, and events are
told apart by their ids. What is filed under an older time than that is missed, and what one relay dropped another may
keep.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from monitor.errors import HandlewatchError
from monitor.net.address import host_of
from monitor.net.bodies import TextType
from monitor.net.errors import BadAnswerError
from monitor.ports import (
    AccountRef,
    Batch,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Records,
    SourceContext,
    SourcePlugin,
)
from monitor.post import Post, PostRef
from monitor.sourcing import Address, Addresses, Names, SourceOptions, split_texts
from sources.findings import clock_skew, failure
from sources.media import drop_media_links
from sources.nostr_events import PLATFORM, Note, tags_of, to_post, with_profile
from sources.nostr_recheck import DELETION, is_id, look_for, parts
from sources.nostr_relay import Relay
from sources.scopes import Place
from sources.shapes import as_dict, as_list, as_text
from sources.terms import load_terms
from sources.walk import Bounds, Page, Walker

_PAGE: Final = 500
_FULL: Final = 20
"""An answer as long as this may not be all there is: relays have limits that they do not tell."""
_FOLLOWED: Final = 300
"""Posts whose deletion is asked about at every poll."""
_PROFILE, _VANISH = 0, 62


class NostrOptions(SourceOptions):
    """Which relays are read, and what of them."""

    base_url: Address | None = Field(
        None, description="One relay to read, instead of `relays`.", examples=["wss://relay.example"]
    )
    relays: Addresses = Field((), description="The relays to read, for example wss://relay.example.")
    tags: Names = Field((), description="Only events with one of these tags (t). Without this: all.")
    kinds: Annotated[tuple[int, ...], BeforeValidator(split_texts)] = Field(
        (1, 1111, 30023), description="Kinds of event to read: 1 notes, 1111 comments, 30023 long texts."
    )
    overlap_seconds: float = Field(
        600, ge=0, le=86_400, description="How much is read again at every poll: seconds before the newest event seen."
    )
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back (of 500) the first poll of one goes.")
    max_pages: int = Field(50, ge=1, le=1000, description="Most pages of one relay in one poll.")

    @model_validator(mode="after")
    def _somewhere(self) -> NostrOptions:
        if not self.addresses:
            raise ValueError("name a relay, as base_url or in relays")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """The relays to read."""
        return (self.base_url,) if self.base_url else tuple(dict.fromkeys(self.relays))


class NostrSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: NostrOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        self._relays = {url: Relay(url, context) for url in options.addresses}
        self._shown: dict[str, str] = {}
        self._authors: dict[str, str] = {}
        self._profiles: dict[str, Mapping[str, Any] | None] = {}

    @asynccontextmanager
    async def _connections(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            for relay in self._relays.values():
                await relay.close()

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll of every relay, and of the deletions of what it gave before."""
        options = self._options
        pairs = [as_list(pair) for pair in as_list((cursor or {}).get("authors"))]
        self._authors = {str(pair[0]): str(pair[1]) for pair in pairs if len(pair) == 2}
        bounds = Bounds(
            first_pages=options.first_pages,
            max_pages=options.max_pages,
            overlap=timedelta(seconds=options.overlap_seconds),
        )
        places = [Place(urlsplit(url).netloc + urlsplit(url).path, url, url) for url in options.addresses]
        walker = Walker(self._context, places, self._fetch, bounds)
        async with self._connections():
            followed = dict(self._authors)
            async for batch in walker.collect(cursor):
                self._follow()
                yield replace(batch, cursor=self._cursor(batch.cursor)) if batch.cursor else batch
            async for batch in self._deletions(followed):
                yield replace(batch, cursor=self._cursor(walker.cursor()))

    def _cursor(self, walked: Cursor) -> Cursor:
        return {**walked, "authors": list(self._authors.items())}

    def _follow(self) -> None:
        """Remembers the authors of the page that was given last: deletions are asked for by them."""
        self._authors |= self._shown
        self._shown = {}
        while len(self._authors) > _FOLLOWED:
            del self._authors[next(iter(self._authors))]

    async def _fetch(self, place: Place, older: str | None, bound: str | None) -> Page:
        relay, now = self._relays[place.key], self._context.clock()
        asked: dict[str, Any] = {
            "kinds": list(self._options.kinds),
            "limit": min(_PAGE, self._context.limit or _PAGE),
        }
        if self._options.tags:
            tags = [tag.removeprefix("#") for tag in self._options.tags]
            asked["#t"] = list(dict.fromkeys([*tags, *(tag.lower() for tag in tags)]))
        if bound is not None:
            asked["since"] = max(0, int(bound) - int(self._options.overlap_seconds))
        if older is not None:
            asked["until"] = int(older)
        answer = await relay.ask(asked)
        full = min(asked["limit"], _FULL, _stated_limit(await relay.about()))
        events = sorted(
            (event for event in answer.events if event["kind"] in self._options.kinds),
            key=lambda event: event["created_at"],
            reverse=True,
        )
        about = await self._about(relay) if events else ("", "")
        posts = [Note(event, relay=relay.host, about=about, seen_at=now) for event in events]
        self._shown = {post.id: post.author for post in posts}
        newest = str(min(int(now.timestamp()), events[0]["created_at"])) if events and older is None else None
        below, crowded = _below(events, older, full)
        return Page(posts=posts, older=below, newest=newest, bad=answer.bad, ceiling=crowded)

    async def _about(self, relay: Relay) -> tuple[str, str]:
        said = await relay.about()
        description, _ = drop_media_links(as_text(said.get("description")))
        return as_text(said.get("name")), description.strip()

    async def _deletions(self, followed: Mapping[str, str]) -> AsyncGenerator[Batch, None]:
        """What authors asked to be deleted, of the posts that were given before this poll."""
        if not followed:
            return
        for relay in self._relays.values():
            deleted, vanished = list[PostRef](), set[str]()
            for ids in parts(list(followed)):
                authors = sorted({followed[name] for name in ids})
                try:
                    answer = await relay.ask(
                        {"kinds": [DELETION], "#e": list(ids)}, {"kinds": [_VANISH], "authors": authors}
                    )
                except HandlewatchError:
                    break  # asked again at the next poll; that the relay failed stands in the coverage
                for event in answer.events:
                    if event["kind"] == _VANISH and _vanishes(event, relay.url):
                        vanished.add(event["pubkey"])
                    elif event["kind"] == DELETION:
                        names = {tag[1] for tag in tags_of(event, "e")} & set(self._authors)
                        # Only authors delete: anybody can sign such an event about another's.
                        own = [name for name in names if self._authors[name] == event["pubkey"]]
                        deleted += [PostRef(PLATFORM, name) for name in own]
                        self._forget(own)
            self._forget(authors=vanished)
            if deleted or vanished:
                accounts = [AccountRef(PLATFORM, author) for author in sorted(vanished)]
                yield Batch(records=Records.of(()), deleted=deleted, deleted_accounts=accounts)

    def _forget(self, names: Collection[str] = (), authors: Collection[str] = ()) -> None:
        kept = {name: author for name, author in self._authors.items() if name not in names and author not in authors}
        self._authors = kept

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with their authors' names and bios (kind 0), as the relays have them."""
        authors = {post.author.id for post in posts if post.author.id}
        async with self._connections():
            for relay in self._relays.values():
                wanted = sorted(author for author in authors if not self._profiles.get(author))
                for some in parts(wanted):
                    try:
                        answer = await relay.ask({"kinds": [_PROFILE], "authors": list(some)})
                    except HandlewatchError:
                        break
                    for event in sorted(answer.events, key=lambda event: event["created_at"]):
                        if event["kind"] == _PROFILE and event["pubkey"] in some:
                            self._profiles[event["pubkey"]] = event
        return [with_profile(post, as_dict(self._profiles.get(post.author.id or ""))) for post in posts]

    async def check(self) -> Sequence[Finding]:
        """What every relay says of itself, and one event of each."""
        found: list[Finding] = []
        async with self._connections():
            for relay in self._relays.values():
                try:
                    about, response = await relay.ask_about()
                    limits = as_dict(about.get("limitation"))
                    shut = [name for name in ("auth_required", "payment_required") if limits.get(name) is True]
                    said = f"says: {', '.join(shut)}" if shut else "says who it is"
                    found.append(Finding(what=f"{relay.host} about itself", well=not shut, said=said))
                    found.append(clock_skew(response, self._context.clock))
                except HandlewatchError as error:
                    found.append(Finding(what=f"{relay.host} about itself", well=None, said=error.what))
                try:
                    answer = await relay.ask({"kinds": list(self._options.kinds), "limit": 1})
                except HandlewatchError as error:
                    found.append(failure(f"relay {relay.host}", error))
                else:
                    said = "an event was read" if answer.events else "it answers; it shows no event"
                    found.append(Finding(what=f"relay {relay.host}", well=True if answer.events else None, said=said))
        return found

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """Whether any of the relays still has the events; a deletion counts where its author signed it."""
        async with self._connections():
            return await look_for(posts, list(self._relays.values()))

    async def refresh(self, post: Known) -> Post | None:
        """The event again, from the first relay that has it (events do not change)."""
        if not is_id(post.ref.id):
            raise BadAnswerError("It is not an event's id.")
        first: HandlewatchError | None = None
        async with self._connections():
            for relay in self._relays.values():
                try:
                    answer = await relay.ask({"ids": [post.ref.id]})
                except HandlewatchError as error:
                    first = first or error
                    continue
                for event in answer.events:
                    if event["id"] == post.ref.id:
                        about = await self._about(relay)
                        return to_post(event, relay=relay.host, about=about, seen_at=self._context.clock())
        if first is not None:
            raise first
        return None


def _below(events: Sequence[Mapping[str, Any]], older: str | None, full: int) -> tuple[str | None, bool]:
    """The time to go on from, and whether more may have been filed under one second than a relay gives at once."""
    if len(events) < full:
        return None, False
    lowest = events[-1]["created_at"]
    if older is not None and lowest >= int(older):
        return (str(int(older) - 1), True) if int(older) > 0 else (None, True)
    return str(lowest), False


def _stated_limit(about: Mapping[str, Any]) -> int:
    """How many events a relay gives at once at most, as it says itself."""
    stated = as_dict(about.get("limitation")).get("max_limit")
    return stated if isinstance(stated, int) and stated > 0 else _PAGE


def _vanishes(event: Mapping[str, Any], relay: str) -> bool:
    """Whether a request to vanish (NIP-62) is meant for this relay."""
    named = {tag[1] for tag in tags_of(event, "relay")}
    return "ALL_RELAYS" in named or host_of(relay) in {host_of(name) for name in named}


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="Notes on Nostr relays, by tag and kind.",
    pace=Pace.POLL,
    options=NostrOptions,
    open=NostrSource,
    terms=load_terms()["nostr"],
    accepts=frozenset({TextType.JSON, TextType.HTML}),  # without NIP-11, relays show a page there
    example="""\
[sources.nostr]
plugin = "nostr"
relays = ["wss://relay.example"]
tags = ["wickr", "kik"]
every = 60
basis = "Public relays; their terms were read on 2026-11-24 and allow it."
""",
)
