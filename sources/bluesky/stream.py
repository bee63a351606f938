"""Every public post of Bluesky as it is made, without credentials: Jetstream (both versions), or the network's stream.

Jetstream's version 2 resumes at a sequence number of its server (inclusive), version 1 at a time. After a change of
server, or where the sequence number is too old, version 2 resumes at a time too. The network's own stream has numbers
only: after a change of server it goes on at the live end. What a server no longer holds is out of reach and said to be
so. Nothing is ever sent on the socket: a frame from us closes a version-2 connection.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidMessage

from monitor.errors import UnreachableError
from monitor.net.errors import StatusError
from monitor.net.websocket import open_websocket
from monitor.ports import AccountRef, BadRecord, Batch, Coverage, Cursor, Records, Seen, SourceContext
from monitor.post import PostRef
from sources.bluesky.events import AccountDeleted, BadFrameError, Commit, Event, Frame, Notice, Several, moment
from sources.bluesky.frames import read_frame
from sources.bluesky.options import REPOS_PATH, BlueskyOptions, Wire
from sources.bluesky.place import Place
from sources.bluesky.records import PLATFORM, POSTS, UnusableError
from sources.bluesky.repos import read_repos_frame
from sources.bluesky.rows import PostRows

SUBPROTOCOL: Final = "xrpc.v1.json"

_PATHS: Final = {"v1": "/subscribe", "v2": "/xrpc/network.bsky.jetstream.subscribeEvents", "repos": REPOS_PATH}
_NEXT: Final[Mapping[Wire, Wire]] = {"v2": "v1", "v1": "repos"}
"""What a server is asked for next that does not have this."""

_SCOPE: Final = "posts"
_GAP: Final = timedelta(minutes=1)
"""A first event this much later than where we left off means that the server no longer had the time between."""

_LONGEST_WAIT: Final = 30.0


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
        """Takes an event that was not seen before."""
        self.events += 1
        if isinstance(event, AccountDeleted):
            self.accounts.append(AccountRef(PLATFORM, event.did))
        elif isinstance(event, Several):
            self.bad += [BadRecord(where=where, why=why) for where, why in event.bad]
            for commit in event.commits:
                self._commit(commit)
        elif isinstance(event, Commit):
            self._commit(event)

    def _commit(self, commit: Commit) -> None:
        if commit.operation == "delete":
            self.deleted.append(PostRef(PLATFORM, commit.uri))
            return
        try:
            self.rows.add(commit)
        except UnusableError as error:
            self.bad.append(BadRecord(where=commit.uri, why=str(error)))

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


class Stream:
    """See the module."""

    def __init__(self, options: BlueskyOptions, context: SourceContext) -> None:
        self._options = options
        self._context = context
        quick = context.loopback or context.limit is not None
        self._reconnects = min(options.reconnects, 2) if quick else options.reconnects
        self._batch_seconds = min(options.batch_seconds, 0.2) if quick else options.batch_seconds
        self._batch_posts = min(options.batch_posts, context.limit or options.batch_posts)
        self._dids = frozenset(options.dids)
        self._turn = 0
        self._connected = False
        self._wires: dict[str, Wire] = {}

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Batches until cancelled.

        Connects again by itself, where it left off; gives up (and raises) after `reconnects` failures in a row.
        """
        place, failures = Place.load(cursor), 0
        self._connected = False
        while True:
            server = self._options.addresses[self._turn % len(self._options.addresses)]
            try:
                async with aclosing(self._stream(server, place)) as batches:
                    async for batch in batches:
                        if len(batch.records) or batch.coverage:
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
        url = self._url(server, wire, place.resume_at(server, wire))
        try:
            async with (
                open_websocket(
                    url,
                    user_agent=self._context.user_agent,
                    clock=self._context.clock,
                    named=self._context.named,
                    subprotocols=(SUBPROTOCOL,) if wire == "v2" else (),
                ) as socket,
                aclosing(self._batches(socket, server, wire, place)) as batches,
            ):
                if not self._connected:
                    self._connected = True
                    yield Batch(records=Records.of(()))  # says only that it is
                async for batch in batches:
                    yield batch
        except StatusError as error:
            if error.name == "CursorTooOld" and not place.by_time:
                # The time is clamped to the oldest that the server still has: the best that can be had.
                place.by_time, place.skipped_from = True, place.time_us
                return
            if error.status in {400, 404, 405, 426, 501} and self._try_next(server, wire):
                return
            raise
        except UnreachableError as error:
            # A server that holds accounts hangs up on whoever asks for a stream that it does not have.
            if isinstance(error.__cause__, InvalidMessage) and self._try_next(server, wire):
                return
            raise

    def _try_next(self, server: str, wire: Wire) -> bool:
        """Whether a server is to be asked for another stream; after the last, the next attempt begins anew."""
        if self._options.wire != "auto" or _path(server):
            return False
        following = _NEXT.get(wire)
        if following is None:
            self._wires.pop(server, None)
            return False
        self._wires[server] = following
        return True

    def _wire(self, server: str) -> Wire:
        if self._options.wire != "auto":
            return self._options.wire
        path = _path(server)
        told = "repos" if path.endswith(REPOS_PATH) else "v1" if path.endswith("/subscribe") else "v2"
        return self._wires.get(server) or told

    def _url(self, server: str, wire: Wire, cursor: int | None) -> str:
        parts = urlsplit(server)
        scheme = {"https": "wss", "http": "ws"}.get(parts.scheme, parts.scheme)
        path = _path(server) or _PATHS[wire]
        collections, dids = ("collections", "dids") if wire == "v2" else ("wantedCollections", "wantedDids")
        query = [(collections, POSTS), *((dids, did) for did in self._options.dids)] if wire != "repos" else []
        if cursor is not None:
            query.append(("cursor", str(cursor)))
        return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))

    async def _batches(
        self, socket: ClientConnection, server: str, wire: Wire, place: Place
    ) -> AsyncGenerator[Batch, None]:
        read = self._read_repos if wire == "repos" else read_frame
        resumed = place.time_us > 0
        while True:
            frames, closed = await self._frames(socket)
            if frames:
                batch, ended = self._batch(frames, read, server, place, resumed=resumed)
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
        self,
        frames: Sequence[bytes],
        read: Callable[[bytes], Frame],
        server: str,
        place: Place,
        *,
        resumed: bool,
    ) -> tuple[Batch | None, Notice | None]:
        """Reads frames; None where all of it was seen before. Also gives the notice that ended the stream."""
        got = _Got(PostRows(self._context.clock()), start=place.time_us)
        for number, data in enumerate(frames):
            try:
                event = read(data)
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
                    got.take(event)
            except BadFrameError as error:
                got.bad.append(BadRecord(where=f"frame {number}", why=str(error)))
        return got.batch(place), got.ended

    def _read_repos(self, data: bytes) -> Frame:
        return read_repos_frame(data, dids=self._dids)

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


def _path(server: str) -> str:
    """The path that the operator named; empty for none."""
    path = urlsplit(server).path
    return path if path.strip("/") else ""
