"""One relay: what it says of itself (NIP-11), and asking it for stored events (NIP-01). Never sends an event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from monitor.errors import AuthError, HandlewatchError, RateLimitedError, UnreachableError
from monitor.net.address import host_of
from monitor.net.errors import BadAnswerError
from monitor.net.http import get_json
from monitor.net.websocket import open_websocket
from monitor.ports import BadRecord, SourceContext
from sources.nostr_events import UnusableEventError, checked
from sources.shapes import as_dict, as_list, as_text

Filter = Mapping[str, Any]

_SILENCE: Final = 20.0
"""Seconds without a message after which a relay counts as silent."""
_ATTEMPTS: Final = 3
_REFUSALS: Final = ("auth-required", "restricted", "blocked")
_MOST_EVENTS: Final = 20_000
"""Events of one answer that are read at most: a relay may ignore the limit."""


@dataclass(slots=True)
class Answer:
    """The genuine events of one answer, and what was none."""

    events: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    bad: list[BadRecord] = field(default_factory=list[BadRecord])


class Relay:
    """A relay; connected to when it is first asked, and until `close`."""

    def __init__(self, url: str, context: SourceContext) -> None:
        self.url = url
        self.host = host_of(url)
        self._context = context
        self._numbers = count(1)
        self._stack = AsyncExitStack()
        self._socket: ClientConnection | None = None
        self._about: Mapping[str, Any] | None = None

    async def about(self) -> Mapping[str, Any]:
        """What the relay says of itself; asked for once; empty where it says nothing."""
        if self._about is None:
            try:
                self._about, _ = await self.ask_about()
            except HandlewatchError:
                self._about = {}
        return self._about

    async def ask_about(self) -> tuple[Mapping[str, Any], httpx.Response]:
        """The relay's own document, and the answer that it came in."""
        url = _with_scheme(self.url, {"wss": "https", "ws": "http"})
        headers = {"Accept": "application/nostr+json"}
        said, response = await get_json(self._context.http, url, attempts=1, headers=headers)
        return as_dict(said), response

    async def ask(self, *filters: Filter) -> Answer:
        """The stored events that fit any of the filters.

        :raises AuthError: the relay does not show them to us. :raises RateLimitedError: it asks us to wait.
        :raises UnreachableError: it cannot be reached, is silent, or broke off, three times.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return await self._ask(filters)
            except (BadAnswerError, UnreachableError) as error:
                await self.close()
                if attempt == _ATTEMPTS - 1 or isinstance(error, BadAnswerError):
                    raise
                await self._context.sleep(0.5 * 2**attempt)
            except HandlewatchError:
                await self.close()
                raise
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Closes the connection; the next question makes another."""
        self._socket = None
        await self._stack.aclose()

    async def _ask(self, filters: Sequence[Filter]) -> Answer:
        name, answer = f"h{next(self._numbers)}", Answer()
        try:
            socket = await self._connected()
            await socket.send(orjson.dumps(["REQ", name, *filters]).decode())
            while len(answer.events) < _MOST_EVENTS:
                async with asyncio.timeout(_SILENCE):
                    message = await socket.recv(decode=False)
                if self._take(message, name, answer):
                    break
            await socket.send(orjson.dumps(["CLOSE", name]).decode())
        except TimeoutError as error:
            raise UnreachableError(f"{self.host} did not answer in time.", do="Try again later.") from error
        except ConnectionClosed as error:
            raise UnreachableError(f"{self.host} closed the connection.", do="Try again later.") from error
        return answer

    async def _connected(self) -> ClientConnection:
        if self._socket is None:
            self._socket = await self._stack.enter_async_context(
                open_websocket(
                    _with_scheme(self.url, {"https": "wss", "http": "ws"}),
                    user_agent=self._context.user_agent,
                    clock=self._context.clock,
                    named=self._context.named,
                )
            )
        return self._socket

    def _take(self, message: bytes, name: str, answer: Answer) -> bool:
        """Takes a message; True where the answer is complete."""
        try:
            parts = as_list(orjson.loads(message))
        except orjson.JSONDecodeError:
            parts = ()
        kind = as_text(parts[0]) if parts else ""
        if kind in {"NOTICE", "AUTH", "OK", "COUNT"}:
            return False
        if kind not in {"EVENT", "EOSE", "CLOSED"} or len(parts) < 2:
            answer.bad.append(BadRecord(where=f"a message of {self.host}", why="not in the documented form"))
            return False
        if parts[1] != name:
            return False  # of a question that was given up
        if kind == "EVENT":
            event = as_dict(parts[2] if len(parts) > 2 else None)
            try:
                answer.events.append(checked(event))
            except UnusableEventError as error:
                where = as_text(event.get("id"))[:64] or f"an event of {self.host}"
                answer.bad.append(BadRecord(where=where, why=str(error)))
        elif kind == "CLOSED":
            raise self._refusal(as_text(parts[2]) if len(parts) > 2 else "")
        return kind == "EOSE"

    def _refusal(self, said: str) -> HandlewatchError:
        prefix = said.partition(":")[0].strip()
        if prefix == "rate-limited":
            return RateLimitedError(f"{self.host} refuses for now: too many requests.", do="Try again later.")
        if prefix in _REFUSALS:
            return AuthError(f"{self.host} does not show us what we ask for ({prefix}).", do="Read another relay.")
        return BadAnswerError(f"{self.host} refused the question ({prefix[:20] or 'no reason given'}).")


def _with_scheme(url: str, schemes: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme=schemes.get(parts.scheme, parts.scheme), path=parts.path or "/"))
