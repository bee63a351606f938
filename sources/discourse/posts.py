"""Discourse's posts as posts: pure mapping, tolerant.

Facts: discourse/discourse, app/serializers (PostSerializer, TopicViewSerializer, SearchPostSerializer).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from monitor.post import NOBODY, Author, Post, text_hash
from sources.html import html_to_text
from sources.media import drop_media_links, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "discourse"

_WRITTEN: Final = (1, 2)
"""Types of post: regular ones and a moderator's. The others tell of events, or are whispers among staff."""

_TAGS = re.compile(r"<(img|video|audio|iframe|embed|object|picture|source)\b[^>]*>", re.IGNORECASE)
_UPLOAD = re.compile(
    r"!?\[[^\]\n]{0,1000}\]\((?:upload://|/uploads/)[^)\s]{0,2000}[^)\n]{0,200}\)|upload://[^\s)\"'>]+"
)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_EMOJI = re.compile(r"""\bclass=["']?emoji""", re.IGNORECASE)
_TITLE = re.compile(r"""\b(?:title|alt)=["']([^"']{1,100})""", re.IGNORECASE)
_FURNITURE = re.compile(r"""\bclass=["']?(?:avatar|site-icon|quote-avatar)""", re.IGNORECASE)
_FILE_LINE = re.compile(r"<div class=\"meta\">.*?</div>", re.DOTALL)
_QUOTE_RAW = re.compile(r"\[quote=[\"“]?[^\]\n]{0,200}?post:\s*(\d+),\s*topic:\s*(\d+)", re.IGNORECASE)
_QUOTE_COOKED = re.compile(r"<aside class=\"quote[^>]{0,300}?data-post=\"(\d+)\"[^>]{0,100}?data-topic=\"(\d+)\"")


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


class State(StrEnum):
    """What Discourse says of a post."""

    UP = "up"
    DELETED_BY_AUTHOR = "deleted by its author"
    DELETED = "deleted"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Category:
    """What is known of a category."""

    name: str
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """What is known of a topic, beside its posts."""

    id: str = ""
    title: str = ""
    slug: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Topic:
        """A topic as lists, finds and its own page give it. Tags are names, since 2025 objects."""
        tags = [as_text(tag) or as_text(as_dict(tag).get("name")) for tag in as_list(raw.get("tags"))]
        return cls(
            as_id(raw.get("id")) or "",
            without_media(as_text(raw.get("title"))),
            as_text(raw.get("slug")),
            as_id(raw.get("category_id")),
            tuple(filter(None, tags)),
        )


NO_TOPIC: Final = Topic()


@dataclass(frozen=True, slots=True)
class Forum:
    """A forum: its address, and its categories by number.

    :param places: ids by topic and number, of the posts at hand.
    :param authors: those of the posts at hand, each read once.
    """

    base: str
    categories: Mapping[str, Category] = field(default_factory=dict[str, Category])
    places: Mapping[tuple[Any, Any], int] = field(default_factory=dict[tuple[Any, Any], int])
    authors: dict[tuple[Any, str], Author] = field(default_factory=dict[tuple[Any, str], Author], compare=False)
    host: str = ""

    def with_places(self, raws: list[Mapping[str, Any]]) -> Forum:
        """The forum, knowing where these posts stand, so that answers name what they answer by its id."""
        numbered = [raw for raw in raws if number_of(raw) is not None]
        places = {(as_id(raw.get("topic_id")), as_id(raw.get("post_number"))): raw["id"] for raw in numbered}
        return Forum(self.base, self.categories, places, host=self.base.partition("://")[2])

    def id_of(self, number: int) -> str:
        """A post's id: the address that Discourse gives it whatever its topic is called."""
        return f"{self.base}/p/{number}"

    def place(self, topic: str, number: str) -> str:
        """A post by topic and number: its id where that is known, else its address."""
        known = self.places.get((topic, number))
        return f"{self.base}/t/{topic}/{number}" if known is None else self.id_of(known)


def number_of(raw: Mapping[str, Any]) -> int | None:
    """A post's number on its forum; it grows with time."""
    number = raw.get("id")
    return number if type(number) is int else None


def is_written(raw: Mapping[str, Any]) -> bool:
    """Whether somebody wrote it for everybody; what only tells of an event, and whispers, are left out."""
    return raw.get("post_type", 1) in _WRITTEN and not raw.get("action_code")


def state_of(raw: Mapping[str, Any]) -> State:
    """Whether it is up, and if not, how it went."""
    if raw.get("user_deleted") is True:
        return State.DELETED_BY_AUTHOR
    if raw.get("deleted_at"):
        return State.DELETED
    return State.HIDDEN if raw.get("hidden") is True else State.UP


class Written:
    """The draft of a post (`monitor.drafts`).

    Its text is the Markdown that was written, else the page's HTML as text, else a find's excerpt.

    :raises UnusablePostError: no id, or no text field (the form has changed).
    """

    __slots__ = ("_author", "_forum", "_media", "_raw", "_seen_at", "_topic", "created_at", "id", "texts")

    def __init__(self, raw: Mapping[str, Any], forum: Forum, topic: Topic = NO_TOPIC, *, seen_at: datetime) -> None:
        self._raw, self._forum, self._topic, self._seen_at = raw, forum, topic, seen_at
        get = raw.get
        number = number_of(raw)
        if number is None:
            raise UnusablePostError("no id")
        text, self._media = _words(raw)
        self.id, self.created_at = forum.id_of(number), as_time(get("created_at"))
        self._author = author = _author(raw, forum)
        title = tags = name = about = ""
        if as_id(get("post_number")) == "1":
            title, tags = without_media(as_text(get("topic_title"))) or topic.title, "\n".join(topic.tags)
        category = forum.categories.get(as_id(get("category_id")) or topic.category or "")
        if category is not None:
            name, about = category.name or "", category.about or ""
        self.texts = (title, text, tags, name, about, author.handle or "", author.name or "", "")

    def whole(self) -> Post:
        """The post."""
        raw, forum, topic, texts = self._raw, self._forum, self._topic, self.texts
        get = raw.get
        topic_id, place = as_id(get("topic_id")) or topic.id, as_id(get("post_number")) or ""
        answered, version, quoted = get("reply_to_post_number"), get("version"), _quoted(raw)
        return Post(
            platform=PLATFORM,
            id=self.id,
            instance=forum.host or forum.base.partition("://")[2],
            url=_address(raw, forum, topic, topic_id, place),
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            edited_at=as_time(get("updated_at")) if isinstance(version, int) and version > 1 else None,
            author=self._author,
            title=texts[0] or None,
            text=texts[1],
            tags=topic.tags if place == "1" else (),
            community=texts[3] or None,
            community_description=texts[4] or None,
            lang=as_text(get("locale")) or None,
            reply_to=forum.place(topic_id, as_id(answered) or "") if answered else None,
            quotes=forum.place(*quoted) if quoted else None,
            media_count=self._media,
        )


def to_post(raw: Mapping[str, Any], forum: Forum, topic: Topic = NO_TOPIC, *, seen_at: datetime) -> Post:
    """One post. Raises `UnusablePostError`."""
    return Written(raw, forum, topic, seen_at=seen_at).whole()


def _words(raw: Mapping[str, Any]) -> tuple[str, int]:
    """A post's text, and how much media was in it."""
    source = raw.get("raw")
    if isinstance(source, str) and source:
        return markdown_to_text(source)
    cooked = raw.get("cooked")
    cooked = cooked if isinstance(cooked, str) else raw.get("blurb")
    if not isinstance(cooked, str):
        raise UnusablePostError("no text")
    return cooked_to_text(cooked)


def _quoted(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """The topic and place of the first post that it quotes."""
    source = as_text(raw.get("raw"))
    if source:
        match = _QUOTE_RAW.search(source) if "[quote=" in source else None
    else:
        cooked = raw.get("cooked")
        cooked = cooked if isinstance(cooked, str) else as_text(raw.get("blurb"))
        match = _QUOTE_COOKED.search(cooked) if '<aside class="quote' in cooked else None
    return (match[2], match[1]) if match else None


def versions(raw: Mapping[str, Any], forum: Forum, topic: Topic, *, seen_at: datetime) -> set[str]:
    """The hashes that one and the same version may have been stored with: which of text, title and tags an
    answer holds depends on where it was read.
    """
    texts = [raw, {**raw, "raw": None}] if isinstance(raw.get("cooked"), str) else [raw]
    bare = replace(topic, tags=())
    return {text_hash(to_post(one, forum, kind, seen_at=seen_at)) for one in texts for kind in (topic, bare)}


def markdown_to_text(text: str) -> tuple[str, int]:
    """What somebody wrote, without media; and how many there were."""
    media = 0
    if "<" in text:
        text, media = _TAGS.subn("", text)
    if "upload" in text:
        text, uploads = _UPLOAD.subn("", text)
        media += uploads
    text, dropped = drop_media_links(text)
    return text.strip(), media + dropped


def cooked_to_text(html: str) -> tuple[str, int]:
    """A post's HTML as text: emoji by name, without avatars in quotes and the names of image files."""
    if "<img" in html:
        html = _IMAGE.sub(_plain, html)
    if 'class="meta"' in html:
        html = _FILE_LINE.sub("", html)
    plain = html_to_text(html)
    text, dropped = drop_media_links(plain.text)
    return text.strip(), plain.media + dropped


def _plain(match: re.Match[str]) -> str:
    tag = match[0]
    if _EMOJI.search(tag):
        name = _TITLE.search(tag)
        return name[1] if name else ""
    return "" if _FURNITURE.search(tag) else "<img>"


def _address(raw: Mapping[str, Any], forum: Forum, topic: Topic, topic_id: str, place: str) -> str | None:
    stated = as_text(raw.get("post_url"))
    if stated.startswith("/"):
        return forum.base + stated
    slug = as_text(raw.get("topic_slug")) or topic.slug or "-"
    return f"{forum.base}/t/{slug}/{topic_id}/{place}" if topic_id and place else None


def _author(raw: Mapping[str, Any], forum: Forum) -> Author:
    number, username = as_id(raw.get("user_id")), as_text(raw.get("username"))
    known = forum.authors.get((number, username))
    if known is None and username:
        known = forum.authors[number, username] = Author(
            id=f"{forum.base}/users/{number}" if number else f"{forum.base}/u/{username}",
            handle=username,
            name=without_media(as_text(raw.get("name")) or as_text(raw.get("display_username"))) or None,
        )
    return known or NOBODY
