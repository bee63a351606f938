"""Lines of JSON, many together and undecoded, as the gate looks at them: in bytes, escapes read, no strings made."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from monitor.detect.fast.alphabet import CONTROL, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Codes = NDArray[np.uint32]
    Places = NDArray[np.intp]

_NEWLINE: Final = 0x0A
_RETURN: Final = 0x0D
_BACKSLASH: Final = 0x5C
_UNICODE: Final = ord("u")
_ASCII: Final = 0x80
_ESCAPED: Final = 6
"""Bytes of a character by its number (the escape with u)."""
_HIGH: Final = 0x36
_LOW: Final = 0x37
"""What surrogates begin with, in bits."""
_DROPPED: Final = 0x200B
"""Folding drops it."""
_AROUND: Final = 256
"""Characters around one that is not ASCII in which a name or an id may stand that it is a part of."""
_HEAD: Final = re.compile(rb'\{ ?"platform": ?"[^"\\]{0,60}", ?"id":')
_HEADS: Final = 16
_NO_HEX: Final = 0x10000


def _table(values: dict[int, int], *, other: int) -> Codes:
    table = np.full(_ASCII + 1, other, dtype=np.uint32)
    for byte, value in values.items():
        table[byte] = value
    return table


_HEX: Final = _table({ord(char): int(char, 16) for char in "0123456789abcdefABCDEF"}, other=_NO_HEX)
_SIMPLE: Final = _table(
    {ord(char): ord(of) for char, of in zip('"\\/bfnrt', '"\\/\x01\x01\n\r\t', strict=True)}, other=0
)
"""What the other escapes stand for: control characters are one here."""


class LineBlock:
    """The lines of a block. `lines` are their numbers from zero; a place is one in `data`."""

    def __init__(self, data: bytes, heads: list[bytes]) -> None:
        """:param heads: beginnings of lines that were met before; told of new ones."""
        # JSON allows neither; the one is the gate's own.
        self._parted = ROW in data
        self.data = data.replace(b"%c" % ROW, b"%c" % CONTROL) if self._parted else data
        self._bytes: Bytes = np.frombuffer(self.data, dtype=np.uint8)
        breaks = np.flatnonzero(self._bytes == _NEWLINE)
        self.starts: Places = np.concatenate((np.zeros(1, dtype=np.intp), breaks + 1))
        self.ends: Places = np.append(breaks, len(data))
        self._heads = heads

    def line(self, row: int) -> bytes:
        """One line, undecoded."""
        return self.data[self.starts[row] : self.ends[row]]

    def rows(self, places: Places) -> Places:
        """The lines that places are in."""
        return np.searchsorted(self.starts, places, side="right") - 1

    def doubtful(self) -> set[int]:
        """Lines that do not look like a record: an object with a platform and an id."""
        if not self.data:
            return {0}
        last = np.maximum(self.ends - 1, 0)
        last -= self._bytes[last] == _RETURN
        first = np.minimum(self.starts, len(self.data) - 1)
        good = (self._bytes[last] == ord("}")) & (self._bytes[first] == ord("{")) & (last > self.starts)
        doubted = set(np.flatnonzero(~good).tolist())
        if self._parted:
            doubted |= set(self.rows(np.flatnonzero(self._bytes == CONTROL)).tolist())
        return doubted | {row for row in self._headless() if not _names_both(self.line(row))}

    def _headless(self) -> list[int]:
        """Lines that do not begin with platform and id."""
        left = np.arange(len(self.starts))
        rest: list[int] = []
        for head in self._heads:
            left = self._without(head, left)
        while len(left):
            found = _HEAD.match(self.line(int(left[0])))
            if found is None or len(self._heads) >= _HEADS:
                rest.append(int(left[0]))
                left = left[1:]
                if len(self._heads) >= _HEADS or len(rest) > _HEADS:
                    return [*rest, *left.tolist()]
            else:
                self._heads.append(found[0])
                left = self._without(found[0], left)
        return rest

    def _without(self, head: bytes, rows: Places) -> Places:
        """The lines among some that do not begin so."""
        fit = rows[self.ends[rows] - self.starts[rows] >= len(head)]
        begun = self._bytes[self.starts[fit][:, None] + np.arange(len(head))]
        same = (begun == np.frombuffer(head, dtype=np.uint8)).all(axis=1)
        return np.setdiff1d(rows, fit[same], assume_unique=True) if same.any() else rows

    @cached_property
    def _escapes(self) -> Places:
        """Where escapes begin."""
        return _escape_starts(self._bytes)

    @cached_property
    def _by_number(self) -> Places:
        """Where characters stand by their number."""
        return self._escapes[self._kinds == _UNICODE]

    @cached_property
    def _kinds(self) -> Bytes:
        return self._bytes[np.minimum(self._escapes + 1, len(self._bytes) - 1)]

    def plain(self) -> bytes:
        """The block in ASCII, a line's break as `alphabet.ROW`: escapes as what they stand for, twice; what is not
        ASCII as a letter that no name has.
        """
        data = self._bytes.copy()
        data[self.ends[:-1]] = ROW
        if len(self._escapes):
            simple = _SIMPLE[np.minimum(self._kinds, _ASCII)].astype(np.uint8)
            data[self._escapes] = simple
            data[np.minimum(self._escapes + 1, len(data) - 1)] = simple
        if len(self._by_number):
            places = (self._by_number[:, None] + np.arange(_ESCAPED)).ravel()
            data[places[places < len(data)]] = 0xFF
        return data.tobytes()

    def beyond_ascii(self) -> set[int]:
        """Lines with bytes that are not ASCII."""
        return set(self.rows(np.flatnonzero(self._bytes >= _ASCII)).tolist())

    def odd(self) -> tuple[Sequence[int], Codes]:
        """Lines with characters that are not ASCII, or may not be, and the code points around those of each.

        :raises UnicodeDecodeError: they are not UTF-8.
        """
        beyond = self._bytes >= _ASCII
        beyond[self._by_number] = True
        places = np.flatnonzero(beyond)
        if not len(places):
            return (), np.empty(0, dtype=np.uint32)
        at = self.rows(places)
        edges = np.flatnonzero(np.diff(at)) + 1
        firsts = places[np.concatenate((np.zeros(1, dtype=np.intp), edges))]
        lasts = places[np.append(edges, len(places)) - 1]
        rows = self.rows(firsts)
        begins = np.maximum(firsts - _AROUND, self.starts[rows]).tolist()
        ends = np.minimum(lasts + _ESCAPED + _AROUND, self.ends[rows]).tolist()
        data = self.data
        between = b" %c " % ROW
        joined = between.join([b"", *[data[a:b] for a, b in zip(begins, ends, strict=True)], b""])
        codes = np.frombuffer(joined.decode().encode("utf-32-le"), dtype=np.uint32)
        return rows.tolist(), _unescaped(codes) if len(self._escapes) else codes


def _names_both(line: bytes) -> bool:
    return b'"platform"' in line and b'"id"' in line


def _escape_starts(data: NDArray[Any]) -> Places:
    """Backslashes that begin an escape: every second one where several stand in a row."""
    places = np.flatnonzero(data == _BACKSLASH)
    if len(places) < 2:
        return places
    new = np.concatenate((np.ones(1, dtype=bool), np.diff(places) != 1))
    if new.all():
        return places
    index = np.arange(len(places))
    return places[(index - np.maximum.accumulate(np.where(new, index, 0))) % 2 == 0]


def _unescaped(codes: Codes) -> Codes:
    """What escapes stand for in their places; what is no good escape as one that folding drops."""
    starts = _escape_starts(codes)
    if not len(starts):
        return codes
    codes = np.concatenate((codes, np.zeros(_ESCAPED, dtype=np.uint32)))
    kinds = codes[starts + 1]
    simple = starts[kinds != _UNICODE]
    codes[simple] = _SIMPLE[np.minimum(codes[simple + 1], _ASCII)]
    by_number = starts[kinds == _UNICODE]
    digits = _HEX[np.minimum(codes[by_number[:, None] + np.arange(2, _ESCAPED)], _ASCII)]
    values = digits @ np.array([1 << 12, 1 << 8, 1 << 4, 1], dtype=np.uint32)
    codes[by_number] = np.where((values >= _NO_HEX) | (values == ROW), _DROPPED, values)
    kept = np.ones(len(codes), dtype=bool)
    kept[-_ESCAPED:] = False
    kept[simple + 1] = False
    kept[(by_number[:, None] + np.arange(1, _ESCAPED)).ravel()] = False
    return _paired(codes[kept])


def _paired(codes: Codes) -> Codes:
    """Pairs of surrogates as the characters that they stand for."""
    top = codes >> 10
    high = np.flatnonzero((top[:-1] == _HIGH) & (top[1:] == _LOW))
    if not len(high):
        return codes
    codes[high] = 0x10000 + ((codes[high] & 0x3FF) << 10) + (codes[high + 1] & 0x3FF)
    return np.delete(codes, high + 1)
