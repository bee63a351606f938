"""The worlds that the battery runs through; a new source adds its own here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sources.bluesky_world import appview_world, relay_world
from tests.sources.discord_world import discord_world
from tests.sources.discourse_world import discourse_world
from tests.sources.feed_world import feed_world
from tests.sources.fourchan_world import fourchan_world
from tests.sources.jetstream import V1, V2, jetstream_world
from tests.sources.lemmy_world import lemmy_world
from tests.sources.mastodon_stream_world import mastodon_stream_world
from tests.sources.matrix_world import matrix_world
from tests.sources.nostr_world import nostr_world
from tests.sources.reddit_world import reddit_world
from tests.sources.telegram_world import telegram_world
from tests.sources.tumblr_world import tumblr_world
from tests.sources.worlds import archive_world, mastodon_world
from tests.sources.x_world import x_world
from tests.sources.youtube_world import youtube_world

HTTP = {
    "discord": discord_world(),
    "discord-50": discord_world(most=50),
    "discourse": discourse_world(),
    "discourse-below": discourse_world(again=False),
    "discourse-topics": discourse_world("latest"),
    "feeds-atom": feed_world(),
    "feeds-rss": feed_world(rss=True),
    "fourchan": fourchan_world(),
    "lemmy-3": lemmy_world("v3", "posts"),
    "lemmy-3-comments": lemmy_world("v3", "comments"),
    "lemmy-4": lemmy_world("v4", "posts"),
    "mastodon": mastodon_world(),
    "mastodon-search": mastodon_world(search=True),
    "mastodon-since": mastodon_world(forward=False),
    "mastodon-unordered": mastodon_world(ordered=False, links=False),
    "matrix": matrix_world(),
    "matrix-own": matrix_world(own=True),
    "reddit": reddit_world(),
    "telegram": telegram_world(),
    "tumblr": tumblr_world(),
    "tumblr-blog": tumblr_world(blog=True),
    "tumblr-old": tumblr_world(npf=False),
    "x": x_world(),
    "x-renamed": x_world(renamed=True),
    "youtube-comments": youtube_world(),
    "youtube-search": youtube_world(found=True),
}
STREAMS = {"jetstream-1": jetstream_world(V1), "jetstream-2": jetstream_world(V2), "relay": relay_world()}
SEARCHES = {
    "bluesky-feed": appview_world(feed=True),
    "bluesky-search": appview_world(),
    "bluesky-search-anonymous": appview_world(anonymous=True),
}
"""They do not show edits."""
RELAYS = {"nostr": nostr_world(), "nostr-silent": nostr_world(about=False)}
EVENTS = {
    "mastodon-stream": mastodon_stream_world(),
    "mastodon-stream-none": mastodon_stream_world(streams=False),
    "mastodon-stream-since": mastodon_stream_world(forward=False),
}
FILES = {"archive-records": archive_world("records"), "archive-reddit": archive_world("reddit")}
WORLDS = {**HTTP, **SEARCHES, **STREAMS, **RELAYS, **EVENTS, **FILES}


async def _opened(name: str, folder: Path) -> AsyncIterator[Any]:
    async with WORLDS[name](folder) as world:
        yield world


@pytest.fixture(params=sorted(WORLDS))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Every source's world."""
    async for world in _opened(request.param, tmp_path):
        yield world


@pytest.fixture(params=sorted({**HTTP, **STREAMS, **EVENTS}))
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """The worlds whose posts can be edited and deleted."""
    async for world in _opened(request.param, tmp_path):
        yield world


@pytest.fixture(params=sorted({**HTTP, **SEARCHES}))
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """The worlds behind HTTP."""
    async for world in _opened(request.param, tmp_path):
        yield world


@pytest.fixture(params=sorted(STREAMS))
async def stream(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """The worlds behind a WebSocket."""
    async for world in _opened(request.param, tmp_path):
        yield world
