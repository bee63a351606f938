"""The screen over a whole input: reading ahead, and the fast path where the input is large enough to be worth it."""

from __future__ import annotations

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
        for block in read_ahead(reader.blocks()):
            if isinstance(block, LongLine):
                yield too_long(block, reader.name)
            elif self.every or (len(block.data) < _SMALL and self._lines is None):
                yield from self._one_by_one(block, reader.name)
            else:
                yield from self._together(block, reader.name)

    def _one_by_one(self, block: Block, source: str) -> Iterator[ScreenedRecord | BadLine]:
        for number, line in enumerate(block.data.split(b"\n"), block.first):
            item = read_line(number, line, source)
            if isinstance(item, BadLine):
                yield item
            elif item is not None:
                yield ScreenedRecord(record=item, screening=self._screen(item.post))

    def _together(self, block: Block, source: str) -> Iterator[ScreenedRecord | BadLine]:
        if self._lines is None:
            from monitor.detect.fast.lines import LineScreen
            from monitor.detect.fast.screen import FastScreen

            self._lines = LineScreen(FastScreen(self._screen))
        yield from self._lines.screen(block, source=source, strict=self._strict or block.first == 1)
