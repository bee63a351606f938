"""A post's screened fields, folded, as one text that leads back to field and offset."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from monitor.detect.atoms import Words, is_plain, words_of
from monitor.post import Post
from monitor.text.fold import Folded, fold

BOUNDARY: Final = "\x1e"
"""Stands between fields that are no continuous text; folding drops control characters, so no text holds it."""

_AFTER: Final = {"title": "\n\n"}
_TAG: Final = "tags["
_SCRIPTED: Final = re.compile("[\u0370-\u058f&]")
_TARGET: Final = re.compile(r"<a\s[^<>]{0,400}?href\s*=\s*[\"']?(?P<to>[^\s\"'<>]{1,2000})", re.IGNORECASE)


class Place(NamedTuple):
    """A span of one field, in code points of the field as given."""

    field: str
    start: int
    end: int


class _Part(NamedTuple):
    name: str
    folded: Folded
    start: int


class Document:
    """The folded fields joined. Positions of `lower` and `cased` are document positions."""

    __slots__ = (
        "_ascii",
        "_every",
        "_parts",
        "_plain",
        "_scripted",
        "_scripts",
        "_starts",
        "_words",
        "backwards",
        "cased",
        "kept",
        "lower",
    )

    def __init__(self, parts: Iterable[tuple[str, Folded]], *, backwards: bool = False) -> None:
        self.backwards = backwards
        self._parts: list[_Part] = []
        self._scripts: dict[int, tuple[int, int]] = {}
        self._ascii: bool | None = None
        self._plain: bool | None = None
        self._scripted: bool | None = None
        self._every: Words | None = None
        self._words: dict[re.Pattern[str], Words] = {}
        self.kept: dict[Any, Any] = {}
        """What others found in it and ask for again."""
        cased: list[str] = []
        lower: list[str] = []
        at = 0
        for name, folded in parts:
            if self._parts:
                between = self._between(self._parts[-1].name, name)
                cased.append(between)
                lower.append(between)
                at += len(between)
            self._parts.append(_Part(name, folded, at))
            step = -1 if backwards else 1
            cased.append(folded.cased[::step])
            lower.append(folded.lower[::step])
            at += len(folded.cased)
        self._starts = [part.start for part in self._parts]
        self.cased = "".join(cased)
        self.lower = "".join(lower)

    @classmethod
    def of(cls, post: Post) -> Document:
        """The post's fields in their order."""
        return cls((name, fold(text)) for name, text in post.fields())

    def reversed(self) -> Document:
        """The same fields, each read backwards; spans still lead to the originals."""
        return Document(((part.name, part.folded) for part in self._parts), backwards=True)

    @staticmethod
    def _between(before: str, after: str) -> str:
        if before.startswith(_TAG) and after.startswith(_TAG):
            return "\n"
        return _AFTER.get(before, f"\n{BOUNDARY}\n") if after == "text" else f"\n{BOUNDARY}\n"

    def words(self, pattern: re.Pattern[str]) -> Words:
        """Its words in lower case as `atoms.words_of` finds them by a pattern; kept."""
        if self._every is not None:
            return self._every
        if self.plain:
            # In most texts, all patterns find the same.
            self._every = words_of(self.lower, pattern)
            return self._every
        found = self._words.get(pattern)
        if found is None:
            found = self._words[pattern] = words_of(self.lower, pattern)
        return found

    def _part(self, position: int) -> _Part:
        if len(self._parts) == 1:
            return self._parts[0]
        return self._parts[max(bisect_right(self._starts, position) - 1, 0)]

    @property
    def ascii(self) -> bool:
        """True where every field is ASCII, as given and with its entities read."""
        if self._ascii is None:
            self._ascii = all(
                part.folded.source.isascii() and (part.folded.identity or "&#" not in part.folded.source)
                for part in self._parts
            )
        return self._ascii

    @property
    def plain(self) -> bool:
        """True where all letters are ASCII once they are folded."""
        if self._plain is None:
            self._plain = is_plain(self.lower)
        return self._plain

    @property
    def scripted(self) -> bool:
        """True where a field may hold Greek, Cyrillic or Armenian letters, as given or as entities."""
        if self._scripted is None:
            self._scripted = not self.ascii and any(_SCRIPTED.search(part.folded.source) for part in self._parts)
        return self._scripted

    def other_script(self, start: int, end: int) -> bool:
        """True for a word of Cyrillic, Greek or Armenian letters alone, which folding may have made look Latin."""
        if not self.scripted:
            return False
        letters = [char for char in self.original(start, end) if not char.isspace()]
        return all("\u0370" <= char <= "\u058f" or not char.isalnum() for char in letters) and any(
            "\u0370" <= char <= "\u058f" for char in letters
        )

    def scripts(self, position: int) -> tuple[int, int]:
        """How many Greek or Cyrillic and how many ASCII letters the field at a position holds."""
        part = self._part(position)
        if part.start not in self._scripts:
            source = part.folded.source
            native = sum("\u0370" <= char <= "\u052f" for char in source)
            self._scripts[part.start] = native, sum(char.isascii() and char.isalpha() for char in source)
        return self._scripts[part.start]

    def field(self, position: int) -> str:
        """The name of the field that a document position lies in."""
        return self._part(position).name

    def bounds(self, position: int) -> tuple[int, int]:
        """Document positions [start, end) of the field at a position."""
        part = self._part(position)
        return part.start, part.start + len(part.folded.cased)

    def extents(self) -> list[tuple[str, int, int]]:
        """(field, start, end) of all fields, in document positions."""
        return [(part.name, part.start, part.start + len(part.folded.cased)) for part in self._parts]

    def _inside(self, start: int, end: int) -> tuple[_Part, int, int]:
        part = self._part(start)
        first, last = start - part.start, min(end - part.start, len(part.folded.cased))
        return (
            (part, len(part.folded.cased) - last, len(part.folded.cased) - first)
            if self.backwards
            else (part, first, last)
        )

    def place(self, start: int, end: int) -> Place:
        """The original span of document positions [start, end), which lie in one field and are not empty."""
        part, first, last = self._inside(start, end)
        return Place(part.name, *part.folded.span(first, last))

    def original(self, start: int, end: int) -> str:
        """What stands at document positions [start, end) in the post as given, entities read."""
        part, first, last = self._inside(start, end)
        begin, finish = part.folded.span(first, last)
        text = part.folded.source[begin:finish]
        return html.unescape(text) if "&" in text else text

    def targets(self) -> Iterator[tuple[int, Place, str]]:
        """(document position, place, text) of the addresses in the fields' HTML tags, which folding took out."""
        for part in self._parts:
            if "<" not in part.folded.source:
                continue
            for found in _TARGET.finditer(part.folded.source):
                position = part.folded.position(found.start())
                at = len(part.folded.cased) - position if self.backwards else position
                yield part.start + min(at, len(part.folded.cased)), Place(part.name, *found.span("to")), found["to"]

    def steps(self, start: int, end: int) -> tuple[str, ...]:
        """The folding steps that worked on document positions [start, end)."""
        part, first, last = self._inside(start, end)
        steps = part.folded.steps(first, last)
        return (*steps, "reversed") if self.backwards else steps
