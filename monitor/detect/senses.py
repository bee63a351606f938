"""In which sense a term stands in a post: meant as coded, unwanted there, innocent, far from any handle, or talked
about. Each answer comes with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.detect.abbreviations import abbreviated
from monitor.detect.company import WINDOW, Taken, company
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
from monitor.detect.wordlists import WordHit, WordList

FRAME: Final = -0.60
"""What a frame takes off the score."""

_WORD: Final = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff])+")
_SENTENCE_END: Final = re.compile(r"[.!?。！？](?=\s|\Z)|\n")
_SOLICITS: Final = re.compile(
    r"\b(?:hmu|hit me up|dm me|pm me|add me|msg me|message me|into|anyone|any1|folks?|people|ppl|lfg|looking for)\b"
)
"""What those write who want to be written to; in their sentence it takes two words of benign company."""
_SOLICITED: Final = 2
_QUOTES: Final = frozenset("\"'`")
_QUOTATION: Final = re.compile(r"\"[^\"\n]{8,300}\"|(?<!\w)'[^'\n]{8,300}'(?!\w)")
_FRAMING: Final = 4
"""Words around a quotation that make it one."""
_COMMENT: Final = 3
"""Words from which on what stands below a quotation is about it."""
_LINE: Final = re.compile(r"[^\n]*\S[^\n]*")
_SITE: Final = re.compile(r"\.(?:me|com|net|org|io|app|dev|co)(?![\w.])")
_LONG: Final = 320
"""Characters of a text from which on a term without an innocent sense is told by its own sentence alone."""
_NOT: Final = re.compile(r"\bno\s\Z|\bnot?\s\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """`live`: the terms that are meant as coded; `parts`: why the others are not."""

    live: Sequence[Found]
    parts: Sequence[Part]


class Senses:
    """Tells senses apart by given rules. Built once."""

    def __init__(self, rules: Rules, lexicon: Mapping[str, Term], vocabulary: Vocabulary) -> None:
        self._rules = rules
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        self._unwanted = Unwanted(rules)

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
                least = max(need, _SOLICITED if self._solicited(doc, mine) else need)
                near = self._near_words(doc, mine)
                if sum((2 if " " in word or len(words) > 3 else 1) * near(word) for word in words) >= least:
                    innocent[term_id] = f"{next(iter(words.values()))} ({', '.join(sorted(words)[:4])})"
            if len(innocent) == before:
                return innocent

    def innocent_name(self, doc: Document, term: Found, apps: Sequence[Found], terms: Sequence[Found]) -> bool:
        """True where a community's name or description is of a benign context."""
        return bool(self._benign_words(doc, [term], Taken((*apps, *terms))))

    def _benign_words(self, doc: Document, terms: Sequence[Found], taken: Taken) -> dict[str, str]:
        """Benign words in the company of a term's occurrences, each with its context's reason."""
        words: dict[str, str] = {}
        spans = company(doc, terms)
        # Elsewhere in a long text, other things are spoken of.
        clear = not any(self.ambiguous(term) for term in terms) and len(doc.lower) > _LONG
        liked = clear or any(preferred(doc, term) or taken.lists(doc, term) for term in terms[:20])
        for context in self._rules.contexts:
            if not terms or (term_id := terms[0].spelling.id) not in context.terms:
                continue
            within = [sentence(doc, term) for term in terms] if term_id in context.sparing or liked else spans
            found = {hit.entry: context.why for hit in self._context_hits(doc, context, within, taken)}
            if term_id not in context.sparing or sum(1 + (" " in word) for word in found) > 1:
                words.update(found)
        return words

    def _near_words(self, doc: Document, terms: Sequence[Found]) -> Callable[[str], float]:
        """What a word of company counts: half in another sentence than that of a term without an innocent sense."""
        if any(self.ambiguous(term) for term in terms):
            return lambda _: 1.0
        near = " ".join(doc.lower[slice(*_beside(doc, term))] for term in terms[:20])
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
        return len(_WORD.findall(doc.lower, start, end)) <= self._rules.distance

    # ---- frames ----

    def frame(self, doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> Part | None:
        """Whether the post talks about such posts instead of being one."""
        if _quotes_one(doc, live, apps):
            return Part(name="frame-quote", weight=FRAME, why="it quotes such a post")
        if self._reported(doc, live, apps):
            return Part(name="frame-quote", weight=FRAME, why="it quotes such a post and speaks about it")
        spans = company(doc, live)
        said = {
            frame.id: [self._said(doc, words, spans) for words in (frame.sure, frame.strong, frame.weak)]
            for frame in self._rules.frames
        }
        # A word counts once, as the strongest that any frame takes it for.
        sure_words = {word for sure, _, _ in said.values() for word in sure}
        strong_words = {word for _, strong, _ in said.values() for word in strong if not _within(word, sure_words)}
        stronger = sure_words | strong_words
        weak_words = {word for _, _, weak in said.values() for word in weak if not _within(word, stronger)}
        sure_total, strong_total, weak_total = len(sure_words), len(strong_words), len(weak_words)
        # A quoted term is mentioned rather than used.
        weak_total += 3 * (any(_quoted(doc, term) for term in live) or _listed_in_quotes(doc, live))
        if sure_total or strong_total >= 2 or (strong_total and weak_total) or weak_total >= 4:
            frame = max(self._rules.frames, key=lambda one: _tells(said[one.id]))
            words = [word for words in said[frame.id] for word in words]
            return Part(name=f"frame-{frame.id}", weight=FRAME, why=f"{frame.why} ({', '.join(words[:4])})")
        return None

    def _reported(self, doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> bool:
        """True where lines quoted by Markdown's sign hold every term and app, and the others are of a frame, or
        invite nobody.
        """
        if not live or "›" not in doc.lower:
            return False
        start, end = doc.bounds(live[0].start)
        lines = [found.span() for found in _LINE.finditer(doc.lower, start, end)]
        quoted = Spans(span for span in lines if doc.lower[span[0]] == "›")
        if not all(quoted.holds(one.start, one.end) for one in (*live, *apps)):
            return False
        said = [span for span in lines if doc.lower[span[0]] != "›"]
        words = [found[0] for span in said for found in _WORD.finditer(doc.lower, *span)]
        if len(words) > _COMMENT and self._vocabulary.inviting.isdisjoint(words):
            return True
        return any(
            self._said(doc, words, said)
            for frame in self._rules.frames
            for words in (frame.sure, frame.strong, frame.weak)
        )

    @staticmethod
    def _said(doc: Document, words: WordList, spans: Sequence[tuple[int, int]]) -> list[str]:
        said: dict[str, None] = {}
        for start, end in spans:
            for hit in words.distinct(doc, start, end):
                if not _NOT.search(doc.lower[max(hit.start - 4, 0) : hit.start]):
                    said[hit.entry] = None
        return list(said)


def sentence(doc: Document, term: Found) -> tuple[int, int]:
    """The sentence that a term stands in; kept with the document, because all ask for it."""
    place = ("sentence", term.start, term.end)
    if (kept := doc.kept.get(place)) is not None:
        return kept
    first, last = doc.bounds(term.start)
    start = max(first, term.start - WINDOW)
    ends = [found.end() for found in _SENTENCE_END.finditer(doc.lower, start, term.start)]
    after = _SENTENCE_END.search(doc.lower, term.end, min(last, term.end + WINDOW))
    found = (ends[-1] if ends else start), (after.start() if after else min(last, term.end + WINDOW))
    doc.kept[place] = found
    return found


def _host(doc: Document, term: Found) -> bool:
    """True for a term that is a site's name: "maps.me"."""
    return _SITE.match(doc.lower, term.end) is not None


def _beside(doc: Document, term: Found) -> tuple[int, int]:
    """The sentence that a term stands in; a post's tags are one."""
    if not doc.field(term.start).startswith("tags["):
        return sentence(doc, term)
    tags = [(start, end) for name, start, end in doc.extents() if name.startswith("tags[")]
    return tags[0][0], tags[-1][1]


def _tells(said: Sequence[Sequence[str]]) -> float:
    """How much the words of a frame tell: sure, strong and weak ones."""
    sure, strong, weak = said
    return 2 * len(sure) + len(strong) + len(weak) / 2


def _within(word: str, others: Collection[str]) -> bool:
    """True for a word that others hold: it was counted with them."""
    return any(word in other for other in others)


def _quotes_one(doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> bool:
    """True where a quotation holds a term and an app's name, and something is said around it."""
    for quote in _QUOTATION.finditer(doc.lower):
        start, end = quote.span()
        inside = any(start < term.start < end for term in live) and any(start < app.start < end for app in apps)
        first, last = doc.bounds(start)
        if (
            inside
            and len(_WORD.findall(doc.lower, first, start)) + len(_WORD.findall(doc.lower, end, last)) >= _FRAMING
        ):
            return True
    return False


def _quoted(doc: Document, term: Found) -> bool:
    return doc.lower[max(term.start - 1, 0)] in _QUOTES and doc.lower[term.end : term.end + 1] in _QUOTES


def _listed_in_quotes(doc: Document, live: Sequence[Found]) -> bool:
    """True where a quotation begins with one term and holds another: 'taboo, no limits'."""
    for quote in _QUOTATION.finditer(doc.lower):
        inside = [term for term in live if quote.start() < term.start < quote.end()]
        if len(inside) > 1 and inside[0].start == quote.start() + 1:
            return True
    return False


def _names(terms: Sequence[Found]) -> str:
    return ", ".join(sorted({term.spelling.id for term in terms}))
