"""What reads a decoded page of each platform, as its source does, without asking any server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from monitor.post import Post
from sources import discord_messages as discord
from sources import matrix_events as matrix
from sources import reddit_posts as reddit
from sources import tumblr_posts as tumblr
from sources import x_posts as x
from sources.discourse import posts as discourse
from sources.fourchan import posts as fourchan
from sources.lemmy import views as lemmy
from sources.mastodon import statuses as mastodon
from sources.youtube import posts as youtube

Read = Callable[[Any], Sequence[Post]]
"""A decoded page -> its posts."""

_SEEN: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
_BOARD: Final = fourchan.Board("po")
_CHANNEL: Final = discord.Channel("112233445566778899", "1", "Maps #old", "All maps")
_FORUM: Final = discourse.Forum("https://forum.example", {"7": discourse.Category("Maps", "All maps")})
_ROOM: Final = matrix.Room("!maps:home.example", "Maps", "All maps")


def _discord(page: Any) -> Sequence[Post]:
    told = [one for one in page if discord.is_written(one) and not discord.came_empty(one)]
    return [discord.to_post(one, _CHANNEL, seen_at=_SEEN) for one in told]


def _discourse(page: Any) -> Sequence[Post]:
    raws = page["latest_posts"]
    forum = _FORUM.with_places(raws)
    shown = [raw for raw in raws if discourse.is_written(raw) and discourse.state_of(raw) is discourse.State.UP]
    return [discourse.to_post(raw, forum, seen_at=_SEEN) for raw in shown]


def _fourchan(page: Any) -> Sequence[Post]:
    return [fourchan.to_post(raw, _BOARD, 570368, seen_at=_SEEN) for raw in page["posts"]]


def _lemmy(page: Any) -> Sequence[Post]:
    views = page["posts"]
    here = lemmy.Page(views, seen_at=_SEEN, server="https://lemmy.example", languages={37: "en"})
    return [lemmy.to_post(view, here) for view in views if lemmy.state_of(view) is lemmy.State.UP]


def _mastodon(page: Any) -> Sequence[Post]:
    statuses = map(mastodon.unwrap, page)
    return [mastodon.to_post(status, seen_at=_SEEN) for status in statuses if mastodon.is_public(status)]


def _matrix(page: Any) -> Sequence[Post]:
    names: dict[str, str] = {}
    return [matrix.to_post(event, _ROOM, names, seen_at=_SEEN) for event in page["chunk"]]


def _reddit(page: Any) -> Sequence[Post]:
    return reddit.read_listing(page, seen_at=_SEEN).posts


def _tumblr(page: Any) -> Sequence[Post]:
    return [tumblr.to_posts(raw, {}, seen_at=_SEEN).post for raw in page["response"]]


def _x(page: Any) -> Sequence[Post]:
    authors = x.authors_of(page)
    return [x.to_post(raw, authors, seen_at=_SEEN) for raw in page["data"]]


def _youtube(page: Any) -> Sequence[Post]:
    comments = (item["snippet"]["topLevelComment"] for item in page["items"])
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
"""By platform. Those that are read from pages of HTML, from XML or from frames of a stream are not among them."""
