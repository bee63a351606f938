"""Tells most strangers apart without weighing a word: what a new wording is compared with first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from monitor.graph.likeness import ERRORS, SLIGHT, STRANGERS
from monitor.graph.wording import TERM, Wording

_PARTED: Final = 1 - STRANGERS


class _Part(NamedTuple):
    """The words of one part of a wording: how many, each once, and the terms among them."""

    many: int
    words: frozenset[str]
    terms: frozenset[str]


class Glance:
    """One wording, beside many others."""

    def __init__(self, wording: Wording) -> None:
        self._short, self._about = wording.short, wording.about
        self._whole = _part(wording.whole)
        self._lines = self._whole if wording.lines == wording.whole else _part(wording.lines)
        self._sentences = self._lines if wording.sentences == wording.lines else _part(wording.sentences)

    def unlike(self, other: Wording) -> bool:
        """True where it shows without weighing a word that strangers are not one template; most are told so."""
        if self._about != other.about:
            return True
        if not _strange(self._whole, other.whole):
            return False
        return (self._short and other.short) or self._apart_by_parts(other)

    def _apart_by_parts(self, other: Wording) -> bool:
        # What reads like the pair before is not asked again.
        lines = self._lines is not self._whole or other.lines is not other.whole
        sentences = self._sentences is not self._lines or other.sentences is not other.lines
        if (lines and not _strange(self._lines, other.lines)) or (
            sentences and not _strange(self._sentences, other.sentences)
        ):
            return False
        if self._short == other.short:
            return True
        return _strange(self._whole, other.lines) if self._short else _strange(self._lines, other.whole)


def _part(words: Sequence[str]) -> _Part:
    return _Part(len(words), frozenset(words), frozenset(word for word in words if word[0] == TERM))


def _strange(one: _Part, other: Sequence[str]) -> bool:
    """True where the words alone show that strangers are not alike, whatever they weigh: one text is far longer, no
    term is in common, or too much differs for typing errors to be looked for.
    """
    first, second = one.many, len(other)
    few, many = (first, second) if first < second else (second, first)
    if 2 * few < STRANGERS * (few + SLIGHT * many):
        return True
    if one.terms and one.terms.isdisjoint(other) and _has_term(other):
        return True
    words = set(other)
    common = len(one.words & words)
    left, right = len(one.words) - common, len(words) - common
    return left > ERRORS and right > ERRORS and SLIGHT * (left + right) > _PARTED * (few + many)


def _has_term(words: Sequence[str]) -> bool:
    for word in words:  # noqa: SIM110 - a generator takes twice as long, and this runs for every candidate
        if word[0] == TERM:
            return True
    return False
