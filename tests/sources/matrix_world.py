"""A Matrix home server, as far as a room's events are read from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from monitor.ports import Cursor
from sources.matrix_events import post_id
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

ROOM, CLOSED, ALIAS = "!maps:social.example", "!closed:social.example", "#maps:social.example"
USER = "@zorblat_77:social.example"


class FakeMatrix:
    """One world-readable room. Tokens are places in its timeline.

    :param own: the account is in it, and no room is named: it is read by `/sync`.
    """

    platform = "matrix"

    def __init__(self, *, own: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        self.options: dict[str, Any] = {"base_url": self.base, "rooms": ROOM, "access_token": "t0ken"}
        if own:
            del self.options["rooms"]
        self.timeline: list[dict[str, Any]] = []
        self.state: dict[str, dict[str, Any]] = {
            "m.room.name": {"name": "Maps"},
            "m.room.topic": {"topic": f"All about maps https://i.imgur.com/{MEDIA_MARK}.png"},
        }
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.joined = [ROOM]
        self._made = 0

    def event(self, kind: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
        self._made += 1
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * self._made)
        event = {
            "type": kind,
            "event_id": f"$e{self._made}",
            "room_id": ROOM,
            "sender": USER,
            "origin_server_ts": int(at.timestamp() * 1000),
            "content": content,
            **more,
        }
        self.timeline.append(event)
        return event

    def add(self, count: int) -> list[str]:
        made = [
            self.event("m.room.message", {"msgtype": "m.text", "body": f"Post number {number}"})
            for number in range(count)
        ]
        return [post_id(ROOM, event["event_id"]) for event in made]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.timeline[-1])
        return post_id(ROOM, self.timeline[-1].get("event_id", ""))

    def find(self, name: str) -> dict[str, Any]:
        return next(event for event in self.timeline if post_id(ROOM, event["event_id"]) == name)

    def edit(self, name: str, text: str) -> None:
        original = self.find(name)
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": original["event_id"]},
        }
        edit = self.event("m.room.message", content)
        original.setdefault("unsigned", {})["m.relations"] = {"m.replace": edit}

    def delete(self, name: str, *, by: str = USER) -> None:
        original = self.find(name)
        redaction = self.event("m.room.redaction", {"redacts": original["event_id"]}, sender=by)
        original.update(content={}, unsigned={"redacted_because": redaction})

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        if request.headers.get("authorization") != "Bearer t0ken":
            return httpx.Response(401, json={"errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token"})
        path = unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix("/_matrix/client/v3")
        if CLOSED in path:
            return httpx.Response(403, json={"errcode": "M_FORBIDDEN", "error": "not in room"})
        answer = self._answer(path, dict(request.url.params))
        missing = {"errcode": "M_NOT_FOUND", "error": "Not found"}
        return httpx.Response(404, json=missing) if answer is None else httpx.Response(200, json=answer)

    def _answer(self, path: str, asked: dict[str, str]) -> Any:
        if path == f"/rooms/{ROOM}/messages":
            return self._page(asked)
        if path.startswith(f"/rooms/{ROOM}/event/"):
            return next((event for event in self.timeline if path.endswith("/" + event["event_id"])), None)
        if path.startswith(f"/rooms/{ROOM}/state/"):
            return self.state.get(path.split("/")[4])
        if path == "/sync":
            return self._sync(asked)
        simple = {
            "/account/whoami": {"user_id": "@reader:social.example"},
            "/joined_rooms": {"joined_rooms": self.joined},
            f"/directory/room/{ALIAS}": {"room_id": ROOM, "servers": ["social.example"]},
        }
        return simple.get(path)

    def _sync(self, asked: dict[str, str]) -> dict[str, Any]:
        asked_for = json.loads(asked["filter"])["room"]["timeline"]
        since = int(asked["since"][1:]) if "since" in asked else 0
        span = range(since, len(self.timeline))
        places = [place for place in span if self.timeline[place]["type"] in asked_for["types"]]
        shown = places[-asked_for["limit"] :]
        timeline = {
            "events": [self.timeline[place] for place in shown],
            "limited": len(shown) < len(places),
            "prev_batch": f"t{shown[0] if shown else since}",
        }
        room = {"timeline": timeline, "state": {"events": [self._member()]}}
        joined = {name: room for name in self.joined if shown or "since" not in asked}
        invited = {"!invited:far.example": {"invite_state": {"events": []}}}
        return {"next_batch": f"s{len(self.timeline)}", "rooms": {"join": joined, "invite": invited}}

    @staticmethod
    def _member() -> dict[str, Any]:
        content = {"displayname": "Zorblat", "avatar_url": "x"}
        return {"type": "m.room.member", "state_key": USER, "content": content}

    def _page(self, asked: dict[str, str]) -> dict[str, Any]:
        limit, types = int(asked["limit"]), json.loads(asked["filter"])["types"]
        back = asked["dir"] == "b"
        start = int(asked["from"][1:]) if "from" in asked else len(self.timeline) if back else 0
        to = int(asked["to"][1:]) if "to" in asked else 0
        span = range(start - 1, to - 1, -1) if back else range(start, len(self.timeline))
        chunk: list[dict[str, Any]] = []
        end = None
        for place in span:
            if self.timeline[place]["type"] in types:
                chunk.append(self.timeline[place])
            if len(chunk) == limit:
                end = place if back else place + 1
                break
        if not back and chunk and end is None:
            end = len(self.timeline)
        page: dict[str, Any] = {"chunk": chunk, "start": f"t{start}", "state": [self._member()]}
        return page if end is None else page | {"end": f"t{end}"}

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("matrix", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def matrix_world(**habits: bool) -> Opened:
    """Opens a home server with one room."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeMatrix]:
        yield FakeMatrix(**habits)

    return opened
