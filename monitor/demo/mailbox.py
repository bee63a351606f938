"""A mail server on loopback that keeps what it is sent in a folder: where the demo's reports go."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


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


@contextmanager
def mailbox(folder: Path) -> Generator[int]:
    """Runs the server; gives its port."""
    folder.mkdir(mode=0o700, exist_ok=True)
    controller = Controller(_Keep(folder), hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop()
