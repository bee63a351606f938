"""Statuses of Mastodon's API as posts: pure mapping, tolerant of forks.

Facts: the entities Status, Account, Quote and Poll of Mastodon's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from monitor.post import NOBODY, Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links, without_media
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


class Account(NamedTuple):
    """Who wrote a status."""

    author: Author
    home: str | None
    handle: str
    name: str
    bio: str


_NO_ACCOUNT: Final = Account(NOBODY, None, "", "", "")


class Accounts:
    """The accounts of one page: each is read once, however many statuses it wrote.

    :param names: local id -> uri of the page's statuses: what one of them answers is named by its uri where it stands
        there, too (a server tells only its own id of it).
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names: Mapping[str, str] = {} if names is None else names
        self._known: dict[str, Account] = {}

    def read(self, account: Mapping[str, Any]) -> Account:
        """An account, with its bio and its own fields, as they came with a status."""
        address = as_text(account.get("uri")) or as_text(account.get("url"))
        known = self._known.get(address)
        if known is None:
            known = _account(account, address)
            if address:
                self._known[address] = known
        return known


class Status:
    """The draft of a status, boosts unwrapped before (`monitor.drafts`).

    :raises UnusableStatusError: no uri, or no content field at all (the form has changed).
    """

    __slots__ = ("_account", "_media", "_names", "_seen_at", "_status", "_tags", "created_at", "id", "texts")

    def __init__(self, status: Mapping[str, Any], accounts: Accounts, *, seen_at: datetime) -> None:
        self._status, self._seen_at, self._names = status, seen_at, accounts.names
        get = status.get
        self.id, content = status_uri(status), get("content")
        if not isinstance(content, str) and (content is not None or "content" not in status):
            raise UnusableStatusError("no content field")
        text, media = html_to_text(content) if content else ("", 0)
        warning, poll = get("spoiler_text"), get("poll")
        if warning or poll:
            text = "\n".join(filter(None, (as_text(warning), text, *_poll(poll))))
        if ":" in text:
            text, bare = drop_media_links(text)
            text, media = text.strip(), media + bare
        account, tags = as_dict(get("account")), get("tags")
        self._account = by = accounts.read(account) if account else _NO_ACCOUNT
        self._tags = tags = _tags(tags) if tags else ()
        self._media, self.created_at = media, as_time(get("created_at"))
        self.texts = ("", text, "\n".join(tags), "", "", by.handle, by.name, by.bio)

    def whole(self) -> Post:
        """The post."""
        status, uri = self._status, self.id
        answered = as_id(status.get("in_reply_to_id"))
        return Post(
            platform=PLATFORM,
            id=uri,
            instance=host(uri) or self._account.home,
            url=as_text(status.get("url")) or uri,
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            edited_at=as_time(status.get("edited_at")),
            author=self._account.author,
            text=self.texts[1],
            tags=self._tags,
            lang=as_text(status.get("language")) or None,
            reply_to=self._names.get(answered, answered) if answered else None,
            quotes=_quoted(status),
            media_count=len(as_list(status.get("media_attachments"))) + self._media,
        )


def to_post(status: Mapping[str, Any], *, seen_at: datetime) -> Post:
    """One status as a post. Raises `UnusableStatusError`."""
    return Status(status, Accounts(), seen_at=seen_at).whole()


def host(url: str) -> str | None:
    """The host (and port) of a URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or None
    except ValueError:
        return None


def _account(account: Mapping[str, Any], address: str) -> Account:
    home = host(as_text(account.get("url")) or address)
    handle = as_text(account.get("acct")) or as_text(account.get("username"))
    if handle and "@" not in handle and home:
        handle = f"{handle}@{home}"
    about = [without_media(html_to_text(as_text(account.get("note"))).text)]
    for entry in map(as_dict, as_list(account.get("fields"))):
        name, said = without_media(as_text(entry.get("name"))), html_to_text(as_text(entry.get("value"))).text
        said = without_media(said)
        about.append(f"{name}: {said}" if name and said else said or name)
    shown, bio = without_media(as_text(account.get("display_name"))), "\n".join(filter(None, about))
    author = Author(id=address or as_id(account.get("id")), handle=handle or None, name=shown or None, bio=bio or None)
    return Account(author, home, handle, shown, bio)


def _tags(value: object) -> tuple[str, ...]:
    named = (as_text(as_dict(tag).get("name")).removeprefix("#") for tag in as_list(value))
    return tuple(filter(None, named))


def _poll(value: object) -> list[str]:
    """What a poll lets people choose from is text of the post."""
    return [as_text(as_dict(option).get("title")) for option in as_list(as_dict(value).get("options"))]


def _quoted(status: Mapping[str, Any]) -> str | None:
    """The quoted status: its uri where the server shows it (4.4+: under quoted_status; forks: directly)."""
    quote = as_dict(status.get("quote"))
    inner = as_dict(quote.get("quoted_status")) or quote
    return as_text(inner.get("uri")) or as_id(quote.get("quoted_status_id")) or as_id(status.get("quote_id"))
