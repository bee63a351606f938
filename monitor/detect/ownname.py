"""Claims like "same as my username": the handle is the author's own, or the one that was named before.

The words around an app's name are turned into classes, one letter each ("kik = my handle" is "A=ML"), and patterns over
those letters say what is a claim. So a claim is found in whatever words and language its parts are listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from monitor.detect.document import Document
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.vocabulary import Vocabulary
from monitor.detect.wordlists import WordIndex
from monitor.text.fold import fold

_REACH: Final = 110
"""Characters around an app's name that are looked at."""
_APPS: Final = 40
_PLAIN: Final = 4
_PARTICLE: Final = 3
"""Letters of an ending or particle in scripts that join them on."""
_USERNAME: Final = re.compile(r"/n(?![^\W_])")
_WORD: Final = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_SIGNS: Final[dict[str, str]] = {
    **dict.fromkeys(",;/|()[]\n", ","),
    **dict.fromkeys(".!?。！？", "."),
    **dict.fromkeys(":→➡⇒-", "="),
    "=": "Q",
    "@": "L",
    "\x1e": "#",
}
_FACES: Final = frozenset({":)", ":(", ":d", ":p", ":3", ":]", ";)", ":-"})
_CLASSES: Final = (
    "phrase", "same", "my", "label", "name", "here", "this", "see", "shown", "is", "too", "other",
)  # fmt: skip
_LETTERS: Final = dict(zip(_CLASSES, "PSMLnHTEV=fN", strict=True))
_LABEL: Final = "[Ln]"
_WANTED: Final = frozenset("PSLnE")
"""Classes without which there is no claim: of all patterns each wants one."""
_PAGES: Final = frozenset({"profile", "profil", "perfil", "account", "konto", "cuenta", "conta", "compte"})


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Patterns over classes; `p`, a word like "on", is a filler (`f`) too, and `Q`, an equals sign, an "is" (`=`)."""
    return tuple(re.compile(re.sub(r"(?<!\?)=", "=Q", one.replace("f", "fp"))) for one in patterns)


_SURE: Final = (
    # after the app: "kik: same as my username", "kik username is the same as here", "kikはここと同じ"
    rf"A{_LABEL}?[fEaMT=,]{{0,4}}(?P<claim>S?P|S[fM=H]{{0,4}}M?S?(?:{_LABEL}|H|V)V?)",
    rf"A[f=]{{0,2}}(?P<claim>(?:[MHLn][fT=]{{0,3}}){{1,4}}S(?:[f]{{0,2}}{_LABEL})?)",
    # before it: "same name on kik", "same as here, kik"
    rf"(?P<claim>P|S[fM=H]{{0,4}}M?S?(?:{_LABEL}|H)V?|M?{_LABEL}[f=]{{0,2}}S)[fMaT,=]{{0,4}}A",
)
_MAYBE: Final = (
    # like "kik is my handle", "on wickr under this exact name", "wickr is the name you see", "kik: see username"
    rf"A{_LABEL}?[fEaM=,]{{0,4}}"
    rf"(?P<claim>[MT]S?[f]?{_LABEL}V?(?:[=][f]{{0,3}}[MT]S?{_LABEL}{{1,2}})?|{_LABEL}V|EM?{_LABEL})(?![=])",
    # like "kik same"; like "telegram is username" with an equals sign
    r"A[=f]{0,2}(?P<claim>S)(?=[f]?[.,#t])",
    rf"A{_LABEL}?Q(?P<claim>L)(?=[.,#tx])",
    # like "my @ is also my telegram", "username doubles as my kik", "see username for kik", "same on snap"
    r"(?P<claim>[MT]S?LV?)(?:[fM=a]{0,4}|,[fx=]{0,2}M)A",
    r"(?P<claim>[MT]S?nV?)(?:[f]{1,3}|[=f]{1,3}M)A",
    rf"(?P<claim>EM?{_LABEL})(?:[fa]{{0,3}}|,[fx=]{{0,2}}M)A",
    r"(?:^|[.,#t])(?P<claim>LH?(?:Q|[=fx]{1,3}M))[f]?A",
    r"(?P<claim>S)p[fa]{0,2}A",
)
_AGAIN: Final = (
    # the handle that was named before: "..., same for wickr", "..., wickr too", "..., also on wickr"
    r"(?P<claim>S)[f]{1,2}[fa]{0,2}A",
    r"A[f]?(?P<claim>[f])(?=[.,#t])",
    r"(?:^|[.,#])(?P<claim>[f])[f]{0,2}A(?=[.,#t])",
)
_TOO: Final = (
    "same",
    "too",
    "also",
    "auch",
    "aussi",
    "también",
    "tambien",
    "anche",
    "também",
    "tambem",
    "ook",
    "też",
    "также",
    "тоже",
)
_ALSO: Final = re.compile(rf"(?<![^\W_])(?:{'|'.join(fold(word).lower for word in _TOO)})(?![^\W_])")
_CLAUSE: Final = re.compile(r"[.,#]")


@dataclass(frozen=True, slots=True)
class Claim:
    """The words at [start, end) say that `app` has a handle that stands elsewhere.

    :param sure: whatever else is read beside the app; otherwise only where no handle of it is.
    :param own: it is the author's, not one that was named before; :param again: it is none but that.
    """

    app: Found
    start: int
    end: int
    sure: bool
    own: bool
    again: bool = False


class OwnName:
    """Finds claims. Built once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._filler = vocabulary.neutral | vocabulary.joining
        self._placing = vocabulary.placing
        self._everyday = vocabulary.everyday
        self._words = {word: _LETTERS[name] for name in _CLASSES for word in vocabulary.own[name] if word.isascii()}
        self._index = WordIndex()
        self._classes = {self._index.add(vocabulary.own[name]).owner: _LETTERS[name] for name in _CLASSES}

    def find(self, doc: Document, apps: Sequence[Found], terms: Sequence[Found]) -> list[Claim]:
        """The claims beside the given apps, one an app at most."""
        claims: list[Claim] = []
        for at, app in enumerate(apps[:_APPS]):
            if at and apps[at - 1].start == app.start:
                continue  # one spelling of two apps: the first stands for it
            claim = self._beside(doc, app, apps, terms)
            if claim is not None:
                claims.append(claim)
        return claims

    def _beside(self, doc: Document, app: Found, apps: Sequence[Found], terms: Sequence[Found]) -> Claim | None:
        first, last = doc.bounds(app.start)
        start, end = max(first, app.start - _REACH), min(last, app.end + _REACH)
        if not self._may_claim(doc, start, end):
            return None
        items = list(self._items(doc, start, end, app, apps, terms))
        letters = "".join([letter for letter, _, _ in items]) + ("#" if end == last else "x")
        again = _ALSO.search(doc.lower, start, end) is not None
        if not (again or _claims(set(letters))):
            return None
        for sure, patterns in ((True, _SURE), (False, _MAYBE), (False, _AGAIN if again else ())):
            for pattern in _compiled(patterns):
                found = pattern.search(letters)
                if (
                    found is not None
                    and not _denied(letters, found)
                    and not _follows(doc, items, found.end("claim"))
                    and not _elsewhere(doc, letters, items, found)
                    and not self._given(doc, found["claim"], items[found.end("claim") :])
                ):
                    words = items[found.start("claim") : found.end("claim")]
                    claim = found["claim"]
                    own = not set(claim) <= set("SLnfp")
                    if patterns is _AGAIN:
                        if _ALSO.fullmatch(doc.lower, words[0][1], words[-1][2]) is None:
                            continue
                        own = False
                    return Claim(app, words[0][1], words[-1][2], sure, own, again=patterns is _AGAIN)
        return None

    def _may_claim(self, doc: Document, start: int, end: int) -> bool:
        """True where one of the classes stands without which there is no claim: of all patterns each wants one."""
        text = doc.lower[start : end + 1]
        if not text.isascii() or "@" in text or "u/" in text or _ALSO.search(text):
            return True
        return any(self._classes[owner] in _WANTED for owner in self._index.hits(doc, start, end))

    def _given(self, doc: Document, claim: str, after: Sequence[tuple[str, int, int]]) -> bool:
        """True where the name that "my username" announces follows: "kik, my username zorblat"."""
        if not after or not set(claim) <= set("MLnf") or after[0][0] != "x":
            return False
        word = doc.lower[after[0][1] : after[0][2]]
        return len(word) > _PLAIN and not self._everyday(word)

    def _items(
        self, doc: Document, start: int, end: int, app: Found, apps: Sequence[Found], terms: Sequence[Found]
    ) -> Iterator[tuple[str, int, int]]:
        """(class, start, end) of the words and signs between two positions."""
        marks = [("A" if one.start == app.start else "a", one.start, one.end) for one in apps]
        marks += [("t", one.start, one.end) for one in terms]
        marks = [one for one in marks if start <= one[1] and one[2] <= end]
        taken = Spans((a, b) for _, a, b in marks)
        for owner, hits in self._index.hits(doc, start, end).items():
            letter = self._classes[owner]
            marks += [(letter, a, b) for _, a, b in hits if not taken.overlaps(a, b)]
        at = start
        for letter, first, last in sorted(marks, key=lambda one: (one[1], -one[2], _rank(one[0]))):
            if first < at:
                continue
            yield from self._plain(doc, at, first)
            yield letter, first, last
            at = last
        yield from self._plain(doc, at, end)

    def _plain(self, doc: Document, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        text = doc.lower
        at = start
        for found in _WORD.finditer(text, start, end):
            yield from _signs(text, at, found.start())
            word, (first, last) = found[0], found.span()
            at = last
            if word == "u" and text[last : last + 1] == "/":
                own = _USERNAME.match(text, last) is not None  # "u/n"
                at = last + 1 + own
                yield from (("M", first, first),) if own else ()
                yield "L", first, at
            elif not word.isascii() and len(word) <= _PARTICLE and (first == start or last == end):
                continue  # an ending or a particle
            else:
                yield self._class(word), first, last
        yield from _signs(text, at, end)

    def _class(self, word: str) -> str:
        if word in self._words:
            return self._words[word]
        if word in self._placing:
            return "p"
        return "f" if word in self._filler or len(word) == 1 else "x"


def _claims(letters: set[str]) -> bool:
    """True where some of the patterns may find a claim: one with "same" or a whole phrase, or one with a label beside
    another class.
    """
    return not letters.isdisjoint("SP") or not (letters.isdisjoint("Ln") or letters.isdisjoint("MTVEQ"))


def _denied(letters: str, found: re.Match[str]) -> bool:
    """True where the clause of what seemed a claim asks, denies, or speaks about others."""
    before = _CLAUSE.split(letters[: found.end()])
    return "N" in before[-1] or "N" in found[0]


def _elsewhere(doc: Document, letters: str, items: Sequence[tuple[str, int, int]], found: re.Match[str]) -> bool:
    """True for "telegram in my profile": where it stands, not what it is."""
    start, end = found.span("claim")
    last = items[end - 1]
    return letters[max(start - 1, 0)] == "p" and doc.lower[last[1] : last[2]] in _PAGES


def _signs(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for at in range(start, end):
        if text[at : at + 2] in _FACES:
            continue
        letter = _SIGNS.get(text[at])
        if letter is not None and not (
            letter == "L" and (text[at + 1 : at + 2].isalnum() or text[at + 1 : at + 2] == "_")
        ):
            yield letter, at, at + 1


def _rank(letter: str) -> int:
    return "AaNPSMLnHTEV=ft".index(letter)


def _follows(doc: Document, items: Sequence[tuple[str, int, int]], at: int) -> bool:
    """True where what seemed a claim introduces a handle: "same name on both: zorblat_77"."""
    while at < len(items) and items[at][0] in "fpaA":
        at += 1
    return at + 1 < len(items) and items[at][0] in "=Q" and doc.lower[items[at][1]] != "-" and items[at + 1][0] == "x"
