"""Which of the few texts that may hold a handle share may hold a coded term, however many terms there are.

Like the gate it may let a text through that holds no term, and never holds one back that does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from monitor.detect.atoms import ATOM
from monitor.detect.fast.alphabet import CLASSES, SINGLES
from monitor.detect.fast.matchers import make_matcher
from monitor.detect.fast.names import Names
from monitor.detect.spelling import Spelling, key, leet
from monitor.detect.spellings import Spellings
from monitor.text.fold import fold

_SIGNED: Final = re.compile(r"(?<![\w@$!|+(€£*•])[^\W_]*[@$!|+(€£*•][\w@$!|+(€£*•]*")
_PIECES: Final = re.compile(r"(?<![^\W_])[^\W_]+(?:(?:[^\s\w]{1,2}|_{1,2})[^\W_]+)+")
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_APART: Final = 120
"""Characters that letters set apart are looked for in."""
_GAP: Final = 16
"""Characters that three letters set apart take at most."""


class TermGate:
    """Made once for a bundle's terms."""

    def __init__(self, spellings: Spellings, terms: Sequence[Spelling], *, backend: str | None = None) -> None:
        """:param spellings: the matcher; :param terms: the spellings of terms in it."""
        latin = [one for one in terms if not one.native]
        self._native = len(latin) < len(terms)
        self._names = Names(spellings, terms, backend=backend)
        self._backwards = {one.flat[::-1] for one in latin if "reversed" in one.tolerance}
        self._flats = make_matcher(_literals(leet(one.flat) for one in latin), backend=backend)
        self._phrases = make_matcher(_literals(_phrase(one) for one in latin if one.breaks), backend=backend)
        self._singles = make_matcher(SINGLES, backend=backend)

    def may_hold(self, text: str) -> bool:
        """True where a term may stand in a text."""
        if self._native and not text.isascii():
            return True
        folded = fold(text)
        words = ATOM.findall(folded.cased)
        if any(map(self._names.hold, words)) or not self._backwards.isdisjoint(word.lower() for word in words):
            return True
        spaced = f" {' '.join(words)} ".lower()
        if self._phrases.scan(key(spaced).encode()):
            return True
        lower = folded.lower
        signed = (found[0] for found in _SIGNED.finditer(lower))
        return any(map(self._names.hold, signed)) or self._set_apart(lower, spaced)

    def _set_apart(self, lower: str, spaced: str) -> bool:
        """Letters one by one; pieces with a sign or two between."""
        pieces = " ".join(_NO_LETTERS.sub("", found[0]) for found in _PIECES.finditer(lower))
        if pieces and self._flats.scan(leet(pieces).encode()):
            return True
        for _, end in self._singles.scan(spaced.encode("latin-1", "replace").translate(CLASSES)):
            if self._flats.scan(leet(spaced[max(end - _GAP, 0) : end + _APART].replace(" ", "")).encode()):
                return True
        return False


def _literals(flats: Iterable[str]) -> list[bytes]:
    return sorted({flat.encode() for flat in flats if flat}) or [b"\x01"]


def _phrase(one: Spelling) -> str:
    """The key of a spelling of several words, with a space where one may stand."""
    cuts = [0, *sorted(one.breaks), len(one.flat)]
    return key(" ".join(one.flat[first:last] for first, last in pairwise(cuts)))
