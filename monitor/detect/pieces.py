"""A name given in pieces that are to be joined: "zor blat 77 (no spaces)"."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from monitor.detect.document import Document

_PIECE: Final = r"[a-z0-9_.-]+"
_SHORTEST: Final = 5


class Pieces:
    """Finds such names. Built once."""

    def __init__(self, together: Collection[str], neutral: Collection[str]) -> None:
        """:param together: what is said of such a name, `_` for a space; :param neutral: words that are no pieces."""
        said = "|".join(
            r"[\W_]?".join(map(re.escape, one.split("_"))) for one in sorted(together, key=len, reverse=True)
        )
        self._pattern = re.compile(
            rf"(?P<name>{_PIECE}(?:[ ]{_PIECE}){{1,4}}?)\s?[,;(\[*-]{{0,2}}\s?"
            rf"(?:(?:all|but|with|please|pls|it'?s|and)\s)?(?:{said})(?![^\W_])"
        )
        self._neutral = neutral

    def at(self, doc: Document, start: int) -> tuple[str, int] | None:
        """(the name joined, where it ends) for a name in pieces that begins at a position."""
        found = self._pattern.match(doc.lower, start)
        if found is None:
            return None
        words = found["name"].split()
        if any(word in self._neutral for word in words[:2]) or sum(map(len, words)) < _SHORTEST:
            return None
        return re.sub(r"\s", "", doc.cased[start : found.end("name")]), found.end("name")
