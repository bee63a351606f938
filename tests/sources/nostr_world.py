"""A Nostr relay on loopback: a real WebSocket server that answers REQ, and says who it is (NIP-11)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from coincurve import PrivateKey
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from monitor.ports import Cursor
from sources.nostr_events import event_id
from tests.sources.worlds import Harvest, Opened, Timeline, harvest


@cache
def account(number: int) -> tuple[PrivateKey, str]:
    """A key pair: the same for the same number."""
    key = PrivateKey(sha256(f"zorblat {number}".encode()).digest())
    return key, key.public_key.format()[1:].hex()


def signed(kind: int, content: str, *, at: int, tags: list[list[str]] | None = None, by: int = 1) -> dict[str, Any]:
    """A genuine event."""
    key, public = account(by)
    event: dict[str, Any] = {
        "pubkey": public, "created_at": at, "kind": kind, "tags": tags or [], "content": content,
    }  # fmt: skip
    event["id"] = event_id(event)
    event["sig"] = key.sign_schnorr(bytes.fromhex(event["id"]), b"\0" * 32).hex()
    return event


class FakeRelay:
    """One relay. `most`: events that it gives at once at most, and whether it says so."""

    platform = "nostr"

    def __init__(self, *, most: int = 40, about: bool = True) -> None:
        self.time = Timeline()
        self.options: dict[str, Any] = {"tags": "map"}
        self.events: list[dict[str, Any]] = []
        self.most = most
        self.about: dict[str, Any] | None = (
            {"name": "Zorblat relay", "description": "A relay", "icon": "x", "limitation": {"max_limit": most}}
            if about
            else None
        )
        self.questions: list[list[Any]] = []
        self.extra_frames: list[str] = []
        self.closed: list[str] = []
        self.drops = 0
        self.connections = 0
        self._made = 0

    def at(self, number: int) -> int:
        return int((datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)).timestamp())

    def event(self, kind: int = 1, content: str = "", **more: Any) -> dict[str, Any]:
        self._made += 1
        event = signed(kind, content, **{"at": self.at(self._made), "tags": [["t", "map"]]} | more)
        self.events.append(event)
        return event

    def add(self, count: int) -> list[str]:
        return [self.event(content=f"Post number {number}")["id"] for number in range(count)]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        event = self.event(content=f"Post {self._made}")
        change(event)
        return event["id"]

    async def stream(self, socket: ServerConnection) -> None:
        self.connections += 1
        async for message in socket:
            question = json.loads(message)
            if question[0] == "CLOSE":
                continue
            self.questions.append(question)
            name, filters = question[1], question[2:]
            await socket.send(json.dumps(["AUTH", "challenge"]))
            await socket.send(json.dumps(["NOTICE", "private words"]))
            if self.closed:
                await socket.send(json.dumps(["CLOSED", name, self.closed.pop(0)]))
                continue
            while self.extra_frames:
                await socket.send(self.extra_frames.pop(0))
            found = {id(event): event for asked in filters for event in self._stored(asked)}
            for number, event in enumerate(found.values()):
                if self.drops and number == 3:
                    self.drops -= 1
                    socket.transport.abort()
                    return
                await socket.send(json.dumps(["EVENT", name, event]))
            await socket.send(json.dumps(["EOSE", name]))

    def _stored(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        newest_first = sorted(self.events, key=lambda event: event["created_at"], reverse=True)
        found = [event for event in newest_first if self._fits(event, asked)]
        return found[: min(asked.get("limit", self.most), self.most)]

    @staticmethod
    def _fits(event: dict[str, Any], asked: dict[str, Any]) -> bool:
        named = {letter: {tag[1] for tag in event["tags"] if tag[0] == letter} for letter in ("t", "e")}
        return (
            event["kind"] in asked.get("kinds", [event["kind"]])
            and event["id"] in asked.get("ids", [event["id"]])
            and event["pubkey"] in asked.get("authors", [event["pubkey"]])
            and event["created_at"] >= asked.get("since", 0)
            and event["created_at"] <= asked.get("until", 2**40)
            and all(named[key[1]] & set(values) for key, values in asked.items() if key.startswith("#"))
        )

    def http(self, _: ServerConnection, request: Request) -> Response | None:
        if "upgrade" in request.headers:
            return None
        if self.about is None:
            return Response(200, "OK", Headers({"Content-Type": "text/html"}), b"<p>a relay</p>")
        headers = Headers({"Content-Type": "application/nostr+json", "Date": "Sun, 01 Nov 2026 12:00:30 GMT"})
        return Response(200, "OK", headers, json.dumps(self.about).encode())

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("nostr", self.options, self, cursor, batches=batches, **bounds)


@asynccontextmanager
async def serving(relay: FakeRelay) -> AsyncIterator[FakeRelay]:
    """The relay, listening on loopback."""
    async with serve(relay.stream, "127.0.0.1", 0, process_request=relay.http, compression=None) as server:
        relay.options["base_url"] = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield relay


def nostr_world(**habits: Any) -> Opened:
    """Opens a relay with these habits."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeRelay]:
        async with serving(FakeRelay(**habits)) as relay:
            yield relay

    return opened
