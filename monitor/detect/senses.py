"""In which sense a term stands in a post: meant as coded, unwanted there, innocent, far from any handle, or talked
about. Each answer comes with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.detect.abbreviations import abbreviated
from monitor.detect.atoms import WORD
from monitor.detect.company import Taken, beside, company, sentence
from monitor.detect.document import Document
from monitor.detect.lexicon import Term
from monitor.detect.links import Share
from monitor.detect.preference import preferred
from monitor.detect.rules import Context, Rules
from monitor.detect.screening import Part
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.unwanted import Unwanted
from monitor.detect.vocabulary import Vocabulary
from monitor.detect.wordlists import WordHit
from monitor.quick import quick_init

_SOLICITS: Final = re.compile(
    r"\b(?:hmu|hit me up|dm me|pm me|add me|msg me|message me|into|anyone|any1|folks?|people|ppl|lfg|looking for)\b"
)
"""What those write who want to be written to; in their sentence it takes two words of benign company."""
_SOLICITED: Final = 2
_SITE: Final = re.compile(r"\.(?:me|com|net|org|io|app|dev|co)(?![\w.])")
_LONG: Final = 320
"""Characters of a text from which on a term without an innocent sense is told by its own sentence alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """`live`: the terms that are meant as coded; `parts`: why the others are not."""

    live: Sequence[Found]
    parts: Sequence[Part]


quick_init(Sensed)


class Senses:
    """Tells senses apart by given rules. Built once."""

    def __init__(self, rules: Rules, lexicon: Mapping[str, Term], vocabulary: Vocabulary) -> None:
        self._rules = rules
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        self._unwanted = Unwanted(rules)
        self._contexts = {
            term: [context for context in rules.contexts if term in context.terms]
            for term in {term for context in rules.contexts for term in context.terms}
        }

    def ambiguous(self, term: Found) -> bool:
        """True where the term, or this spelling of it, is an everyday word too."""
        return term.spelling.weak or self._lexicon[term.spelling.id].ambiguous

    def meant(self, doc: Document, shares: Sequence[Share], terms: Sequence[Found], apps: Sequence[Found]) -> Sensed:
        """The terms that are meant as coded."""
        parts: list[Part] = []
        handles = Spans(share.whole for share in shares if not share.same)
        live = [term for term in terms if not handles.holds(term.start, term.end) and not _host(doc, term)]
        if len(live) < len(terms):
            parts.append(Part(name="in-handle", weight=0.0, why="a term that is a part of a handle does not count"))
        live, negated = self._split(live, self._unwanted.among(doc, live, shares))
        if negated:
            parts.append(Part(name="negated", weight=0.0, why=f"{_names(negated)}: not wanted there, by its own words"))
        innocent = self._innocent(doc, live, shares, apps)
        parts += [Part(name="innocent", weight=0.0, why=f"{term_id}: {why}") for term_id, why in innocent.items()]
        live = [term for term in live if term.spelling.id not in innocent]
        live, far = self._split(live, [not self._near_enough(doc, shares, term) for term in live])
        if far:
            parts.append(Part(name="far", weight=0.0, why=f"{_names(far)}: too far from the handle"))
        return Sensed(live=live, parts=parts)

    @staticmethod
    def _split(terms: Sequence[Found], out: Sequence[bool]) -> tuple[list[Found], list[Found]]:
        """(kept, taken out)."""
        if not any(out):
            return list(terms), []
        marked = list(zip(terms, out, strict=True))
        return [term for term, gone in marked if not gone], [term for term, gone in marked if gone]

    # ---- innocent company ----

    def _innocent(
        self, doc: Document, terms: Sequence[Found], shares: Sequence[Share], apps: Sequence[Found]
    ) -> dict[str, str]:
        """Terms in benign company, with the reason. One word of it is enough for a term alone, two are needed where
        several terms stand together, three where one of those has no innocent sense. What is found innocent counts
        among those no longer.
        """
        innocent = {term.spelling.id: why for term in terms if (why := abbreviated(doc, term)) is not None}
        taken = Taken((*terms, *apps), shares)
        benign: dict[str, dict[str, str] | None] = {}
        while True:
            left = [term for term in terms if term.spelling.id not in innocent]
            ids = sorted({term.spelling.id for term in left})
            need = 1 if len(ids) == 1 else 3 if any(not self.ambiguous(term) for term in left) else 2
            before = len(innocent)
            for term_id in ids:
                mine = [term for term in left if term.spelling.id == term_id]
                words = benign.setdefault(term_id, None) or self._benign_words(doc, mine, taken)
                benign[term_id] = words
                if not words:
                    continue
                least = max(need, _SOLICITED if self._solicited(doc, mine) else need)
                near = self._near_words(doc, mine)
                if sum((2 if " " in word or len(words) > 3 else 1) * near(word) for word in words) >= least:
                    innocent[term_id] = f"{next(iter(words.values()))} ({', '.join(sorted(words)[:4])})"
            if len(innocent) == before:
                return innocent

    def innocent_name(self, doc: Document, term: Found, apps: Sequence[Found], terms: Sequence[Found]) -> bool:
        """True where a community's name or description is of a benign context."""
        return bool(self._benign_words(doc, [term], Taken((*apps, *terms))))

    def means_one(self, doc: Document, term: Found, apps: Sequence[Found], terms: Sequence[Found]) -> bool:
        """True where a text that names a community means a term as coded, and wants it."""
        return not self.innocent_name(doc, term, apps, terms) and not any(self._unwanted.among(doc, [term], ()))

    def _benign_words(self, doc: Document, terms: Sequence[Found], taken: Taken) -> dict[str, str]:
        """Benign words in the company of a term's occurrences, each with its context's reason."""
        words: dict[str, str] = {}
        term_id = terms[0].spelling.id
        if (contexts := self._contexts.get(term_id)) is None:
            return words
        spans = company(doc, terms)
        # Elsewhere in a long text, other things are spoken of.
        clear = not any(self.ambiguous(term) for term in terms) and len(doc.lower) > _LONG
        liked = clear or any(preferred(doc, term) or taken.lists(doc, term) for term in terms[:20])
        for context in contexts:
            within = [sentence(doc, term) for term in terms] if term_id in context.sparing or liked else spans
            found = {hit.entry: context.why for hit in self._context_hits(doc, context, within, taken)}
            if term_id not in context.sparing or sum(1 + (" " in word) for word in found) > 1:
                words.update(found)
        return words

    def _near_words(self, doc: Document, terms: Sequence[Found]) -> Callable[[str], float]:
        """What a word of company counts: half in another sentence than that of a term without an innocent sense."""
        if any(self.ambiguous(term) for term in terms):
            return lambda _: 1.0
        near = " ".join(doc.lower[slice(*beside(doc, term))] for term in terms[:20])
        return lambda word: 1.0 if word in near else 0.5

    def _solicited(self, doc: Document, terms: Sequence[Found]) -> bool:
        """True where a term without an innocent sense stands in a sentence that asks to be written to."""
        return any(
            not self.ambiguous(term) and _SOLICITS.search(doc.lower, *sentence(doc, term)) is not None for term in terms
        )

    def _context_hits(
        self, doc: Document, context: Context, spans: Sequence[tuple[int, int]], taken: Taken
    ) -> list[WordHit]:
        return [
            hit
            for start, end in spans
            for hit in context.words.distinct(doc, start, end)
            if hit.entry not in self._vocabulary.neutral and not taken.holds(hit.start, hit.end)
        ]

    # ---- distance ----

    def _near_enough(self, doc: Document, shares: Sequence[Share], term: Found) -> bool:
        """Within the rules' distance in one field; other fields are near."""
        first, last = doc.bounds(term.start)
        if any(share.same or not first <= share.start <= last for share in shares):
            return True
        # The closest handle on each side has the fewest words between.
        before = max((share.end for share in shares if share.start <= term.start), default=None)
        after = min((share.start for share in shares if share.start > term.start), default=None)
        return (before is not None and self._reaches(doc, before, term.start)) or (
            after is not None and self._reaches(doc, term.end, after)
        )

    def _reaches(self, doc: Document, start: int, end: int) -> bool:
        """True where the rules' distance leads from one position to another."""
        if end - start < self._rules.distance * 4:
            return True
        if end - start >= self._rules.distance * 40:
            return False
        return len(doc.words(WORD).between(start, end).texts) <= self._rules.distance


def _host(doc: Document, term: Found) -> bool:
    """True for a term that is a site's name: "maps.me"."""
    return _SITE.match(doc.lower, term.end) is not None


def _names(terms: Sequence[Found]) -> str:
    return ", ".join(sorted({term.spelling.id for term in terms}))
