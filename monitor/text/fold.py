"""Folds a text for matching, with a map that leads every folded character back to the original ones.

Folded away: HTML tags and entities, compatibility forms (fullwidth, mathematical, circled, squared ...), look-alike
letters of other scripts, accents and other combining marks, invisible and bidirectional characters, kinds of digits,
dashes, quotes and spaces. Two strings of one length come out: `cased`, which keeps case (handles are read off it),
and `lower`. Leet, separated and stretched letters are the matchers' business (`monitor.detect`).

Folding a folded text changes nothing. Linear in the length of the text. Plain ASCII takes a fast path.
"""

from __future__ import annotations

import html
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from html.entities import html5
from typing import Final

from monitor.text.tables import STEPS

_TAGS: Final = (
    "a|abbr|acronym|address|article|aside|audio|b|bdi|bdo|big|blockquote|body|br|button|caption|center|cite|code|col|"
    "dd|del|details|dfn|div|dl|dt|em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|"
    "input|ins|kbd|label|legend|li|link|main|mark|meta|nav|ol|option|p|pre|q|rp|rt|ruby|s|samp|section|select|small|"
    "source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|time|title|tr|tt|u|"
    "ul|var|video|wbr"
)
INLINE_TAG: Final = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|label|mark|q|s|samp|small|span|strike|strong|sub|"
    "sup|time|tt|u|var|wbr"
)
_MARKUP: Final = re.compile(
    rf"<(?P<close>/?)(?P<tag>{_TAGS})(?:\s[^<>]*|/)?>|<!--[^<>]*-->"
    r"|&(?:amp;){0,3}(?:#(?P<dec>\d{1,7});?|#[xX](?P<hex>[0-9a-fA-F]{1,6});?|(?P<name>[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<flags>[\U0001F1E6-\U0001F1FF]{2,})",
    re.IGNORECASE,
)
_MAY_HOLD_MARKUP: Final = re.compile("[<&\U0001f1e6-\U0001f1ff]")
_JAMO: Final = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
FLAG: Final = "⚑"
"""What a country's flag (two regional indicators) becomes."""

_COUNTRY_CODES: Final = (
    "ACADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCPCRCUCVCWCX"
    "CYCZDEDGDJDKDMDODZEAECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUICIDIEILIMINIO"
    "IQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNE"
    "NFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTATCTDTFTG"
    "THTJTKTLTMTNTOTRTTTVTWTZUAUGUMUNUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"
)
"""ISO 3166 codes that have a flag, one after another."""
_COUNTRIES: Final = frozenset(_COUNTRY_CODES[at : at + 2] for at in range(0, len(_COUNTRY_CODES), 2))
_STAND_INS: Final = str.maketrans({"<": "‹", ">": "›", "&": "＆"})


_UNTOLD: Final = (None, "", "space", "punctuation")
"""No steps that are worth a word."""


@cache
def character_table() -> dict[int, str]:
    """Code point -> what it becomes, case kept."""
    return {ord(char): out for by in STEPS.values() for out, chars in by.items() for char in chars}


@cache
def _step_table() -> dict[str, str]:
    """Character -> the name of the step that folds it."""
    return {char: step for step, by in STEPS.items() for chars in by.values() for char in chars}


def lower(text: str) -> str:
    """Lower case, character by character: never another length."""
    small = text.lower()
    # At the end of a word Σ has a lower case of its own.
    if len(small) == len(text) and "Σ" not in text:
        return small
    return "".join(c if len(s := c.lower()) != 1 else s for c in text)


class Folded:
    """A folded text. `source` is the original.

    `cased` and `lower` are of one length; :meth:`span` leads back. The map is made when it is first asked for.
    """

    __slots__ = ("_ends", "_pieces", "_starts", "_straight", "cased", "identity", "lower", "source")

    def __init__(self, source: str, pieces: list[tuple[int, int, str]], cased: str) -> None:
        self.source = source
        self.cased = cased
        self.lower = lower(cased)
        self.identity = not pieces and len(cased) == len(source) and cased.isascii() and source.isascii()
        """True where folding did nothing that is worth a word (case, signs of one kind)."""
        self._pieces = pieces
        self._straight: bool | None = True if self.identity else None
        self._starts: array[int] | None = None
        self._ends: array[int] | None = None

    @property
    def straight(self) -> bool:
        """True where folded and original positions are the same: every character became one."""
        if self._straight is None:
            self._straight = (
                not self._pieces and len(self.cased) == len(self.source) and _resizing().isdisjoint(self.source)
            )
        return self._straight

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span [start, end) of folded characters [start, end); combining marks go with their letter."""
        if self.straight:
            return start, end
        starts, ends = self._maps()
        return starts[start], ends[end - 1]

    def position(self, original: int) -> int:
        """How many folded characters come from before an original position."""
        return original if self.straight else bisect_left(self._maps()[0], original)

    def steps(self, start: int, end: int) -> tuple[str, ...]:
        """Names of the folding steps that worked inside folded characters [start, end), sorted."""
        if self.identity:
            return ()
        first, last = self.span(start, end)
        names = _step_table()
        found = set(map(names.get, self.source[first:last]))
        for piece_start, piece_end, _ in self._pieces:
            if piece_start < last and piece_end > first:
                found.add(
                    "entity" if self.source[piece_start] == "&" else "markup" if self.source[piece_start] == "<" else ""
                )
        return tuple(sorted(step for step in found if step not in _UNTOLD))

    def _maps(self) -> tuple[array[int], array[int]]:
        if self._starts is None or self._ends is None:
            self._starts, self._ends = _build_maps(self.source, self._pieces)
            if len(self._starts) != len(self.cased):
                self._starts, self._ends = _compose_maps(self._uncomposed(), self._starts, self._ends)
        return self._starts, self._ends

    def _uncomposed(self) -> str:
        return _assemble(self.source, self._pieces)


def fold(text: str) -> Folded:
    """Folds a text; never raises, whatever the text holds."""
    if text.isascii() and _UNPLAIN.search(text) is None:
        return Folded(text, [], text)
    pieces = list(_markup(text)) if _MAY_HOLD_MARKUP.search(text) else []
    cased = _assemble(text, pieces)
    if not cased.isascii():
        cased = _JAMO.sub(lambda found: _composed(found[0]), cased)
    return Folded(text, pieces, cased)


def fold_each(texts: Sequence[str]) -> list[str]:
    """Short texts, each folded to lower case; most of them at once, which is many times as fast."""
    plain = [text for text in texts if not _MAY_HOLD_MARKUP.search(text)]
    folded = fold("\n".join(plain)).lower.split("\n")
    # A text with a line break would come out as two.
    known = dict(zip(plain, folded, strict=True)) if len(folded) == len(plain) else {}
    return [known[text] if text in known else fold(text).lower for text in texts]


_UNPLAIN: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f<>&]")
"""What of ASCII folding changes."""


def _assemble(text: str, pieces: list[tuple[int, int, str]]) -> str:
    table = character_table()
    if not pieces:
        return text.translate(table)
    parts: list[str] = []
    at = 0
    for start, end, becomes in pieces:
        parts += (text[at:start].translate(table), becomes)
        at = end
    parts.append(text[at:].translate(table))
    return "".join(parts)


def _markup(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, what it becomes) of tags, entities and flags."""
    for found in _MARKUP.finditer(text):
        if found["flags"]:
            if len(found["flags"]) == 2 and _country(found["flags"]):
                yield found.start(), found.end(), FLAG
        elif found["tag"]:
            yield found.start(), found.end(), "" if INLINE_TAG.fullmatch(found["tag"].lower()) else "\n"
        elif found[0][0] == "<":
            yield found.start(), found.end(), ""
        elif (char := _entity(found)) is not None:
            yield found.start(), found.end(), char.translate(character_table())


def _country(pair: str) -> bool:
    return "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in pair) in _COUNTRIES


def _entity(found: re.Match[str]) -> str | None:
    if found["name"]:
        return html5.get(found["name"] + ";")
    code = int(found["dec"]) if found["dec"] else int(found["hex"], 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return None
    # html.unescape knows what browsers make of &#150; and its like.
    return html.unescape(f"&#{code};").translate(_STAND_INS)


def _composed(jamo: str) -> str:
    lead, vowel, *tail = (ord(char) for char in jamo)
    return chr(0xAC00 + ((lead - 0x1100) * 21 + vowel - 0x1161) * 28 + (tail[0] - 0x11A7 if tail else 0))


def _build_maps(text: str, pieces: list[tuple[int, int, str]]) -> tuple[array[int], array[int]]:
    """First original position, and the position after the last one, of each folded character."""
    table, resizing, marks = character_table(), _resizing(), _attached()
    starts, ends = array("q"), array("q")
    at = 0
    for start, end, becomes in [*pieces, (len(text), len(text), "")]:
        for position in [place for place in range(at, start) if text[place] in resizing]:
            starts.extend(range(at, position))
            ends.extend(range(at + 1, position + 1))
            at = position + 1
            if out := table[ord(text[position])]:
                starts.extend([position] * len(out))
                ends.extend([at] * len(out))
            elif text[position] in marks and ends and ends[-1] == position:
                # A mark belongs to its letter, and to all that the letter became.
                _extend_last(ends, position)
        starts.extend(range(at, start))
        ends.extend(range(at + 1, start + 1))
        starts.extend([start] * len(becomes))
        ends.extend([end] * len(becomes))
        at = end
    return starts, ends


def _extend_last(ends: array[int], position: int) -> None:
    index = len(ends) - 1
    while index >= 0 and ends[index] == position:
        ends[index] = position + 1
        index -= 1


@cache
def _resizing() -> frozenset[str]:
    """Characters that become none, or several."""
    return frozenset(chr(code) for code, out in character_table().items() if len(out) != 1)


@cache
def _attached() -> frozenset[str]:
    """Folded-away characters that attach to the one before: combining marks and variation selectors."""
    selectors = "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)]))
    return frozenset(STEPS["combining"][""] + selectors)


def _compose_maps(uncomposed: str, starts: array[int], ends: array[int]) -> tuple[array[int], array[int]]:
    new_starts, new_ends = array("q"), array("q")
    at = 0
    for found in _JAMO.finditer(uncomposed):
        new_starts.extend(starts[at : found.start() + 1])
        new_ends.extend(ends[at : found.start()])
        new_ends.append(ends[found.end() - 1])
        at = found.end()
    new_starts.extend(starts[at:])
    new_ends.extend(ends[at:])
    return new_starts, new_ends
