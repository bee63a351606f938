"""Short terms that are an abbreviation here: spelled out beside ("Asset allocation model (AAM)"), or a number."""

from __future__ import annotations

import re
from typing import Final

from monitor.detect.document import Document
from monitor.detect.spellings import Found

_LONGEST: Final = 5
_NEAR: Final = 100
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_OPENED: Final = re.compile(r"\s?[(\[]\s?[\"']?\Z|\s[-=:]\s?\Z")
_FOLLOWS: Final = re.compile(r"[\"']?\s?(?:[(\[=:-]|,?\s(?:stands\s+for|short\s+for|is|means|the)\s)\s?[\"']?")
_MINOR: Final = frozenset(
    "of for and the in on at to a an de la le du des der die das und y e del di do da dos für von".split()  # noqa: SIM905
)
_MEANT: Final = "attract"
"""Begins a word of what the coded sense is spelled out as, by those who mean it."""
_SERIAL_AFTER: Final = re.compile(r"[-_]?[0-9]{3,}(?![a-z])|-[0-9]{2,}(?![a-z])")
_NUMBERED: Final = re.compile(r"-[0-9]{2,}(?![a-z])")
_SERIAL_BEFORE: Final = re.compile(r"(?<![a-z])[0-9]{2,}-\Z")


def abbreviated(doc: Document, term: Found) -> str | None:
    """Why a short term is an abbreviation here, or None."""
    word = term.spelling.id
    if term.how:
        return _numbered(doc, term)
    if len(word) > _LONGEST or not word.isalpha():
        return None
    start, end = doc.bounds(term.start)
    before = doc.lower[max(term.start - _NEAR, start) : term.start]
    after = doc.lower[term.end : min(term.end + _NEAR, end)]
    opened = _OPENED.search(before)
    if opened and (words := _spelled(word, _LETTERS.findall(before[: opened.start()]), last=True)):
        return f"short for {words}"
    follows = _FOLLOWS.match(after)
    if follows and (words := _spelled(word, _LETTERS.findall(after[follows.end() :]), last=False)):
        return f"short for {words}"
    if len(word) <= 3 and (_SERIAL_AFTER.match(after) or _SERIAL_BEFORE.search(before)):
        return "a part of a serial number"
    return None


def _numbered(doc: Document, term: Found) -> str | None:
    """Letters and digits with further digits after a hyphen: P3RV-220."""
    plain = "leet" in term.how and any(char.isdigit() for char in doc.lower[term.start : term.end])
    return "a part of a serial number" if plain and _NUMBERED.match(doc.lower, term.end) else None


def _spelled(word: str, words: list[str], *, last: bool) -> str | None:
    """The words whose first letters make up `word`; small words between them may be left out."""
    for some in (words, [one for one in words if one not in _MINOR]):
        taken = some[-len(word) :] if last else some[: len(word)]
        if "".join(one[0] for one in taken) == word and not any(one.startswith(_MEANT) for one in taken):
            return " ".join(taken)
    return None
