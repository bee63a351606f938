"""When sources are driven: polls on a schedule, streams kept open, and services beside them, until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor.clock import Clock
from monitor.collecting import Collector, Status, stopped_within
from monitor.ports import Pace

log: structlog.stdlib.BoundLogger = structlog.get_logger("handlewatch.schedule")

REOPEN_AFTER = 1.0
"""Seconds after which a stream that ended without an error is opened again."""

Service = Callable[[asyncio.Event], Awaitable[None]]
"""Runs beside the sources until the event is set, then returns (delivery, sealing the audit chain, heartbeats)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A collector and how it is driven. :param every: seconds between two polls."""

    collector: Collector
    pace: Pace
    every: float


class Schedule:
    """Runs sources and services until stopped, or until a service or the store fails: that error is raised."""

    def __init__(self, sources: Sequence[Driven], services: Sequence[Service], *, clock: Clock) -> None:
        self._sources = sources
        self._services = services
        self._now = clock
        self._failure: BaseException | None = None
        self._polling: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then everything is ended in order: sources first, services last."""
        streams = [
            asyncio.create_task(self._guard(self._stream(driven, stop), stop))
            for driven in self._sources
            if driven.pace is not Pace.POLL
        ]
        ending = asyncio.Event()
        services = [asyncio.create_task(self._guard(service(ending), stop)) for service in self._services]
        scheduler = self._scheduler(stop)
        scheduler.start()
        try:
            await stop.wait()
        finally:
            scheduler.shutdown(wait=False)
            await _cancelled([*streams, *self._polling])
            ending.set()
            await asyncio.gather(*services)
        if self._failure is not None:
            raise self._failure

    def _scheduler(self, stop: asyncio.Event) -> AsyncIOScheduler:
        # That a poll takes longer than the time between two is no news.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for place, driven in enumerate(driven for driven in self._sources if driven.pace is Pace.POLL):
            scheduler.add_job(
                self._poll,
                "interval",
                seconds=driven.every,
                args=[driven.collector, stop],
                # Not all at once at the start: a quarter of a second apart.
                next_run_time=self._now() + timedelta(seconds=0.25 * place),
            )
        return scheduler

    async def _poll(self, collector: Collector, stop: asyncio.Event) -> None:
        """One poll, unless the source is backing off. A task of its own, so that stopping can cancel it."""
        waiting_until = collector.status.next_try
        if stop.is_set() or (waiting_until is not None and self._now() < waiting_until):
            return
        task = asyncio.create_task(self._guard(_once(collector), stop))
        self._polling.add(task)
        task.add_done_callback(self._polling.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)

    async def _stream(self, driven: Driven, stop: asyncio.Event) -> None:
        """A stream is opened again whenever it ends; what is read once is done when it ended well."""
        status = driven.collector.status
        if status.next_try is not None and await stopped_within(self._left(status), stop):
            return
        while not stop.is_set():
            done = await driven.collector.collect()
            if done and driven.pace is Pace.ONCE:
                return
            wait = REOPEN_AFTER
            if status.next_try is not None:
                wait = self._left(status)
            if done:
                log.info("stream ended, opening it again", source=status.name)
            if await stopped_within(wait, stop):
                return

    def _left(self, status: Status) -> float:
        """Seconds until a source that is backing off is to be driven again."""
        return max(0.0, (status.next_try - self._now()).total_seconds()) if status.next_try else 0.0

    async def _guard(self, work: Awaitable[None], stop: asyncio.Event) -> None:
        """What a part could not handle itself (a broken store, a bug) stops everything, and is raised at the end."""
        try:
            await work
        except Exception as error:  # noqa: BLE001  kept and raised by `run`
            self._failure = self._failure or error
            stop.set()


async def _once(collector: Collector) -> None:
    await collector.collect()


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
