"""Politeness: waiting one's turn, obeying limits, trying reads again, and saying what went wrong."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass
from typing import Final

import httpx

from monitor.clock import Clock
from monitor.errors import RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, NotTextError
from monitor.net.ratelimit import Limiter, Sleep, wait_after

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HAND_ON: Final = "handlewatch.hand_on"
"""A request's extension: tells (of a response) whether a 429 is another thing than a limit that ends soon."""

TRANSIENT_STATUS: Final = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 530})

COUNTED_AS: Final = "handlewatch.counted_as"
"""Extension of a request: what a server counts it by, where that is not the Authorization header (tokens change)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How reads are retried: up to `attempts` in all, waiting `base` * 2^n seconds, at most `longest`, with jitter.

    :param total: seconds that one attempt may take altogether, however slowly its body trickles in.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0
    total: float = 120.0

    def wait(self, attempt: int) -> float:
        """Seconds before the attempt after this one (the first is 0): between half and all of the step."""
        step = min(self.longest, self.base * 2**attempt)
        return step * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


class PoliteTransport(httpx.AsyncBaseTransport):
    """Waits its turn, obeys the server's limits, retries reads, and words what is left.

    Answers below 500, other than 429, are handed on as they are: a 403 or a 404 means something else everywhere;
    a 429 too where the request says so (`HAND_ON`).

    :raises RateLimitedError: the server asks for a longer wait than the limiter allows, or kept refusing.
    :raises UnreachableError: no usable answer, after all attempts.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        limiter: Limiter,
        retries: Retries,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._limiter = limiter
        self._retries = retries
        self._clock = clock
        self._sleep = sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request, again where that is safe and may help."""
        key = _limit_key(request)
        attempts = self._retries.attempts if request.method in IDEMPOTENT else 1
        for attempt in range(attempts):
            last = attempt == attempts - 1
            await self._limiter.turn(key)
            try:
                async with asyncio.timeout(self._retries.total):
                    response = await self._inner.handle_async_request(request)
            except (BadAnswerError, NotTextError) as error:
                if last or (isinstance(error, NotTextError) and not error.page):
                    raise
                await self._sleep(self._retries.wait(attempt))
                continue
            except (httpx.TransportError, TimeoutError) as error:
                if last:
                    raise _unreachable(request, error) from error
                await self._sleep(self._retries.wait(attempt))
                continue
            if response.status_code == 429 and not _handed_on(request, response):
                self._refused(key, response, attempt=attempt, last=last)
                continue
            wait = wait_after(response.headers, self._clock(), refused=response.status_code == 503)
            if wait:
                self._limiter.close(key, wait)
            if response.status_code not in TRANSIENT_STATUS:
                return response
            if last:
                raise UnreachableError(
                    f"{request.url.host} answers with an error of its own ({response.status_code}).",
                    do="It is the server's; try again later.",
                )
            if not wait:
                await self._sleep(self._retries.wait(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _refused(self, key: str, response: httpx.Response, *, attempt: int, last: bool) -> None:
        stated = wait_after(response.headers, self._clock(), refused=True)
        # Without a word from the server: a good while, doubling.
        wait = min(60.0, 5.0 * 2**attempt) if stated is None else stated or self._retries.wait(attempt)
        self._limiter.close(key, wait)
        if last:
            raise RateLimitedError(
                f"{response.request.url.host} refuses for now: too many requests.",
                retry_after=wait,
                do="It goes on by itself when `handlewatch run` is running; else try again later.",
            )

    async def aclose(self) -> None:
        """Closes the transports below."""
        await self._inner.aclose()


def _limit_key(request: httpx.Request) -> str:
    """What a server counts by: its host, and the credential (of which only a fingerprint is kept)."""
    credential = str(request.extensions.get(COUNTED_AS) or request.headers.get("authorization", ""))
    mark = hashlib.sha256(credential.encode()).hexdigest()[:12] if credential else "-"
    return f"{request.url.netloc.decode()} {mark}"


def _handed_on(request: httpx.Request, response: httpx.Response) -> bool:
    asked = request.extensions.get(HAND_ON)
    return callable(asked) and bool(asked(response))


def _unreachable(request: httpx.Request, error: Exception) -> UnreachableError:
    host = request.url.host
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return UnreachableError(f"{host} did not answer in time.", do="Check the network; try again later.")
    if isinstance(error, httpx.ConnectError):
        return UnreachableError(
            f"{host} cannot be reached: {error}.", do="Check the address, the network and the proxy settings."
        )
    return UnreachableError(f"{host} broke off: {error or type(error).__name__}.", do="Try again later.")
