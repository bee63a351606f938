"""Whether somebody says of a term that they are or like what it stands for, or that they ask for such people: "into
taboo", "my taboo side", "fellow maps", "a tired perv here", "perv busca", "the nolimits crowd". An everyday word in its
everyday sense seldom stands so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from monitor.detect.document import Document
from monitor.detect.spellings import Found
from monitor.text.fold import fold

_REACH: Final = 40
_MARKS: Final = r"[#\"'*_]{0,3}"
_INTO: Final = re.compile(
    r"(?<![^\W_])(?:in ?to|in2|curious about)\s(?:the\s|all\s|all things\s|some\s|any\s|talking\s)?" + _MARKS + r"\Z"
)
_MINE: Final = re.compile(r"(?<![^\W_])(?:my|our|your|share)\s" + _MARKS + r"\Z")
_SIDE: Final = re.compile(
    r"[\"'*_]{0,3}[ -](?:side|interests?|thoughts?|preferences?|mind|friends?|kind|ways)(?![^\W_])"
)
_PERSON: Final = re.compile(
    r"(?<![^\W_])(?:adult|fellow|proud|other|another|i'?m an?|i am an?|are you an?|as a fellow)\s" + _MARKS + r"\Z"
)
_AM: Final = (
    "soy", "soy un", "soy una", "sou", "sou um", "sou uma", "je suis", "je suis un", "chui", "jsuis", "sono", "sono un",
    "sono una", "bin", "bin ein", "bin eine", "bin so ein", "ik ben", "ik ben een", "jestem", "ben", "я", "я тоже",
    "noch ein", "noch eine", "noch so", "un autre", "outro", "otro", "un altro", "nog een", "this", "any", "any other",
    "one more", "some other",
)  # fmt: skip
_SEEKING: Final = (
    "here", "seek", "seeks", "seeking", "look", "looks", "looking", "want", "wants", "wanted", "penpal",
    "penpals", "peeps", "people", "folk", "folks", "friend", "friends", "crowd", "gang", "fam", "lover",
    "lovers", "chat", "chats", "room", "rooms", "lounge", "club", "corner", "den", "table", "meetup", "group",
    "list", "busca", "busco", "cherche", "zoekt", "zoek", "sucht", "suche", "gesucht", "cerca", "cerco",
    "procura", "procuro", "szuka", "szukam", "leute", "leuten", "freunde", "gente", "gens", "amici", "amigos",
    "amis", "vrienden", "mensen", "ludzie", "sohbet", "arayan", "arkadaş", "люди", "друзья", "чат", "клуб",
    "ищет", "ищу", "спілкування", "шукає", "仲間", "친구", "群",
)  # fmt: skip


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted({re.escape(fold(word).lower) for word in words}, key=len, reverse=True))


_SELF: Final = re.compile(
    rf"(?<![^\W_])(?:(?:just|only|still|am|i'?m|im|such) an? (?:\w{{2,12}} )?|(?:{_any_of(_AM)}) ){_MARKS}\Z"
)
_SEEKS: Final = re.compile(rf"[\"'*_]{{0,3}}[ ,:-]{{1,2}}(?:{_any_of(_SEEKING)})(?![^\W_])")
_ALONE: Final = re.compile(r"(?:\A|[\n.!?…:\x1e])\W{0,4}\Z")
_DESCRIBES: Final = re.compile(r"[\"'*_]{0,3}(?:,|\s(?:from|uit|aus|desde|w/|dans le|z)\s)")
"""A term that begins a line or a sentence and is followed so describes who writes: "perv, thirty something, ..."."""
_OF: Final = re.compile(
    r"[\"'*_]{0,3}\s(?:of|for|to|that|with|in|on|from|app|apps|game|games|maker|nerd|geek|editor|player)(?![^\W_])"
)


def preferred(doc: Document, term: Found) -> bool:
    """True where somebody says that they are or like what the term stands for."""
    start = max(term.start - _REACH, doc.bounds(term.start)[0])
    before = doc.lower[start : term.start]
    if _OF.match(doc.lower, term.end):
        return False
    if _INTO.search(before):
        return True
    if _SIDE.match(doc.lower, term.end):
        return _MINE.search(before) is not None
    return _PERSON.search(before) is not None


def personal(doc: Document, term: Found) -> bool:
    """True where somebody says of a term without an innocent sense that they are it, or ask for those who are."""
    start = max(term.start - _REACH, doc.bounds(term.start)[0])
    return (
        preferred(doc, term)
        or _SELF.search(doc.lower[start : term.start]) is not None
        or _SEEKS.match(doc.lower, term.end) is not None
        or (
            _DESCRIBES.match(doc.lower, term.end) is not None
            and _ALONE.search(doc.lower[max(start - 1, 0) : term.start]) is not None
        )
    )
