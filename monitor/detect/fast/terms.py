"""Which of the few texts that may hold a handle share may hold a coded term, however many terms there are.

Like the gate it may let a text through that holds no term, and never holds one back that does.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from monitor.detect.atoms import ATOM
from monitor.detect.drawn import DRAWN
from monitor.detect.fast.alphabet import CLASSES, SINGLES, folded
from monitor.detect.fast.matchers import make_matcher
from monitor.detect.fast.names import Names, collapsed
from monitor.detect.joining import spread
from monitor.detect.spelling import Spelling, key, leet
from monitor.detect.spellings import Spellings

_SIGNED: Final = re.compile(r"(?<=[^\W_])[@$!|+(€£*•](?=[\w@$!|+(€£*•])|\$(?=[^\W_])|(?<=[^\W\d_])[@$]|@@(?=[^\W_])")
_DRAWING: Final = re.compile(r"[(\[<‹/|][^\w\s/]|\\/|\|[/2v_]")
"""What any letter drawn with signs begins with."""
_SIGNED_WORD: Final = re.compile(r"[\w@$!|+(€£*•]+")
_PARTING: Final = string.punctuation + "\x7f"
_TO_SPACES: Final = str.maketrans(dict.fromkeys(_PARTING, " "))
_TO_NOTHING: Final = str.maketrans(dict.fromkeys(_PARTING))
_SIGN: Final = re.compile(r"[^\w\s]")
_MEANT: Final = frozenset(string.punctuation + "€£•")
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
        self._backwards = spellings.backwards
        self._flats = make_matcher((leet(one.flat).encode() for one in latin), backend=backend)
        self._phrases = make_matcher((_phrase(one).encode() for one in latin if one.breaks), backend=backend)
        self._singles = make_matcher(SINGLES, backend=backend)

    def may_hold(self, text: str) -> bool:
        """True where a term may stand in a text, whose fields are joined by `alphabet.FIELD`."""
        if self._native and not text.isascii():
            return True
        cased = seen = folded(text)
        if not cased.isascii():
            # One sign for every sign of other scripts: here they only stand between letters.
            cased = _SIGN.sub(lambda sign: sign[0] if sign[0] in _MEANT else "/", cased)
        spaced = cased.translate(_TO_SPACES)
        words = spaced.split() if spaced.isascii() else ATOM.findall(spaced)
        if self._names.any_of(words, self._backwards):
            return True
        lower = cased.lower()
        return (
            self._said_apart(lower, leet(spaced.lower()).encode("ascii", "replace"))
            or self._signed(cased)
            or (_DRAWING.search(seen) is not None and DRAWN.search(seen) is not None)
        )

    def _said_apart(self, lower: str, parted: bytes) -> bool:
        """Terms of several words; pieces with a sign or two between; letters one by one, backwards or not."""
        if self._phrases.scan(collapsed(b" %b " % parted)):
            return True
        # What stands within one word is there either way.
        joined = leet(lower.translate(_TO_NOTHING)).encode("ascii", "replace")
        if len(self._flats.scan(joined)) > len(self._flats.scan(parted)):
            return True
        apart = self._singles.scan(b" %b " % parted.translate(CLASSES))
        for _, end in apart:
            if self._flats.scan(parted[max(end - _GAP, 0) : end + _APART].translate(None, b" \n\r\t")):
                return True
        return bool(apart) and any(self._flats.scan(leet(one[::-1]).encode()) for one in spread(lower))

    def _signed(self, cased: str) -> bool:
        """Signs for letters, letters starred out."""
        end = 0
        for sign in _SIGNED.finditer(cased):
            if sign.start() < end:
                continue
            # The blank before it, or the line's beginning.
            start = max(cased.rfind(" ", end, sign.start()), cased.rfind("\n", end, sign.start()), end)
            word = next(one for one in _SIGNED_WORD.finditer(cased, start) if one.end() > sign.start())
            end = word.end()
            if self._names.hold(word[0]):
                return True
        return False


def _phrase(one: Spelling) -> str:
    """The key of a spelling of several words, with a space where one may stand."""
    cuts = [0, *sorted(one.breaks), len(one.flat)]
    return key(" ".join(one.flat[first:last] for first, last in pairwise(cuts)))
