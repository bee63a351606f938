"""The screen over a whole input: reading ahead, and the fast path where the input is large enough to be worth it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from monitor.detect.screen import Screen
from monitor.detect.screening import ScreenedRecord
from monitor.lines import Block, LineReader, LongLine, read_ahead
from monitor.records import BadLine, read_line, too_long

if TYPE_CHECKING:
    from monitor.detect.fast.lines import LineScreen

_SMALL: Final = 300_000
"""Bytes up to which a block is screened post by post: loading the matchers would take longer."""
_LARGE: Final = 8_000_000
"""Bytes of a file, as it is stored, from which on several processes screen it."""
_MOST: Final = 4
"""Processes at most: one reads, and would not keep up with more."""


class Filter:
    """Screens inputs, one after another.

    :param every: give the posts that are no hits, too; :param strict: decode every line.
    """

    def __init__(self, screen: Screen, *, every: bool = False, strict: bool = False) -> None:
        self.every = every
        self._strict = strict
        self._screen = screen
        self._lines: LineScreen | None = None

    def __call__(self, reader: LineReader) -> Iterator[ScreenedRecord | BadLine]:
        """Hits, and records of which a value could not be used, and bad lines; in order.

        :raises InputError: the input breaks off or is damaged, after everything before that.
        """
        if not self.every and (reader.total_bytes or 0) >= _LARGE and (cores := _cores()) > 1:
            yield from self._by_many(reader, min(cores, _MOST))
            return
        for block in read_ahead(reader.blocks()):
            if isinstance(block, LongLine):
                yield too_long(block, reader.name)
            elif self.every or (len(block.data) < _SMALL and self._lines is None):
                yield from self._one_by_one(block, reader.name)
            else:
                yield from self._together(block, reader.name)

    def _by_many(self, reader: LineReader, count: int) -> Iterator[ScreenedRecord | BadLine]:
        from monitor.detect.fast.workers import Workers

        self._load()
        # Before the thread that reads ahead: a process that has threads should not be forked.
        workers = Workers(lambda block: list(self._together(block, reader.name)), count)
        try:
            blocks = read_ahead(reader.blocks())
            yield from workers.screen(
                too_long(one, reader.name) if isinstance(one, LongLine) else one for one in blocks
            )
        finally:
            workers.close()

    def _one_by_one(self, block: Block, source: str) -> Iterator[ScreenedRecord | BadLine]:
        for number, line in enumerate(block.data.split(b"\n"), block.first):
            item = read_line(number, line, source)
            if isinstance(item, BadLine):
                yield item
            elif item is not None:
                yield ScreenedRecord(record=item, screening=self._screen(item.post))

    def _together(self, block: Block, source: str) -> Iterator[ScreenedRecord | BadLine]:
        lines = self._load()
        yield from lines.screen(block, source=source, strict=self._strict or block.first == 1)

    def _load(self) -> LineScreen:
        if self._lines is None:
            from monitor.detect.fast.lines import LineScreen
            from monitor.detect.fast.screen import FastScreen

            fast = FastScreen(self._screen)
            fast.prepare()
            self._lines = LineScreen(fast)
        return self._lines


def _cores() -> int:
    """Processors that may be used; one where processes cannot be forked safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
