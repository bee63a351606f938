"""Whether somebody says of a term that they are or like what it stands for: "into taboo", "my taboo side", "fellow
maps". An everyday word in its everyday sense seldom stands so.
"""

from __future__ import annotations

import re
from typing import Final

from monitor.detect.document import Document
from monitor.detect.spellings import Found

_REACH: Final = 40
_INTO: Final = re.compile(
    r"(?<![^\W_])(?:in ?to|in2|curious about)\s(?:the\s|all\s|all things\s|some\s|any\s|talking\s)?[#\"'*_]{0,3}\Z"
)
_MINE: Final = re.compile(r"(?<![^\W_])(?:my|our|your|share)\s[#\"'*_]{0,3}\Z")
_SIDE: Final = re.compile(
    r"[\"'*_]{0,3}[ -](?:side|interests?|thoughts?|preferences?|mind|friends?|kind|ways)(?![^\W_])"
)
_PERSON: Final = re.compile(
    r"(?<![^\W_])(?:adult|fellow|proud|other|another|i'?m an?|i am an?|are you an?|as a fellow)\s[#\"'*_]{0,3}\Z"
)
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
