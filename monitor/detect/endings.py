"""Names and terms with what languages put onto them: "na kiku", "Telegramimden", "mijn snapje", "nolimitsów"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from monitor.detect.toml_source import TomlSource
from monitor.text.fold import fold

INFLECTED: Final = frozenset({"inflected"})
_STEM: Final = 3
"""Letters of a name that may have an ending, at least; of one so short, the ending has two."""
_SIGNS: Final = "['’`´-]"
"""What may part the two: "Telegram'dan", "wickr-е"."""


_TAIL: Final = re.compile(r"[^\W\d_]{0,12}(?:['’`´-][^\W\d_]{1,12})?(?![^\W_])")


def word_end(lower: str, end: int) -> int:
    """Where the word ends whose beginning is a term that ends at a place: with its ending, and what a hyphen joins to
    it ("nolimits-folk"); else the same place.
    """
    found = _TAIL.match(lower, end)
    return found.end() if found is not None else end


class Endings:
    """Endings by all languages together. Built once."""

    def __init__(self, endings: frozenset[str]) -> None:
        """:param endings: folded."""
        self.all = endings
        self._sizes = sorted({len(one) for one in endings})
        parted = "|".join(sorted(map(re.escape, endings), key=len, reverse=True))
        self._parted = re.compile(rf"{_SIGNS}(?:{parted})(?![^\W_]|[_.-][^\W_])")

    def stems(self, word: str) -> Iterator[str]:
        """What may be left of a word without its ending, shortest ending first."""
        for size in self._sizes:
            stem = word[: len(word) - size]
            if len(stem) < _STEM or (len(stem) == _STEM and size == 1):
                return
            if word[-size:] in self.all:
                yield stem
                # "snappen", "kikken": written twice after a short vowel.
                if len(stem) > _STEM and stem[-1] == stem[-2] and word.isascii():
                    yield stem[:-1]

    def parted(self, lower: str, at: int) -> int:
        """Where an ending that a sign parts from the name before it ends, in a folded text; else the same place."""
        found = self._parted.match(lower, at)
        return found.end() if found is not None else at

    def forms(self, stem: str) -> Iterator[str]:
        """A name with every ending, as :meth:`stems` reads them."""
        for ending in self.all:
            if len(stem) > _STEM or (len(stem) == _STEM and len(ending) > 1):
                yield stem + ending
                yield stem + stem[-1] + ending


def endings_source() -> TomlSource:
    """The shipped file."""
    return TomlSource(
        "endings.toml (shipped)",
        files("monitor.detect").joinpath("data", "endings.toml").read_text(encoding="utf-8"),
    )


@cache
def shipped_endings() -> Endings:
    """Those that are shipped. They are of languages, not of anybody's lexicon."""
    by_language = cast("dict[str, Any]", endings_source().data["endings"])
    return Endings(frozenset(fold(" ".join(by_language.values())).lower.split()))
