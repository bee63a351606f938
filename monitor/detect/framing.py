"""Whether a post talks about coded words instead of meaning them: frames (news, rules of a place, warnings), quotations
and comments on them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from monitor.detect.atoms import WORD
from monitor.detect.company import company
from monitor.detect.document import Document
from monitor.detect.rules import Rules
from monitor.detect.screening import Part
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.vocabulary import Vocabulary
from monitor.detect.wordlists import AnyOf, WordList

FRAME: Final = -0.60
"""What a frame takes off the score."""

_QUOTES: Final = frozenset("\"'`")
_QUOTATION: Final = re.compile(r"\"[^\"\n]{8,300}\"|(?<!\w)'[^'\n]{8,300}'(?!\w)")
_FRAMING: Final = 4
"""Words around a quotation that make it one."""
_COMMENT: Final = 3
"""Words from which on what stands below a quotation is about it."""
_MENTION: Final = 8
"""Words beside terms in quotation marks from which on a text is about them."""
_LINE: Final = re.compile(r"[^\n]*\S[^\n]*")
_NOT: Final = re.compile(r"\bno\s\Z|\bnot?\s\Z")


class Framing:
    """Looks for frames by given rules. Built once."""

    def __init__(self, rules: Rules, vocabulary: Vocabulary) -> None:
        self._frames = rules.frames
        self._vocabulary = vocabulary
        self._any = AnyOf(words for frame in rules.frames for words in (frame.sure, frame.strong, frame.weak))

    def frame(self, doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> Part | None:
        """Whether the post talks about such posts instead of being one."""
        if _quotes_one(doc, live, apps):
            return Part(name="frame-quote", weight=FRAME, why="it quotes such a post")
        if self._reported(doc, live, apps):
            return Part(name="frame-quote", weight=FRAME, why="it quotes such a post and speaks about it")
        spans = company(doc, live)
        if (part := self._framed(doc, live, spans)) is not None:
            return part
        if self._mentioned(doc, live, spans):
            why = "every term stands in quotation marks, in a text that invites nobody"
            return Part(name="frame-mention", weight=FRAME, why=why)
        return None

    def _framed(self, doc: Document, live: Sequence[Found], spans: Sequence[tuple[int, int]]) -> Part | None:
        """The frame that words around the terms make."""
        if not any(self._any.stand_in(doc, *span) for span in spans):
            return None  # a quoted term alone is too little
        said = {
            frame.id: [self._said(doc, words, spans) for words in (frame.sure, frame.strong, frame.weak)]
            for frame in self._frames
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
            frame = max(self._frames, key=lambda one: _tells(said[one.id]))
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
        words = [found[0] for span in said for found in WORD.finditer(doc.lower, *span)]
        if len(words) > _COMMENT and self._vocabulary.inviting.isdisjoint(words):
            return True
        return any(
            self._said(doc, words, said) for frame in self._frames for words in (frame.sure, frame.strong, frame.weak)
        )

    def _mentioned(self, doc: Document, live: Sequence[Found], spans: Sequence[tuple[int, int]]) -> bool:
        """True where every term, and not just one, stands in quotation marks in a text that says more than a share does
        and invites nobody.
        """
        if len({term.spelling.id for term in live}) < 2 or not all(_quoted(doc, term) for term in live):
            return False
        words = [found[0] for span in spans for found in WORD.finditer(doc.lower, *span)]
        return len(words) - len(live) >= _MENTION and self._vocabulary.personal.isdisjoint(words)

    @staticmethod
    def _said(doc: Document, words: WordList, spans: Sequence[tuple[int, int]]) -> list[str]:
        said: dict[str, None] = {}
        for start, end in spans:
            for hit in words.distinct(doc, start, end):
                if not _NOT.search(doc.lower[max(hit.start - 4, 0) : hit.start]):
                    said[hit.entry] = None
        return list(said)


def _tells(said: Sequence[Sequence[str]]) -> float:
    """How much the words of a frame tell: sure, strong and weak ones."""
    sure, strong, weak = said
    return 2 * len(sure) + len(strong) + len(weak) / 2


def _within(word: str, others: Collection[str]) -> bool:
    """True for a word that others hold: it was counted with them."""
    return any(word in other for other in others)


def _quotations(doc: Document) -> list[tuple[int, int]]:
    """What stands in quotation marks."""
    if '"' not in doc.lower and "'" not in doc.lower:
        return []
    return [found.span() for found in _QUOTATION.finditer(doc.lower)]


def _quotes_one(doc: Document, live: Sequence[Found], apps: Sequence[Found]) -> bool:
    """True where a quotation holds a term and an app's name, and something is said around it."""
    for start, end in _quotations(doc):
        inside = any(start < term.start < end for term in live) and any(start < app.start < end for app in apps)
        first, last = doc.bounds(start)
        if inside and len(WORD.findall(doc.lower, first, start)) + len(WORD.findall(doc.lower, end, last)) >= _FRAMING:
            return True
    return False


def _quoted(doc: Document, term: Found) -> bool:
    return doc.lower[max(term.start - 1, 0)] in _QUOTES and doc.lower[term.end : term.end + 1] in _QUOTES


def _listed_in_quotes(doc: Document, live: Sequence[Found]) -> bool:
    """True where a quotation begins with one term and holds another: 'taboo, no limits'."""
    for start, end in _quotations(doc):
        inside = [term for term in live if start < term.start < end]
        if len(inside) > 1 and inside[0].start == start + 1:
            return True
    return False
