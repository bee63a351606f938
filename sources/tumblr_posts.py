"""Tumblr's posts as posts of ours: pure mapping, tolerant. What they say is read by `sources.tumblr_texts`.

Facts: tumblr/docs, api.md (fields of a post, `trail`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from monitor.post import NOBODY, Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time
from sources.tumblr_texts import (
    NOTHING,
    Part,
    UnusablePostError,
    blocks_text,
    is_own,
    joined,
    of_html,
    old_form,
    post_id,
)

PLATFORM: Final = "tumblr"

_LAST_TIME: Final = 253_402_300_800
"""The year 10000."""


def place_in_time(raw: Mapping[str, Any]) -> int | None:
    """What `before` pages by: when a post was featured, where that is what a listing goes by; else its time."""
    for name in ("featured_timestamp", "timestamp"):
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    moment = _time(raw)
    return int(moment.timestamp()) if moment else None


def is_public(raw: Mapping[str, Any]) -> bool:
    """Whether everybody may read it."""
    return raw.get("state", "published") in ("published", None)


class Written:
    """The draft of a post (`monitor.drafts`), with those that it passes on, each by the blog that wrote it (`trail`).

    :param blog: whose listing it is from; empty where it is from no blog's.
    :raises UnusablePostError: no id, or nothing that could hold text (the form has changed).
    """

    __slots__ = ("_author", "_blog", "_media", "_quoted", "_raw", "_seen_at", "created_at", "id", "texts", "trail")

    def __init__(self, raw: Mapping[str, Any], blog: Mapping[str, Any], *, seen_at: datetime) -> None:
        self._raw, self._seen_at = raw, seen_at
        number = post_id(raw)
        if number is None:
            raise UnusablePostError("no id")
        name = as_text(raw.get("blog_name"))
        self._blog = own_blog = as_dict(raw.get("blog")) or (blog if as_text(blog.get("name")) in {name, ""} else {})
        others = list[Mapping[str, Any]]()
        trail = [as_dict(item) for item in as_list(raw["trail"])] if raw.get("trail") else []
        if trail:
            others = [item for item in trail if not is_own(item, number)]
        community, described = _community(raw["community"]) if raw.get("community") else ("", "")
        content = raw.get("content")
        if isinstance(content, list):
            title, root, own = "", NOTHING, blocks_text(content, as_list(raw.get("layout")))  # pyright: ignore[reportUnknownArgumentType]
        else:
            title, own, root = old_form(raw, number, trail, others)
        self.trail = [*_trail(others, root, seen_at=seen_at)] if others else ()
        self._quoted = post_id(as_dict(others[-1].get("post"))) if others else None
        self.id, self.created_at, self._media = number, _time(raw), own.media
        self._author = author = _author(own_blog, name)
        tags = _tags(raw)
        tags = "\n".join(tags) if tags else ""
        handle, shown, about = author.handle or "", author.name or "", author.bio or ""
        self.texts = (title, own.text, tags, community, described, handle, shown, about)

    def whole(self) -> Post:
        """The post."""
        raw, texts = self._raw, self.texts
        url = as_text(raw.get("post_url")) or _address(self._blog, as_text(raw.get("blog_name")), self.id)
        return Post(
            platform=PLATFORM,
            id=self.id,
            url=url,
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            author=self._author,
            title=texts[0] or None,
            text=texts[1],
            tags=tuple(_tags(raw)),
            community=texts[3] or None,
            community_description=texts[4] or None,
            quotes=as_id(raw.get("reblogged_from_id")) or self._quoted,
            media_count=self._media,
        )


def _tags(raw: Mapping[str, Any]) -> list[str]:
    named = [without_media(tag) for tag in as_list(raw.get("tags")) if isinstance(tag, str)]
    return [tag for tag in named if tag]


def _time(raw: Mapping[str, Any]) -> datetime | None:
    stamp = raw.get("timestamp")
    if type(stamp) is int and 0 < stamp < _LAST_TIME:
        return datetime.fromtimestamp(stamp, UTC)
    return as_time(stamp) or as_time(as_text(raw.get("date")).replace(" GMT", "+00:00"))


def _community(value: object) -> tuple[str, str]:
    if isinstance(value, str):
        return value, ""
    told = as_dict(value)
    name = as_text(told.get("title")) or as_text(told.get("name"))
    return name, html_to_text(as_text(told.get("description"))).text


def _author(blog: Mapping[str, Any], name: str) -> Author:
    get = blog.get
    return _blog_author(
        name or as_text(get("name")), as_text(get("uuid")), as_text(get("title")), as_text(get("description"))
    )


@lru_cache(maxsize=512)
def _blog_author(handle: str, number: str, title: str, about: str) -> Author:
    """The same blogs write many posts."""
    if not (handle or number):
        return NOBODY
    return Author(
        id=number or handle,
        handle=handle or None,
        name=without_media(title) or None,
        bio=(about_text(about) or None) if about else None,
    )


@lru_cache(maxsize=512)
def about_text(html: str) -> str:
    """A blog's description as text; it is the same on all its posts."""
    return drop_media_links(html_to_text(html).text)[0].strip()


def _address(blog: Mapping[str, Any], name: str, number: str) -> str | None:
    address = as_text(blog.get("url"))
    if not address:
        name = name or as_text(blog.get("name"))
        address = f"https://{name}.tumblr.com" if name else ""
    return f"{address.rstrip('/')}/post/{number}" if address else None


def _trail(items: Sequence[Mapping[str, Any]], root: Part, *, seen_at: datetime) -> Iterator[Post]:
    """The posts that were passed on. What says nothing, or has neither an id nor a blog, is left out."""
    for place, item in enumerate(items):
        about = as_dict(item.get("post"))
        number, blog = post_id(about), as_dict(item.get("blog"))
        if isinstance(item.get("content"), list):
            part = blocks_text(as_list(item["content"]), as_list(item.get("layout")))
        else:
            part = of_html(as_text(item.get("content_raw")) or as_text(item.get("content")))
        if place == 0:
            part = joined((root, part))
        if not part.text:
            continue
        name = as_text(blog.get("name")) or as_text(item.get("broken_blog_name"))
        if number is None:
            if not name:
                continue
            # Of a blog that is gone: Tumblr no longer says which post it was, and everybody still reads it.
            number = f"gone-{sha256(f'{name} {part.text}'.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
        yield Post(
            platform=PLATFORM,
            id=number,
            url=None if number.startswith("gone-") else _address(blog, name, number),
            created_at=as_time(about.get("timestamp")),
            first_seen_at=seen_at,
            author=_author(blog, name),
            text=part.text,
            quotes=post_id(as_dict(items[place - 1].get("post"))) if place else None,
            media_count=part.media,
        )
