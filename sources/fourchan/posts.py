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
from sources.shapes import as_id, as_list, as_text, as_time

PLATFORM: Final = "fourchan"
SITE: Final = "https://boards.4chan.org"

_QUOTED = re.compile(r"(?:&gt;|>){2}(\d{1,18})(?!\d)")
_FILE: Final = ("tim", "filename", "md5", "ext")


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
    number = number_of(raw)
    if number is None:
        raise UnusablePostError("no no")
    comment = raw.get("com") or ""
    if not isinstance(comment, str):
        raise UnusablePostError("a com that is no text")
    text, media = html_to_text(comment)
    subject, tag = as_text(raw.get("sub")), as_text(raw.get("tag"))
    return Post(
        platform=PLATFORM,
        id=board.id_of(number),
        instance=board.host,
        url=board.url_of(thread, number),
        created_at=as_time(raw.get("time")),
        first_seen_at=seen_at,
        author=_author(raw, board, number),
        title=html_to_text(subject).text or None if subject else None,
        text=text,
        tags=(tag,) if tag else (),
        community=board.name,
        reply_to=_reply_to(raw, comment, board, thread, number),
        media_count=media + _files(raw),
    )


def _author(raw: Mapping[str, Any], board: Board, number: int) -> Author:
    """Nearly everybody is called the same: without a tripcode or an id nobody is known to have posted twice."""
    trip = as_text(raw.get("trip"))
    name = unescape(as_text(raw.get("name"))).strip()
    return Author(
        id=trip or as_id(raw.get("id")) or board.id_of(number),
        handle=name or "Anonymous",
        name=f"{name}{trip}" if trip else None,
    )


def _files(raw: Mapping[str, Any]) -> int:
    if raw.get("filedeleted"):
        return 0
    return int(any(raw.get(name) for name in _FILE)) + len(as_list(raw.get("extra_files")))


def _reply_to(raw: Mapping[str, Any], comment: str, board: Board, thread: int, number: int) -> str | None:
    """The first post that it quotes by number, else its thread's first."""
    for match in _QUOTED.finditer(comment):
        if match[1] != str(number) and not comment[: match.start()].endswith(("&gt;", ">>")):
            return board.id_of(match[1])
    first = as_id(raw.get("resto")) or str(thread)
    return None if number == thread or first in {"0", str(number)} else board.id_of(first)
