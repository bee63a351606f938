"""A board with 4chan's read-only JSON interface: threads of ten posts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

BASE = "https://social.example"
SIZE = 10


class FakeBoard:
    """One board.

    :param serves: which of its files it has: threads, catalog, index, thread.
    """

    platform = "fourchan"
    text_fields = ("no",)
    tells_edits = False

    def __init__(self, serves: str = "threads catalog index thread") -> None:
        self.time = Timeline()
        self.options: dict[str, Any] = {"base_url": BASE, "boards": "po"}
        self.threads: dict[int, list[dict[str, Any]]] = {}
        self.archived: dict[int, list[dict[str, Any]]] = {}
        self.modified: dict[int, int] = {}
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.times: list[datetime] = []
        self.serves = set(serves.split())
        self._made = 100
        self._clock = 1_793_000_000

    def post(self, number: int, thread: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * (number - 100))
        return {
            "no": number,
            "now": "11/01/26(Sun)10:00:00",
            "name": "Anonymous",
            "com": f"Post number {number}",
            "filename": MEDIA_MARK,
            "ext": ".png",
            "tim": 1_793_000_000_123,
            "time": int(at.timestamp()),
            "md5": f"{MEDIA_MARK}==",
            "fsize": 2048,
            "resto": 0 if number == thread else thread,
        }

    def touch(self, thread: int) -> None:
        self._clock += 1
        self.modified[thread] = self._clock

    def add(self, count: int) -> list[str]:
        added: list[str] = []
        for _ in range(count):
            self._made += 1
            thread = next(reversed(self.threads), None)
            if thread is None or len(self.threads[thread]) >= SIZE:
                thread = self._made
                self.threads[thread] = []
            self.threads[thread].append(self.post(self._made, thread))
            self.touch(thread)
            added.append(f"po/{self._made}")
        return added

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        post_id = self.add(1)[0]
        change(self.find(post_id))
        return post_id

    def find(self, post_id: str) -> dict[str, Any]:
        number = int(post_id.rpartition("/")[2])
        return next(post for posts in self.threads.values() for post in posts if post.get("no") == number)

    def thread_of(self, post_id: str) -> int:
        found = self.find(post_id)
        return next(thread for thread, posts in self.threads.items() if any(post is found for post in posts))

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id)["com"] = text
        self.touch(self.thread_of(post_id))

    def delete(self, post_id: str) -> None:
        number = int(post_id.rpartition("/")[2])
        self.threads.pop(number, None)
        for thread, posts in self.threads.items():
            if any(post.get("no") == number for post in posts):
                self.threads[thread] = [post for post in posts if post.get("no") != number]
                self.touch(thread)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.time.now)
        if self.faults:
            return self.faults.pop(0)(request)
        _, board, *rest = request.url.path.removesuffix(".json").split("/")
        kind = "index" if rest[0].isdecimal() else rest[0]
        if board != "po" or kind not in self.serves:
            return httpx.Response(404, html="<h1>404 Not Found</h1>")
        if kind == "thread":
            return self._thread(request, int(rest[1]))
        if kind == "index":
            return self._index(int(rest[0]))
        modified = max(self.modified.values(), default=self._clock)
        newest = sorted(self.threads, key=lambda thread: self.modified[thread], reverse=True)
        listed = [self._listed(thread, whole=kind == "catalog") for thread in newest]
        pages = [{"page": at // 15 + 1, "threads": listed[at : at + 15]} for at in range(0, len(listed), 15)]
        return self._answer(request, modified, pages)

    def _listed(self, thread: int, *, whole: bool) -> dict[str, Any]:
        first, *replies = self.threads[thread]
        stated = {"no": thread, "last_modified": self.modified[thread], "replies": len(replies)}
        return {**first, **stated, "last_replies": replies[-5:]} if whole else stated

    def _index(self, page: int) -> httpx.Response:
        newest = sorted(self.threads, key=lambda thread: self.modified[thread], reverse=True)
        shown = newest[(page - 1) * 15 : page * 15]
        if not shown:
            return httpx.Response(404)
        return httpx.Response(200, json={"threads": [{"posts": self.threads[thread][:6]} for thread in shown]})

    def _thread(self, request: httpx.Request, thread: int) -> httpx.Response:
        posts = self.threads.get(thread) or self.archived.get(thread)
        if posts is None:
            return httpx.Response(404)
        return self._answer(request, self.modified[thread], {"posts": posts})

    def _answer(self, request: httpx.Request, modified: int, answer: Any) -> httpx.Response:
        at = datetime.fromtimestamp(modified, UTC)
        known = request.headers.get("if-modified-since")
        headers = {"Last-Modified": format_datetime(at, usegmt=True)}
        if known and parsedate_to_datetime(known) >= at:
            return httpx.Response(304, headers=headers)
        return httpx.Response(200, json=answer, headers=headers)

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("fourchan", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def fourchan_world() -> Opened:
    """Opens a board."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeBoard]:
        yield FakeBoard()

    return opened
