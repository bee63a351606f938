"""Posts of X's API v2 as posts: pure mapping, tolerant of both generations of field names.

Facts: xdevplatform/docs (data dictionary), OpenAPI 2.167. Search says `note_post` and `referenced_posts`, the stream
`note_tweet` and `referenced_tweets`: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import unescape
from typing import Any, Final

from monitor.post import Author, Post
from sources.media import drop_media_links, is_media_url
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "x"
SITE: Final = "https://x.com"

_OWN_MEDIA = re.compile(
    r"(?:twitter|x)\.com/[^/]+/status/\d+/(?:photo|video)/\d+|pic\.(?:twitter|x)\.com/", re.IGNORECASE
)
_SHORT = re.compile(r"https?://t\.co/\w+")


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


def users_of(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The accounts that came with an answer, by id."""
    users = map(as_dict, as_list(as_dict(answer.get("includes")).get("users")))
    return {number: user for user in users if (number := as_id(user.get("id")))}


def to_post(raw: Mapping[str, Any], users: Mapping[str, Mapping[str, Any]], *, seen_at: datetime) -> Post:
    """One post.

    :raises UnusablePostError: no id or no text.
    """
    number = as_id(raw.get("id"))
    if number is None:
        raise UnusablePostError("no id")
    note = as_dict(raw.get("note_tweet")) or as_dict(raw.get("note_post"))
    text = as_text(note.get("text")) or raw.get("text")
    if not isinstance(text, str):
        raise UnusablePostError("no text")
    entities = [as_dict(note.get("entities")), as_dict(raw.get("entities"))]
    text, media = _with_links(text, entities)
    author_id = as_id(raw.get("author_id"))
    user = users.get(author_id or "", {})
    name = as_text(user.get("username"))
    related = dict(_related(raw))
    attached = as_list(as_dict(raw.get("attachments")).get("media_keys"))
    return Post(
        platform=PLATFORM,
        id=number,
        url=f"{SITE}/{name or 'i'}/status/{number}",
        created_at=as_time(raw.get("created_at")),
        first_seen_at=seen_at,
        author=_author(author_id, user),
        text=text,
        tags=_tags(entities),
        community=as_id(raw.get("community_id")),
        lang=_lang(raw),
        reply_to=related.get("replied_to"),
        quotes=related.get("quoted"),
        media_count=max(media, len(attached)),
    )


def _with_links(text: str, entities: list[Mapping[str, Any]]) -> tuple[str, int]:
    """The text with where its links lead in the place of t.co's; links to media go, and are counted."""
    leads: dict[str, str] = {}
    for one in entities:
        for url in map(as_dict, as_list(one.get("urls"))):
            short, long = as_text(url.get("url")), as_text(url.get("unwound_url")) or as_text(url.get("expanded_url"))
            if short and long:
                media = url.get("media_key") or _OWN_MEDIA.search(long) or is_media_url(long)
                leads.setdefault(short, "" if media else long)
    dropped = sum(not long for short, long in leads.items() if short in text)

    def lead(found: re.Match[str]) -> str:
        return leads.get(found[0], found[0])

    # The API escapes &, < and >.
    whole, more = drop_media_links(_SHORT.sub(lead, unescape(text)))
    return whole.rstrip(), dropped + more


def _author(author_id: str | None, user: Mapping[str, Any]) -> Author:
    about = as_dict(as_dict(user.get("entities")).get("description"))
    bio, _ = _with_links(as_text(user.get("description")), [about])
    return Author(
        id=author_id,
        handle=as_text(user.get("username")) or None,
        name=as_text(user.get("name")) or None,
        bio=bio or None,
    )


def _tags(entities: list[Mapping[str, Any]]) -> tuple[str, ...]:
    tags = (as_text(as_dict(tag).get("tag")) for one in entities for tag in as_list(one.get("hashtags")))
    return tuple(dict.fromkeys(filter(None, tags)))


def _related(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("referenced_tweets", "referenced_posts"):
        for one in map(as_dict, as_list(raw.get(name))):
            if number := as_id(one.get("id")):
                yield as_text(one.get("type")), number


def _lang(raw: Mapping[str, Any]) -> str | None:
    """`und`, `zxx` and the q-codes say that there is no language."""
    lang = as_text(raw.get("lang"))
    return lang if lang and not lang.startswith("q") and lang not in {"und", "zxx", "art"} else None
