"""One way to write a name or term, and which words count as it: leet, stretched, with a typing error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import ne
from typing import Final

from monitor.detect.atoms import ATOM, latin
from monitor.text.fold import fold, fold_each

EVERYTHING: Final = frozenset({"leet", "stretched", "separated", "pieces", "glued", "reversed", "starred", "inflected"})
TOLERANCES: Final = EVERYTHING | {"typo"}
"""`separated`: single letters set apart (t a b o o); `pieces`: pieces of it set apart by one sign (ta-boo)."""

SIGNS: Final = str.maketrans("@$!|+(€£", "asiitcei")
"""Signs that stand for letters."""
_LEET: Final = str.maketrans("0123456789l", "oizeasgtbgi")
_REPEATS: Final = re.compile(r"(.)\1+")
_SHORT_WORD: Final = 4
_TIME: Final = re.compile(r"[0-9]{1,2}[ap]m\Z")

Run = tuple[str, int]
"""A letter and how often it stands in a row."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a name or term.

    :param kind: "app", "term" or "service".
    :param id: what it stands for (a term's or an app's id).
    :param flat: folded, lower case, letters and digits only.
    :param breaks: positions in `flat` where a space may stand.
    :param native: written in another script than Latin, so that its Latin look-alike is not it.
    :param weak: also an everyday word or a short form.
    """

    kind: str
    id: str
    flat: str
    breaks: frozenset[int] = frozenset()
    native: bool = False
    weak: bool = False
    tolerance: frozenset[str] = EVERYTHING

    @classmethod
    def of(
        cls, kind: str, spelling_id: str, text: str, *, weak: bool = False, tolerance: frozenset[str] = EVERYTHING
    ) -> Spelling:
        """From the text as a lexicon gives it."""
        return cls._of(kind, spelling_id, text, fold(text).lower, weak, tolerance)

    @classmethod
    def several(
        cls, kind: str, spelling_id: str, texts: Sequence[str], *, weak: bool = False,
        tolerance: frozenset[str] = EVERYTHING,
    ) -> list[Spelling]:  # fmt: skip
        """As :meth:`of`, of many texts at once, which folds them in a fraction of the time."""
        pairs = zip(texts, fold_each(texts), strict=True)
        return [cls._of(kind, spelling_id, text, one, weak, tolerance) for text, one in pairs]

    @classmethod
    def _of(
        cls, kind: str, spelling_id: str, text: str, folded: str, weak: bool, tolerance: frozenset[str]
    ) -> Spelling:
        words = ATOM.findall(folded)
        if not words:
            # A sign (an app's emoji) stands for itself.
            return cls(kind, spelling_id, folded, native=True, weak=weak, tolerance=tolerance)
        at, breaks = 0, set[int]()
        for word in words[:-1]:
            at += len(word)
            breaks.add(at)
        native = any(char.isalpha() and not latin(char) for char in text)
        return cls(kind, spelling_id, "".join(words), frozenset(breaks), native, weak, tolerance)


def leet(text: str) -> str:
    """Digits as the letters they stand for; l and i are one. As long as the text."""
    return text.translate(_LEET)


def key(text: str) -> str:
    """What all leet and stretched ways to write a word have in common."""
    letters = text.translate(_LEET)
    return "".join([letter for letter, _ in groupby(letters)]) if _REPEATS.search(letters) else letters


def runs(text: str) -> list[Run]:
    """The text as runs of one letter."""
    return [(char, len(list(run))) for char, run in groupby(text)]


@lru_cache(maxsize=1 << 14)
def _runs_of(flat: str) -> tuple[list[str], list[Run]]:
    """The letters of a spelling's runs, and the runs of it as leet has it."""
    return [letter for letter, _ in groupby(flat)], runs(leet(flat))


def alike(one: Spelling, text: str) -> frozenset[str] | None:
    """The tolerances needed to read `text`, whose key is the spelling's, as the spelling; None where it is not it."""
    if text == one.flat:
        return frozenset()
    plain, want = _runs_of(one.flat)
    got = runs(leet(text))
    if len(got) != len(want):
        return None
    more: list[int] = []
    for (letter, size), (wanted, least) in zip(got, want, strict=True):
        if letter != wanted or size < least:
            return None
        if size > least:
            more.append(size)
    how: set[str] = set()
    if more:
        if (max(more) < 3 and (len(one.flat) < 5 or len(more) > 1)) or not _one_sign(text, one.flat, got, want):
            return None
        how.add("stretched")
    raw = [letter for letter, _ in groupby(text)]
    if len(raw) != len(want) or any(map(ne, raw, plain)):
        if not _leet_fits(text):
            return None
        how.add("leet")
    return frozenset(how) if how <= one.tolerance else None


def _one_sign(text: str, flat: str, got: Sequence[Run], want: Sequence[Run]) -> bool:
    """A stretched letter is one sign over and over (taaaboo), not several that can stand for it (77taboo)."""
    at = flat_at = 0
    for (_, size), (_, wanted) in zip(got, want, strict=True):
        signs = set(text[at : at + size])
        if size > wanted and len(signs) > 1 and not signs <= set(flat[flat_at : flat_at + wanted]):
            return False
        at += size
        flat_at += wanted
    return True


def _leet_fits(text: str) -> bool:
    """Short words in digits are times, ages and sizes more often than words."""
    digits = sum(char.isdigit() for char in text)
    if digits == 0:
        return len(text) >= 5  # l for i and the like
    if len(text) <= 3:
        return digits == 1 and text[0].isalpha() and not _TIME.match(text)
    return digits * 5 <= len(text) * (4 if len(text) > _SHORT_WORD else 3) and any(char.isalpha() for char in text)


def deletions(text: str) -> set[str]:
    """The text with one letter left out, in every place."""
    return {text[:at] + text[at + 1 :] for at in range(len(text))}


def one_edit(one: str, other: str) -> bool:
    """True where one letter missing, doubled, wrong or swapped with its neighbour leads from one to the other."""
    if one == other or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    shortest = min(len(one), len(other))
    same = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    if len(one) == len(other):
        rest, other_rest = one[same:], other[same:]
        return rest[1:] == other_rest[1:] or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[same + 1 :] == shorter[same:]
