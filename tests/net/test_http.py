"""The client as a whole, against servers on loopback and against faked ones."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from monitor.errors import AuthError, ConfigError, RateLimitedError, UnreachableError
from monitor.net.bodies import TextType, accept_header, read_body, text_type
from monitor.net.errors import (
    AddressRefusedError,
    BadAnswerError,
    NotTextError,
    RedirectRefusedError,
    StatusError,
    TooLargeError,
)
from monitor.net.http import get, get_json, open_client, open_plain_client
from monitor.net.network import NetworkTransport
from monitor.net.polite import COUNTED_AS
from monitor.net.ratelimit import Limiter
from tests.sources.worlds import Timeline

JSON = frozenset({TextType.JSON})
Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def client(*answers: Answer, time: Timeline | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose server gives these answers, the last one for ever."""
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    time = time or Timeline()
    given = {"user_agent": "x", "accepts": JSON, "clock": time, "sleep": time.sleep}
    async with open_client(**(given | {"transport": httpx.MockTransport(handle)} | options)) as opened:
        yield opened


class _Packed(httpx.AsyncByteStream):
    """A body as it comes from the wire (httpx would unpack it at once)."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 4096):
            yield self._content[start : start + 4096]


def typed(content: bytes, kind: str = "application/json", **headers: str) -> Answer:
    return lambda _: httpx.Response(200, stream=_Packed(content), headers={"Content-Type": kind, **headers})


class _Unread(httpx.AsyncByteStream):
    """A body that must not be read."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""


@pytest.mark.parametrize(
    "kind", ["image/png", "video/mp4", "image/svg+xml", "application/octet-stream", "application/zip", "text/css", ""]
)
async def test_what_is_no_listed_text_is_refused_unread(kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    async with client(lambda _: httpx.Response(200, headers=headers, stream=_Unread())) as http:
        with pytest.raises(NotTextError):
            await http.get("https://a.example/")


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json; charset=utf-8", TextType.JSON),
        ("application/activity+json", TextType.JSON),
        ("Application/Atom+XML", TextType.XML),
        ("text/html", TextType.HTML),
        ("text/event-stream", TextType.EVENT_STREAM),
        ("application/vnd.ipld.car", TextType.CAR),
        ("image/svg+xml", None),
        ("text/css", None),
        ("", None),
    ],
)
def test_types(content_type: str, kind: TextType | None) -> None:
    assert text_type(content_type) is kind


def test_only_listed_types_are_asked_for() -> None:
    assert accept_header(JSON).split(", ")[0] == "application/json"
    assert "html" not in accept_header(JSON)


async def test_the_body_of_a_listed_type_is_given() -> None:
    async with client(typed(b'{"a": 1}')) as http:
        answer, response = await get_json(http, "https://a.example/")
    assert answer == {"a": 1}
    assert response.request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_packed_bodies(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    data = json.dumps({"a": "x" * 200_000}).encode()
    async with client(typed(pack(data), **{"Content-Encoding": encoding})) as http:
        assert (await get(http, "https://a.example/")).content == data


async def test_a_small_packed_body_cannot_become_a_large_one() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    async with client(typed(bomb, **{"Content-Encoding": "gzip"}), limit=1_000_000) as http:
        with pytest.raises(TooLargeError):
            await http.get("https://a.example/")


async def test_reading_stops_at_the_limit() -> None:
    given = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1000
            yield b"x" * 1000

    with pytest.raises(TooLargeError):
        await read_body(chunks(), encoding="", kind=TextType.PLAIN, limit=10_000)
    assert given == 11_000


@pytest.mark.parametrize(
    ("content", "encoding", "error"),
    [
        (gzip.compress(b"x" * 10_000, mtime=0)[:-20], "gzip", BadAnswerError),
        (b"not packed at all", "gzip", BadAnswerError),
        (b"x", "br", NotTextError),
        (b"x", "zstd", NotTextError),
    ],
)
async def test_badly_packed_bodies(content: bytes, encoding: str, error: type[Exception]) -> None:
    async with client(typed(content, **{"Content-Encoding": encoding})) as http:
        with pytest.raises(error):
            await http.get("https://a.example/")


async def test_an_error_answer_keeps_its_text_and_loses_anything_else() -> None:
    page = httpx.Response(404, html="<p>" + "x" * 100_000)
    image = httpx.Response(404, headers={"Content-Type": "image/png"}, stream=_Unread())
    async with client(lambda _: page, lambda _: image) as http:
        assert len((await http.get("https://a.example/")).content) == 64 * 1024
        assert (await http.get("https://a.example/")).content == b""


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, AuthError, "credentials"),
        (403, AuthError, "not allow"),
        (404, StatusError, "nothing at"),
        (422, StatusError, "refused"),
    ],
)
async def test_answers_are_worded(status: int, error: type[Exception], said: str) -> None:
    body = {"error": "Named", "message": "in\nwords " + "x" * 500}
    async with client(lambda _: httpx.Response(status, json=body)) as http:
        with pytest.raises(error, match=said) as caught:
            await get(http, "https://a.example/path?secret=1")
    text = str(caught.value)
    assert "in words" in text
    assert "secret" not in text
    assert len(text) < 300
    if isinstance(caught.value, StatusError):
        assert (caught.value.status, caught.value.name) == (status, "Named")


# Redirects


def redirect(location: str) -> Answer:
    return lambda _: httpx.Response(302, headers={"Location": location})


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/",
        "http://a.example/x",
        "https://a.example:8443/x",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "//evil.example/",
    ],
)
async def test_redirects_elsewhere_are_refused(location: str) -> None:
    async with client(redirect(location)) as http:
        with pytest.raises(RedirectRefusedError):
            await http.get("https://a.example/x")


async def test_redirects_on_the_same_server_and_to_a_named_one_are_followed() -> None:
    here, there, end = redirect("/y"), redirect("https://b.example/z"), typed(b"[]")
    async with client(here, there, end, named={"b.example"}) as http:
        response = await http.get("https://a.example/x", headers={"Authorization": "Bearer t"})
    assert str(response.url) == "https://b.example/z"
    assert "authorization" not in response.request.headers


async def test_redirects_in_circles_end() -> None:
    async with client(redirect("/x")) as http:
        with pytest.raises(RedirectRefusedError, match="circles"):
            await get(http, "https://a.example/x")


# Retries and limits


def failing(error: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("broke", request=request)

    return answer


async def test_reads_are_tried_again_with_growing_waits() -> None:
    time = Timeline()
    async with client(*[failing(httpx.ReadError)] * 4, typed(b"[]"), time=time) as http:
        assert (await http.get("https://a.example/")).status_code == 200
    assert len(time.waits) == 4
    assert all(0.25 * 2**step <= wait <= 0.5 * 2**step for step, wait in enumerate(time.waits))


async def test_anything_but_a_read_is_made_once() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        raise httpx.ReadError("broke", request=request)

    async with client(answer) as http:
        with pytest.raises(UnreachableError):
            await http.post("https://a.example/")
    assert asked == ["POST"]


async def test_a_spent_allowance_is_waited_out_before_the_next_request() -> None:
    time = Timeline()
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}
    async with client(typed(b"[]", **spent), typed(b"[]"), time=time) as http:
        await http.get("https://a.example/")
        await http.get("https://other.example/")
        assert time.waits == []
        await http.get("https://a.example/")
    assert time.waits == [30]


async def test_limits_are_shared_per_credential() -> None:
    time = Timeline()
    limiter = Limiter(clock=time, sleep=time.sleep)
    refusal = lambda _: httpx.Response(429, headers={"Retry-After": "20"})  # noqa: E731
    async with (
        client(refusal, typed(b"[]"), time=time, limiter=limiter) as one,
        client(typed(b"[]"), time=time, limiter=limiter) as two,
    ):
        await one.get("https://a.example/", headers={"Authorization": "Bearer one"})
        assert time.waits == [20]
        limiter.close("a.example -", 9)
        await two.get("https://a.example/", headers={"Authorization": "Bearer two"})
        assert time.waits == [20]
        await two.get("https://a.example/")
        assert time.waits == [20, 9]


async def test_a_limit_may_be_counted_by_something_that_lasts_longer_than_a_token() -> None:
    time = Timeline()
    answers = client(lambda _: httpx.Response(429, headers={"Retry-After": "20"}), typed(b"[]"), time=time)
    async with answers as http:
        counted = {COUNTED_AS: "an-app"}
        await http.get("https://a.example/", headers={"Authorization": "Bearer one"}, extensions=counted)
        assert time.waits == [20]
    limiter = Limiter(clock=time, sleep=time.sleep)
    refusal = lambda _: httpx.Response(429, headers={"Retry-After": "999"})  # noqa: E731
    async with client(refusal, time=time, limiter=limiter) as http:
        for token in ("one", "two"):
            with pytest.raises(RateLimitedError):
                await http.get("https://a.example/", headers={"Authorization": token}, extensions=counted)
    assert len(vars(limiter)["_closed"]) == 1
    assert "an-app" not in repr(vars(limiter))


async def test_refusals_without_a_word_back_off_and_end() -> None:
    time = Timeline()
    async with client(lambda _: httpx.Response(429), time=time) as http:
        with pytest.raises(RateLimitedError) as caught:
            await http.get("https://a.example/")
    assert time.waits == [5, 10, 20, 40]
    assert caught.value.retry_after == 60


async def test_the_credential_is_in_no_key() -> None:
    time = Timeline()
    limiter = Limiter(clock=time, sleep=time.sleep)
    async with client(lambda _: httpx.Response(429, headers={"Retry-After": "999"}), limiter=limiter) as http:
        with pytest.raises(RateLimitedError) as caught:
            await http.get("https://a.example/", headers={"Authorization": "Bearer s3cret"})
    assert "s3cret" not in repr(vars(limiter)) + str(caught.value)


async def test_invalid_json_is_asked_for_again() -> None:
    async with client(typed(b"[1,"), typed(b"[1]")) as http:
        assert (await get_json(http, "https://a.example/"))[0] == [1]
    async with client(typed(b"[1,")) as http:
        with pytest.raises(BadAnswerError):
            await get_json(http, "https://a.example/")


async def test_an_event_stream_is_passed_on_unread() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"

    answer = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=events())
    async with (
        client(lambda _: answer, accepts={TextType.EVENT_STREAM}) as http,
        http.stream("GET", "https://a.example/") as response,
    ):
        assert [line async for line in response.aiter_lines()] == ["data: 1", ""]


# The network itself


class _Server:
    """A small server on loopback: says what it is told to, and keeps what it was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[tuple[_Server, int]]:
    """Such a server, and its port."""
    handler = _Server(answer)
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield handler, server.sockets[0].getsockname()[1]


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]"


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_named_server_on_loopback_is_reached() -> None:
    async with (
        listening(OK) as (server, port),
        open_client(user_agent="handlewatch/0 (desk@a.example)", accepts=JSON, clock=now, named={"127.0.0.1"}) as http,
    ):
        assert (await get_json(http, f"http://127.0.0.1:{port}/x"))[0] == []
    assert b"user-agent: handlewatch/0 (desk@a.example)" in server.asked[0].lower()


async def test_a_private_address_that_nobody_named_is_not() -> None:
    async with (
        listening(OK) as (server, port),
        open_client(user_agent="x", accepts=JSON, clock=now) as http,
    ):
        with pytest.raises(AddressRefusedError):
            await http.get(f"http://127.0.0.1:{port}/x")
    assert server.asked == []


async def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers)

    monkeypatch.setattr("monitor.net.address.is_public", lambda address: address == "127.0.0.1")
    async with listening(OK) as (server, port):
        transport = NetworkTransport(resolve=resolve)
        async with open_client(user_agent="x", accepts=JSON, clock=now, transport=transport) as http:
            assert (await http.get(f"http://moving.example:{port}/x")).status_code == 200
            with pytest.raises(AddressRefusedError):
                await http.get(f"http://moving.example:{port}/x")
    assert len(server.asked) == 1
    assert f"host: moving.example:{port}".encode() in server.asked[0].lower()


async def test_a_proxy_of_the_environment_is_used_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(OK) as (proxy, proxy_port), listening(OK) as (server, port):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy_port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with open_client(user_agent="x", accepts=JSON, clock=now, named={"127.0.0.1"}) as http:
            await http.get("http://far.example/x")
            await http.get(f"http://127.0.0.1:{port}/y")
    assert proxy.asked[0].startswith(b"GET http://far.example/x ")
    assert server.asked[0].startswith(b"GET /y ")


async def test_certificates_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    missing = tmp_path / "none.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        NetworkTransport()


async def test_nobody_there() -> None:
    async with listening(OK) as (_, port):
        pass
    time = Timeline()
    async with open_client(user_agent="x", accepts=JSON, clock=time, sleep=time.sleep, named={"127.0.0.1"}) as http:
        with pytest.raises(UnreachableError, match="cannot be reached"):
            await http.get(f"http://127.0.0.1:{port}/x")


async def test_a_name_that_cannot_be_resolved() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError(8, "no such name")

    time = Timeline()
    transport = NetworkTransport(resolve=resolve)
    async with open_client(user_agent="x", accepts=JSON, clock=time, sleep=time.sleep, transport=transport) as http:
        with pytest.raises(UnreachableError, match="cannot be resolved"):
            await http.get("https://nowhere.example/")


async def test_a_body_cut_off_by_a_real_server_is_asked_for_again() -> None:
    cut = OK.replace(b"Content-Length: 2", b"Content-Length: 200")
    time = Timeline()
    async with (
        listening(cut) as (server, port),
        open_client(user_agent="x", accepts=JSON, clock=time, sleep=time.sleep, named={"127.0.0.1"}) as http,
    ):
        with pytest.raises(UnreachableError, match="broke off"):
            await http.get(f"http://127.0.0.1:{port}/x")
    assert len(server.asked) == 5


async def test_the_client_for_reports_asks_once_and_follows_nothing() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path == "/x":
            return httpx.Response(503, json={"error": "busy"})
        raise httpx.ReadTimeout("slow", request=request)

    transport = httpx.MockTransport(answer)
    async with open_plain_client(user_agent="x", accepts=JSON, transport=transport) as http:
        assert (await http.post("https://a.example/x")).status_code == 503
        with pytest.raises(httpx.ReadTimeout):
            await http.post("https://a.example/y")
    assert len(asked) == 2
