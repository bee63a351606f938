from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from monitor.errors import ConfigError, UnreachableError
from monitor.net import websocket
from monitor.net.errors import AddressRefusedError
from monitor.net.websocket import open_websocket
from tests.sources.worlds import Timeline

NAMED = frozenset({"127.0.0.1"})


@asynccontextmanager
async def server(message: str | bytes = "hello") -> AsyncIterator[int]:
    async def stream(connection: ServerConnection) -> None:
        await connection.send(message)
        await connection.wait_closed()

    async with serve(stream, "127.0.0.1", 0, compression=None) as listening:
        yield listening.sockets[0].getsockname()[1]


@asynccontextmanager
async def listening(handle: Callable[[Any, Any], Awaitable[None]]) -> AsyncIterator[int]:
    """A server that is none for WebSockets; ends when its connections have ended."""
    connections: list[asyncio.Task[None]] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.ensure_future(handle(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*connections)


def opened(url: str, **options: Any) -> Any:
    return open_websocket(url, **({"user_agent": "x", "clock": Timeline(), "named": NAMED} | options))


async def test_what_is_sent_comes_through() -> None:
    async with server() as port, opened(f"ws://127.0.0.1:{port}/") as socket:
        assert await socket.recv() == "hello"


async def test_a_private_address_that_nobody_named_is_refused() -> None:
    async with server() as port:
        with pytest.raises(AddressRefusedError):
            async with opened(f"ws://127.0.0.1:{port}/", named=frozenset[str]()):
                pass


async def test_a_name_that_leads_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"]

    with pytest.raises(AddressRefusedError):
        async with opened("wss://inside.example/", resolve=resolve):
            pass


async def test_too_large_a_frame_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_FRAME_BYTES", 1000)
    async with server("x" * 2000) as port, opened(f"ws://127.0.0.1:{port}/") as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "no address at all"])
async def test_what_is_no_websocket_address(url: str) -> None:
    with pytest.raises(ConfigError):
        async with opened(url):
            pass


async def test_a_server_without_certificate_is_no_wss_server() -> None:
    async with server() as port:
        with pytest.raises(UnreachableError, match="cannot be reached"):
            async with opened(f"wss://127.0.0.1:{port}/"):
                pass


async def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "OPEN_TIMEOUT", 0.1)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with listening(silent) as port:
        with pytest.raises(UnreachableError, match="in time"):
            async with opened(f"ws://127.0.0.1:{port}/"):
                pass


async def test_an_answer_that_is_no_handshake() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"what?\r\n\r\n")
        writer.close()

    async with listening(page) as port:
        with pytest.raises(UnreachableError):
            async with opened(f"ws://127.0.0.1:{port}/"):
                pass
