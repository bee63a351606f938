"""A text as people read it, with the way back to its original offsets.

Some platforms give HTML, and evidence has offsets in it. For reading, known tags become line breaks or nothing
and character references become characters; whatever is evidence stays to be seen.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import NamedTuple

_NAMES = (
    "a|abbr|b|blockquote|br|code|dd|del|div|dl|dt|em|h[1-6]|hr|i|ins|li|ol|p|pre|q|s|small|span|strong|sub|sup|table|"
    "tbody|td|th|thead|tr|u|ul"
)
_TAG = rf"</?(?:{_NAMES})(?=[\s/>])[^<>]{{0,4000}}>|<!--[^<>]{{0,4000}}-->"
_REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_PIECE = re.compile(rf"(?P<tag>{_TAG})|(?P<reference>{_REFERENCE})", re.IGNORECASE)
_HTML = re.compile(r"</(?:p|a|div|span|b|i|em|strong|li|ul|blockquote|code|pre)\s*>|<br\s*/?>|<p>", re.IGNORECASE)
_BREAKING = re.compile(r"<(?:br|/p|/div|/li|/blockquote|/h[1-6]|/tr|/pre|hr)\b", re.IGNORECASE)


class Visible(NamedTuple):
    """Shown characters; each stands for the original offsets [starts[i], ends[i])."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def visible(text: str, *, keep: Sequence[tuple[int, int]] = ()) -> Visible:
    """The text as it is read.

    :param keep: original offsets of evidence: a tag that holds some is shown as it stands.
    """
    if _HTML.search(text) is None:
        shown = text.replace("\r", "\n")
        return Visible(shown, range(len(shown)), range(1, len(shown) + 1))
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(shown: str, start: int, end: int) -> None:
        characters.extend(shown)
        starts.extend([start] * len(shown))
        ends.extend([end] * len(shown))

    def copy(start: int, end: int) -> None:
        characters.extend(text[start:end].replace("\r", "\n"))
        starts.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    done = 0
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        copy(done, start)
        done = end
        if piece["reference"]:
            put(html.unescape(piece[0]), start, end)
        elif any(low < end and high > start for low, high in keep):
            copy(start, end)
        elif _BREAKING.match(piece[0]):
            put("\n", start, end)
    copy(done, len(text))
    return Visible("".join(characters), starts, ends)
