"""Several words read as one spelling: "no limits", tAbOO, "t a b o o", "ta.boo"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from monitor.detect.atoms import Atom
from monitor.detect.spelling import Spelling, alike, key

_AROUND: Final = 80
_NAME: Final = 3


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
    if _at_breaks(one, joined, atoms, gaps) or (not any(gaps) and not inside):
        return how
    if "separated" not in one.tolerance or (inside and len(one.flat) <= _NAME):
        return None
    if not any(gaps):
        return how | {"glued"}
    singles = sum(len(atom.text) == 1 for atom in atoms)
    if singles == len(atoms) or (len(one.flat) >= 5 and singles >= len(atoms) - 1 and len(atoms) > 3):
        fits = len(one.flat) >= 5 or _free(atoms, gaps, text, known)
    else:
        spaced = any(char.isspace() for gap in gaps for char in gap)
        fits = not spaced and (len(one.flat) >= 5 or (len(one.flat) == 4 and not one.weak))
    return how | {"separated"} if fits else None


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
    gap = max(set(gaps), key=gaps.count)
    start, end = atoms[0].start, atoms[-1].end
    right = _letters_apart(text[end : end + _AROUND], gap)
    left = _letters_apart(text[max(start - _AROUND, 0) : start][::-1], gap[::-1])[::-1]
    names = [name for name in known if len(name) >= _NAME] if right or left else []
    return (not right or any(right.startswith(name) for name in names)) and (
        not left or any(left.endswith(name) for name in names)
    )


def _letters_apart(text: str, gap: str) -> str:
    """The single letters that follow in the same spacing, as one word."""
    letters: list[str] = []
    at = 0
    while text.startswith(gap, at) and at + len(gap) < len(text) and text[at + len(gap)].isalnum():
        at += len(gap)
        if at + 1 < len(text) and text[at + 1].isalnum():
            break
        letters.append(text[at])
        at += 1
    return "".join(letters)
