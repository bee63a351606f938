"""The gate: which of many texts may name an app. The others cannot hold a handle share and are not looked at again.

Texts are joined and scanned at once for literals without which no name is there (`triggers`); what is found is
checked on the spot. It may let a text through that names no app, and never holds one back that does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple, cast

from monitor.detect.bundle import Bundle
from monitor.detect.fast.alphabet import CLASSES, LETTERS, LOWER, ODD, ROW, SINGLES, Letters, folded
from monitor.detect.fast.markup import changes_words
from monitor.detect.fast.matchers import make_matcher, make_run_matcher
from monitor.detect.fast.names import NOTHING, Names
from monitor.detect.fast.possible import Possible
from monitor.detect.fast.triggers import Check, Triggers, name_triggers, native_triggers, sign_triggers
from monitor.detect.links import Links
from monitor.detect.spellings import Spellings

_SEPARATOR: Final = chr(ROW)
_BETWEEN: Final = f" {_SEPARATOR} "
_ROW: Final = bytes([ROW])
_ID: Final = 66
"""Hex digits of the shortest id that names its app by its shape."""
_AROUND: Final = 120
_MATRIX: Final = re.compile(rb"@[A-Za-z0-9._=/+-]{1,200}:(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}")
_ODD_ADDRESS: Final = re.compile(r"@[^\s@]{0,200}(?:[^\x00-\x7f]|:[A-Za-z0-9-]+\.)")
_GREEK_OR_CYRILLIC: Final = re.compile("[\u0370-\u058f]")
_BACKSLASH: Final = 0x5C
_SPACE: Final = 0x20
_FLAGS: Final = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_MARKUP: Final = re.compile("[<&]")
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
        if any(_SEPARATOR in text for text in texts):
            # Folding drops it as well.
            texts = [text.replace(_SEPARATOR, "") for text in texts]
        odd = [row for row, text in enumerate(texts) if not text.isascii()]
        plain: Sequence[str] = texts
        if odd:
            plain = list(texts)
            for row in odd:
                plain[row] = ""
            look.unread.update(row for row in odd if _may_be_odd(texts[row]))
            # Those to be folded, too: folding takes out tags, and the links in them.
            self._look_at_odd(texts, odd, look)
        self._look_at_plain(_join(plain).encode(), _starts(plain), range(len(plain)), look)
        read = {row: folded(texts[row]) for row in sorted(look.unread - look.passed)}
        self._look_at_odd(read, list(read), look)
        for row, apps in look.named.items():
            if row not in look.passed and self._possible(read.get(row) or _as_folded(texts[row]), apps):
                look.passed.add(row)
        look.passed.update(row for row, name in enumerate(communities) if name and self._named_after_app(name))
        return sorted(look.passed)

    def lines(self, lines: Sequence[bytes]) -> list[int]:
        """Numbers of the lines that may hold a handle share or name an app anywhere; ascending.

        :param lines: JSON in ASCII, undecoded; their only escapes are line breaks, tabs, quotes and slashes.
        """
        look = _Look()
        raw = _without_escapes(_BETWEEN.encode().join((b"", *lines, b"")))
        self._look_at_plain(raw, _starts(lines), range(len(lines)), look)
        rest = (row for row in look.named if row not in look.passed and row not in look.unread)
        named = {row for row in rest if self._may_share(lines[row], look.named[row])}
        return sorted(look.passed | look.unread | named)

    def _may_share(self, line: bytes, apps: frozenset[str]) -> bool:
        """Like `_possible`; a community named after an app needs no share, so any mention of one will do."""
        return b'"community' in line or self._possible(line.decode(), apps)

    @lru_cache(maxsize=8192)  # noqa: B019 - one gate lives as long as the process
    def _named_after_app(self, community: str) -> bool:
        look = _Look()
        self._look_at_odd({0: folded(community)}, [0], look)
        return bool(look.passed or look.named)

    def _look_at_odd(self, texts: Sequence[str] | Mapping[int, str], rows: Sequence[int], look: _Look) -> None:
        """Looks at the given rows, which are not ASCII."""
        if not rows:
            return
        joined = _join([texts[row] for row in rows])
        letters, starts = self._letters.of(joined)
        for found in self._by_letter(letters, starts):
            row = rows[found.row]
            if found.check is Check.FOLD:
                look.unread.add(row)
            elif found.check is Check.NATIVE or row in look.unread or _GREEK_OR_CYRILLIC.search(texts[row]):
                look.passed.add(row)
        self._look_at_plain(*self._letters.cased(joined), rows, look)

    def _look_at_plain(self, raw: bytes, starts: Sequence[int], rows: Sequence[int], look: _Look) -> None:
        """Looks at joined texts of one byte a character."""
        lower = _translated(raw, LOWER)
        letters = _translated(lower, LETTERS)
        for found in self._by_name(letters, starts):
            if found.check is Check.WORD:
                look.name(rows[found.row], self._names.hold(_word(raw, letters, found)))
            elif found.check is Check.JOINED:
                look.name(rows[found.row], self._names.begin(_following(letters, found)))
            elif self._links.begin_in(raw[max(found.start - 5, 0) : found.end + 24].decode("latin-1").lower()):
                look.passed.add(rows[found.row])
        for found in self._by_singles(_translated(lower, CLASSES), starts):
            look.name(rows[found.row], self._names.inside(_following(letters, found)))
        for found in self._by_sign(lower, starts):
            if found.check is Check.SIGN:
                look.name(rows[found.row], self._signed(raw, found))
            elif raw[found.start] not in b"<&" or changes_words(*_around(raw, found)):
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


def _starts(texts: Sequence[str] | Sequence[bytes]) -> list[int]:
    """Where the separator before each text stands, in the joined texts."""
    return list(accumulate((len(text) + len(_BETWEEN) for text in texts), initial=1))


def _translated(data: bytes, table: bytes) -> bytes:
    """As `bytes.translate`, many times faster."""
    import stringzilla

    translate = cast("Callable[[bytes, bytes], bytes]", stringzilla.translate)  # pyright: ignore[reportUnknownMemberType]
    return translate(data, table)


def _without_escapes(raw: bytes) -> bytes:
    """JSON's escapes as spaces."""
    import numpy as np

    data = np.frombuffer(bytearray(raw), dtype=np.uint8)
    data[np.flatnonzero(data[:-1] == _BACKSLASH) + 1] = _SPACE
    return data.tobytes()


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


def _may_be_odd(text: str) -> bool:
    """A Matrix id with a disguised colon; signs for letters that are not ASCII; flags; markup between letters."""
    return (
        _FLAGS.search(text) is not None
        or ("@" in text and _ODD_ADDRESS.search(text) is not None)
        or "€" in text
        or "£" in text
        or (("<" in text or "&" in text) and any(changes_words(text, one.start()) for one in _MARKUP.finditer(text)))
    )


def _addresses(raw: bytes) -> Iterator[int]:
    """Places of Matrix ids, which name their app by their shape."""
    at = raw.find(b"@")
    while at >= 0:
        if not raw[at - 1 : at].isalnum() and _MATRIX.match(raw, at):
            yield at
        at = raw.find(b"@", at + 1)
