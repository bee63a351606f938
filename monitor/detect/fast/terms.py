"""Which of the few texts that may hold a handle share may hold a coded term, however many terms there are.

Like the gate it may let a text through that holds no term, and never holds one back that does. The texts are folded,
joined and scanned at once.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.detect.atoms import ATOM, RUN_TOGETHER, atoms_of
from monitor.detect.drawn import BEGINS, DRAWN, drawn
from monitor.detect.fast import coarse
from monitor.detect.fast.alphabet import CLASSES, ROW, SINGLES, code_points, folded
from monitor.detect.fast.holding import TermSieve
from monitor.detect.fast.matchers import make_matcher, translated
from monitor.detect.fast.names import Names
from monitor.detect.joining import spread
from monitor.detect.spelling import Spelling, key, leet
from monitor.detect.spellings import Spellings
from monitor.text.fold import lower

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Places = NDArray[np.intp]

_BETWEEN: Final = f" {chr(ROW)} "
_LETTER: Final = 0x80
"""A letter or digit that is not ASCII."""
_RUN_TOGETHER: Final = 0x84
"""The same of a script whose letters part words of others."""
_UNKNOWN: Final = 0xFF
_MEANT: Final = {"€": 0x81, "£": 0x82, "•": 0x83}
"""Signs of other scripts that stand for letters; the others only stand between them."""
_ANGLES: Final = {"‹": ord("<"), "›": ord(">")}
"""What folding leaves of angle brackets, which letters are drawn with."""
_JOINED: Final = re.compile(f"[{RUN_TOGETHER}]")
_OTHER: Final = ord("/")
_SPACE: Final = ord(" ")
_SIGN: Final = "@$!|+(*"
_APART: Final = 120
"""Characters that letters set apart are looked for in."""
_GAP: Final = 16
"""Characters that three letters set apart take at most."""


def _class(members: str) -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    table[[ord(char) for char in members]] = 1
    return table


_ALPHABETIC: Final = _class(string.ascii_letters + chr(_LETTER) + chr(_RUN_TOGETHER))
_ALPHANUMERIC: Final = _ALPHABETIC | _class(string.digits)
_SIGNS: Final = _class(_SIGN + "".join(map(chr, _MEANT.values())))
_SIGNED: Final = _SIGNS | _ALPHANUMERIC | _class("_")
_SIGNED_WORDS: Final = bytes(ord("a") if member else _SPACE for member in _SIGNED)
_PARTING: Final = frozenset(
    string.punctuation + string.whitespace + "\x7f" + "".join(map(chr, [*_MEANT.values(), _RUN_TOGETHER]))
)
_PARTED: Final = bytes(
    byte if byte >= _LETTER or byte == ROW else ord(leet(chr(byte).lower())) for byte in range(256)
).translate(bytes(_SPACE if chr(byte) in _PARTING else byte for byte in range(256)))
"""Letters as leet has them, signs as spaces."""
_NO_SIGNS: Final = bytes(ord(char) for char in sorted(_PARTING - {*string.whitespace, chr(_RUN_TOGETHER)}))
_DELETED: Final = _class("".join(map(chr, _NO_SIGNS))) != 0
_COARSE: Final = bytes(range(_LETTER)) + bytes(
    {_LETTER: coarse.LETTER, 0x81: coarse.EURO, 0x82: coarse.POUND, 0x83: coarse.BULLET}.get(byte, _SPACE)
    for byte in range(_LETTER, 256)
)
_NO_LETTER: Final = re.compile(r"[\W_]+")


class TermGate:
    """Made once for a bundle's terms."""

    def __init__(self, spellings: Spellings, terms: Sequence[Spelling], *, backend: str | None = None) -> None:
        """:param spellings: the matcher; :param terms: the spellings of terms in it."""
        latin = [one for one in terms if not one.native]
        self._native = len(latin) < len(terms)
        self._names = Names(spellings, terms, backwards=False, backend=backend)
        self._backwards = spellings.backwards
        flats = sorted({leet(one.flat).encode() for one in latin})
        self._flats, self._sizes = make_matcher(flats, backend=backend), [len(flat) for flat in flats]
        cores = sorted({key(one.flat).encode() for one in latin})
        self._cores, self._core_sizes = make_matcher(cores, backend=backend), [len(core) for core in cores]
        phrases = {_phrase(one) for one in latin if one.breaks}
        words = {f" {key(word)} " for word in (*self._names.exact, *self._backwards)}
        pieces = [*phrases, *(words | self._names.cores) - phrases]
        self._keys = make_matcher((one.encode() for one in pieces), backend=backend)
        self._phrases = len(phrases)
        self._like_typos = _like(self._names.typos)
        self._singles = make_matcher(SINGLES, backend=backend)
        self.sieve = TermSieve(terms, self._backwards, self._like_typos, self._names.mistyped, backend=backend)
        """The coarse look before this one."""

    def may_hold(self, texts: Sequence[str]) -> list[bool]:
        """For each text, whose fields are joined by `alphabet.FIELD`, true where a term may stand in it."""
        known = [self._native and not text.isascii() for text in texts]
        asked = [row for row, one in enumerate(known) if not one]
        if asked:
            for at in self._found(_Texts([folded(texts[row]) for row in asked])):
                known[asked[at]] = True
        return known

    def _found(self, texts: _Texts) -> set[int]:
        found: set[int] = set()
        for look in (self._by_key, self._in_pieces, self._apart, self._signed, self._mistyped, self._drawn):
            found.update(look(texts, found))
        return found

    def _mistyped(self, texts: _Texts, _found: set[int]) -> Iterator[int]:
        """Words with a typing error."""
        for word in self._like_typos.finditer(texts.parted) if self._like_typos else ():
            if self._names.mistyped(word[1].decode("latin-1")):
                yield texts.row(word.start(1))

    def _by_key(self, texts: _Texts, found: set[int]) -> Iterator[int]:
        """Words that are, hold or may be a term, or are one backwards; terms of several words."""
        keys = np.flatnonzero(texts.letters[1:] != texts.letters[:-1])
        for index, end in self._keys.scan(texts.letters[keys].tobytes()):
            # Where the literal ends with a space, that is not the word's.
            place = int(keys[end - 1])
            row = texts.row(place)
            if row in found:
                continue
            if index < self._phrases or any(map(self._holds, texts.words(place))):
                yield row

    def _holds(self, word: str) -> bool:
        return word.lower() in self._backwards or bool(self._names.hold(word))

    def _in_pieces(self, texts: _Texts, found: set[int]) -> Iterator[int]:
        """Pieces with signs between; what stands within one word is there either way."""
        joined = texts.raw.translate(_PARTED, _NO_SIGNS)
        starts = np.flatnonzero(np.frombuffer(joined, dtype=np.uint8) == ROW)
        ends = self._flats.scan(joined)
        together = _counts(starts, [end for _, end in ends])
        more = set(np.flatnonzero(together > _counts(texts.starts, [end for _, end in self._flats.scan(texts.parted)])))
        if not more - found:
            return
        kept = np.flatnonzero(~_DELETED[np.frombuffer(texts.raw, dtype=np.uint8)])
        for index, end in ends:
            row = int(np.searchsorted(starts, end)) - 1
            if row in more and texts.of_words(int(kept[end - self._sizes[index]]), int(kept[end - 1]) + 1):
                yield row

    def _apart(self, texts: _Texts, found: set[int]) -> Iterator[int]:
        """Letters one by one, backwards or not."""
        asked: set[int] = set()
        for _, end in self._singles.scan(translated(texts.parted, CLASSES)):
            row = texts.row(end - 1)
            if row in found:
                continue
            if self._stand_apart(texts, max(end - _GAP, 0), min(end + _APART, int(texts.starts[row + 1]))):
                yield row
            elif row not in asked:
                asked.add(row)
                if any(self._flats.scan(leet(one[::-1]).encode()) for one in spread(texts.cased[row].lower())):
                    yield row

    def _stand_apart(self, texts: _Texts, first: int, last: int) -> bool:
        """True where a term made of whole words stands between two places, whatever parts them."""
        letters = texts.parted[first:last]
        ends = self._flats.scan(letters.translate(None, b" "))
        if not ends:
            return False
        kept = [first + at for at, byte in enumerate(letters) if byte != _SPACE]
        return any(texts.of_words(kept[end - self._sizes[index]], kept[end - 1] + 1) for index, end in ends)

    def _drawn(self, texts: _Texts, found: set[int]) -> Iterator[int]:
        """Letters drawn with several signs."""
        if not self.sieve.drawn(texts.coarse) - found:
            return
        begun = (at.start() for at in BEGINS.finditer(texts.joined))
        for row in {texts.row(at) for at in begun if DRAWN.match(texts.joined, at)} - found:
            read = drawn(texts.cased[row].lower())
            if read is not None and any(self._draws(read.text, at) for at in read.places):
                yield row

    def _draws(self, text: str, at: int) -> bool:
        """True where a term may stand over a letter of a text, whatever parts its letters."""
        before = key(_NO_LETTER.sub("", text[max(at - _APART, 0) : at + 1]))
        both = key(_NO_LETTER.sub("", text[max(at - _APART, 0) : at + _APART]))
        found = self._cores.scan(both.encode("utf-8", "surrogatepass"))
        place = len(before.encode("utf-8", "surrogatepass"))
        if any(end - self._core_sizes[index] < place <= end for index, end in found):
            return True
        return any(
            self._names.mistyped(leet(one[0]))
            for one in ATOM.finditer(text, max(at - _APART, 0), at + _APART)
            if one.start() <= at < one.end()
        )

    def _signed(self, texts: _Texts, found: set[int]) -> Iterator[int]:
        """Signs for letters, letters starred out."""
        asked = self.sieve.signed(texts.coarse) - found
        if not asked:
            return
        data = np.frombuffer(texts.raw, dtype=np.uint8)
        places = np.flatnonzero(_SIGNS[data])
        sign, before, after = data[places], data[places - 1], data[places + 1]
        inside = (_ALPHANUMERIC[before] & _SIGNED[after]) != 0
        at_sign, dollar = sign == ord("@"), sign == ord("$")
        begins = dollar & (_ALPHANUMERIC[after] != 0)
        ends = (at_sign | dollar) & (_ALPHABETIC[before] != 0)
        words = translated(texts.raw, _SIGNED_WORDS)
        end = -1
        for place in places[inside | begins | ends].tolist():
            if place < end:
                continue
            end = words.find(b" ", place)
            row = texts.row(place)
            if row in asked and self._names.hold(texts.joined[words.rfind(b" ", 0, place) + 1 : end]):
                yield row


class _Texts:
    """Folded texts, joined, and the same in one byte a character."""

    def __init__(self, cased: Sequence[str]) -> None:
        self.cased = cased
        self.joined = _BETWEEN.join(("", *cased, ""))
        self.raw = self.joined.encode() if self.joined.isascii() else _in_bytes(self.joined)
        self.parted = translated(self.raw, _PARTED)
        self.coarse = translated(self.raw, _COARSE)
        """As the sieve has them."""
        self.letters: Bytes = np.frombuffer(self.parted, dtype=np.uint8)
        self.starts: Places = np.flatnonzero(self.letters == ROW)
        """Where the separators stand."""
        self._starts: list[int] = self.starts.tolist()

    def row(self, place: int) -> int:
        """The text that a place is in."""
        return min(max(bisect_right(self._starts, place) - 1, 0), len(self.cased) - 1)

    def of_words(self, start: int, end: int) -> bool:
        """True where one of the reference's words begins and one ends, and they are not the same."""
        first = max(self.joined.rfind(" ", 0, start), self.joined.rfind("\n", 0, start)) + 1
        text = self.joined[first : self.parted.find(b" ", end)]
        atoms = atoms_of(lower(text), text)
        begun = [at for at, one in enumerate(atoms) if one.start == start - first]
        return any(one.end == end - first for at in begun for one in atoms[at + 1 :])

    def words(self, place: int) -> list[str]:
        """The word that a place is in, or that ends before it."""
        if self.letters[place] == _SPACE:
            # The last of the spaces that were taken together.
            place = len(self.parted[:place].rstrip(b" ")) - 1
        start = self.parted.rfind(b" ", 0, place) + 1
        word = self.joined[start : self.parted.find(b" ", place)]
        return [word] if word.isascii() else ATOM.findall(word)


def _like(typos: Collection[tuple[str, int]]) -> re.Pattern[bytes] | None:
    """What words have in common that begin and are long as said."""
    if not typos:
        return None
    first = "".join(sorted({letter for letter, _ in typos}))
    sizes = [size for _, size in typos]
    # Letters only: none of them means anything in an expression.
    return re.compile(f" ([{first}][^ \x1e]{{{min(sizes) - 1},{max(sizes) - 1}}})(?= )".encode())


def _counts(starts: Places, ends: Sequence[int]) -> NDArray[np.intp]:
    """How many places end in each text."""
    return np.bincount(np.searchsorted(starts, ends), minlength=len(starts) + 1)[1 : len(starts)]


def _in_bytes(joined: str) -> bytes:
    """A folded text in one byte a character."""
    table, codes = _table(), code_points(joined)
    found = table[codes]
    for code in np.unique(codes[found == _UNKNOWN]).tolist():
        table[code] = _byte(chr(code))
    return table[codes].tobytes()


@cache
def _table() -> Bytes:
    """Code point -> byte, of those that were met before."""
    table = np.full(0x110000, _UNKNOWN, dtype=np.uint8)
    table[:_LETTER] = np.arange(_LETTER)
    return table


def _byte(char: str) -> int:
    if char in _MEANT:
        return _MEANT[char]
    if char in _ANGLES:
        return _ANGLES[char]
    if char.isalnum():
        return _RUN_TOGETHER if _JOINED.match(char) else _LETTER
    return _SPACE if char.isspace() else _OTHER


def _phrase(one: Spelling) -> str:
    """The key of a spelling of several words, with a space where one may stand."""
    cuts = [0, *sorted(one.breaks), len(one.flat)]
    return key(" ".join(one.flat[first:last] for first, last in pairwise(cuts)))
