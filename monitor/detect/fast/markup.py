"""Whether markup in a text changes which words it holds: `w<b>i</b>ckr`, `&#119;ickr`. Most does not."""

from __future__ import annotations

import re
from typing import Final

from monitor.text.fold import INLINE_TAG

_TAG: Final = re.compile(r"</?([a-z][a-z0-9]*)[^<>]*>|<!--[^<>]*-->", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:amp;){0,3}(?:#(x?[0-9a-f]{1,7});?|([a-z][a-z0-9]{1,31});)", re.IGNORECASE)
_PLAIN: Final = frozenset({
    "amp", "lt", "gt", "quot", "apos", "nbsp", "hellip", "mdash", "ndash", "rsquo", "lsquo", "rdquo",
    "ldquo", "bull", "middot", "39", "34", "32", "160", "38", "60", "62", "8211",
    "8212", "8216", "8217", "8220", "8221", "8230", "x27", "x22", "x20", "xa0", "x26",
})  # fmt: skip
"""Entities of spaces and signs, by name or number: they part words."""
_INVISIBLE: Final = frozenset({"x200b", "8203"})


def changes_words(text: str, at: int) -> bool:
    """True where the tag or entity that begins at a position may join letters, or stand for one.

    Entities of quotes, dashes and spaces part words, as any sign does, and so do block tags.
    """
    return _tag_joins(text, at) if text[at] == "<" else _entity_spells(text, at)


def _tag_joins(text: str, at: int) -> bool:
    if not at or not text[at - 1].isalnum():
        return False
    inline = True
    while (found := _TAG.match(text, at)) is not None:
        inline = inline and (found[1] is None or INLINE_TAG.fullmatch(found[1].lower()) is not None)
        at = found.end()
    return inline and text[at : at + 1].isalnum()


def _entity_spells(text: str, at: int) -> bool:
    found = _ENTITY.match(text, at)
    if found is None:
        return False
    what = (found[1] or found[2]).lower().lstrip("0")
    if what in _INVISIBLE:
        return at > 0 and text[at - 1].isalnum() and text[found.end() : found.end() + 1].isalnum()
    return what not in _PLAIN
