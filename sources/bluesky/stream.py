"""Bluesky, by Jetstream: every public post as it is made, without credentials; resumable, both wire versions.

Version 2 resumes at a sequence number of its server (inclusive), version 1 at a time. After a change of server,
or where the sequence number is too old, version 2 resumes at a time too. What a server no longer holds is out of
reach and said to be so. Nothing is ever sent on the socket: a frame from us closes a version-2 connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic import Field
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from monitor.errors import UnreachableError
from monitor.net.errors import StatusError
from monitor.net.websocket import open_websocket
from monitor.ports import (
    AccountRef,
    BadRecord,
    Batch,
    Coverage,
    Cursor,
    Pace,
    Records,
    Seen,
    SourceContext,
    SourcePlugin,
)
from monitor.post import PostRef
from monitor.sourcing import Address, Addresses, Names, SourceOptions
from sources.bluesky.frames import (
    PLATFORM,
    POSTS,
    AccountDeleted,
    BadFrameError,
    Commit,
    Event,
    Notice,
    PostRows,
    moment,
    read_frame,
)
from sources.bluesky.place import Place
from sources.terms import load_terms

SUBPROTOCOL: Final = "xrpc.v1.json"
SERVERS: Final = ("https://jetstream.us-east.bsky.network", "https://jetstream.us-west.bsky.network")

_PATHS: Final = {"v1": "/subscribe", "v2": "/xrpc/network.bsky.jetstream.subscribeEvents"}
_SCOPE: Final = "posts"
_GAP: Final = timedelta(minutes=1)
"""A first event this much later than where we left off means that the server no longer had the time between."""

_LONGEST_WAIT: Final = 30.0

Wire = Literal["v1", "v2"]


class BlueskyOptions(SourceOptions):
    """Which stream is read, and what of it."""

    base_url: Address | None = Field(None, description="One Jetstream server, instead of `servers`.")
    servers: Addresses = Field(SERVERS, description="Jetstream servers; the next one is taken when one fails.")
    wire: Literal["auto", "v1", "v2"] = Field(
        "auto", description="Version of the stream: v1 (/subscribe), v2 (subscribeEvents), or v2 where there is one."
    )
    dids: Names = Field((), description="Only posts of these accounts (DIDs). Without this: of all.")
    batch_posts: int = Field(500, ge=1, le=5000, description="Posts that are committed at once, at most.")
    batch_seconds: float = Field(1.0, gt=0, le=60, description="Seconds after which a smaller batch is committed.")
    idle_seconds: float = Field(60.0, gt=0, description="Seconds of silence after which the connection is made anew.")
    reconnects: int = Field(5, ge=0, le=100, description="Attempts to connect again in a row before giving up.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The servers, in the order in which they are tried."""
        return (self.base_url,) if self.base_url else self.servers


@dataclass(slots=True)
class _Got:
    """What the frames of one batch gave."""

    rows: PostRows
    start: int
    events: int = 0
    deleted: list[PostRef] = field(default_factory=list[PostRef])
    accounts: list[AccountRef] = field(default_factory=list[AccountRef])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])
    coverage: list[Coverage] = field(default_factory=list[Coverage])
    ended: Notice | None = None

    def take(self, event: Event) -> None:
        """Takes an event that was not seen before. Raises `BadFrameError`."""
        self.events += 1
        if isinstance(event, AccountDeleted):
            self.accounts.append(AccountRef(PLATFORM, event.did))
        elif isinstance(event, Commit) and event.operation == "delete":
            self.deleted.append(PostRef(PLATFORM, event.uri))
        elif isinstance(event, Commit):
            self.rows.add(event)

    def batch(self, place: Place) -> Batch | None:
        """The batch, with the place after it; None where there is nothing in it."""
        if not self.events and not self.bad:
            return None
        if self.events:
            start, end = moment(min(self.start, place.time_us)), moment(place.time_us)
            self.coverage.append(Coverage(scope=_SCOPE, start=start, end=end, state=Seen.SEEN, posts=len(self.rows)))
        return Batch(
            records=self.rows.records(),
            cursor=place.dump() if place.time_us else None,
            coverage=self.coverage,
            deleted=self.deleted,
            deleted_accounts=self.accounts,
            bad=self.bad,
        )


class BlueskySource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: BlueskyOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        quick = context.loopback or context.limit is not None
        self._reconnects = min(options.reconnects, 2) if quick else options.reconnects
        self._batch_seconds = min(options.batch_seconds, 0.2) if quick else options.batch_seconds
        self._batch_posts = min(options.batch_posts, context.limit or options.batch_posts)
        self._turn = 0
        self._wires: dict[str, Wire] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Batches until cancelled.

        Connects again by itself, where it left off; gives up (and raises) after `reconnects` failures in a row.
        """
        place, failures = Place.load(cursor), 0
        while True:
            server = self._options.addresses[self._turn % len(self._options.addresses)]
            try:
                async with aclosing(self._stream(server, place)) as batches:
                    async for batch in batches:
                        failures = 0
                        yield batch
            except StatusError:
                raise
            except UnreachableError as error:
                failures += 1
                if failures > self._reconnects:
                    raise
                self._turn += 1
                yield self._down(place, error)
                step = min(_LONGEST_WAIT, 0.5 * 2 ** (failures - 1))
                await self._context.sleep(step * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    def _down(self, place: Place, error: UnreachableError) -> Batch:
        now = self._context.clock()
        since = moment(place.time_us) if place.time_us else now
        gap = Coverage(scope=_SCOPE, start=min(since, now), end=now, state=Seen.FAILED, note=error.brief)
        return Batch(records=Records.of(()), coverage=(gap,))

    async def _stream(self, server: str, place: Place) -> AsyncGenerator[Batch, None]:
        """One connection. Raises `UnreachableError` when it breaks; returns where another is to be made at once."""
        wire = self._wire(server)
        url = self._url(server, wire, place.resume_at(server, by_number=wire == "v2"))
        try:
            async with (
                open_websocket(
                    url,
                    user_agent=self._context.user_agent,
                    clock=self._context.clock,
                    named=self._context.named,
                    subprotocols=(SUBPROTOCOL,) if wire == "v2" else (),
                ) as socket,
                aclosing(self._batches(socket, server, place)) as batches,
            ):
                async for batch in batches:
                    yield batch
        except StatusError as error:
            if error.name == "CursorTooOld" and not place.by_time:
                # The time is clamped to the oldest that the server still has: the best that can be had.
                place.by_time, place.skipped_from = True, place.time_us
                return
            if self._options.wire == "auto" and wire == "v2" and error.status in {400, 404, 405, 426}:
                self._wires[server] = "v1"
                return
            raise

    def _wire(self, server: str) -> Wire:
        if self._options.wire != "auto":
            return self._options.wire
        path = urlsplit(server).path
        return self._wires.get(server) or ("v1" if path.endswith("/subscribe") else "v2")

    def _url(self, server: str, wire: Wire, cursor: int | None) -> str:
        parts = urlsplit(server)
        scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
        path = parts.path if parts.path.strip("/") else _PATHS[wire]
        collections, dids = ("collections", "dids") if wire == "v2" else ("wantedCollections", "wantedDids")
        query = [(collections, POSTS), *((dids, did) for did in self._options.dids)]
        if cursor is not None:
            query.append(("cursor", str(cursor)))
        return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))

    async def _batches(self, socket: ClientConnection, server: str, place: Place) -> AsyncGenerator[Batch, None]:
        resumed = place.time_us > 0
        while True:
            frames, closed = await self._frames(socket)
            if frames:
                batch, ended = self._batch(frames, server, place, resumed=resumed)
                resumed = False
                if batch is not None:
                    yield batch
                if ended is not None and not ended.fatal:
                    return
                if ended is not None:
                    what = f"{urlsplit(server).hostname} ended the stream"
                    raise UnreachableError(f"{what}: {ended.name}.", brief=f"{what}.")
            if closed is not None:
                code = closed.rcvd.code if closed.rcvd else "no close frame"
                raise UnreachableError(f"{urlsplit(server).hostname} closed the stream ({code}).") from closed
            if not frames:
                # Perhaps nothing happened, perhaps the connection is dead: a new one tells.
                return

    async def _frames(self, socket: ClientConnection) -> tuple[list[bytes], ConnectionClosed | None]:
        """The frames of one batch; none where nothing came for `idle_seconds`."""
        frames: list[bytes] = []
        try:
            async with asyncio.timeout(self._options.idle_seconds):
                frames.append(await socket.recv(decode=False))
            async with asyncio.timeout(self._batch_seconds):
                while len(frames) < self._batch_posts:
                    frames.append(await socket.recv(decode=False))
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            return frames, closed
        return frames, None

    def _batch(
        self, frames: Sequence[bytes], server: str, place: Place, *, resumed: bool
    ) -> tuple[Batch | None, Notice | None]:
        """Reads frames; None where all of it was seen before. Also gives the notice that ended the stream."""
        got = _Got(PostRows(self._context.clock()), start=place.time_us)
        for number, data in enumerate(frames):
            where = f"frame {number}"
            try:
                event = read_frame(data)
                if isinstance(event, Notice):
                    if self._ends(event, place):
                        got.ended = event
                        break
                    continue
                if resumed:
                    resumed = False
                    got.start = self._check_gap(event, server, place, got.coverage) or got.start
                got.start = got.start or event.time_us
                if place.passes(event, same_server=server == place.server):
                    place.server, place.by_time = server, False
                    where = event.uri if isinstance(event, Commit) else where
                    got.take(event)
            except BadFrameError as error:
                got.bad.append(BadRecord(where=where, why=str(error)))
        return got.batch(place), got.ended

    def _ends(self, notice: Notice, place: Place) -> bool:
        """Takes note of a notice; True where this connection is of no more use."""
        if notice.name == "OutdatedCursor":
            place.skipped_from = place.time_us or None
        if notice.name == "FutureCursor" and place.seq is not None:
            # Our number is not one of this server's (any more), and it went on at its live end: ask by time.
            place.seq, place.by_time = None, True
            return True
        return notice.fatal

    def _check_gap(self, event: Event, server: str, place: Place, coverage: list[Coverage]) -> int | None:
        """Notes a gap before the first event after resuming; gives the time at which seeing begins again."""
        told, place.skipped_from = place.skipped_from is not None, None
        left, found = moment(place.time_us), moment(event.time_us)
        if found - left <= (timedelta(0) if told else _GAP):
            return None
        note = f"{urlsplit(server).hostname} no longer has what came between"
        coverage.append(Coverage(scope=_SCOPE, start=left, end=found, state=Seen.OUT_OF_REACH, note=note))
        return event.time_us


def _servers(options: BlueskyOptions) -> Sequence[str]:
    return options.addresses


PLUGIN: Final = SourcePlugin(
    name="bluesky",
    summary="Every public post of Bluesky as it is made, from Jetstream.",
    pace=Pace.STREAM,
    options=BlueskyOptions,
    open=BlueskySource,
    terms=load_terms()["bluesky"],
    servers=_servers,
    example="""\
[sources.bluesky]
plugin = "bluesky"
""",
    starter=dict[str, Any](),
)
