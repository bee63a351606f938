"""Entries of RSS and Atom feeds as posts, as feedparser understands them: pure mapping, tolerant.

Facts: RFC 4287 (Atom), the RSS 2.0 specification, feedparser's documentation.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any, Final, cast

from monitor.net.address import host_of
from monitor.net.errors import BadAnswerError
from monitor.post import NOBODY, Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_text

PLATFORM: Final = "feeds"

_OWN_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)
_GLOBAL_ID = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_WITH_ADDRESS = re.compile(
    r"(?P<before>[^<>()@]*?)\s*[<(]?(?P<address>[^\s<>()@]+@[^\s<>()@]+)[>)]?\s*(?:\((?P<after>[^()]*)\))?"
)
_LONGEST_AUTHOR: Final = 1000
_END = re.compile(rb"</\s*(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_TAIL: Final = 4096
"""Bytes: remarks may follow the end."""
_MEDIA_PARTS: Final = ("media_content", "media_thumbnail", "enclosures")


class UnusableEntryError(ValueError):
    """An entry that cannot be used; the text says why, without any content."""


def parse(body: bytes, content_type: str) -> Mapping[str, Any]:
    """A feed, parsed.

    :raises BadAnswerError: it is no feed, breaks off before its first entry, or declares entities of its own.
    """
    if _OWN_ENTITIES.search(body):
        raise BadAnswerError("The feed declares entities of its own, which are not expanded.")
    import feedparser  # noqa: PLC0415 - slow to load, and wanted only where a feed is read

    # As a stream: bytes are taken for a file's name where there is one so named, whatever a server sent.
    found = feedparser.parse(
        BytesIO(body), response_headers={"content-type": content_type}, sanitize_html=False, resolve_relative_uris=False
    )
    if not found.get("version") or (found.get("bozo") and not found.get("entries")):
        raise BadAnswerError("The answer is no feed that can be read.")
    return found


def breaks_off(body: bytes) -> bool:
    """Whether the end of a feed is missing."""
    return _END.search(body[-_TAIL:]) is None


def to_post(entry: Mapping[str, Any], feed: Mapping[str, Any], url: str, *, seen_at: datetime) -> Post:
    """One entry.

    :param url: the feed's address: the entry's id is made unique with it where it is not globally.
    :raises UnusableEntryError: neither title nor text.
    """
    title, text, media = "", "", 0
    title_detail = _dict(entry.get("title_detail"))
    if as_text(entry.get("title")):
        title, _ = _words(as_text(entry.get("title")), as_text(title_detail.get("type")))
    for part in (*_dicts(entry.get("content")), _dict(entry.get("summary_detail"))):
        words, dropped = _words(as_text(part.get("value")), as_text(part.get("type")))
        media += dropped
        # The summary repeats the content, or its beginning.
        text = text or words
    if not title and not text:
        raise UnusableEntryError("no title and no text")
    link = as_text(entry.get("link"))
    attached = sum(len(_dicts(entry.get(name))) for name in _MEDIA_PARTS)
    # Asked for what is not there, feedparser gives the other one, and warns.
    updated = _time(entry.get("updated_parsed")) if "updated_parsed" in entry else None
    created = _time(entry.get("published_parsed")) or updated
    tags = (without_media(as_text(tag.get("term"))) for tag in _dicts(entry.get("tags")))
    return Post(
        platform=PLATFORM,
        id=_id(entry, title, link, url),
        instance=url,
        url=link if link.startswith(("http://", "https://")) and not is_media_url(link) else None,
        created_at=created,
        first_seen_at=seen_at,
        edited_at=updated if updated != created else None,
        author=_author(entry, feed, url),
        title=title or None,
        text=text or None,
        tags=tuple(dict.fromkeys(filter(None, tags))),
        community=_plain(feed, "title") or None,
        community_description=_plain(feed, "subtitle") or None,
        lang=as_text(entry.get("language")) or as_text(feed.get("language")) or None,
        reply_to=as_text(_dict(entry.get("thr_in-reply-to")).get("ref")) or None,
        media_count=media + attached,
    )


def _id(entry: Mapping[str, Any], title: str, link: str, url: str) -> str:
    given = as_text(entry.get("id"))
    if given and not is_media_url(given):
        return given if _GLOBAL_ID.fullmatch(given) else f"{url}#{given}"
    # Some feeds name an entry by its picture.
    named = (given or f"{link}\n{title}").encode("utf-8", "surrogatepass")
    return f"{url}#{sha256(named).hexdigest()[:32]}"


def _author(entry: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> Author:
    """Who wrote an entry, else whose the feed is. A name is one account within its publisher's server only."""
    for told in (entry, feed):
        detail = _dict(told.get("author_detail"))
        name = without_media(_named(as_text(told.get("author"))) or as_text(detail.get("name")))
        key = as_text(detail.get("href")) or (f"{host_of(url)}/{name}" if name else "")
        if key:
            return Author(id=key, handle=name or None, name=name or None)
    return NOBODY


def _named(author: str) -> str:
    """The name in "desk@a.example (Name)" of RSS, in "Name <desk@a.example>", and in what feedparser makes of Atom's,
    "Name (desk@a.example)"; itself looks for addresses with short ends only, and cuts others in pieces.
    """
    match = _WITH_ADDRESS.fullmatch(author.strip()) if "@" in author and len(author) < _LONGEST_AUTHOR else None
    if match is None:
        return author
    return match["after"] or match["before"].strip() or match["address"]


def _words(value: str, kind: str) -> tuple[str, int]:
    """A text without markup and without links to media, and how many media were left out."""
    if not value:
        return "", 0
    if "html" in kind or ("<" in value and kind != "text/plain"):
        found = html_to_text(value)
        text, more = drop_media_links(found.text)
        return text.strip(), found.media + more
    text, dropped = drop_media_links(value)
    return text.strip(), dropped


def _plain(feed: Mapping[str, Any], name: str) -> str:
    kind = as_text(_dict(feed.get(f"{name}_detail")).get("type"))
    return _words(as_text(feed.get(name)), kind)[0]


def _time(value: object) -> datetime | None:
    """Feedparser gives times as UTC `struct_time`."""
    try:
        return datetime.fromtimestamp(timegm(value), UTC)  # pyright: ignore[reportArgumentType] - guarded below
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _dict(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _dicts(value: object) -> Sequence[Mapping[str, Any]]:
    return [_dict(one) for one in cast("list[object]", value)] if isinstance(value, list) else ()
