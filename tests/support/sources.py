"""A source that plays a script, for tests of what drives sources."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from monitor.ports import Batch, Cursor


class Script:
    """Yields batches; an exception in their place is raised, None means "hang until cancelled".

    `cursors` are those it was started with, `closed` how often it was closed.
    """

    def __init__(self, *rounds: Sequence[Batch | Exception | None]) -> None:
        self._rounds = list(rounds)
        self.cursors: list[Cursor | None] = []
        self.closed = 0

    async def collect(self, cursor: Cursor | None) -> AsyncGenerator[Batch, None]:
        self.cursors.append(cursor)
        try:
            for step in self._rounds.pop(0) if self._rounds else ():
                if step is None:
                    await asyncio.Event().wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1
