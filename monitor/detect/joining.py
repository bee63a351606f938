"""Several words read as one spelling: "no limits", tAbOO, "t a b o o", "ta.boo"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Final

from monitor.detect.atoms import Atom
from monitor.detect.spelling import Spelling, alike, key

SPREAD_LETTERS: Final = 4
"""Single letters that are set apart, at least."""
_SPREAD: Final = re.compile(r"(?<![^\W_])[a-z](?P<gap>[^\w\n]{1,3})[a-z](?:(?P=gap)[a-z]){2,120}(?![^\W_])")
_SPREAD_WORD: Final = 20
_AROUND: Final = 80
_NAME: Final = 3
_SIGNS: Final = 2
_ARTICLES: Final = ("", "a", "i", "e", "o", "y", "u")
"""Words of one letter, which may stand before letters that are set apart."""


def joins(
    one: Spelling, joined: str, atoms: Sequence[Atom], text: str, known: Collection[str]
) -> frozenset[str] | None:
    """The tolerances needed to read the atoms as one spelling; None where they are not it.

    :param joined: their letters together. :param known: flat forms of all names and terms.
    """
    how = alike(one, joined)
    if how is None:
        return None
    gaps = [text[a.end : b.start] for a, b in pairwise(atoms)]
    inside = atoms[0].glued_left or atoms[-1].glued_right
    if (_at_breaks(one, joined, atoms, gaps) and not (one.kind == "app" and (inside or "stretched" in how))) or (
        not any(gaps) and not inside
    ):
        return how
    if not any(gaps):
        return how | {"glued"} if "separated" in one.tolerance and len(one.flat) > _NAME else None
    if inside or "stretched" in how:
        return None
    return how | {"separated"} if _set_apart(one, atoms, gaps, text, known) else None


def _set_apart(one: Spelling, atoms: Sequence[Atom], gaps: Sequence[str], text: str, known: Collection[str]) -> bool:
    """True for single letters in a row, of which the first or the last may be a longer piece where they are many;
    for two letters with one sign between them (T.G), and for pieces with one or two (ta-boo, ta**boo).
    """
    if not all(gaps):
        return False
    singles = [len(atom.text) == 1 for atom in atoms]
    if "separated" in one.tolerance and len(one.flat) >= _NAME:
        if all(singles):
            return len(one.flat) >= 5 or _free(atoms, gaps, text, known)
        if len(one.flat) >= 5 and len(atoms) > 3 and (all(singles[:-1]) or all(singles[1:])):
            return True
    if not all(len(gap) <= _SIGNS and not any(map(str.isspace, gap)) for gap in gaps):
        return False
    if len(one.flat) < _NAME:
        return "separated" in one.tolerance and all(len(gap) == 1 for gap in gaps) and _free(atoms, gaps, text, known)
    return "pieces" in one.tolerance and (len(one.flat) >= 5 or (len(one.flat) == 4 and not one.weak))


def _at_breaks(one: Spelling, joined: str, atoms: Sequence[Atom], gaps: Sequence[str]) -> bool:
    """True where the gaps stand where the spelling itself has spaces."""
    if not one.breaks or any("\n" in gap for gap in gaps):
        return False
    at, spaced = 0, set[int]()
    for atom, gap in zip(atoms, gaps, strict=False):
        at += len(atom.text)
        if gap:
            spaced.add(at)
    if len(joined) == len(one.flat):
        return spaced <= one.breaks
    # Stretched letters move the places.
    heads = {key(one.flat[:place]) for place in one.breaks}
    return all(key(joined[:place]) in heads for place in spaced)


def _free(atoms: Sequence[Atom], gaps: Sequence[str], text: str, known: Collection[str]) -> bool:
    """Letters set apart are a short word only where the letters around go on to other names, or not at all."""
    gap = max(gaps, key=gaps.count)
    start, end = atoms[0].start, atoms[-1].end
    right = _letters_apart(text[end : end + _AROUND], gap)
    left = _letters_apart(text[max(start - _AROUND, 0) : start][::-1], gap[::-1])[::-1]
    return (not right or any(right[:size] in known for size in range(_NAME, len(right) + 1))) and (
        left in _ARTICLES or any(left[-size:] in known for size in range(_NAME, len(left) + 1))
    )


def _letters_apart(text: str, gap: str) -> str:
    """The single letters that follow in the same spacing, which words may double, as one word."""
    found = re.match(rf"(?:(?:{re.escape(gap)}){{1,2}}[^\W_](?![^\W_]))*", text)
    letters = found[0].replace(gap, "") if found else ""
    if found is None or (len(letters) == 1 and text[found.end() : found.end() + 1].strip()):
        return ""  # the end of letters that are set apart otherwise: "p.e.r.v k i k"
    return letters


def spread(lower: str) -> Iterator[str]:
    """Letters set apart by the same signs, four or more in a row, as words."""
    for found in _SPREAD.finditer(lower):
        yield found[0][:: 1 + len(found["gap"])]


def parts_of(letters: str) -> Iterator[str]:
    """What of the letters may be a word."""
    size = min(len(letters), _SPREAD_WORD)
    return (letters[at : at + more] for at in range(len(letters)) for more in range(4, size + 1))
