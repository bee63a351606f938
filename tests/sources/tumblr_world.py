"""Tumblr's API, as far as tags, blogs and single posts are read with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

KEY = "c0nsumer-key"
UUID = "t:Zorblat77"


class FakeTumblr:
    """A tag and a blog with the same posts.

    :param npf: posts come as blocks; else in the older form, as servers give them that do not know better.
    :param blog: the blog is read, not the tag.
    """

    platform = "tumblr"
    tells_edits = False
    text_fields = ("body",)

    def __init__(self, *, npf: bool = True, blog: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "api_key": KEY}
        self.options |= {"blogs": "zorblat-77"} if blog else {"tags": "map"}
        self.posts: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.blogs: dict[str, dict[str, Any]] = {"zorblat-77": self.about(), "quibdrem": self.about("quibdrem")}
        self.dashboard_only = False
        self.gaps = False
        self._made, self._npf = 0, npf

    def about(self, name: str = "zorblat-77") -> dict[str, Any]:
        return {
            "name": name,
            "title": name.title(),
            "description": f'<p>Collector of <b>maps</b><img src="https://64.media.tumblr.com/{MEDIA_MARK}.png"></p>',
            "url": f"https://{name}.tumblr.com/",
            "uuid": UUID if name == "zorblat-77" else f"t:{name}",
            "avatar": [{"url": f"https://64.media.tumblr.com/{MEDIA_MARK}.png"}],
            "theme": {"header_image": f"https://static.tumblr.com/{MEDIA_MARK}.png"},
        }

    def post(self, number: int) -> dict[str, Any]:
        # Two posts a second apart, then two in the same second.
        at = datetime(2026, 11, 1, 6, tzinfo=UTC) + timedelta(seconds=20 * (number // 2) + (number % 4 == 1))
        own = 700_000_000_000_000_001 + number
        words = f"Post number {number}"
        text = {"content": [{"type": "text", "text": words}], "layout": [], "trail": [], "type": "blocks"}
        return {
            "object_type": "post",
            "id": float(own),
            "id_string": str(own),
            "blog_name": "zorblat-77",
            "blog": self.about(),
            "post_url": f"https://zorblat-77.tumblr.com/post/{own}/post-number",
            "timestamp": int(at.timestamp()),
            "date": at.strftime("%Y-%m-%d %H:%M:%S GMT"),
            "state": "published",
            "tags": ["map", "old maps"],
            "summary": words,
        } | (text if self._npf else {"type": "text", "title": None, "body": f"<p>{words}</p>"})

    def add(self, count: int) -> list[str]:
        added = [self.post(self._made + number) for number in range(count)]
        self._made += count
        self.posts += added
        return [post["id_string"] for post in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.posts[-1])
        return self.posts[-1].get("id_string", "")

    def find(self, post_id: str) -> dict[str, Any]:
        return next(post for post in self.posts if post["id_string"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        changed = {"content": [{"type": "text", "text": text}]} if self._npf else {"body": f"<p>{text}</p>"}
        self.find(post_id).update(changed)

    def delete(self, post_id: str) -> None:
        self.posts.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        asked = dict(request.url.params)
        if asked.get("api_key") != KEY:
            return _answer([], 401, "Unauthorized")
        parts = request.url.path.strip("/").split("/")
        if parts == ["v2", "tagged"]:
            return _answer(self._page(asked))
        blog = next((one for name, one in self.blogs.items() if parts[2] in {name, one["uuid"]}), None)
        if blog is None:
            return _answer([], 404, "Not Found", [{"title": "Not Found", "code": 0}])
        if parts[3] == "info":
            return _answer({"blog": blog})
        if self.dashboard_only:
            return _answer([], 404, "Not Found", [{"title": "Not Found", "code": 4012}])
        posts = self._page(asked)
        if "id" in asked:
            posts = [post for post in self.posts if post["id_string"] == asked["id"]]
            if not posts:
                return _answer([], 404, "Not Found", [{"title": "Not Found", "code": 0}])
        return _answer({"blog": blog, "posts": posts, "total_posts": len(self.posts)})

    def _page(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        shown = sorted(self.posts, key=lambda post: post["timestamp"], reverse=True)
        before = int(asked.get("before", "99999999999"))
        below = [post for post in shown if post["timestamp"] < before]
        if self.gaps and "before" in asked and below and before - below[0]["timestamp"] > 2 * 3600:
            return []
        pinned = [post for post in self.posts if post.get("is_pinned")] if "before" not in asked else []
        return [*pinned, *(post for post in below if post not in pinned)][: int(asked.get("limit", "20"))]

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("tumblr", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def _answer(
    response: Any, status: int = 200, said: str = "OK", errors: list[dict[str, Any]] | None = None
) -> httpx.Response:
    body = {"meta": {"status": status, "msg": said}, "response": response}
    return httpx.Response(status, json=body | ({"errors": errors} if errors else {}))


def tumblr_world(**habits: bool) -> Opened:
    """Opens a tag and a blog."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeTumblr]:
        yield FakeTumblr(**habits)

    return opened
