"""Reddit's API, as far as listings, searches, info and profiles are read with it."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

TOKEN = "t0ken"
CLIENT = {"client_id": "an-app", "client_secret": "s3cr3t"}


class FakeReddit:
    """Communities r/maps (submissions), r/talk (comments), and some that are not open."""

    platform = "reddit"

    def __init__(self, *, comments: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "subreddits": "maps", "comments": comments}
        self.things: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.ceiling = 1000
        self.login = False
        self.tokens: list[str] = []
        self.about: dict[str, Any] = {}
        self.status = 0
        self._made, self._comments = 0, comments

    def thing(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        shared = {
            "subreddit": "maps",
            "subreddit_id": "t5_m",
            "author": "zorblat_77",
            "author_fullname": "t2_z",
            "created_utc": at.timestamp(),
            "edited": False,
            "permalink": f"/r/maps/comments/a{number}/x/",
            "sr_detail": {"public_description": "All about maps", "icon_img": f"https://i.redd.it/{MEDIA_MARK}.png"},
        }
        if self._comments:
            return {
                "id": f"c{number}", "name": f"t1_c{number}", "body": f"Post number {number}", "link_id": "t3_a1",
                "parent_id": "t3_a1", "link_title": "A thread",
            } | shared  # fmt: skip
        return {
            "id": f"a{number}", "name": f"t3_a{number}", "title": f"Post number {number}", "selftext": "text",
            "is_self": True, "url": f"https://www.reddit.com/r/maps/comments/a{number}/x/", "removed_by_category": None,
        } | shared  # fmt: skip

    def add(self, count: int) -> list[str]:
        added = [self.thing(self._made + number) for number in range(count)]
        self._made += count
        self.things += added
        return [thing["name"] for thing in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        name = self.things[-1]["name"]
        change(self.things[-1])
        return name

    def find(self, post_id: str) -> dict[str, Any]:
        return next(thing for thing in self.things if thing["name"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update({"body" if self._comments else "selftext": text, "edited": 1793534340.0})

    def delete(self, post_id: str) -> None:
        self.things.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        path, asked = request.url.path.rstrip("/"), dict(request.url.params)
        if path == "/api/v1/access_token":
            return self._token(request)
        if self.login and request.headers.get("authorization") != f"bearer {TOKEN}{len(self.tokens)}":
            return httpx.Response(401, headers={"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'})
        if path in {"/r/maps/new", "/r/maps/comments", "/r/all/search", "/r/maps/search"}:
            kind = "t1" if path.endswith("comments") else "t3"
            return self._limited(self._page(asked, kind))
        if path == "/api/info":
            names = asked["id"].split(",")
            return self._limited(_listing([thing for thing in self.things if thing.get("name") in names]))
        if path in self.about:
            return httpx.Response(200, json=self.about[path])
        return _closed(path)

    def _token(self, request: httpx.Request) -> httpx.Response:
        said = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if said != "an-app:s3cr3t":
            return httpx.Response(401, json={"message": "Unauthorized", "error": 401})
        self.tokens.append(parse_qs(request.content.decode())["grant_type"][0])
        answer = {"access_token": f"{TOKEN}{len(self.tokens)}", "expires_in": 86400, "scope": "*"}
        return httpx.Response(200, json=answer | {"token_type": "bearer"})

    @staticmethod
    def _limited(answer: Any) -> httpx.Response:
        headers = {"x-ratelimit-used": "3", "x-ratelimit-remaining": "97.0", "x-ratelimit-reset": "500"}
        return httpx.Response(200, json=answer, headers=headers)

    def _page(self, asked: dict[str, str], kind: str) -> dict[str, Any]:
        shown = [thing for thing in reversed(self.things) if (thing.get("name") or kind).startswith(kind)]
        shown = shown[: self.ceiling]
        names = [thing.get("name") for thing in shown]
        start = 0
        if "after" in asked:
            if asked["after"] not in names:
                return _listing([])
            start = names.index(asked["after"]) + 1
        limit = min(int(asked.get("limit", "25")), 100)
        some = shown[start : start + limit]
        return _listing(some, names[start + limit - 1] if len(shown) > start + limit else None)

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("reddit", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def _listing(things: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    children = [{"kind": "t1" if "link_id" in thing else "t3", "data": thing} for thing in things]
    return {"kind": "Listing", "data": {"after": after, "before": None, "dist": len(things), "children": children}}


def _closed(path: str) -> httpx.Response:
    if path.startswith("/r/shut/"):
        return httpx.Response(403, json={"reason": "private", "message": "Forbidden", "error": 403})
    if path.startswith("/r/nowhere/"):
        return httpx.Response(302, headers={"Location": "/subreddits/search?q=nowhere"})
    if path.startswith("/r/odd/"):
        return httpx.Response(401, json={"message": "Unauthorized", "error": 401})
    if path.startswith("/r/ended/"):
        return httpx.Response(404, json={"reason": "banned", "message": "Not Found", "error": 404})
    return httpx.Response(404, json={"message": "Not Found", "error": 404})


def reddit_world(**habits: bool) -> Opened:
    """Opens a Reddit of its own."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeReddit]:
        yield FakeReddit(**habits)

    return opened
