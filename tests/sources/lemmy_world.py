"""A Lemmy server, of 0.19 (v3) or 1.0 (v4), with one community."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

BASE = "https://social.example"
MEDIA = f"{BASE}/pictrs/image/{MEDIA_MARK}"
LANGUAGES = [{"id": 0, "code": "und", "name": "Undetermined"}, {"id": 37, "code": "en", "name": "English"}]


class FakeLemmy:
    """One server.

    :param version: the API that it speaks.
    :param kind: posts or comments.
    :param cursors: v3: it gives cursors for posts (since 0.19.0), else pages have numbers.
    """

    platform = "lemmy"
    text_fields = ("name", "body")

    def __init__(self, version: str = "v3", kind: str = "posts", *, cursors: bool = True) -> None:
        self.time = Timeline()
        self.version, self.kind, self.cursors = version, kind, cursors
        self.options: dict[str, Any] = {"base_url": BASE, "communities": "maps", "kinds": kind}
        self.views: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.ignores: frozenset[str] = frozenset()
        self.refuses_capitals = False
        self._made = 0

    def view(self, number: int) -> dict[str, Any]:
        new = self.version == "v4"
        made, changed, name = ("published_at", "updated_at", "ap_id") if new else ("published", "updated", "actor_id")
        at = (datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)).isoformat()
        post = {
            "id": number,
            "name": f"Post number {number}",
            "body": f"Text of {number}",
            "ap_id": f"{BASE}/post/{number}",
            made: at,
            changed: None,
            "deleted": False,
            "removed": False,
            "language_id": 37,
            "community_id": 3,
        }
        view: dict[str, Any] = {
            "post": post,
            "creator": {
                "id": 9,
                "name": "zorblat77",
                "display_name": "Zorblat",
                "avatar": f"{MEDIA}.webp",
                "banner": f"{MEDIA}.webp",
                "bio": f"Collector of maps ![me]({MEDIA}.png)",
                "matrix_user_id": "@quibdrem:home.example",
                name: f"{BASE}/u/zorblat77",
                "banned": False,
            },
            "community": {
                "id": 3,
                "name": "maps",
                "title": "All maps",
                "sidebar" if new else "description": f"Be kind ![banner]({MEDIA}.png)",
                "icon": f"{MEDIA}.png",
                name: f"{BASE}/c/maps",
                "removed": False,
                "deleted": False,
            },
        }
        if self.kind == "comments":
            view["comment"] = {
                "id": number,
                "content": f"Comment number {number}",
                "ap_id": f"{BASE}/comment/{number}",
                made: at,
                changed: None,
                "deleted": False,
                "removed": False,
                "language_id": 37,
                "post_id": 500,
                "path": f"0.{number}",
            }
            view["post"] = {**post, "id": 500, "ap_id": f"{BASE}/post/500", "name": "Thread"}
        return view

    def object_of(self, view: dict[str, Any]) -> dict[str, Any]:
        return view["comment"] if self.kind == "comments" else view["post"]

    def add(self, count: int) -> list[str]:
        added = [self.view(self._made + number + 1) for number in range(count)]
        self._made += count
        self.views += added
        return [self.object_of(view)["ap_id"] for view in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.object_of(self.views[-1]))
        return self.object_of(self.views[-1]).get("ap_id", "")

    def find(self, post_id: str) -> dict[str, Any]:
        return next(view for view in self.views if self.object_of(view)["ap_id"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        changed = "updated_at" if self.version == "v4" else "updated"
        field = "content" if self.kind == "comments" else "body"
        self.object_of(self.find(post_id)).update({field: text, changed: "2026-11-01T11:59:00.123456Z"})

    def delete(self, post_id: str) -> None:
        self.views.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path, asked = request.url.path, dict(request.url.params)
        asked = {name: value for name, value in asked.items() if name not in self.ignores}
        version, _, path = path.removeprefix("/api/").partition("/")
        if path == "site":
            if version != self.version:
                return httpx.Response(404)
            return httpx.Response(200, json={"version": "0.19.20", "site_view": {}, "all_languages": LANGUAGES})
        if self.faults:
            return self.faults.pop(0)(request)
        if version != self.version:
            return httpx.Response(404)
        if self.refuses_capitals and asked.get("sort", "").istitle():
            return httpx.Response(400, json={"error": "unknown", "message": "unknown variant `New`, expected `new`"})
        if path in {"post/list", "comment/list", "search"}:
            return self._listing(path, asked)
        return self._one(path, asked)

    def _one(self, path: str, asked: dict[str, str]) -> httpx.Response:
        if path == "resolve_object":
            found = [view for view in self.views if self.object_of(view)["ap_id"] == asked["q"]]
        else:
            found = [view for view in self.views if str(self.object_of(view)["id"]) == asked["id"]]
        if not found:
            return httpx.Response(404, json={"error": f"couldnt_find_{path}"})
        name = self.kind[:-1] if path == "resolve_object" else f"{path}_view"
        return httpx.Response(200, json={name: found[0]})

    def _listing(self, path: str, asked: dict[str, str]) -> httpx.Response:
        if asked.get("community_name", "maps") != "maps":
            return httpx.Response(404, json={"error": "couldnt_find_community"})
        mine = path == f"{self.kind[:-1]}/list" or asked.get("type_") == self.kind.capitalize()
        shown = list(reversed(self.views)) if mine else []
        word = asked.get("q") or asked.get("search_term")
        if word:
            shown = [view for view in shown if word in str(self.object_of(view).get("content", view["post"]["body"]))]
        start = 0
        if "page_cursor" in asked:
            ids = [self.object_of(view)["id"] for view in shown]
            start = sum(number >= int(asked["page_cursor"].removeprefix("P")) for number in ids)
        elif "page" in asked and self.version == "v3":
            start = (int(asked["page"]) - 1) * int(asked["limit"])
        size = min(50, int(asked["limit"]))
        page = shown[start : start + size]
        more = start + size < len(shown)
        following = f"P{self.object_of(page[-1])['id']}" if page and more else None
        if self.version == "v4":
            return httpx.Response(200, json={"items": page, "next_page": following, "prev_page": None})
        answer: dict[str, Any] = {path.partition("/")[0] + "s": page}
        if path == "search":
            answer = {"type_": asked["type_"], "posts": [], "comments": [], "users": [], self.kind: page}
        elif path == "post/list" and self.cursors:
            answer["next_page"] = following
        return httpx.Response(200, json=answer)

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("lemmy", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def lemmy_world(version: str, kind: str, *, cursors: bool = True) -> Opened:
    """Opens a server that speaks this API."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeLemmy]:
        yield FakeLemmy(version, kind, cursors=cursors)

    return opened
