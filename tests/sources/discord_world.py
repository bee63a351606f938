"""Discord's REST API, as far as a bot reads messages with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

GUILD, CHANNEL, OTHER = "7000", "7001", "7002"
EPOCH_MS = 1_420_070_400_000


class FakeDiscord:
    """One server with one channel. `most`: the longest page that it gives."""

    platform = "discord"

    def __init__(self, *, most: int = 100) -> None:
        self.time = Timeline()
        self.base = "https://social.example/api/v10"
        self.options: dict[str, Any] = {"base_url": self.base, "channels": CHANNEL, "bot_token": "b0t-t0ken"}
        self.messages: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.history = True
        self.flags = 1 << 18
        self._made, self._most = 0, most

    def message(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        return {
            "id": str((int(at.timestamp() * 1000) - EPOCH_MS) << 22),
            "channel_id": CHANNEL,
            "type": 0,
            "content": f"Post number {number}",
            "timestamp": at.isoformat(),
            "edited_timestamp": None,
            "author": {"id": "9", "username": "zorblat_77", "discriminator": "0", "global_name": "Zorblat"},
            "attachments": [],
            "embeds": [],
        }

    def add(self, count: int) -> list[str]:
        added = [self.message(self._made + number) for number in range(count)]
        self._made += count
        self.messages += added
        return [message["id"] for message in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.messages[-1])
        return self.messages[-1].get("id", "")

    def find(self, post_id: str) -> dict[str, Any]:
        return next(message for message in self.messages if message["id"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id).update(content=text, edited_timestamp="2026-11-01T11:59:00.000000+00:00")

    def delete(self, post_id: str) -> None:
        self.messages.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.headers.get("authorization") != "Bot b0t-t0ken":
            return httpx.Response(401, json={"message": "401: Unauthorized", "code": 0})
        path = request.url.path.removeprefix("/api/v10")
        if path.startswith(f"/channels/{OTHER}"):
            return httpx.Response(403, json={"message": "Missing Access", "code": 50001})
        if path == f"/channels/{CHANNEL}/messages":
            return httpx.Response(200, json=self._page(dict(request.url.params)))
        if path.startswith(f"/channels/{CHANNEL}/messages/"):
            found = [one for one in self.messages if one["id"] == path.rpartition("/")[2]]
            missing = httpx.Response(404, json={"message": "Unknown Message", "code": 10008})
            return httpx.Response(200, json=found[0]) if found else missing
        last = self.messages[-1]["id"] if self.messages else None
        answers: dict[str, Any] = {
            f"/channels/{CHANNEL}": {
                "id": CHANNEL, "guild_id": GUILD, "name": "maps", "last_message_id": last,
                "topic": f"All about maps https://i.imgur.com/{MEDIA_MARK}.png",
            },
            f"/guilds/{GUILD}": {"id": GUILD, "name": "Zorblat", "icon": "a"},
            "/users/@me": {"id": "5", "username": "bot"},
            "/applications/@me": {"id": "5", "flags": self.flags},
        }  # fmt: skip
        answer = answers.get(path)
        return httpx.Response(404, json={"message": "Unknown", "code": 10003}) if answer is None else _ok(answer)

    def _page(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        if not self.history:
            return []
        limit, shown = min(int(asked.get("limit", "50")), self._most), self.messages
        if "after" in asked:
            shown = [message for message in shown if int(message["id"]) > int(asked["after"])][:limit]
        elif "before" in asked:
            shown = [message for message in shown if int(message["id"]) < int(asked["before"])]
        return shown[-limit:][::-1]

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("discord", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def _ok(answer: Any) -> httpx.Response:
    return httpx.Response(200, json=answer)


def discord_world(**habits: int) -> Opened:
    """Opens a server with one channel."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeDiscord]:
        yield FakeDiscord(**habits)

    return opened
