"""Following streams of Mastodon-compatible servers: one connection a timeline, kept open, made again where it breaks.

Nothing is taken up here: what came goes into one queue, in the order in which it came.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.address import host_of
from monitor.net.endless import events, open_lines
from monitor.net.errors import NotTextError, RedirectRefusedError, StatusError
from monitor.ports import SourceContext
from sources.mastodon.options import MastodonStreamOptions
from sources.mastodon.pages import PageReader, Timeline
from sources.shapes import as_dict, as_text

_LONGEST_WAIT: Final = 300.0
_WITHOUT: Final = (StatusError, NotTextError, RedirectRefusedError)
"""What servers answer that have no such stream."""


class Connected:
    """A stream is open; what was posted before can be read now. Nothing more is told of it until that is answered."""

    def __init__(self) -> None:
        self._read: asyncio.Future[HandlewatchError | None] = asyncio.get_running_loop().create_future()

    def answer(self, error: HandlewatchError | None) -> None:
        """Says that it was read, or why it could not be."""
        if not self._read.done():
            self._read.set_result(error)

    async def read(self) -> None:
        """Waits for the answer, and raises its error."""
        if (error := await self._read) is not None:
            raise error


class Poll:
    """It is time to read the timeline, of which there is no stream."""

    def __init__(self, why: str) -> None:
        self.why = why


class Done:
    """Nothing more will come of this timeline."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a server told."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection failed. `last`: too often in a row."""

    error: HandlewatchError
    last: bool


Happening = Connected | Poll | Done | Event | Broken


class Follower:
    """Follows one timeline until cancelled; see the module."""

    def __init__(
        self,
        line: Timeline,
        queue: asyncio.Queue[tuple[Timeline, Happening]],
        *,
        options: MastodonStreamOptions,
        context: SourceContext,
        reader: PageReader,
    ) -> None:
        self._line, self._queue, self._options = line, queue, options
        self._context, self._reader = context, reader
        # A trial ends where its stream does.
        self._once = context.loopback or context.limit is not None
        self._reconnects = min(options.reconnects, 2) if self._once else options.reconnects
        self._failures = 0

    async def follow(self) -> None:
        """Puts into the queue what happens. Raises nothing but a cancellation."""
        while True:
            try:
                async with aclosing(self._connection()) as happenings:
                    async for happening in happenings:
                        await self._put(happening)
                if self._once:
                    return await self._put(Done())
                raise UnreachableError(f"{host_of(self._line.server)} closed the stream.", do="Try again later.")  # noqa: TRY301
            except _WITHOUT as error:
                return await self._poll(f"no stream here ({error.brief.rstrip('.')}): its timeline is read instead")
            except (AuthError, RateLimitedError, UnreachableError) as error:
                if isinstance(error, AuthError) and not self._reader.has_token:
                    return await self._poll("streams need a token here (access_token): its timeline is read instead")
                if not await self._broken(error):
                    return None

    async def _put(self, happening: Happening) -> None:
        await self._queue.put((self._line, happening))

    async def _connection(self) -> AsyncGenerator[Happening, None]:
        url, headers = await stream_address(self._reader, self._line)
        opened = open_lines(self._context.http, url, silence=self._options.idle_seconds, headers=headers)
        async with opened as (_, lines), aclosing(lines), aclosing(events(lines)) as told:
            connected = Connected()
            yield connected
            await connected.read()
            async for name, data in told:
                self._failures = 0
                yield Event(name, data)

    async def _broken(self, error: HandlewatchError) -> bool:
        """Waits before the next attempt; False where there is to be none."""
        self._failures += 1
        last = self._failures > self._reconnects
        await self._put(Broken(error, last))
        if last and (self._once or isinstance(error, AuthError)):
            return False
        stated = error.retry_after if isinstance(error, RateLimitedError) else None
        wait = min(_LONGEST_WAIT, 2.0 ** min(self._failures - 1, 20)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        await self._context.sleep(max(wait, stated or 0.0))
        return True

    async def _poll(self, why: str) -> None:
        while True:
            await self._put(Poll(why))
            if self._once:
                return await self._put(Done())
            await self._context.sleep(self._options.poll_seconds)


async def stream_address(reader: PageReader, line: Timeline) -> tuple[str, Mapping[str, str]]:
    """Where a timeline's stream is, and the headers to ask for it with. Raises what the server's answers raise.

    A server may have its streams at another host. That gets the token only where it is beneath the server's own.
    """
    base = line.server
    said = as_dict((await reader.instance(line.server)).get("configuration"))
    stated = urlsplit(as_text(as_dict(said.get("urls")).get("streaming")))
    own, host = host_of(line.server), (stated.hostname or "").lower()
    if host != own and host.endswith(f".{own}") and stated.scheme in ("wss", "https"):
        base = f"https://{stated.netloc}"
    tag = line.path.partition("/timelines/tag/")[2]
    if tag:
        return f"{base}/api/v1/streaming/hashtag?tag={tag}", reader.headers(line.server)
    side = next(iter(line.params), "")
    return f"{base}/api/v1/streaming/public{'/' + quote(side) if side else ''}", reader.headers(line.server)
