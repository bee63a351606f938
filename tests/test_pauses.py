"""What servers asked for is waited for after a restart, too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import select

from monitor.app import configured_source
from monitor.collecting import Collector, Condition
from monitor.errors import RateLimitedError
from monitor.keeping import Keeping
from monitor.net.bodies import TextType
from monitor.net.http import get, open_client
from monitor.net.ratelimit import Limiter
from monitor.pauses import LONGEST, Pauses
from monitor.ports import Pace
from monitor.schedule import Driven, Schedule
from monitor.settings import SourceSettings
from monitor.store.database import Store
from monitor.store.tables import Pause
from tests.support.posts import screen
from tests.support.sources import Script

URL = "https://social.example/posts"


@pytest.fixture
def threads() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        yield first, second


def rows(store: Store) -> list[Pause]:
    with store.read() as session:
        return list(session.exec(select(Pause)))


class Server:
    """Refuses its first request, and counts all."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers.get("authorization", ""))
        return httpx.Response(429, headers=self.headers) if len(self.asked) == 1 else httpx.Response(200, json=[])

    async def ask(self, store: Store, clock: Any, token: str = "Bearer a") -> httpx.Response:
        """As a process that has just started does."""
        limiter = Limiter(clock=clock, sleep=clock.sleep, memory=Pauses(store))
        accepts = {TextType.JSON}
        transport = httpx.MockTransport(self.answer)
        async with open_client(
            user_agent="x", accepts=accepts, clock=clock, limiter=limiter, sleep=clock.sleep, transport=transport
        ) as client:
            return await get(client, URL, headers={"Authorization": token})


class Sleeping:
    """The test's clock, with a sleep that moves it; a `dying` one never wakes."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.dying = clock, False
        self.waits: list[float] = []

    def __call__(self) -> Any:
        return self.clock()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.dying:
            raise KeyboardInterrupt
        self.clock.advance(seconds=seconds)


@pytest.mark.parametrize("headers", [{"Retry-After": "3600"}, {"x-rate-limit-reset": "3600"}])
async def test_a_collector_that_is_started_again_does_not_ask_at_once(
    store: Store, clock: Any, headers: dict[str, str]
) -> None:
    server, time = Server(headers), Sleeping(clock)
    with pytest.raises(RateLimitedError):
        await server.ask(store, time)
    clock.advance(minutes=10)
    with pytest.raises(RateLimitedError) as caught:
        await server.ask(store, time)
    assert (len(server.asked), caught.value.retry_after) == (1, 3000)
    # Another credential of ours was asked for nothing.
    await server.ask(store, time, "Bearer b")
    clock.advance(minutes=50)
    await server.ask(store, time)
    assert server.asked == ["Bearer a", "Bearer b", "Bearer a"]


async def test_a_short_wait_is_kept_to_the_second_when_the_process_dies_in_it(store: Store, clock: Any) -> None:
    server, time = Server({"Retry-After": "45"}), Sleeping(clock)
    time.dying = True
    with pytest.raises(KeyboardInterrupt):
        await server.ask(store, time)
    clock.advance(seconds=5)
    time.dying = False
    await server.ask(store, time)
    assert (len(server.asked), time.waits) == (2, [45, 40])


async def test_neither_hosts_nor_credentials_are_kept_and_nothing_for_longer_than_a_day(
    store: Store, clock: Any
) -> None:
    pauses = Pauses(store)
    pauses.keep("social.example mark", clock() + timedelta(days=4000))
    pauses.keep("social.example mark", clock() + timedelta(minutes=1))
    pauses.keep("other.example mark", clock() + timedelta(minutes=5))
    kept = {row.until for row in rows(store)}
    assert kept == {clock() + LONGEST, clock() + timedelta(minutes=5)}
    assert all(b"example" not in row.name_hash for row in rows(store))
    clock.advance(minutes=6)
    pauses.keep("third.example mark", clock() + timedelta(minutes=1))
    assert len(rows(store)) == 2
    assert Pauses(store).until("other.example mark") is None


async def test_another_process_learns_of_it_while_it_runs(store: Store, clock: Any) -> None:
    other = Pauses(store)
    limiter = Limiter(clock=clock, memory=other)
    assert limiter.remaining_wait("social.example mark") == 0
    Pauses(store).keep("social.example mark", clock() + timedelta(minutes=5))
    assert limiter.remaining_wait("social.example mark") == 0
    other.read()
    assert limiter.remaining_wait("social.example mark") == 300
    clock.advance(minutes=2)
    assert limiter.remaining_wait("social.example mark") == 180


def collector(source: Any, keeping: Keeping, threads: Any, clock: Any) -> Collector:
    first, second = threads
    return Collector(
        name="s",
        source=source,
        sink=keeping,
        screen=screen(),
        screen_thread=first,
        store_thread=second,
        clock=clock,
        jitter=lambda: 1.0,
    )


def keeping(store: Store, mark: str = "options") -> Keeping:
    sink = Keeping(store, holder="test", alone=True, pauses=Pauses(store))
    sink.register("s", plugin="script", basis=None, mark=mark)
    return sink


@pytest.mark.parametrize(("stated", "pace"), [(True, Pace.POLL), (True, Pace.STREAM), (False, Pace.STREAM)])
async def test_a_source_waits_for_what_only_it_was_told(
    store: Store, clock: Any, threads: Any, stated: bool, pace: Pace
) -> None:
    error = RateLimitedError("wait", retry_after=3600, stated=stated)
    await collector(Script([error]), keeping(store), threads, clock).collect()
    clock.advance(minutes=1)
    again, source = keeping(store), Script([])
    started = collector(source, again, threads, clock)
    started.rest(again.again("s"))
    stop = asyncio.Event()
    running = asyncio.create_task(Schedule([Driven(collector=started, pace=pace, every=1)], [], clock=clock).run(stop))
    await asyncio.sleep(0.4)
    stop.set()
    await running
    assert bool(source.cursors) is not stated
    assert (started.status.condition is Condition.BACKING_OFF) is stated
    # What is asked for with other options is another question.
    assert keeping(store, "others").again("s") is None


def test_options_are_told_apart_by_their_credentials_too() -> None:
    def mark(key: str, tags: str) -> str:
        section = SourceSettings.model_validate({"plugin": "tumblr", "basis": "x", "api_key": key, "tags": tags})
        return configured_source("tumblr", section).mark

    assert mark("a", "map") == mark("a", "map")
    assert len({mark("a", "map"), mark("b", "map"), mark("a", "kik")}) == 3
