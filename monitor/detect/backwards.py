"""Texts written backwards: all of it, or single words, and what a right-to-left override shows turned around.

A text is read in the other direction too, and once more as it stands with the words known that are written backwards
("rkciw zorblat_77"). Of two readings that give different handles the one stands whose handles look like names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from monitor.detect.document import Document
from monitor.detect.links import Share
from monitor.detect.sight import Sight
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found

_UNMISTAKABLE: Final = 0.98
OVERRIDE: Final = "\u202e"
"""Shows what follows it from right to left."""
_ENDS: Final = "\u202a\u202b\u202c\u202d\u202e"

FindShares = Callable[[Sequence[Found], Sequence[Found]], Sequence[Share]]
"""The shares of the document as it stands, given its apps and terms."""


def both_ways(
    doc: Document,
    ahead: Sight,
    back: Sight,
    everyday: Callable[[str], bool],
    shares_of: FindShares,
    *,
    said: Callable[[], bool] | None,
) -> Sight:
    """Both readings as one: what is found backwards is named at its place in the document as it is.

    :param said: tells whether the text says that it is to be read backwards; None for one that an override shows
        turned around as it is.
    """
    turn = _Turn(doc, back.doc)
    # "spam" is no term read backwards.
    terms, apps = (
        [one for one in map(turn.found, ones) if not everyday(doc.lower[one.start : one.end])]
        for ones in (back.terms, back.apps)
    )
    if not terms and not apps:
        return ahead
    read = Spans((one.start, one.end) for one in (*terms, *apps))
    all_terms = sorted(
        [*(one for one in ahead.terms if not read.overlaps(one.start, one.end)), *terms], key=lambda one: one.start
    )
    all_apps = sorted(
        [*(one for one in ahead.apps if not read.overlaps(one.start, one.end)), *apps], key=lambda one: one.start
    )
    turned = [turn.share(one) for one in back.shares if one.place is None]
    standing = [one for one in shares_of(all_apps, all_terms) if not read.overlaps(one.start, one.end)]
    # Of a single word it may be said that it is written backwards.
    turns = any((name := one.spelling.flat) != name[::-1] for one in apps)
    whole = bool(terms) and turns and len(terms) == len(all_terms) and len(apps) == len(all_apps)
    mirrored = _looks(turned) >= _looks(standing) and (
        said is not None and (_mirrored(doc, apps) or (whole and said()))
    )
    better = _looks(turned) > _looks(standing) or (bool(turned) and (mirrored or not standing))
    if mirrored and not turned:
        standing = [_turned(one) for one in standing]
    shares = [*turned, *_beside(standing, turned)] if better else standing
    return Sight(doc=doc, shares=sorted(shares, key=lambda one: one.start), terms=all_terms, apps=all_apps)


def _mirrored(doc: Document, apps: Sequence[Found]) -> bool:
    """True where a colon stands before a name that is written backwards, and none after it: "tamborlat :kik"."""
    return any(
        doc.lower[max(one.start - 2, 0) : one.start].rstrip().endswith(":")
        and not doc.lower[one.end : one.end + 2].lstrip().startswith(":")
        for one in apps
    )


def _turned(share: Share) -> Share:
    """A share whose name is to be read backwards, too, unless it looks as it should."""
    if share.same or share.confidence >= _UNMISTAKABLE or "reversed" in share.how or share.handle[-1].isdigit():
        return share
    handle = share.app.canonical(share.handle[::-1], "name") if "name" in share.app.shapes else None
    return share if handle is None else replace(share, handle=handle, how=(*share.how, "reversed"))


def _beside(standing: Sequence[Share], turned: Sequence[Share]) -> Iterator[Share]:
    """Links and ids, and the author's own handle, stand whatever was read backwards."""
    taken = Spans(one.whole for one in turned)
    for one in standing:
        if (one.confidence >= _UNMISTAKABLE or one.same) and not taken.overlaps(one.start, one.end):
            yield one


def _looks(shares: Sequence[Share]) -> int:
    """How much handles look like names: letters first and digits last, not the other way round."""
    names = [one.handle for one in shares if not one.same and one.confidence < _UNMISTAKABLE]
    return sum(
        (name[0].isalpha() and name[-1].isdigit()) - (name[0].isdigit() and name[-1].isalpha()) for name in names
    )


class _Turn:
    """Positions of a document read backwards, as those of the document itself."""

    def __init__(self, doc: Document, back: Document) -> None:
        self._back = back
        self._parts = {name: start for name, start, _ in doc.extents()}
        self._mirrored = {name: end for name, _, end in back.extents()}

    def span(self, start: int, end: int) -> tuple[int, int]:
        field = self._back.field(start)
        begin, last = self._parts[field], self._mirrored[field]
        return begin + (last - end), begin + (last - start)

    def found(self, one: Found) -> Found:
        return Found(one.spelling, *self.span(one.start, one.end), one.how | {"reversed"})

    def share(self, one: Share) -> Share:
        start, end = self.span(one.start, one.end)
        return replace(one, start=start, end=end, whole=self.span(*one.whole), how=(*one.how, "reversed"))


def overridden(doc: Document, shares: Sequence[Share], text_of: Callable[[str], str]) -> list[Share]:
    """Shares with the handles that a right-to-left override shows turned around as a reader sees them."""
    return [_as_seen(doc, one, text_of) for one in shares]


def _as_seen(doc: Document, share: Share, text_of: Callable[[str], str]) -> Share:
    if share.place is not None or share.same or share.how or share.start == share.end:
        return share
    field, start, end = doc.place(share.start, share.end)
    source = text_of(field)
    at = max(source.rfind(sign, 0, start) for sign in _ENDS)
    if at < 0 or source[at] != OVERRIDE or any(sign in source[start:end] for sign in _ENDS):
        return share
    handle = share.app.canonical(share.handle[::-1], "name") if "name" in share.app.shapes else None
    return replace(share, handle=handle, how=("reversed",)) if handle is not None else share
