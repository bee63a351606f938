"""The sieve: a first, coarse look at many texts, before the gate and the look for terms (`gate`, `terms`).

Nothing is asked about single texts here, which is what makes those two slow. Texts are joined in one byte a
character, scanned for the literals of apps' names (`naming`), and what is left for the letters of terms (`holding`).
What may name an app and hold a term passes, and so does what only folding can read: a few texts in a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from itertools import compress
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.detect.fast.alphabet import FIELD, ROW
from monitor.detect.fast.coarse import REGION, UNSURE, Coarse
from monitor.text.fold import FLAG, fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor.detect.fast.block import LineBlock
    from monitor.detect.fast.holding import TermSieve
    from monitor.detect.fast.naming import NameSieve

    Places = NDArray[np.intp]

_BETWEEN: Final = f" {chr(ROW)} "
_REGIONS: Final = re.compile("[\U0001f1e6-\U0001f1ff]+")


class Sieve:
    """Made once for a bundle. One batch at a time."""

    def __init__(self, letters: Coarse, names: NameSieve, terms: TermSieve) -> None:
        self._letters = letters
        self._names = names
        self._terms = terms

    def rows(self, texts: Sequence[str], always: Set[int] = frozenset()) -> list[int]:
        """Numbers of the rows that may name an app and hold a term, ascending.

        :param texts: a row's fields, joined by `alphabet.FIELD`; :param always: rows that need no term.
        """
        plain = list(map(str.isascii, texts))
        ascii_only = list(compress(texts, plain))
        beyond = [row for row, one in enumerate(plain) if not one] if len(ascii_only) < len(texts) else []
        first = _BETWEEN.join(("", *ascii_only)).encode()
        odd = self._letters.read(_BETWEEN.join(("", *[texts[row] for row in beyond])))
        begun, marks = _marks(first, ROW), _marks(odd, ROW)
        if len(marks) > len(beyond) or len(begun) > len(ascii_only):
            # Folding drops it as well.
            return self.rows([text.replace(chr(ROW), "") for text in texts], always)
        again = sorted({*_texts(marks, _marks(odd, UNSURE))})
        odd += self._letters.read(_BETWEEN.join(("", *[self._letters.plainer(texts[beyond[at]]) for at in again], "")))
        raw = first + odd
        starts = np.concatenate((begun, _marks(odd, ROW) + len(first)))
        places, unread = self._names.places(raw, odd, tags=FIELD.encode() in raw)
        flags = _marks(odd, REGION) + len(first)
        order = _Order(plain, beyond, again)
        flagged = {at for at in {*_texts(starts, flags)} if not _only_flags(texts[order.row(at)])}
        sure = {*_texts(starts, unread)} | flagged
        named = {*_texts(starts, places)} - sure
        if self._terms.beyond_ascii:
            sure |= {at for at in named if at >= len(ascii_only)}
        if always:
            sure |= {at for at in named if order.row(at) in always}
        asked = sorted(named - sure)
        begins, ends = starts[asked].tolist(), starts[np.array(asked, dtype=np.intp) + 1].tolist()
        held = self._terms.may_hold([raw[first:last] for first, last in zip(begins, ends, strict=True)])
        return sorted({order.row(at) for at in (*sure, *(asked[at] for at in held))})

    def lines(self, block: LineBlock, *, every: bool = False) -> set[int]:
        """Numbers of the lines that may name an app and hold a term, or are no UTF-8.

        :param every: lines need no term.
        """
        raw, valid = block.coarse(self._letters)
        starts = _marks(raw, ROW)
        places, unread = self._names.places(raw, raw, tags=True)
        flags, several = _marks(raw, REGION), _marks(raw, UNSURE)
        sure = {*_texts(starts, unread), *_texts(starts, flags), *_texts(starts, several)}
        named = {*_texts(starts, places)} - sure
        if not valid or (named and self._terms.beyond_ascii):
            beyond = block.beyond_ascii()
            sure |= beyond & named if valid else beyond
        asked = sorted(named - sure)
        begins, ends = starts[asked].tolist(), [*starts.tolist(), len(raw)]
        held = range(len(asked)) if every else self._terms.may_hold(
            [raw[first : ends[at + 1]] for first, at in zip(begins, asked, strict=True)]
        )  # fmt: skip
        return sure | {asked[at] for at in held}


class _Order:
    """The rows of joined texts: those in ASCII, the others, and some of the others again."""

    def __init__(self, plain: Sequence[bool], beyond: Sequence[int], again: Sequence[int]) -> None:
        self._plain = np.flatnonzero(np.array(plain))
        self._beyond, self._again = beyond, again

    def row(self, at: int) -> int:
        """Of a text."""
        if at < len(self._plain):
            return int(self._plain[at])
        at -= len(self._plain)
        return self._beyond[at if at < len(self._beyond) else self._again[at - len(self._beyond)]]


def _marks(raw: bytes, byte: int) -> Places:
    return np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == byte)


def _texts(starts: Places, places: Places | Sequence[int]) -> list[int]:
    """The texts that places are in, by number, some of them more than once."""
    return (np.searchsorted(starts, places, side="right") - 1).tolist()


def _only_flags(text: str) -> bool:
    """True where all regional indicators of a text are flags of countries."""
    return all(len(found) == 2 and fold(found).cased == FLAG for found in _REGIONS.findall(text))
