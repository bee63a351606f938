"""Spans of a document, asked quickly whether something overlaps or lies inside one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable


class Spans:
    """A set of spans [start, end), fixed once made. Each question costs the logarithm of their number."""

    __slots__ = ("_reach", "_starts")

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach: list[int] = []
        for _, end in ordered:
            self._reach.append(max(end, self._reach[-1]) if self._reach else end)

    def overlaps(self, start: int, end: int) -> bool:
        """True where a span shares a position with [start, end)."""
        at = bisect_left(self._starts, end)
        return at > 0 and self._reach[at - 1] > start

    def holds(self, start: int, end: int) -> bool:
        """True where [start, end) lies inside one span, or inside spans of which none begins after it."""
        at = bisect_left(self._starts, start + 1)
        return at > 0 and self._reach[at - 1] >= end
