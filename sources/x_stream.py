"""X: the filtered stream of API v2, which gives posts as they are made to match the project's rules.

The rules are the operator's, set in X's console or with its tools: nothing is ever written from here. The stream
gives nothing of the past: what was posted while it was not connected is said to be out of reach (a search fills it).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from monitor.errors import ConfigError, HandlewatchError, UnreachableError
from monitor.net.bodies import TextType
from monitor.net.endless import open_lines
from monitor.net.errors import StatusError
from monitor.net.polite import HAND_ON
from monitor.ports import (
    BadRecord,
    Batch,
    Coverage,
    Cursor,
    Finding,
    Known,
    Pace,
    Recheck,
    Records,
    Seen,
    SourceContext,
    SourcePlugin,
)
from monitor.post import Post
from sources.findings import clock_skew, failure
from sources.shapes import as_dict, as_list, as_text, as_time, parsed
from sources.terms import load_terms
from sources.x_api import XAccess, XApi, is_capped, worded
from sources.x_posts import Written

_STREAM: Final = "/2/tweets/search/stream"
_RULES: Final = "/2/tweets/search/stream/rules"
_SCOPE: Final = "stream"
_LONGEST_WAIT: Final = 320.0
_KNOWN_KEPT: Final = 500
_QUEUE: Final = 1000
_SILENCE: Final = 45.0
"""X sends an empty line every 20 seconds."""


class XStreamOptions(XAccess):
    """With which project, and what it may cost."""

    backfill_minutes: int = Field(
        0, ge=0, le=5, description="Minutes before connecting that are given again (Enterprise projects only)."
    )
    batch_posts: int = Field(100, ge=1, le=5000, description="Posts that are committed at once, at most.")
    batch_seconds: float = Field(2.0, gt=0, le=60, description="Seconds after which a smaller batch is committed.")
    quiet_seconds: float = Field(
        60.0, ge=1, le=3600, description="Seconds without a post after which coverage says that nothing came."
    )
    reconnects: int = Field(5, ge=0, le=100, description="Attempts to connect again in a row before giving up.")


class _ClosedError(UnreachableError):
    """The stream ended, in good order."""


@dataclass(slots=True)
class _Place:
    """What was seen: up to when, and the last posts, which a new connection may give again."""

    until: datetime | None = None
    known: dict[str, None] = field(default_factory=dict[str, None])

    @classmethod
    def load(cls, stored: Cursor | None) -> _Place:
        values = stored or {}
        known = [name for name in as_list(values.get("known")) if isinstance(name, str)]
        return cls(as_time(values.get("until")), dict.fromkeys(known))

    def fresh(self, posts: Sequence[Written]) -> list[Written]:
        """The posts that were not seen before in this version."""
        found = [post for post in posts if post.newest not in self.known]
        self.known |= dict.fromkeys(post.newest for post in found)
        for name in list(self.known)[: max(0, len(self.known) - _KNOWN_KEPT)]:
            del self.known[name]
        return found


class XStreamSource:
    """See the module. Made by :data:`PLUGIN`."""

    def __init__(self, options: XStreamOptions, context: SourceContext) -> None:
        self._options, self._context = options, context
        self._api = XApi(options, context)
        self._once = quick = context.loopback or context.limit is not None
        self._reconnects = min(options.reconnects, 2) if quick else options.reconnects
        self._batch_seconds = min(options.batch_seconds, 0.2) if quick else options.batch_seconds
        self._batch_posts = min(options.batch_posts, context.limit or options.batch_posts)

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        """Batches until cancelled, or until the day's budget is spent. Connects again by itself."""
        place, failures = _Place.load(cursor), 0
        self._api.budget.load((cursor or {}).get("budget"))
        while True:
            try:
                async with aclosing(self._connected(place)) as batches:
                    yield await anext(batches)
                    async for batch in batches:
                        failures = 0
                        yield batch
            except StatusError:
                raise
            except UnreachableError as error:
                if isinstance(error, _ClosedError) and self._once:
                    return
                failures += 1
                if failures > self._reconnects:
                    raise
                # As X asks: from a quarter of a second where the network broke off, up to minutes.
                step = min(_LONGEST_WAIT, 0.25 * 4 ** (failures - 1))
                await self._context.sleep(step * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    async def _connected(self, place: _Place) -> AsyncGenerator[Batch, None]:
        """One connection. Raises `UnreachableError` when it breaks or ends."""
        self._afford()
        params = dict(self._api.fields)
        if self._options.backfill_minutes:
            params["backfill_minutes"] = str(self._options.backfill_minutes)
        url = self._api.base_url + _STREAM
        asked = {"params": params, "headers": self._api.headers, "extensions": {HAND_ON: is_capped}}
        try:
            async with (
                open_lines(self._context.http, url, silence=_SILENCE, **asked) as (_, lines),
                aclosing(lines),
                aclosing(self._batches(lines, place)) as batches,
            ):
                yield self._began(place)
                async for batch in batches:
                    yield batch
        except StatusError as error:
            if error.status == 409:
                raise ConfigError(
                    "The project has no rules for X's filtered stream.", do="Set them in X's developer console."
                ) from error
            raise worded(error) from error

    def _afford(self) -> None:
        if self._api.each:
            self._api.budget.ask(self._api.each)

    def _began(self, place: _Place) -> Batch:
        """The time that we were not connected, which nothing gives back."""
        now, left = self._context.clock(), place.until
        place.until = now
        gap = Coverage(
            scope=_SCOPE,
            start=left,
            end=now,
            state=Seen.OUT_OF_REACH,
            note="not connected; a search of the past fills it",
        )
        told = left is not None and left < now and not self._options.backfill_minutes
        return Batch(records=Records.of(()), cursor=self._cursor(place), coverage=(gap,) if told else ())

    def _cursor(self, place: _Place) -> Mapping[str, Any]:
        until = place.until.isoformat() if place.until else None
        return {"until": until, "known": list(place.known), "budget": self._api.budget.dump()}

    async def _batches(self, lines: AsyncGenerator[bytes, None], place: _Place) -> AsyncGenerator[Batch, None]:
        queue: asyncio.Queue[bytes | HandlewatchError] = asyncio.Queue(_QUEUE)
        reading = asyncio.ensure_future(_fill(queue, lines))
        try:
            while True:
                some, ended = await self._gather(queue)
                if some or ended is None:
                    batch, said = self._batch(some, place)
                    yield batch
                    ended = said or ended
                if ended is not None:
                    raise ended
                self._afford()
        finally:
            reading.cancel()
            await asyncio.wait((reading,))

    async def _gather(
        self, queue: asyncio.Queue[bytes | HandlewatchError]
    ) -> tuple[list[bytes], HandlewatchError | None]:
        """The lines of one batch; none where none came for `quiet_seconds`. Also gives what ended the connection."""
        some: list[bytes] = []
        try:
            async with asyncio.timeout(self._options.quiet_seconds):
                while not some:
                    if isinstance(line := await queue.get(), HandlewatchError):
                        return some, line
                    some += [line] if line else []
            async with asyncio.timeout(self._batch_seconds):
                while len(some) < self._batch_posts:
                    if isinstance(line := await queue.get(), HandlewatchError):
                        return some, line
                    some += [line] if line else []
        except TimeoutError:
            pass
        return some, None

    def _batch(self, lines: Sequence[bytes], place: _Place) -> tuple[Batch, UnreachableError | None]:
        posts, bad, said = list[Written](), list[BadRecord](), None
        for number, line in enumerate(lines):
            answer = parsed(line)
            problems = as_list(answer.get("errors"))
            if answer.get("data"):
                found, unusable = self._api.posts(answer)
                self._api.pay(answer)
                posts += found
                bad += unusable
            elif problems or answer.get("title"):
                problem = as_dict(problems[0]) if problems else answer
                said = UnreachableError(f"X ended the stream: {as_text(problem.get('title'))[:80] or 'no reason'}.")
            else:
                bad.append(BadRecord(where=f"line {number}", why="no post"))
        fresh, start = place.fresh(posts), place.until
        now = self._context.clock()
        place.until = now
        seen = Coverage(scope=_SCOPE, start=start or now, end=now, state=Seen.SEEN, posts=len(fresh))
        return Batch(records=Records.of(fresh), cursor=self._cursor(place), coverage=(seen,), bad=bad), said

    async def check(self) -> Sequence[Finding]:
        """The token, the clock, and the project's rules; the stream itself is not opened: X allows one connection."""
        try:
            answer, response = await self._api.ask(_RULES, {})
        except HandlewatchError as error:
            return [failure("bearer token", error)]
        rules = len(as_list(answer.get("data")))
        do = "" if rules else "Set rules in X's developer console."
        return [
            Finding(what="bearer token", well=True, said="taken"),
            clock_skew(response, self._context.clock),
            Finding(what="rules", well=bool(rules), said=f"{rules} rules", do=do),
            Finding(what="budget", well=True, said=f"{self._options.usd_a_day:g} dollars a day"),
        ]

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        """A call for every hundred; every post that is still there costs money."""
        return await self._api.recheck(posts)

    async def refresh(self, post: Known) -> Post | None:
        """The post as it is now."""
        return await self._api.refresh(post)


async def _fill(queue: asyncio.Queue[bytes | HandlewatchError], lines: AsyncGenerator[bytes, None]) -> None:
    """Reads ahead, as far as the queue goes; puts what ended it last."""
    try:
        async for line in lines:
            await queue.put(line)
        await queue.put(_ClosedError("X closed the stream.", do="Try again later."))
    except HandlewatchError as error:
        await queue.put(error)


PLUGIN: Final = SourcePlugin(
    name="x-stream",
    summary="The filtered stream of X's API v2: posts that match the project's rules, as they are made.",
    pace=Pace.STREAM,
    options=XStreamOptions,
    open=XStreamSource,
    terms=load_terms()["x"],
    accepts=frozenset({TextType.JSON}),
    credentials=("bearer_token",),
    credentials_needed=True,
    example="""\
[sources.x_stream]
plugin = "x-stream"
usd_a_day = 5
basis = "X approved this use in writing on 2026-11-24, reference 0000."
""",
)
