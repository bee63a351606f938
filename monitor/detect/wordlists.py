"""Lists of words as rules give them: whole words, beginnings (`word*`), phrases (`two_words`), any script.

A text is cut into words once, and each word is looked up once for all lists of an index: the cost does not grow with
the number of lists or entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Final, NamedTuple

from monitor.detect.atoms import Words
from monitor.detect.document import Document
from monitor.text.fold import fold_each

_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_RUN: Final = re.compile(r"[^\W_]+")
_LATIN: Final = re.compile("[a-z]{2,}")
_GAP: Final = r"(?:(?![.!?\n]\s)[\W_]){0,3}"
"""Between the words of a phrase; no sentence ends there."""
_HEAD: Final = 2
"""Letters of a beginning by which beginnings are looked up."""
_REMEMBERED: Final = 1 << 14
"""Words of which it is known what they begin; texts repeat a few thousand."""


class WordHit(NamedTuple):
    """An entry of a list at document positions [start, end)."""

    entry: str
    start: int
    end: int


class _Entry(NamedTuple):
    """An entry of list `owner` under the word that it begins with.

    :param rest: the whole entry (and whether its last word may go on), where it is more than that word;
    :param after: what the next word begins with in that case, where there has to be one.
    :param native: Cyrillic letters that fold to Latin ones: the original must be Cyrillic.
    """

    owner: int
    rest: tuple[str, bool] | None
    after: str
    native: bool


class WordIndex:
    """The entries of several lists, by the words that they begin with."""

    def __init__(self) -> None:
        self._lists: list[Sequence[str]] = []
        self._begin_with = lru_cache(maxsize=_REMEMBERED)(self._look_up)
        self._whole = cache(_whole)
        """The few patterns that texts come to need; compiling those of all entries would take longer than all else."""

    def add(self, entries: Iterable[str]) -> WordList:
        """A further list. All are added before the first is asked."""
        self._lists.append(tuple(dict.fromkeys(entries)))
        return WordList(self, len(self._lists) - 1)

    @cached_property
    def _tables(self) -> tuple[dict[str, list[_Entry]], dict[str, tuple[str, ...]], dict[str, list[_Entry]]]:
        """(entries by whole word, beginnings by their first letters, entries by beginning); made when first asked:
        most posts never come so far, and starting is quick.
        """
        words: dict[str, list[_Entry]] = {}
        beginnings: dict[str, list[_Entry]] = {}
        for owner, entry, text in self._texts:
            if text.isascii() or not _UNSPACED.search(text):
                _enter(owner, entry, text, words, beginnings)
        heads: dict[str, set[str]] = {}
        for beginning in beginnings:
            heads.setdefault(beginning[:_HEAD], set()).add(beginning)
        return words, {head: tuple(sorted(ones)) for head, ones in heads.items()}, beginnings

    @cached_property
    def _unspaced(self) -> dict[int, re.Pattern[str]]:
        """By list, its entries in scripts that set no spaces: they may stand anywhere."""
        texts: dict[int, list[str]] = {}
        for owner, _, text in self._texts:
            if _UNSPACED.search(text):
                texts.setdefault(owner, []).append(text)
        return {
            owner: re.compile("|".join(map(_body, sorted(ones, key=len, reverse=True))))
            for owner, ones in texts.items()
        }

    @cached_property
    def _texts(self) -> list[tuple[int, str, str]]:
        """(owner, entry, what it stands for in folded texts) of all lists."""
        every = [(owner, entry) for owner, entries in enumerate(self._lists) for entry in entries]
        texts = fold_each([entry.removesuffix("*").replace("_", " ") for _, entry in every])
        return [(owner, entry, text) for (owner, entry), text in zip(every, texts, strict=True)]

    def hits(self, doc: Document, start: int, end: int) -> Mapping[int, list[WordHit]]:
        """By list, its entries between two document positions, the longest where they overlap; lists without any are
        left out. Kept with the document.
        """
        kept = doc.kept.get((id(self), start, end))
        if kept is None:
            kept = doc.kept[id(self), start, end] = self._scan(doc, start, end)
        return kept

    def _scan(self, doc: Document, start: int, end: int) -> Mapping[int, list[WordHit]]:
        found: dict[int, list[WordHit]] = {}
        text, words = doc.lower, doc.words(_RUN).between(start, end)
        final = len(words.texts) - 1
        for at, begun in enumerate(map(self._begin_with, words.texts)):
            for one in begun:
                first, last = words.starts[at], words.ends[at]
                if one.rest is not None:
                    if one.after and not (at < final and words.texts[at + 1].startswith(one.after)):
                        continue
                    rest = self._whole(*one.rest).match(text, first, end)
                    if rest is None:
                        continue
                    last = rest.end()
                if not (one.native and doc.original(first, last).isascii()):
                    _keep(found.setdefault(one.owner, []), WordHit(text[first:last], first, last))
        if not doc.ascii and _UNSPACED.search(text, start, end):
            for owner, pattern in self._unspaced.items():
                if hits := [WordHit(hit[0], *hit.span()) for hit in pattern.finditer(text, start, end)]:
                    found.setdefault(owner, []).extend(hits)
            for owner, hit in self._between_scripts(words):
                found.setdefault(owner, []).append(hit)
        return found

    def _between_scripts(self, words: Words) -> Iterator[tuple[int, WordHit]]:
        """Entries in Latin letters that stand in words of a script without spaces: "nolimitsはban"."""
        for word, at in zip(words.texts, words.starts, strict=True):
            if word.isascii() or not _UNSPACED.search(word):
                continue
            for part in _LATIN.finditer(word):
                first, last = at + part.start(), at + part.end()
                yield from (
                    (one.owner, WordHit(part[0], first, last))
                    for one in self._begin_with(part[0])
                    if one.rest is None and not one.native
                )

    def _look_up(self, word: str) -> Sequence[_Entry]:
        """The entries that a word may begin."""
        words, heads, beginnings = self._tables
        begun = heads.get(word[:_HEAD], ())
        return (*words.get(word, ()), *(one for key in begun if word.startswith(key) for one in beginnings[key]))


class WordList:
    """One list of an index: finds its entries in documents; linear in the length of the text."""

    def __init__(self, index: WordIndex, owner: int) -> None:
        self.index = index
        self.owner = owner

    def find(self, doc: Document, start: int = 0, end: int | None = None) -> Sequence[WordHit]:
        """The entries between two document positions."""
        last = len(doc.lower) if end is None else end
        return self.index.hits(doc, start, last).get(self.owner, ())

    def distinct(self, doc: Document, start: int = 0, end: int | None = None) -> list[WordHit]:
        """The first of each different wording."""
        hits = self.find(doc, start, end)
        if not hits:
            return []
        seen: dict[str, WordHit] = {}
        for hit in hits:
            seen.setdefault(hit.entry, hit)
        return sorted(seen.values(), key=lambda hit: hit.start)


class AnyOf:
    """Several lists, asked together whether an entry of any stands somewhere."""

    def __init__(self, lists: Iterable[WordList]) -> None:
        self._owners: dict[WordIndex, set[int]] = {}
        for one in lists:
            self._owners.setdefault(one.index, set()).add(one.owner)

    def stand_in(self, doc: Document, start: int, end: int) -> bool:
        """True where one stands between two document positions."""
        return any(not owners.isdisjoint(index.hits(doc, start, end)) for index, owners in self._owners.items())


def _enter(
    owner: int, entry: str, text: str, words: dict[str, list[_Entry]], beginnings: dict[str, list[_Entry]]
) -> None:
    """Enters one entry under every word that it may begin with: between its words, spaces may be missing."""
    open_end = entry.endswith("*")
    native = not entry.isascii() and text.isascii() and any("\u0370" <= char <= "\u058f" for char in entry)
    if text.isalnum():
        (beginnings if open_end else words).setdefault(text, []).append(_Entry(owner, None, "", native))
        return
    parts = text.split(" ")
    together = ""
    for index, part in enumerate(parts):
        run = _RUN.match(part)
        if run is None:
            return
        together += run[0]
        last = index == len(parts) - 1
        pure = run[0] == part
        table = beginnings if last and pure and open_end else words
        after = _RUN.match(parts[index + 1]) if pure and not last else None
        made = _Entry(owner, (text, open_end), after[0] if after else "", native)
        table.setdefault(together, []).append(made)
        if not pure:
            return


def _whole(text: str, open_end: bool) -> re.Pattern[str]:
    return re.compile(_body(text) + (r"[^\W_]*" if open_end else r"(?![^\W_])"))


def _body(text: str) -> str:
    return _GAP.join(re.escape(part) for part in text.split(" "))


def _keep(hits: list[WordHit], hit: WordHit) -> None:
    """Adds a hit; of those that overlap, the first stays, and the longer one of two that begin together."""
    if hits and hit.start < hits[-1].end:
        if hit.start == hits[-1].start and hit.end > hits[-1].end:
            hits[-1] = hit
        return
    hits.append(hit)
