"""What `handlewatch run` does, without the terminal: sources, delivery, the audit sealer and heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import structlog

from alerts.channels.configured import open_channels
from alerts.outbox.delivery import Delivery
from monitor import audit, retention
from monitor.app import (
    App,
    ConfiguredSource,
    configured_sources,
    deletion_hours,
    holder_name,
    open_channel_client,
    open_screen,
    open_sources,
    starter_sources,
    text_limits,
)
from monitor.clock import Clock, system_clock
from monitor.collecting import Collector, Sink, Status, stopped_within
from monitor.counting import Counting
from monitor.crossref.settling import settle
from monitor.duties import Deletions
from monitor.errors import StoreError
from monitor.keeping import Keeping
from monitor.pauses import Pauses
from monitor.ports import Rechecking, Source
from monitor.ranking import rank_portion
from monitor.runlock import run_lock
from monitor.schedule import Driven, Schedule, Service
from monitor.settings import Settings
from monitor.store import leases
from monitor.store.database import open_store
from monitor.store.keys import load_keyring
from monitor.threads import Abandonable

SEAL_EVERY = 2.0
BEAT_EVERY = leases.LEASE_SECONDS / 3
EXPIRE_EVERY = 600.0
"""Seconds between two looks for texts that were kept as long as they may be."""
ASK_AGAIN_EVERY = 600.0
"""Seconds between two looks for posts that are to be asked about, for their platforms' terms."""
RANK_EVERY = 3600.0
"""Seconds between two reckonings of how urgent the alerts are that wait."""

log: structlog.stdlib.BoundLogger = structlog.get_logger("handlewatch.run")


class Running:
    """An assembled monitor: `run` drives it until told to stop. Made by :func:`open_running`."""

    def __init__(self, settings: Settings, sources: Sequence[ConfiguredSource], app: App | None, clock: Clock) -> None:
        self._settings = settings
        self._sources = sources
        self._app = app
        self._now = clock
        self.statuses: list[Status] = []

    @property
    def keeps(self) -> bool:
        """False in counting mode."""
        return self._app is not None

    @property
    def names(self) -> list[str]:
        """The enabled sources."""
        return [source.name for source in self._sources]

    async def run(self, stop: asyncio.Event, *services: Service) -> None:
        """Until `stop` is set. Raises what broke the store or a service."""
        asyncio.get_running_loop().set_default_executor(Abandonable())
        screen = open_screen(self._settings)
        with ThreadPoolExecutor(1, "screen") as screen_thread, ThreadPoolExecutor(1, "store") as store_thread:
            pauses = self._pauses(store_thread)
            sink, own = self._sink(store_thread, pauses)
            async with open_sources(self._sources, self._settings, clock=self._now, memory=pauses) as opened:
                driven = [
                    Driven(
                        collector=Collector(
                            name=source.name,
                            source=opened[source.name],
                            sink=sink,
                            screen=screen,
                            screen_thread=screen_thread,
                            store_thread=store_thread,
                            clock=self._now,
                        ),
                        pace=source.plugin.pace,
                        every=source.settings.every,
                    )
                    for source in self._sources
                ]
                self.statuses = [one.collector.status for one in driven]
                if isinstance(sink, Keeping):
                    for one in driven:
                        one.collector.rest(sink.again(one.collector.status.name))
                own += self._deletions(opened, store_thread)
                async with self._delivering() as delivery:
                    await Schedule(driven, [*own, *delivery, *services], clock=self._now).run(stop)
            if isinstance(sink, Keeping):
                store_thread.submit(sink.close).result()

    def _pauses(self, store_thread: ThreadPoolExecutor) -> Pauses | None:
        """What servers asked for before this process started, and from now on."""
        if self._app is None:
            return None
        return store_thread.submit(Pauses, self._app.store, store_thread.submit).result()

    def _sink(self, store_thread: ThreadPoolExecutor, pauses: Pauses | None) -> tuple[Sink, list[Service]]:
        if self._app is None:
            return Counting(), []
        store = self._app.store
        store_thread.submit(settle, store, self._app.crossref).result()
        keeping = Keeping(store, holder=holder_name(), alone=store.is_sqlite, intake=self._app.intake, pauses=pauses)
        for source in self._sources:
            keeping.register(source.name, plugin=source.plugin.name, basis=source.settings.basis, mark=source.mark)

        limits, ranking = text_limits(self._settings), self._app.ranking

        async def on_store_thread(ending: asyncio.Event) -> None:
            loop, beat_in, expire_in = asyncio.get_running_loop(), BEAT_EVERY, 0.0
            while not await stopped_within(SEAL_EVERY, ending):
                expire_in -= SEAL_EVERY
                if expire_in <= 0:
                    expire_in = EXPIRE_EVERY
                    await loop.run_in_executor(store_thread, retention.expire, store, limits)
                await loop.run_in_executor(store_thread, audit.seal, store)
                beat_in -= SEAL_EVERY
                if beat_in <= 0:
                    beat_in = BEAT_EVERY
                    if pauses is not None:
                        await loop.run_in_executor(store_thread, pauses.read)
                    for source in await loop.run_in_executor(store_thread, keeping.beat):
                        log.warning("lease lost to another monitor", source=source)
            await loop.run_in_executor(store_thread, audit.seal, store)

        async def ranks(ending: asyncio.Event) -> None:
            loop, wait = asyncio.get_running_loop(), 0.0
            while not await stopped_within(wait, ending):
                wait, after = RANK_EVERY, 0
                while after is not None and not ending.is_set():  # between two portions, batches are committed
                    _, after = await loop.run_in_executor(store_thread, rank_portion, store, ranking, after)

        return keeping, [on_store_thread, ranks]

    def _deletions(self, opened: Mapping[str, Source], store_thread: ThreadPoolExecutor) -> list[Service]:
        """Asks again about posts whose platforms want deletions followed in time, where anything is kept."""
        if self._app is None:
            return []
        by_platform: dict[str, Source] = {}
        for source in self._sources:
            if isinstance(opened[source.name], Rechecking):
                by_platform.setdefault(source.plugin.terms.platform, opened[source.name])
        deletions = Deletions(
            self._app.store,
            by_platform,
            deletion_hours(),
            thread=store_thread,
            holder=holder_name(),
            every=ASK_AGAIN_EVERY,
        )

        async def asks(ending: asyncio.Event) -> None:
            asking = asyncio.ensure_future(_ask_on(deletions))
            await asyncio.wait((asking, asyncio.ensure_future(ending.wait())), return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()  # raises what broke the store
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

        return [asks]

    @asynccontextmanager
    async def _delivering(self) -> AsyncGenerator[list[Service]]:
        """The delivery of due reports, where anything is kept."""
        if self._app is None:
            yield []
            return
        async with open_channel_client(self._settings) as http:
            yield [Delivery(self._app.store, open_channels(self._settings, http), clock=self._now).run]


async def _ask_on(deletions: Deletions) -> None:
    while True:
        try:
            await deletions.follow_all()
        except StoreError:
            raise
        except Exception:  # noqa: BLE001  a source is a plug-in: whatever it raises must not stop the others
            log.warning("could not ask whether posts were deleted")
        await asyncio.sleep(ASK_AGAIN_EVERY)


@contextmanager
def open_running(settings: Settings, *, clock: Clock = system_clock) -> Generator[Running]:
    """Assembles a monitor from the configuration.

    Without an `[organisation]` it counts only, from the configured sources or else the starters, and opens no
    store. On SQLite it holds the run lock.

    :raises RefusedError: another process runs on the same SQLite file.
    :raises ConfigError: a source or channel is configured wrongly.
    :raises StoreError: the store cannot be used.
    """
    if settings.organisation is None:
        yield Running(settings, configured_sources(settings) or starter_sources(), None, clock)
        return
    sources = configured_sources(settings)
    with ExitStack() as stack:
        store = open_store(settings.database_url, load_keyring(settings.home), clock=clock)
        stack.callback(store.close)
        if store.is_sqlite and store.engine.url.database:
            stack.enter_context(run_lock(Path(store.engine.url.database)))
        yield Running(settings, sources, App(settings, store), clock)
