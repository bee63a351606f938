"""Post records of Bluesky, from whichever way they came, as posts: pure mapping.

Facts: the lexicons app.bsky.feed.post, app.bsky.feed.defs#postView, app.bsky.richtext.facet and app.bsky.embed.*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from monitor.post import NOBODY, Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_list, as_text, as_time

PLATFORM: Final = "bluesky"
POSTS: Final = "app.bsky.feed.post"


class UnusableError(ValueError):
    """Something that no post can be made of; the text says why, without any content."""


class Texts(NamedTuple):
    """A post's text with the addresses that its links hide, its tags, and how many media were left out."""

    text: str
    tags: tuple[str, ...]
    media: int


def read_texts(record: Mapping[str, Any]) -> Texts:
    """What a record says. Raises `UnusableError` where it has no text field."""
    text = record.get("text")
    if not isinstance(text, str):
        raise UnusableError("the record has no text")
    facets, embed = as_list(record.get("facets")), record.get("embed")
    if facets:
        text = _without_shown_media(text, facets)
    text, media = drop_media_links(text)
    parts, tags = [text], [without_media(tag) for tag in as_list(record.get("tags")) if isinstance(tag, str)]
    for facet in facets:
        for feature in as_list(as_dict(facet).get("features")):
            said = as_dict(feature)
            if (tag := without_media(as_text(said.get("tag")))) and tag not in tags:
                tags.append(tag)
            elif uri := as_text(said.get("uri")):
                media += _add_link(parts, uri)
    if embed:
        media += _add_embed(parts, as_dict(embed))
    return Texts("\n".join(filter(None, parts)), tuple(tags), media)


def _without_shown_media(text: str, facets: Sequence[Any]) -> str:
    """A text without the words that show a link to media, often shortened and without its scheme.

    A facet's places count bytes of UTF-8.
    """
    spans: list[tuple[int, int, str]] = []
    for facet in facets:
        index = as_dict(as_dict(facet).get("index"))
        start, end = index.get("byteStart"), index.get("byteEnd")
        for feature in as_list(as_dict(facet).get("features")):
            uri = as_text(as_dict(feature).get("uri"))
            if uri and isinstance(start, int) and isinstance(end, int) and 0 <= start < end and is_media_url(uri):
                spans.append((start, end, uri))
    if not spans:
        return text
    data = text.encode("utf-8", "surrogatepass")
    for start, end, uri in sorted(spans, reverse=True):
        shown = data[start:end].decode("utf-8", "ignore").partition("://")[2] or data[start:end].decode(errors="ignore")
        if (shown := shown.strip().rstrip("….")) and shown in uri:
            data = data[:start] + data[end:]
    return data.decode("utf-8", "replace")


def _add_link(parts: list[str], uri: str) -> int:
    """Adds a link's address where the text does not show it; 1 where it leads to media instead."""
    if is_media_url(uri):
        return 1
    bare = uri.partition("://")[2].rstrip("/") or uri
    if not any(bare in part for part in parts):
        parts.append(uri)
    return 0


def _add_embed(parts: list[str], embed: Mapping[str, Any]) -> int:
    """Adds the words and the address of a link card; counts the media."""
    attached = as_dict(embed.get("media")) or embed
    media = len(as_list(attached.get("images")) or as_list(attached.get("items"))) + ("video" in attached)
    card = as_dict(attached.get("external"))
    for said in (as_text(card.get("title")), as_text(card.get("description"))):
        words, dropped = drop_media_links(said)
        media += dropped
        if words and words not in parts:
            parts.append(words)
    if uri := as_text(card.get("uri")):
        media += _add_link(parts, uri)
    return media


def _quoted(embed: Mapping[str, Any]) -> str | None:
    """The at:// URI of the quoted record: embed.record, one level deeper where media come with it."""
    quoted = as_dict(embed.get("record"))
    return as_text(quoted.get("uri")) or as_text(as_dict(quoted.get("record")).get("uri")) or None


class Named(NamedTuple):
    """Which post a record is: its address in the network, and the hash of this version of it."""

    uri: str
    did: str
    rkey: str
    cid: str | None

    @classmethod
    def of(cls, uri: str, cid: object = None) -> Named:
        """Of an at:// URI. Raises `UnusableError` where it names no post."""
        did, _, rest = uri.removeprefix("at://").partition("/")
        collection, _, rkey = rest.partition("/")
        if not uri.startswith("at://") or collection != POSTS or not rkey or not did:
            raise UnusableError("its address names no post")
        return cls(uri, did, rkey, as_text(cid) or None)


def build_post(
    name: Named,
    record: Mapping[str, Any],
    texts: Texts,
    *,
    author: Author,
    seen_at: datetime,
    edited_at: datetime | None = None,
) -> Post:
    """The post of a record whose texts were read."""
    parent = as_dict(as_dict(record.get("reply")).get("parent"))
    languages = [language for language in as_list(record.get("langs")) if isinstance(language, str)]
    return Post(
        platform=PLATFORM,
        id=name.uri,
        url=f"https://bsky.app/profile/{name.did}/post/{name.rkey}",
        created_at=as_time(record.get("createdAt")),
        first_seen_at=seen_at,
        edited_at=edited_at,
        author=author,
        text=texts.text,
        tags=texts.tags,
        lang=languages[0] if languages else None,
        reply_to=as_text(parent.get("uri")) or None,
        quotes=_quoted(as_dict(record.get("embed"))),
        cid=name.cid,
        media_count=texts.media,
    )


def from_view(view: Mapping[str, Any], *, seen_at: datetime) -> Post:
    """A post as the AppView shows it (postView). Raises `UnusableError`."""
    name = Named.of(as_text(view.get("uri")), view.get("cid"))
    record = as_dict(view.get("record"))
    if not record:
        raise UnusableError("no record")
    said = as_dict(view.get("author"))
    author = read_profile(said) if said else NOBODY
    if author.id is None:
        author = Author(id=name.did, handle=author.handle, name=author.name, bio=author.bio)
    return build_post(name, record, read_texts(record), author=author, seen_at=seen_at)


def read_profile(said: Mapping[str, Any]) -> Author:
    """An account as views show it; only detailed ones have its bio."""
    bio, _ = drop_media_links(as_text(said.get("description")))
    handle = as_text(said.get("handle"))
    return Author(
        id=as_text(said.get("did")) or None,
        # What the AppView says where the handle does not lead back to the account.
        handle=handle if handle and handle != "handle.invalid" else None,
        name=without_media(as_text(said.get("displayName"))) or None,
        bio=bio or None,
    )


def sort_time(view: Mapping[str, Any]) -> datetime | None:
    """Where the AppView files a post: at the claimed time, but not after it was indexed."""
    claimed, indexed = as_time(as_dict(view.get("record")).get("createdAt")), as_time(view.get("indexedAt"))
    return min(filter(None, (claimed, indexed)), default=None)
