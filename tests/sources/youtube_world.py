"""YouTube's Data API, as far as videos, channels and comments are read with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

KEY = "an-ap1-key"
VIDEO = "zorblat0001"
CHANNEL = "UCzorblat000000000000001"
THUMBNAILS = {"default": {"url": f"https://i.ytimg.com/vi/x/{MEDIA_MARK}.jpg"}}


def refusal(status: int, reason: str) -> httpx.Response:
    error = {"code": status, "message": "No.", "errors": [{"reason": reason, "domain": "youtube", "message": "No."}]}
    return httpx.Response(status, json={"error": error})


class FakeYouTube:
    """One video, whose comments are read; or videos, which a search finds.

    :param found: posts are videos that a search finds; else comments on the one video.
    """

    platform = "youtube"
    text_fields = ("textDisplay", "textOriginal", "description")

    def __init__(self, *, found: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "api_key": KEY}
        self.options |= {"queries": "map", "comment_videos": 0} if found else {"videos": VIDEO}
        self.tells_edits = not found
        self.items: list[dict[str, Any]] = []
        self.videos: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.found_channels: list[dict[str, Any]] = []
        self.replies: dict[str, list[dict[str, Any]]] = {}
        self.off: set[str] = set()
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.spent: set[str] = set()
        self._made, self._found = 0, found

    def at(self, number: int) -> str:
        return (datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def comment(self, key: str, number: int, **more: Any) -> dict[str, Any]:
        snippet = {
            "channelId": CHANNEL,
            "videoId": VIDEO,
            "textDisplay": f"Post number {number}",
            "textOriginal": f"Post number {number}",
            "authorDisplayName": "@zorblat_77",
            "authorProfileImageUrl": f"https://yt3.ggpht.com/{MEDIA_MARK}",
            "authorChannelUrl": "http://www.youtube.com/@zorblat_77",
            "authorChannelId": {"value": "UCauthor"},
            "publishedAt": self.at(number),
            "updatedAt": self.at(number),
        }
        return {"kind": "youtube#comment", "id": key, "snippet": snippet | more}

    def video(self, key: str, number: int) -> dict[str, Any]:
        snippet = {
            "publishedAt": self.at(number),
            "channelId": CHANNEL,
            "title": f"Video {number}",
            "description": f"Post number {number}",
            "thumbnails": THUMBNAILS,
            "channelTitle": "Zorblat's maps",
            "tags": ["map", "old maps"],
            "defaultLanguage": "en",
        }
        return {"kind": "youtube#video", "id": key, "snippet": snippet, "status": {"uploadStatus": "processed"}}

    def channel(self, key: str = CHANNEL) -> dict[str, Any]:
        snippet = {
            "title": "Zorblat",
            "description": f"Collector of maps https://i.imgur.com/{MEDIA_MARK}.png",
            "customUrl": "@zorblat_77",
            "publishedAt": "2020-01-01T00:00:00Z",
            "thumbnails": THUMBNAILS,
        }
        image = {"image": {"bannerExternalUrl": f"https://yt3.ggpht.com/{MEDIA_MARK}"}}
        return {"kind": "youtube#channel", "id": key, "snippet": snippet, "brandingSettings": image}

    def add(self, count: int) -> list[str]:
        keys = list[str]()
        for number in range(self._made, self._made + count):
            if self._found:
                item = self.video(f"vid{number:08d}", number)
                self.videos[item["id"]] = item
            else:
                item = self.comment(f"Ugx{number:04d}", number)
            self.items.append(item)
            keys.append(item["id"])
        self._made += count
        return keys

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        (key,) = self.add(1)
        change(self.items[-1]["snippet"])
        return key

    def find(self, post_id: str) -> dict[str, Any]:
        return next(item for item in self.items if item["id"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        if self._found:
            self.find(post_id)["snippet"].update(description=text)
        else:
            self.find(post_id)["snippet"].update(textDisplay=text, updatedAt="2026-11-01T11:59:00Z")

    def delete(self, post_id: str) -> None:
        self.items.remove(self.find(post_id))
        self.videos.pop(post_id, None)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        asked, name = dict(request.url.params), request.url.path.removeprefix("/youtube/v3/")
        if asked.get("key") != KEY:
            return refusal(400, "API_KEY_INVALID")
        if ("search" if name == "search" else "units") in self.spent:
            return refusal(403, "quotaExceeded")
        if name == "commentThreads" and asked.get("videoId") in self.off:
            return refusal(403, "commentsDisabled")
        if name == "commentThreads" and asked.get("videoId", VIDEO) not in {VIDEO, *self.videos}:
            return refusal(404, "videoNotFound")
        listed = getattr(self, f"_{name}")(asked)
        start, size = int(asked.get("pageToken", "0")), int(asked.get("maxResults", "5"))
        answer = {"kind": "a list", "items": listed[start : start + size]}
        if start + size < len(listed):
            answer["nextPageToken"] = str(start + size)
        return httpx.Response(200, json=answer)

    def _search(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        shown = list[dict[str, Any]]()
        for item in reversed(self.items if self._found else list(self.videos.values())):
            snippet = item["snippet"]
            if snippet.get("publishedAt", "") >= asked.get("publishedAfter", ""):
                cut = {"title": "A &amp; B", "description": str(snippet.get("description"))[:20], "tags": None}
                shown.append({"id": {"kind": "youtube#video", "videoId": item["id"]}, "snippet": snippet | cut})
        channels = [
            {
                "id": {"kind": "youtube#channel", "channelId": item["id"]},
                "snippet": item["snippet"] | {"channelId": "x"},
            }
            for item in self.found_channels
        ]
        return [*shown, *channels]

    def _videos(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        return [self.videos[key] for key in asked["id"].split(",") if key in self.videos]

    def _channels(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        if "forHandle" in asked:
            return [item for item in self.channels.values() if item["snippet"]["customUrl"] == asked["forHandle"]]
        return [self.channels[key] for key in asked["id"].split(",") if key in self.channels]

    def _playlistItems(self, asked: dict[str, str]) -> list[dict[str, Any]]:  # noqa: N802 - the method's name
        return [
            {"id": f"place-{key}", "snippet": item["snippet"] | {"resourceId": {"videoId": key}, "tags": None}}
            for key, item in reversed(self.videos.items())
        ]

    def _commentThreads(self, asked: dict[str, str]) -> list[dict[str, Any]]:  # noqa: N802 - the method's name
        if asked.get("videoId", VIDEO) != VIDEO:
            return []
        threads = list[dict[str, Any]]()
        for item in reversed(self.items):
            answers = self.replies.get(item["id"], [])
            snippet = {"videoId": VIDEO, "channelId": CHANNEL, "topLevelComment": item, "totalReplyCount": len(answers)}
            threads.append({"id": item["id"], "snippet": snippet, "replies": {"comments": answers[:2]}})
        return threads

    def _comments(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        if "parentId" in asked:
            return self.replies[asked["parentId"]]
        return [item for item in self.items if item["id"] in asked["id"].split(",")]

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("youtube", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def youtube_world(**habits: bool) -> Opened:
    """Opens one video, or a search."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeYouTube]:
        yield FakeYouTube(**habits)

    return opened
