"""Answers that have no end: a line each for what happens, for as long as the connection lasts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from monitor.errors import UnreachableError
from monitor.net.errors import TooLargeError
from monitor.net.http import refusal
from monitor.net.textonly import UNREAD

MAX_LINE_BYTES: Final = 4 * 1024 * 1024


@asynccontextmanager
async def open_lines(
    client: httpx.AsyncClient, url: str, *, silence: float, extensions: Mapping[str, Any] | None = None, **options: Any
) -> AsyncGenerator[tuple[httpx.Response, AsyncGenerator[bytes, None]]]:
    """An answer and its lines, as they come; empty ones too (servers send them to say that they are there).

    :param silence: seconds without a byte after which the connection counts as dead.
    :raises UnreachableError: it broke off (while lines are read, too). Refusals: see `monitor.net.http.refusal`.
    """
    timeout = httpx.Timeout(20.0, connect=10.0, read=silence)
    asked = {**(extensions or {}), UNREAD: True}
    async with client.stream("GET", url, timeout=timeout, extensions=asked, **options) as response:
        if response.is_error:
            await response.aread()
            raise refusal(response)
        yield response, _lines(response)


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    begun = bytearray()
    try:
        async for some in response.aiter_bytes():
            first, *rest = some.split(b"\n")
            begun += first
            for part in rest:
                yield bytes(begun).rstrip(b"\r")
                begun = bytearray(part)
            if len(begun) > MAX_LINE_BYTES:
                raise TooLargeError(f"A line of the stream is larger than {MAX_LINE_BYTES} bytes.")
    except httpx.TimeoutException as error:
        raise UnreachableError(f"{response.request.url.host} fell silent.", do="Try again later.") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        what = f"{response.request.url.host} broke off: {error or type(error).__name__}."
        raise UnreachableError(what, do="Try again later.") from error


async def events(lines: AsyncGenerator[bytes, None]) -> AsyncGenerator[tuple[str, bytes], None]:
    """Server-sent events of an answer's lines: their names and their data. Comments (heartbeats) are left out."""
    name, data = b"", list[bytes]()
    async for line in lines:
        if not line:
            if data:
                yield name.decode("utf-8", "replace") or "message", b"\n".join(data)
            name, data = b"", []
            continue
        field, _, value = line.partition(b":")
        if field == b"event":
            name = value.removeprefix(b" ")
        elif field == b"data":
            data.append(value.removeprefix(b" "))
            if sum(map(len, data)) > MAX_LINE_BYTES:
                raise TooLargeError(f"An event of the stream is larger than {MAX_LINE_BYTES} bytes.")
