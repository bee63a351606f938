"""What a token says where a handle of some shape is wanted: without Markdown, with its separators."""

from __future__ import annotations

import re

from monitor.detect.tokens import SPELLED, Token


def read_as(shape: str, token: Token) -> tuple[str, int, int, tuple[str, ...]] | None:
    """(text, start, end, tolerances): what a token says where a shape is wanted; None where it cannot be one."""
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
    return (
        re.sub(SPELLED, lambda found: "." if "dot" in found[0] else "_", text)
        if " " in text or "(" in text or "[" in text
        else text
    )


def _read_word(shape: str, token: Token) -> tuple[str, int, int, tuple[str, ...]] | None:
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
