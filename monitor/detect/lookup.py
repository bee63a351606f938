"""What a single word may be: names and terms by their key, as they are written or through tolerances. Remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.detect.endings import INFLECTED, Endings
from monitor.detect.spelling import Spelling, alike, deletions, leet, one_edit
from monitor.detect.spelling import key as spell_key

LONGEST: Final = 120
"""Letters that a spelling may be stretched or spread to."""
TYPO: Final = frozenset({"typo"})
_SURE: Final = 5
"""Letters of an app's name from which on, with an ending, no word of a language is taken for it."""
_TERM: Final = 4
"""Letters of a term that may have an ending, at least."""
_REMEMBERED: Final = 1 << 15
"""Words that are known when they come again; texts repeat a few thousand."""


class Known(NamedTuple):
    """What is known of a word: its key, what it may be and through which tolerances, whether a spelling of several
    words begins with it, and whether a name in another script, folded, does.
    """

    key: str
    spellings: tuple[tuple[Spelling, frozenset[str]], ...]
    begins: bool
    native: bool


class Lookup:
    """Looks words up. Built once; the cost does not grow with the number of spellings."""

    def __init__(
        self, latin: Sequence[Spelling], native: Iterable[str], endings: Endings, everyday: Callable[[str], bool]
    ) -> None:
        """:param latin: spellings; :param native: flat forms of names in other scripts; :param endings: what names may
        end with beyond that; :param everyday: tells words that are no such name ("disco").
        """
        self.by_key = index_of((spell_key(one.flat), one) for one in latin)
        self.prefixes = {key[:size] for key in self.by_key for size in range(1, len(key) + 1)}
        typos = [one for one in latin if "typo" in one.tolerance]
        self._typos = index_of((key, one) for one in typos for key in deletions(leet(one.flat)))
        self._typo_starts = {(leet(one.flat)[0], len(one.flat) + more) for one in typos for more in (-1, 0, 1)}
        self._endings, self._everyday = endings, everyday
        self._inflected = index_of((one.flat, one) for one in latin if "inflected" in one.tolerance and _inflects(one))
        self._native = tuple(sorted(flat for flat in native if flat.isascii()))
        self.of = lru_cache(maxsize=_REMEMBERED)(self._of)
        """What is known of a word, wherever it stands."""

    def _of(self, word: str) -> Known:
        native = word.startswith(self._native)
        if len(word) > LONGEST:
            return Known("", (), begins=False, native=native)
        key = spell_key(word)
        ways = [(one, how) for one in self.by_key.get(key, ()) if (how := alike(one, word)) is not None]
        if (mistyped := self._mistyped(word)) is not None:
            ways.append((mistyped, TYPO))
        if not ways and (inflected := self._ended(word)) is not None:
            ways.append((inflected, INFLECTED))
        return Known(key, tuple(ways), key in self.prefixes, native)

    def _ended(self, word: str) -> Spelling | None:
        """The spelling that a word is with an ending, or its beginning."""
        for stem in self._endings.stems(word):
            for one in self._inflected.get(stem, ()):
                if one.kind == "term" and len(stem) == _TERM and len(word) == _TERM + 1:
                    continue  # "perve", "pervo": too many words of too many languages
                sure = one.kind == "app" and not one.weak and len(stem) >= _SURE
                if sure or not self._everyday(word):
                    return one
        return None

    def _mistyped(self, word: str) -> Spelling | None:
        """The spelling that a word is with a typing error."""
        folded = leet(word)
        if (folded[0], len(folded)) not in self._typo_starts:
            return None
        near = (one for key in (folded, *deletions(folded)) for one in self._typos.get(key, ()))
        return next((one for one in near if one_edit(folded, leet(one.flat))), None)


def _inflects(one: Spelling) -> bool:
    return one.kind != "term" or (len(one.flat) >= _TERM and one.flat == one.id) or len(one.flat) > _TERM + 1


def together(key: str, more: str) -> str:
    """The key of words together, of the keys of the words."""
    return key + more[1:] if key[-1] == more[:1] else key + more


def index_of(pairs: Iterable[tuple[str, Spelling]]) -> Mapping[str, list[Spelling]]:
    """Spellings by key, in order."""
    index: dict[str, list[Spelling]] = {}
    for key, one in pairs:
        index.setdefault(key, []).append(one)
    return index
