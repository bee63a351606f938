"""Which terms a post says it does not want: "no pervs", "pervs dni", "DNI: pervs, maps, ..."."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from monitor.detect.document import Document
from monitor.detect.endings import word_end
from monitor.detect.links import Share
from monitor.detect.rules import Rules
from monitor.detect.spellings import Found
from monitor.text.fold import fold

_CONNECTS: Final = re.compile(
    r"[\s/,&＆+|;-]*(?:and|or|nor|y|o|e|ou|et|und|oder|en|of|i|и|или|ve|veya|dan|atau)?[\s/,&＆+|;-]*\Z"
)
_BEFORE: Final = 24
_AFTER: Final = 6
_PHRASE_AFTER: Final = 30
"""Characters after a term in which a phrase ("will be thrown out") still is about it; a single word stands closer."""
_IFS: Final = "if si se wenn falls als jeżeli jeśli если якщо eğer kalau jika nếu اذا अगर agar"
_IF: Final = re.compile(rf"(?<![^\W_])(?:{'|'.join(fold(_IFS).lower.split())})\s[^.!?\n]*\Z")
"""Begins a condition, which its consequence follows after a comma: "if you're into ..., get lost"."""
_CONDITION: Final = 60
_STOP: Final = re.compile(r"[.\n!?|]")
_PAUSE: Final = re.compile(r"[.\n!?,:;|]")
_SCOPE: Final = 200
_SCOPE_END: Final = re.compile(r"[.!?](?=\s|\Z)|\n|\x1e|\||//|•")
_ALL_OVER: Final = re.compile(
    r"[\s:(\[=,-]*(?:if|list|for|to|you|are|re|'|a|an|the|any|all|i'll|we|also|of|u|r|ur|[\s:(\[=,-])*"
)
_FREE: Final = re.compile(r"-(?:free|frei|vrij|fri)(?![^\W_])")
_TWICE: Final = re.compile(r"(?:\bnot|n't)\s+(?:in\s?to\s+|an?\s+)?\Z")


_PLACE: Final = re.compile(r"(?:on|at) the ")
_TOLD: Final = re.compile(r"\b(?:an?|the|some|that|this|another|these|those|every|any)\s+(?:[^\W_]+\s+){0,2}\Z")


def _told_of(doc: Document, term: Found, start: int) -> bool:
    """True for "a perv (on the train)", "pervs (on the train)": not what people say of themselves."""
    before = doc.lower[max(term.start - _BEFORE, start) : term.start]
    return doc.lower[term.end - 1] == "s" or _TOLD.search(before) is not None


class Unwanted:
    """Finds unwanted terms by given rules. Built once."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def among(self, doc: Document, terms: Sequence[Found], shares: Sequence[Share]) -> list[bool]:
        """Which terms are said to be unwanted; "no a, b or c" covers all three."""
        scopes = self._scopes(doc, terms, shares)
        unwanted = [
            any(start <= term.start < end for start, end in scopes) or self._is_unwanted(doc, term) for term in terms
        ]
        indexes = range(len(terms))
        for order in (indexes, indexes[::-1]):
            for one, other in pairwise(order):
                first, second = terms[min(one, other)], terms[max(one, other)]
                between = doc.lower[word_end(doc.lower, first.end) : second.start]
                if unwanted[one] and not unwanted[other] and len(between) < 12 and _CONNECTS.match(between):
                    unwanted[other] = True
        return unwanted

    def _scopes(self, doc: Document, terms: Sequence[Found], shares: Sequence[Share]) -> list[tuple[int, int]]:
        """What words like "dni" or "zero tolerance for" are about: the rest of their sentence, up to a handle."""
        scopes: list[tuple[int, int]] = []
        for start, end in {doc.bounds(term.start) for term in terms}:
            for hit in self._rules.negated_over.find(doc, start, min(end, start + 20_000)):
                first = _ALL_OVER.match(doc.lower, hit.end, end)
                last = min(hit.end + _SCOPE, end)
                stop = _SCOPE_END.search(doc.lower, first.end() if first else hit.end, last)
                last = stop.start() if stop else last
                closed = doc.lower.find(")", hit.end, last) if "(" in doc.lower[hit.end : hit.end + 3] else -1
                shared = min((share.start for share in shares if share.start >= hit.end), default=last)
                scopes.append((hit.end, min(last, shared, closed if closed >= 0 else last)))
        return scopes

    def _is_unwanted(self, doc: Document, term: Found) -> bool:
        start, end = doc.bounds(term.start)
        for hit in self._rules.negated_before.find(doc, max(term.start - _BEFORE, start), term.start):
            if term.start - hit.end <= 2 and not doc.lower[hit.end : term.start].strip(" '\"-:"):
                return True
        if _FREE.match(doc.lower, term.end):
            return True
        after = self._rules.negated_after.find(doc, term.end, min(term.end + 2 * _PHRASE_AFTER, end))
        if not after or _TWICE.search(doc.lower, max(term.start - _BEFORE, start), term.start):
            return False
        for hit in after:
            between = doc.lower[term.end : hit.start]
            if _PLACE.match(hit.entry) and not _told_of(doc, term, start):
                continue
            if len(between) <= _AFTER and not _STOP.search(between):
                return True
            pause = _STOP if _IF.search(doc.lower[max(term.start - _CONDITION, start) : term.start]) else _PAUSE
            if " " in hit.entry and len(between) <= _PHRASE_AFTER and not pause.search(between):
                return True
        return False
