"""Which apps joined texts of one byte a character name; what literals find is checked on the spot, cheaply."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from monitor.detect.fast.alphabet import CLASSES, LETTERS, LOWER, ROW, SINGLES
from monitor.detect.fast.markup import changes_words
from monitor.detect.fast.matchers import make_matcher, make_run_matcher, translated
from monitor.detect.fast.names import NOTHING, Names
from monitor.detect.fast.triggers import Check, name_triggers, sign_triggers
from monitor.detect.links import Links
from monitor.detect.spelling import Spelling

_ROW: Final = bytes([ROW])
ID: Final = 66
"""Hex digits of the shortest id that names its app by its shape."""
_AROUND: Final = 120
_LINK: Final = 24
_ADDRESS: Final = re.compile(rb"@(?=[A-Za-z0-9._=/+-]{1,200}:)")
_MATRIX: Final = re.compile(rb"@[A-Za-z0-9._=/+-]{1,200}:(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}")
_AMPERSAND: Final = ord("&")
_ANGLE: Final = ord("<")
_ENTITY: Final = re.compile(rb"&(#?\w+|#)")
_SIGNS: Final = frozenset({b"lt", b"gt", b"quot"})
"""Entities that part words."""
SIGNED: Final = bytes(
    ord("a") if byte >= 0x80 or chr(byte).isalnum() or chr(byte) in "_@$!|+(*" else ord(" ") for byte in range(256)
)
"""Letters and what stands for them as "a", the rest as spaces."""
_REMEMBERED: Final = 200_000


class Look:
    """What was seen so far: rows that passed; rows that have to be folded to know; apps that rows name."""

    def __init__(self) -> None:
        self.passed: set[int] = set()
        self.unread: set[int] = set()
        self.named: dict[int, frozenset[str]] = {}

    def name(self, row: int, apps: frozenset[str]) -> None:
        """Notes that a row names apps."""
        self.named[row] = self.named.get(row, NOTHING) | apps


class Plain:
    """Made once for the apps' names and links. One look at a time."""

    def __init__(
        self, names: Names, spellings: Sequence[Spelling], links: Links, starts: Sequence[str], backend: str | None
    ) -> None:
        """:param names: answers about words; :param starts: how links of the apps begin."""
        self._names = names
        self._links = links
        by_name = name_triggers(spellings, starts)
        self._by_name = make_matcher(by_name, backend=backend)
        self._checks = [(check, len(literal)) for literal, check in by_name.items()]
        by_sign = sign_triggers(spellings)
        self._by_sign = make_matcher(by_sign, backend=backend)
        self._folds = [check is Check.FOLD for check in by_sign.values()]
        self._by_singles = make_matcher(SINGLES, backend=backend)
        self._ids = make_run_matcher(b"0-9a-f", ID, backend=backend)
        self._known: dict[bytes, frozenset[str]] = {}

    def __call__(self, raw: bytes, starts: Sequence[int], rows: Sequence[int], look: Look) -> None:
        """Notes what joined texts name. :param starts: where each text begins; :param rows: their numbers."""
        lower = translated(raw, LOWER)
        letters = translated(lower, LETTERS)
        for place, apps in (*self._words(raw, letters), *self._singles(lower, letters)):
            row = rows[bisect_right(starts, place) - 1]
            if apps is None:
                look.passed.add(row)
            else:
                look.name(row, apps)
        for place, apps in self._signs(raw, lower):
            row = rows[bisect_right(starts, place) - 1]
            if apps is None:
                look.unread.add(row)
            else:
                look.name(row, apps)
        places = (*(end - 1 for _, end in self._ids.scan(lower)), *addresses(raw))
        look.passed.update(rows[bisect_right(starts, place) - 1] for place in places)

    def _words(self, raw: bytes, letters: bytes) -> Iterator[tuple[int, frozenset[str] | None]]:
        """(place, apps named there), or None where a link of an app begins."""
        checks, known, words = self._checks, self._known, (Check.WORD, Check.WEAK)
        before, after = letters.rfind, letters.find
        for index, end in self._by_name.scan(letters):
            check, size = checks[index]
            start = end - size
            if check in words:
                # The literal may begin or end with the space beside the word.
                first = before(b" ", 0, start + 1) + 1
                text = raw[first : after(b" ", end - 1 if end > first else first)]
                apps = known.get(text)
                if apps is None:
                    apps = self._hold(text)
                if apps:
                    yield end - 1, apps
            elif check is Check.JOINED:
                if apps := self._names.begin(_following(letters, start)):
                    yield end - 1, apps
            elif self._links.begin_in(raw[max(start - 5, 0) : end + _LINK].decode("latin-1").lower()):
                yield end - 1, None

    def _hold(self, text: bytes) -> frozenset[str]:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        apps = self._known[text] = self._names.hold(text.decode("latin-1"))
        return apps

    def _singles(self, lower: bytes, letters: bytes) -> Iterator[tuple[int, frozenset[str]]]:
        """Names in single letters, set apart."""
        for index, end in self._by_singles.scan(translated(lower, CLASSES)):
            if apps := self._names.inside(_following(letters, end - len(SINGLES[index]))):
                yield end - 1, apps

    def _signs(self, raw: bytes, lower: bytes) -> Iterator[tuple[int, frozenset[str] | None]]:
        """(place, apps named by the word with signs there), or None for what only folding reads."""
        folds = self._folds
        words = b""
        for index, end in self._by_sign.scan(lower):
            if folds[index]:
                if may_change(raw, end - 1):
                    yield end - 1, None
                continue
            words = words or translated(raw, SIGNED)
            # The sign is the last or the one before: the word goes over both.
            first = words.rfind(b" ", 0, end - 1) + 1
            last = words.find(b" ", end - 1)
            text = raw[first : last if last >= 0 else len(raw)]
            apps = self._known.get(text)
            if apps is None:
                apps = self._hold(text)
            if apps:
                yield end - 1, apps


def _following(letters: bytes, start: int) -> bytes:
    """The letters from a place on, in its row."""
    last = letters.find(_ROW, start, start + _AROUND)
    return letters[start : last if last >= 0 else start + _AROUND]


def may_change(raw: bytes, at: int) -> bool:
    """True where a control character, a tag or an entity may change which words there are."""
    if raw[at] == _AMPERSAND:
        found = _ENTITY.match(raw, at)
        if found is None or found[1].lower() in _SIGNS:
            return False
    elif raw[at] != _ANGLE:
        return True
    elif not raw[at - 1 : at].isalnum():
        return False
    first = max(raw.rfind(_ROW, 0, at) + 1, at - _AROUND)
    last = raw.find(_ROW, at, at + 4 * _AROUND)
    return changes_words(raw[first : last if last >= 0 else at + 4 * _AROUND].decode("latin-1"), at - first)


def addresses(raw: bytes) -> Iterator[int]:
    """Places of Matrix ids, which name their app by their shape."""
    for begun in _ADDRESS.finditer(raw):
        at = begun.start()
        if not raw[at - 1 : at].isalnum() and _MATRIX.match(raw, at):
            yield at
