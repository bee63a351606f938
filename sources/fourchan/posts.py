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
from sources.html import html_to_text, untagged
from sources.media import drop_media_links, without_media
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


class BoardPost:
    """The draft of a post of a thread (`monitor.drafts`).

    :raises UnusablePostError: no number, or a text that is none.
    """

    __slots__ = ("_board", "_media", "_raw", "_seen_at", "_thread", "number", "texts")

    def __init__(self, raw: Mapping[str, Any], board: Board, thread: int, *, seen_at: datetime) -> None:
        self._raw, self._board, self._thread, self._seen_at = raw, board, thread, seen_at
        get = raw.get
        number = get("no")
        if type(number) is not int or number <= 0:
            number = number_of(raw)
            if number is None:
                raise UnusablePostError("no no")
        comment = get("com") or ""
        if not isinstance(comment, str):
            raise UnusablePostError("a com that is no text")
        text, media = html_to_text(comment) if "<" in comment else (untagged(comment), 0)
        if "://" in text:
            text, linked = drop_media_links(text)
            text, media = text.strip(), media + linked
        self.number, self._media = number, media
        title, tag, trip = get("sub"), get("tag"), get("trip")
        name = get("name")
        self.texts = (
            without_media(html_to_text(title).text) if title and isinstance(title, str) else "",
            text,
            tag if tag and isinstance(tag, str) else "",
            board.name,
            "",
            "Anonymous" if name == "Anonymous" else _name(name).strip() or "Anonymous",
            f"{_name(name)}{trip}" if trip and isinstance(trip, str) else "",
            "",
        )

    @property
    def id(self) -> str:
        """See `monitor.drafts`. Made when asked for: a board's posts are told apart by their numbers."""
        return self._board.id_of(self.number)

    @property
    def created_at(self) -> datetime | None:
        """See `monitor.drafts`. Made when asked for: of a thread's posts, only the oldest one's time matters."""
        return as_time(self._raw.get("time"))

    def whole(self) -> Post:
        """The post."""
        raw, board, texts = self._raw, self._board, self.texts
        return Post(
            platform=PLATFORM,
            id=self.id,
            instance=board.host,
            url=board.url_of(self._thread, self.number),
            created_at=self.created_at,
            first_seen_at=self._seen_at,
            author=Author(id=_author_id(raw) or self.id, handle=texts[5], name=texts[6] or None),
            title=texts[0] or None,
            text=texts[1],
            tags=(texts[2],) if texts[2] else (),
            community=board.name,
            reply_to=_reply_to(raw, raw.get("com") or "", board, self._thread, self.number),
            media_count=self._media + _files(raw),
        )


def to_post(raw: Mapping[str, Any], board: Board, thread: int, *, seen_at: datetime) -> Post:
    """A post of a thread. Raises `UnusablePostError`."""
    return BoardPost(raw, board, thread, seen_at=seen_at).whole()


def _name(value: object) -> str:
    name = as_text(value)
    return without_media(unescape(name)) if "&" in name or ":" in name else name


def _author_id(raw: Mapping[str, Any]) -> str | None:
    """Nearly everybody is called the same: without a tripcode or an id nobody is known to have posted twice."""
    return as_text(raw.get("trip")) or as_id(raw.get("id"))


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
    return None if number in (thread, first) else board.id_of(as_id(first) or thread)
