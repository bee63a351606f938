"""A term's company: its sentence, and the text around it whose words tell in which sense it is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from monitor.detect.document import Document
from monitor.detect.links import Share
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.text.fold import fold

WINDOW: Final = 700
"""Characters around a term, in a long text, that may say something of it."""
_SMALL: Final = 4_000
_LISTED: Final = 6
_SENTENCE_END: Final = re.compile(r"[.!?。！？](?=\s|\Z)|\n")
_BETWEEN: Final = re.compile(r"[\s,/|+&;•·-]{1,4}(?:and\s)?")
_BY_MACHINE: Final = (
    "posted from the", "posted via", "posted with the", "sent from my", "sent from the", "sent via", "this post was",
    "this signature was", "this message was", "dieser beitrag wurde", "diese nachricht wurde", "gesendet von",
    "enviado desde", "enviado do", "enviado pelo", "envoyé de", "envoyé depuis", "inviato da", "verzonden met",
    "verzonden vanaf", "wysłano z", "отправлено с", "отправлено из", "надіслано з",
)  # fmt: skip
_SAID: Final = "|".join(re.escape(fold(one).lower) for one in _BY_MACHINE)
_FOOTER: Final = re.compile(rf"\n[ \t]{{0,8}}(?:[-_—–=*~]{{2,40}}[ \t]{{0,8}}\n|(?:{_SAID})\s)")
"""What an app or a board appends to whatever is posted."""


class Taken:
    """What is no company: coded terms, names of apps, handles."""

    def __init__(self, found: Sequence[Found], shares: Sequence[Share] = ()) -> None:
        self._terms = [one for one in found if one.spelling.kind == "term"]
        self._named = Spans((one.start, one.end) for one in found)
        self._shared = Spans(share.whole for share in shares)

    def holds(self, start: int, end: int) -> bool:
        """True for words that are nothing else, or of which a part is a handle."""
        return self._named.holds(start, end) or self._shared.overlaps(start, end)

    def lists(self, doc: Document, term: Found) -> bool:
        """True for a term that is listed with another one: "perv, map"."""
        return any(
            0 <= end - start <= _LISTED and _BETWEEN.fullmatch(doc.lower, start, end) is not None
            for one in self._terms
            if one.spelling.id != term.spelling.id
            for start, end in ((one.end, term.start), (term.end, one.start))
        )


def company(doc: Document, terms: Sequence[Found]) -> list[tuple[int, int]]:
    """The text that is a term's company: everything where that is little, else around it, and short fields."""
    if len(doc.lower) <= _SMALL:
        return _without_footer(doc, terms, _without_account(doc))
    spans = [(start, end) for name, start, end in doc.extents() if end - start <= 300 and name != "author.handle"][:50]
    return spans + [(max(term.start - WINDOW, 0), min(term.end + WINDOW, len(doc.lower))) for term in terms[:20]]


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


def beside(doc: Document, term: Found) -> tuple[int, int]:
    """The sentence that a term stands in; a post's tags are one."""
    if not doc.field(term.start).startswith("tags["):
        return sentence(doc, term)
    tags = [(start, end) for name, start, end in doc.extents() if name.startswith("tags[")]
    return tags[0][0], tags[-1][1]


def _without_account(doc: Document) -> list[tuple[int, int]]:
    """Everything but the account's name, whose words ("river_otter") say nothing about what is meant."""
    for name, start, end in doc.extents():
        if name == "author.handle":
            return [span for span in ((0, start), (end, len(doc.lower))) if span[0] < span[1]]
    return [(0, len(doc.lower))]


def _without_footer(doc: Document, terms: Sequence[Found], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without what is appended to every post, which says nothing about this one."""
    found = _FOOTER.search(doc.lower)
    if found is None or any(term.start >= found.start() for term in terms):
        return [*spans]
    footer, last = found.start(), doc.bounds(found.start())[1]
    parts = [part for start, end in spans for part in ((start, min(end, footer)), (max(start, last), end))]
    return [part for part in parts if part[0] < part[1]]
