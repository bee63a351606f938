"""The words of a folded text, as the matcher of spellings takes them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

RUN_TOGETHER: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u3099\u309a"
"""Scripts written without spaces between words, or with endings joined on."""
WORD_CHARS: Final = rf"[^\W_{RUN_TOGETHER}]|[\u0900-\u0963\u0966-\u0dff]"
ATOM: Final = re.compile(rf"(?:{WORD_CHARS})+|[{RUN_TOGETHER}]+")
WORD: Final = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+")
"""Words as people count them, of any script."""
_BEYOND_ASCII: Final = re.compile(rf"[^\W\x00-\x7f]|[\u0900-\u0963\u0966-\u0dff{RUN_TOGETHER}]")
"""What of other scripts may belong to a word."""
_ASCII_PARTS: Final = re.compile("([A-Za-z0-9]+)")
"""The same as `ATOM` where all letters are ASCII, several times as fast."""
_INNER_CAPITAL: Final = re.compile("[a-z0-9][A-Z]|[A-Z]{2}[0-9]*[a-z]")
"""Without one, no word is CamelCase."""
_CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


class Atom(NamedTuple):
    """A run of letters and digits; `glued_left`/`glued_right`: an edge inside a word, at a change of case."""

    start: int
    end: int
    text: str
    glued_left: bool = False
    glued_right: bool = False


class Words:
    """The words of a text, with their places."""

    __slots__ = ("ends", "starts", "texts")

    def __init__(self, texts: Sequence[str], starts: Sequence[int], ends: Sequence[int]) -> None:
        self.texts = texts
        self.starts = starts
        self.ends = ends

    def between(self, start: int, end: int) -> Words:
        """The words between two positions, and what of a word begins or ends there."""
        if start >= end:
            return _NO_WORDS
        if not self.texts or (start <= self.starts[0] and self.ends[-1] <= end):
            return self
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        if first >= last:
            return _NO_WORDS
        texts, starts, ends = self.texts[first:last], self.starts[first:last], self.ends[first:last]
        if starts[0] >= start and ends[-1] <= end:
            return Words(texts, starts, ends)
        texts, starts, ends = list(texts), list(starts), list(ends)
        if ends[-1] > end:
            texts[-1], ends[-1] = texts[-1][: end - ends[-1]], end
        if starts[0] < start:
            texts[0], starts[0] = texts[0][start - starts[0] :], start
        return Words(texts, starts, ends)


_NO_WORDS: Final = Words((), (), ())


def words_of(text: str, pattern: re.Pattern[str]) -> Words:
    """What a pattern of runs of letters and digits finds; for most texts, patterns find the same.

    :param pattern: `ATOM`, or another one that finds the same as it in texts whose letters are all ASCII.
    """
    if is_plain(text):
        parts = _ASCII_PARTS.split(text)
        edges = list(accumulate(map(len, parts)))
        return Words(parts[1::2], edges[0:-1:2], edges[1::2])
    found = list(pattern.finditer(text))
    return Words([one[0] for one in found], [one.start() for one in found], [one.end() for one in found])


def is_plain(text: str) -> bool:
    """True where all letters are ASCII."""
    return text.isascii() or _BEYOND_ASCII.search(text) is None


class Atoms(Words):
    """Words, split further where CamelCase says so."""

    __slots__ = ("_left", "_right")

    def __init__(
        self,
        texts: Sequence[str],
        starts: Sequence[int],
        ends: Sequence[int],
        left: frozenset[int] = frozenset(),
        right: frozenset[int] = frozenset(),
    ) -> None:
        """:param left: where those begin that begin inside a word; :param right: where those end that end inside."""
        super().__init__(texts, starts, ends)
        self._left = left
        self._right = right

    @classmethod
    def of(cls, words: Words, cased: str) -> Atoms:
        """The words of a text as it is with its capitals."""
        if not _INNER_CAPITAL.search(cased):
            return cls(words.texts, words.starts, words.ends)
        texts, starts, ends = list[str](), list[int](), list[int]()
        left, right = set[int](), set[int]()
        for text, start, end in zip(words.texts, words.starts, words.ends, strict=True):
            word = cased[start:end]
            if word.islower() or word.isupper() or word[1:].islower() or not word.isascii():
                pieces = [(start, end)]
            else:
                pieces = [(start + piece.start(), start + piece.end()) for piece in _CAMEL.finditer(word)]
            left.update(a for a, _ in pieces if a > start)
            right.update(b for _, b in pieces if b < end)
            texts += [text[a - start : b - start] for a, b in pieces]
            starts += [a for a, _ in pieces]
            ends += [b for _, b in pieces]
        return cls(texts, starts, ends, frozenset(left), frozenset(right))

    def near(self, asked: Callable[[int, int], bool]) -> Atoms:
        """Those of whose places a question says yes."""
        kept = [at for at, place in enumerate(zip(self.starts, self.ends, strict=True)) if asked(*place)]
        return Atoms(
            [self.texts[at] for at in kept],
            [self.starts[at] for at in kept],
            [self.ends[at] for at in kept],
            self._left,
            self._right,
        )

    def glued(self, at: int) -> bool:
        """True where one has an edge inside a word."""
        return self.starts[at] in self._left or self.ends[at] in self._right

    def run(self, first: int, last: int) -> list[Atom]:
        """Some of them, the last included."""
        return [
            Atom(
                start := self.starts[at],
                end := self.ends[at],
                self.texts[at],
                glued_left=start in self._left,
                glued_right=end in self._right,
            )
            for at in range(first, last + 1)
        ]


def atoms_of(lower: str, cased: str) -> list[Atom]:
    """The words of a text, split further where CamelCase says so."""
    atoms = Atoms.of(words_of(lower, ATOM), cased)
    return atoms.run(0, len(atoms.texts) - 1)


def latin(char: str) -> bool:
    """True for ASCII and for Latin letters with accents."""
    return char.isascii() or "\u00c0" <= char <= "\u024f" or "\u1e00" <= char <= "\u1eff"
