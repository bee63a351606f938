"""Finds handle shares: links, ids, and words beside a messenger's name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.links import Links, Share
from monitor.detect.plausibility import Plausibility
from monitor.detect.reading import Reading
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.tokens import tokens_of
from monitor.detect.vocabulary import Vocabulary

_NAMES = ("community", "author.handle")
"""Fields that are names: an app's name in them is a part of a name, not the start of a share."""


_BESIDE = 100
"""Characters around a phrase in which the app that it is about begins."""


class Shares:
    """Finds the shares of the given apps in documents. Built once."""

    def __init__(self, apps: Sequence[App], vocabulary: Vocabulary) -> None:
        self._apps = {app.id: app for app in apps}
        self._links = Links(apps)
        self._words = vocabulary
        self._plausibility = Plausibility(vocabulary)
        self._same = re.compile(_phrases(vocabulary.same)) if vocabulary.same else None

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
        for ids in (self._links.ids(doc), self._links.split_ids(doc, mentioned)):
            before = Spans(share.whole for share in shares)
            shares += [share for share in ids if not before.overlaps(*share.whole)]
        taken = [share.whole for share in shares]
        named = [one for one in apps if doc.field(one.start) not in _NAMES]
        if named:
            same = [found.span() for found in self._same.finditer(doc.lower)] if self._same else []
            whole = [term for term in terms if _whole_word(doc, term)]
            tokens = tokens_of(doc, named, services, whole, taken, same)
            shares += Reading(doc, tokens, self._apps, self._words, self._plausibility).shares()
            if author and same:
                shares += self._by_author(doc, named, same)
        return sorted(shares, key=lambda share: (share.start, share.end))

    def _by_author(self, doc: Document, apps: Sequence[Found], same: Sequence[tuple[int, int]]) -> Iterator[Share]:
        """The author's own handle, where a phrase like "same as my username" stands beside an app."""
        where = next(((a, b) for name, a, b in doc.extents() if name == "author.handle"), None)
        if where is None:
            return
        text = doc.cased[slice(*where)].removeprefix("u/").lstrip("@").partition("@")[0]
        start = doc.cased.find(text, where[0])
        seen: set[str] = set()
        starts = [one.start for one in apps]
        for first, last in same:
            for one in apps[bisect_left(starts, first - _BESIDE) : bisect_left(starts, last + _BESIDE)]:
                app = self._apps[one.spelling.id]
                handle = (
                    app.canonical(text, "name") if "name" in app.shapes and _beside(doc, one, first, last) else None
                )
                if handle is not None and app.id not in seen:
                    seen.add(app.id)
                    span = (start, start + len(text))
                    yield Share(
                        app=app, handle=handle, start=span[0], end=span[1], confidence=0.9, whole=span, same=True
                    )


def _phrases(phrases: Sequence[str]) -> str:
    """A pattern of whole phrases. Each branch begins with a letter, so that most positions are passed at once."""
    worded = [one for one in phrases if _is_word(one[0])]
    signs = [one for one in phrases if not _is_word(one[0])]
    parts = [("(?<![a-z0-9])", worded), ("", signs)]
    return "|".join(
        f"{before}(?:{'|'.join(re.escape(one) + ('(?![a-z0-9])' if _is_word(one[-1]) else '') for one in ones)})"
        for before, ones in parts
        if ones
    )


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _beside(doc: Document, one: Found, start: int, end: int) -> bool:
    """An app's name within a sentence or so of a phrase."""
    between = doc.lower[one.end : start] if one.end <= start else doc.lower[end : one.start]
    return len(between) <= _BESIDE - 40 and "\x1e" not in between and between.count("\n") <= 1


def _whole_word(doc: Document, term: Found) -> bool:
    text = doc.lower
    before = text[term.start - 1] if term.start else " "
    after = text[term.end] if term.end < len(text) else " "
    return before not in "_.-@" and not (before.isalnum() or after.isalnum() or after == "_")
