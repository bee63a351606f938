"""Wordings whose words are hidden: still compared word by word, but for typing errors, when the words themselves had
to go.

A hidden word is a mark of what it weighs and a keyed hash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from monitor.graph.likeness import Likeness
from monitor.graph.wording import TERM, Wording

_WEIGHTS: Final = 0xE010
"""The mark of a weight of nothing; a tenth more, the next one. Private characters never are in words."""


def hidden(wording: Wording, weight: Callable[[str], float], hide: Callable[[str], str]) -> Wording:
    """The wording with its words hidden; equal words stay equal.

    :param weight: of a word (`Likeness.weight`). :param hide: its keyed hash, as text.
    """

    def of(word: str) -> str:
        return (TERM if word[0] == TERM else chr(_WEIGHTS + round(10 * weight(word)))) + hide(word)

    known = {word: of(word) for part in wording[:3] for word in part}
    whole, lines, sentences = (tuple(known[word] for word in part) for part in wording[:3])
    return Wording(whole, lines, sentences, wording.short, wording.about)


class Blind(Likeness):
    """Compares hidden wordings."""

    def __init__(self) -> None:
        super().__init__(frozenset())

    def weight(self, word: str) -> float:
        """What a hidden word says that it weighs."""
        return super().weight(word) if word[0] == TERM else (ord(word[0]) - _WEIGHTS) / 10

    def _forgiven(self, left: Collection[str], right: Collection[str]) -> float:  # noqa: ARG002 - nothing is to be seen
        return 0.0
