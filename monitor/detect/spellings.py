"""Finds names and terms however they are spelled: the matcher of app names and of the lexicon.

Works on a folded document. A spelling is found where its letters stand as a word; with digits and signs for letters
(leet); stretched; set apart by spaces, dots, emoji ...; glued to others in a tag; backwards; and, where that is
allowed, with one typing error. The cost does not grow with the number of spellings: words are looked up by key.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from monitor.detect.document import Document
from monitor.text.fold import fold

_RUN_TOGETHER: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u3099\u309a"
"""Scripts written without spaces between words, or with endings joined on."""
_WORD_CHARS: Final = rf"[^\W_{_RUN_TOGETHER}]|[\u0900-\u0963\u0966-\u0dff]"
_ATOM: Final = re.compile(rf"(?:{_WORD_CHARS})+|[{_RUN_TOGETHER}]+")
_CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")

_WORD_START: Final = r"(?<![^\W_])(?:[وبلفك]{0,2}(?:ال|لل)?)?"

_LEET: Final = str.maketrans("0123456789l", "oizeasgtbgi")
_SIGNS: Final = str.maketrans("@$!|+(€£", "asiitcei")
_SIGN: Final = re.compile(
    r"(?<=[^\W_])[@$!|+(€£]+(?=[^\W_])|(?<![\w@$!|+(€£.])\$(?=[^\W_])|(?<=[^\W\d_])[@$](?![\w@$])"
)
_STARRED: Final = re.compile(r"(?<![\w*])[a-z0-9]+(?:[*•]{1,2}[a-z0-9]+)+(?![\w*])")
_REPEATS: Final = re.compile(r"(.)\1+")
_TIME: Final = re.compile(r"[0-9]{1,2}[ap]m\Z")

EVERYTHING: Final = frozenset({"leet", "stretched", "separated", "glued", "reversed", "starred"})
TOLERANCES: Final = EVERYTHING | {"typo"}


def leet(text: str) -> str:
    """Digits as the letters they stand for; l and i are one."""
    return text.translate(_LEET)


def squeeze(text: str) -> str:
    """Every run of one letter as that letter once."""
    return _REPEATS.sub(r"\1", text)


def _runs(text: str) -> list[tuple[str, int]]:
    return [(char, sum(1 for _ in run)) for char, run in groupby(text)]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a name or term.

    :param kind: "app", "term" or "service".
    :param id: what it stands for (a term's or an app's id).
    :param flat: folded, lower case, letters and digits only.
    :param breaks: positions in `flat` where a space may stand.
    :param native: written in another script than Latin, so that its Latin look-alike is not it.
    :param weak: also an everyday word or a short form.
    """

    kind: str
    id: str
    flat: str
    breaks: frozenset[int] = frozenset()
    native: bool = False
    weak: bool = False
    tolerance: frozenset[str] = EVERYTHING

    @classmethod
    def of(
        cls, kind: str, spelling_id: str, text: str, *, weak: bool = False, tolerance: frozenset[str] = EVERYTHING
    ) -> Spelling:
        """From the text as a lexicon gives it."""
        folded = fold(text).lower
        words = _ATOM.findall(folded)
        if not words:
            # A sign (an app's emoji) stands for itself.
            return cls(kind, spelling_id, folded, native=True, weak=weak, tolerance=tolerance)
        at, breaks = 0, set[int]()
        for word in words[:-1]:
            at += len(word)
            breaks.add(at)
        native = any(char.isalpha() and not _latin(char) for char in text)
        return cls(kind, spelling_id, "".join(words), frozenset(breaks), native, weak, tolerance)


def _latin(char: str) -> bool:
    return char.isascii() or "\u00c0" <= char <= "\u024f" or "\u1e00" <= char <= "\u1eff"


@dataclass(frozen=True, slots=True)
class Found:
    """A spelling at document positions [start, end); `how` names the tolerances that were needed."""

    spelling: Spelling
    start: int
    end: int
    how: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Atom:
    """A run of letters and digits; `glued_left`/`glued_right`: an edge inside a word, at a change of case."""

    start: int
    end: int
    text: str
    glued_left: bool = False
    glued_right: bool = False


def atoms_of(lower: str, cased: str) -> list[Atom]:
    """The words of a text, split further where CamelCase says so."""
    atoms: list[Atom] = []
    for found in _ATOM.finditer(lower):
        start, end = found.span()
        word = cased[start:end]
        if word.islower() or word.isupper() or word[1:].islower() or not word.isascii():
            atoms.append(Atom(start, end, found[0]))
            continue
        pieces = [(start + piece.start(), start + piece.end()) for piece in _CAMEL.finditer(word)]
        atoms += [Atom(a, b, lower[a:b], glued_left=a > start, glued_right=b < end) for a, b in pieces]
    return atoms


class Spellings:
    """An index of spellings, built once, that finds them in documents."""

    def __init__(self, spellings: Iterable[Spelling], *, fillers: Iterable[str] = ()) -> None:
        """:param fillers: words that tags are glued together with."""
        every = list(spellings)
        latin = [one for one in every if not one.native]
        self._known = frozenset(one.flat for one in every if one.kind != "service")
        self._by_key = _index((_key(one.flat), one) for one in latin)
        self._backwards = _index(
            (_key(one.flat[::-1]), one) for one in latin if "reversed" in one.tolerance and len(one.flat) >= 4
        )
        self._prefixes = {key[:size] for key in self._by_key for size in range(1, len(key) + 1)}
        typos = [one for one in latin if "typo" in one.tolerance]
        self._typos = _index((key, one) for one in typos for key in _deletions(leet(one.flat)))
        self._typo_starts = {(leet(one.flat)[0], len(one.flat) + more) for one in typos for more in (-1, 0, 1)}
        self._native_pattern = _native_pattern([one for one in every if one.native])
        self._native_by_flat = _index((one.flat, one) for one in every if one.native)
        glueable = [one for one in latin if "glued" in one.tolerance]
        self._flat = _index((one.flat, one) for one in glueable)
        self._fillers = frozenset(fillers)
        self._piece_sizes = sorted({len(piece) for piece in [*self._flat, *self._fillers]}, reverse=True)
        self._piece_starts = {piece[:2] for piece in self._flat}
        self._by_size: dict[int, list[Spelling]] = {}
        for one in latin:
            if "starred" in one.tolerance and not one.breaks:
                self._by_size.setdefault(len(one.flat), []).append(one)

    def find(self, doc: Document) -> list[Found]:
        """Every spelling in the document, longest first where they overlap, sorted by position."""
        found = list(self._scan(doc, atoms_of(doc.lower, doc.cased), doc.lower))
        signed = _SIGN.sub(lambda signs: signs[0].translate(_SIGNS), doc.lower)
        if signed != doc.lower:
            changed = [at for at, (one, other) in enumerate(zip(doc.lower, signed, strict=True)) if one != other]
            found += [
                Found(one.spelling, one.start, one.end, one.how | {"leet"})
                for one in self._scan(doc, _near(atoms_of(signed, signed), changed), signed)
                if "leet" in one.spelling.tolerance and _any_within(changed, one.start, one.end)
            ]
        found += self._native_finds(doc)
        found += self._starred(doc)
        found = _longest(found)
        taken = [(one.start, one.end) for one in found]
        glued = [
            one for one in self._glued(doc) if not any(one.start < end and start < one.end for start, end in taken)
        ]
        return sorted([*found, *glued], key=lambda one: (one.start, one.end)) if glued else found

    def reads_backwards(self, doc: Document) -> bool:
        """True where a spelling of four letters or more stands in the document backwards."""
        for found in _ATOM.finditer(doc.lower):
            word = found[0]
            for one in self._backwards.get(_key(word), ()) if len(word) > 3 else ():
                if word == one.flat[::-1] and word != one.flat:
                    return True
        return False

    def _scan(self, doc: Document, atoms: list[Atom], text: str) -> Iterator[Found]:
        for first, atom in enumerate(atoms):
            key = _key(atom.text)
            if (fit := self._whole(doc, atom, key)) is not None:
                yield fit
            joined, last = atom.text, first
            while key in self._prefixes and last + 1 < len(atoms):
                gap = text[atoms[last].end : atoms[last + 1].start]
                if len(gap) > 4 or "\x1e" in gap or gap.count("\n") > 1:
                    break
                last += 1
                joined += atoms[last].text
                key = _key(joined)
                for one in self._by_key.get(key, ()):
                    if (how := self._joins(one, joined, atoms[first : last + 1], text)) is not None:
                        yield Found(one, atom.start, atoms[last].end, how)

    def _whole(self, doc: Document, atom: Atom, key: str) -> Found | None:
        """A spelling that is one word."""
        for one in self._by_key.get(key, ()):
            how = _alike(one, atom.text)
            if how is None or not _edges(one, atom) or _foreign(one, doc, atom.start, atom.end):
                continue
            glued = {"glued"} if atom.glued_left or atom.glued_right else set[str]()
            return Found(one, atom.start, atom.end, how | glued)
        folded = leet(atom.text)
        if (folded[0], len(folded)) in self._typo_starts and not atom.glued_left and not atom.glued_right:
            for near in {folded, *_deletions(folded)}:
                for one in self._typos.get(near, ()):
                    if _one_edit(folded, leet(one.flat)):
                        return Found(one, atom.start, atom.end, frozenset({"typo"}))
        return None

    def _joins(self, one: Spelling, joined: str, atoms: list[Atom], text: str) -> frozenset[str] | None:
        """The tolerances needed to read several words as one spelling; None where they are not it."""
        how = _alike(one, joined)
        if how is None:
            return None
        gaps = [text[a.end : b.start] for a, b in zip(atoms, atoms[1:], strict=False)]
        spaced = [at for at, gap in zip(_cuts(atoms), gaps, strict=True) if gap]
        if one.breaks and set(spaced) <= _stretched_breaks(one, joined) and all("\n" not in gap for gap in gaps):
            return how
        inside = atoms[0].glued_left or atoms[-1].glued_right
        if all(not gap for gap in gaps) and not inside:
            return how  # one word in odd case: tAbOO
        if "separated" not in one.tolerance or (inside and len(one.flat) <= 3):
            return None
        singles = sum(len(atom.text) == 1 for atom in atoms)
        if singles == len(atoms) or (len(one.flat) >= 5 and singles >= len(atoms) - 1 and len(atoms) > 3):
            return how | {"separated"} if self._free(one, atoms, gaps, text) else None
        if any(gap.isspace() or " " in gap or "\n" in gap for gap in gaps):
            return None
        if all(not gap for gap in gaps):
            return how | {"glued"} if len(one.flat) > 3 else None
        return how | {"separated"} if len(one.flat) >= 5 or (len(one.flat) == 4 and not one.weak) else None

    def _free(self, one: Spelling, atoms: list[Atom], gaps: list[str], text: str) -> bool:
        """Letters set apart are a short word only where the letters around go on to other names, or not at all."""
        if len(one.flat) >= 5:
            return True
        gap = max(set(gaps), key=gaps.count)
        after, before = text[atoms[-1].end :][:80], text[: atoms[0].start][-80:]
        right = _letters_apart(after, gap)
        left = _letters_apart(before[::-1], gap[::-1])[::-1]
        return all(
            not rest
            or any(rest.startswith(name) if side else rest.endswith(name) for name in self._known if len(name) > 2)
            for side, rest in ((True, right), (False, left))
        )

    def _starred(self, doc: Document) -> Iterator[Found]:
        """Words with a letter or two starred out (t*boo)."""
        for found in _STARRED.finditer(doc.lower):
            word = found[0]
            stars = sum(char in "*•" for char in word)
            if stars > 2 or len(word) < 4 or stars * 2 >= len(word):
                continue
            pattern = re.compile(re.sub(r"[*•]", ".", word) + r"\Z")
            for one in self._by_size.get(len(word), ()):
                if pattern.match(one.flat):
                    yield Found(one, found.start(), found.end(), frozenset({"starred"}))
                    break

    def _native_finds(self, doc: Document) -> Iterator[Found]:
        if self._native_pattern is None or doc.ascii:
            return
        for found in self._native_pattern.finditer(doc.lower):
            start, end = found.span(found.lastgroup or 0)
            # Folded, a Cyrillic name may be a Latin word: only the other script's own letters are the name.
            if any(not _latin(char) for char in doc.original(start, end)):
                yield Found(self._native_by_flat[doc.lower[start:end]][0], start, end)

    def _glued(self, doc: Document) -> Iterator[Found]:
        """Tags and words that consist of known pieces, at least one of them a spelling."""
        for found in _ATOM.finditer(doc.lower):
            word = found[0]
            if not 5 <= len(word) <= 60 or not word.isascii():
                continue
            tag = _is_tag(doc, found.start())
            if not tag and word[:2] not in self._piece_starts:
                continue
            pieces = self._split(word, tag=tag)
            for start, end, one in pieces or ():
                if one is not None:
                    yield Found(one, found.start() + start, found.start() + end, frozenset({"glued"}))

    def _split(self, word: str, *, tag: bool) -> list[tuple[int, int, Spelling | None]] | None:
        """`word` cut into known pieces; fillers count in tags only. None where it cannot be, or is one piece."""
        best: list[list[tuple[int, int, Spelling | None]] | None] = [[], *[None] * len(word)]
        for end in range(1, len(word) + 1):
            for size in self._piece_sizes:
                start = end - size
                before = best[start] if start >= 0 else None
                if before is None:
                    continue
                piece = word[start:end]
                ones = [one for one in self._flat.get(piece, ()) if tag or not one.weak]
                if ones or (tag and (piece in self._fillers or piece.isdigit())):
                    best[end] = [*before, (start, end, ones[0] if ones else None)]
                    break
        done = best[-1]
        return done if done and len(done) > 1 and any(one for _, _, one in done) else None


def _is_tag(doc: Document, start: int) -> bool:
    if start and doc.lower[start - 1] == "#":
        return True
    return doc.field(start).startswith(("tags[", "community", "author.handle", "author.name"))


def _near(atoms: list[Atom], changed: list[int]) -> list[Atom]:
    """The words within reach of a changed position: the others were read already."""
    reach = 60
    return [atom for atom in atoms if _any_within(changed, atom.start - reach, atom.end + reach)]


def _any_within(positions: list[int], start: int, end: int) -> bool:
    at = bisect_left(positions, start)
    return at < len(positions) and positions[at] < end


def _index(pairs: Iterable[tuple[str, Spelling]]) -> Mapping[str, list[Spelling]]:
    index: dict[str, list[Spelling]] = {}
    for key, one in pairs:
        index.setdefault(key, []).append(one)
    return index


def _key(text: str) -> str:
    return squeeze(leet(text))


def _deletions(text: str) -> set[str]:
    return {text[:at] + text[at + 1 :] for at in range(len(text))}


def _one_edit(one: str, other: str) -> bool:
    """True where one letter missing, doubled, wrong or swapped with its neighbour leads from one to the other."""
    if one == other or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        rest, other_rest = one[same:], other[same:]
        return rest[1:] == other_rest[1:] or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[same + 1 :] == shorter[same:]


def _alike(one: Spelling, text: str) -> frozenset[str] | None:
    """The tolerances needed to read `text` as the spelling; None where it is not it."""
    if text == one.flat:
        return frozenset()
    how: set[str] = set()
    got, want = _runs(leet(text)), _runs(leet(one.flat))
    if [char for char, _ in got] != [char for char, _ in want]:
        return None
    if any(a < b for (_, a), (_, b) in zip(got, want, strict=True)):
        return None
    more = [a for (_, a), (_, b) in zip(got, want, strict=True) if a > b]
    if more and not _one_sign(text, one.flat, got, want):
        return None
    if more:
        how.add("stretched")
        if max(more) < 3 and (len(one.flat) < 5 or len(more) > 1):
            return None
    if any(a != b for (a, _), (b, _) in zip(_runs(text), _runs(one.flat), strict=False)) or len(_runs(text)) != len(
        want
    ):
        how.add("leet")
        if not _leet_fits(one, text):
            return None
    return frozenset(how) if how <= one.tolerance else None


def _one_sign(text: str, flat: str, got: list[tuple[str, int]], want: list[tuple[str, int]]) -> bool:
    """A stretched letter is one sign over and over (taaaboo), not several that can stand for it (77taboo)."""
    at = flat_at = 0
    for (_, size), (_, wanted) in zip(got, want, strict=True):
        signs = set(text[at : at + size])
        if size > wanted and len(signs) > 1 and not signs <= set(flat[flat_at : flat_at + wanted]):
            return False
        at += size
        flat_at += wanted
    return True


def _leet_fits(one: Spelling, text: str) -> bool:
    """Short words in digits are times, ages and sizes more often than words."""
    digits = sum(char.isdigit() for char in text)
    if digits == 0:
        return len(text) >= 5  # l for i and the like
    if len(text) <= 3:
        return digits == 1 and text[0].isalpha() and not _TIME.match(text)
    return digits * 3 <= len(text) * 2 and any(char.isalpha() for char in text)


def _edges(one: Spelling, atom: Atom) -> bool:
    """Three letters at a change of case are a part of a name (iMap), not a word."""
    return len(one.flat) > 3 or not (atom.glued_left or atom.glued_right)


def _foreign(one: Spelling, doc: Document, start: int, end: int) -> bool:
    """A word of another script that merely looks like the Latin spelling, in a text of that script."""
    original = doc.original(start, end)
    if original.isascii() or any(_latin(char) for char in original if char.isalpha()):
        return False
    if not any("\u0370" <= char <= "\u052f" for char in original):
        return False
    around_start, around_end = doc.bounds(start)
    rest = doc.original(around_start, start) if start > around_start else ""
    rest += doc.original(end, around_end) if end < around_end else ""
    return sum("\u0370" <= char <= "\u052f" for char in rest) > sum(char.isascii() and char.isalpha() for char in rest)


def _cuts(atoms: list[Atom]) -> list[int]:
    cuts: list[int] = []
    at = 0
    for atom in atoms[:-1]:
        at += len(atom.text)
        cuts.append(at)
    return cuts


def _stretched_breaks(one: Spelling, joined: str) -> frozenset[int]:
    """Where the spelling's spaces may stand in `joined`, which may be longer by stretched letters."""
    if len(joined) == len(one.flat):
        return one.breaks
    return frozenset(
        at for at in range(1, len(joined)) if _key(joined[:at]) in {_key(one.flat[:b]) for b in one.breaks}
    )


def _letters_apart(text: str, gap: str) -> str:
    """The single letters that follow in the same spacing, as one word."""
    letters: list[str] = []
    at = 0
    while text.startswith(gap, at) and at + len(gap) < len(text) and text[at + len(gap)].isalnum():
        at += len(gap)
        if at + 1 < len(text) and text[at + 1].isalnum():
            break
        letters.append(text[at])
        at += 1
    return "".join(letters)


def _native_pattern(native: list[Spelling]) -> re.Pattern[str] | None:
    """Names in scripts other than Latin. Where words are set apart, long ones may carry an ending of up to three
    letters, and Arabic prefixes may precede; where they are not, a name may stand anywhere."""
    joined = re.compile(f"[{_RUN_TOGETHER}]")
    flats = sorted({one.flat for one in native}, key=len, reverse=True)
    run = [flat for flat in flats if joined.search(flat) or not _ATOM.search(flat)]
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
