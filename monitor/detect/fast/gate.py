"""The gate: which of many texts may name an app. The others cannot hold a handle share and are not looked at again.

Texts are joined and scanned at once for literals without which no name is there (`triggers`); what is found is
checked on the spot. It may let a text through that names no app, and never holds one back that does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Final

import numpy as np

from monitor.detect.bundle import Bundle
from monitor.detect.fast.alphabet import ODD, ROW, Letters, code_points, folded, odd_places
from monitor.detect.fast.markup import changes_words
from monitor.detect.fast.matchers import make_matcher
from monitor.detect.fast.names import Names
from monitor.detect.fast.plain import Look, Plain
from monitor.detect.fast.possible import Possible
from monitor.detect.fast.triggers import Check, native_triggers
from monitor.detect.links import Links
from monitor.detect.spellings import Spellings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEPARATOR: Final = chr(ROW)
_BETWEEN: Final = f" {_SEPARATOR} "
_ODD_ADDRESS: Final = re.compile(r"@[^\s@]{0,200}(?:[^\x00-\x7f]|:[A-Za-z0-9-]+\.)")
_GREEK: Final = 0x370
_ARMENIAN: Final = 0x58F
"""The scripts whose letters look like Latin ones: from the one to the other."""
_REMEMBERED: Final = 1 << 13
"""Communities of which it is known whether they are named after an app."""
_FIRST_FLAG: Final = "\U0001f1e6"


class Gate:
    """Made once for a bundle. One batch at a time."""

    def __init__(self, bundle: Bundle, spellings: Spellings, *, backend: str | None = None) -> None:
        names = [one for app in bundle.apps for one in app.spellings()]
        starts = [link.start for app in bundle.apps for link in app.links]
        self._links = Links(bundle.apps)
        self._possible = Possible(bundle.apps, self._links)
        self.names = Names(spellings, names, backend=backend)
        self._letters = Letters(one.flat for one in names)
        self._look_at_plain = Plain(self.names, names, self._links, starts, backend)
        native = native_triggers(names, self._letters.spell)
        self._by_letter = make_matcher([*native, bytes([ODD])], backend=backend)
        self._checks = [*native.values(), Check.FOLD]
        self._communities: dict[str, bool] = {}

    def rows(self, texts: Sequence[str], communities: Sequence[str] = ()) -> list[int]:
        """Numbers of the rows that may hold a handle share, or a community named after an app; ascending.

        :param texts: a row's fields, joined by `alphabet.FIELD`; :param communities: names and descriptions of the
            rows' communities, which `texts` hold too.
        """
        look = Look()
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
        if communities:
            after_app = self._named_after_apps({name for name in communities if name})
            look.passed.update(row for row, name in enumerate(communities) if name in after_app)
        return sorted(look.passed)

    def _named_after_apps(self, communities: Set[str]) -> set[str]:
        """Those of some communities that may be named after an app. The same ones come again and again."""
        asked = [name for name in communities if name not in self._communities]
        if len(self._communities) + len(asked) > _REMEMBERED:
            self._communities.clear()
            asked = list(communities)
        if asked:
            look, names = Look(), _join([folded(name) for name in asked])
            self._look_at_odd(names, code_points(names), range(len(asked)), look, folded=True)
            self._communities |= {name: row in look.passed or row in look.named for row, name in enumerate(asked)}
        return {name for name in communities if self._communities[name]}

    def _look_at_odd(
        self, joined: str, codes: NDArray[np.uint32], rows: Sequence[int], look: Look, *, folded: bool
    ) -> None:
        """Looks at joined texts of the given rows, which are not ASCII. :param codes: their code points."""
        letters, starts = self._letters.of(codes)
        if not folded:
            begins = [at for at in odd_places(codes) if _may_be_odd(joined, at)]
            if begins:
                look.unread.update(rows[row] for row in _rows_of(codes, begins))
        other: set[int] | None = None
        for index, end in self._by_letter.scan(letters):
            at = bisect_right(starts, end - 1) - 1
            row, check = rows[at], self._checks[index]
            if check is Check.FOLD:
                look.unread.add(row)
            elif check is Check.NATIVE or row in look.unread:
                look.passed.add(row)
            else:
                if other is None:
                    places = np.flatnonzero((codes >= _GREEK) & (codes <= _ARMENIAN))
                    other = set(_rows_of(codes, places.tolist()))
                if at in other:
                    look.passed.add(row)
        self._look_at_plain(*self._letters.cased(codes), rows, look)


def _join(texts: Sequence[str]) -> str:
    return _BETWEEN.join(("", *texts, ""))


def _starts(raw: bytes) -> list[int]:
    """Where the separator before each text stands, in joined texts, and the last one."""
    return np.flatnonzero(np.frombuffer(raw, dtype=np.uint8) == ROW).tolist()


def _rows_of(codes: NDArray[np.uint32], places: Sequence[int]) -> list[int]:
    """The texts that places in joined texts' code points are in, by number."""
    return (np.searchsorted(np.flatnonzero(codes == ROW), places, side="right") - 1).tolist()


def _as_folded(text: str) -> str:
    return text if text.isascii() else folded(text)


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
