"""A folded document as the tokens that the grammar of shares is about: apps, words, signs, line ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from monitor.detect.document import BOUNDARY, Document
from monitor.detect.spellings import Found

SPELLED: Final = (
    r"(?:\s?[(\[{]?\s?\b(?:underscore|under[ -]score|dot|dash|hyphen)\b\s?[)\]}]?\s?"
    r"|[(\[{‹](?P<sign>[._-])[)\]}›])"
)
"""A separator spelled out inside a handle, or in brackets."""
_SPELLING: Final = re.compile(r"under|dot|dash|hyphen|[(\[{‹][._-][)\]}›]")

_URL: Final = r"|(?P<url>(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s\"'‹›]+)"
_ADDRESS: Final = (
    r"|(?P<address>[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}(?![A-Za-z0-9]))"
)
_BEGIN: Final = rf"(?P<bound>{BOUNDARY})|(?P<newline>\n+)"
_WORD: Final = (
    r"|(?P<phone>(?<![\w])(?:\+|00)?[ (]{0,2}[0-9](?:[ ()./·-]{0,3}[0-9]){6,19}(?![0-9A-Za-z_]))"
    r"|(?P<spaced>(?<![A-Za-z0-9_])[A-Za-z0-9](?P<gap>[^A-Za-z0-9\n]{1,5})[A-Za-z0-9_](?:(?P=gap)[A-Za-z0-9_.](?![A-Za-z0-9])){2,62}(?:(?P=gap)[A-Za-z]?[0-9]{2,4})?(?![A-Za-z0-9]))"
    r"|(?P<chunks>(?<![A-Za-z0-9_])[A-Za-z0-9]{1,5}(?P<cut>[·•∙‧・~])[A-Za-z0-9]{1,5}(?:(?P=cut)[A-Za-z0-9]{1,5}){1,8}(?![A-Za-z0-9]))"
    r"|(?P<word>(?:\\?[A-Za-z0-9_])(?:\\?[A-Za-z0-9_.-]"
)
_SPELLED: Final = rf"|{SPELLED}(?=[A-Za-z0-9])".replace("?P<sign>", "?:")
_REST: Final = (
    r")*(?:#[0-9]{4}(?![0-9A-Za-z]))?)"
    r"|(?P<native>[^\W\d_A-Za-z](?:[^\W_A-Za-z0-9]|[\u0900-\u0963\u0966-\u0dff])*)"
    r"|(?P<colon>[:=→➡⇒⟶➔➜➤►▶›»☛☞👉👈⮕⇨-]+>?)"
    r"|(?P<end>[.!?。！？]+(?=\s|$))"
    r"|(?P<also>[/,&＆+;|]+)"
    r"|(?P<open>[\"'(\[{‹`*~]+)"
    r"|(?P<close>[)\]}]+)"
    r"|(?P<at>@)"
    r"|(?P<other>\S)"
)


@cache
def _pattern(*, urls: bool, addresses: bool, spelled: bool) -> re.Pattern[str]:
    """The tokens; without what a text cannot hold, because each is tried at every word."""
    parts = (_URL if urls else "", _ADDRESS if addresses else "", _WORD, _SPELLED if spelled else "")
    return re.compile("".join((_BEGIN, *parts, _REST)))


_ORDER: Final = {"taken": 0, "app": 1, "same": 2, "service": 3, "term": 4}


class Token(NamedTuple):
    """`kind` is a group's name of the pattern above, or "app", "service", "term", "taken", "same"; `found` are an app
    token's readings.
    """

    kind: str
    start: int
    end: int
    text: str
    at: bool = False
    found: tuple[Found, ...] = ()


def tokens_of(
    doc: Document,
    apps: Sequence[Found],
    services: Sequence[Found],
    terms: Sequence[Found],
    taken: Sequence[tuple[int, int]],
    same: Sequence[tuple[int, int]] = (),
) -> list[Token]:
    """The tokens of a document.

    :param terms: coded terms that stand as words: no handles.
    :param same: phrases like "same as my username".
    :param taken: positions of links and ids that were read already; they become "taken" tokens.
    """
    marks = _marks(doc, apps, taken)
    marks += [_mark("service", doc, one) for one in services if _stands_alone(doc, one)]
    marks += [_mark("term", doc, one) for one in terms]
    marks += [Token("same", start, end, doc.lower[start:end]) for start, end in same]
    marks.sort(key=lambda mark: (mark.start, _ORDER[mark.kind], -mark.end))
    text = doc.cased
    pattern = _pattern(
        urls="://" in text or "www." in text, addresses="@" in text, spelled=_SPELLING.search(text) is not None
    )
    tokens: list[Token] = []
    at = 0
    for mark in marks:
        if mark.start < at:
            continue
        tokens += _plain(doc, pattern, at, mark.start)
        tokens.append(mark)
        at = mark.end
    return tokens + _plain(doc, pattern, at, len(doc.lower))


def _marks(doc: Document, apps: Sequence[Found], taken: Sequence[tuple[int, int]]) -> list[Token]:
    by_span: dict[tuple[int, int], list[Found]] = {}
    for one in apps:
        if _stands_alone(doc, one):
            by_span.setdefault((one.start, one.end), []).append(one)
    marks = [Token("app", a, b, doc.lower[a:b], found=tuple(ones)) for (a, b), ones in by_span.items()]
    return marks + [Token("taken", a, b, doc.lower[a:b]) for a, b in taken if a < b]


def _mark(kind: str, doc: Document, one: Found) -> Token:
    return Token(kind, one.start, one.end, doc.lower[one.start : one.end])


def _stands_alone(doc: Document, one: Found) -> bool:
    """False where a name is a part of a handle: after an underscore, a dot or an '@', or before a dot and a letter."""
    text = doc.lower
    before = text[one.start - 1] if one.start else " "
    two = text[max(one.start - 2, 0) : one.start]
    after = text[one.end : one.end + 2]
    if before == after[:1] == "_" and _emphasised(text, one.start, one.end):
        return True
    if before == "@" and len(two) == 2 and two[0].isalnum():
        return after[:1] != "." or len(after) < 2 or not after[1].isalnum()  # "name@kik", no address
    if before in "_@" or (before in ".-" and len(two) == 2 and (two[0].isalnum() or two[0] == "_")):
        return False
    return not (after[:1] in {".", "_"} and len(after) == 2 and (after[1].isalnum() and after[:1] == "."))


def _emphasised(text: str, start: int, end: int) -> bool:
    """True for a whole word in Markdown's underscores: __kik__."""
    before = text[max(start - 3, 0) : start].rstrip("_")[-1:]
    after = text[end : end + 3].lstrip("_")[:1]
    return not (before.isalnum() or after.isalnum())


def _plain(doc: Document, pattern: re.Pattern[str], start: int, end: int) -> list[Token]:
    tokens: list[Token] = []
    if start >= end:
        return tokens
    scripted = doc.scripted
    sign_end = -1
    for found in pattern.finditer(doc.cased, start, end):
        kind = found.lastgroup
        first, last = found.span()
        if kind in {"gap", "cut", "chunks"}:
            kind = "spaced"
        elif kind == "word" and scripted and doc.other_script(first, last):
            kind = "native"
        tokens.append(Token(kind or "other", first, last, found[0], first == sign_end))
        sign_end = last if kind == "at" else -1
    return tokens
