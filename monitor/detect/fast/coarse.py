"""Texts that are not ASCII in one byte a character, as the sieve takes them: as folding has them, or a little more."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.detect.atoms import RUN_TOGETHER
from monitor.detect.fast.alphabet import LETTERS, ODD, ROW, Letters, code_points
from monitor.text.fold import character_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Codes = NDArray[np.uint32]

EURO: Final = 0x80
POUND: Final = 0x81
BULLET: Final = 0x82
REGION: Final = 0x83
"""A regional indicator: two of a country are a flag, others are letters."""
UNSURE: Final = 0x84
"""What folding makes several letters of."""
LETTER: Final = 0x8F
"""A letter that no name and no term has."""
_NATIVE: Final = range(0x90, 0xFF)
"""Letters of names in other scripts; some share one."""
_UNKNOWN: Final = 0xFF
_DROPPED: Final = 0x00
_SPACE: Final = 0x20
_ASCII: Final = 0x80
_MEANT: Final = {"€": EURO, "£": POUND, "•": BULLET, "‹": ord("<"), "›": ord(">")}
_REGIONS: Final = slice(0x1F1E6, 0x1F200)


class Coarse:
    """Made once for the names of apps in other scripts."""

    def __init__(self, names: Iterable[str]) -> None:
        """:param names: folded, letters and digits only."""
        self._letters = Letters(names, free=_NATIVE)
        self._table = _table(self._letters)
        several = (chr(code) for code in np.flatnonzero(self._table == UNSURE).tolist())
        self._unsure = re.compile(f"[{''.join(map(re.escape, several))}]")

    def spell(self, flat: str) -> set[bytes]:
        """A name in the letters of :data:`NATIVES`, in all the ways that its letters can be put together."""
        return self._letters.spell(flat)

    def plainer(self, text: str) -> str:
        """A text with the several letters that folding makes of one."""
        return self._unsure.sub(lambda found: character_table()[ord(found[0])], text)

    def read(self, joined: str) -> bytes:
        """Joined texts. What folding drops is left out."""
        read = self.of(code_points(joined))
        return read[read != _DROPPED].tobytes()

    def of(self, codes: Codes) -> Bytes:
        """The byte of each character; zero for what folding drops."""
        read = self._table[codes]
        unknown = read == _UNKNOWN
        if unknown.any():
            for code in np.unique(codes[unknown]).tolist():
                self._table[code] = _byte(chr(code))
            read = self._table[codes]
        return read


def _table(letters: Letters) -> Bytes:
    native = letters.table
    table = np.full(0x110000, _UNKNOWN, dtype=np.uint8)
    table[:_ASCII] = np.arange(_ASCII, dtype=np.uint8)
    for code, becomes in character_table().items():
        if code != ROW and (code >= _ASCII or becomes.isascii()):
            table[code] = _folded(becomes)
    taken = native >= _NATIVE.start
    table[taken] = native[taken]
    table[native == ODD] = UNSURE
    table[_REGIONS] = REGION
    table[ord("。")] = ord(".")  # a link's dot, too
    return table


def _folded(becomes: str) -> int:
    if not becomes:
        return _DROPPED
    if len(becomes) > 1:
        return UNSURE if any(char.isascii() and char.isalnum() for char in becomes) else _SPACE
    return ord(becomes) if becomes.isascii() else _byte(becomes)


def _byte(char: str) -> int:
    """Of a character that folding leaves as it is."""
    if char in _MEANT:
        return _MEANT[char]
    return LETTER if char.isalnum() and not _runs_together(char) else _SPACE


def _runs_together(char: str) -> bool:
    return any(first <= char <= last for first, last in _ranges())


@cache
def _ranges() -> tuple[tuple[str, str], ...]:
    """Scripts whose letters part words of others."""
    parts = RUN_TOGETHER
    found: list[tuple[str, str]] = []
    while parts:
        last = parts[2] if parts[1:2] == "-" else parts[0]
        found.append((parts[0], last))
        parts = parts[3 if parts[1:2] == "-" else 1 :]
    return tuple(found)


def _parted(table: bytes) -> bytes:
    """The table with all that is not ASCII as a space."""
    return table[:_ASCII] + bytes([_SPACE]) * (256 - _ASCII)


NAMES: Final = _parted(LETTERS)
"""Byte (in lower case) -> letter, for names in Latin letters."""
NATIVES: Final = bytes(byte if byte in _NATIVE else _SPACE if byte >= _ASCII else LETTERS[byte] for byte in range(256))
"""The same for names in other scripts."""
