"""The volume alarm, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from monitor import volume
from monitor.store.database import Store
from monitor.store.tables import SourceRow
from monitor.volume import HOURS_NEEDED, Change


@pytest.fixture
def hours(store: Store, clock: Any) -> Any:
    """Writes hours of posts, one after another; None leaves an hour out."""
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="p", enabled_at=store.now()))

    def write(*posts: int | None) -> None:
        for count in posts:
            if count is not None:
                with store.write() as session:
                    volume.count(session, "s", count // 2, store.now())
                    volume.count(session, "s", count - count // 2, store.now())
            clock.advance(hours=1)

    return write


def changes(store: Store) -> list[tuple[str, Change, int]]:
    return [(alarm.source, alarm.change, alarm.posts) for alarm in volume.alarms(store)]


def test_a_steady_source_raises_none(store: Store, hours: Any) -> None:
    hours(3, *[90, 110] * HOURS_NEEDED, 100)
    assert changes(store) == []


def test_a_source_that_falls_silent_is_named(store: Store, hours: Any) -> None:
    hours(3, *[90, 110] * HOURS_NEEDED, 0)
    assert changes(store) == [("s", Change.SILENT, 0)]
    assert "usually some 100" in volume.alarms(store)[0].words


def test_a_source_that_doubles_is_named(store: Store, hours: Any) -> None:
    hours(3, *[90, 110] * HOURS_NEEDED, 300)
    assert changes(store) == [("s", Change.DOUBLED, 300)]


def test_its_own_ups_and_downs_are_usual(store: Store, hours: Any) -> None:
    hours(3, *[0, 90, 300] * HOURS_NEEDED, 0)
    assert changes(store) == []
    hours(310)
    assert changes(store) == []


def test_few_posts_or_few_hours_say_nothing(store: Store, hours: Any) -> None:
    hours(3, *[100] * (HOURS_NEEDED - 1), 0)
    assert changes(store) == []
    hours(*[1, 2] * 50, 0)
    assert changes(store) == []


def test_a_source_that_was_not_asked_is_not_silent(store: Store, hours: Any) -> None:
    hours(3, *[90, 110] * HOURS_NEEDED, None, None)
    assert changes(store) == []


def test_catching_up_after_a_rest_counts_once(store: Store, hours: Any) -> None:
    hours(900, *[90, 110] * HOURS_NEEDED, 100)
    assert changes(store) == []
