"""Apps named by their first letter where the post spells them out, too: "K: zorblat77, W: quibdrem (kik, wickr)"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from monitor.detect.document import Document
from monitor.detect.spellings import Found

_LABEL: Final = re.compile(
    r"(?:\A|(?<=[\n,;(|]))\s?(?P<first>[a-z])\s?[:=-](?=\s?[@a-z0-9])|(?<=\s)(?P<inner>[a-z])[:=](?=\s?[@a-z0-9])"
)
_MOST: Final = 20


def initials(doc: Document, apps: Sequence[Found]) -> list[Found]:
    """The letters that stand for one of the apps, each of which is spelled out in the same field."""
    if len(apps) < 2:
        return []
    letters: dict[tuple[str, str], dict[str, Found]] = {}
    for one in apps:
        letters.setdefault((doc.field(one.start), one.spelling.flat[:1]), {})[one.spelling.id] = one
    found: list[Found] = []
    for label in _LABEL.finditer(doc.lower):
        start, end = label.span(label.lastgroup or 0)
        named = letters.get((doc.field(start), doc.lower[start:end]), {})
        if len(named) == 1 and len(found) < _MOST:
            spelling = next(iter(named.values())).spelling
            found.append(Found(spelling, start, end))
    return found
