"""How long `sources try` lets a stream say nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from monitor.net.ratelimit import MAX_WAIT

SILENCE_SECONDS: Final = 10.0
_MOST_WAITING: Final = 120.0
"""Seconds without a post after which a stream ends, whatever it waits for."""


class Silence:
    """How long a stream may yet say nothing: counted anew from every post, and not while it waits as a server asks.

    Until it is connected, waiting between attempts is no silence either.
    """

    def __init__(self) -> None:
        self.heard = False
        self._until = self._latest = 0.0
        self._limit: asyncio.Timeout | None = None

    def begin(self) -> None:
        """Counts from now."""
        now = asyncio.get_running_loop().time()
        self._until, self._latest = now + SILENCE_SECONDS, now + _MOST_WAITING

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None]:
        """Raises `TimeoutError` where what is inside takes longer."""
        try:
            async with asyncio.timeout_at(self._until) as self._limit:
                yield
        finally:
            self._limit = None

    async def obey(self, seconds: float) -> None:
        """Waits as a server asks."""
        self._extend(seconds)
        await asyncio.sleep(seconds)

    async def try_again(self, seconds: float) -> None:
        """Waits before another attempt."""
        if not self.heard and seconds <= MAX_WAIT:
            self._extend(seconds)
        await asyncio.sleep(seconds)

    def _extend(self, seconds: float) -> None:
        until = min(asyncio.get_running_loop().time() + seconds + SILENCE_SECONDS, self._latest)
        if until > self._until:
            self._until = until
            if self._limit is not None and not self._limit.expired():
                self._limit.reschedule(until)
