"""A Discourse forum, with one category."""

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
MEDIA = f"{BASE}/uploads/default/original/1X/{MEDIA_MARK}"
IN_A_TOPIC = 10
TOPICS_AT_ONCE = 3


class FakeDiscourse:
    """One forum.

    :param listing: how it is read.
    :param shows: whether it shows its newest posts at all.
    :param again: `before` is given again (as most versions do).
    """

    platform = "discourse"
    text_fields = ("raw", "cooked")

    def __init__(self, listing: str = "posts", *, shows: bool = True, again: bool = True) -> None:
        self.time = Timeline()
        self.options: dict[str, Any] = {"base_url": BASE, "listing": listing}
        self.posts: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.shows, self.again = shows, again
        self.ignores: frozenset[str] = frozenset()
        self.by_number = True
        self.tags: list[Any] = ["map"]
        self.bios: dict[str, str] = {}
        self._made = 0

    def post(self, number: int) -> dict[str, Any]:
        topic, place = (number - 1) // IN_A_TOPIC + 1, (number - 1) % IN_A_TOPIC + 1
        at = (datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)).isoformat()
        return {
            "id": number,
            "name": "Zorblat",
            "username": "zorblat77",
            "avatar_template": f"/user_avatar/{MEDIA_MARK}/{{size}}/1.png",
            "flair_url": f"{MEDIA}.png",
            "user_id": 9,
            "created_at": at,
            "updated_at": at,
            "raw": f"Post number {number}",
            "cooked": f"<p>Post number {number}</p>",
            "post_number": place,
            "post_type": 1,
            "reply_to_post_number": None,
            "topic_id": topic,
            "topic_slug": f"topic-{topic}",
            "topic_title": f"Topic {topic}",
            "category_id": 7,
            "version": 1,
            "hidden": False,
            "user_deleted": False,
            "deleted_at": None,
        }

    def add(self, count: int) -> list[str]:
        added = [self.post(self._made + number + 1) for number in range(count)]
        self._made += count
        self.posts += added
        return [f"{BASE}/p/{post['id']}" for post in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.posts[-1])
        return f"{BASE}/p/{self.posts[-1].get('id')}"

    def find(self, post_id: str) -> dict[str, Any]:
        return next(post for post in self.posts if post_id == f"{BASE}/p/{post['id']}")

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update(raw=text, cooked=f"<p>{text}</p>", version=2, updated_at="2026-11-01T11:59:00.123Z")

    def delete(self, post_id: str) -> None:
        self.posts.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        asked = {name: value for name, value in request.url.params.multi_items() if name not in self.ignores}
        if path == "/site.json":
            about = {
                "id": 7,
                "name": "Maps",
                "description_text": f"All maps https://i.imgur.com/{MEDIA_MARK}.png",
                "uploaded_logo": {"url": MEDIA},
            }
            return httpx.Response(200, json={"title": "Zorb forum", "categories": [about]})
        if self.faults:
            return self.faults.pop(0)(request)
        if path == "/posts.json" and self.shows:
            return httpx.Response(200, json={"latest_posts": self._newest(int(asked.get("before", 0)))})
        if path in {"/latest.json", "/c/maps/7.json", "/tag/map.json"}:
            return httpx.Response(200, json=self._topics(path, int(asked.get("page", 0))))
        if path == "/search.json":
            return httpx.Response(200, json=self._finds(asked["q"].partition(" ")[0], int(asked["page"])))
        if path.startswith("/t/"):
            return self._topic(request, path.split("/")[2].removesuffix(".json"), asked)
        if path.startswith("/posts/"):
            found = [post for post in self.posts if path == f"/posts/{post['id']}.json"]
            if found:
                return httpx.Response(200, json={**found[0], "topic_title": None})
        if (name := path.removeprefix("/u/").removesuffix(".json")) in self.bios:
            return httpx.Response(200, json={"user": {"username": name, "bio_cooked": self.bios[name]}})
        return httpx.Response(404, json={"errors": ["not here"], "error_type": "not_found"})

    def _newest(self, before: int) -> list[dict[str, Any]]:
        """Posts within fifty ids, as older versions do."""
        if not before:
            before = max((post.get("id", 0) for post in self.posts), default=0)
            within = range(before - 50 + 1, before + 1)
        else:
            within = range(before - 50 + 1, before + self.again)
        shown = self.posts if "before" in self.ignores else [post for post in self.posts if post["id"] in within]
        return sorted(shown, key=lambda post: -post["id"])[:50]

    def _numbers(self) -> list[int]:
        """The topics, those that were written in last first."""
        last = {post["topic_id"]: post["id"] for post in self.posts}
        return sorted(last, key=lambda topic: -last[topic])

    def _topics(self, path: str, page: int) -> dict[str, Any]:
        numbers = self._numbers()
        chosen = numbers[page * TOPICS_AT_ONCE : (page + 1) * TOPICS_AT_ONCE]
        more = f"{path}?page={page + 1}" if (page + 1) * TOPICS_AT_ONCE < len(numbers) else None
        topics = [self._entry(number) for number in chosen]
        return {"topic_list": {"topics": topics, "more_topics_url": more}}

    def _entry(self, topic: int) -> dict[str, Any]:
        own = [post for post in self.posts if post["topic_id"] == topic]
        return {
            "id": topic,
            "title": f"Topic {topic}",
            "slug": f"topic-{topic}",
            "tags": self.tags,
            "category_id": 7,
            "bumped_at": own[-1]["created_at"],
            "image_url": MEDIA,
            "thumbnails": [{"url": MEDIA}],
            "pinned": False,
        }

    def _topic(self, request: httpx.Request, topic: str, asked: dict[str, str]) -> httpx.Response:
        own = [post for post in self.posts if str(post["topic_id"]) == topic]
        if not own:
            return httpx.Response(404, json={"errors": ["not here"], "error_type": "not_found"})
        if "include_raw" not in asked:
            own = [{name: value for name, value in post.items() if name != "raw"} for post in own]
        if request.url.path.endswith("/posts.json"):
            if not self.by_number:
                return httpx.Response(404, json={"errors": ["not here"]})
            wanted = request.url.params.get_list("post_ids[]")
            return httpx.Response(200, json={"post_stream": {"posts": [p for p in own if str(p["id"]) in wanted]}})
        start = (int(asked.get("page", 1)) - 1) * 20
        stream = {"posts": own[start : start + 20], "stream": [post["id"] for post in own]}
        return httpx.Response(200, json={**self._entry(int(topic)), "post_stream": stream})

    def _finds(self, word: str, page: int) -> dict[str, Any]:
        found = [post for post in reversed(self.posts) if word in post["raw"]]
        shown = found[(page - 1) * 50 : page * 50]
        kept = ("id", "name", "username", "created_at", "post_number", "topic_id")
        posts = [{**{name: post[name] for name in kept}, "blurb": f"...{post['raw'][:30]}"} for post in shown]
        topics = [self._entry(number) for number in {post["topic_id"] for post in shown}]
        more = True if len(found) > page * 50 else None
        return {"posts": posts, "topics": topics, "grouped_search_result": {"more_full_page_results": more}}

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("discourse", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def discourse_world(listing: str = "posts", *, again: bool = True) -> Opened:
    """Opens a forum."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeDiscourse]:
        yield FakeDiscourse(listing, again=again)

    return opened
