"""Lists of words as rules give them: whole words, beginnings (`word*`), phrases (`two_words`), any script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from monitor.detect.document import Document
from monitor.text.fold import fold

_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


class WordHit(NamedTuple):
    """An entry of a list at document positions [start, end)."""

    entry: str
    start: int
    end: int


class WordList:
    """Finds the entries of a list in documents; linear in the length of the text.

    Compiled when it is first asked: most posts never come so far, and starting is quick.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(dict.fromkeys(entries))

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        """The entries by kind: words; Cyrillic words that fold to Latin letters; words of unspaced scripts."""
        patterns: dict[str, list[str]] = {"word": [], "native": [], "unspaced": []}
        for entry in self._entries:
            text = fold(entry.removesuffix("*").replace("_", " ")).lower
            body = r"[\W_]{0,3}".join(re.escape(part) for part in text.split(" "))
            if _UNSPACED.search(text):
                patterns["unspaced"].append(body)
                continue
            ending = r"[^\W_]*" if entry.endswith("*") else r"(?![^\W_])"
            native = not entry.isascii() and text.isascii() and any("\u0370" <= char <= "\u058f" for char in entry)
            patterns["native" if native else "word"].append(body + ending)
        return {
            kind: re.compile(("" if kind == "unspaced" else r"(?<![^\W_])") + f"(?:{'|'.join(bodies)})")
            for kind, bodies in patterns.items()
            if bodies
        }

    def find(self, doc: Document, start: int = 0, end: int | None = None) -> Iterator[WordHit]:
        """The entries between two document positions."""
        last = len(doc.lower) if end is None else end
        for kind, pattern in self._patterns.items():
            for found in pattern.finditer(doc.lower, start, last):
                # Folded to Latin letters, a Cyrillic word may be another language's: the original must be Cyrillic.
                if kind == "native" and doc.original(*found.span()).isascii():
                    continue
                yield WordHit(found[0], *found.span())

    def distinct(self, doc: Document, start: int = 0, end: int | None = None) -> list[WordHit]:
        """The first of each different wording."""
        seen: dict[str, WordHit] = {}
        for hit in self.find(doc, start, end):
            seen.setdefault(hit.entry, hit)
        return sorted(seen.values(), key=lambda hit: hit.start)
