"""The sink that only counts: until `handlewatch init`, nothing of a post outlives its screening.

There is no store here to write to, and nothing but numbers to show.
"""

from __future__ import annotations

from datetime import datetime

from monitor.intake import Committed, Screened
from monitor.ports import Coverage, Cursor


class Counting:
    """Counts what the sources bring (`monitor.collecting.Sink`) and forgets it."""

    def __init__(self) -> None:
        self._cursors: dict[str, Cursor] = {}

    def begin(self, source: str) -> Cursor | None:
        """The cursor of this process's own last run: a restart starts at the present."""
        return self._cursors.get(source)

    def take(self, source: str, screened: Screened) -> Committed:
        """Numbers only; the posts end here."""
        if screened.cursor is not None:
            self._cursors[source] = screened.cursor
        return Committed(posts=screened.posts, hits=len(screened.hits), bad=len(screened.bad))

    def end(
        self, source: str, *, outcome: str, error: str | None, missed: Coverage | None, again: datetime | None = None
    ) -> None:
        """Nothing to keep."""
