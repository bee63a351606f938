from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from monitor.clock import system_clock
from monitor.collecting import AUTH_WAIT, FIRST_WAIT, LONGEST_WAIT, Collector, Condition
from monitor.counting import Counting
from monitor.errors import AuthError, RateLimitedError, StoreError, UnreachableError
from monitor.keeping import Keeping
from monitor.ports import Batch, Pace, Records, Seen
from monitor.ports import Coverage as CoveredInterval
from monitor.schedule import Driven, Schedule
from monitor.store import leases
from monitor.store.database import Store
from monitor.store.tables import Coverage, Run, StoredPost
from tests.support.posts import batch, hit, post, screen
from tests.support.sources import Script


@pytest.fixture
def threads() -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        yield first, second


@pytest.fixture
def keeping(store: Store) -> Keeping:
    keeping = Keeping(store, holder="test", alone=False)
    keeping.register("s", plugin="script", basis=None)
    return keeping


@pytest.fixture
def collector(threads: Any, clock: Any) -> Any:
    def make(source: Any, sink: Any, *, name: str = "s") -> Collector:
        return Collector(
            name=name,
            source=source,
            sink=sink,
            screen=screen(),
            screen_thread=threads[0],
            store_thread=threads[1],
            clock=clock,
            jitter=lambda: 1.0,
        )

    return make


def rows(store: Store, table: Any) -> list[Any]:
    with store.read() as session:
        return list(session.exec(select(table)))


async def test_a_run_keeps_batches_and_goes_on_from_the_last_cursor(collector: Any, keeping: Any, store: Store) -> None:
    source = Script([batch(hit(1), cursor={"at": 1}), batch(post(2), cursor={"at": 2})], [])
    driven = collector(source, keeping)
    assert await driven.collect()
    assert await driven.collect()
    assert source.cursors == [None, {"at": 2}]
    assert (driven.status.posts, driven.status.hits, driven.status.condition) == (2, 1, Condition.WAITING)
    first, second = rows(store, Run)
    assert (first.outcome, first.posts, first.hits, second.posts) == ("done", 2, 1, 0)


@pytest.mark.parametrize(
    ("error", "outcome", "wait"),
    [
        (UnreachableError("no answer"), "failed", FIRST_WAIT * 2),
        (RateLimitedError("slow down", retry_after=42.5), "rate_limited", 42.5),
        (AuthError("refused"), "failed", AUTH_WAIT),
        (ValueError("a post's text"), "failed", FIRST_WAIT * 2),
    ],
)
async def test_failures_keep_what_came_before_and_say_when_it_goes_on(
    collector: Any, keeping: Any, store: Store, clock: Any, error: Exception, outcome: str, wait: float
) -> None:
    driven = collector(Script([batch(hit(1), cursor={"at": 1}), error]), keeping)
    assert not await driven.collect()
    assert len(rows(store, StoredPost)) == 1
    (run,) = rows(store, Run)
    assert run.outcome == outcome
    (missed,) = rows(store, Coverage)
    assert missed.state == outcome
    assert driven.status.next_try is not None
    assert (driven.status.next_try - clock()).total_seconds() == pytest.approx(wait)
    assert "a post's text" not in run.error + missed.note + driven.status.error


async def test_back_off_grows_to_its_limit_and_ends_with_success(collector: Any, keeping: Any, clock: Any) -> None:
    rounds: list[Any] = [[UnreachableError("no")] for _ in range(12)]
    driven = collector(Script(*rounds, []), keeping)
    waits = []
    for _ in range(12):
        await driven.collect()
        waits.append((driven.status.next_try - clock()).total_seconds())
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT
    assert await driven.collect()
    assert (driven.status.failures, driven.status.error) == (0, "")


async def test_an_outage_is_one_interval_however_often_it_was_tried(
    collector: Any, keeping: Any, store: Store, clock: Any
) -> None:
    began = clock()
    driven = collector(
        Script(*[[UnreachableError("no")] for _ in range(3)], [batch(hit(1))], [UnreachableError("no")]), keeping
    )
    for _ in range(5):
        await driven.collect()
        clock.advance(minutes=1)
    found = [(row.started_at, row.ended_at) for row in rows(store, Coverage) if row.state == Seen.FAILED]
    minutes = [began + timedelta(minutes=minute) for minute in range(5)]
    assert found == [(minutes[0], minutes[2]), (minutes[4], minutes[4])]


async def test_what_a_source_tries_to_get_over_is_shown_and_is_no_success(
    collector: Any, clock: Any, threads: Any
) -> None:
    gap = CoveredInterval(scope="x", start=clock(), end=clock(), state=Seen.FAILED, note="no answer from x")
    down = Batch(records=Records.of(()), coverage=(gap,))
    error = UnreachableError("no answer from x, also at the last attempt")
    rounds: list[Any] = [[down, error], [down, error], [down, error], [down, batch(post(1)), None]]
    driven = collector(Script(*rounds), Counting())
    waits = []
    for _ in range(3):
        await driven.collect()
        waits.append((driven.status.next_try - clock()).total_seconds())
    assert waits == [FIRST_WAIT * 2, FIRST_WAIT * 4, FIRST_WAIT * 8]
    assert driven.status.last_success is None
    running = asyncio.create_task(driven.collect())
    while not driven.status.posts:
        await asyncio.sleep(0.01)
    assert (driven.status.error, driven.status.failures) == ("", 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_stop_waits_for_the_commit_and_closes_the_source(collector: Any, keeping: Any, store: Store) -> None:
    source = Script([batch(hit(1), cursor={"at": 1}), None])
    driven = collector(source, keeping)
    task = asyncio.create_task(driven.collect())
    while driven.status.posts == 0:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed == 1
    assert rows(store, Run)[0].outcome == "stopped"
    assert len(rows(store, StoredPost)) == 1


async def test_a_broken_store_is_raised_not_backed_off(collector: Any, keeping: Any, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE mention")
    with pytest.raises(StoreError):
        await collector(Script([batch(hit(1))]), keeping).collect()


async def test_a_source_that_another_monitor_holds_is_left_alone(collector: Any, keeping: Any, store: Store) -> None:
    other = leases.acquire(store, "source:s", holder="other")
    assert other is not None
    source = Script([])
    driven = collector(source, keeping)
    assert not await driven.collect()
    assert (driven.status.condition, source.cursors) == (Condition.ELSEWHERE, [])
    leases.release(store, other)
    assert await driven.collect()


async def test_a_lease_lost_between_batches_writes_nothing_more(collector: Any, keeping: Any, store: Store) -> None:
    class Robbed(Script):
        async def collect(self, cursor: Any) -> AsyncGenerator[Any, None]:
            yield batch(hit(1), cursor={"at": 1})
            assert leases.acquire(store, "source:s", holder="robber", alone=True) is not None
            yield batch(hit(2), cursor={"at": 2})

    driven = collector(Robbed(), keeping)
    assert not await driven.collect()
    assert driven.status.condition is Condition.ELSEWHERE
    assert [row.post_id for row in rows(store, StoredPost)] == ["post-1"]
    assert keeping.beat() == []


async def test_heartbeats_notice_a_lost_lease(collector: Any, keeping: Any, store: Store) -> None:
    await collector(Script([]), keeping).collect()
    assert keeping.beat() == []
    leases.acquire(store, "source:s", holder="robber", alone=True)
    assert keeping.beat() == ["s"]
    keeping.close()


async def test_a_killed_process_leaves_a_run_that_is_marked(collector: Any, keeping: Any, store: Store) -> None:
    keeping.begin("s")
    successor = Keeping(store, holder="successor", alone=True)
    successor.begin("s")
    assert [run.outcome for run in rows(store, Run)] == ["interrupted", None]


async def test_counting_keeps_numbers_only(collector: Any) -> None:
    source = Script([batch(hit(1), post(2), cursor={"at": 1})], [])
    sink = Counting()
    driven = collector(source, sink)
    await driven.collect()
    await driven.collect()
    assert (driven.status.posts, driven.status.hits) == (2, 1)
    assert source.cursors == [None, {"at": 1}]
    assert vars(sink) == {"_cursors": {"s": {"at": 1}}}


async def test_the_schedule_drives_polls_and_streams_and_ends_in_order(
    collector: Any, keeping: Any, store: Store
) -> None:
    keeping.register("stream", plugin="script", basis=None)
    polled, stream = Script([batch(hit(1))]), Script([batch(hit(2)), None])
    ended: list[str] = []

    async def service(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("service")

    one, two = collector(polled, keeping), collector(stream, keeping, name="stream")
    schedule = Schedule(
        [Driven(collector=one, pace=Pace.POLL, every=0.05), Driven(collector=two, pace=Pace.STREAM, every=1)],
        [service],
        clock=system_clock,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(schedule.run(stop))
    while len(polled.cursors) < 3 or two.status.posts == 0:
        await asyncio.sleep(0.01)
    stop.set()
    await running
    assert ended == ["service"]
    assert stream.closed == 1
    assert len(rows(store, StoredPost)) == 2


async def test_a_poll_that_takes_longer_than_the_time_between_two_is_no_news(
    collector: Any, keeping: Any, caplog: pytest.LogCaptureFixture
) -> None:
    driven = collector(Script([batch(hit(1)), None]), keeping)
    stop = asyncio.Event()
    schedule = Schedule([Driven(collector=driven, pace=Pace.POLL, every=0.05)], [], clock=system_clock)
    running = asyncio.create_task(schedule.run(stop))
    while not driven.status.posts:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    stop.set()
    await running
    assert caplog.records == []


async def test_one_broken_source_never_stops_another_but_a_broken_service_stops_all(
    collector: Any, keeping: Any, clock: Any
) -> None:
    keeping.register("bad", plugin="script", basis=None)
    good, bad = Script(), Script([UnreachableError("no")])

    async def service(stop: asyncio.Event) -> None:
        while len(good.cursors) < 2:
            await asyncio.sleep(0.01)
        raise StoreError("the disk is full")

    schedule = Schedule(
        [
            Driven(collector=collector(bad, keeping, name="bad"), pace=Pace.STREAM, every=1),
            Driven(collector=collector(good, keeping), pace=Pace.POLL, every=0.05),
        ],
        [service],
        clock=system_clock,
    )
    with pytest.raises(StoreError, match="disk is full"):
        await schedule.run(asyncio.Event())
