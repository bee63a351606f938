"""X's recent search and lookup, as far as they are read. Every version of a post has an id of its own there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

FIRST = 1_985_000_000_000_000_000
USER = {
    "id": "9",
    "username": "zorblat_77",
    "name": "Zorblat",
    "description": "Collector of maps https://t.co/bio1",
    "entities": {"description": {"urls": [{"url": "https://t.co/bio1", "expanded_url": "https://maps.example/"}]}},
    "profile_image_url": f"https://pbs.twimg.com/{MEDIA_MARK}.jpg",
}


class FakeX:
    """The posts that one query finds. `renamed`: with the newer names of fields."""

    platform = "x"

    def __init__(self, *, renamed: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "queries": "map", "bearer_token": "t0ken"}
        if renamed:
            self.options["field_names"] = "post"
        self.posts: list[dict[str, Any]] = []
        self.old_versions: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.oldest_since = "0"
        self.lookup_errors: dict[str, str] = {}
        self._made = 0

    def post(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        return {
            "id": str(FIRST + number),
            "text": f"Post number {number} #map",
            "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "author_id": "9",
            "lang": "en",
            "edit_history_tweet_ids": [str(FIRST + number)],
            "entities": {"hashtags": [{"start": 15, "end": 19, "tag": "map"}]},
        }

    def add(self, count: int) -> list[str]:
        added = [self.post(self._made + number) for number in range(count)]
        self._made += count
        self.posts += added
        return [post["id"] for post in added]

    def edit(self, post_id: str, text: str) -> None:
        """A newer version: it alone is found then; the older one can be looked up and stays as it was."""
        old = next(post for post in self.posts if post_id in post["edit_history_tweet_ids"])
        self._made += 1
        new: dict[str, Any] = self.post(self._made - 1) | {"text": text, "entities": {}}
        history: list[str] = [*old["edit_history_tweet_ids"], new["id"]]
        new["edit_history_tweet_ids"] = history
        self.posts.remove(old)
        self.posts.append(new)
        self.old_versions.append(old | {"edit_history_tweet_ids": history})

    def delete(self, post_id: str) -> None:
        self.posts = [post for post in self.posts if post_id not in post["edit_history_tweet_ids"]]
        self.old_versions = [post for post in self.old_versions if post_id not in post["edit_history_tweet_ids"]]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.posts[-1])
        return self.posts[-1].get("id", "")

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.headers.get("authorization") != "Bearer t0ken":
            return httpx.Response(401, json={"title": "Unauthorized", "detail": "Unauthorized", "status": 401})
        asked = dict(request.url.params)
        if request.url.path == "/2/tweets":
            return self._lookup(asked["ids"].split(","), authors="expansions" in asked)
        if "since_id" in asked and int(asked["since_id"]) < int(self.oldest_since):
            said = "'since_id' must be a tweet id created after seven days ago"
            problem = {"title": "Invalid Request", "detail": "One or more parameters to your request was invalid."}
            return httpx.Response(400, json=problem | {"errors": [{"message": said, "parameters": {"since_id": []}}]})
        return httpx.Response(200, json=self._search(asked))

    def _search(self, asked: dict[str, str]) -> dict[str, Any]:
        since = int(asked.get("since_id", "0"))
        found = [post for post in reversed(self.posts) if int(post["id"]) > since]
        # A token leads to what is older than the last post of the page before, whatever came meanwhile.
        below = int(asked["next_token"].removeprefix("below-")) if "next_token" in asked else 1 << 63
        found = [post for post in found if int(post["id"]) < below]
        page = found[: int(asked["max_results"])]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if len(found) > len(page):
            meta["next_token"] = f"below-{page[-1]['id']}"
        return {"data": page, "includes": {"users": [USER]}, "meta": meta} if page else {"meta": meta}

    def _lookup(self, ids: list[str], *, authors: bool) -> httpx.Response:
        kind = "https://api.twitter.com/2/problems/"
        known = [*self.posts, *self.old_versions]
        errors = [
            {"resource_id": one, "value": one, "type": kind + self.lookup_errors.get(one, "resource-not-found")}
            for one in ids
            if one not in {post["id"] for post in known}
        ]
        answer: dict[str, Any] = {"includes": {"users": [USER]}} if authors else {}
        if data := [post for post in known if post["id"] in ids]:
            answer["data"] = data
        return httpx.Response(200, json=answer | ({"errors": errors} if errors else {}))

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("x", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def x_world(**habits: bool) -> Opened:
    """Opens X with these habits."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeX]:
        yield FakeX(**habits)

    return opened
