from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.handles.records import DaySeen, Return
from alerts.web.timeline import HEIGHT, MOST_BARS, WIDTH, timeline

START = date(2026, 1, 1)


def days(*places: int) -> list[DaySeen]:
    return [DaySeen(day=START + timedelta(days=place), posts=place % 3 + 1) for place in places]


@pytest.mark.parametrize("length", [1, 2, 59, 60, 61, 420, 421, 1680, 1681, 5000, 40_000])
def test_any_length_fits(length: int) -> None:
    seen = days(*range(0, length, max(1, length // 997)), *([length - 1] if length > 1 else []))
    line = timeline(seen)
    assert line is not None
    assert 0 < len(line.bars) <= MOST_BARS
    assert sum(bar.posts for bar in line.bars) == sum(one.posts for one in seen)
    assert max(bar.height for bar in line.bars) == HEIGHT
    for left, right in zip(line.bars, line.bars[1:], strict=False):
        assert left.x + left.width <= right.x
        assert left.last < right.first
    for bar in line.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == pytest.approx(HEIGHT)
    assert (line.bars[0].first, line.bars[-1].last) == (START, seen[-1].day)


def test_days_become_weeks_where_they_are_many() -> None:
    steps = [line.days for length in (60, 61, 421) if (line := timeline(days(0, length - 1)))]
    assert steps == [1, 7, 28]


def test_returns_are_marked_under_their_bar() -> None:
    at = datetime(2026, 1, 3, 12, tzinfo=UTC)
    back = Return(
        platform="examplenet",
        gone_platform="examplenet",
        unavailable_at=at - timedelta(days=1),
        returned_at=at,
        days=1.0,
    )
    line = timeline(days(0, 2), [back, back])
    assert line is not None
    last = line.bars[-1]
    assert list(line.marks) == [pytest.approx(last.x + last.width / 2, abs=0.2)]


def test_nothing_is_no_drawing() -> None:
    assert timeline([]) is None
