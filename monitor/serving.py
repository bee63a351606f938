"""Serving the review page: uvicorn on one address, until told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from monitor.errors import ConfigError


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals to the command, which stops everything in order."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0: any free one. Raises `ConfigError` where the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"The page cannot be served at {host}:{port}: {error.strerror}.",
            kept="Nothing was changed.",
            do="Choose another --port (0 takes any free one), or stop what listens there.",
        ) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The page's address, for a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def serve_page(app: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serves until `stop` is set, then lets open requests end."""
    # No access log: paths hold alert ids, and nobody needs a second record of who looked at what.
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,  # ours (`monitor.logs`)
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        lifespan="off",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
