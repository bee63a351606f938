"""What a token says where a handle of some shape is wanted: without Markdown, with its separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from monitor.detect.tokens import SPELLED, Token

_NO_BRACKET: Final = re.compile(r"[^\s(\[{‹]*")
_CODES: Final = frozenset({"teleguard-id", "threema-id"})
"""Shapes that are also written in groups: MBD-5L8-8ZW, MBD 5L8 8ZW."""
_GROUP: Final = re.compile(r"[A-Z0-9]{2,4}")

Read = tuple[str, int, int, tuple[str, ...]]
"""(text, start, end, tolerances)"""


def read_as(shape: str, token: Token, *, glued: bool = False, terms: frozenset[str] = frozenset()) -> Read | None:
    """What a token says where a shape is wanted; None where it cannot be one.

    :param glued: the app's name is joined to it by a sign (`#kik_zorblat77`), which is then no part of it, as little as
        one of the `terms` that is joined to its end (`KIK-zorblat77-perv`).
    """
    read = _read(shape, token)
    if read is None or not glued or shape != "name":
        return read
    text, start, end, how = read
    bare = text.lstrip("_.-")
    head, sign, last = bare.rpartition("-")
    kept = head if sign and last.lower() in terms else bare
    if not kept or how:
        return read if how else None
    return kept, start + len(text) - len(bare), end - len(bare) + len(kept), how


def read_groups(shape: str, tokens: Sequence[Token], at: int) -> Read | None:
    """What a token and those after it say together, where a shape is written in groups."""
    if shape not in _CODES:
        return None
    text, end = "", tokens[at].start
    for token in tokens[at : at + 4]:
        if token.kind != "word" or token.start - end > 1 or not _GROUP.fullmatch(token.text):
            break
        text, end = text + token.text, token.end
    return (text, tokens[at].start, end, ("separated",)) if end > tokens[at].end else None


def _read(shape: str, token: Token) -> Read | None:
    if shape in _CODES and token.kind == "word":
        return re.sub(r"[-.]", "", token.text), token.start, token.end, ()
    kinds = {"phone": "phone", "zangi-number": "phone", "xmpp-address": "address"}
    if shape in kinds:
        return (token.text, token.start, token.end, ()) if token.kind == kinds[shape] else None
    if token.kind == "spaced":
        gap = re.search(r"[^A-Za-z0-9]+", token.text)
        together = token.text.replace(gap[0], "") if gap else token.text
        return together, token.start, token.end, ("separated",)
    return _read_word(shape, token) if token.kind == "word" else None


def _spelled_out(text: str) -> str:
    """The separator itself where it is spelled out: "zorblat underscore 77"."""
    return re.sub(SPELLED, _sign, text) if not _NO_BRACKET.fullmatch(text) else text


def _sign(found: re.Match[str]) -> str:
    if found["sign"]:
        return found["sign"]
    return "." if "dot" in found[0] else "-" if "dash" in found[0] or "hyphen" in found[0] else "_"


def _read_word(shape: str, token: Token) -> Read | None:
    """A word without Markdown's emphasis and escapes, and without a sentence's end."""
    text, start, end = token.text, token.start, token.end
    while len(text) > 2 and text[0] == text[-1] == "_":
        text, start, end = text[1:-1], start + 1, end - 1
    lead = len(text) - len(text.lstrip(".-\\"))
    text, start = text[lead:], start + lead
    trimmed = text.rstrip(".-\\")
    end -= len(text) - len(trimmed)
    plain = _spelled_out(trimmed.replace("\\", ""))
    if not plain or (shape == "name" and "#" in plain):
        return None
    if len(plain) > 7 and re.fullmatch(r"[A-Za-z0-9](?:_[A-Za-z0-9]){3,}", plain):
        return plain.replace("_", ""), start, end, ("separated",)
    return plain, start, end, ()
