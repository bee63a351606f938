"""What every source behind HTTP does when its server misbehaves, and what it never lets through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, RateLimitedError, UnreachableError
from monitor.net.errors import BadAnswerError, NotTextError, RedirectRefusedError, StatusError, TooLargeError
from monitor.ports import Seen
from tests.sources.worlds import Harvest

Fault = Callable[[httpx.Request], httpx.Response]


def status(code: int, **options: Any) -> Fault:
    return lambda request: httpx.Response(code, json={"error": "said so"}, **options)


def raising(error: type[httpx.TransportError]) -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error("as it happens", request=request)

    return fault


def dressed(fault: Fault, server: Any) -> Fault:
    """A fault of JSON, as the type that this world's server answers with (`content_type`)."""

    def asked(request: httpx.Request) -> httpx.Response:
        response = fault(request)
        if response.is_success and response.headers.get("content-type") == "application/json":
            response.headers["content-type"] = getattr(server, "content_type", "application/json")
        return response

    return asked


class _CutOff(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'[{"id": "1", '
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


TRANSIENT: dict[str, Fault] = {
    "500": status(500),
    "502-html": lambda request: httpx.Response(502, html="<h1>Bad Gateway</h1>"),
    "503": status(503),
    "520": status(520),
    "reset": raising(httpx.ReadError),
    "refused": raising(httpx.ConnectError),
    "slow": raising(httpx.ReadTimeout),
    "cut off": lambda request: httpx.Response(200, headers={"Content-Type": "application/json"}, stream=_CutOff()),
    "half a JSON": lambda request: httpx.Response(
        200, headers={"Content-Type": "application/json"}, content=b'[{"id": "1", '
    ),
    "a page instead": lambda request: httpx.Response(200, html="<p>We are busy</p>"),
    "429 with seconds": status(429, headers={"Retry-After": "7"}),
    "429 with an epoch": status(429, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1793534407"}),
    "429 with a time": status(
        429, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-01T12:00:07.000Z"}
    ),
}


@pytest.mark.parametrize("name", sorted(TRANSIENT))
async def test_a_passing_fault_loses_nothing(server: Any, name: str) -> None:
    added = server.add(60)
    server.faults += [dressed(TRANSIENT[name], server)] * 2
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {interval.state for interval in found.coverage} == {Seen.SEEN}
    if name.startswith("429"):
        assert server.time.waits[0] == pytest.approx(7)


LASTING: dict[str, tuple[Fault, type[Exception]]] = {
    "401": (status(401), AuthError),
    "403": (status(403), AuthError),
    "404": (status(404), StatusError),
    "410": (status(410), StatusError),
    "422": (status(422), StatusError),
    "429 for an hour": (status(429, headers={"Retry-After": "3600"}), RateLimitedError),
    "500": (status(500), UnreachableError),
    "reset": (raising(httpx.ReadError), UnreachableError),
    "slow": (raising(httpx.ReadTimeout), UnreachableError),
    "another shape": (lambda request: httpx.Response(200, json={"brand_new": []}), BadAnswerError),
    "half a JSON": (TRANSIENT["half a JSON"], BadAnswerError),
    "an image": (
        lambda request: httpx.Response(200, headers={"Content-Type": "image/png"}, content=b"\x89PNG"),
        NotTextError,
    ),
    "an image that says it is JSON": (
        lambda request: httpx.Response(200, headers={"Content-Type": "application/json"}, content=b"\x89PNG\0\0"),
        NotTextError,
    ),
    "elsewhere": (
        lambda request: httpx.Response(302, headers={"Location": "https://elsewhere.example/x"}),
        RedirectRefusedError,
    ),
    "too large": (
        lambda request: httpx.Response(200, json=["x" * 1000] * 17_000),
        TooLargeError,
    ),
}


@pytest.mark.parametrize("name", sorted(LASTING))
async def test_a_lasting_fault_is_told_apart_and_leaves_the_cursor(server: Any, name: str) -> None:
    fault, error = LASTING[name]
    server.add(5)
    before = await server.collect()
    added = server.add(5)
    server.faults += [dressed(fault, server)] * 40
    found = Harvest(cursor=before.cursor)
    with pytest.raises(error):
        await server.collect(before.cursor)
    server.faults.clear()
    server.time.now = server.time.now.replace(hour=23)
    found = await server.collect(before.cursor)
    assert sorted(found.ids) == sorted(added)


async def test_a_long_wait_is_not_waited_for_and_says_how_long(server: Any) -> None:
    server.faults.append(status(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError) as caught:
        await server.collect()
    assert caught.value.retry_after == pytest.approx(3600)
    assert server.time.waits == []


async def test_forbidden_is_not_asked_for_again(server: Any) -> None:
    server.faults += [status(403)] * 9
    with pytest.raises(AuthError):
        await server.collect()
    assert len(server.faults) == 8


async def test_what_it_says_of_an_error_holds_nothing_that_was_posted(server: Any) -> None:
    server.faults += [lambda request: httpx.Response(200, json={"content": "private words"})] * 9
    with pytest.raises(UnreachableError) as caught:
        await server.collect()
    assert "private words" not in json.dumps(str(caught.value))
