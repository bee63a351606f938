"""Posts of threads as posts: pure mapping.

Facts: 4chan/4chan-API, pages/Threads.md and pages/Catalog.md. A file's name, size and hash are dropped with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any, Final

from monitor.post import Author, Post
from sources.html import html_to_text
from sources.media import drop_media_links
from sources.shapes import as_id, as_list, as_text, as_time

PLATFORM: Final = "fourchan"
SITE: Final = "https://boards.4chan.org"

_QUOTED = re.compile(r"(?:&gt;|>){2}(\d{1,18})(?!\d)")


class UnusablePostError(ValueError):
    """A post that cannot be used; the text says why, without any content."""


@dataclass(frozen=True, slots=True)
class Board:
    """One board: what its posts' ids and permalinks begin with.

    :param host: of a site other than 4chan; boards of two sites may have the same name.
    """

    name: str
    site: str = SITE
    folder: str = "thread"
    host: str | None = None

    def id_of(self, number: int | str) -> str:
        """A post's id here."""
        return f"{self.host}/{self.name}/{number}" if self.host else f"{self.name}/{number}"

    def url_of(self, thread: int, number: int) -> str:
        """A post's permalink."""
        return f"{self.site}/{self.name}/{self.folder}/{thread}#p{number}"


def number_of(raw: Mapping[str, Any]) -> int | None:
    """A post's number; unique on its board, and growing."""
    number = raw.get("no")
    if isinstance(number, str) and number.isdecimal():
        return int(number)
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def to_post(raw: Mapping[str, Any], board: Board, thread: int, *, seen_at: datetime) -> Post:
    """A post of a thread.

    :raises UnusablePostError: no number, or a text that is none.
    """
    get = raw.get
    number = number_of(raw)
    if number is None:
        raise UnusablePostError("no no")
    comment = get("com") or ""
    if not isinstance(comment, str):
        raise UnusablePostError("a com that is no text")
    text, media = html_to_text(comment)
    if "://" in text:
        text, linked = drop_media_links(text)
        text, media = text.strip(), media + linked
    post_id, subject, tag = board.id_of(number), get("sub"), get("tag")
    return Post(
        platform=PLATFORM,
        id=post_id,
        instance=board.host,
        url=board.url_of(thread, number),
        created_at=as_time(get("time")),
        first_seen_at=seen_at,
        author=_author(raw, post_id),
        title=html_to_text(subject).text or None if subject and isinstance(subject, str) else None,
        text=text,
        tags=(tag,) if tag and isinstance(tag, str) else (),
        community=board.name,
        reply_to=_reply_to(raw, comment, board, thread, number),
        media_count=media + _files(raw),
    )


def _author(raw: Mapping[str, Any], post_id: str) -> Author:
    """Nearly everybody is called the same: without a tripcode or an id nobody is known to have posted twice."""
    trip, named, name = as_text(raw.get("trip")), as_id(raw.get("id")), as_text(raw.get("name"))
    if "&" in name:
        name = unescape(name)
    return Author(
        id=trip or named or post_id, handle=name.strip() or "Anonymous", name=f"{name}{trip}" if trip else None
    )


def _files(raw: Mapping[str, Any]) -> int:
    if raw.get("filedeleted"):
        return 0
    more = len(as_list(raw["extra_files"])) if "extra_files" in raw else 0
    return more + 1 if raw.get("tim") or raw.get("filename") or raw.get("md5") or raw.get("ext") else more


def _reply_to(raw: Mapping[str, Any], comment: str, board: Board, thread: int, number: int) -> str | None:
    """The first post that it quotes by number, else its thread's first."""
    if "&gt;&gt;" in comment or ">>" in comment:
        for match in _QUOTED.finditer(comment):
            if match[1] != str(number) and not comment[: match.start()].endswith(("&gt;", ">>")):
                return board.id_of(match[1])
    first = raw.get("resto") or thread
    return None if number in {thread, first} else board.id_of(as_id(first) or thread)
