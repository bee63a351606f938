"""The letters that the gate scans in: one byte a character, case, leet and accents folded away, the rest a space.

Both tables are derived from folding itself, so that whatever folding reads as a letter the gate reads as that letter.
"""

from __future__ import annotations

import re
import string
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from monitor.detect.spelling import SIGNS, leet
from monitor.text.fold import character_table, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np

ROW: Final = 0x1E
"""Stands between the texts of two rows; folding drops it from texts."""
FIELD: Final = "\x0c"
"""Stands between the fields of a row, each of which is folded by itself: a tag may begin in one and end in none."""
OTHER: Final = 0x02
"""A letter that no app's name has."""
ODD: Final = 0x03
"""A character that folds to something this alphabet cannot say: the text needs the real folding."""
_FULL_STOP: Final = "。"
_DROPPED: Final = 0x00
_SPACE: Final = 0x20
_FREE: Final = (*range(0x80, 0x100), *range(0x21, 0x61), *range(0x04, 0x1E), *range(0x7B, 0x80))
"""Bytes that are no letter here: letters of other scripts take them."""
_ALPHANUMERIC: Final = frozenset(string.ascii_letters + string.digits)
_PLAIN: Final = string.ascii_lowercase + string.digits

CONTROL: Final = 0x01
"""A control character, which folding drops."""
_CONTROLS: Final = frozenset({*range(9), *range(14, 32)} - {ROW})
LOWER: Final = bytes(
    CONTROL if byte in _CONTROLS else ord(chr(byte).lower()) if byte < 0x80 else byte for byte in range(256)
)
"""ASCII in lower case, everything else as it is."""


def _ascii(byte: int) -> int:
    char = chr(byte)
    if byte == ROW:
        return ROW
    if byte >= 0x80:
        return OTHER
    return ord(_letter(char.lower())) if char.isalnum() else _SPACE


def _letter(char: str) -> str:
    """The letter that a digit stands for. (l stays l: "will" is no "wiii".)"""
    return "l" if char == "l" else leet(char)


LETTERS: Final = bytes(_ascii(byte) for byte in range(256))
"""Byte -> letter of the alphabet, for ASCII texts."""

CLASSES: Final = bytes(
    ROW if byte == ROW else 0x61 if chr(byte) in _ALPHANUMERIC else _SPACE if byte < 0x80 and byte > ODD else 0x78
    for byte in range(256)
)
"""Letters and digits as "a", letters that are not ASCII as "x", the rest as spaces."""


_GAPS: Final = range(1, 5)
SINGLES: Final = [f" a{' ' * one}a{' ' * two}a ".encode() for one in _GAPS for two in _GAPS]
"""Three single letters in a row, as `CLASSES` has them."""

Texts = tuple[bytes, list[int]]
"""Joined texts in one byte a character, and where the separator before each stands."""

_REGIONS: Final = range(0x1F1E6, 0x1F200)
_FOLDED: Final = re.compile("[\x00-\x09\x0b\x0d-\x1f\x7f<>&]")
"""What folding changes in ASCII, and what stands between fields left out."""
_MONEY: Final = "€£"


def code_points(joined: str) -> np.ndarray[Any, Any]:
    """The code points of joined texts."""
    import numpy as np

    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def odd_places(codes: np.ndarray[Any, Any]) -> list[int]:
    """Where in code points a sign stands of which folding may make letters, or a part of an address."""
    import numpy as np

    return np.flatnonzero(_odd_table()[codes]).tolist()


@cache
def _odd_table() -> np.ndarray[Any, Any]:
    import numpy as np

    table = np.zeros(0x110000, dtype=bool)
    table[_REGIONS.start : _REGIONS.stop] = True
    table[[code for code, becomes in character_table().items() if becomes in {*_MONEY}]] = True
    table[[ord(sign) for sign in f"<&@{_MONEY}"]] = True
    return table


class Letters:
    """Texts that are not ASCII in one byte a character, for given names in other scripts."""

    def __init__(self, names: Iterable[str], *, free: Sequence[int] = _FREE) -> None:
        """:param names: folded, letters and digits only; :param free: bytes that letters of other scripts take."""
        self._names = frozenset(names)
        # What folding takes apart (ド) has a letter of its own, so that most texts need not be folded.
        self._composed = {
            becomes: chr(code)
            for code, becomes in sorted(character_table().items(), reverse=True)
            if len(becomes) > 1 and not becomes.isascii() and any(becomes in name for name in self._names)
        }
        alone = sorted(name for name in self._names if len(name) == 1)
        native = {char for name in self._names for char in name if not char.isascii()} | {*self._composed.values()}
        # Rather many letters than many bytes: some share one. The gate then asks too much, never too little. A
        # name of one letter shares its byte with none.
        shared = free[len(alone) :]
        self._codes = dict(zip(alone, free, strict=False))
        self._codes |= {char: shared[at % len(shared)] for at, char in enumerate(sorted(native - {*alone}))}

    def spell(self, flat: str) -> set[bytes]:
        """A name in this alphabet, in all the ways that its letters can be put together."""
        spelled = {flat}
        for apart, composed in self._composed.items():
            spelled |= {one.replace(apart, composed) for one in spelled}
        return {bytes(self._codes.get(char) or ord(_letter(char)) for char in one) for one in spelled}

    def of(self, codes: np.ndarray[Any, Any]) -> Texts:
        """Joined texts' code points in the letters of names in other scripts."""
        return _looked_up(codes, self.table)

    def cased(self, codes: np.ndarray[Any, Any]) -> Texts:
        """Joined texts' code points in ASCII, as they are folded; what is not Latin as a space, which parts words: too
        much is asked then, never too little.
        """
        return _looked_up(codes, self._cased_table)

    @cached_property
    def _cased_table(self) -> np.ndarray[Any, Any]:
        """Code point -> the character of ASCII that it is folded to."""
        import numpy as np

        table = np.full(0x110000, _SPACE, dtype=np.uint8)
        table[:0x80] = np.arange(0x80, dtype=np.uint8)
        for code, becomes in character_table().items():
            if code != ROW and (len(becomes) <= 1 and becomes.isascii()):
                table[code] = ord(becomes) if becomes else _DROPPED
        table[ord(_FULL_STOP)] = ord(".")  # a link's dot, too
        return table

    @cached_property
    def table(self) -> np.ndarray[Any, Any]:
        """Code point -> letter of the alphabet."""
        import numpy as np

        table = np.frombuffer(LETTERS[:0x80] + bytes([OTHER]) * 0x80, dtype=np.uint8)[self._cased_table]
        table[self._cased_table == _DROPPED] = _DROPPED
        spelled = [leet(name) for name in self._names]
        for code, becomes in character_table().items():
            if (
                len(becomes) > 1
                and chr(code) not in self._codes
                and any(leet(becomes.lower()) in one for one in spelled)
            ):
                table[code] = ODD
            elif (known := self._codes.get(becomes.lower())) is not None:
                table[code] = known
        for char, code in self._codes.items():
            for form in {char, char.upper(), char.lower()}:
                if len(form) == 1:
                    table[ord(form)] = code
        return table


def _looked_up(codes: np.ndarray[Any, Any], table: np.ndarray[Any, Any]) -> Texts:
    import numpy as np

    looked_up = table[codes]
    kept = looked_up[looked_up != _DROPPED]
    return kept.tobytes(), np.flatnonzero(kept == ROW).tolist()


def digits_for(letter: str) -> str:
    """What else a letter is written as: digits, and l for i."""
    return "".join(char for char in _PLAIN if char != letter and leet(char) == leet(letter))


def signs_for(letter: str) -> str:
    """Signs of ASCII that stand for a letter."""
    return "".join(chr(sign) for sign, of in SIGNS.items() if sign < 0x80 and chr(of) == leet(letter))


def folded(fields: str) -> str:
    """A row's fields, folded, in lines of their own; case is kept."""
    if fields.isascii() and _FOLDED.search(fields) is None:
        return fields.replace(FIELD, "\n")
    return "\n".join([fold(field).cased for field in fields.split(FIELD)])


def spell(flat: str) -> bytes:
    """A Latin name in the alphabet of ASCII texts."""
    return bytes(ord(_letter(char)) for char in flat)
