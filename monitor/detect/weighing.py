"""Weighs shares and terms together: readable parts whose weights add up to the score."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from monitor.detect.atoms import WORD
from monitor.detect.company import sentence
from monitor.detect.document import Document
from monitor.detect.endings import word_end
from monitor.detect.framing import Framing
from monitor.detect.lexicon import Term
from monitor.detect.links import Share
from monitor.detect.preference import personal, preferred
from monitor.detect.rules import Rules
from monitor.detect.screening import Part
from monitor.detect.senses import Senses
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.vocabulary import Vocabulary
from monitor.quick import quick_init

HANDLE: Final = 0.25
HANDLE_SURE: Final = 0.12
TERM: Final = 0.30
AMBIGUOUS: Final = 0.04
SECOND: Final = 0.20
THIRD: Final = 0.04
BARE: Final = 0.15
PREFERRED: Final = 0.20
NEAR: Final = 0.06
APPROACH: Final = 0.03
ALONE: Final = 0.10
NAMED: Final = 0.12
"""Where no handle was read: there may be one in a form that is not known."""
APART: Final = -0.25
SAID: Final = -0.02
"""For each word with a meaning of its own beyond the first, up to six."""
MOST: Final = 0.99

_CAP: Final = 200
"""Shares and terms of one post that are weighed; further ones are reported with the same verdict."""
_CLOSE: Final = 120
_PAIRS: Final = 20
_APART: Final = 2
_QUESTION: Final = frozenset("?？؟")
_PROSE: Final = 3
"""Words with a meaning of their own from which on a text is prose."""
_MUCH: Final = 6
_LISTS: Final = re.compile(
    r"[\s/,&＆+|;#-]*(?:(?:and|or|n|y|o|e|ou|et|und|oder|en|of|i|и|или|ve|veya|dan|atau)[\s#]+)?\Z"
)
_HIT: Final = re.compile(r"\bhit my\b")
_READ: Final = 20_000
_REMEMBERED: Final = 1 << 14
"""Words of which it is known what they mean ..."""
_LONG: Final = 64
"""... of up to so many letters."""
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0eff\u3099]+")
_NAMES: Final = ("author.handle", "author.name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """`live`: terms meant as coded; `parts`: why, with what they add up to as `score` (0 to 1)."""

    live: Sequence[Found]
    parts: Sequence[Part]
    score: float


quick_init(Weighed)


class Weigher:
    """Weighs by given rules and lexicon. Built once."""

    def __init__(self, rules: Rules, lexicon: Mapping[str, Term], vocabulary: Vocabulary) -> None:
        self.senses = Senses(rules, lexicon, vocabulary)
        self._framing = Framing(rules, vocabulary)
        self._rules = rules
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        self._meanings = lru_cache(maxsize=_REMEMBERED)(self._own_meaning)

    def weigh(self, doc: Document, shares: Sequence[Share], terms: Sequence[Found], apps: Sequence[Found]) -> Weighed:
        """The weight of shares and terms together; each may be empty."""
        if not shares or not terms:
            return _alone(shares, terms, apps)
        some_shares, some_terms = shares[:_CAP], terms[:_CAP]
        sensed = self.senses.meant(doc, some_shares, some_terms, apps)
        best = max(some_shares, key=lambda share: share.confidence)
        if not sensed.live:
            why = f"a {best.app.id} handle is shared, no term is meant as coded"
            return Weighed(live=(), parts=[Part(name="handle", weight=ALONE, why=why), *sensed.parts], score=ALONE)
        parts = [_part("handle", HANDLE + HANDLE_SURE * best.confidence, f"a {best.app.id} handle is shared")]
        seen = _seen(doc, some_shares, sensed.live, apps)
        strange = self._strange(doc, some_shares, sensed.live, seen)
        parts += self._terms(doc, sensed.live, strange)
        parts += self._company(doc, some_shares, sensed.live, strange)
        parts += self._between(doc, some_shares, sensed.live, seen)
        parts += sensed.parts
        if (frame := self._framing.frame(doc, sensed.live, apps)) is not None:
            parts.append(frame)
        parts.sort(key=lambda part: -abs(part.weight))
        score = round(min(max(sum(part.weight for part in parts), 0.0), MOST), 3)
        meant = {term.spelling.id for term in sensed.live}
        live = [*sensed.live, *(term for term in terms[_CAP:] if term.spelling.id in meant)]
        return Weighed(live=live, parts=parts, score=score)

    def framed(self, doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> Part | None:
        """Whether the post talks about such posts instead of being one."""
        return self._framing.frame(doc, live, apps)

    def _terms(self, doc: Document, live: Sequence[Found], strange: Sequence[str]) -> list[Part]:
        """What the terms weigh: one, and others beside it. Everyday words stand for each other only where they are
        listed or little else is said.
        """
        ids = sorted({term.spelling.id for term in live})
        clear = sorted({term.spelling.id for term in live if not self.senses.ambiguous(term)})
        if clear:
            first = max(clear, key=lambda term: self._lexicon[term].weight)
            parts = [_part("term", TERM * self._lexicon[first].weight, f"coded term: {first}")]
        else:
            parts = [_part("ambiguous-term", AMBIGUOUS, f"{', '.join(ids)}: also an everyday word")]
        if (
            len(ids) > 1
            and not clear
            and len(strange) > _PROSE
            and not (_listed(doc, live) or any(preferred(doc, term) for term in live[:_PAIRS]))
        ):
            return [*parts, _part("prose", 0.0, f"everyday words in a sentence: {', '.join(strange[:5])}")]
        if len(ids) > 1:
            parts.append(_part("second-term", SECOND, f"{len(ids)} different terms together"))
        if len(ids) > 2:
            parts.append(_part("more-terms", THIRD, "more than two different terms"))
        return parts

    def _company(
        self, doc: Document, shares: Sequence[Share], live: Sequence[Found], strange: Sequence[str]
    ) -> list[Part]:
        """What is said around them: nothing, little, or something with a meaning of its own."""
        parts: list[Part] = []
        if len({term.spelling.id for term in live}) == 1 and all(self.senses.ambiguous(term) for term in live):
            invited = any(self._vocabulary.inviting & _words(doc, *sentence(doc, term)) for term in live[:_PAIRS])
            if len(strange) <= self._rules.bare_words + invited:
                parts.append(_part("bare-list", BARE, "a bare list of words without an innocent sense"))
            elif any(preferred(doc, term) for term in live[:_PAIRS]):
                parts.append(_part("preference", PREFERRED, "somebody says that they like or are what it stands for"))
            else:
                parts.append(_part("no-bare-list", 0.0, f"not a bare list of words: {', '.join(strange[:5])}"))
        if any(
            -_CLOSE < share.start - term.end < _CLOSE or -_CLOSE < term.start - share.end < _CLOSE
            for share in shares
            for term in live
        ):
            parts.append(_part("near", NEAR, "handle and term stand close together"))
        if not strange:
            parts.append(_part("approach", APPROACH, "nothing else is said"))
        elif len(strange) > 1:
            much = min(len(strange) - 1, _MUCH)
            parts.append(_part("said", SAID * much, f"much else is said: {', '.join(strange[:5])}"))
        return parts

    def _between(self, doc: Document, shares: Sequence[Share], live: Sequence[Found], seen: Spans) -> list[Part]:
        """Something else is said between the one term and every handle, and nobody is invited: they are no offer."""
        if len({term.spelling.id for term in live}) > 1 or all(self.senses.ambiguous(term) for term in live):
            return []
        if any(personal(doc, term) for term in live[:_PAIRS]):
            return []
        least: list[str] | None = None
        for term in live[:_PAIRS]:
            for share in shares[:_PAIRS]:
                if share.same or doc.bounds(share.start) != doc.bounds(term.start):
                    return []
                first, last = sorted(((share.start, share.end), (term.start, term.end)))
                words = self._meaning(doc, first[1], min(last[0], first[1] + _READ), seen)
                least = words if least is None or len(words) < len(least) else least
        if least is None or len(least) < _APART:
            return []
        for term in live[:_PAIRS]:
            if self._invites(doc, *sentence(doc, term)) or _HIT.search(doc.lower, *sentence(doc, term)):
                return []
        return [_part("apart", APART, f"it stands apart from the handle: {', '.join(least[:4])}")]

    def _invites(self, doc: Document, start: int, end: int) -> bool:
        words = _words(doc, start, end)
        asked = doc.lower[end : end + 1] in _QUESTION and not words.isdisjoint(self._vocabulary.asking)
        return asked or not words.isdisjoint(self._vocabulary.inviting)

    def _strange(self, doc: Document, shares: Sequence[Share], live: Sequence[Found], seen: Spans) -> list[str]:
        """Words with a meaning of their own in the fields that hold a share or a term."""
        held = {doc.bounds(one.start) for one in (*shares, *live) if doc.field(one.start) not in _NAMES}
        return [
            word for start, end in sorted(held) for word in self._meaning(doc, start, min(end, start + _READ), seen)
        ]

    def _meaning(self, doc: Document, start: int, end: int, seen: Spans) -> list[str]:
        """Words with a meaning of their own between two positions."""
        words = doc.words(WORD).between(start, end)
        return [
            meant
            for at, word in enumerate(words.texts)
            for meant in (self._meanings(word) if len(word) <= _LONG else self._own_meaning(word))
            if not seen.overlaps(words.starts[at], words.ends[at])
        ]

    def _own_meaning(self, word: str) -> Sequence[str]:
        """The word where it means something, by pieces in scripts without spaces."""
        neutral = self._vocabulary.neutral
        if _UNSPACED.search(word):
            rest = word[:200]
            for size in (4, 3, 2, 1):
                # From left to right: each piece that is taken out changes which ones are left.
                pieces = dict.fromkeys(rest[at : at + size] for at in range(len(rest) - size + 1))
                for piece in (one for one in pieces if one in neutral):
                    rest = rest.replace(piece, " ")
            return [part[:20] for part in rest.split() if len(part) > 1]
        if len(word) < 3 or word in neutral or any(char.isdigit() for char in word):
            return ()
        return (word,)


def _words(doc: Document, start: int, end: int) -> set[str]:
    return set(doc.words(WORD).between(start, end).texts)


def _seen(doc: Document, shares: Sequence[Share], live: Sequence[Found], apps: Sequence[Found]) -> Spans:
    """What shares, terms (with what is joined to their ends) and apps' names take up."""
    terms = [(one.start, word_end(doc.lower, one.end)) for one in live]
    return Spans([*(share.whole for share in shares), *terms, *((one.start, one.end) for one in apps)])


def _listed(doc: Document, live: Sequence[Found]) -> bool:
    """True where two different terms stand side by side, as in a list."""
    return any(
        one.spelling.id != other.spelling.id and _LISTS.match(doc.lower[one.end : min(other.start, one.end + 12)])
        for one, other in pairwise(live)
    )


def _alone(shares: Sequence[Share], terms: Sequence[Found], apps: Sequence[Found]) -> Weighed:
    parts: list[Part] = []
    if shares:
        parts.append(_part("handle", ALONE, "a handle is shared, without a coded term"))
    if terms:
        parts.append(_part("term", ALONE / 2, "a coded term stands there, without a handle"))
    if terms and not shares and apps:
        parts.append(_part("app", NAMED, f"{apps[0].spelling.id} is named, too"))
    return Weighed(live=terms, parts=parts, score=sum(part.weight for part in parts))


def _part(name: str, weight: float, why: str) -> Part:
    return Part(name=name, weight=round(weight, 3), why=why)
