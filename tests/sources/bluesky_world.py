"""Bluesky otherwise than by Jetstream: the network's own stream on loopback, and the AppView over HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import libipld
from websockets.asyncio.server import ServerConnection

from monitor.ports import Cursor
from tests.sources.jetstream import DID, POSTS, FakeJetstream, serving
from tests.sources.worlds import MEDIA_MARK, Harvest, Opened, Timeline, harvest

REPOS = "/xrpc/com.atproto.sync.subscribeRepos"


def cid_of(block: bytes) -> bytes:
    """The CID of a block of DAG-CBOR."""
    return b"\x01\x71\x12\x20" + hashlib.sha256(block).digest()


def car(*records: dict[str, Any]) -> bytes:
    """A CAR of records, rooted at the first."""
    blocks = [libipld.encode_dag_cbor(record) for record in records]
    # libipld encodes bytes that are a CID as a link.
    header = libipld.encode_dag_cbor({"roots": [cid_of(block) for block in blocks[:1]], "version": 1})
    parts = [header, *(cid_of(block) + block for block in blocks)]
    return b"".join(_varint(len(part)) + part for part in parts)


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def message(kind: str, body: dict[str, Any]) -> bytes:
    """A frame of the network's stream."""
    return libipld.encode_dag_cbor({"op": 1, "t": kind}) + libipld.encode_dag_cbor(body)


def error_frame(name: str) -> bytes:
    """A frame that ends the stream."""
    return libipld.encode_dag_cbor({"op": -1}) + libipld.encode_dag_cbor({"error": name, "message": "so it is"})


class FakeRelay(FakeJetstream):
    """A relay, or one data server: every change of every repository."""

    def __init__(self) -> None:
        super().__init__(wires=(REPOS,))
        self.options = {"wire": "repos"}

    def frame(self, event: dict[str, Any], wire: str) -> bytes:
        common = {"seq": event["seq"], "time": event["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        if event["kind"] != "commit":
            return message(f"#{event['kind']}", {**event[event["kind"]], **common, "did": event["did"]})
        record = event.get("record")
        block = libipld.encode_dag_cbor(record) if record is not None else b""
        op = {
            "action": event["operation"],
            "path": f"{event['collection']}/{event['rkey']}",
            "cid": cid_of(block) if block else None,
        }
        tree = {"l": None, "e": [], "brand_new": event["seq"]}
        blocks = car(tree, record) if record is not None else car(tree)
        body = {**common, "repo": event["did"], "rev": "3l3", "tooBig": False, "ops": [op], "blobs": []}
        return message("#commit", {**body, "blocks": b"\x00" + blocks if event.get("broken") else blocks})

    async def stream(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        asked = parse_qs(urlsplit(socket.request.path).query)
        if int(asked.get("cursor", ["0"])[0]) > len(self.events):
            await socket.send(error_frame("FutureCursor"))
            return
        await super().stream(socket)

    def _at(self, event: dict[str, Any], cursor: int) -> bool:
        # What comes after the cursor.
        return event["seq"] > cursor


def relay_world() -> Opened:
    """Opens a relay."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeJetstream]:
        async with serving(FakeRelay()) as world:
            yield world

    return opened


class FakeAppView:
    """Search, feeds, posts and profiles; and, at the same address, the server that holds the accounts.

    :param feed: the source reads an account's feed, else a search.
    :param anonymous: a cursor is refused, as without an account.
    """

    platform = "bluesky"

    def __init__(self, *, feed: bool = False, anonymous: bool = False) -> None:
        self.time = Timeline()
        self.base = "https://social.example"
        what = {"actors": "@zorblat.example"} if feed else {"queries": "map"}
        self.options: dict[str, Any] = {"base_url": self.base, "pds": self.base, **what}
        self.views: list[dict[str, Any]] = []
        self.faults: list[Callable[[httpx.Request], httpx.Response]] = []
        self.requests: list[httpx.Request] = []
        self.hidden: set[str] = set()
        self.status: dict[str, Any] = {"active": True}
        self.most = 25
        self.sessions = 0
        self.expired: set[str] = set()
        self._feed, self._anonymous = feed, anonymous
        self._made = 0

    def view(self, number: int) -> dict[str, Any]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC) + timedelta(seconds=20 * number)
        picture = f"https://cdn.bsky.app/{MEDIA_MARK}"
        return {
            "uri": f"at://{DID}/{POSTS}/3k{number:05d}",
            "cid": f"bafy{number}",
            "author": {
                "did": DID,
                "handle": "zorblat.example",
                "displayName": "Zorblat",
                "avatar": picture,
                "labels": [],
            },
            "record": {
                "$type": POSTS,
                "text": f"Post number {number}",
                "createdAt": at.isoformat().replace("+00:00", "Z"),
                "langs": ["en"],
                "tags": ["map"],
                "embed": {"$type": "app.bsky.embed.images", "images": [{"alt": MEDIA_MARK, "image": {"ref": {}}}]},
            },
            "embed": {"$type": "app.bsky.embed.images#view", "images": [{"thumb": picture, "fullsize": picture}]},
            "indexedAt": (at + timedelta(seconds=1)).isoformat(),
            "labels": [],
            "likeCount": 1,
        }

    def add(self, count: int) -> list[str]:
        added = [self.view(self._made + number) for number in range(count)]
        self._made += count
        self.views += added
        return [view["uri"] for view in added]

    def add_raw(self, change: Callable[[dict[str, Any]], None]) -> str:
        self.add(1)
        change(self.views[-1]["record"])
        return self.views[-1]["uri"]

    def find(self, post_id: str) -> dict[str, Any]:
        return next(view for view in self.views if view["uri"] == post_id)

    def edit(self, post_id: str, text: str) -> None:
        self.find(post_id)["record"]["text"] = text

    def delete(self, post_id: str) -> None:
        self.views.remove(self.find(post_id))

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answers one request."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)(request)
        method = request.url.path.rpartition("/")[2]
        answer = getattr(self, f"_{method.rpartition('.')[2]}", None)
        if answer is None:
            return refused("MethodNotImplemented", 501)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.expired and not method.endswith("Session"):
            return refused("ExpiredToken")
        return answer(request.url.params, request)

    def _searchPosts(self, asked: httpx.QueryParams, request: httpx.Request) -> httpx.Response:  # noqa: N802
        if self._anonymous and "cursor" in asked and "authorization" not in request.headers:
            return refused("AuthMissing", 403)
        shown = [view for view in reversed(self.views) if view["uri"] not in self.hidden]
        for name, kept in (("until", lambda at, bound: at < bound), ("since", lambda at, bound: at >= bound)):
            if name in asked:
                bound = datetime.fromisoformat(asked[name])
                shown = [v for v in shown if kept(datetime.fromisoformat(v["record"]["createdAt"]), bound)]
        return self._paged("posts", shown, asked)

    def _getAuthorFeed(self, asked: httpx.QueryParams, _: httpx.Request) -> httpx.Response:  # noqa: N802
        if asked["actor"] not in {DID, "zorblat.example"}:
            return refused("InvalidRequest")
        return self._paged("feed", [{"post": view} for view in reversed(self.views)], asked)

    def _paged(self, name: str, items: list[Any], asked: httpx.QueryParams) -> httpx.Response:
        start = int(asked.get("cursor", "0"))
        end = start + min(int(asked["limit"]), self.most)
        more = {"cursor": str(end)} if end < len(items) else {}
        return httpx.Response(200, json={name: items[start:end], **more})

    def _getPosts(self, asked: httpx.QueryParams, _: httpx.Request) -> httpx.Response:  # noqa: N802
        wanted = asked.get_list("uris")
        assert len(wanted) <= 25
        shown = [view for view in self.views if view["uri"] in wanted and view["uri"] not in self.hidden]
        return httpx.Response(200, json={"posts": shown if self.status["active"] else []})

    def _getProfiles(self, asked: httpx.QueryParams, _: httpx.Request) -> httpx.Response:  # noqa: N802
        wanted = asked.get_list("actors")
        assert len(wanted) <= 25
        profiles = [
            {
                "did": did,
                "handle": f"{did.rpartition(':')[2]}.example",
                "description": f"Collector https://a.example/{MEDIA_MARK}.jpg",
                "avatar": MEDIA_MARK,
                "banner": MEDIA_MARK,
            }
            for did in wanted
        ]
        return httpx.Response(200, json={"profiles": profiles})

    def _getRepoStatus(self, asked: httpx.QueryParams, _: httpx.Request) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"did": asked["did"], **self.status})

    def _getRecord(self, asked: httpx.QueryParams, _: httpx.Request) -> httpx.Response:  # noqa: N802
        uri = f"at://{asked['repo']}/{asked['collection']}/{asked['rkey']}"
        if any(view["uri"] == uri for view in self.views):
            return httpx.Response(200, json={"uri": uri, "value": {}})
        return refused("RecordNotFound")

    def _createSession(self, _: httpx.QueryParams, request: httpx.Request) -> httpx.Response:  # noqa: N802
        if b'"s3cr3t"' not in request.content:
            return refused("AuthenticationRequired", 401)
        return self._session()

    def _refreshSession(self, _: httpx.QueryParams, request: httpx.Request) -> httpx.Response:  # noqa: N802
        assert request.headers["authorization"].startswith("Bearer refresh")
        return self._session()

    def _session(self) -> httpx.Response:
        self.sessions += 1
        return httpx.Response(
            200, json={"accessJwt": f"access{self.sessions}", "refreshJwt": f"refresh{self.sessions}", "did": DID}
        )

    async def collect(self, cursor: Cursor | None = None, *, batches: int | None = None, **bounds: Any) -> Harvest:
        return await harvest("bluesky-search", self.options, self, cursor, batches=batches, **bounds)

    @property
    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self.handle)


def refused(name: str, status: int = 400) -> httpx.Response:
    """An error as XRPC gives it."""
    return httpx.Response(status, json={"error": name, "message": "so it is"})


def appview_world(**habits: bool) -> Opened:
    """Opens an AppView with these habits."""

    @asynccontextmanager
    async def opened(_: Path) -> AsyncIterator[FakeAppView]:
        yield FakeAppView(**habits)

    return opened
