"""The everyday words of shares, by language, from `words.toml`; folded like the texts they are looked up in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from monitor.detect.toml_source import TomlSource
from monitor.text.fold import fold

_WORDLIKE = re.compile(r"\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """See `words.toml` for what each list is; all folded to lower case.

    :param never: words that are no handles (cue, plain and approach words together).
    :param neutral: words without an innocent subject of their own.
    """

    cue: frozenset[str]
    plain: frozenset[str]
    approach: frozenset[str]
    blank: frozenset[str]
    filler: frozenset[str]
    same: tuple[str, ...]

    @property
    def never(self) -> frozenset[str]:
        """Words that are no handles."""
        return self.cue | self.plain | self.approach

    @property
    def neutral(self) -> frozenset[str]:
        """Words without an innocent subject of their own."""
        return self.cue | self.plain | self.approach


def read_vocabulary(source: TomlSource) -> Vocabulary:
    """The lists of a file. Raises `ConfigError`."""
    source.check_heads(("cue", "plain", "approach", "same", "blank", "filler"))
    return Vocabulary(
        cue=_words(source.data["cue"].values()),
        plain=_words(source.data["plain"].values()),
        approach=_words(source.data["approach"].values()),
        blank=_words(source.data["blank"].values()),
        filler=_words(source.data["filler"].values()),
        same=tuple(sorted({fold(one).lower for one in source.data["same"]["phrases"]}, key=len, reverse=True)),
    )


def _words(lists: Iterable[Any]) -> frozenset[str]:
    found: set[str] = set()
    for words in cast("Iterable[str]", lists):
        for word in words.split():
            folded = fold(word).lower
            found.add(folded)
            # Texts are cut into words at apostrophes and hyphens; the lists are not.
            found.update(part for part in re.split(r"[^\w]+", folded) if len(part) > 1 and _WORDLIKE.search(part))
    return frozenset(found)
