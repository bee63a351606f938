"""What ties a token to an app: whether it is a handle there, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from monitor.detect.apps import App
from monitor.detect.document import Document
from monitor.detect.links import Share
from monitor.detect.pieces import Pieces
from monitor.detect.plausibility import NO, Plausibility, Reach, Tie
from monitor.detect.shapes import placeholder
from monitor.detect.spellings import Found
from monitor.detect.surroundings import Surroundings
from monitor.detect.tokens import Token
from monitor.detect.vocabulary import Vocabulary
from monitor.detect.wording import read_as, read_groups

_PIECED: Final = 0.9
_GATEWAY: Final = 7
_PIECE: Final = 3
_SURE_SHAPES: Final = frozenset({"discord-tag", "signal-name", "phone", "zangi-number"})

Chosen = list[tuple[int, list[Share]]]
"""Handles found: (index of the token, the shares that it makes, one for each app of a group)."""


class Tying:
    """Answers about one document's tokens; `used` are those that are a handle already."""

    def __init__(
        self,
        doc: Document,
        tokens: Sequence[Token],
        apps: Mapping[str, App],
        words: Vocabulary,
        plausibility: Plausibility,
        pieces: Pieces,
        terms: frozenset[str] = frozenset(),
        coded: bool = False,
    ) -> None:
        """:param terms: the coded terms of the document as they are spelled there: no handles by themselves;
        :param coded: they are such that a word beside an app's name is hardly anything but a handle.
        """
        self.coded = coded
        self.doc = doc
        self.tokens = tokens
        self.words = words
        self.plausibility = plausibility
        self.around = Surroundings(doc, tokens, apps, words)
        self.used: set[int] = set()
        self._apps = apps
        self._pieces = pieces
        self._terms = terms

    def shares(self, group: list[Token], at: int, reach: Reach | None, tie: Tie | None = None) -> list[Share]:
        """A share for each app of the group that the token at `at` fits."""
        token = self.tokens[at]
        if at in self.used or token.kind not in {"word", "spaced", "phone", "address"} or self.around.masked(token):
            return []
        if self._names_community(group[-1], token):
            return []
        if token.kind == "spaced" and any(len(word) > _PIECE and self.words.everyday(word) for word in _words(token)):
            return []  # a row of words, not a name in pieces
        if not token.at and token.text.lower() in self._terms:
            return []
        shares = [self._share(mark, at, reach, tie) for mark in group]
        return [share for share in shares if share is not None]

    def _share(self, mark: Token, at: int, reach: Reach | None, tie: Tie | None) -> Share | None:
        token = self.tokens[at]
        for found in mark.found:
            app = self._apps[found.spelling.id]
            for shape in app.shapes:
                read = read_as(shape, token, glued=tie is None and self._glued(mark, token), terms=self._terms)
                if (groups := read_groups(shape, self.tokens, at)) and app.canonical(groups[0], shape):
                    read = groups
                if shape == "threema-id" and read is not None and self._gateway(token):
                    read = ("*" + read[0], read[1] - 1, read[2], read[3])
                sure = self._sure(shape, read[0], app, found, at, reach, tie) if read else NO
                handle = app.canonical(read[0], shape) if read and sure else None
                if read is not None and handle is not None and not placeholder(handle):
                    _, start, end, how = read
                    if shape == "name" and not _looks_right(handle) and self._pieces.turned(self.doc, start, end):
                        turned = app.canonical(handle[::-1], shape)
                        handle, how = (turned, (*how, "reversed")) if turned is not None else (handle, how)
                    return Share(
                        app=app, handle=handle, start=start, end=end, confidence=sure, whole=(start, end), how=how
                    )
        return None

    def _sure(
        self,
        shape: str,
        text: str,
        app: App,
        found: Found,
        at: int,
        reach: Reach | None,
        tie: Tie | None,
    ) -> float:
        if shape != "name":
            return 0.98 if shape in _SURE_SHAPES else 0.97
        token = self.tokens[at]

        def natural_here() -> float:
            return self.around.natural(at)

        if tie is not None:
            tie = replace(tie, coded=self.coded)
            return self.plausibility.backwards(token, text, app, found, tie, natural_here=natural_here)
        following = self.tokens[at + 1] if at + 1 < len(self.tokens) else None
        reach = reach or Reach()
        reach.alone = self.around.alone(at)
        reach.named = self.around.named(at)
        reach.coded = self.coded
        reach.closed = token.text[-1] == "."
        if not reach.pointed and not self.plausibility.telling(token, text) and self.around.determined(at):
            return NO
        return self.plausibility.forwards(token, text, app, found, reach, following, natural_here=natural_here)

    def _names_community(self, mark: Token, token: Token) -> bool:
        """True for what is joined to an app's name and consists of coded terms: "KikPervNoLimits", "KikTabooChat"."""
        if not self._terms or token.kind != "word" or token.start > mark.end + 1 or not self._glued(mark, token):
            return False
        rest = token.text.lower()
        for term in sorted(self._terms, key=len, reverse=True):
            rest = rest.replace(term, " ")
        words = re.findall(r"[a-z0-9]+", rest)
        return rest != token.text.lower() and all(word.isdigit() or word in self.words.filler for word in words)

    def _glued(self, mark: Token, token: Token) -> bool:
        """True where nothing but a sign stands between an app's name and a token."""
        return mark.end >= token.start - 1 and not self.doc.cased[mark.end : token.start].isspace()

    def _gateway(self, token: Token) -> bool:
        """True for the seven letters of Threema's *GATEWAY ids."""
        text = self.doc.cased
        return (
            len(token.text) == _GATEWAY
            and text[token.start - 1 : token.start] == "*" != text[token.end : token.end + 1]
        )

    def in_pieces(self, group: list[Token], at: int) -> list[Share]:
        """A name given in pieces, which the text says are one word."""
        token = self.tokens[at]
        read = self._pieces.at(self.doc, token.start) if token.kind == "word" else None
        if read is None:
            return []
        apps = [self._apps[found.spelling.id] for mark in group for found in mark.found]
        return [
            Share(
                app=app,
                handle=handle,
                start=token.start,
                end=read[1],
                confidence=_PIECED,
                whole=(token.start, read[1]),
                how=("separated",),
            )
            for app in apps
            if "name" in app.shapes and (handle := app.canonical(read[0], "name")) is not None
        ]


def _words(token: Token) -> list[str]:
    return re.findall(r"[a-z]+", token.text.lower())


def _looks_right(handle: str) -> bool:
    """True for letters first and digits last: such a name is not written backwards."""
    return handle[0].isalpha() and handle[-1].isdigit()
