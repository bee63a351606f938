"""A mail server on loopback that keeps what it is sent in a folder: where the demo's reports go."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from monitor.errors import UnreachableError


class _Keep:
    """Writes every message to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802  (aiosmtpd's hook)
        """Called by aiosmtpd with a whole message."""
        self._count += 1
        name = f"{self._count:04d}.eml"
        (self._folder / name).write_bytes(envelope.content)
        return f"250 2.0.0 kept as {name}"


def _free_port() -> int:
    """A port that is free now: aiosmtpd connects to the port it was given, so that 0 will not do."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mailbox(folder: Path) -> Generator[int]:
    """Runs the server; gives its port."""
    folder.mkdir(mode=0o700, exist_ok=True)
    port = _free_port()
    controller = Controller(_Keep(folder), hostname="127.0.0.1", port=port)
    try:
        controller.start()
    except OSError as error:
        raise UnreachableError(
            f"The demo's mail server cannot listen on loopback: {error.strerror}.",
            do="Bring the loopback interface up (ip link set lo up).",
        ) from error
    try:
        yield port
    finally:
        controller.stop()
