"""Weighs a share and terms in their company: which terms are meant as coded, and what that adds up to.

Every weight is a part with a reason, for hits and for "why not" alike; the parts' weights add up to the score.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.detect.document import Document
from monitor.detect.lexicon import Term
from monitor.detect.links import Share
from monitor.detect.rules import Context, Frame, Rules
from monitor.detect.screening import Part
from monitor.detect.spellings import Found
from monitor.detect.vocabulary import Vocabulary
from monitor.detect.wordlists import WordHit, WordList

_WINDOW: Final = 700
_SMALL: Final = 4_000
_WORD: Final = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+")
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u0e00-\u0eff\u3099]+")
_CONNECTS: Final = re.compile(
    r"[\s/,&＆+|;-]*(?:and|or|nor|y|o|e|ou|et|und|oder|en|of|i|и|или|ve|veya|dan|atau)?[\s/,&＆+|;-]*\Z"
)
_QUOTES: Final = "\"'`"
_NAMES: Final = ("author.handle", "author.name")

HANDLE: Final = 0.25
HANDLE_SURE: Final = 0.12
TERM: Final = 0.30
AMBIGUOUS: Final = 0.04
SECOND: Final = 0.20
THIRD: Final = 0.04
BARE: Final = 0.15
NEAR: Final = 0.06
APPROACH: Final = 0.03
FRAME: Final = -0.60
ALONE: Final = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """`live`: terms meant as coded; `parts`: why, with what they add up to as `score` (0 to 1)."""

    live: Sequence[Found]
    parts: Sequence[Part]
    score: float


class Weigher:
    """Weighs by given rules and lexicon. Built once."""

    def __init__(self, rules: Rules, lexicon: dict[str, Term], vocabulary: Vocabulary) -> None:
        self._rules = rules
        self._lexicon = lexicon
        self._vocabulary = vocabulary

    def weigh(self, doc: Document, shares: Sequence[Share], terms: Sequence[Found], apps: Sequence[Found]) -> Weighed:
        """The weight of shares and terms together; each may be empty."""
        if not shares or not terms:
            parts = (
                [Part(name="handle", weight=ALONE, why="a handle is shared, without a coded term")] if shares else []
            )
            parts += (
                [Part(name="term", weight=ALONE / 2, why="a coded term stands there, without a handle")]
                if terms
                else []
            )
            return Weighed(live=terms, parts=parts, score=sum(part.weight for part in parts))
        parts: list[Part] = []
        live = self._live(doc, shares, terms, apps, parts)
        parts = [*self._positive(doc, shares, live, apps), *parts]
        if live and (frame := self._frame(doc, live)) is not None:
            parts.append(frame)
        parts.sort(key=lambda part: -abs(part.weight))
        score = round(min(max(sum(part.weight for part in parts), 0.0), 0.99), 3)
        return Weighed(live=live, parts=parts, score=score)

    # ---- which terms are meant ----

    def _live(
        self, doc: Document, shares: Sequence[Share], terms: Sequence[Found], apps: Sequence[Found], parts: list[Part]
    ) -> list[Found]:
        free = [
            term
            for term in terms
            if not any(s.whole[0] <= term.start and term.end <= s.whole[1] and not s.same for s in shares)
        ]
        if len(free) < len(terms):
            parts.append(Part(name="in-handle", weight=0.0, why="a term that is a part of a handle does not count"))
        negated = self._negated(doc, free)
        if negated:
            parts.append(Part(name="negated", weight=0.0, why=f"{_names(negated)}: not wanted there, by its own words"))
        kept = [term for term in free if term not in negated]
        innocent = self._innocent(doc, kept, [*shares], apps, parts)
        kept = [term for term in kept if term not in innocent]
        far = [term for term in kept if not self._near_enough(doc, shares, term)]
        if far:
            parts.append(Part(name="far", weight=0.0, why=f"{_names(far)}: too far from the handle"))
        return [term for term in kept if term not in far]

    def _negated(self, doc: Document, terms: Sequence[Found]) -> list[Found]:
        negated = [term for term in terms if self._is_negated(doc, term)]
        for ordered in (terms, terms[::-1]):
            for one, other in zip(ordered, ordered[1:], strict=False):
                first, second = sorted((one, other), key=lambda term: term.start)
                between = doc.lower[first.end : second.start]
                if one in negated and other not in negated and len(between) < 12 and _CONNECTS.match(between):
                    negated.append(other)
        return [term for term in terms if term in negated]

    def _is_negated(self, doc: Document, term: Found) -> bool:
        start, end = doc.bounds(term.start)
        before = max(term.start - 24, start)
        for hit in self._rules.negated_before.find(doc, before, term.start):
            if term.start - hit.end <= 2 and not doc.lower[hit.end : term.start].strip(" '\"-"):
                return not term.spelling.flat.startswith("nolimit") or hit.entry not in {"no", "без", "sin", "senza"}
        after = min(term.end + 30, end)
        return any(
            hit.start - term.end <= 6 and not re.search(r"[.\n!?]", doc.lower[term.end : hit.start])
            for hit in self._rules.negated_after.find(doc, term.end, after)
        )

    def _innocent(
        self, doc: Document, terms: Sequence[Found], shares: Sequence[Share], apps: Sequence[Found], parts: list[Part]
    ) -> list[Found]:
        """Terms in benign company. One such word is enough for an ambiguous term alone; several terms, or one
        without an innocent sense, need two."""
        ids = {term.spelling.id for term in terms}
        solid = any(not self._is_ambiguous(term) for term in terms)
        taken = (
            [(term.start, term.end) for term in terms]
            + [share.whole for share in shares]
            + [(app.start, app.end) for app in apps]
        )
        innocent: list[Found] = []
        for term_id in sorted(ids):
            mine = [term for term in terms if term.spelling.id == term_id]
            words: dict[str, str] = {}
            for context in self._rules.contexts:
                if term_id in context.terms:
                    words.update({hit.entry: context.why for hit in self._company(doc, context, mine, taken)})
            need = 1 if len(ids) == 1 else 2
            weight = sum(2 if " " in word or len(words) > 3 else 1 for word in words)
            if words and weight >= need + (1 if solid and len(ids) > 1 else 0):
                innocent += mine
                told = ", ".join(sorted(words)[:4])
                parts.append(Part(name="innocent", weight=0.0, why=f"{term_id}: {next(iter(words.values()))} ({told})"))
        return innocent

    def innocent_name(self, doc: Document, term: Found, apps: Sequence[Found], terms: Sequence[Found]) -> str | None:
        """The benign context of a community's name, where there is one."""
        taken = [(one.start, one.end) for one in (*apps, *terms)]
        for context in self._rules.contexts:
            if term.spelling.id in context.terms and self._company(doc, context, [term], taken):
                return context.why
        return None

    def _company(
        self, doc: Document, context: Context, terms: Sequence[Found], taken: Iterable[tuple[int, int]]
    ) -> list[WordHit]:
        spans = self._spans(doc, terms)
        return [
            hit
            for start, end in spans
            for hit in context.words.distinct(doc, start, end)
            if hit.entry not in self._vocabulary.neutral and not any(a <= hit.start and hit.end <= b for a, b in taken)
        ]

    def _spans(self, doc: Document, terms: Sequence[Found]) -> list[tuple[int, int]]:
        """The text that is a term's company: everything where that is little, else around it, and short fields."""
        if len(doc.lower) <= _SMALL:
            return [(0, len(doc.lower))]
        spans = [(start, end) for _, start, end in doc.extents() if end - start <= 300]
        return spans + [(max(term.start - _WINDOW, 0), min(term.end + _WINDOW, len(doc.lower))) for term in terms[:20]]

    def _near_enough(self, doc: Document, shares: Sequence[Share], term: Found) -> bool:
        """Within the rules' distance in one field; other fields are near."""
        for share in shares:
            if share.same or doc.bounds(share.start) != doc.bounds(term.start):
                return True
            first, last = sorted(((share.start, share.end), (term.start, term.end)))
            if last[0] - first[1] < self._rules.distance * 4:
                return True
            words = len(_WORD.findall(doc.lower, first[1], min(last[0], first[1] + self._rules.distance * 40)))
            if words <= self._rules.distance:
                return True
        return False

    def _is_ambiguous(self, term: Found) -> bool:
        return term.spelling.weak or self._lexicon[term.spelling.id].ambiguous

    # ---- what it adds up to ----

    def _positive(
        self, doc: Document, shares: Sequence[Share], live: Sequence[Found], apps: Sequence[Found]
    ) -> list[Part]:
        best = max(shares, key=lambda share: share.confidence)
        parts = [
            Part(
                name="handle",
                weight=round(HANDLE + HANDLE_SURE * best.confidence, 3),
                why=f"a {best.app.id} handle is shared",
            )
        ]
        if not live:
            return [
                Part(name="handle", weight=ALONE, why=f"a {best.app.id} handle is shared, no term is meant as coded")
            ]
        ids = sorted({term.spelling.id for term in live})
        clear = sorted({term.spelling.id for term in live if not self._is_ambiguous(term)})
        if clear:
            weight = TERM * max(self._lexicon[term].weight for term in clear)
            parts.append(Part(name="term", weight=round(weight, 3), why=f"coded term: {clear[0]}"))
        else:
            parts.append(Part(name="ambiguous-term", weight=AMBIGUOUS, why=f"{', '.join(ids)}: also an everyday word"))
        if len(ids) > 1:
            parts.append(Part(name="second-term", weight=SECOND, why=f"{len(ids)} different terms together"))
        if len(ids) > 2:
            parts.append(Part(name="more-terms", weight=THIRD, why="more than two different terms"))
        strange = self._strange(doc, shares, live, apps)
        if len(ids) == 1 and not clear:
            bare = len(strange) <= self._rules.bare_words
            why = (
                "a bare list of words without an innocent sense" if bare else f"no bare list: {', '.join(strange[:5])}"
            )
            parts.append(Part(name="bare-list" if bare else "no-bare-list", weight=BARE if bare else 0.0, why=why))
        if any(self._close(share, term) for share in shares for term in live):
            parts.append(Part(name="near", weight=NEAR, why="handle and term stand close together"))
        if not strange:
            parts.append(Part(name="approach", weight=APPROACH, why="nothing else is said"))
        return parts

    @staticmethod
    def _close(share: Share, term: Found) -> bool:
        return abs(share.start - term.end) < 120 or abs(term.start - share.end) < 120

    def _strange(
        self, doc: Document, shares: Sequence[Share], live: Sequence[Found], apps: Sequence[Found]
    ) -> list[str]:
        """Words with a meaning of their own in the fields that hold a share or a term."""
        spans = [share.whole for share in shares] + [(one.start, one.end) for one in (*live, *apps)]
        held = {doc.bounds(start) for start, _ in spans if doc.field(start) not in _NAMES}
        strange: list[str] = []
        for start, end in sorted(held):
            for found in _WORD.finditer(doc.lower, start, min(end, start + 20_000)):
                if any(a < found.end() and found.start() < b for a, b in spans):
                    continue
                strange += self._own_meaning(found[0])
        return strange

    def _own_meaning(self, word: str) -> list[str]:
        if _UNSPACED.search(word):
            rest = word
            for size in (4, 3, 2, 1):
                for at in range(len(word) - size, -1, -1):
                    if word[at : at + size] in self._vocabulary.neutral:
                        rest = rest.replace(word[at : at + size], " ")
            left = sum(len(part) for part in rest.split())
            return [word] * (left // 3)
        if len(word) < 3 or word in self._vocabulary.neutral or any(char.isdigit() for char in word):
            return []
        return [word]

    def _frame(self, doc: Document, live: Sequence[Found]) -> Part | None:
        """Whether the post talks about such posts instead of being one."""
        quoted = any(
            doc.lower[max(term.start - 1, 0)] in _QUOTES and doc.lower[term.end : term.end + 1] in set(_QUOTES)
            for term in live
        )
        told: list[tuple[float, Frame, list[str]]] = []
        strong_total = weak_total = sure_total = 0
        for frame in self._rules.frames:
            sure, strong = self._said(doc, frame.sure, live), self._said(doc, frame.strong, live)
            weak = [word for word in self._said(doc, frame.weak, live) if word not in strong]
            sure_total += len(sure)
            strong_total += len(strong)
            weak_total += len(weak)
            told.append((2 * len(sure) + len(strong) + len(weak) / 2, frame, [*sure, *strong, *weak]))
        weak_total += 3 * quoted
        if sure_total or strong_total >= 2 or (strong_total and weak_total) or weak_total >= 4:
            _, frame, words = max(told, key=lambda one: one[0])
            return Part(name=f"frame-{frame.id}", weight=FRAME, why=f"{frame.why} ({', '.join(words[:4])})")
        return None

    def _said(self, doc: Document, words: WordList, live: Sequence[Found]) -> list[str]:
        said: list[str] = []
        for start, end in self._spans(doc, live):
            for hit in words.distinct(doc, start, end):
                before = doc.lower[max(hit.start - 4, 0) : hit.start]
                if not re.search(r"\bno\s\Z|\bnot?\s\Z", before) and hit.entry not in said:
                    said.append(hit.entry)
        return said


def _names(terms: Sequence[Found]) -> str:
    return ", ".join(sorted({term.spelling.id for term in terms}))
