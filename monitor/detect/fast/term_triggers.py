"""Literals without which no term can stand in a text, letters in a row, stretched, in pieces or one by one.

As `triggers` for apps' names: coarse on purpose, so that what they are looked for in needs one scan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby, product
from typing import Final

from monitor.detect.fast.triggers import SHORT
from monitor.detect.spelling import leet

WHITE: Final = ord("\t")
"""Stands for white space; a space is any other sign between letters."""
EDGES: Final = (" ", chr(WHITE))
_GAPS: Final = range(1, 5)
_DOUBLED: Final = 4
"""Letters that stand twice in one spelling, at most, to try all ways."""


def short(flats: Collection[str], mirrored: Collection[str]) -> Iterator[str]:
    """Of short terms, and of words that make a text be read backwards."""
    yield from map("".join, product(EDGES, mirrored, EDGES))
    for flat in flats:
        yield from _together(flat)
        yield from _pieces(flat)


def squeezed(flat: str) -> Iterator[str]:
    """What is left of it where letters that stand twice may be parted or not."""
    runs = [(letter, len(list(run))) for letter, run in groupby(leet(flat))]
    # Of many such letters those near the beginning will do.
    doubled = [at for at, (_, size) in enumerate(runs) if size > 1][: _DOUBLED + 1]
    if len(doubled) > _DOUBLED:
        runs = runs[: doubled[-1]]
    inner = (range(1, size + 1 if 0 < at < len(runs) - 1 else 2) for at, (_, size) in enumerate(runs))
    for sizes in product(*inner):
        yield "".join(letter * size for (letter, _), size in zip(runs, sizes, strict=True))


def _together(flat: str) -> Iterator[str]:
    """Its letters in a row, one of them stretched or not."""
    yield from [flat] if len(flat) > SHORT else map("".join, product(EDGES, [flat], EDGES))
    runs = ["".join(run) for _, run in groupby(flat)]
    at = 0
    for index, run in enumerate(runs):
        longer = run[0] * max(len(run) + 1, 3)
        if index == 0:
            yield longer + flat[len(run) : len(run) + 1]
        else:
            # The run before is as long as it should be, or longer as well.
            before = runs[index - 1]
            yield from {letter + before + longer for letter in (before[0], flat[at - len(before) - 1]) if index > 1}
            if index == 1:
                yield before + longer
            if len(flat) >= 5:
                # One letter may stand twice.
                yield flat[: at + len(run)] + run[0]
        at += len(run)


def _pieces(flat: str) -> Iterator[str]:
    """The first piece of it, a sign or two, and the second one."""
    whole = range(1, len(flat)) if len(flat) >= 4 else ()
    for edge, size, gap in product(EDGES, whole, (" ", "  ")):
        for more in range(1, len(flat) - size + 1):
            for after in EDGES if size + more == len(flat) else " ":
                yield edge + flat[:size] + gap + flat[size : size + more] + after


def singles(flat: str) -> Iterator[str]:
    """Three single letters in a row, or all of a shorter one: the first ones, or the last."""
    for part in {flat[:3], flat[-3:]}:
        for gaps in product(_GAPS, repeat=len(part) - 1):
            yield f" {''.join(letter + ' ' * gap for letter, gap in zip(part, (*gaps, 1), strict=True))}"
