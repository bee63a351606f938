"""Finds names and terms however they are spelled: the matcher of app names and of the lexicon.

Works on a folded document. A spelling is found where its letters stand as a word; with digits and signs for letters
(leet); stretched; set apart by spaces, dots, emoji ...; starred out; glued to others in a tag; backwards; and, where
that is allowed, with one typing error. The cost does not grow with the number of spellings: words are looked up by key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, repeat
from typing import Final

from monitor.detect.atoms import ATOM, Atoms, Words, latin, words_of
from monitor.detect.document import Document
from monitor.detect.drawn import drawn
from monitor.detect.endings import INFLECTED, shipped_endings
from monitor.detect.gluing import Cut, Gluing
from monitor.detect.joining import SPREAD_LETTERS, joins, parts_of, spread
from monitor.detect.lookup import LONGEST, TYPO, Known, Lookup, index_of, together
from monitor.detect.native import native_pattern
from monitor.detect.spans import Spans
from monitor.detect.spelling import SIGNS, Spelling
from monitor.quick import quick_init

_SIGN: Final = re.compile(
    r"(?<=[^\W_])[@$!|+(€£]+(?=[^\W_])|(?<![\w@$!|+(€£.])\$(?=[^\W_])|(?<=[^\W\d_])[@$](?![\w@$])"
    r"|(?<![\w@$!|+(€£.])@@(?=[^\W\d_])"
)
_ANY_SIGN: Final = re.compile("[@$!|+(€£]")
STARRED: Final = re.compile(r"(?<![\w*])[a-z0-9]+(?:[*•]{1,2}[a-z0-9]+)+(?![\w*])")
_NAME: Final = 3
"""Letters of names so short that only an app's own is starred out: "k*k"."""
_NEARBY: Final = 60
_GAP: Final = 4
"""What may stand between two words that are one spelling."""
_CAMEL: Final = re.compile(r"[a-z0-9][A-Z]")
_GLUED: Final = frozenset({"glued"})
_AS_IT_IS: Final = frozenset[str]()
_NAMING: Final = ("tags[", "community", "author.handle", "author.name")
"""What fields are called whose words are put together like tags."""


@dataclass(frozen=True, slots=True)
class Found:
    """A spelling at document positions [start, end); `how` names the tolerances that were needed."""

    spelling: Spelling
    start: int
    end: int
    how: frozenset[str] = _AS_IT_IS


quick_init(Found)


class Spellings:
    """An index of spellings, built once, that finds them in documents."""

    def __init__(
        self,
        spellings: Iterable[Spelling],
        *,
        links: Iterable[str] = (),
        fillers: Iterable[str] = (),
        everyday: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """:param links: how links of the apps begin; :param fillers: words that tags are glued together with;
        :param everyday: tells words that mean nothing when read backwards ("spam"), nor with an ending ("disco").
        """
        self._endings = shipped_endings()
        every = list(spellings)
        latin = [one for one in every if not one.native]
        self._known = frozenset(one.flat for one in every if one.kind != "service")
        native = [one for one in every if one.native]
        self._lookup = Lookup(latin, (one.flat for one in native), self._endings, everyday)
        self._backwards = {
            one.flat[::-1]
            for one in latin
            if "reversed" in one.tolerance
            and 4 <= len(one.flat) <= LONGEST
            and one.flat != one.flat[::-1]
            and not everyday(one.flat[::-1])
        }
        self._apps_backwards = {one.flat[::-1] for one in latin if one.kind == "app" and "reversed" in one.tolerance}
        self._link_ends = [start[::-1] for start in links]
        self._native_by_flat = index_of((one.flat, one) for one in native)
        self._native_signs = [one.flat for one in native if not ATOM.search(one.flat)]
        self._gluing = Gluing((one for one in latin if "glued" in one.tolerance), fillers)
        self._by_size: dict[int, list[Spelling]] = {}
        for one in latin:
            if "starred" in one.tolerance and not one.breaks:
                self._by_size.setdefault(len(one.flat), []).append(one)

    def find(self, doc: Document) -> list[Found]:
        """Every spelling in the document, longest first where they overlap, sorted by position."""
        found = list(self._scan(doc, Atoms.of(doc.words(ATOM), doc.cased), doc.lower))
        found += self._signed(doc)
        found += self._drawn(doc)
        found += self._native_finds(doc)
        found += self._starred(doc)
        found = [self._with_ending(one, doc) for one in found]
        found = _longest([one for one in found if not doc.backwards or _reads_backwards(one)])
        glued = list(self._glued(doc))
        if glued:
            taken = Spans((one.start, one.end) for one in found)
            glued = [one for one in glued if not taken.overlaps(one.start, one.end)]
        if doc.backwards:
            glued = [one for one in glued if one.spelling.kind == "term" and _reads_backwards(one)]
        return sorted([*found, *glued], key=lambda one: (one.start, one.end)) if glued else found

    def _with_ending(self, one: Found, doc: Document) -> Found:
        """An app's name with the ending that a sign parts from it: "Telegram'dan"."""
        if one.spelling.kind != "app":
            return one
        end = self._endings.parted(doc.lower, one.end)
        return replace(one, end=end) if end > one.end else one

    def in_word(self, word: str) -> list[Spelling]:
        """As :meth:`find` on a tag of nothing but this word: lower-case letters of ASCII, and digits."""
        known = self._lookup.of(word).spellings
        return [known[0][0]] if known else [one for _, _, one in self._gluing.of(word, True)]

    def native_name(self, lower: str) -> bool:
        """True where a spelling in another script than Latin may stand in a folded text."""
        return self._native_pattern is not None and self._native_pattern.search(lower) is not None

    @cached_property
    def _native_pattern(self) -> re.Pattern[str] | None:
        """Compiled when the first text of another script is met."""
        return native_pattern(self._native_by_flat)

    @property
    def backwards(self) -> Set[str]:
        """The words that make a document be read backwards as well."""
        return self._backwards

    def reads_backwards(self, doc: Document) -> bool:
        """True where a spelling of four letters or more stands in the document backwards, set apart or not."""
        words = doc.words(ATOM).texts
        if not self._backwards.isdisjoint(words):
            return True
        if doc.plain and list(map(len, words)).count(1) < SPREAD_LETTERS:
            return False
        return any(not self._backwards.isdisjoint(parts_of(letters)) for letters in spread(doc.lower))

    def names_backwards(self, doc: Document) -> bool:
        """True where an app's name (one that reads the same both ways will do) or the beginning of a link stands in
        the document backwards: without one, nothing read backwards is a share.
        """
        words = doc.words(ATOM).texts
        return not self._apps_backwards.isdisjoint(words) or any(end in doc.lower for end in self._link_ends)

    def _scan(self, doc: Document, atoms: Atoms, text: str) -> Iterator[Found]:
        prefixes = self._lookup.prefixes
        words = list(map(self._lookup.of, atoms.texts))
        last = len(words) - 1
        for first, word in enumerate(words):
            if word.spellings and (fit := _whole(doc, atoms, first, word)) is not None:
                yield fit
            if word.begins and first < last and together(word.key, words[first + 1].key) in prefixes:
                yield from self._joined(atoms, words, first, text)

    def _joined(self, atoms: Atoms, words: list[Known], first: int, text: str) -> Iterator[Found]:
        """Spellings that several words from `first` on make up together."""
        whole, prefixes, key = self._lookup.by_key, self._lookup.prefixes, words[first].key
        starts, ends, start, end = atoms.starts, atoms.ends, atoms.starts[first], atoms.ends[first]
        size = end - start
        for last in range(first + 1, len(words)):
            gap = starts[last] - end
            if gap > 1 and (gap > _GAP or _parted(text[end : starts[last]])):
                return
            end = ends[last]
            size += end - starts[last]
            if size > 3 * len(key) + 6 or size > LONGEST:
                return
            key = together(key, words[last].key)
            if key in whole:
                run = atoms.run(first, last)
                joined = "".join(one.text for one in run)
                for one in whole[key]:
                    if (how := joins(one, joined, run, text, self._known)) is not None:
                        yield Found(one, start, end, how)
            if key not in prefixes:
                return

    def _signed(self, doc: Document) -> Iterator[Found]:
        """Spellings with signs for letters (t@boo)."""
        if not _ANY_SIGN.search(doc.lower):
            return
        signed = _SIGN.sub(lambda signs: signs[0].translate(SIGNS), doc.lower)
        if signed == doc.lower:
            return
        changed = [at for at, (one, other) in enumerate(zip(doc.lower, signed, strict=True)) if one != other]
        atoms = Atoms.of(words_of(signed, ATOM), signed)
        for one in self._scan(doc, _near(atoms, changed), signed):
            if "leet" in one.spelling.tolerance and _any_within(changed, one.start, one.end):
                yield Found(one.spelling, one.start, one.end, one.how | {"leet"})

    def _starred(self, doc: Document) -> Iterator[Found]:
        """Words with a letter or two starred out (t*boo)."""
        if "*" not in doc.lower and "•" not in doc.lower:
            return
        for found in STARRED.finditer(doc.lower):
            word = found[0]
            stars = sum(char in "*•" for char in word)
            if stars > 2 or stars * 2 >= len(word):
                continue
            for one in self._by_size.get(len(word), ()):
                if _fits_stars(word, one.flat) and (len(word) > _NAME or (one.kind == "app" and not one.weak)):
                    yield Found(one, found.start(), found.end(), frozenset({"starred"}))
                    break

    def _drawn(self, doc: Document) -> Iterator[Found]:
        """Terms with letters drawn with several signs (n()limits)."""
        read = drawn(doc.lower) if doc.ascii else None
        if read is None:
            return
        atoms = Atoms.of(words_of(read.text, ATOM), read.text)
        for one in self._scan(doc, _near(atoms, read.places), read.text):
            if one.spelling.kind == "term" and "leet" in one.spelling.tolerance and read.holds(one.start, one.end):
                yield Found(one.spelling, read.starts[one.start], read.ends[one.end - 1], one.how | {"leet"})

    def _native_finds(self, doc: Document) -> Iterator[Found]:
        if doc.ascii or not self._may_be_native(doc) or self._native_pattern is None:
            return
        for found in self._native_pattern.finditer(doc.lower):
            start, end = found.span(found.lastgroup or 0)
            # Folded, a Cyrillic name may be a Latin word: only the other script's own letters are the name.
            if any(not latin(char) for char in doc.original(start, end)):
                yield Found(self._native_by_flat[doc.lower[start:end]][0], start, end)

    def _may_be_native(self, doc: Document) -> bool:
        """False for most texts whose folded letters are all ASCII."""
        if not doc.plain or any(sign in doc.lower for sign in self._native_signs):
            return True
        return any(known.native for known in map(self._lookup.of, doc.words(ATOM).texts))

    def _glued(self, doc: Document) -> Iterator[Found]:
        """Tags and words that consist of known pieces, at least one of them a spelling."""
        words, of = doc.words(ATOM), self._gluing.of
        places = [(start, end) for name, start, end in doc.extents() if name.startswith(_NAMING)]
        tags: Iterable[bool] = repeat(False)
        if places or "#" in doc.lower:
            named = Spans(places)
            tags = [doc.lower[at - 1 : at] == "#" or named.overlaps(at, at + 1) for at in words.starts]
        cuts = map(of, words.texts, tags)
        if _CAMEL.search(doc.cased):
            cuts = [cut or self._called(doc, words, at) for at, cut in enumerate(cuts)]
        for at, cut in enumerate(cuts):
            for start, end, one in cut:
                first = words.starts[at]
                yield Found(one, first + start, first + end, _GLUED)

    def _called(self, doc: Document, words: Words, at: int) -> Cut:
        """The pieces of a word in CamelCase, cut like a tag where it joins an app with a term: "KikTabooChat"."""
        word = doc.cased[words.starts[at] : words.ends[at]]
        cut = self._gluing.of(words.texts[at], True) if _CAMEL.search(word) else ()
        return cut if len({one.kind for _, _, one in cut}) > 1 else ()


def _fits_stars(word: str, flat: str) -> bool:
    """True where a word is a spelling of its size but for what is starred out. (An expression made for each word would
    take far longer to make than to use.)
    """
    return all(sign in "*•" or sign == letter for sign, letter in zip(word, flat, strict=True))


def _whole(doc: Document, atoms: Atoms, at: int, word: Known) -> Found | None:
    """A spelling that is one word."""
    start, end, inside = atoms.starts[at], atoms.ends[at], atoms.glued(at)
    for one, how in word.spellings:
        if how is TYPO:
            return None if inside else Found(one, start, end, how)
        if _edges(one, inside=inside) and not (doc.scripted and _foreign(doc, start, end)):
            if how is INFLECTED and one.kind == "term":
                end = start + len(one.flat)  # the ending is none of it
            return Found(one, start, end, how | _GLUED if inside else how)
    return None


def _parted(gap: str) -> bool:
    """True for what no spelling goes on across: a field's end, an empty line."""
    return "\x1e" in gap or gap.count("\n") > 1


def _reads_backwards(one: Found) -> bool:
    return one.spelling.kind == "service" or "reversed" in one.spelling.tolerance


def _edges(one: Spelling, *, inside: bool) -> bool:
    """Three letters at a change of case are a part of a name (iMap), not a word."""
    return len(one.flat) > 3 or not inside


def _foreign(doc: Document, start: int, end: int) -> bool:
    """A word of another script that merely looks like the Latin spelling, in a text of that script."""
    original = doc.original(start, end)
    native_here = sum("\u0370" <= char <= "\u052f" for char in original)
    if not native_here or any(latin(char) for char in original if char.isalpha()):
        return False
    native, latin_letters = doc.scripts(start)
    return native - native_here > latin_letters


def _near(atoms: Atoms, changed: list[int]) -> Atoms:
    """The words within reach of a changed position: the others were read already."""
    return atoms.near(lambda start, end: _any_within(changed, start - _NEARBY, end + _NEARBY))


def _any_within(positions: list[int], start: int, end: int) -> bool:
    at = bisect_left(positions, start)
    return at < len(positions) and positions[at] < end


def _longest(found: list[Found]) -> list[Found]:
    """Without what lies inside a longer find."""
    if all(one.end <= other.start for one, other in pairwise(found)):
        return found
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end, len(one.how), one.spelling.weak)):
        inside = kept and one.start < kept[-1].end and one.end <= kept[-1].end
        # One spelling may name two apps ("w app"): both are kept.
        same = (
            inside
            and (one.start, one.end) == (kept[-1].start, kept[-1].end)
            and one.spelling.id != kept[-1].spelling.id
        )
        if inside and not same:
            continue
        kept.append(one)
    return kept
