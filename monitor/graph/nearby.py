"""Looks up texts by their sketches, in memory: one table of numbers, about a kilobyte a text, no objects."""

from __future__ import annotations

from collections import Counter
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from monitor.graph.sketch import BANDS

WAYS: Final = 4
"""Texts that one place of the table remembers, the newest: a band that thousands share tells little."""
_FIRST: Final = 1_024
_SPREAD: Final = np.uint32(0x9E3779B1)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_COLUMNS: Final = np.arange(BANDS, dtype=np.int64)


class Nearby:
    """An index of sketches. Texts are numbered from 0 as they are added, up to some four billion.

    The table holds, by band and place, a text's number (from 1 on) and its band in one number of 64 bits; 0 is nothing.
    A place is the highest bits of a band, mixed.
    """

    def __init__(self) -> None:
        self._added = 0
        self._resize(_FIRST)
        self._table = np.zeros((BANDS * _FIRST, WAYS), np.uint64)

    def __len__(self) -> int:
        return self._added

    def find(self, bands: npt.NDArray[np.uint32], most: int = 48) -> list[int]:
        """Up to `most` texts that share bands with a sketch: those that share most first, then the newest."""
        held = self._table.take(self._places(bands), axis=0)
        same = held[(held & _LOW) == bands[:, None]] >> _HALF
        counts = Counter(cast("list[int]", same.tolist()))
        counts.pop(0, None)
        if len(counts) < 2:
            return [number - 1 for number in counts]
        return [number - 1 for number in sorted(counts, key=lambda one: (counts[one], one), reverse=True)[:most]]

    def add(self, bands: npt.NDArray[np.uint32]) -> int:
        """Adds a sketch; returns its text's number."""
        if self._added == self._room:
            self._grow()
        self._added += 1
        places = self._places(bands)
        held = np.empty((BANDS, WAYS), np.uint64)
        held[:, 1:] = self._table.take(places, axis=0)[:, :-1]
        held[:, 0] = bands | np.uint64(self._added << 32)
        self._table[places] = held
        return self._added - 1

    def _places(self, bands: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        return ((bands * _SPREAD) >> self._shift) + self._offsets

    def _resize(self, room: int) -> None:
        """:param room: places a band; a power of two."""
        self._room = room
        self._shift = np.uint32(33 - room.bit_length())
        self._offsets = _COLUMNS * room

    def _grow(self) -> None:
        """Doubles the table: each place becomes two, by the next bit of the bands that it holds."""
        self._resize(2 * self._room)
        second = (((self._table & _LOW).astype(np.uint32) * _SPREAD) >> self._shift) & np.uint32(1) == 1
        halves = np.zeros((len(self._table), 2, WAYS), np.uint64)
        np.copyto(halves[:, 0], self._table, where=~second)
        np.copyto(halves[:, 1], self._table, where=second)
        self._table = halves.reshape(-1, WAYS)
