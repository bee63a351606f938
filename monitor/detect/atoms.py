"""The words of a folded text, as the matcher of spellings takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

RUN_TOGETHER: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u3099\u309a"
"""Scripts written without spaces between words, or with endings joined on."""
WORD_CHARS: Final = rf"[^\W_{RUN_TOGETHER}]|[\u0900-\u0963\u0966-\u0dff]"
ATOM: Final = re.compile(rf"(?:{WORD_CHARS})+|[{RUN_TOGETHER}]+")
_ASCII_ATOM: Final = re.compile("[A-Za-z0-9]+")
"""The same for ASCII, which is read several times as fast."""
_CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


class Atom(NamedTuple):
    """A run of letters and digits; `glued_left`/`glued_right`: an edge inside a word, at a change of case."""

    start: int
    end: int
    text: str
    glued_left: bool = False
    glued_right: bool = False


def _pattern(text: str) -> re.Pattern[str]:
    return _ASCII_ATOM if text.isascii() else ATOM


def words_in(text: str) -> list[str]:
    """The runs of letters and digits of a text."""
    return _pattern(text).findall(text)


def words_at(text: str) -> Iterator[re.Match[str]]:
    """The same with their places."""
    return _pattern(text).finditer(text)


def atoms_of(lower: str, cased: str) -> list[Atom]:
    """The words of a text, split further where CamelCase says so."""
    if cased == lower:
        return [Atom(*found.span(), found[0]) for found in words_at(lower)]
    atoms: list[Atom] = []
    for found in words_at(lower):
        start, end = found.span()
        word = cased[start:end]
        if word.islower() or word.isupper() or word[1:].islower() or not word.isascii():
            atoms.append(Atom(start, end, found[0]))
            continue
        pieces = [(start + piece.start(), start + piece.end()) for piece in _CAMEL.finditer(word)]
        atoms += [Atom(a, b, lower[a:b], glued_left=a > start, glued_right=b < end) for a, b in pieces]
    return atoms


def latin(char: str) -> bool:
    """True for ASCII and for Latin letters with accents."""
    return char.isascii() or "\u00c0" <= char <= "\u024f" or "\u1e00" <= char <= "\u1eff"
