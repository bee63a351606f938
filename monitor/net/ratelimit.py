"""Rate limits, as the platforms' own headers state them, and waiting for them.

Header names and units differ: `X-RateLimit-Reset` is seconds left at Reddit and Tumblr, an epoch at X, an ISO
time at Mastodon; `Retry-After` is seconds or a date (RFC 9110, 10.2.3).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, Protocol

from monitor.clock import Clock
from monitor.errors import RateLimitedError

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

MAX_WAIT: Final = 60.0
_WORTH_KEEPING: Final = 1.0
"""Seconds: what is over before anybody could start anew is not remembered."""

_LIMIT_HEADER = re.compile(r"(?:x-)?rate-?limit(?:-(?P<bucket>.+?))?-(?P<part>limit|remaining|reset-after|reset)")
_COMBINED = re.compile(r"(?P<part>remaining|reset|r|t)\s*=\s*(?P<value>[\d.]+)")
_EPOCH_SECONDS: Final = 1e8
_EPOCH_MILLISECONDS: Final = 1e11


class Allowance(NamedTuple):
    """What is left of one limit, and when it starts anew. None: not stated."""

    remaining: float | None
    reset: datetime | None


def parse_reset(value: str, now: datetime) -> datetime | None:
    """When a limit starts anew: seconds left, epoch seconds, epoch milliseconds or an ISO time; None if unusable."""
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        return _parse_time(value)
    try:
        if number < 0 or number != number:  # noqa: PLR0124 - NaN
            return None
        if number < _EPOCH_SECONDS:
            return now + timedelta(seconds=number)
        seconds = number if number < _EPOCH_MILLISECONDS else number / 1000
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _parse_time(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait: `Retry-After` as seconds (fractions too) or as a date; None if unusable."""
    reset = parse_reset(value, now)
    return None if reset is None else max(0.0, (reset - now).total_seconds())


def server_time(headers: Mapping[str, str], now: datetime) -> datetime:
    """The server's own time, from its Date header: times that it names are on its clock, not on ours."""
    stated = headers.get("date")
    return (_parse_time(stated) if stated else None) or now


def allowances(headers: Mapping[str, str], now: datetime) -> list[Allowance]:
    """Every limit that an answer's headers state (lower-case names): `x-ratelimit-*`, `x-rate-limit-*`,
    `ratelimit-*`, with or without a bucket in the name, and the combined `ratelimit` of the IETF draft.
    """
    buckets: dict[str, dict[str, str]] = {}
    for name, value in headers.items():
        match = _LIMIT_HEADER.fullmatch(name)
        if match:
            buckets.setdefault(match["bucket"] or "", {})[match["part"]] = value
        elif name in {"ratelimit", "x-ratelimit"}:
            parts = {"r": "remaining", "t": "reset-after", "reset": "reset-after"}
            found = {parts.get(m["part"], m["part"]): m["value"] for m in _COMBINED.finditer(value)}
            buckets["(combined)"] = found
    return [_allowance(parts, now) for parts in buckets.values() if parts]


def _allowance(parts: Mapping[str, str], now: datetime) -> Allowance:
    try:
        remaining: float | None = float(parts["remaining"])
    except (KeyError, ValueError):
        remaining = None
    if after := parse_retry_after(parts["reset-after"], now) if "reset-after" in parts else None:
        return Allowance(remaining, now + timedelta(seconds=after))
    return Allowance(remaining, parse_reset(parts["reset"], now) if "reset" in parts else None)


def wait_after(headers: Mapping[str, str], now: datetime, *, refused: bool) -> float | None:
    """Seconds to wait before the next request, by an answer's headers; None where they do not say.

    :param refused: the answer was a refusal (429): then `Retry-After` counts first, and a stated reset counts
        even where something seems to be left.
    """
    theirs = server_time(headers, now)
    if refused and "retry-after" in headers:
        seconds = parse_retry_after(headers["retry-after"], theirs)
        if seconds is not None:
            return seconds
    stated = allowances(headers, theirs)
    spent = [limit.reset for limit in stated if limit.reset and limit.remaining is not None and limit.remaining < 1]
    if refused and not spent:
        spent = [limit.reset for limit in stated if limit.reset]
    return max(0.0, (max(spent) - theirs).total_seconds()) if spent else None


class Memory(Protocol):
    """Keeps over restarts, and over processes, until when keys are closed (`monitor.pauses`). Waits for nothing."""

    def until(self, name: str) -> datetime | None:
        """Until when it is closed, as far as is known here."""
        ...

    def keep(self, name: str, until: datetime) -> None:
        """Remembers that."""
        ...


class Limiter:
    """Keeps what servers said about their limits, by key (host and credential), over all who share it.

    :param max_wait: waits no longer than this many seconds; a longer wait is an error that says how long.
    :param pause: at least so many seconds between the starts of two requests with one key.
    :param memory: what outlives this process; None for nothing.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        max_wait: float = MAX_WAIT,
        pause: float = 0.0,
        memory: Memory | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._max_wait = max_wait
        self._pause = timedelta(seconds=pause)
        self._memory = memory
        self._closed: dict[str, datetime] = {}
        self._next: dict[str, datetime] = {}

    def remaining_wait(self, key: str) -> float:
        """Seconds until the server takes requests with this key again; 0 when it does."""
        now = self._clock()
        until = self._closed.get(key, now)
        if self._memory is not None:
            until = max(until, self._memory.until(key) or now)
        return max(0.0, (until - now).total_seconds())

    def close(self, key: str, seconds: float) -> None:
        """No request with this key for so many seconds."""
        until = self._clock() + timedelta(seconds=seconds)
        self._closed[key] = until = max(self._closed.get(key, until), until)
        if self._memory is not None and seconds >= _WORTH_KEEPING:
            self._memory.keep(key, until)

    async def turn(self, key: str) -> None:
        """Waits for this key's turn. Raises `RateLimitedError` where that takes longer than `max_wait`."""
        while (wait := self.remaining_wait(key)) > 0:
            if wait > self._max_wait:
                raise RateLimitedError(
                    f"{key.partition(' ')[0]} asks us to wait {wait:.0f} seconds.",
                    retry_after=wait,
                    do="It goes on by itself when `handlewatch run` is running; else try again then.",
                )
            await self._sleep(wait)
        if self._pause:
            now = self._clock()
            start = max(now, self._next.get(key, now))
            self._next[key] = start + self._pause
            if start > now:
                await self._sleep((start - now).total_seconds())
