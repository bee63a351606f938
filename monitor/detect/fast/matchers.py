"""Many literals found in one pass: Hyperscan where its wheel exists, an Aho-Corasick automaton otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Final, Protocol, cast

Found = list[tuple[int, int]]
"""(index of the literal, position after its last byte), in order of the position."""

BACKENDS: Final = ("hyperscan", "ahocorasick")
_NEVER: Final = b"\x01\x01"
"""A literal that nothing scanned here holds: both backends want one at least."""


class Matcher(Protocol):
    """Finds every occurrence of its literals, overlapping ones included. One scan at a time."""

    def scan(self, data: bytes) -> Found:
        """All occurrences in `data`."""
        ...

    def ends(self, data: bytes) -> list[int]:
        """The positions after their last bytes alone."""
        ...


class HyperscanMatcher:
    """Hyperscan's block mode; its scratch belongs to this matcher alone."""

    def __init__(self, expressions: Sequence[bytes], *, literal: bool = True) -> None:
        import hyperscan

        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        ids = list(range(len(expressions)))
        self._database.compile(expressions=list(expressions), ids=ids, elements=len(ids), flags=0, literal=literal)
        self._found: Found = []
        self._ends: list[int] = []
        append, append_end = self._found.append, self._ends.append

        def on_match(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append((index, end))

        def on_end(_index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append_end(end)

        self._on_match: Callable[..., None] = on_match
        self._on_end: Callable[..., None] = on_end

    def scan(self, data: bytes) -> Found:
        """All occurrences in `data`."""
        self._found.clear()
        self._database.scan(data, match_event_handler=self._on_match)
        return self._found.copy()

    def ends(self, data: bytes) -> list[int]:
        """The positions after their last bytes alone."""
        self._ends.clear()
        self._database.scan(data, match_event_handler=self._on_end)
        return self._ends.copy()


class AhoCorasickMatcher:
    """The same answers for literals where Hyperscan has no wheel, more slowly."""

    def __init__(self, literals: Sequence[bytes]) -> None:
        import ahocorasick_rs

        self._automaton = ahocorasick_rs.BytesAhoCorasick(list(literals))

    def scan(self, data: bytes) -> Found:
        """All occurrences in `data`."""
        found = [(index, end) for index, _, end in self._automaton.find_matches_as_indexes(data, overlapping=True)]
        found.sort(key=lambda one: one[1])
        return found

    def ends(self, data: bytes) -> list[int]:
        """The positions after their last bytes alone."""
        return [end for _, end in self.scan(data)]


class RunMatcher:
    """Ends of runs of so many bytes of a class, with Python's own expressions."""

    def __init__(self, expression: bytes) -> None:
        self._pattern = re.compile(expression)

    def scan(self, data: bytes) -> Found:
        """One end for every so many bytes of a run."""
        return [(0, end) for end in self.ends(data)]

    def ends(self, data: bytes) -> list[int]:
        """The positions after their last bytes alone."""
        return [found.end() for found in self._pattern.finditer(data)]


def make_run_matcher(members: bytes, size: int, *, backend: str | None = None) -> Matcher:
    """A matcher of runs of at least `size` bytes out of `members`: it gives one end of each run, or several."""
    return make_expression_matcher(b"[%b]{%d}" % (members, size), backend=backend)


def make_expression_matcher(expression: bytes, *, backend: str | None = None) -> Matcher:
    """A matcher of what an expression tells, which both Hyperscan and Python have to read alike: it gives one end of
    each, or several.
    """
    return HyperscanMatcher([expression], literal=False) if _backend(backend) == "hyperscan" else RunMatcher(expression)


def make_matcher(literals: Iterable[bytes], *, backend: str | None = None) -> Matcher:
    """A matcher of the literals, none of them empty; where one is given twice the first counts.

    :param backend: one of `BACKENDS`; None takes Hyperscan where it is installed.
    """
    distinct = list(dict.fromkeys(literals)) or [_NEVER]
    return HyperscanMatcher(distinct) if _backend(backend) == "hyperscan" else AhoCorasickMatcher(distinct)


def _backend(name: str | None) -> str:
    return name or ("hyperscan" if find_spec("hyperscan") else "ahocorasick")


def translated(data: bytes, table: bytes) -> bytes:
    """As `bytes.translate`, many times faster."""
    import stringzilla

    translate = cast("Callable[[bytes, bytes], bytes]", stringzilla.translate)  # pyright: ignore[reportUnknownMemberType]
    return translate(data, table)
