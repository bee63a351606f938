"""Lemmy's post and comment views as posts: pure mapping, of 0.19 (`/api/v3`) and 1.0 (`/api/v4`), tolerant of both.

Facts: LemmyNet/lemmy-js-client, src/types (PostView, CommentView, Post, Comment, Person, Community).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from monitor.post import NOBODY, Author, Post
from sources.media import drop_media_links, is_media_url, without_media
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "lemmy"

_MEDIA_TYPES: Final = ("image/", "video/", "audio/")
# Lemmy's own picture store, and what it passes on pictures of other servers through: the path says it, not its end.
_STORED = re.compile(
    r"!?\[[^\]\n]{0,1000}\]\([^)\s]{0,500}/(?:pictrs/|api/v\d/image)[^)\s]{0,2000}(?:\s+\"[^\"\n]{0,1000}\")?\)"
    r"|https?://[^\s\"'<>()\[\]]{0,500}/(?:pictrs/|api/v\d/image)[^\s\"'<>()\[\]]*",
    re.IGNORECASE,
)
_PROXY = re.compile(r"/api/v\d/image")
_NOTHING: Final[Mapping[str, Any]] = {}
_NAMELESS: Final = (None, None)


class UnusableViewError(ValueError):
    """A view that cannot be used; the text says why, without any content."""


class State(StrEnum):
    """What Lemmy says of a post or comment."""

    UP = "up"
    DELETED = "deleted"
    REMOVED = "removed"
    COMMUNITY_GONE = "community gone"


class Page:
    """What posts of one page have in common: authors and communities that come again and again are read once.

    :param server: where it was read; parents are named by their address there where nothing better is known.
    :param languages: the server's numbers of languages -> their codes.
    """

    def __init__(
        self,
        views: Sequence[Mapping[str, Any]] = (),
        *,
        seen_at: datetime,
        server: str,
        languages: Mapping[int, str],
    ) -> None:
        self.seen_at, self.server, self.languages = seen_at, server, languages
        comments = (view["comment"] for view in views if isinstance(view.get("comment"), dict))
        self.uris = {str(one.get("id")): uri for one in comments if isinstance(uri := one.get("ap_id"), str)}
        self._authors: dict[str, Author] = {}
        self._communities: dict[str, tuple[str | None, str | None]] = {}

    def author(self, person: Mapping[str, Any]) -> Author:
        """An account, with its bio and what it says of Matrix."""
        if not person:
            return NOBODY
        address = as_text(person.get("ap_id") or person.get("actor_id"))
        known = self._authors.get(address)
        if known is None:
            known = _author(person, address)
            if address:
                self._authors[address] = known
        return known

    def community(self, raw: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """A community's name, and what it says of itself."""
        address = as_text(raw.get("ap_id") or raw.get("actor_id"))
        known = self._communities.get(address)
        if known is None:
            known = (as_text(raw.get("name")) or None, _about(raw))
            if address:
                self._communities[address] = known
        return known


def inner(view: Mapping[str, Any]) -> Mapping[str, Any]:
    """The comment of a comment's view, the post of a post's view."""
    return as_dict(view.get("comment")) or as_dict(view.get("post"))


def uri_of(view: Mapping[str, Any]) -> str | None:
    """The global id: the same post has another local id on every server."""
    return as_text(inner(view).get("ap_id")) or None


def state_of(view: Mapping[str, Any]) -> State:
    """Whether it is up, and if not, who took it away: `deleted` by its author, `removed` by a moderator."""
    one, community = inner(view), as_dict(view.get("community"))
    if one.get("removed") is True:
        return State.REMOVED
    if one.get("deleted") is True:
        return State.DELETED
    if community.get("removed") is True or community.get("deleted") is True:
        return State.COMMUNITY_GONE
    return State.UP


def to_post(view: Mapping[str, Any], page: Page) -> Post:
    """A post or a comment.

    :raises UnusableViewError: no global id, or no text field at all (the form has changed).
    """
    comment, post = view.get("comment"), as_dict(view.get("post"))
    comment = as_dict(comment) if comment else _NOTHING
    one = comment or post
    uri = one.get("ap_id")
    if not isinstance(uri, str) or not uri:
        raise UnusableViewError("no ap_id")
    title = reply_to = None
    if comment:
        text, media = _body(comment.get("content"), "content")
        reply_to = _parent(one, post, page)
    else:
        title = without_media(as_text(post.get("name"))) or None
        if title is None and "body" not in post and not isinstance(post.get("name"), str):
            raise UnusableViewError("no name and no body")
        text, media = _body(post.get("body") or "", "body")
        link, linked = _link(post)
        if link and link not in text:
            text = f"{text}\n{link}" if text else link
        media += linked
    creator, community = view.get("creator"), view.get("community")
    name, about = page.community(as_dict(community)) if community else _NAMELESS
    edited, number, tags = one.get("updated_at") or one.get("updated"), one.get("language_id"), view.get("tags")
    return Post(
        platform=PLATFORM,
        id=uri,
        instance=_host(uri),
        url=uri,
        created_at=as_time(one.get("published_at") or one.get("published")),
        first_seen_at=page.seen_at,
        edited_at=as_time(edited) if edited else None,
        author=page.author(as_dict(creator)) if creator else NOBODY,
        title=title,
        text=text,
        tags=_tags(tags) if tags else (),
        community=name,
        community_description=about,
        lang=page.languages.get(number) if isinstance(number, int) else None,
        reply_to=reply_to,
        media_count=media,
    )


def _body(value: object, name: str) -> tuple[str, int]:
    """Markdown without its media, and how many there were."""
    if not isinstance(value, str):
        raise UnusableViewError(f"no {name}")
    dropped = 0
    if "/" not in value and ":" not in value and "![" not in value:
        return value.strip(), 0
    if "/pictrs/" in value or "/image" in value:
        value, dropped = _STORED.subn("", value)
    text, media = drop_media_links(value)
    return text.strip(), media + dropped


def _link(post: Mapping[str, Any]) -> tuple[str, int]:
    """What a post links to, unless that is media; and how much media there is."""
    url, kind = as_text(post.get("url")), as_text(post.get("url_content_type"))
    if " " in url:
        url = ""  # no address
    shown = 1 if post.get("thumbnail_url") or post.get("embed_video_url") else 0
    if not url:
        return "", shown
    if kind.startswith(_MEDIA_TYPES) or "/pictrs/" in url or _PROXY.search(url) or is_media_url(url):
        return "", 1
    return url, shown


def _parent(comment: Mapping[str, Any], post: Mapping[str, Any], page: Page) -> str | None:
    """What a comment answers: its `path` is 0, the outermost comment, ..., itself."""
    lineage = as_text(comment.get("path")).split(".")
    if len(lineage) > 2:
        return page.uris.get(lineage[-2]) or f"{page.server}/comment/{lineage[-2]}"
    number = as_id(comment.get("post_id"))
    return as_text(post.get("ap_id")) or (f"{page.server}/post/{number}" if number else None)


def _author(person: Mapping[str, Any], address: str) -> Author:
    handle, home = as_text(person.get("name")), _host(address)
    bio, matrix = as_text(person.get("bio")), as_text(person.get("matrix_user_id"))
    if bio or matrix:
        bio = "\n".join(filter(None, (_body(bio, "bio")[0], f"Matrix: {matrix}" if matrix else "")))
    return Author(
        id=address or as_id(person.get("id")),
        handle=f"{handle}@{home}" if handle and home else handle or None,
        name=without_media(as_text(person.get("display_name"))) or None,
        bio=bio or None,
    )


def _tags(value: Sequence[Any]) -> tuple[str, ...]:
    named = (as_dict(tag) for tag in as_list(value))
    return tuple(filter(None, (as_text(tag.get("display_name")) or as_text(tag.get("name")) for tag in named)))


def _about(community: Mapping[str, Any]) -> str | None:
    """A community's title and what it says of itself."""
    said = as_text(community.get("sidebar")) or as_text(community.get("description"))
    lines = [without_media(as_text(community.get(name))) for name in ("title", "summary")]
    lines.append(_body(said, "description")[0])
    return "\n".join(filter(None, lines)) or None


def _host(address: str) -> str | None:
    """The host (and port) of a global id, which is a URL."""
    scheme, _, rest = address.partition("://")
    return rest.partition("/")[0].rpartition("@")[2].lower() or None if scheme and rest else None
