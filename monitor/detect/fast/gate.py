"""The gate: which of many texts may name an app. The others cannot hold a handle share and are not looked at again.

Texts are joined and scanned at once for literals without which no name is there (`triggers`); what is found is
checked on the spot. It may let a text through that names no app, and never holds one back that does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from monitor.detect.bundle import Bundle
from monitor.detect.fast.alphabet import (
    CLASSES,
    LETTERS,
    LOWER,
    ODD,
    ROW,
    SINGLES,
    Letters,
    code_points,
    folded,
    odd_places,
)
from monitor.detect.fast.markup import changes_words
from monitor.detect.fast.matchers import make_matcher, make_run_matcher, translated
from monitor.detect.fast.names import NOTHING, Names
from monitor.detect.fast.possible import Possible
from monitor.detect.fast.triggers import Check, Triggers, name_triggers, native_triggers, sign_triggers
from monitor.detect.links import Links
from monitor.detect.spellings import Spellings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from monitor.detect.fast.block import LineBlock

_SEPARATOR: Final = chr(ROW)
_BETWEEN: Final = f" {_SEPARATOR} "
_ROW: Final = bytes([ROW])
_ID: Final = 66
"""Hex digits of the shortest id that names its app by its shape."""
_AROUND: Final = 120
_MATRIX: Final = re.compile(rb"@[A-Za-z0-9._=/+-]{1,200}:(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}")
_ODD_ADDRESS: Final = re.compile(r"@[^\s@]{0,200}(?:[^\x00-\x7f]|:[A-Za-z0-9-]+\.)")
_GREEK: Final = 0x370
_ARMENIAN: Final = 0x58F
"""The scripts whose letters look like Latin ones: from the one to the other."""
_FIRST_FLAG: Final = "\U0001f1e6"
_AMPERSAND: Final = ord("&")
_ANGLE: Final = ord("<")
_ENTITY: Final = re.compile(rb"&(#?\w+|#)")
_SIGNS: Final = frozenset({b"lt", b"gt", b"quot"})
"""Entities that part words."""
_SIGNED: Final = re.compile(r"[\w@$!|+(*]+")


class _Found(NamedTuple):
    row: int
    check: Check
    start: int
    end: int


class _Scan:
    """A matcher with what its literals ask for."""

    def __init__(self, triggers: Triggers, backend: str | None) -> None:
        self._sizes = [len(literal) for literal in triggers]
        self._checks = list(triggers.values())
        self._matcher = make_matcher(list(triggers), backend=backend)

    def __call__(self, data: bytes, starts: Sequence[int]) -> Iterator[_Found]:
        """What was found in joined texts; `starts`: where each begins, ascending."""
        for index, end in self._matcher.scan(data):
            start = end - self._sizes[index]
            yield _Found(bisect_right(starts, end - 1) - 1, self._checks[index], start, end)


class _Look:
    """What was seen so far: rows that passed; rows that have to be folded to know; apps that rows name."""

    def __init__(self) -> None:
        self.passed: set[int] = set()
        self.unread: set[int] = set()
        self.named: dict[int, frozenset[str]] = {}

    def name(self, row: int, apps: frozenset[str]) -> None:
        """Notes that a row names apps."""
        if apps:
            self.named[row] = self.named.get(row, NOTHING) | apps


class Gate:
    """Made once for a bundle. One batch at a time."""

    def __init__(self, bundle: Bundle, spellings: Spellings, *, backend: str | None = None) -> None:
        names = [one for app in bundle.apps for one in app.spellings()]
        starts = [link.start for app in bundle.apps for link in app.links]
        self._links = Links(bundle.apps)
        self._possible = Possible(bundle.apps, self._links)
        self._names = Names(spellings, names, backend=backend)
        self._letters = Letters(one.flat for one in names)
        self._by_name = _Scan(name_triggers(names, starts), backend)
        self._by_sign = _Scan(sign_triggers(names), backend)
        self._by_singles = _Scan(dict.fromkeys(SINGLES, Check.JOINED), backend)
        self._ids = make_run_matcher(b"0-9a-f", _ID, backend=backend)
        native = native_triggers(names, self._letters)
        self._by_letter = _Scan({**native, bytes([ODD]): Check.FOLD}, backend)

    def rows(self, texts: Sequence[str], communities: Sequence[str] = ()) -> list[int]:
        """Numbers of the rows that may hold a handle share, or a community named after an app; ascending.

        :param texts: a row's fields, joined by `alphabet.FIELD`; :param communities: names and descriptions of the
            rows' communities, which `texts` hold too.
        """
        look = _Look()
        joined = _join(texts)
        if joined.count(_SEPARATOR) > len(texts) + 1:
            # Folding drops it as well.
            texts = [text.replace(_SEPARATOR, "") for text in texts]
            joined = _join(texts)
        if not joined.isascii():
            odd = [row for row, text in enumerate(texts) if not text.isascii()]
            plain = list(texts)
            for row in odd:
                plain[row] = ""
            # Those to be folded, too: folding takes out tags, and the links in them.
            apart = _join([texts[row] for row in odd])
            self._look_at_odd(apart, code_points(apart), odd, look, folded=False)
            joined = _join(plain)
        raw = joined.encode()
        self._look_at_plain(raw, _starts(raw), range(len(texts)), look)
        read = {row: folded(texts[row]) for row in sorted(look.unread - look.passed)}
        if read:
            again = _join(list(read.values()))
            self._look_at_odd(again, code_points(again), list(read), look, folded=True)
        for row, apps in look.named.items():
            if row not in look.passed and self._possible(read.get(row) or _as_folded(texts[row]), apps):
                look.passed.add(row)
        look.passed.update(row for row, name in enumerate(communities) if name and self._named_after_app(name))
        return sorted(look.passed)

    def lines(self, block: LineBlock) -> list[int]:
        """Numbers of the lines that may hold a handle share or name an app anywhere, or are not UTF-8; ascending."""
        look, odd = _Look(), _Look()
        self._look_at_plain(block.plain(), block.starts.tolist(), range(len(block.starts)), look)
        try:
            rows, codes = block.odd()
        except UnicodeDecodeError:
            rows, codes = (), code_points("")
            odd.unread |= block.beyond_ascii()
        if rows:
            apart = codes.tobytes().decode("utf-32-le", "surrogatepass")
            self._look_at_odd(apart, codes, rows, odd, folded=False)
        sure = look.passed | look.unread | odd.passed | odd.unread | odd.named.keys()
        rest = {row for row, apps in look.named.items() if row not in sure and self._may_share(block.line(row), apps)}
        return sorted(sure | rest)

    def _may_share(self, line: bytes, apps: frozenset[str]) -> bool:
        """Like `_possible`; a community named after an app needs no share, so any mention of one will do."""
        return b'"community' in line or self._possible(line.decode("latin-1"), apps)

    @lru_cache(maxsize=8192)  # noqa: B019 - one gate lives as long as the process
    def _named_after_app(self, community: str) -> bool:
        look = _Look()
        name = _join([folded(community)])
        self._look_at_odd(name, code_points(name), [0], look, folded=True)
        return bool(look.passed or look.named)

    def _look_at_odd(
        self, joined: str, codes: NDArray[np.uint32], rows: Sequence[int], look: _Look, *, folded: bool
    ) -> None:
        """Looks at joined texts of the given rows, which are not ASCII. :param codes: their code points."""
        letters, starts = self._letters.of(codes)
        if not folded:
            begins = [at for at in odd_places(codes) if _may_be_odd(joined, at)]
            if begins:
                look.unread.update(rows[row] for row in _rows_of(codes, begins))
        other: set[int] | None = None
        for found in self._by_letter(letters, starts):
            row = rows[found.row]
            if found.check is Check.FOLD:
                look.unread.add(row)
            elif found.check is Check.NATIVE or row in look.unread:
                look.passed.add(row)
            else:
                if other is None:
                    places = np.flatnonzero((codes >= _GREEK) & (codes <= _ARMENIAN))
                    other = set(_rows_of(codes, places.tolist()))
                if found.row in other:
                    look.passed.add(row)
        self._look_at_plain(*self._letters.cased(codes), rows, look)

    def _look_at_plain(self, raw: bytes, starts: Sequence[int], rows: Sequence[int], look: _Look) -> None:
        """Looks at joined texts of one byte a character."""
        lower = translated(raw, LOWER)
        letters = translated(lower, LETTERS)
        for found in self._by_name(letters, starts):
            if found.check is Check.WORD:
                look.name(rows[found.row], self._names.hold(_word(raw, letters, found)))
            elif found.check is Check.JOINED:
                look.name(rows[found.row], self._names.begin(_following(letters, found)))
            elif self._links.begin_in(raw[max(found.start - 5, 0) : found.end + 24].decode("latin-1").lower()):
                look.passed.add(rows[found.row])
        for found in self._by_singles(translated(lower, CLASSES), starts):
            look.name(rows[found.row], self._names.inside(_following(letters, found)))
        for found in self._by_sign(lower, starts):
            if found.check is Check.SIGN:
                look.name(rows[found.row], self._signed(raw, found))
            elif _may_change(raw, found.start) and (
                raw[found.start] not in b"<&" or changes_words(*_around(raw, found))
            ):
                look.unread.add(rows[found.row])
        places = (*(end - 1 for _, end in self._ids.scan(lower)), *_addresses(raw))
        look.passed.update(rows[bisect_right(starts, place) - 1] for place in places)

    def _signed(self, raw: bytes, found: _Found) -> frozenset[str]:
        """What the word that a sign stands in may name."""
        text, at = _around(raw, found)
        words = (one[0] for one in _SIGNED.finditer(text) if one.end() > at)
        return self._names.hold(next(words, ""))


def _join(texts: Sequence[str]) -> str:
    return _BETWEEN.join(("", *texts, ""))


def _starts(raw: bytes) -> list[int]:
    """Where the separator before each text stands, in joined texts, and the last one."""
    return np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == ROW).tolist()


def _rows_of(codes: NDArray[np.uint32], places: Sequence[int]) -> list[int]:
    """The texts that places in joined texts' code points are in, by number."""
    return (np.searchsorted(np.flatnonzero(codes == ROW), places, side="right") - 1).tolist()


def _around(raw: bytes, found: _Found) -> tuple[str, int]:
    """What stands around a place in its row, and where the place is in that."""
    first = max(raw.rfind(_ROW, 0, found.start) + 1, found.start - _AROUND)
    last = raw.find(_ROW, found.end, found.end + 4 * _AROUND)
    return raw[first : last if last >= 0 else found.end + 4 * _AROUND].decode("latin-1"), found.start - first


def _word(raw: bytes, letters: bytes, found: _Found) -> str:
    """The word that a literal stands in; the literal may begin or end with the space beside it."""
    first = letters.rfind(b" ", 0, found.start + 1) + 1
    return raw[first : letters.find(b" ", max(found.end - 1, first))].decode("latin-1")


def _as_folded(text: str) -> str:
    return text if text.isascii() else folded(text)


def _following(letters: bytes, found: _Found) -> bytes:
    """The letters from a place on, in its row."""
    last = letters.find(_ROW, found.start, found.start + _AROUND)
    return letters[found.start : last if last >= 0 else found.start + _AROUND]


def _may_be_odd(joined: str, at: int) -> bool:
    """True where at a place begins a Matrix id with a disguised colon; or stands a sign for a letter that is not ASCII,
    a flag, or markup between letters.
    """
    sign = joined[at]
    if sign == "@":
        return _ODD_ADDRESS.match(joined, at) is not None
    if sign in "<&":
        return changes_words(joined, at)
    if sign >= _FIRST_FLAG:
        return joined[at + 1] >= _FIRST_FLAG or joined[at - 1] >= _FIRST_FLAG
    # Between letters, or between what folding drops.
    return not joined[at - 1].isspace() and not joined[at + 1].isspace()


def _may_change(raw: bytes, at: int) -> bool:
    """False for most markup that changes no words, told quickly."""
    if raw[at] == _AMPERSAND:
        found = _ENTITY.match(raw, at)
        return found is not None and found[1].lower() not in _SIGNS
    return raw[at] != _ANGLE or raw[at - 1 : at].isalnum()


def _addresses(raw: bytes) -> Iterator[int]:
    """Places of Matrix ids, which name their app by their shape."""
    at = raw.find(b"@")
    while at >= 0:
        if not raw[at - 1 : at].isalnum() and _MATRIX.match(raw, at):
            yield at
        at = raw.find(b"@", at + 1)
