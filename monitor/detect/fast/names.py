"""Which apps a word names: the reference's answer, remembered."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

from monitor.detect.document import Document
from monitor.detect.fast.alphabet import spell
from monitor.detect.fast.matchers import make_matcher
from monitor.detect.fast.triggers import SHORT
from monitor.detect.spelling import SIGNS, Spelling, key, leet, one_edit
from monitor.detect.spellings import STARRED, Spellings
from monitor.text.fold import fold

NOTHING: Final = frozenset[str]()
_REMEMBERED: Final = 200_000
"""Words whose answer is kept; then all are forgotten, so that memory stays flat."""
_LONGEST: Final = 200


class Names:
    """Asks the matcher of spellings about single words. The same few thousand come again and again."""

    def __init__(
        self, spellings: Spellings, asked: Sequence[Spelling], *, backwards: bool = True, backend: str | None = None
    ) -> None:
        """:param spellings: the matcher; :param asked: those of its spellings that are asked for, of one kind;
        :param backwards: those that are written backwards, too.
        """
        self._spellings = spellings
        self._kinds = {one.kind for one in asked}
        self._every = frozenset(one.id for one in asked)
        self._exact: dict[str, frozenset[str]] = {}
        joined: dict[bytes, frozenset[str]] = {}
        for one in asked:
            if one.native:
                continue
            ids = frozenset({one.id})
            for flat in {one.flat, one.flat[::-1] if backwards and "reversed" in one.tolerance else one.flat}:
                self._exact[flat] = self._exact.get(flat, NOTHING) | ids
            letters = _squeezed(spell(one.flat))
            joined[letters] = joined.get(letters, NOTHING) | ids
        self._joined = list(joined.values())
        self._set_apart = make_matcher(list(joined), backend=backend)
        self._sizes = [len(letters) for letters in joined]
        latin = [one for one in asked if not one.native]
        self._core_keys = {key(one.flat) for one in latin if len(one.flat) > SHORT}
        self._cores = make_matcher((one.encode() for one in self._core_keys), backend=backend)
        self._typos: dict[tuple[str, int], set[str]] = {}
        for one in latin:
            flat = leet(one.flat)
            for size in range(len(flat) - 1, len(flat) + 2) if "typo" in one.tolerance else ():
                self._typos.setdefault((flat[0], size), set()).add(flat)
        self._known: dict[str, frozenset[str]] = {}

    def hold(self, word: str) -> frozenset[str]:
        """Ids of what a word (with the signs in it) is, holds or may be."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[word] = self._look(word)
        return known

    @property
    def exact(self) -> Set[str]:
        """The names as words."""
        return self._exact.keys()

    @property
    def cores(self) -> Set[str]:
        """What any word that holds a name has in its key."""
        return self._core_keys

    @property
    def typos(self) -> Set[tuple[str, int]]:
        """First letter and size of what may be a name with a typing error."""
        return self._typos.keys()

    def mistyped(self, flat: str) -> bool:
        """True where a word, in lower case and as leet has it, may be a name with a typing error."""
        return any(one_edit(flat, near) for near in self._typos.get((flat[0], len(flat)), ()))

    def _look(self, word: str) -> frozenset[str]:
        """Most words are told quickly to hold nothing; the others are asked about."""
        lower = word.lower()
        if (exact := self._exact.get(lower)) is not None:
            return exact
        if len(word) > _LONGEST:
            return self._every
        flat = leet(lower.translate(SIGNS))
        if not flat:
            return NOTHING
        if self.mistyped(flat):
            return self._every
        if self._cores.scan(key(flat).encode()) or STARRED.search(lower) or (flat != lower and flat in self._exact):
            return self._ask(word)
        return NOTHING

    def _ask(self, word: str) -> frozenset[str]:
        lower = word.lower()
        if word.isalnum() and word.isascii() and (word in {lower, word.upper()} or word[1:].islower()):
            return frozenset(one.id for one in self._spellings.in_word(lower) if one.kind in self._kinds)
        # A tag may be put together of more pieces than a word of a text, and of all that those may be.
        tag = ("tags[0]", fold(f"#{word}"))
        doc = Document((tag,) if word.isalnum() and word.isascii() else (("text", fold(word)), tag))
        return frozenset(one.spelling.id for one in self._spellings.find(doc) if one.spelling.kind in self._kinds)

    def begin(self, letters: bytes) -> frozenset[str]:
        """Ids of names that letters of the gate's alphabet begin with, whatever stands between them."""
        found = self._set_apart.scan(_squeezed(letters))
        return NOTHING.union(*(self._joined[index] for index, end in found if end == self._sizes[index]))

    def inside(self, letters: bytes) -> frozenset[str]:
        """Ids of names in the letters, whatever stands between them."""
        return NOTHING.union(*(self._joined[index] for index, _ in self._set_apart.scan(_squeezed(letters))))


def _squeezed(letters: bytes) -> bytes:
    """Without spaces, and one i for every l. (What is set apart is not stretched as well.)"""
    return letters.replace(b" ", b"").replace(b"l", b"i")
