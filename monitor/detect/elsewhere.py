"""Handles in another field or line than their app's name: "kik" as the title or a tag, "zorblat77" in the text.

Asked only beside coded terms, and where nothing was read beside the names: then a bare name of an app ("kik" alone in
its field or line) and the one word that is hardly anything but a name belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from monitor.detect.apps import App
from monitor.detect.atoms import WORD
from monitor.detect.links import Share
from monitor.detect.spans import Spans
from monitor.detect.spellings import Found
from monitor.detect.tokens import Token
from monitor.detect.tying import Tying
from monitor.detect.wording import read_as

_SURE: Final = 0.6
_APPS: Final = 20
_MOST: Final = 2
"""Words that may be names; of more it is not known which one is meant."""
_LONG: Final = 1_500
"""Characters of posts that are looked at: in long ones, other things are spoken of."""
_LABELLED: Final = ("title", "text", "tags[", "community", "author.bio", "author.name")
_SHARED_IN: Final = ("title", "text", "author.bio", "author.name")
_INNER: Final = 3


class Elsewhere:
    """Looks in one document."""

    def __init__(self, tying: Tying, apps: Sequence[Found], terms: Sequence[Found]) -> None:
        """:param apps: those named in any field but the account's own name."""
        self._tying = tying
        self._doc = tying.doc
        self._apps = apps[:_APPS]
        self._by_title = False
        self._named = Spans((one.start, one.end) for one in (*apps, *terms))

    def shares(self, by_id: dict[str, App]) -> Iterator[Share]:
        """Shares of the apps whose names stand bare."""
        if len(self._doc.lower) > _LONG:
            return
        labels = [one for one in self._apps if self._stands_bare(one)]
        bare = dict.fromkeys(one.spelling.id for one in labels)
        if not bare:
            return
        self._by_title = any(self._doc.field(one.start) != "community" for one in labels)
        names = [at for at in range(len(self._tying.tokens)) if self._may_be_name(at)]
        if not 0 < len(names) <= _MOST:
            return
        for at in names:
            for app in (by_id[app_id] for app_id in bare):
                read = read_as("name", self._tying.tokens[at]) if "name" in app.shapes else None
                handle = app.canonical(read[0], "name") if read else None
                if read is not None and handle is not None and not self._tying.plausibility.never(handle, at=False):
                    _, start, end, how = read
                    yield Share(
                        app=app, handle=handle, start=start, end=end, confidence=_SURE, whole=(start, end), how=how
                    )

    def _stands_bare(self, one: Found) -> bool:
        """True for a name that is all that its field or line holds, beside terms and words without a meaning."""
        field = self._doc.field(one.start)
        if not field.startswith(_LABELLED) or one.spelling.weak:
            return False
        start, end = self._doc.bounds(one.start)
        first = self._doc.lower.rfind("\n", start, one.start) + 1
        last = self._doc.lower.find("\n", one.end, end)
        return self._says_nothing(max(first, start), end if last < 0 else last)

    def _says_nothing(self, start: int, end: int, beside: tuple[int, int] = (-1, -1)) -> bool:
        """True where between two positions only apps, terms and words without a meaning stand."""
        neutral, filler = self._tying.words.neutral, self._tying.words.filler
        return all(
            found[0] in neutral
            or found[0] in filler
            or len(found[0]) < _INNER
            or self._named.overlaps(*found.span())
            or beside[0] <= found.start() < beside[1]
            for found in WORD.finditer(self._doc.lower, start, end)
        )

    def _may_be_name(self, at: int) -> bool:
        """True for a word that is hardly anything but a name, and of which nothing else is said."""
        token = self._tying.tokens[at]
        if token.kind != "word" or not self._doc.field(token.start).startswith(_SHARED_IN):
            return False
        if self._tying.around.masked(token) or self._tying.plausibility.never(token.text.rstrip("."), at=token.at):
            return False
        plausibility = self._tying.plausibility
        # Letters alone, with a capital one, are somebody's or something's name.
        letters = token.text.islower() and self._tying.around.coined(at) and self._by_title
        if not (plausibility.invented(token.text.rstrip(".")) or letters):
            return False
        return self._says_nothing(*self._line(token), (token.start, token.end))

    def _line(self, token: Token) -> tuple[int, int]:
        start, end = self._doc.bounds(token.start)
        last = self._doc.lower.find("\n", token.end, end)
        return max(self._doc.lower.rfind("\n", start, token.start) + 1, start), end if last < 0 else last
