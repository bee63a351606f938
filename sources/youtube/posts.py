"""YouTube's videos, channels and comments as posts: pure mapping, tolerant.

Facts: the discovery document of YouTube's Data API v3 (Video, Channel, Comment, CommentThread, SearchResult).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from html import unescape
from typing import Any, Final

from monitor.post import NOBODY, Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "youtube"
SITE: Final = "https://www.youtube.com"

_MARKUP = re.compile(r'<br ?/?>|<a href="|&(?:amp|quot|lt|gt|#39);')
_HANDLE = re.compile(r"@\S+")


class UnusableItemError(ValueError):
    """Something that cannot be used; the text says why, without any content."""


def item_id(item: Mapping[str, Any]) -> str | None:
    """The id of a thing: a text, or, in a search's results, by its kind."""
    kinds = as_dict(item.get("id"))
    return as_id(item.get("id")) or as_id(kinds.get("videoId")) or as_id(kinds.get("channelId"))


def is_channel(item: Mapping[str, Any]) -> bool:
    """Whether a search's result is a channel."""
    return bool(as_dict(item.get("id")).get("channelId"))


def video_post(item: Mapping[str, Any], *, seen_at: datetime, found: bool = False) -> Post:
    """A video: its title, description and tags.

    :param found: it is a search's result, whose texts are escaped (and cut short).
    :raises UnusableItemError: no id, or neither title nor description.
    """
    number, snippet = item_id(item), as_dict(item.get("snippet"))
    if number is None:
        raise UnusableItemError("no id")
    title, text, media = _texts(snippet, escaped=found)
    channel, shown = as_id(snippet.get("channelId")), _text(snippet.get("channelTitle"), escaped=found)
    return Post(
        platform=PLATFORM,
        id=number,
        url=f"{SITE}/watch?v={number}",
        created_at=as_time(snippet.get("publishedAt")),
        first_seen_at=seen_at,
        author=_owner(channel, shown) if channel else NOBODY,
        title=title,
        text=text,
        tags=tuple(filter(None, (without_media(as_text(tag)) for tag in as_list(snippet.get("tags"))))),
        community=channel,
        lang=as_text(snippet.get("defaultLanguage")) or as_text(snippet.get("defaultAudioLanguage")) or None,
        media_count=1 + media,
    )


@lru_cache(maxsize=512)
def _owner(channel: str, shown: str) -> Author:
    return Author(id=channel, name=without_media(shown) or None)


def channel_post(item: Mapping[str, Any], *, seen_at: datetime, found: bool = False) -> Post:
    """A channel: what it says of itself.

    :param found: see :func:`video_post`, as for what is raised.
    """
    number, snippet = item_id(item), as_dict(item.get("snippet"))
    if number is None:
        raise UnusableItemError("no id")
    title, text, media = _texts(snippet, escaped=found)
    return Post(
        platform=PLATFORM,
        id=number,
        url=f"{SITE}/channel/{number}",
        created_at=as_time(snippet.get("publishedAt")),
        first_seen_at=seen_at,
        author=Author(id=number, handle=as_text(snippet.get("customUrl")) or None, name=title),
        title=title,
        text=text,
        community=number,
        lang=as_text(snippet.get("defaultLanguage")) or None,
        media_count=media,
    )


def comment_post(item: Mapping[str, Any], *, video: str | None, channel: str | None, seen_at: datetime) -> Post:
    """A comment, or an answer to one.

    :param video: the video that it is under, where it does not say that itself; so for `channel`.
    :raises UnusableItemError: no id, or no text field.
    """
    number, snippet = as_id(item.get("id")), as_dict(item.get("snippet"))
    if number is None:
        raise UnusableItemError("no id")
    text, media = _comment_text(snippet)
    said, changed = snippet.get("publishedAt"), snippet.get("updatedAt")
    created = as_time(said)
    channel = as_id(snippet.get("channelId")) or channel
    above = as_id(snippet.get("parentId"))
    return Post(
        platform=PLATFORM,
        id=number,
        url=_comment_address(number, as_id(snippet.get("videoId")) or video, channel),
        created_at=created,
        first_seen_at=seen_at,
        edited_at=as_time(changed) if changed != said and changed else None,
        author=_author(snippet.get("authorChannelId"), snippet.get("authorDisplayName")),
        text=text,
        community=channel,
        reply_to=above or (number.partition(".")[0] if "." in number else None),
        media_count=media,
    )


def _comment_text(snippet: Mapping[str, Any]) -> tuple[str, int]:
    shown = snippet.get("textDisplay")
    shown = shown if isinstance(shown, str) else snippet.get("textOriginal")
    if not isinstance(shown, str):
        raise UnusableItemError("no text field")
    # Plain text was asked for; a server that gives markup all the same is understood, best by what was written.
    if ("<" in shown or "&" in shown) and _MARKUP.search(shown):
        if isinstance(written := snippet.get("textOriginal"), str) and written:
            return drop_media_links(written)
        text, media = html_to_text(shown)
        text, dropped = drop_media_links(text)
        return text, media + dropped
    return drop_media_links(shown) if ":" in shown else (shown, 0)


def _comment_address(number: str, video: str | None, channel: str | None) -> str | None:
    if video:
        return f"{SITE}/watch?v={video}&lc={number}"
    return f"{SITE}/channel/{channel}/community?lc={number}" if channel else None


def _author(channel: object, shown: object) -> Author:
    number = as_id(channel) or as_id(as_dict(channel).get("value"))
    return _known_author(number, as_text(shown))


@lru_cache(maxsize=2048)
def _known_author(number: str | None, shown: str) -> Author:
    """The same few write many comments."""
    if not (number or shown):
        return NOBODY
    shown = without_media(shown)
    # Most are handles nowadays; old recordings, and some accounts, have names.
    return Author(id=number, handle=shown or None, name=None if _HANDLE.fullmatch(shown) else shown or None)


def _text(value: object, *, escaped: bool) -> str:
    return unescape(as_text(value)) if escaped else as_text(value)


def _texts(snippet: Mapping[str, Any], *, escaped: bool) -> tuple[str, str, int]:
    """Title, description without links to media, and how many of those there were."""
    if not isinstance(snippet.get("title"), str) and not isinstance(snippet.get("description"), str):
        raise UnusableItemError("neither title nor description")
    title = without_media(_text(snippet.get("title"), escaped=escaped))
    text, media = drop_media_links(_text(snippet.get("description"), escaped=escaped))
    return title, text.strip() if media else text, media


def uploaded(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """A place in a channel's list of videos, as the video there."""
    snippet = as_dict(item.get("snippet"))
    owner = as_id(snippet.get("videoOwnerChannelId")) or as_id(snippet.get("channelId"))
    return {
        "id": as_dict(snippet.get("resourceId")).get("videoId"),
        "snippet": {**snippet, "channelId": owner},
    }
