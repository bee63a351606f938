"""Finds handle shares: links, ids, and words beside a messenger's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.elsewhere import Elsewhere
from monitor.detect.endings import word_end
from monitor.detect.initials import initials
from monitor.detect.links import Links, Share
from monitor.detect.ownname import Claim, OwnName
from monitor.detect.pieces import Pieces
from monitor.detect.plausibility import Plausibility
from monitor.detect.reading import Reading
from monitor.detect.spans import Spans
from monitor.detect.spelling import Spelling
from monitor.detect.spellings import Found
from monitor.detect.tokens import tokens_of
from monitor.detect.tying import Tying
from monitor.detect.vocabulary import Vocabulary

_ACCOUNT = "author.handle"
_NAMES = ("community", _ACCOUNT)
"""Fields that are names: an app's name in them is a part of a name, not the start of a share."""


_LONE = re.compile(r"(?:\A|[\n.!?,:;(]\s?)@?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]{3,30}[A-Za-z0-9_])[\s.,!)(-]{1,4}\Z")
_LONE_SURE = 0.8
_DISPLAYED = re.compile(r"display\s?name")
_BEFORE = 80
"""Characters between a handle and a "same on ..." that means it."""


class Shares:
    """Finds the shares of the given apps in documents. Built once."""

    def __init__(self, apps: Sequence[App], vocabulary: Vocabulary) -> None:
        self._apps = {app.id: app for app in apps}
        self._links = Links(apps)
        self._words = vocabulary
        self._plausibility = Plausibility(vocabulary)
        self._own = OwnName(vocabulary)
        self._pieces = Pieces(vocabulary.together, vocabulary.backwards, vocabulary.neutral)
        self._twins = _twins(apps)

    def find(
        self,
        doc: Document,
        apps: Sequence[Found],
        services: Sequence[Found],
        terms: Sequence[Found],
        *,
        author: str | None,
    ) -> list[Share]:
        """The shares of a document, by position.

        :param author: the post's author.handle, for "same as my username".
        """
        shares = list(self._links.find(doc))
        keys = {share.app.key(share.handle) for share in shares}
        shares += [share for share in self._links.targets(doc) if share.app.key(share.handle) not in keys]
        mentioned = {one.spelling.id for one in apps}
        for ids in (list(self._links.ids(doc)), list(self._links.split_ids(doc, mentioned))):
            before = Spans(share.whole for share in shares) if ids else None
            shares += [share for share in ids if before is None or not before.overlaps(*share.whole)]
        taken = [share.whole for share in shares]
        named = [one for one in apps if doc.field(one.start) not in _NAMES]
        if named and terms:
            named = sorted([*named, *initials(doc, named)], key=lambda one: one.start)
        if named:
            claims = self._own.find(doc, named, terms)
            same = [(claim.start, claim.end) for claim in claims if not claim.again]
            shares += Reading(self._tying(doc, named, services, terms, taken, same)).shares()
            shares += list(self._claimed(doc, claims, shares, author))
        if terms and apps and not shares:
            labels = [one for one in apps if doc.field(one.start) != _ACCOUNT]
            shares += Elsewhere(self._tying(doc, labels, services, terms, taken), labels, terms).shares(self._apps)
        return sorted(shares, key=lambda share: (share.start, share.end))

    def says_backwards(self, doc: Document) -> bool:
        """True where a text says that something is to be read backwards."""
        return self._pieces.says_backwards(doc)

    def _tying(
        self,
        doc: Document,
        named: Sequence[Found],
        services: Sequence[Found],
        terms: Sequence[Found],
        taken: Sequence[tuple[int, int]],
        same: Sequence[tuple[int, int]] = (),
    ) -> Tying:
        whole = [_with_ending(doc, term) for term in terms]
        whole = [term for term in whole if _whole_word(doc, term)]
        tokens = tokens_of(doc, self._both(named), services, whole, taken, same)
        spelled = frozenset(doc.lower[term.start : term.end] for term in terms)
        return Tying(doc, tokens, self._apps, self._words, self._plausibility, self._pieces, spelled, _coded(terms))

    def _both(self, apps: Sequence[Found]) -> Sequence[Found]:
        """With every app of a name that is two apps' ("wapp"): what stands beside it tells which one it is."""
        if not any(one.spelling.flat in self._twins for one in apps):
            return apps
        return [
            Found(twin, one.start, one.end, one.how)
            for one in apps
            for twin in self._twins.get(one.spelling.flat, [one.spelling])
        ]

    def _claimed(
        self, doc: Document, claims: Sequence[Claim], shares: Sequence[Share], author: str | None
    ) -> Iterator[Share]:
        """The author's own handle, where a phrase like "same as my username" stands beside an app; the one named
        before, where it is "same on ..." only.
        """
        shared = {share.app.id for share in shares}
        seen: set[str] = set()
        for claim in claims:
            app = self._apps[claim.app.spelling.id]
            if app.id in seen or "name" not in app.shapes or (app.id in shared and not claim.sure):
                continue
            share = None if claim.own else _named_before(doc, claim, app, shares) or self._said_before(doc, claim, app)
            if share is None and author and not claim.again:
                shown = _DISPLAYED.search(doc.lower, claim.start, claim.end) is not None
                share = _own(doc, app, "author.name" if shown else _ACCOUNT)
            if share is not None:
                seen.add(app.id)
                yield share

    def _said_before(self, doc: Document, claim: Claim, app: App) -> Share | None:
        """A name that stands alone before a claim, of no app so far: "zorblat. same on kik + wickr"."""
        found = _LONE.search(doc.cased, doc.bounds(claim.start)[0], min(claim.start, claim.app.start))
        if found is None:
            return None
        word = found["name"].lower()
        odd = not word.isalpha() or self._words.naturalness(word) < 1
        handle = app.canonical(found["name"], "name") if odd and not self._words.everyday(word) else None
        if handle is None or self._plausibility.never(handle, at=False):
            return None
        span = found.span("name")
        return Share(app=app, handle=handle, start=span[0], end=span[1], confidence=_LONE_SURE, whole=span)


def _twins(apps: Sequence[App]) -> dict[str, list[Spelling]]:
    """The spellings that are names of several apps."""
    by_flat: dict[str, dict[str, Spelling]] = {}
    for app in apps:
        for spelling in app.spellings():
            by_flat.setdefault(spelling.flat, {}).setdefault(app.id, spelling)
    return {flat: list(ones.values()) for flat, ones in by_flat.items() if len(ones) > 1}


def _own(doc: Document, app: App, field: str) -> Share | None:
    """The author's handle, or the name that is shown, as one of the app's."""
    where = next(((a, b) for name, a, b in doc.extents() if name == field), None)
    if where is None:
        return None
    text = doc.cased[slice(*where)].removeprefix("u/").lstrip("@").partition("@")[0]
    handle = app.canonical(text, "name")
    if handle is None:
        return None
    start = doc.cased.find(text, where[0])
    span = (start, start + len(text))
    return Share(app=app, handle=handle, start=span[0], end=span[1], confidence=0.9, whole=span, same=True)


def _named_before(doc: Document, claim: Claim, app: App, shares: Sequence[Share]) -> Share | None:
    """The handle that was named last before a claim, as one of the app's."""
    first = min(claim.start, claim.app.start)
    before = [one for one in shares if 0 <= first - one.end <= _BEFORE and doc.field(one.end) == doc.field(first)]
    if not before:
        return None
    last = max(before, key=lambda one: one.end)
    handle = app.canonical(last.handle, "name") if "name" in last.app.shapes and last.place is None else None
    return replace(last, app=app, handle=handle) if handle is not None and last.app is not app else None


def _coded(terms: Sequence[Found]) -> bool:
    """True beside coded terms: there, what looks like a word of some language beside an app's name is a handle all
    the same.
    """
    return bool(terms)


def _with_ending(doc: Document, term: Found) -> Found:
    return replace(term, end=word_end(doc.lower, term.end)) if "inflected" in term.how else term


def _whole_word(doc: Document, term: Found) -> bool:
    text = doc.lower
    before = text[term.start - 1] if term.start else " "
    after = text[term.end] if term.end < len(text) else " "
    # A particle of a script that sets no spaces ("perv만") is no part of it.
    return before not in "_.-@" and not (before.isalnum() or (after.isalnum() and after.isascii()) or after == "_")
