"""Platforms that behave as their documentation says, for the battery that every source runs through.

A world is one platform with a source reading it: posts are added, edited and deleted there, faults are set, and
`collect` gives what the source made of it. What connects is faked at the edge only (httpx.MockTransport), or is a
real server on loopback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from monitor.drafts import columns_of
from monitor.plugins import source_plugins
from monitor.ports import AccountRef, BadRecord, Batch, Coverage, Cursor
from monitor.post import Post, PostRef
from monitor.sourcing import make_options, open_source

CONTACT = "handlewatch/0 (abuse-desk@operator.example)"
MEDIA_MARK = "must-not-appear"
"""Every media address in every world holds this."""


class Timeline:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Harvest:
    """What one run of a source gave. `cursor` went through JSON, as it does in the store."""

    posts: list[Post] = field(default_factory=list[Post])
    coverage: list[Coverage] = field(default_factory=list[Coverage])
    deleted: list[PostRef] = field(default_factory=list[PostRef])
    deleted_accounts: list[AccountRef] = field(default_factory=list[AccountRef])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    cursor: Cursor | None = None
    batches: int = 0

    @property
    def ids(self) -> list[str]:
        return [post.id for post in self.posts]

    def take(self, batch: Batch) -> None:
        self.batches += 1
        posts = list(batch.records)
        shown = {name: [*column] for name, column in batch.records.columns.items() if name == "text" or any(column)}
        assert shown == {name: [*column] for name, column in columns_of(posts).items()}, "columns say what posts say"
        self.posts += posts
        self.coverage += batch.coverage
        self.deleted += batch.deleted
        self.deleted_accounts += batch.deleted_accounts
        self.bad += batch.bad
        if batch.cursor is not None:
            self.cursor = json.loads(json.dumps(batch.cursor))


class World(Protocol):
    """What the battery needs of a platform. Ids are those that posts have here."""

    platform: str
    time: Timeline

    def add(self, count: int) -> list[str]: ...
    def edit(self, post_id: str, text: str) -> None: ...
    def delete(self, post_id: str) -> None: ...
    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str: ...
    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None) -> Harvest: ...


class FakeMastodon:
    """A Mastodon-compatible server, with the habits of the kinds that exist.

    :param forward: `min_id` pages forward (Mastodon); else it is taken for `since_id` (some forks).
    :param ordered: ids grow with time; else they are hashes (snac, within a second).
    :param links: it sends a Link header.
    :param search: the source searches, instead of reading a timeline.
    :param several: it gives statuses by several ids (4.3 and newer).
    """

    platform = "mastodon"

    def __init__(
        self,
        *,
        forward: bool = True,
        ordered: bool = True,
        links: bool = True,
        search: bool = False,
        several: bool = True,
    ) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "tags": "map"}
        if search:
            self.options = {"base_url": self.base, "queries": "map", "access_token": "s3cr3t"}
        self.gone_accounts: dict[str, bool] = {}
        self.scopes = ["read"]
        self._several = several
        self.ignores_ids = False
        self.statuses: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.instance: dict[str, Any] | None = None
        self.most = 40
        self._made = 0
        self._forward, self._ordered, self._links = forward, ordered, links

    def status(self, number: int) -> dict[str, Any]:
        uri = f"https://social.example/users/zorblat/statuses/{number}"
        return {
            "id": str(number) if self._ordered else f"{number * 7919 % 10007:05d}",
            "uri": uri,
            "url": f"https://social.example/@zorblat_77/{number}",
            "created_at": (datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)).isoformat(),
            "edited_at": None,
            "visibility": "public",
            "language": "en",
            "spoiler_text": "",
            "content": f"<p>Post number {number} #<span>map</span></p>",
            "account": {
                "id": "9",
                "acct": "zorblat_77",
                "username": "zorblat_77",
                "display_name": "Zorblat",
                "note": "<p>Collector of maps</p>",
                "url": "https://social.example/@zorblat_77",
                "uri": "https://social.example/users/zorblat",
                "fields": [],
            },
            "tags": [{"name": "map", "url": "https://social.example/tags/map"}],
            "media_attachments": [],
        }

    def add(self, count: int) -> list[str]:
        added = [self.status(self._made + number) for number in range(count)]
        self._made += count
        self.statuses += added
        return [status["uri"] for status in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.statuses[-1])
        return self.statuses[-1].get("uri", "")

    def find(self, post_id: str) -> dict[str, Any]:
        return next(status for status in self.statuses if status.get("uri") == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update(content=f"<p>{text}</p>", edited_at="2026-11-01T11:59:00.000Z")

    def delete(self, post_id: str) -> None:
        self.statuses.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answers one request."""
        self.requests.append(request)
        if request.url.path == "/api/v2/instance":
            missing = httpx.Response(404, json={"error": "Record not found"})
            return missing if self.instance is None else httpx.Response(200, json=self.instance)
        if self.faults:
            return self.faults.pop(0)(request)
        if not request.url.path.startswith("/api/v1/timelines/"):
            return self._other(request)
        page = self._page(dict(request.url.params))
        headers = {}
        if page and self._links:
            older, newer = page[-1]["id"], page[0]["id"]
            path = f"{self.base}{request.url.path}"
            headers["Link"] = f'<{path}?max_id={older}>; rel="next", <{path}?min_id={newer}>; rel="prev"'
        return httpx.Response(200, json=page, headers=headers)

    def _other(self, request: httpx.Request) -> httpx.Response:
        """Everything but timelines."""
        path, asked, ids = request.url.path, request.url.params, {one["id"]: one for one in self.statuses}
        answer: Any = None
        if path == "/api/v2/search":
            found = [one for one in reversed(self.statuses) if asked["q"] in {one.get("uri"), "map"}]
            start = int(asked.get("offset", "0"))
            answer = {"accounts": [], "hashtags": [], "statuses": found[start : start + min(int(asked["limit"]), 40)]}
        elif path == "/api/v1/statuses" and self._several:
            answer = [ids[local] for local in asked.get_list("ids[]" if self.ignores_ids else "id[]") if local in ids]
        elif path.startswith("/api/v1/statuses/"):
            answer = ids.get(path.rpartition("/")[2])
        elif path == "/api/v1/accounts/lookup" and self.gone_accounts.get(asked["acct"]) is not True:
            answer = {"id": "9", "suspended": asked["acct"] in self.gone_accounts}
        elif path == "/api/v1/apps/verify_credentials" and "authorization" in request.headers:
            answer = {"name": "desk", "scopes": self.scopes}
        if answer is None:
            return httpx.Response(404, json={"error": "Record not found"})
        return httpx.Response(200, json=answer)

    def _page(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        limit = min(int(asked["limit"]), self.most)
        ids = [status["id"] for status in self.statuses]
        newest_first = list(reversed(self.statuses))
        if "max_id" in asked:
            return list(reversed(self.statuses[: ids.index(asked["max_id"])]))[:limit]
        if "min_id" in asked:
            if asked["min_id"] not in ids:
                return []
            after = self.statuses[ids.index(asked["min_id"]) + 1 :]
            return list(reversed(after[:limit])) if self._forward else list(reversed(after))[:limit]
        return newest_first[:limit]

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        """One run; ends after so many batches, as if it were killed there."""
        return await harvest("mastodon", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


@asynccontextmanager
async def opened_source(
    name: str, world: Any, values: dict[str, Any] | None = None, **bounds: Any
) -> AsyncIterator[Any]:
    """Opens a source over a world's transport, to check, re-check and refresh with."""
    plugin = source_plugins()[name]
    async with open_source(
        plugin,
        make_options(plugin, world.options if values is None else values, env={}),
        user_agent=CONTACT,
        clock=world.time,
        sleep=world.time.sleep,
        transport=getattr(world, "transport", None),
        **({"pages": 100} | bounds),
    ) as source:
        yield source


async def harvest(
    name: str, values: dict[str, Any], world: Any, cursor: Cursor | None, *, batches: int | None, **bounds: Any
) -> Harvest:
    """Opens a source over a world's transport and collects."""
    found = Harvest(cursor=cursor)
    async with (
        opened_source(name, world, values, **bounds) as source,
        aclosing(source.collect(cursor)) as collected,
    ):
        async for batch in collected:
            found.take(batch)
            if found.batches == batches:
                break
    return found


class ArchiveWorld:
    """A file that grows, of post records or of Reddit's submissions."""

    def __init__(self, path: Path, *, layout: str) -> None:
        self.time = Timeline()
        self.path = path
        self.platform = "reddit" if layout == "reddit" else "demo"
        self._layout = layout
        self._number = 0
        path.write_bytes(b"")

    def record(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        if self._layout == "reddit":
            return {
                "id": f"a{number}",
                "name": f"t3_a{number}",
                "subreddit": "maps",
                "author": "zorblat_77",
                "author_fullname": "t2_z",
                "title": f"Post number {number}",
                "selftext": "text",
                "created_utc": at.timestamp(),
                "permalink": f"/r/maps/comments/a{number}/x/",
                "is_self": True,
            }
        return {
            "platform": "demo",
            "id": f"d{number}",
            "text": f"Post number {number}",
            "created_at": at.isoformat(),
            "author": {"id": "u1", "handle": "zorblat_77"},
        }

    def _write(self, record: dict[str, Any]) -> str:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        return record.get("name") or record.get("id") or ""

    def add(self, count: int) -> list[str]:
        self._number += count
        return [self._write(self.record(number)) for number in range(self._number - count, self._number)]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        record = self.record(self._number)
        self._number += 1
        change(record)
        return self._write(record)

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        values = {"files": str(self.path)}
        return await harvest("archive", values, self, cursor, batches=batches, **({"limit": 40} | bounds))


Opened = Callable[[Path], AbstractAsyncContextManager[Any]]


def mastodon_world(**habits: bool) -> Opened:
    """Opens a Mastodon-compatible server with these habits."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeMastodon]:
        yield FakeMastodon(**habits)

    return opened


def archive_world(layout: str) -> Opened:
    """Opens an archive of this layout."""

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[ArchiveWorld]:
        yield ArchiveWorld(folder / "posts.ndjson", layout=layout)

    return opened


def texts(posts: Sequence[Post]) -> list[str]:
    """The texts, in order."""
    return [post.text or "" for post in posts]
