"""Undecoded lines of post records to hits, against a bare scan of the same bytes, a megabyte at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.bench.speed.archive import lines
from monitor.bench.speed.baselines import BareScan, have_hyperscan, prepared
from monitor.bench.speed.corpus import mix
from monitor.bench.speed.invented import Positive, invent_positives
from monitor.bench.speed.measure import Side
from monitor.bench.speed.sides import BENIGN, Found, bare, screened
from monitor.detect.bundle import Bundle
from monitor.detect.fast.lines import LineScreen
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.detect.screening import ScreenedRecord
from monitor.detect.template import template
from monitor.lines import Block

_CHUNK: Final = 1 << 20
_MOST: Final = 10_000
"""Posts a round: a line takes more memory than its text."""

LINES = "lines"
BENIGN_LINES = f"{LINES}, {BENIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """A round's lines in blocks, the same with their case folded, and the ids of the positives."""

    blocks: Sequence[Block]
    folded: Sequence[bytes]
    posts: int
    positives: frozenset[str]

    @property
    def size(self) -> int:
        return sum(len(block.data) for block in self.blocks)


class _LineEngine:
    """The fast path over lines, exact duplicates known."""

    def __init__(self, bundle: Bundle) -> None:
        self._screen = LineScreen(FastScreen(Screen(bundle)))

    def __call__(self, blocks: Sequence[Block]) -> tuple[list[str], int]:
        """Ids of the hits, and how many of them are duplicates."""
        ids: list[str] = []
        seen: set[bytes] = set()
        for block in blocks:
            for hit in self._screen.screen(block):
                if isinstance(hit, ScreenedRecord):
                    post = hit.record.post
                    ids.append(post.id)
                    seen.add(hashlib.sha256(template(post, hit.screening).encode("utf-8", "surrogatepass")).digest())
        return ids, len(ids) - len(seen)


def line_sides(
    slices: Sequence[Sequence[str]], terms: Sequence[str], bundle: Bundle, found: dict[str, Found]
) -> list[Side]:
    """Sides of the screen and of the bare scan, on lines with positives and on benign ones.

    :param slices: benign texts of each round, those to get warm with first; :param found: is told what is found.
    """
    positives = invent_positives(terms)
    parts = [slices[0], *(part[:_MOST] for part in slices[1:])]
    given = {
        LINES: [_round(lines(mix(part, positives))) for part in parts],
        BENIGN_LINES: [_round(lines(part)) for part in parts],
    }
    sides: list[Side] = []
    for name, rounds in given.items():
        sides.append(_screen_side(name, rounds, bundle, found))
        if have_hyperscan():
            sides.append(_bare_side(name, rounds, terms))
    return sides


def _round(made: Iterator[tuple[bytes, str, Positive | None]]) -> _Round:
    blocks: list[Block] = []
    pending: list[bytes] = []
    size = count = 0
    shared: set[str] = set()
    for line, name, positive in made:
        pending.append(line)
        size, count = size + len(line), count + 1
        if positive is not None:
            shared.add(name)
        if size >= _CHUNK:
            blocks.append(Block(count - len(pending) + 1, b"".join(pending)[:-1]))
            pending, size = [], 0
    if pending:
        blocks.append(Block(count - len(pending) + 1, b"".join(pending)[:-1]))
    folded = prepared([block.data.decode() for block in blocks])
    return _Round(blocks=blocks, folded=folded, posts=count, positives=frozenset(shared))


def _screen_side(name: str, rounds: Sequence[_Round], bundle: Bundle, found: dict[str, Found]) -> Side:
    engine = _LineEngine(bundle)
    counts = found[screened(name)] = Found()

    def check(at: int, result: tuple[list[str], int]) -> None:
        counts.add(rounds[at + 1].positives, result[0], duplicates=result[1])

    return Side(
        name=screened(name),
        run=lambda at: engine(rounds[at + 1].blocks),
        check=check,
        posts=[one.posts for one in rounds[1:]],
        size=[one.size for one in rounds[1:]],
    )


def _bare_side(name: str, rounds: Sequence[_Round], terms: Sequence[str]) -> Side:
    scan = BareScan(terms)
    return Side(
        name=bare(name),
        run=lambda at: scan(rounds[at + 1].folded),
        posts=[one.posts for one in rounds[1:]],
        size=[one.size for one in rounds[1:]],
    )
