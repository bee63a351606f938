"""A Jetstream server on loopback (version 1 wire), as documented: replay from a cursor, then what is new."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.protocol import State

BEGIN = 1_790_000_000_000_000
"""Time of the first event, in microseconds."""


def event(number: int, text: str, *, did: str = "did:plc:orulimbo") -> dict[str, Any]:
    """The creation of a post, number `number` of the stream."""
    return {
        "did": did,
        "time_us": BEGIN + number * 1_000_000,
        "kind": "commit",
        "commit": {
            "rev": f"r{number}",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"k{number:06d}",
            "cid": f"bafyreiexample{number}",
            "record": {
                "$type": "app.bsky.feed.post",
                "text": text,
                "langs": ["en"],
                "createdAt": "2026-10-01T12:00:00.000Z",
            },
        },
    }


class Jetstream:
    """`events` may grow while connections are open; `cursors` are those that clients came with."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events
        self.cursors: list[int | None] = []
        self.pause = 0.0
        self.port = 0

    async def _serve(self, connection: ServerConnection) -> None:
        query = parse_qs(urlsplit(connection.request.path if connection.request else "").query)
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        self.cursors.append(cursor)
        sent = 0
        while connection.state is State.OPEN:
            while sent < len(self.events):
                found = self.events[sent]
                sent += 1
                if cursor is None or found["time_us"] >= cursor:
                    await connection.send(json.dumps(found))
                    await asyncio.sleep(self.pause)
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serves; gives the base URL."""
        async with serve(self._serve, "127.0.0.1", 0) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield f"http://127.0.0.1:{self.port}"
