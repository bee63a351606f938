"""A Mastodon-compatible server with streams, as far as they are read: `bodies` are what connections give, in turn."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from monitor.ports import Cursor
from tests.sources.worlds import FakeMastodon, Harvest, Opened, harvest

Piece = bytes | Exception | Callable[[], bytes]


class Pieces(httpx.AsyncByteStream):
    """A body in pieces; an error among them is raised, a function is called when its turn comes."""

    def __init__(self, *pieces: Piece) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece if isinstance(piece, bytes) else piece()


def event(name: str, data: Any) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


class FakeMastodonStream(FakeMastodon):
    """See the module. It is on loopback, where a source ends with its stream. `streams`: it has streams at all."""

    def __init__(self, *, streams: bool = True, **habits: bool) -> None:
        super().__init__(**habits)
        self.base = "http://127.0.0.1:7"
        self.options = {"base_url": self.base, "tags": "map", "access_token": "t0ken"}
        self.bodies: list[list[Piece]] = []
        self.stream_faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.health = "OK"
        self.streamed: list[httpx.Request] = []
        self._streams = streams

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not path.startswith("/api/v1/streaming") or not self._streams:
            return super().handle(request)
        if path.endswith("/health"):
            return httpx.Response(200, text=self.health)
        self.streamed.append(request)
        if self.stream_faults:
            return self.stream_faults.pop(0)(request)
        body = self.bodies.pop(0) if self.bodies else []
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Pieces(b":)\n", *body))

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("mastodon-stream", self.options, self, cursor, batches=batches, **bounds)


def mastodon_stream_world(**habits: bool) -> Opened:
    """Opens such a server with these habits."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncGenerator[FakeMastodonStream]:
        yield FakeMastodonStream(**habits)

    return opened
