"""Which of the texts that may name an app may hold a term: letters in a row alone. The second half of the sieve.

Terms of five letters or more are looked for in the letters of a text and nothing else, runs of one letter as one:
however they are stretched, parted or glued, their letters stand there in a row. Shorter ones would stand there too
often by chance, and have a literal for each way that they can be written in.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Iterable, Sequence, Set
from typing import Final

import numpy as np

from monitor.detect.drawn import BEGINS, DRAWN, DRAWS
from monitor.detect.fast import coarse
from monitor.detect.fast import term_triggers as triggers
from monitor.detect.fast.alphabet import ROW
from monitor.detect.fast.matchers import Matcher, make_matcher, translated
from monitor.detect.fast.term_triggers import WHITE
from monitor.detect.spelling import SIGNS, Spelling, key, leet

_ROW: Final = b"%c" % ROW
_MARK: Final = b"\x1d"
"""Stands before the separator of every text, so that no two separators touch where a text has no letter."""
_LONG: Final = 5
"""Letters, runs taken as one, of terms that are looked for wherever their letters stand in a row."""
_SPACE: Final = ord(" ")
_ONE_TEXT: Final = bytes(_SPACE if byte in (ROW, _MARK[0]) else byte for byte in range(256))
_KEPT: Final = {ROW: ROW, _MARK[0]: _MARK[0]}
_SIGN_OF: Final = {
    **{sign: ord(leet(chr(of))) for sign, of in SIGNS.items() if sign < 0x80},
    coarse.EURO: ord("e"),
    coarse.POUND: ord(leet("i")),
}
"""Signs that stand for letters, and those."""


def _letters(others: dict[int, int], white: int) -> bytes:
    """Byte -> letter as leet has it; signs as spaces, but for some."""
    letters = {ord(char): ord(leet(char.lower())) for char in string.ascii_letters + string.digits}
    table = {byte: white if chr(byte).isspace() else _SPACE for byte in range(256)} | letters | others | _KEPT
    return bytes(table[byte] for byte in range(256))


_SPACED: Final = (_letters({}, _SPACE), _letters(_SIGN_OF, _SPACE))
_PARTED: Final = (_letters({}, WHITE), _letters(_SIGN_OF, WHITE))
"""Signs as spaces, or as the letters that they stand for."""
_WORDS: Final = tuple(
    table[:0x80] + bytes(coarse.LETTER if byte == coarse.LETTER else table[byte] for byte in range(0x80, 256))
    for table in _SPACED
)
"""The same for words with a typing error, which may be a letter of another script."""
_KINDS: Final = bytes(
    ord("a") if chr(byte) in string.ascii_letters + string.digits or byte == coarse.LETTER
    else byte if chr(byte) in "@$*"
    else ord("*") if byte == coarse.BULLET
    else ord("!") if byte in _SIGN_OF
    else _SPACE
    for byte in range(256)
)  # fmt: skip
_SIGNED: Final = (b"a@", b"a$", b"$a", b"@@", b"a!a", b"a!!a", b"a!!!a", b"!!!!a", b"!@", b"!$")
"""Where a sign may stand for a letter."""
_STARRED: Final = (b"a*a", b"a**a")
_ENTITY: Final = re.compile(
    rb"&(?:amp;){0,3}(?:(?:(amp|quot|apos|#39)|(lt)|(gt)|(nbsp)|(#x200B));|#|[A-Za-z][A-Za-z0-9]{1,31};)"
)
_PLAIN: Final = (b"", b'"', b"<", b">", b" ", b"")
"""What the commonest stand for, or what is as good."""
_AROUND: Final = 130
_NEAR: Final = 8
_DRAWS: Final = b"|".join(re.escape(signs.encode()) for signs in DRAWS if signs.isascii())
_BESIDE_LETTER: Final = re.compile(rb"(?<=[A-Za-z0-9\x80-\xff])(?:%b)|(?:%b)[A-Za-z0-9\x80-\xff]" % (_DRAWS, _DRAWS))
"""Signs that may draw a letter, beside one."""
_STARS: Final = re.compile(r"(?<![a-z0-9*])[a-z0-9]+(?:\*{1,2}[a-z0-9]+)+(?![a-z0-9*])")
_TAG: Final = re.compile(rb"<[A-Za-z/!]")
_REMEMBERED: Final = 200_000
"""Words of which it is known whether they may have a typing error."""


class TermSieve:
    """Made once for a bundle's terms."""

    def __init__(
        self,
        terms: Sequence[Spelling],
        backwards: Collection[str],
        like_typos: re.Pattern[bytes] | None,
        mistyped: Callable[[str], bool],
        *,
        backend: str | None = None,
    ) -> None:
        """:param terms: their spellings; :param backwards: words that make a text be read backwards as well;
        :param like_typos: what words with a typing error look like, and :param mistyped: tells which are some.
        """
        latin = [one for one in terms if not one.native and one.flat.isascii()]
        self.beyond_ascii = len(latin) < len(terms)
        """There are terms that nothing is said of here: they stand in texts that are not ASCII."""
        long = {one.flat for one in latin if _is_long(one)} | {one for one in backwards if _fits(one)}
        ways = sorted({way.encode() for flat in long for way in triggers.squeezed(flat)})
        self._long, self._sizes = make_matcher(ways, backend=backend), [len(way) for way in ways]
        short = {leet(one.flat) for one in latin if not _is_long(one)}
        # A text is read backwards for whole words.
        mirrored = {leet(one) for one in backwards if not _fits(one)}
        self._short = _matcher(triggers.short(short, mirrored), backend)
        self._apart = _matcher((way for flat in short | mirrored for way in triggers.singles(flat)), backend)
        self._starred: dict[tuple[int, str, str], list[str]] = {}
        for one in latin:
            self._starred.setdefault((len(one.flat), one.flat[0], one.flat[-1]), []).append(one.flat)
        self._like_typos, self._mistyped = like_typos, mistyped
        self._typos: dict[bytes, bool] = {}
        self._kinds = make_matcher([*_SIGNED, *_STARRED], backend=backend)
        self._drawn = _matcher(DRAWS, backend)

    def may_hold(self, texts: Sequence[bytes]) -> set[int]:
        """Numbers of the texts that may hold a term.

        :param texts: as `coarse` has them, each with its separator in front, and nothing in them that only folding
            can read but markup.
        """
        raw = _MARK.join((b"", *texts))
        found: set[int] = set()
        if b"<" in raw:
            found.update(_rows(raw, [one.start() for one in _TAG.finditer(raw)]))
        if b"&" in raw:
            unread, raw = _without_entities(raw)
            found.update(unread)
        found |= self._read(raw, 0)
        found |= self.drawn(raw)
        return found | self.signed(raw, found)

    def signed(self, raw: bytes, known: Set[int] = frozenset()) -> set[int]:
        """Numbers of joined texts in which signs may stand for a term's letters, or letters be starred out.

        :param known: those that need not be asked.
        """
        found: set[int] = set()
        signed: list[int] = []
        last = 0
        for index, end in self._kinds.scan(translated(raw, _KINDS)):
            if index < len(_SIGNED):
                signed.append(end)
            elif end > last:
                # What is near is looked at with it.
                last = end + _AROUND // 2
                found.update(_rows(raw, self._starred_out(raw, max(end - _AROUND, 0), last + _AROUND)))
        if signed and (rows := sorted({*_rows(raw, signed)} - found - known)):
            starts = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == ROW).tolist()
            parts = (raw[starts[row] : (starts[row + 1 : row + 2] or [None])[0]] for row in rows)
            found.update(rows[at] for at in self._read(_MARK.join((b"", *parts)), 1))
        return found

    def drawn(self, raw: bytes) -> set[int]:
        """Numbers of joined texts in which letters may be drawn with several signs."""
        windows: list[bytes] = []
        places: list[int] = []
        last = 0
        for end in self._drawn.ends(raw):
            # What is near is looked at with it, but for the next text.
            if (end > last or raw.rfind(_ROW, places[-1], end) >= 0) and _BESIDE_LETTER.search(
                raw, max(end - _NEAR, 0), end + _NEAR
            ):
                last = end + _AROUND // 2
                around = translated(raw[max(end - _AROUND, 0) : last + _AROUND], _ONE_TEXT).decode("latin-1").lower()
                windows.append(_drawn_read(around).encode("latin-1", "replace"))
                places.append(end)
        if not windows:
            return set()
        read = self._read(b"".join(b"%b%c %b " % (_MARK, ROW, one) for one in windows), 0)
        return {*_rows(raw, [places[at] for at in read])}

    def _starred_out(self, raw: bytes, first: int, last: int) -> list[int]:
        """Places in a part of joined texts at which a word with stars may be a term."""
        around = raw[first:last].decode("latin-1").lower().replace(chr(coarse.BULLET), "*")
        return [
            first + one.end()
            for one in _STARS.finditer(around)
            for flat in self._starred.get((len(one[0]), one[0][0], one[0][-1]), ())
            if all(sign in ("*", letter) for sign, letter in zip(one[0], flat, strict=True))
        ]

    def _read(self, raw: bytes, signs: int) -> set[int]:
        """:param signs: 1 to read signs as the letters that they stand for."""
        found: set[int] = set()
        spaced = translated(raw, _SPACED[signs])
        letters = np.frombuffer(spaced, dtype=np.uint8)
        # A letter counts once where it stands several times in a row, but not where something parts it.
        kept = np.flatnonzero((letters[1:] != letters[:-1]) & (letters[1:] != _SPACE)) + 1
        squeezed = letters.take(kept).tobytes()
        for index, end in self._long.scan(squeezed):
            first, last = int(kept[end - self._sizes[index]]), int(kept[end - 1])
            if b" " not in spaced[first:last] or _whole(raw, spaced, first, last):
                found.update(_rows(raw, [first + 1]))
        found.update(_rows(spaced, self._apart.ends(spaced)))
        found.update(_rows(raw, self._short.ends(translated(raw, _PARTED[signs]))))
        if self._like_typos is not None:
            known, places = self._typos, list[int]()
            for one in self._like_typos.finditer(translated(raw, _WORDS[signs])):
                mistyped = known.get(one[1])
                if mistyped is None:
                    mistyped = self._is_typo(one[1])
                if mistyped:
                    places.append(one.start(1))
            found.update(_rows(raw, places))
        return found

    def _is_typo(self, word: bytes) -> bool:
        if len(self._typos) >= _REMEMBERED:
            self._typos.clear()
        mistyped = self._typos[word] = self._mistyped(word.decode("latin-1"))
        return mistyped


def _rows(raw: bytes, places: Sequence[int]) -> list[int]:
    """The texts that places are in, by number; also those right after them."""
    if not places:
        return []
    starts = np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == ROW)
    return (np.searchsorted(starts, np.array(places) - 1, side="right") - 1).tolist()


def _drawn_read(text: str) -> str:
    """A text with its drawn letters read."""
    parts: list[str] = []
    at = 0
    for begun in BEGINS.finditer(text):
        if begun.start() >= at and (signs := DRAWN.match(text, begun.start())) is not None:
            parts += (text[at : begun.start()], DRAWS[signs[0]])
            at = signs.end()
    return "".join((*parts, text[at:]))


def _without_entities(raw: bytes) -> tuple[list[int], bytes]:
    """The texts with entities that only folding can read, by number; and all without the others."""
    unread: list[int] = []
    parts: list[bytes] = []
    at = 0
    for one in _ENTITY.finditer(raw):
        if one.lastindex is None:
            unread.append(one.start())
        else:
            parts += (raw[at : one.start()], _PLAIN[one.lastindex])
            at = one.end()
    return _rows(raw, unread), b"".join((*parts, raw[at:]))


def _whole(raw: bytes, spaced: bytes, first: int, last: int) -> bool:
    """True where letters that something parts may be whole words: none of them goes on in small letters."""
    letter = spaced[last]
    while spaced[last + 1] == letter:
        last += 1
    return not any(edge.islower() and edge.isalpha() for edge in (raw[first - 1 : first + 1], raw[last : last + 2]))


def _is_long(one: Spelling) -> bool:
    return bool(one.breaks) or _fits(one.flat)


def _fits(flat: str) -> bool:
    return len(key(flat)) >= _LONG


def _matcher(literals: Iterable[str], backend: str | None) -> Matcher:
    return make_matcher(sorted(one.encode() for one in literals if one.isascii()), backend=backend)
