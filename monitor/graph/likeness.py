"""How alike two wordings are, word by word, and from which likeness on they are one template.

Sketches only say which pairs to look at. Here words are weighed ("add me on" says little, and a coded term less: every
advert has one), typing errors are forgiven, and so is what two edits change; a sentence in the place of another is not.
Two common words never make a template.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Final, NamedTuple

from monitor.graph.wording import TERM, Wording

STRANGERS: Final = 0.74
"""Likeness (0 to 1) from which on texts with different handles may be one template."""
RELATED: Final = 0.5
"""Likeness that is enough where a handle is shared."""
REPLACED: Final = 0.2
"""Share of the lighter text that may have been replaced by something else, where no handle is shared ..."""
EDITED: Final = 2.3
"""... and the weight, about that of two words, that may: more is a sentence of somebody else's ..."""
ANYHOW: Final = 0.12
"""... but in long texts, where this share always may."""
FEWEST: Final = 3.0
"""Words below which a wording is too common to join strangers ("perv chat" is everybody's); a term is half of one."""
SAID: Final = 1.3
"""Weight of the words beside terms below which the same holds: "me at" is everybody's."""
AROUND: Final = 5.0
"""The same for what stands around the hit of a long post: with fewer, another page around them is another advert."""
APART: Final = 0.4
"""Share of what stands around the hit that parts two pages, alike or not."""

_TERM: Final = 0.6
_NEUTRAL: Final = 0.7
SLIGHT: Final = 0.4
"""What a word weighs at least."""
_TYPO: Final = 0.9
_AGAIN: Final = "\ue003"
_SHORTEST: Final = 3
_TWO: Final = 8
"""Letters from which on a word may have two typing errors."""
_REMEMBERED: Final = 20_000
"""Words whose weights are remembered: some megabytes."""
ERRORS: Final = 10
"""Words that may differ: with more, no typing errors are looked for."""


class Weighed(NamedTuple):
    """Words, a repeated one told from its first, and what they weigh together.

    :param many: how many there are, a term as half of one.
    :param said: what those beside terms weigh.
    """

    words: tuple[str, ...]
    total: float
    many: float
    said: float
    terms: tuple[str, ...]


class Compared(NamedTuple):
    """A wording, ready to be compared; see :class:`Wording`."""

    whole: Weighed
    lines: Weighed
    sentences: Weighed
    short: bool
    about: bool


class _Weights(dict[str, float]):
    """Weights of words that were weighed: the same ones come again and again."""

    def __init__(self, weight: Callable[[str], float]) -> None:
        super().__init__()
        self._weight = weight

    def __missing__(self, word: str) -> float:
        found = self[word] = self._weight(word)
        return found


class Likeness:
    """Compares wordings. `neutral`: words that say little of their own."""

    def __init__(self, neutral: Collection[str]) -> None:
        self._neutral = frozenset(neutral)
        self._weights = _Weights(self.weight)

    def weigh(self, wording: Wording) -> Compared:
        """Weighs a wording's words."""
        if len(self._weights) > _REMEMBERED:
            self._weights.clear()
        whole = self._weighed(wording.whole)
        lines = whole if wording.lines == wording.whole else self._weighed(wording.lines)
        sentences = lines if wording.sentences == wording.lines else self._weighed(wording.sentences)
        return Compared(whole, lines, sentences, wording.short, wording.about)

    def _weighed(self, words: tuple[str, ...]) -> Weighed:
        terms = tuple(word for word in words if word[0] == TERM)
        total = self._sum(words)
        return Weighed(_numbered(words), total, len(words) - len(terms) / 2, total - _TERM * len(terms), terms)

    def weight(self, word: str) -> float:
        """What a word weighs; a repeated one what the first does."""
        word = word.rstrip(_AGAIN)
        if word[0] == TERM:
            return _TERM
        if len(word) < 3 or word == "0":
            return SLIGHT
        return _NEUTRAL if word in self._neutral else 1.0

    def same_template(self, one: Compared, other: Compared, *, related: bool) -> bool:
        """True where two wordings are one template; symmetric.

        :param related: their posts share a handle.
        """
        if one.about != other.about:
            return False
        if self._same(one.whole, other.whole, FEWEST, related=related):
            # Pages of the same boilerplate, each around an advert of its own, are not one.
            return one.short or other.short or not self._apart(one.sentences, other.sentences)
        if one.short and other.short:
            return False
        parts = (
            (one.lines, other.lines),
            (one.sentences, other.sentences),
            (one.whole if one.short else one.lines, other.whole if other.short else other.lines),
        )
        return any(self._same(*pair, AROUND, related=related) for pair in parts)

    def _same(self, one: Weighed, other: Weighed, fewest: float, *, related: bool) -> bool:
        if related:
            return self._reaches(one, other, RELATED)
        if min(one.many, other.many) < fewest or min(one.said, other.said) < SAID:
            return False
        if one.terms and other.terms and set(one.terms).isdisjoint(other.terms):
            return False
        least = min(one.total, other.total)
        return self._reaches(one, other, STRANGERS, max(min(REPLACED * least, EDITED), ANYHOW * least))

    def _reaches(self, one: Weighed, other: Weighed, limit: float, replaced: float = math.inf) -> bool:
        """True where the likeness is at least `limit`, and no more than `replaced` stands in the place of other words.

        What one text has beyond the other (a greeting, tags) makes them less alike, but replaces nothing.
        """
        whole = one.total + other.total
        # No pairing of words can give more than the lighter side holds.
        if 2 * min(one.total, other.total) < limit * whole:
            return False
        left, right = set(one.words).difference(other.words), set(other.words).difference(one.words)
        lost = self._sum(left), self._sum(right)
        if sum(lost) - 2 * min(lost) > (1 - limit) * whole:
            return False
        if sum(lost) > (1 - limit) * whole or min(lost) > replaced:
            forgiven = self._forgiven(left, right)
            lost = lost[0] - forgiven / 2, lost[1] - forgiven / 2
        return sum(lost) <= (1 - limit) * whole and min(lost) <= replaced

    def _apart(self, one: Weighed, other: Weighed) -> bool:
        """True where too much of what either says is not in the other."""
        return not self._reaches(one, other, 0.0, APART * min(one.total, other.total))

    def _sum(self, words: Iterable[str]) -> float:
        return sum(map(self._weights.__getitem__, words))

    def neutral_in(self, wording: Wording) -> list[str]:
        """The words of a wording that say little of their own, sorted."""
        return sorted(self._neutral & {*wording.whole, *wording.lines, *wording.sentences})

    def _forgiven(self, left: Collection[str], right: Collection[str]) -> float:
        """What words that differ by typing errors add."""
        if min(len(left), len(right)) > ERRORS:
            return 0.0
        rest = sorted(word for word in right if len(word) >= _SHORTEST)
        total = 0.0
        for word in sorted(word for word in left if len(word) >= _SHORTEST):
            first, last = word[0], word[-1]
            for twin in rest:
                if (twin[0] == first or twin[-1] == last) and mistyped(word, twin):
                    rest.remove(twin)
                    total += _TYPO * (self.weight(word) + self.weight(twin))
                    break
        return total


def _numbered(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words so that sets of them count repeats."""
    if len(set(words)) == len(words):
        return words
    numbered = list(words)
    seen: dict[str, int] = {}
    for at, word in enumerate(words):
        if word in seen:
            numbered[at] = word + _AGAIN * seen[word]
            seen[word] += 1
        else:
            seen[word] = 1
    return tuple(numbered)


def mistyped(one: str, other: str) -> bool:
    """True for two words that one typing error parts, two in long ones: a letter left out, added or changed, or two
    that changed places.
    """
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    fewest, most = len(short), len(long)
    allowed = 2 if fewest >= _TWO else 1
    if most == _SHORTEST or most - fewest > allowed or TERM in (one[0], other[0]):
        return False
    start = 0
    while start < fewest and short[start] == long[start]:
        start += 1
    if allowed == 1:
        return _one_error(short[start:], long[start:])
    short, long = short[start:], long[start:]
    end = _common(short[::-1], long[::-1])
    return _distance(short[: len(short) - end], long[: len(long) - end], allowed) <= allowed


def _one_error(short: str, long: str) -> bool:
    """True where one error parts these, whose first letters differ."""
    if len(short) < len(long):
        return short == long[1:]
    return short[1:] == long[1:] or (short[:2] == long[1::-1] and short[2:] == long[2:])


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _distance(one: str, other: str, most: int) -> int:
    """Damerau's distance (adjacent letters may change places), `most` + 1 where it is more."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        twice, before = before, row
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, twice[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(before) > most:
            return most + 1
    return row[-1]


def text_of(words: Iterable[str]) -> str:
    """The text that is sketched."""
    return " ".join(words)
