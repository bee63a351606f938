"""Driving one source: batch after batch, screened and handed to a sink, with back-off when it fails.

The next batch is asked for only when the last one is committed: that is the back-pressure. What the sink
does with a batch (keep it, or only count) is not known here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol, TypeVar

import structlog

from monitor.clock import Clock
from monitor.coverage import WHOLE_SOURCE
from monitor.detect.fast.screen import FastScreen
from monitor.enriching import nearly_hitting, with_posts
from monitor.errors import AuthError, HandlewatchError, RateLimitedError, RefusedError, StoreError
from monitor.hits import HitScreen, Screened
from monitor.intake import Committed
from monitor.ports import Batch, Coverage, Cursor, Enriching, Seen, Source

FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0
AUTH_WAIT = 900.0
TAKEOVER_WAIT = 10.0
"""Seconds: after a first failure, at most, after refused credentials (asking again soon only annoys), and until
a source that another monitor holds is asked for again."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("handlewatch.collect")


_R = TypeVar("_R")


class Sink(Protocol):
    """Where batches go. Its methods are plain functions, run on the store's thread."""

    def begin(self, source: str) -> Cursor | None:
        """A run begins; gives the stored cursor. Raises `RefusedError` when another monitor has the source."""
        ...

    def take(self, source: str, screened: Screened) -> Committed:
        """One batch, one transaction."""
        ...

    def end(
        self, source: str, *, outcome: str, error: str | None, missed: Coverage | None, again: datetime | None = None
    ) -> None:
        """The run ended: done, failed, rate_limited, stopped.

        :param again: when the platform lets us ask again, where only this run was told.
        """
        ...


class Condition(StrEnum):
    """What a source is doing."""

    WAITING = "waiting"
    COLLECTING = "collecting"
    BACKING_OFF = "backing off"
    ELSEWHERE = "held by another monitor"
    STOPPED = "stopped"


@dataclass(slots=True)
class Status:
    """What is shown of a source; counts are since this process started."""

    name: str
    condition: Condition = Condition.WAITING
    posts: int = 0
    hits: int = 0
    bad: int = 0
    failures: int = 0
    last_success: datetime | None = None
    next_try: datetime | None = None
    error: str = ""
    since: datetime | None = None

    def rate(self, now: datetime) -> float:
        """Posts a second since the source was first driven."""
        seconds = (now - self.since).total_seconds() if self.since else 0.0
        return self.posts / seconds if seconds > 0 else 0.0


class Collector:
    """Drives one configured source.

    :param screen_thread, store_thread: each one worker: screen and store are plain functions.
    """

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        sink: Sink,
        screen: FastScreen,
        screen_thread: Executor,
        store_thread: Executor,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.status = Status(name)
        self._name = name
        self._source = source
        self._sink = sink
        self._screen = screen
        self._hits = HitScreen(screen)
        self._screen_thread = screen_thread
        self._store_thread = store_thread
        self._now = clock
        self._jitter = jitter
        self._down_since: datetime | None = None

    async def collect(self) -> bool:
        """One run, from the stored cursor until the source has caught up, fails, or is cancelled.

        True when it went well. Failures are recorded, never raised: one broken source never stops another.
        Only a broken store is: without it nobody can go on.
        """
        started = self._now()
        try:
            cursor = await self._on(self._store_thread, partial(self._sink.begin, self._name))
        except RefusedError as error:
            self._wait(Condition.ELSEWHERE, TAKEOVER_WAIT, error.brief)
            return False
        if self.status.condition is Condition.ELSEWHERE:
            self.status.error = ""
        self.status.since = self.status.since or started
        self.status.condition, self.status.next_try = Condition.COLLECTING, None
        try:
            await self._take_all(cursor)
        except asyncio.CancelledError:
            await asyncio.shield(self._end("stopped"))
            self.status.condition = Condition.STOPPED
            raise
        except StoreError:
            raise
        except RefusedError as error:  # the lease was lost: another monitor goes on from the same cursor
            self._wait(Condition.ELSEWHERE, TAKEOVER_WAIT, error.brief)
            await self._end("lease lost", error=error.brief)
            return False
        except Exception as error:  # noqa: BLE001  a source is a plug-in: whatever it raises must not stop the others
            await self._failed(error, started)
            return False
        await self._end("done")
        self.status.condition, self.status.failures, self.status.error = Condition.WAITING, 0, ""
        self.status.last_success = self._now()
        return True

    async def _take_all(self, cursor: Cursor | None) -> None:
        async with aclosing(self._source.collect(cursor)) as batches:
            async for bare in batches:
                batch = await self._enriched(bare)
                screened = await self._on(self._screen_thread, partial(self._hits, batch))
                # A commit that has begun is waited for, even when we are told to stop.
                done = await asyncio.shield(self._on(self._store_thread, partial(self._take, screened)))
                self.status.posts += done.posts
                self.status.hits += done.hits
                self.status.bad += done.bad
                # What a source tries to get over by itself is shown meanwhile, and is no success.
                self.status.error = _trouble(screened.coverage)
                if done.posts or not self.status.error:
                    self.status.last_success, self.status.failures = self._now(), 0

    async def _enriched(self, batch: Batch) -> Batch:
        """The batch with the profiles of those who posted what hits or nearly hits, where the source has to ask."""
        source = self._source
        if not isinstance(source, Enriching) or not len(batch.records):
            return batch
        near = await self._on(self._screen_thread, partial(nearly_hitting, self._screen, batch))
        if not near:
            return batch
        posts = await source.enrich(list(near.values()))
        return with_posts(batch, dict(zip(near, posts, strict=True)))

    def _take(self, screened: Screened) -> Committed:
        done = self._sink.take(self._name, screened)
        for alert in done.grown:
            log.info("alert grew", source=self._name, **alert._asdict())
        return done

    async def _failed(self, error: Exception, started: datetime) -> None:
        self.status.failures += 1
        if self.status.failures == 1 or self._down_since is None:
            self._down_since = started
        state, outcome = Seen.FAILED, "failed"
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self.status.failures, 12)) * (0.5 + self._jitter() / 2)
        if isinstance(error, RateLimitedError):
            state, outcome = Seen.RATE_LIMITED, "rate_limited"
            wait = error.retry_after if error.retry_after is not None else wait
        elif isinstance(error, AuthError):
            wait = AUTH_WAIT
        known = isinstance(error, HandlewatchError)
        # An unforeseen error may carry anything in its text: only its kind is shown and kept.
        words = error.brief if known else f"{type(error).__name__} in the source"
        self._wait(Condition.BACKING_OFF, wait, words)
        log.warning("source failed", source=self._name, error=words, next_try_in=round(wait, 1))
        if not known:
            log.debug("unforeseen", source=self._name, exc_info=error)
        missed = Coverage(scope=WHOLE_SOURCE, start=self._down_since, end=self._now(), state=state, note=words)
        stated = isinstance(error, RateLimitedError) and error.stated
        await self._end(outcome, error=words, missed=missed, again=self.status.next_try if stated else None)

    def rest(self, until: datetime | None) -> None:
        """Before it is driven at all: what the platform asked for before this process started is waited for."""
        if until is not None and until > self._now():
            self._wait(Condition.BACKING_OFF, (until - self._now()).total_seconds(), "the platform asked us to wait")

    def _wait(self, condition: Condition, seconds: float, words: str) -> None:
        self.status.condition, self.status.error = condition, words
        self.status.next_try = self._now() + timedelta(seconds=seconds)

    async def _end(
        self,
        outcome: str,
        *,
        error: str | None = None,
        missed: Coverage | None = None,
        again: datetime | None = None,
    ) -> None:
        end = partial(self._sink.end, self._name, outcome=outcome, error=error, missed=missed, again=again)
        await self._on(self._store_thread, end)

    async def _on(self, thread: Executor, function: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(thread, function)


def _trouble(coverage: Sequence[Coverage]) -> str:
    passing = (Seen.FAILED, Seen.RATE_LIMITED)
    return next((interval.note for interval in reversed(coverage) if interval.state in passing), "")


async def stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    """Waits that long, or until told to stop; True when told to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
