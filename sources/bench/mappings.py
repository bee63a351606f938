"""What reads a page of each platform, as its source does, without asking any server, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from monitor.drafts import Draft
from monitor.ports import Records
from sources import discord_messages as discord
from sources import matrix_events as matrix
from sources import reddit_posts as reddit
from sources import tumblr_posts as tumblr
from sources import x_posts as x
from sources.bench import others
from sources.bench.pages import page_of
from sources.discourse import posts as discourse
from sources.fourchan import posts as fourchan
from sources.lemmy import views as lemmy
from sources.mastodon import statuses as mastodon
from sources.shapes import as_dict
from sources.youtube import posts as youtube

Read = Callable[[Any], Sequence[Draft]]
"""A decoded page -> drafts of its posts."""

_SEEN: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
_BOARD: Final = fourchan.Board("po")
_CHANNEL: Final = discord.Channel("112233445566778899", "1", "Maps #old", "All maps")
_FORUM: Final = discourse.Forum("https://forum.example", {"7": discourse.Category("Maps", "All maps")})
_ROOM: Final = matrix.Room("!maps:home.example", "Maps", "All maps")


def _discord(page: Any) -> Sequence[Draft]:
    told = [one for one in page if discord.is_written(one) and not discord.came_empty(one)]
    return [discord.Message(one, _CHANNEL, seen_at=_SEEN) for one in told]


def _discourse(page: Any) -> Sequence[Draft]:
    raws = page["latest_posts"]
    forum = _FORUM.with_places(raws)
    shown = [raw for raw in raws if discourse.is_written(raw) and discourse.state_of(raw) is discourse.State.UP]
    return [discourse.Written(raw, forum, seen_at=_SEEN) for raw in shown]


def _fourchan(page: Any) -> Sequence[Draft]:
    return [fourchan.BoardPost(raw, _BOARD, 570368, seen_at=_SEEN) for raw in page["posts"]]


def _lemmy(page: Any) -> Sequence[Draft]:
    views = page["posts"]
    here = lemmy.Page(views, seen_at=_SEEN, server="https://lemmy.example", languages={37: "en"})
    return [lemmy.to_post(view, here) for view in views if lemmy.state_of(view) is lemmy.State.UP]


def _mastodon(page: Any) -> Sequence[Draft]:
    statuses, accounts = map(mastodon.unwrap, page), mastodon.Accounts()
    return [mastodon.Status(status, accounts, seen_at=_SEEN) for status in statuses if mastodon.is_public(status)]


def _matrix(page: Any) -> Sequence[Draft]:
    return [*matrix.read_events(page["chunk"], _ROOM, {}, seen_at=_SEEN).posts.values()]


def _reddit(page: Any) -> Sequence[Draft]:
    return reddit.read_listing(page, seen_at=_SEEN).posts


def _tumblr(page: Any) -> Sequence[Draft]:
    return [tumblr.Written(raw, {}, seen_at=_SEEN) for raw in page["response"]]


def _x(page: Any) -> Sequence[Draft]:
    authors = x.authors_of(page)
    return [x.Written(raw, authors, seen_at=_SEEN) for raw in page["data"]]


def _youtube(page: Any) -> Sequence[Draft]:
    comments = (as_dict(as_dict(item["snippet"]).get("topLevelComment")) for item in page["items"])
    return [youtube.comment_post(comment, video=None, channel=None, seen_at=_SEEN) for comment in comments]


MAPPINGS: Final[Mapping[str, Read]] = {
    "discord": _discord,
    "discourse": _discourse,
    "fourchan": _fourchan,
    "lemmy": _lemmy,
    "mastodon": _mastodon,
    "matrix": _matrix,
    "reddit": _reddit,
    "tumblr": _tumblr,
    "x": _x,
    "youtube": _youtube,
}
"""By platform, of those that answer with a page of JSON."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one platform's pages are made and read.

    :param yardstick: what the mapping is held against, in a few words; `parse` does it.
    :param read: gives the records: of what `parse` gave, or where it does not say (`whole`) of the page itself.
    """

    yardstick: str
    page: Callable[[int], Any]
    parse: Callable[[Any], Any]
    read: Callable[[Any], Records]
    whole: bool = False


def _of_json(platform: str, read: Read) -> Form:
    return Form("orjson", lambda posts: page_of(platform, posts), orjson.loads, lambda page: Records.of(read(page)))


FORMS: Final[Mapping[str, Form]] = {
    **{platform: _of_json(platform, read) for platform, read in MAPPINGS.items()},
    "bluesky": Form("orjson", others.frames, others.decode_all, others.read_frames, whole=True),
    "nostr": Form("orjson and the signatures", others.events, others.decode_and_verify, others.read_events, whole=True),
    "telegram": Form("bare html.parser", others.channel_page, others.parse_html, others.read_channel, whole=True),
    "feeds": Form("feedparser", others.feed, others.parse_feed, others.read_entries),
}
"""By platform, of all."""
