from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from monitor import coverage
from monitor.ports import Coverage, Seen
from monitor.store.database import Store
from monitor.store.tables import Coverage as CoverageRow
from monitor.store.tables import SourceRow


@pytest.fixture
def ledger(store: Store) -> Store:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="p", enabled_at=store.now()))
    return store


def enter(store: Store, *intervals: Coverage) -> None:
    with store.write() as session:
        coverage.enter(session, "s", None, intervals)


def interval(
    start: datetime, seconds: float, state: Seen = Seen.SEEN, *, scope: str = "tag", posts: int = 1
) -> Coverage:
    return Coverage(scope=scope, start=start, end=start + timedelta(seconds=seconds), state=state, posts=posts)


def test_the_first_and_last_times_there_are_can_be_entered(ledger: Store) -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for _ in range(2):
        enter(ledger, Coverage(scope="tag", start=first, end=last, state=Seen.SEEN, posts=1))
    assert coverage.last_seen(ledger) == [("s", "tag", last, 2)]


def test_intervals_that_touch_become_one(ledger: Store) -> None:
    now = ledger.now()
    for second in range(5):
        enter(ledger, interval(now + timedelta(seconds=second), 1))
    assert coverage.last_seen(ledger) == [("s", "tag", now + timedelta(seconds=5), 5)]
    assert coverage.gaps(ledger, since=now - timedelta(days=1)) == []


def test_a_gap_is_never_joined_over(ledger: Store) -> None:
    now = ledger.now()
    enter(ledger, interval(now, 10))
    enter(ledger, interval(now + timedelta(seconds=10), 60, Seen.FAILED, posts=0))
    enter(ledger, interval(now + timedelta(seconds=70), 10))
    found = coverage.gaps(ledger, since=now)
    assert [(gap.state, gap.started_at, gap.ended_at) for gap in found] == [
        ("failed", now + timedelta(seconds=10), now + timedelta(seconds=70))
    ]
    assert coverage.last_seen(ledger)[0].until == now + timedelta(seconds=80)


def test_a_scope_that_was_never_seen_says_so(ledger: Store) -> None:
    now = ledger.now()
    enter(ledger, interval(now, 5, Seen.OUT_OF_REACH, posts=0))
    assert coverage.last_seen(ledger) == [("s", "tag", None, 0)]


def test_gaps_end_after_the_time_asked_for(ledger: Store) -> None:
    now = ledger.now()
    enter(ledger, interval(now, 5, Seen.FAILED), interval(now, 50, Seen.RATE_LIMITED, scope="other"))
    assert [gap.scope for gap in coverage.gaps(ledger, since=now + timedelta(seconds=10))] == ["other"]


def test_a_failure_whose_time_was_collected_later_is_no_gap_any_more(ledger: Store) -> None:
    now = ledger.now()
    enter(ledger, interval(now, 30, Seen.FAILED), interval(now, 30, Seen.FAILED, scope=coverage.WHOLE_SOURCE))
    enter(ledger, interval(now, 30, Seen.OUT_OF_REACH, scope="stream"))
    enter(ledger, interval(now - timedelta(seconds=5), 60))
    assert [gap.scope for gap in coverage.gaps(ledger, since=now)] == ["stream"]
    enter(ledger, interval(now + timedelta(seconds=100), 5, scope="other"))
    assert {gap.scope for gap in coverage.gaps(ledger, since=now)} == {"stream", coverage.WHOLE_SOURCE}


def test_a_walk_back_in_time_is_one_interval(ledger: Store) -> None:
    now = ledger.now()
    for step in range(3):
        enter(ledger, interval(now - timedelta(seconds=10 * step), 10))
    assert coverage.last_seen(ledger) == [("s", "tag", now + timedelta(seconds=10), 3)]
    with ledger.read() as session:
        (row,) = session.exec(select(CoverageRow)).all()
    assert row.started_at == now - timedelta(seconds=20)


def test_a_scope_that_stays_refused_is_one_gap(ledger: Store) -> None:
    now = ledger.now()
    for minute in range(0, 60, 15):
        at = now + timedelta(minutes=minute)
        enter(ledger, interval(at, 0, Seen.OUT_OF_REACH, posts=0), interval(at, 5, Seen.FAILED, scope="b", posts=0))
    found = {gap.scope: (gap.started_at, gap.ended_at) for gap in coverage.gaps(ledger, since=now)}
    assert found == {
        "tag": (now, now + timedelta(minutes=45)), "b": (now, now + timedelta(minutes=45, seconds=5))
    }  # fmt: skip
    enter(
        ledger,
        interval(now + timedelta(minutes=46), 5, scope="b"),
        interval(now + timedelta(hours=2), 5, Seen.FAILED, scope="b"),
    )
    assert [gap.scope for gap in coverage.gaps(ledger, since=now)] == ["b", "b", "tag"]


def test_what_is_out_of_reach_and_what_a_source_as_a_whole_missed_is_not_joined_over_what_was_seen(
    ledger: Store,
) -> None:
    now = ledger.now()
    for start in (0, 1000):
        at = now + timedelta(seconds=start)
        enter(ledger, interval(at, 30, Seen.OUT_OF_REACH), interval(at, 30, Seen.FAILED, scope=coverage.WHOLE_SOURCE))
    found = coverage.gaps(ledger, since=now)
    assert [(gap.ended_at - (gap.started_at or now)).total_seconds() for gap in found] == [30] * 4


def test_a_source_as_a_whole_is_shown_only_where_no_scope_is_known(ledger: Store) -> None:
    now = ledger.now()
    enter(ledger, interval(now, 5, Seen.FAILED, scope=coverage.WHOLE_SOURCE, posts=0))
    assert coverage.last_seen(ledger) == [("s", coverage.WHOLE_SOURCE, None, 0)]
    enter(ledger, interval(now, 9))
    assert coverage.last_seen(ledger) == [("s", "tag", now + timedelta(seconds=9), 1)]
