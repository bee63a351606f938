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
from monitor.detect.spellings import SIGNS, Spellings
from monitor.text.fold import fold

_SIGNED: Final = re.compile(r"[^\W_]*[@$!|+(€£*•][\w@$!|+(€£*•]*")
_PIECES: Final = re.compile(r"[^\W_]+(?:(?:[^\s\w]{1,2}|_{1,2})[^\W_]+)+")
_NO_LETTERS: Final = re.compile(r"[\W_]+")
_APART: Final = 120
"""Characters that letters set apart are looked for in."""
_GAP: Final = 16
"""Characters that three letters set apart take at most."""
_LONGEST_STARRED: Final = 30


class TermGate:
    """Made once for a bundle's terms."""

    def __init__(self, spellings: Spellings, terms: Sequence[Spelling], *, backend: str | None = None) -> None:
        """:param spellings: the matcher; :param terms: the spellings of terms in it."""
        latin = [one for one in terms if not one.native]
        self._native = len(latin) < len(terms)
        self._names = Names(spellings, terms, backend=backend)
        self._backwards = {one.flat[::-1] for one in latin if "reversed" in one.tolerance}
        self._typos = {
            (leet(one.flat)[0], size)
            for one in latin
            if "typo" in one.tolerance
            for size in range(len(one.flat) - 1, len(one.flat) + 2)
        }
        self._cores = make_matcher(_literals(key(one.flat) for one in latin), backend=backend)
        self._flats = make_matcher(_literals(leet(one.flat) for one in latin), backend=backend)
        self._phrases = make_matcher(_literals(_phrase(one) for one in latin if one.breaks), backend=backend)
        self._singles = make_matcher(SINGLES, backend=backend)
        self._known: dict[str, bool] = {}

    def may_hold(self, text: str) -> bool:
        """True where a term may stand in a text."""
        if self._native and not text.isascii():
            return True
        folded = fold(text)
        words = ATOM.findall(folded.cased)
        if any(map(self._word, words)) or not self._backwards.isdisjoint(word.lower() for word in words):
            return True
        spaced = f" {' '.join(words)} ".lower()
        if self._phrases.scan(key(spaced).encode()):
            return True
        lower = folded.lower
        return self._signed(lower) or self._set_apart(lower, spaced)

    def _word(self, word: str) -> bool:
        """True where a word is or holds a term, glued to others or with a typing error included."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) > 200_000:
                self._known.clear()
            flat = leet(word.lower())
            may = bool(self._cores.scan(key(flat).encode())) or (flat[0], len(flat)) in self._typos
            known = self._known[word] = may and bool(self._names.hold(word))
        return known

    def _signed(self, lower: str) -> bool:
        """Signs for letters, letters starred out."""
        for found in _SIGNED.finditer(lower):
            word = found[0]
            if "*" in word or "•" in word:
                may = len(word) < _LONGEST_STARRED
            else:
                may = bool(self._cores.scan(key(leet(word.translate(SIGNS))).encode()))
            if may and self._names.hold(word):
                return True
        return False

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
