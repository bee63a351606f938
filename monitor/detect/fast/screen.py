"""The screen over many posts at once: the few that may be hits are looked at closely, the others not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from monitor.detect.fast.alphabet import FIELD
from monitor.detect.fast.coarse import Coarse
from monitor.detect.fast.gate import Gate
from monitor.detect.fast.naming import NameSieve
from monitor.detect.fast.sieve import Sieve
from monitor.detect.fast.terms import TermGate
from monitor.detect.screen import Screen
from monitor.detect.screening import Screening
from monitor.post import Post

if TYPE_CHECKING:
    from monitor.detect.fast.block import LineBlock

_ROWS = 4096
"""Rows that are scanned together."""
_FEW = 32
"""Rows that are looked at one by one: scanning them would take longer."""
_COARSE = 16
"""Rows from which on a coarse look at all of them is worth it."""


class FastScreen:
    """Finds the hits among many posts: the same ones as `Screen`, which decides about each that may be one."""

    def __init__(self, screen: Screen, *, backend: str | None = None) -> None:
        """:param backend: of the matchers (`matchers.BACKENDS`); None takes the fastest that is installed."""
        self.bundle = bundle = screen.bundle
        self._screen = screen
        self._backend = backend
        self._house = frozenset(
            name.removeprefix("r/")
            for rule in bundle.rules.rules
            if rule.enabled and rule.kind == "house-rule"
            for name in rule.communities
        )

    def screen(self, post: Post) -> Screening:
        """The reference's verdict on one post."""
        return self._screen(post)

    @cached_property
    def gate(self) -> Gate:
        """What tells whether texts, or lines, may name an app."""
        return Gate(self._screen.bundle, self._screen.spellings, backend=self._backend)

    @cached_property
    def terms(self) -> TermGate:
        """What tells whether a text may hold a term."""
        spellings = [one for term in self._screen.bundle.lexicon.values() for one in term.spellings()]
        return TermGate(self._screen.spellings, spellings, backend=self._backend)

    @cached_property
    def sieve(self) -> Sieve:
        """The coarse look before both."""
        bundle, backend = self._screen.bundle, self._backend
        names = [one for app in bundle.apps for one in app.spellings()]
        letters = Coarse(one.flat for one in names if one.native)
        starts = [link.start for app in bundle.apps for link in app.links]
        return Sieve(letters, NameSieve(self.gate.names, names, starts, letters, backend=backend), self.terms.sieve)

    def prepare(self) -> None:
        """Makes what the first batch would make otherwise."""
        self.candidates({"text": ["é", "a b c"] * _COARSE})
        self.gate.rows(["é", "a b c"])
        self.terms.may_hold(["é"])

    def candidates(self, columns: Mapping[str, Sequence[str]]) -> list[int]:
        """Rows that may be hits, ascending.

        :param columns: screened fields by name, one string a row (`monitor.ports.Records.columns`).
        """
        size = len(next(iter(columns.values()), ()))
        if size < _COARSE:
            return self._candidates(columns)
        names = columns.get("community", ())
        of_house = {row for row in range(len(names)) if self._of_house(names, row)} if self._house else set[int]()
        rows = self.sieve.rows(_together(list(columns.values())), of_house)
        left = {name: [column[row] for row in rows] for name, column in columns.items()}
        return [rows[at] for at in self._candidates(left)] if rows else []

    def lines(self, block: LineBlock) -> set[int]:
        """Numbers of the lines that may hold a hit, or are no UTF-8."""
        return self.sieve.lines(block, every=bool(self._house))

    def _candidates(self, columns: Mapping[str, Sequence[str]]) -> list[int]:
        texts = _together(list(columns.values()))
        names = columns.get("community", ())
        rows = self._naming(texts, columns)
        held = self.terms.may_hold([texts[row] for row in rows])
        return [row for row, one in zip(rows, held, strict=True) if one or self._of_house(names, row)]

    def _naming(self, texts: Sequence[str], columns: Mapping[str, Sequence[str]]) -> Sequence[int]:
        """Rows that may name an app."""
        about = [column for name in ("community", "community_description") if (column := columns.get(name))]
        return self.gate.rows(texts, _together(about) if about else ())

    def near(self, columns: Mapping[str, Sequence[str]], build: Callable[[int], Post]) -> Iterator[tuple[int, Post]]:
        """(row, post) of what hits, or lacks one half of it: a handle without a term, a clear term without a handle.

        The other half may stand in the author's profile, where a source has to ask for that.
        """
        texts = _together(list(columns.values()))
        held = self.terms.may_hold(texts)
        naming = set(self._naming(texts, columns))
        for row in (row for row, one in enumerate(held) if one or row in naming):
            post = build(row)
            screening = self._screen(post)
            clear = any(not self._screen.bundle.lexicon[match.term].ambiguous for match in screening.terms)
            if screening.hit or screening.handles or clear:
                yield row, post

    def _of_house(self, names: Sequence[str], row: int) -> bool:
        if not self._house or not names:
            return False
        return names[row].partition(FIELD)[0].lower().removeprefix("r/") in self._house

    def hits(
        self, columns: Mapping[str, Sequence[str]], build: Callable[[int], Post]
    ) -> Iterator[tuple[int, Post, Screening]]:
        """(row, post, verdict) of the hits, ascending; `build` makes the post of a row."""
        size = len(next(iter(columns.values()), ()))
        for start in range(0, size, _ROWS):
            part = {name: column[start : start + _ROWS] for name, column in columns.items()}
            few = range(size) if size <= _FEW else None
            for row in few or self.candidates(part):
                post = build(start + row)
                screening = self._screen(post)
                if screening.hit:
                    yield start + row, post, screening


def _together(columns: Sequence[Sequence[str]]) -> Sequence[str]:
    """The columns as one, fields of a row joined."""
    if len(columns) == 1:
        return columns[0]
    return [FIELD.join(filter(None, fields)) for fields in zip(*columns, strict=True)]
