"""Posts of X's API v2 as posts: pure mapping, tolerant of both generations of field names.

Facts: xdevplatform/docs (data dictionary), OpenAPI 2.167. Search says `note_post` and `referenced_posts`, the stream
`note_tweet` and `referenced_tweets`: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any, Final

from monitor.post import Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "x"
SITE: Final = "https://x.com"

_OWN_MEDIA = re.compile(
    r"(?:twitter|x)\.com/[^/]+/status/\d+/(?:photo|video)/\d+|pic\.(?:twitter|x)\.com/", re.IGNORECASE
)
_BARE_MEDIA = re.compile(r"(?:https?://)?pic\.(?:twitter|x)\.com/\w+", re.IGNORECASE)
_BEGINNING: Final = 1_288_834_974_657
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


def authors_of(answer: Mapping[str, Any]) -> dict[str, Author]:
    """The accounts that came with an answer, by id: each is read once, however much of it there is."""
    users = map(as_dict, as_list(as_dict(answer.get("includes")).get("users")))
    return {number: _author(number, user) for user in users if (number := as_id(user.get("id")))}


class Written:
    """The draft of a post (`monitor.drafts`), in one of its versions, which all have ids of their own at X.

    `id` is that of its first version, `number` that of this one, `newest` that of the newest that this one names.

    :param authors: those that came with it (:func:`authors_of`).
    :raises UnusablePostError: no id or no text.
    """

    __slots__ = ("_author", "_media", "_raw", "_seen_at", "_tags", "_told_at", "id", "newest", "number", "texts")

    def __init__(self, raw: Mapping[str, Any], authors: Mapping[str, Author], *, seen_at: datetime) -> None:
        self._raw, self._seen_at = raw, seen_at
        get = raw.get
        number = as_id(get("id"))
        if number is None:
            raise UnusablePostError("no id")
        self.id = self.number = self.newest = number
        history = get("edit_history_tweet_ids") or get("edit_history_post_ids")
        if history and history != [number]:
            self.id, self.newest = _ends(history, number)
        text, told = get("text"), get("entities")
        entities = (as_dict(told),) if told else ()
        note = get("note_tweet") or get("note_post")
        if note:
            note = as_dict(note)
            text, entities = note.get("text") or text, (as_dict(note.get("entities")), *entities)
        if not isinstance(text, str):
            raise UnusablePostError("no text")
        text, self._media = _with_links(text, entities)
        author_id = as_id(get("author_id"))
        self._author = author = authors.get(author_id or "") or Author(id=author_id)
        self._told_at = as_time(get("created_at"))
        self._tags = tags = _tags(entities)
        community = as_id(get("community_id")) or "" if "community_id" in raw else ""
        self.texts = (
            "", text, "\n".join(tags), community, "", author.handle or "", author.name or "", author.bio or ""
        )  # fmt: skip

    @property
    def created_at(self) -> datetime | None:
        """When its first version was made."""
        return self._told_at if self.id == self.number else _made(self.id) or self._told_at

    def whole(self) -> Post:
        """The post. Its `cid` is its newest version's id, where that is another."""
        raw, author = self._raw, self._author
        related = _related(raw.get("referenced_tweets") or raw.get("referenced_posts"))
        attached, lang = as_list(as_dict(raw.get("attachments")).get("media_keys")), as_text(raw.get("lang"))
        return Post(
            platform=PLATFORM,
            id=self.id,
            url=f"{SITE}/{author.handle or 'i'}/status/{self.newest}",
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            edited_at=None if self.id == self.number else self._told_at,
            author=author,
            text=self.texts[1],
            tags=self._tags,
            community=self.texts[3] or None,
            lang=lang if lang and lang not in _NO_LANGUAGE else None,
            reply_to=related.get("replied_to"),
            quotes=related.get("quoted") or related.get("retweeted") or related.get("reposted"),
            media_count=max(self._media, len(attached)),
            cid=None if self.newest == self.id else self.newest,
        )


def to_post(raw: Mapping[str, Any], authors: Mapping[str, Author], *, seen_at: datetime) -> Post:
    """One post. Raises `UnusablePostError`."""
    return Written(raw, authors, seen_at=seen_at).whole()


def _ends(history: object, number: str) -> tuple[str, str]:
    """The ids of the first and the newest version of a post: at X every version has its own."""
    ids = [one for one in map(as_id, as_list(history)) if one is not None and one.isdecimal()]
    return (ids[0], max([*ids, number], key=by_age)) if ids and number.isdecimal() else (number, number)


def by_age(number: str) -> tuple[int, str]:
    """Sorts ids by their size, and so by their time."""
    return len(number), number


def _made(number: str) -> datetime | None:
    """When an id was given: it holds the milliseconds since X's own beginning of time."""
    milliseconds = int(number) >> 22 if len(number) < 20 else 0
    return datetime.fromtimestamp((milliseconds + _BEGINNING) / 1000, UTC) if milliseconds else None


def _with_links(text: str, entities: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    """The text with where its links lead in the place of t.co's; links to media go, and are counted."""
    if "&" in text:
        text = unescape(text)  # the API escapes &, < and >
    links = text.count("://")
    if links == 0 and "pic." not in text and "data:" not in text.lower() and "![" not in text:
        return text, 0
    leads: dict[str, str] = {}
    media: set[tuple[str, str]] = set()
    for one in entities:
        for url in as_list(one.get("urls")):
            short, long, is_media = _lead(url)
            if is_media and short in text:
                media.add((short, is_media))
            if long:
                leads.setdefault(short, "" if is_media else long)
    for short in sorted(leads, key=len, reverse=True) if len(leads) > 1 else leads:
        if found := text.count(short):
            text, links = text.replace(short, leads[short]), links - found
    dropped = len(media)
    if links or "pic." in text or "![" in text or "data:" in text:
        # Links that came without their entity.
        text, bare = _BARE_MEDIA.subn("", text)
        text, more = drop_media_links(text)
        dropped += bare + more
    return text.rstrip(), dropped


def _lead(value: object) -> tuple[str, str, str]:
    """A short link, where it leads, and what tells one medium from another where it leads to one."""
    url = as_dict(value)
    short, long = as_text(url.get("url")), as_text(url.get("expanded_url") or url.get("unwound_url"))
    if not short or not long:
        return short, "", ""
    key = url.get("media_key")
    if key and isinstance(key, str):
        return short, long, key
    own = (".com/" in long and _OWN_MEDIA.search(long) is not None) or is_media_url(long)
    return short, long, long if own else ""


def _author(number: str, user: Mapping[str, Any]) -> Author:
    bio, parts = as_text(user.get("description")), user.get("entities")
    if bio:
        bio, _ = _with_links(bio, [as_dict(as_dict(parts).get("description"))])
    name = without_media(as_text(user.get("name")))
    return Author(id=number, handle=as_text(user.get("username")) or None, name=name or None, bio=bio or None)


def _tags(entities: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    found: list[str] = []
    for one in entities:
        for said in as_list(one["hashtags"]) if "hashtags" in one else ():
            tag = as_text(as_dict(said).get("tag"))
            if tag and tag not in found:
                found.append(tag)
    return tuple(found)


def _related(value: object) -> Mapping[str, str]:
    referred = map(as_dict, as_list(value))
    return {as_text(one.get("type")): number for one in referred if (number := as_id(one.get("id")))}
