"""A Jetstream on loopback: a real WebSocket server that speaks both wires as they are documented."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from monitor.plugins import source_plugins
from monitor.ports import Cursor
from monitor.sourcing import make_options, open_source
from tests.sources.worlds import CONTACT, Harvest, Opened, Timeline

V1, V2 = "/subscribe", "/xrpc/network.bsky.jetstream.subscribeEvents"
POSTS = "app.bsky.feed.post"
QUIET = 0.6
DID = "did:plc:zorblat77"


class FakeJetstream:
    """One server's stream.

    :param wires: the paths that it serves.
    """

    platform = "bluesky"

    def __init__(self, *, wires: tuple[str, ...]) -> None:
        self.time = Timeline()
        self.events: list[dict[str, Any]] = []
        self.floor = 0
        self.handshakes: list[tuple[int, bytes, dict[str, str]]] = []
        self.drop_after: list[int] = []
        self.extra_frames: list[str | bytes] = []
        self.requests: list[Request] = []
        self.options: dict[str, Any] = {}
        self._wires = wires
        self._news = asyncio.Event()

    # What happens on the network

    def _event(self, kind: str, **payload: Any) -> dict[str, Any]:
        seq = len(self.events) + 1
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * seq, microseconds=seq)
        event = {"seq": seq, "at": at, "kind": kind, "did": DID, **payload}
        self.events.append(event)
        self._news.set()
        return event

    def record(self, number: int) -> dict[str, Any]:
        return {
            "$type": POSTS,
            "text": f"Post number {number}",
            "createdAt": "2026-11-01T10:00:00.000Z",
            "langs": ["en"],
            "tags": ["map"],
        }

    def commit(self, operation: str, rkey: str, record: dict[str, Any] | None, collection: str = POSTS) -> None:
        self._event("commit", operation=operation, rkey=rkey, record=record, collection=collection)

    def uri(self, rkey: str) -> str:
        return f"at://{DID}/{POSTS}/{rkey}"

    def add(self, count: int) -> list[str]:
        numbers = range(len(self.events), len(self.events) + count)
        for number in numbers:
            self.commit("create", f"3k{number:05d}", self.record(number))
        return [self.uri(f"3k{number:05d}") for number in numbers]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        number = len(self.events)
        record = self.record(number)
        change(record)
        self.commit("create", f"3k{number:05d}", record)
        return self.uri(f"3k{number:05d}")

    def edit(self, post_id: str, text: str) -> None:
        self.commit("update", post_id.rpartition("/")[2], {**self.record(0), "text": text})

    def delete(self, post_id: str) -> None:
        self.commit("delete", post_id.rpartition("/")[2], None)

    def account(self, *, active: bool, status: str | None = None) -> None:
        self._event("account", account={"active": active, "did": DID, "status": status, "seq": 1, "time": "x"})

    def identity(self) -> None:
        self._event("identity", identity={"did": DID, "handle": "zorblat.example", "seq": 1, "time": "x"})

    # The server

    def frame(self, event: dict[str, Any], wire: str) -> str | bytes:
        commit = {
            "rev": "3l3",
            "operation": event.get("operation"),
            "collection": event.get("collection"),
            "rkey": event.get("rkey"),
        }
        if event.get("record") is not None:
            commit |= {"cid": f"bafy{event['seq']}", "record": event["record"]}
        stamp = event["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if wire == V1:
            body = {event["kind"]: commit if event["kind"] == "commit" else event[event["kind"]]}
            return json.dumps({"did": event["did"], "time_us": micros(event["at"]), "kind": event["kind"], **body})
        payload = {
            "$type": f"network.bsky.jetstream.subscribeEvents#{event['kind']}",
            "seq": event["seq"],
            "did": event["did"],
            "time": stamp,
            "witnessedAt": stamp,
            **(commit if event["kind"] == "commit" else {event["kind"]: event[event["kind"]]}),
        }
        return json.dumps({"$type": "message", "payload": payload})

    def check(self, _: ServerConnection, request: Request) -> Response | None:
        """Answers a handshake that is refused."""
        self.requests.append(request)
        if self.handshakes:
            status, body, headers = self.handshakes.pop(0)
            return Response(status, HTTPStatus(status).phrase, Headers(headers), body)
        parts = urlsplit(request.path)
        if parts.path not in self._wires:
            return Response(404, "Not Found", Headers(), b"not here")
        asked = parse_qs(parts.query)
        legacy = {"wantedCollections", "wantedDids"} & set(asked)
        cursor = int(asked.get("cursor", ["0"])[0])
        if parts.path == V2 and (legacy or 0 < cursor < min(self.floor, 10**15)):
            name = "InvalidRequest" if legacy else "CursorTooOld"
            body = json.dumps({"error": name, "message": f"floor is {self.floor}"}).encode()
            return Response(400, "Bad Request", Headers({"Content-Type": "application/json"}), body)
        return None

    async def stream(self, socket: ServerConnection) -> None:
        """Sends what the cursor asks for, then what happens."""
        assert socket.request is not None
        parts = urlsplit(socket.request.path)
        wire = parts.path
        cursor = int(parse_qs(parts.query).get("cursor", ["0"])[0])
        # Without a cursor a real server starts at the live end: here, at the beginning of this test's time.
        position = next((place for place, event in enumerate(self.events) if self._at(event, cursor)), len(self.events))
        if max(position, self.floor) > position and cursor >= 10**15 and wire == V2:
            await socket.send(json.dumps(info("OutdatedCursor")))
        if wire == V2 and len(self.events) + 1 < cursor < 10**15:
            await socket.send(json.dumps(info("FutureCursor")))
            position = len(self.events)
        position = max(position, self.floor)
        left = self.drop_after.pop(0) if self.drop_after else None
        while True:
            self._news.clear()
            while self.extra_frames:
                await socket.send(self.extra_frames.pop(0))
            for event in self.events[position:]:
                if left == 0:
                    socket.transport.abort()
                    return
                await socket.send(self.frame(event, wire))
                position += 1
                left = None if left is None else left - 1
            news = asyncio.ensure_future(self._news.wait())
            gone = asyncio.ensure_future(socket.wait_closed())
            await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if gone.done():
                return
            gone.cancel()

    def _at(self, event: dict[str, Any], cursor: int) -> bool:
        return micros(event["at"]) >= cursor if cursor >= 10**15 else event["seq"] >= cursor

    async def collect(
        self, cursor: Cursor | None = None, *, batches: int | None = None, until: int | None = None, **bounds: Any
    ) -> Harvest:
        """Reads until the last event came (or `until` posts), or nothing comes any more."""
        plugin, found = source_plugins()["bluesky"], Harvest(cursor=cursor)
        options = make_options(plugin, {"batch_seconds": 0.05, **self.options}, env={})
        async with (
            open_source(
                plugin, options, user_agent=CONTACT, clock=self.time, sleep=self.time.sleep, **({"limit": 40} | bounds)
            ) as source,
            aclosing(source.collect(cursor)) as collected,
        ):
            while not self._done(found, batches=batches, until=until):
                try:
                    async with asyncio.timeout(QUIET):
                        batch = await anext(collected)
                except (TimeoutError, StopAsyncIteration):
                    break
                # One that holds nothing says only that it is connected.
                if len(batch.records) or batch.coverage:
                    found.take(batch)
        return found

    def _done(self, found: Harvest, *, batches: int | None, until: int | None) -> bool:
        if batches is not None:
            return found.batches >= batches
        if until is not None:
            return len(found.posts) >= until
        last = micros(self.events[-1]["at"]) if self.events else 0
        return found.batches > 0 and found.cursor is not None and found.cursor["time_us"] >= last


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond


def info(name: str) -> dict[str, Any]:
    """A version-2 advice."""
    payload = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": name, "message": "so it is"}
    return {"$type": "message", "payload": payload}


@asynccontextmanager
async def serving(world: FakeJetstream) -> AsyncIterator[FakeJetstream]:
    """The server, listening on loopback."""
    async with serve(world.stream, "127.0.0.1", 0, process_request=world.check, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        world.options["base_url"] = f"http://127.0.0.1:{port}"
        yield world


def jetstream_world(*wires: str) -> Opened:
    """Opens a Jetstream with these wires."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeJetstream]:
        async with serving(FakeJetstream(wires=wires)) as world:
            yield world

    return opened
