"""Finds names and terms however they are spelled: the matcher of app names and of the lexicon.

Works on a folded document. A spelling is found where its letters stand as a word; with digits and signs for letters
(leet); stretched; set apart by spaces, dots, emoji ...; starred out; glued to others in a tag; backwards; and, where
that is allowed, with one typing error. The cost does not grow with the number of spellings: words are looked up by key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

from monitor.detect.atoms import ATOM, RUN_TOGETHER, Atom, atoms_of, latin
from monitor.detect.document import Document
from monitor.detect.drawn import drawn
from monitor.detect.joining import joins, parts_of, spread
from monitor.detect.spans import Spans
from monitor.detect.spelling import SIGNS, Spelling, alike, deletions, leet, one_edit
from monitor.detect.spelling import key as spell_key

_WORD_START: Final = r"(?<![^\W_])(?:[وبلفك]{0,2}(?:ال|لل)?)?"
_SIGN: Final = re.compile(
    r"(?<=[^\W_])[@$!|+(€£]+(?=[^\W_])|(?<![\w@$!|+(€£.])\$(?=[^\W_])|(?<=[^\W\d_])[@$](?![\w@$])"
    r"|(?<![\w@$!|+(€£.])@@(?=[^\W\d_])"
)
STARRED: Final = re.compile(r"(?<![\w*])[a-z0-9]+(?:[*•]{1,2}[a-z0-9]+)+(?![\w*])")
_LONGEST: Final = 120
"""Letters that a spelling may be stretched or spread to."""
_NAME: Final = 3
"""Letters of names so short that only an app's own is starred out: "k*k"."""
_NEARBY: Final = 60
_GAP: Final = 4
"""What may stand between two words that are one spelling."""


@dataclass(frozen=True, slots=True)
class Found:
    """A spelling at document positions [start, end); `how` names the tolerances that were needed."""

    spelling: Spelling
    start: int
    end: int
    how: frozenset[str] = field(default=frozenset())


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
        :param everyday: tells words that mean nothing when read backwards ("spam").
        """
        every = list(spellings)
        latin = [one for one in every if not one.native]
        self._known = frozenset(one.flat for one in every if one.kind != "service")
        self._by_key = _index((spell_key(one.flat), one) for one in latin)
        self._backwards = {
            one.flat[::-1]
            for one in latin
            if "reversed" in one.tolerance
            and 4 <= len(one.flat) <= _LONGEST
            and one.flat != one.flat[::-1]
            and not everyday(one.flat[::-1])
        }
        self._apps_backwards = {one.flat[::-1] for one in latin if one.kind == "app" and "reversed" in one.tolerance}
        self._link_ends = [start[::-1] for start in links]
        self._prefixes = {key[:size] for key in self._by_key for size in range(1, len(key) + 1)}
        typos = [one for one in latin if "typo" in one.tolerance]
        self._typos = _index((key, one) for one in typos for key in deletions(leet(one.flat)))
        self._typo_starts = {(leet(one.flat)[0], len(one.flat) + more) for one in typos for more in (-1, 0, 1)}
        self._least_typo = min((size for _, size in self._typo_starts), default=_LONGEST + 1)
        self._native_pattern = _native_pattern([one for one in every if one.native])
        self._native_by_flat = _index((one.flat, one) for one in every if one.native)
        glueable = [one for one in latin if "glued" in one.tolerance]
        self._flat = _index((one.flat, one) for one in glueable)
        self._fillers = frozenset(fillers)
        self._piece_sizes = sorted({len(piece) for piece in [*self._flat, *self._fillers]}, reverse=True)
        self._flat_leet = {leet(flat): ones for flat, ones in self._flat.items()}
        self._piece_starts = {piece[:2] for piece in self._flat}
        self._by_size: dict[int, list[Spelling]] = {}
        for one in latin:
            if "starred" in one.tolerance and not one.breaks:
                self._by_size.setdefault(len(one.flat), []).append(one)

    def find(self, doc: Document) -> list[Found]:
        """Every spelling in the document, longest first where they overlap, sorted by position."""
        found = list(self._scan(doc, atoms_of(doc.lower, doc.cased), doc.lower))
        signed = _SIGN.sub(lambda signs: signs[0].translate(SIGNS), doc.lower)
        if signed != doc.lower:
            changed = [at for at, (one, other) in enumerate(zip(doc.lower, signed, strict=True)) if one != other]
            found += [
                Found(one.spelling, one.start, one.end, one.how | {"leet"})
                for one in self._scan(doc, _near(atoms_of(signed, signed), changed), signed)
                if "leet" in one.spelling.tolerance and _any_within(changed, one.start, one.end)
            ]
        found += self._drawn(doc)
        found += self._native_finds(doc)
        found += self._starred(doc)
        found = _longest([one for one in found if not doc.backwards or _reads_backwards(one)])
        taken = Spans((one.start, one.end) for one in found)
        glued = [one for one in self._glued(doc) if not taken.overlaps(one.start, one.end)]
        if doc.backwards:
            glued = [one for one in glued if one.spelling.kind == "term" and _reads_backwards(one)]
        return sorted([*found, *glued], key=lambda one: (one.start, one.end)) if glued else found

    def native_name(self, lower: str) -> bool:
        """True where a spelling in another script than Latin may stand in a folded text."""
        return self._native_pattern is not None and self._native_pattern.search(lower) is not None

    @property
    def backwards(self) -> Set[str]:
        """The words that make a document be read backwards as well."""
        return self._backwards

    def reads_backwards(self, doc: Document) -> bool:
        """True where a spelling of four letters or more stands in the document backwards, set apart or not."""
        return not self._backwards.isdisjoint(ATOM.findall(doc.lower)) or any(
            not self._backwards.isdisjoint(parts_of(letters)) for letters in spread(doc.lower)
        )

    def names_backwards(self, doc: Document) -> bool:
        """True where an app's name (one that reads the same both ways will do) or the beginning of a link stands in
        the document backwards: without one, nothing read backwards is a share.
        """
        words = ATOM.findall(doc.lower)
        return not self._apps_backwards.isdisjoint(words) or any(end in doc.lower for end in self._link_ends)

    def _scan(self, doc: Document, atoms: list[Atom], text: str) -> Iterator[Found]:
        keys = ["" if len(atom.text) > _LONGEST else spell_key(atom.text) for atom in atoms]
        whole, prefixes = self._by_key, self._prefixes
        for first, key in enumerate(keys):
            atom = atoms[first]
            if (key in whole or self._least_typo <= len(atom.text) <= _LONGEST) and (
                fit := self._whole(doc, atom, key)
            ) is not None:
                yield fit
            if key in prefixes:
                yield from self._joined(atoms, keys, first, text)

    def _joined(self, atoms: list[Atom], keys: list[str], first: int, text: str) -> Iterator[Found]:
        """Spellings that several words from `first` on make up together. `keys` are the words' own keys."""
        whole, prefixes, key, end = self._by_key, self._prefixes, keys[first], atoms[first].end
        size = len(atoms[first].text)
        for last in range(first + 1, len(atoms)):
            atom = atoms[last]
            gap = atom.start - end
            if gap > 1 and (gap > _GAP or _parted(text[end : atom.start])):
                return
            end = atom.end
            size += len(atom.text)
            if size > 3 * len(key) + 6 or size > _LONGEST:
                return
            # As the key of the words together.
            more = keys[last]
            key += more[1:] if key[-1] == more[0] else more
            if key in whole:
                run = atoms[first : last + 1]
                joined = "".join(one.text for one in run)
                for one in whole[key]:
                    if (how := joins(one, joined, run, text, self._known)) is not None:
                        yield Found(one, run[0].start, end, how)
            if key not in prefixes:
                return

    def _whole(self, doc: Document, atom: Atom, key: str) -> Found | None:
        """A spelling that is one word."""
        for one in self._by_key.get(key, ()):
            how = alike(one, atom.text)
            if how is None or not _edges(one, atom) or (not doc.ascii and _foreign(doc, atom.start, atom.end)):
                continue
            glued = {"glued"} if atom.glued_left or atom.glued_right else set[str]()
            return Found(one, atom.start, atom.end, how | glued)
        folded = leet(atom.text)
        if (folded[0], len(folded)) in self._typo_starts and not atom.glued_left and not atom.glued_right:
            for near in {folded, *deletions(folded)}:
                for one in self._typos.get(near, ()):
                    if one_edit(folded, leet(one.flat)):
                        return Found(one, atom.start, atom.end, frozenset({"typo"}))
        return None

    def _starred(self, doc: Document) -> Iterator[Found]:
        """Words with a letter or two starred out (t*boo)."""
        for found in STARRED.finditer(doc.lower):
            word = found[0]
            stars = sum(char in "*•" for char in word)
            if stars > 2 or stars * 2 >= len(word):
                continue
            pattern = re.compile(re.sub(r"[*•]", ".", word) + r"\Z")
            for one in self._by_size.get(len(word), ()):
                if pattern.match(one.flat) and (len(word) > _NAME or (one.kind == "app" and not one.weak)):
                    yield Found(one, found.start(), found.end(), frozenset({"starred"}))
                    break

    def _drawn(self, doc: Document) -> Iterator[Found]:
        """Terms with letters drawn with several signs (n()limits)."""
        read = drawn(doc.lower) if doc.ascii else None
        if read is None:
            return
        for one in self._scan(doc, _near(atoms_of(read.text, read.text), read.places), read.text):
            if one.spelling.kind == "term" and "leet" in one.spelling.tolerance and read.holds(one.start, one.end):
                yield Found(one.spelling, read.starts[one.start], read.ends[one.end - 1], one.how | {"leet"})

    def _native_finds(self, doc: Document) -> Iterator[Found]:
        if self._native_pattern is None or doc.ascii:
            return
        for found in self._native_pattern.finditer(doc.lower):
            start, end = found.span(found.lastgroup or 0)
            # Folded, a Cyrillic name may be a Latin word: only the other script's own letters are the name.
            if any(not latin(char) for char in doc.original(start, end)):
                yield Found(self._native_by_flat[doc.lower[start:end]][0], start, end)

    def _glued(self, doc: Document) -> Iterator[Found]:
        """Tags and words that consist of known pieces, at least one of them a spelling."""
        for found in ATOM.finditer(doc.lower):
            word = found[0]
            if not 5 <= len(word) <= 60 or not word.isascii():
                continue
            tag = _is_tag(doc, found.start())
            if not tag and word[:2] not in self._piece_starts:
                continue
            pieces = self._split(word, self._flat, tag=tag)
            if pieces is None and tag and any(map(str.isdigit, word)):
                pieces = self._split(leet(word), self._flat_leet, tag=False)
            for start, end, one in pieces or ():
                if one is not None:
                    yield Found(one, found.start() + start, found.start() + end, frozenset({"glued"}))

    def _split(
        self, word: str, flats: Mapping[str, list[Spelling]], *, tag: bool
    ) -> list[tuple[int, int, Spelling | None]] | None:
        """`word` cut into known pieces; fillers count in tags only. None where it cannot be, or is one piece."""
        best: list[list[tuple[int, int, Spelling | None]] | None] = [[], *[None] * len(word)]
        for end in range(1, len(word) + 1):
            for size in self._piece_sizes:
                start = end - size
                before = best[start] if start >= 0 else None
                if before is None:
                    continue
                piece = word[start:end]
                ones = [one for one in flats.get(piece, ()) if size > 2 and (tag or not one.weak)]
                if ones or (tag and (piece in self._fillers or piece.isdigit())) or piece == "4":
                    best[end] = [*before, (start, end, ones[0] if ones else None)]
                    break
        done = best[-1]
        return done if done and len(done) > 1 and any(one for _, _, one in done) else None


def _parted(gap: str) -> bool:
    """True for what no spelling goes on across: a field's end, an empty line."""
    return "\x1e" in gap or gap.count("\n") > 1


def _reads_backwards(one: Found) -> bool:
    return one.spelling.kind == "service" or "reversed" in one.spelling.tolerance


def _edges(one: Spelling, atom: Atom) -> bool:
    """Three letters at a change of case are a part of a name (iMap), not a word."""
    return len(one.flat) > 3 or not (atom.glued_left or atom.glued_right)


def _foreign(doc: Document, start: int, end: int) -> bool:
    """A word of another script that merely looks like the Latin spelling, in a text of that script."""
    original = doc.original(start, end)
    native_here = sum("\u0370" <= char <= "\u052f" for char in original)
    if not native_here or any(latin(char) for char in original if char.isalpha()):
        return False
    native, latin_letters = doc.scripts(start)
    return native - native_here > latin_letters


def _is_tag(doc: Document, start: int) -> bool:
    if start and doc.lower[start - 1] == "#":
        return True
    return doc.field(start).startswith(("tags[", "community", "author.handle", "author.name"))


def _near(atoms: list[Atom], changed: list[int]) -> list[Atom]:
    """The words within reach of a changed position: the others were read already."""
    return [atom for atom in atoms if _any_within(changed, atom.start - _NEARBY, atom.end + _NEARBY)]


def _any_within(positions: list[int], start: int, end: int) -> bool:
    at = bisect_left(positions, start)
    return at < len(positions) and positions[at] < end


def _index(pairs: Iterable[tuple[str, Spelling]]) -> Mapping[str, list[Spelling]]:
    index: dict[str, list[Spelling]] = {}
    for key, one in pairs:
        index.setdefault(key, []).append(one)
    return index


def _native_pattern(native: list[Spelling]) -> re.Pattern[str] | None:
    """Names in scripts other than Latin. Where words are set apart, long ones may carry an ending of up to three
    letters, and Arabic prefixes may precede; where they are not, a name may stand anywhere.
    """
    joined = re.compile(f"[{RUN_TOGETHER}]")
    flats = sorted({one.flat for one in native}, key=len, reverse=True)
    run = [flat for flat in flats if joined.search(flat) or not ATOM.search(flat)]
    words = [flat for flat in flats if flat not in run]
    parts = {
        "run": ("", run, ""),
        "long": (_WORD_START, [flat for flat in words if len(flat) >= 4], r"(?![^\W_]{4})"),
        "short": (_WORD_START, [flat for flat in words if len(flat) < 4], r"(?![^\W_])"),
    }
    alternatives = [
        f"{start}(?P<{name}>{'|'.join(map(re.escape, forms))}){end}"
        for name, (start, forms, end) in parts.items()
        if forms
    ]
    return re.compile("|".join(alternatives)) if alternatives else None


def _longest(found: list[Found]) -> list[Found]:
    """Without what lies inside a longer find."""
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
