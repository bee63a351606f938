"""YouTube: what the operator's searches find, named videos and channels, and the comments on all of them.

Reads with an API key, within both of YouTube's daily quotas; what comes first in the configuration is read first,
and what a quota does not reach is told in the coverage ledger.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.bodies import TextType
from monitor.ports import (
    Batch,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    SourceContext,
    SourcePlugin,
)
from monitor.post import Post
from monitor.sourcing import Address, Names, SourceOptions
from sources.findings import clock_skew, failure
from sources.shapes import as_dict
from sources.terms import load_terms
from sources.walk import Bounds, Walker
from sources.youtube.api import Rank, YouTubeApi
from sources.youtube.lists import IDS_AT_ONCE, Lists, Part
from sources.youtube.posts import PLATFORM
from sources.youtube.recheck import Asker

SITE: Final = "https://youtube.googleapis.com"

_API: Final = "/youtube/v3"
_VIDEO = re.compile(r"(?:.*(?:[?&]v=|youtu\.be/|/shorts/|/live/|/embed/))?([\w-]{3,64})(?:[?&#/].*)?", re.ASCII)
_CHANNEL = re.compile(r"(?:.*/channel/)?(UC[\w-]{1,64})(?:[?#/].*)?|(?:.*/)?(@[^\s/?#]+).*", re.ASCII)


class YouTubeOptions(SourceOptions):
    """What is read, and how much of the quotas may be used."""

    base_url: Address = Field(SITE, description="The API's address.")
    queries: Names = Field((), description="Searches, the most important first.")
    videos: Names = Field(
        (),
        description="Videos to read with their comments, by id or address.",
        examples=[["https://youtu.be/zorblat_77x"]],
    )
    channels: Names = Field(
        (),
        description="Channels to read with all comments on them, by id, @handle or address.",
        examples=[["@zorblat"]],
    )
    api_key: SecretStr | None = Field(
        None,
        description="API key of a project for which the YouTube Data API v3 is enabled.",
        json_schema_extra={"env": ["YOUTUBE_API_KEY", "GOOGLE_API_KEY"]},
    )
    comment_videos: int = Field(
        20, ge=0, le=200, description="Of so many of the videos found last, the comments are read too."
    )
    all_replies: bool = Field(True, description="Fetch answers that a thread does not show, a call a thread.")
    searches_a_day: int = Field(100, ge=1, description="Calls of search that the project may make a day.")
    units_a_day: int = Field(10_000, ge=1, description="Units that all other calls may cost a day, one each.")
    first_pages: int = Field(1, ge=1, le=100, description="How many pages back the first poll of one goes.")
    max_pages: int = Field(10, ge=1, le=1000, description="Most pages of one listing in one poll.")

    @model_validator(mode="after")
    def _something(self) -> YouTubeOptions:
        if not (self.queries or self.videos or self.channels):
            raise ValueError("name queries, videos or channels")
        for name, pattern in (("videos", _VIDEO), ("channels", _CHANNEL)):
            if not all(pattern.fullmatch(given) for given in getattr(self, name)):
                raise ValueError(f"{name} needs ids, or addresses")
        return self

    @property
    def api(self) -> str:
        """The API's address, with its version."""
        return self.base_url if urlsplit(self.base_url).path.strip("/") else self.base_url + _API

    @property
    def video_ids(self) -> list[str]:
        """The named videos."""
        return list(dict.fromkeys(match[1] for one in self.videos if (match := _VIDEO.fullmatch(one))))

    @property
    def channel_names(self) -> list[str]:
        """The named channels, by id or @handle."""
        return list(dict.fromkeys(match[1] or match[2] for one in self.channels if (match := _CHANNEL.fullmatch(one))))


class YouTubeSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: YouTubeOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        given = options.model_fields_set
        free = context.loopback
        self._api = YouTubeApi(
            context,
            options.api,
            options.api_key.get_secret_value() if options.api_key else "",
            searches=float("inf") if free and "searches_a_day" not in given else options.searches_a_day,
            units=float("inf") if free and "units_a_day" not in given else options.units_a_day,
        )
        self._asker = Asker(self._api, context.clock)
        self._lists = Lists(
            self._api,
            context.clock,
            reply_pages=options.max_pages if options.all_replies else 0,
            named=options.channel_names,
        )
        self._walks: dict[str, Any] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """One poll: comments on what is named; searches, videos and channels; comments on what was found."""
        self._load(cursor)
        first: HandlewatchError | None = None
        went_well = False
        for name, parts in (("comments", self._named), ("things", self._things), ("found", self._found)):
            walked = parts()
            try:
                async for batch in self._walk(name, walked):
                    yield batch
                went_well = went_well or bool(walked)
            except (AuthError, RateLimitedError, UnreachableError) as error:
                first = first or error
        if first is not None and not went_well:
            raise first

    async def _walk(self, name: str, parts: Sequence[Part]) -> AsyncGenerator[Batch, None]:
        bounds = Bounds(first_pages=self._options.first_pages, max_pages=self._options.max_pages)
        walker = Walker(self._context, parts, self._lists.page, bounds)
        async for batch in walker.collect(as_dict(self._walks.get(name))):
            self._walks[name] = walker.cursor()
            yield replace(batch, cursor=self._dump()) if batch.cursor is not None else batch

    def _load(self, cursor: Cursor | None) -> None:
        stored = cursor or {}
        self._walks = dict(as_dict(stored.get("walks")))
        self._lists.load(stored)
        self._api.searches.load(stored.get("searches"))
        self._api.units.load(stored.get("units"))

    def _dump(self) -> Mapping[str, Any]:
        return {
            "walks": dict(self._walks),
            **self._lists.dump(),
            "searches": self._api.searches.dump(),
            "units": self._api.units.dump(),
        }

    def _things(self) -> list[Part]:
        options, videos = self._options, self._options.video_ids
        parts = [
            Part(f"search {query}", "searches", "search", query, Rank(place, len(options.queries)))
            for place, query in enumerate(options.queries)
        ]
        for start in range(0, len(videos), IDS_AT_ONCE):
            some = ",".join(videos[start : start + IDS_AT_ONCE])
            parts.append(Part(f"videos {start + 1}" if start else "videos", "units", "videos", some, Rank()))
        for name in options.channel_names:
            parts.append(Part(f"channel {name}", "units", "channel", name, Rank()))
            parts.append(Part(f"videos of {name}", "units", "uploads", name, Rank(1, 4)))
        return parts

    def _named(self) -> list[Part]:
        options = self._options
        wanted = [("thread", video, f"comments on {video}") for video in options.video_ids]
        wanted += [("threads", name, f"comments on channel {name}") for name in options.channel_names]
        ranks = len(wanted)
        return [Part(scope, "units", kind, key, Rank(at, 2 * ranks)) for at, (kind, key, scope) in enumerate(wanted)]

    def _found(self) -> list[Part]:
        named = set(self._options.video_ids)
        last = sorted(self._lists.found.items(), key=lambda video: video[1], reverse=True)
        found = [video for video, _ in last if video not in named][: self._options.comment_videos]
        self._lists.found = {video: self._lists.found[video] for video in found}
        ranks = 2 * len(found)
        return [
            Part(f"comments on {video}", "units", "thread", video, Rank(ranks // 2 + at, ranks))
            for at, video in enumerate(found)
        ]

    async def check(self) -> Sequence[Finding]:
        """The key, the clock, one search, and every video and channel."""
        options = self._options
        try:
            _, _, response = await self._api.items("videos", {"part": "id", "id": (options.video_ids or ["x" * 11])[0]})
        except HandlewatchError as error:
            return [failure("API key", error)]
        found = [Finding(what="API key", well=True, said="taken"), clock_skew(response, self._context.clock)]
        parts = [part for part in self._things() if part.kind != "search"] + self._named()
        for part in [*self._things()[: bool(options.queries)], *parts]:
            try:
                page = await self._lists.page(part, None, None)
            except HandlewatchError as error:
                found.append(failure(part.scope, error))
                continue
            said = page.note or f"{len(page.posts)} on its newest page"
            found.append(Finding(what=part.scope, well=True, said=said))
        quotas = f"{options.searches_a_day} searches and {options.units_a_day} units a day"
        return [*found, Finding(what="quotas", well=True, said=quotas)]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every fifty videos, channels or comments."""
        return await self._asker.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        return await self._asker.refresh(post)

    async def enrich(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The posts with what their authors' channels say of themselves: a call for every fifty."""
        return await self._asker.enrich(posts)


PLUGIN: Final = SourcePlugin(
    name=PLATFORM,
    summary="YouTube's videos and channels, searched or named, and their comments.",
    pace=Pace.POLL,
    options=YouTubeOptions,
    open=YouTubeSource,
    terms=load_terms()["youtube"],
    accepts=frozenset({TextType.JSON}),
    credentials=("api_key",),
    credentials_needed=True,
    example="""\
[sources.youtube]
plugin = "youtube"
queries = ["wickr", "teleguard"]
every = 1800
basis = "Public videos and comments; YouTube's developer policies were read on 2026-11-24; texts are kept for 30 days."
""",
)
