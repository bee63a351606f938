"""Lines of JSON, many together and undecoded, as the sieve looks at them: in bytes, escapes read, no strings made."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from monitor.detect.fast.alphabet import CONTROL, ROW
from monitor.detect.fast.coarse import UNSURE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor.detect.fast.coarse import Coarse

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
_SURROGATE: Final = 0x1B
"""What surrogates begin with, in bits."""
_HEAD: Final = re.compile(rb'\{ ?"platform": ?"[^"\\]{0,60}", ?"id":')
_HEADS: Final = 16
_NO_HEX: Final = 0x10000
_LEAD: Final = 0xC0
_LONGEST: Final = 4
"""Bytes of a character in UTF-8, at most."""
_SIZES: Final = np.repeat(np.array([0, 2, 3, 4, 0], dtype=np.intp), [0xC2, 0x1E, 0x10, 5, 11])
"""First byte of a character -> its bytes."""
_FIRST: Final = np.array([0, 0, 0x1F, 0x0F, 0x07], dtype=np.uint8)[_SIZES]
"""First byte -> those of its bits that are the character's."""
_LAST: Final = 0x10FFFF
_LEAST: Final = np.array([_LAST + 1, _LAST + 1, 0x80, 0x800, 0x10000], dtype=np.uint32)
"""Bytes of a character -> the first one that needs so many."""


def _table(values: dict[int, int], *, other: int) -> Codes:
    table = np.full(_ASCII + 1, other, dtype=np.uint32)
    for byte, value in values.items():
        table[byte] = value
    return table


_HEX: Final = _table({ord(char): int(char, 16) for char in "0123456789abcdefABCDEF"}, other=_NO_HEX)
_SIMPLE: Final = _table(
    {ord(char): ord(of) for char, of in zip('"\\/bfnrt', '"\\/\x01\x01\n\r\t', strict=True)}, other=CONTROL
).astype(np.uint8)
"""What the other escapes stand for: control characters are one here, and so is what is no escape."""


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

    def beyond_ascii(self) -> set[int]:
        """Lines with characters that are not ASCII, or may not be."""
        places = np.concatenate((np.flatnonzero(self._bytes >= _ASCII), self._by_number()))
        return set(self.rows(places).tolist())

    def coarse(self, letters: Coarse) -> tuple[bytes, bool]:
        """The block in one byte a character as `coarse` has texts, `alphabet.ROW` before each line, what escapes stand
        for in their places; and whether it is UTF-8.
        """
        read = np.concatenate((self._bytes, np.zeros(_ESCAPED, dtype=np.uint8)))
        if 0 in self.data:
            read[: len(self.data)][self._bytes == 0] = CONTROL
        read[self.ends[:-1]] = ROW
        valid = self._decode(read, letters)
        if len(self._escapes):
            self._unescape(read, letters)
        return b"%c" % ROW + read[read != 0].tobytes(), valid

    @cached_property
    def _escapes(self) -> Places:
        """Where escapes begin."""
        return _escape_starts(self._bytes)

    @cached_property
    def _kinds(self) -> Bytes:
        return self._bytes[np.minimum(self._escapes + 1, len(self._bytes) - 1)]

    def _by_number(self) -> Places:
        """Where characters stand by their number."""
        return self._escapes[self._kinds == _UNICODE]

    def _decode(self, read: Bytes, letters: Coarse) -> bool:
        """Reads what is not ASCII. False where it is not UTF-8: then nothing is read."""
        beyond = np.flatnonzero(self._bytes >= _ASCII)
        if not len(beyond):
            return True
        leads = beyond[self._bytes[beyond] >= _LEAD]
        codes, sizes = _code_points(read, leads)
        if (sizes == 0).any() or sizes.sum() != len(beyond):
            return False
        read[beyond] = 0
        read[leads] = letters.of(codes)
        return True

    def _unescape(self, read: Bytes, letters: Coarse) -> None:
        """Reads escapes; of what is no good one only a decoder can tell what is wrong."""
        read[self._escapes] = _SIMPLE[np.minimum(self._kinds, _ASCII)]
        read[self._escapes + 1] = 0
        starts = self._by_number()
        if not len(starts):
            return
        at = starts[:, None] + np.arange(_ESCAPED)
        digits = _HEX[np.minimum(read[at[:, 2:]], _ASCII)]
        values = digits @ np.array([1 << 12, 1 << 8, 1 << 4, 1], dtype=np.uint32)
        good = values < _NO_HEX
        read[at[good, 1:]] = 0
        top = values >> 10
        pair = np.flatnonzero((top[:-1] == _HIGH) & (top[1:] == _LOW) & (np.diff(starts) == _ESCAPED))
        values[pair] = 0x10000 + ((values[pair] & 0x3FF) << 10) + (values[pair + 1] & 0x3FF)
        good &= (values >> 11) != _SURROGATE
        read[starts] = np.where(good, letters.of(np.where(good & (values != ROW), values, 0)), UNSURE)
        read[starts[pair + 1]] = 0


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


def _code_points(data: Bytes, leads: Places) -> tuple[Codes, Places]:
    """The characters that begin at some bytes, and how many bytes each has; none where they are no UTF-8.

    :param data: with three bytes more than the text has.
    """
    first = data[leads]
    sizes = _SIZES[first]
    codes = (first & _FIRST[first]).astype(np.uint32)
    for more in range(1, _LONGEST):
        longer = np.flatnonzero(sizes > more)
        byte = data[leads[longer] + more]
        sizes[longer[(byte & 0xC0) != _ASCII]] = 0
        codes[longer] = (codes[longer] << 6) | (byte & 0x3F)
    wrong = (codes < _LEAST[sizes]) | (codes > _LAST) | ((codes >> 11) == _SURROGATE)
    sizes[wrong] = 0
    return codes, sizes
