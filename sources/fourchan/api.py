"""The boards' files, and asking for them no faster than the site allows: what a board lists, and whole threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
import orjson

from monitor.net.errors import BadAnswerError, StatusError
from monitor.net.http import get
from monitor.ports import SourceContext
from sources.fourchan.posts import Board, number_of
from sources.shapes import as_dict, as_list

SAME_THREAD: Final = 10.0
"""Seconds between two reads of one thread."""

_ATTEMPTS: Final = 3
_INDEX_PAGES: Final = 20
_GONE: Final = frozenset({404, 410})

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A thread as its board lists it.

    :param version: changes whenever the thread does.
    :param page: the page of the board that it is on, from 0.
    :param shown: what the listing shows of its posts (the first, and the newest replies).
    """

    number: int
    version: int
    page: int
    shown: Sequence[Raw] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a board lists. None of `threads`: not changed since `modified`."""

    threads: Mapping[int, Listed] | None
    modified: str = ""
    response: httpx.Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread's posts, oldest first; None: not changed since `modified`."""

    posts: Sequence[Raw] | None
    modified: str = ""


@dataclass(slots=True)
class BoardsApi:
    """Reads one server. At most one request in `pause` seconds, and a thread only every ten (not on loopback)."""

    context: SourceContext
    server: str
    pause: float
    folder: str
    _asked_at: datetime | None = None
    _read_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    async def listing(self, board: Board, modified: str = "") -> Listing:
        """What is on a board: threads.json, else what its catalogue or its index pages show.

        :raises StatusError: none of them is there.
        """
        try:
            return await self._listing(f"{board.name}/threads.json", modified)
        except StatusError as error:
            if error.status not in _GONE:
                raise
            for read in (self.catalog, self._index):
                try:
                    return await read(board)
                except StatusError:
                    continue
            raise

    async def catalog(self, board: Board) -> Listing:
        """The threads of a board, with their newest replies."""
        return await self._listing(f"{board.name}/catalog.json", "")

    async def _listing(self, path: str, modified: str) -> Listing:
        answer, response = await self._json(path, modified)
        if response.status_code == 304:
            return Listing(threads=None, modified=modified, response=response)
        threads: dict[int, Listed] = {}
        for page, group in enumerate(_pages(answer, path)):
            for raw in as_list(group.get("threads")):
                _add(threads, as_dict(raw), page)
        return Listing(threads=threads, modified=response.headers.get("last-modified", ""), response=response)

    async def _index(self, board: Board) -> Listing:
        threads: dict[int, Listed] = {}
        answer, response = await self._json(f"{board.name}/1.json", "")
        for page in range(_INDEX_PAGES):
            for raw in as_list(as_dict(answer).get("threads")):
                _add(threads, as_dict(raw), page)
            try:
                answer, _ = await self._json(f"{board.name}/{page + 2}.json", "")
            except StatusError:
                break
        return Listing(threads=threads, response=response)

    async def thread(self, board: Board, number: int, modified: str = "") -> Thread | None:
        """A thread; None where there is none (any more)."""
        path = f"{board.name}/{self.folder}/{number}.json"
        try:
            answer, response = await self._json(path, modified, thread=True)
        except StatusError as error:
            if error.status not in _GONE:
                raise
            return None
        if response.status_code == 304:
            return Thread(posts=None, modified=modified)
        posts = as_dict(answer).get("posts")
        if not isinstance(posts, list):
            raise BadAnswerError(f"{response.request.url.host} answered {path} in another form than documented.")
        return Thread(
            posts=[as_dict(raw) for raw in as_list(as_dict(answer).get("posts"))],
            modified=response.headers.get("last-modified", ""),
        )

    async def _json(self, path: str, modified: str, *, thread: bool = False) -> tuple[Any, httpx.Response]:
        headers = {"If-Modified-Since": modified} if modified else {}
        for attempt in range(_ATTEMPTS):
            await self._turn(path, thread=thread)
            response = await get(self.context.http, f"{self.server}/{path}", headers=headers)
            if response.status_code == 304:
                return None, response
            try:
                return orjson.loads(response.content), response
            except orjson.JSONDecodeError as error:
                if attempt == _ATTEMPTS - 1:
                    raise BadAnswerError(
                        f"{response.request.url.host} answered with JSON that breaks off or is invalid, at {error.pos}."
                    ) from None
        raise AssertionError("the last attempt returns or raises")

    async def _turn(self, path: str, *, thread: bool) -> None:
        """Waits for what the site asks of every client."""
        context = self.context
        if context.loopback:
            return
        now = context.clock()
        waits = [self.pause - (now - self._asked_at).total_seconds() if self._asked_at else 0.0]
        if thread and (before := self._read_at.get(path)):
            waits.append(SAME_THREAD - (now - before).total_seconds())
        if (wait := max(waits)) > 0:
            await context.sleep(wait)
        self._asked_at = now = context.clock()
        if thread:
            self._read_at = {
                one: at for one, at in self._read_at.items() if (now - at).total_seconds() < SAME_THREAD
            } | {path: now}


def _pages(answer: object, path: str) -> Sequence[Raw]:
    """A listing's pages; one page for a listing that has none."""
    groups = [as_dict(group) for group in as_list(answer)]
    if isinstance(answer, list):
        if all("threads" in group for group in groups):
            return groups
        if all("no" in group for group in groups):
            return [{"threads": groups}]
    elif isinstance(as_dict(answer).get("threads"), list):
        return [as_dict(answer)]
    raise BadAnswerError(f"The server answered {path} in another form than documented.")


def _add(threads: dict[int, Listed], raw: Raw, page: int) -> None:
    """A listed thread: its first post, or (on index pages) an object that holds its posts."""
    shown = [as_dict(one) for one in as_list(raw.get("posts"))]
    if not shown:
        replies = [as_dict(one) for one in as_list(raw.get("last_replies"))]
        # threads.json gives a number and nothing of the post.
        shown = [raw, *replies] if replies or "time" in raw else []
    number = number_of(shown[0] if shown else raw)
    if number is None:
        return
    versions = (raw.get("last_modified"), shown[-1].get("no") if shown else None, raw.get("replies"))
    version = next((one for one in versions if isinstance(one, int) and one > 0), 0)
    threads.setdefault(number, Listed(number=number, version=version, page=page, shown=shown))
