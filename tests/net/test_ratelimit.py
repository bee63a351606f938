from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import RateLimitedError
from monitor.net.ratelimit import Limiter, allowances, parse_reset, parse_retry_after, wait_after

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("0.5", 0.5),
        (str(EPOCH + 30), 30),
        (str((EPOCH + 30) * 1000), 30),
        ("2026-11-01T12:00:30.000Z", 30),
        ("2026-11-01T12:00:30", 30),
        ("2026-11-01T14:00:30+02:00", 30),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30),
    ],
)
def test_a_reset_in_every_form(value: str, seconds: float) -> None:
    assert parse_reset(value, NOW) == NOW + timedelta(seconds=seconds)
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", "inf", "1e300", "99999999999999999999"])
def test_an_unusable_reset_is_none(value: str) -> None:
    assert parse_reset(value, NOW) is None


def test_a_date_in_the_past_is_no_wait() -> None:
    assert parse_retry_after("Sun, 01 Nov 2026 11:00:00 GMT", NOW) == 0


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-01T12:00:30.000Z"}, 30),  # Mastodon
        ({"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(EPOCH + 9)}, 9),  # X
        ({"x-ratelimit-used": "100", "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "41"}, 41),  # Reddit
        ({"ratelimit-remaining": "0", "ratelimit-reset": str(EPOCH + 5), "ratelimit-policy": "3000;w=300"}, 5),  # PDS
        (
            {
                "x-ratelimit-perhour-remaining": "7",
                "x-ratelimit-perhour-reset": "60",
                "x-ratelimit-perday-remaining": "0",
                "x-ratelimit-perday-reset": "600",
            },
            600,
        ),  # Tumblr
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5", "x-ratelimit-reset": str(EPOCH + 99)}, 1.5),
        ({"ratelimit": '"default";r=0;t=20'}, 20),
        ({"ratelimit": "limit=100, remaining=0, reset=8"}, 8),
        ({"x-ratelimit-remaining": "3", "x-ratelimit-reset": "60"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({}, None),
    ],
)
def test_what_is_spent_is_waited_for(headers: dict[str, str], wait: float | None) -> None:
    assert wait_after(headers, NOW, refused=False) == wait


def test_a_refusal_counts_even_where_something_seems_left() -> None:
    headers = {"x-ratelimit-remaining": "3", "x-ratelimit-reset": "60"}
    assert wait_after(headers, NOW, refused=True) == 60
    assert wait_after({**headers, "retry-after": "2"}, NOW, refused=True) == 2
    assert wait_after({**headers, "retry-after": "nonsense"}, NOW, refused=True) == 60
    assert wait_after({}, NOW, refused=True) is None


def test_times_are_on_the_servers_clock() -> None:
    theirs = {"date": "Sun, 01 Nov 2026 10:00:00 GMT"}
    assert wait_after({**theirs, "retry-after": "Sun, 01 Nov 2026 10:00:07 GMT"}, NOW, refused=True) == 7
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH - 7200 + 9)}
    assert wait_after({**theirs, **reset}, NOW, refused=False) == 9


def test_buckets_are_kept_apart() -> None:
    found = allowances({"x-ratelimit-perhour-remaining": "1", "x-ratelimit-perday-remaining": "2"}, NOW)
    assert sorted(limit.remaining or 0 for limit in found) == [1, 2]


class _Time:
    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


async def test_a_closed_key_is_waited_for_and_others_are_not() -> None:
    time = _Time()
    limiter = Limiter(clock=time, sleep=time.sleep)
    limiter.close("a", 20)
    limiter.close("a", 5)
    await limiter.turn("b")
    assert time.waits == []
    await limiter.turn("a")
    assert time.waits == [20]
    await limiter.turn("a")
    assert time.waits == [20]


async def test_too_long_a_wait_is_an_error_that_says_how_long() -> None:
    time = _Time()
    limiter = Limiter(clock=time, sleep=time.sleep, max_wait=60)
    limiter.close("host mark", 61)
    with pytest.raises(RateLimitedError, match="host asks us to wait 61 seconds") as caught:
        await limiter.turn("host mark")
    assert caught.value.retry_after == 61


async def test_requests_keep_their_distance() -> None:
    time = _Time()
    limiter = Limiter(clock=time, sleep=time.sleep, pause=2)
    for _ in range(3):
        await limiter.turn("a")
    await limiter.turn("b")
    assert time.waits == [2, 2]
