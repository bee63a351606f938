"""Names given with a word on how to read them: in pieces ("zor blat 77 (no spaces)"), or backwards."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from monitor.detect.document import Document

_PIECE: Final = r"[a-z0-9_.-]+"
_NO_SPACE: Final = (
    r"(?:no|without|w/?o|minus|less|remove|delete|drop|skip|lose|omit|ignore|close(?:\sup)?|take\sout|cut(?:\sout)?|kill)"
    r"[\W_]{0,2}(?:(?:the|all|any|that|those|every)\s)?(?:white\s?)?(?:spac(?:es?|ing)|gaps?|blanks?)"
)
"""What is said in English of a name in pieces; other ways, and other languages, are listed (`together`)."""
_SHORTEST: Final = 5
_LEAD: Final = 24


class Pieces:
    """Finds such names. Built once."""

    def __init__(self, together: Collection[str], backwards: Collection[str], neutral: Collection[str]) -> None:
        """:param together: what is said of a name in pieces, `_` for a space; :param backwards: of one to be read so;
        :param neutral: words that are no pieces.
        """
        said, turned = f"{_any_of(together)}|{_NO_SPACE}", _any_of(backwards)
        self._after = re.compile(
            rf"\s?[,(\[*-]{{0,2}}\s?(?:(?:but|it'?s|is|spelle?[dt]|written|read|it)\s){{0,3}}(?:{turned})(?![^\W_])"
        )
        self._before = re.compile(rf"(?<![^\W_])(?:{turned})[)\]]?\s?[:=]\s?\Z")
        self._pattern = re.compile(
            rf"(?P<name>{_PIECE}(?:[ ]{_PIECE}){{1,4}}?)\s?[,;(\[*-]{{0,2}}\s?"
            rf"(?:(?:all|but|with|please|pls|it'?s|and)\s)?(?:{said})(?![^\W_])"
        )
        self._said = re.compile(rf"(?<![^\W_])(?:{turned}|flip(?:ped)?|mirror(?:ed)?|inverted|right to left)(?![^\W_])")
        self._neutral = neutral

    def says_backwards(self, doc: Document) -> bool:
        """True where a text says anywhere that something is to be read backwards."""
        return self._said.search(doc.lower) is not None

    def turned(self, doc: Document, start: int, end: int) -> bool:
        """True where the text says that the name between two positions is to be read backwards."""
        before = doc.lower[max(start - _LEAD, 0) : start]
        return self._after.match(doc.lower, end) is not None or self._before.search(before) is not None

    def at(self, doc: Document, start: int) -> tuple[str, int] | None:
        """(the name joined, where it ends) for a name in pieces that begins at a position."""
        found = self._pattern.match(doc.lower, start)
        if found is None:
            return None
        words = found["name"].split()
        if any(word in self._neutral for word in words[:2]) or sum(map(len, words)) < _SHORTEST:
            return None
        return re.sub(r"\s", "", doc.cased[start : found.end("name")]), found.end("name")


def _any_of(phrases: Collection[str]) -> str:
    return "|".join(r"[\W_]?".join(map(re.escape, one.split("_"))) for one in sorted(phrases, key=len, reverse=True))
