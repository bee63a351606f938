from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.realnet.snac import Snac, running


@pytest.fixture
async def snac(tmp_path: Path) -> AsyncIterator[Snac]:
    """A real server with two users, alice and bob."""
    async with running(tmp_path / "snac") as server:
        for name in ("alice", "bob"):
            await server.add_user(name)
        yield server
