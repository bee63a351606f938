"""Words and tags that consist of known pieces, at least one of them a spelling: "kiknolimits", "#NoLimitsChat"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from monitor.detect.spelling import Spelling, leet

_LENGTHS: Final = range(5, 61)
"""Letters of a word that is cut into pieces."""
_PIECE: Final = 3
"""Letters of a spelling that is a piece, at least."""
_FOR: Final = frozenset("24")
"""Pieces everywhere: "perv4map", "perv2perv"."""
_REMEMBERED: Final = 1 << 15
"""Words whose pieces are kept."""

_Pieces = Mapping[str, Spelling | None]
Cut = tuple[tuple[int, int, Spelling], ...]
"""The spellings that a word is made of, with their places in it."""


class Gluing:
    """Cuts words. Built once."""

    def __init__(self, spellings: Iterable[Spelling], fillers: Iterable[str]) -> None:
        """:param spellings: those that may be pieces; :param fillers: words that tags are glued together with."""
        flats: dict[str, list[Spelling]] = {}
        for one in spellings:
            flats.setdefault(one.flat, []).append(one)
        between = frozenset(fillers)
        self._sizes = sorted({len(piece) for piece in (*flats, *between)})
        self._starts = {flat[:2] for flat in flats}
        self._in_words = _pieces(flats, weak=False)
        self._in_tags: dict[str, Spelling | None] = {**dict.fromkeys(between), **_pieces(flats, weak=True)}
        self._in_leet = _pieces({leet(flat): ones for flat, ones in flats.items()}, weak=False)
        self.of = lru_cache(maxsize=_REMEMBERED)(self._of)
        """The spellings in a word; none where it cannot be cut, or is one piece. `tag`: it is a tag or a name."""

    def _of(self, word: str, tag: bool) -> Cut:
        if len(word) not in _LENGTHS or not word.isascii():
            return ()
        if not tag:
            return self._cut(word, self._in_words) if word[:2] in self._starts else ()
        cut = self._cut(word, self._in_tags, numbers=True)
        return cut or (self._cut(leet(word), self._in_leet) if any(map(str.isdigit, word)) else ())

    def _cut(self, word: str, pieces: _Pieces, *, numbers: bool = False) -> Cut:
        """:param numbers: they count as pieces. Of two ways to cut, the one with the longest last piece stands."""
        begun: dict[int, int] = {0: 0}
        for start in range(len(word)):
            if start not in begun:
                continue
            for end in (start + size for size in self._sizes):
                if end > len(word):
                    break
                piece = word[start:end]
                if end not in begun and (piece in pieces or piece in _FOR or (numbers and piece.isdigit())):
                    begun[end] = start
        places: list[tuple[int, int]] = []
        end = len(word) if len(word) in begun else 0
        while end:
            places.append((begun[end], end))
            end = begun[end]
        if len(places) < 2:
            return ()
        cut = ((start, end, pieces.get(word[start:end])) for start, end in reversed(places))
        return tuple((start, end, one) for start, end, one in cut if one is not None)


def _pieces(flats: Mapping[str, list[Spelling]], *, weak: bool) -> dict[str, Spelling | None]:
    """The first spelling that may be a piece, by its letters."""
    first = {
        flat: next((one for one in ones if weak or not one.weak), None)
        for flat, ones in flats.items()
        if len(flat) >= _PIECE
    }
    return {flat: one for flat, one in first.items() if one is not None}
