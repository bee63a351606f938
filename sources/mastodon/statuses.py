"""Statuses of Mastodon's API as posts: pure mapping, tolerant of forks.

Facts: the entities Status, Account, Quote and Poll of Mastodon's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.post import NOBODY, Author, Post
from sources.html import html_to_text
from sources.shapes import as_dict, as_id, as_list, as_text, as_time

PLATFORM: Final = "mastodon"

_PUBLIC: Final = ("public", "unlisted")


class UnusableStatusError(ValueError):
    """A status that cannot be used; the text says why, without any content."""


def unwrap(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The status itself, where this one only passes another on (a boost)."""
    return as_dict(status.get("reblog")) or status


def status_uri(status: Mapping[str, Any]) -> str:
    """The status's global id; the same post has another local id on every server."""
    for name in ("uri", "url"):
        value = status.get(name)
        if isinstance(value, str) and value:
            return value
    raise UnusableStatusError("no uri")


def is_public(status: Mapping[str, Any]) -> bool:
    """Whether everybody may read it; only such statuses are collected, whatever a token would show."""
    return status.get("visibility", "public") in _PUBLIC


def to_post(status: Mapping[str, Any], *, seen_at: datetime) -> Post:
    """One status, boosts unwrapped before, as a post.

    :raises UnusableStatusError: no uri, or no content field at all (the form has changed).
    """
    uri = status_uri(status)
    if not isinstance(status.get("content"), str | None) or "content" not in status:
        raise UnusableStatusError("no content field")
    content = html_to_text(status["content"] or "")
    author, home = _author(status.get("account"))
    attachments = as_list(status.get("media_attachments"))
    return Post(
        platform=PLATFORM,
        id=uri,
        instance=host(uri) or home,
        url=as_text(status.get("url")) or uri,
        created_at=as_time(status.get("created_at")),
        first_seen_at=seen_at,
        edited_at=as_time(status.get("edited_at")),
        author=author,
        text="\n".join(filter(None, (as_text(status.get("spoiler_text")), content.text, *_poll(status.get("poll"))))),
        tags=tuple(
            name for tag in as_list(status.get("tags")) if (name := as_text(as_dict(tag).get("name")).removeprefix("#"))
        ),
        lang=as_text(status.get("language")) or None,
        reply_to=as_id(status.get("in_reply_to_id")),
        quotes=_quoted(status),
        media_count=len(attachments) + content.media,
    )


def host(url: str) -> str | None:
    """The host (and port) of a URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or None
    except ValueError:
        return None


def _author(value: object) -> tuple[Author, str | None]:
    account = as_dict(value)
    if not account:
        return NOBODY, None
    address = as_text(account.get("uri")) or as_text(account.get("url"))
    home = host(as_text(account.get("url")) or address)
    handle = as_text(account.get("acct")) or as_text(account.get("username"))
    if handle and "@" not in handle and home:
        handle = f"{handle}@{home}"
    about = [html_to_text(as_text(account.get("note"))).text]
    for entry in map(as_dict, as_list(account.get("fields"))):
        name, said = as_text(entry.get("name")), html_to_text(as_text(entry.get("value"))).text
        about.append(f"{name}: {said}" if name and said else said or name)
    return (
        Author(
            id=address or as_id(account.get("id")),
            handle=handle or None,
            name=as_text(account.get("display_name")) or None,
            bio="\n".join(filter(None, about)) or None,
        ),
        home,
    )


def _poll(value: object) -> list[str]:
    """What a poll lets people choose from is text of the post."""
    return [as_text(as_dict(option).get("title")) for option in as_list(as_dict(value).get("options"))]


def _quoted(status: Mapping[str, Any]) -> str | None:
    """The quoted status: its uri where the server shows it (4.4+: under quoted_status; forks: directly)."""
    quote = as_dict(status.get("quote"))
    inner = as_dict(quote.get("quoted_status")) or quote
    return as_text(inner.get("uri")) or as_id(quote.get("quoted_status_id")) or as_id(status.get("quote_id"))
