r"""Letters drawn with several signs: p3r\/, n()limits, pe|2v, no|_imits."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Final, NamedTuple

DRAWS: Final = {
    "()": "o", "[]": "o", "<>": "o", "‹›": "o", "\\/": "v", "/\\": "a", "|\\/|": "m", "/\\/\\": "m", "|v|": "m",
    "|\\|": "n", "/\\/": "n", "|>": "p", "|›": "p", "|*": "p", "|2": "r", "|_": "l", "|<": "k", "|‹": "k", "|)": "d",
}  # fmt: skip
"""Signs -> the letter that they draw."""
_SIGNS: Final = "|".join(re.escape(signs) for signs in sorted(DRAWS, key=len, reverse=True))
DRAWN: Final = re.compile(rf"(?:(?<=[^\W_])|(?=(?:{_SIGNS})+[^\W_]))(?:{_SIGNS})")
"""Signs beside a letter that may be one themselves; longer ones first."""
_FIRST, _SECOND = ("".join(sorted({re.escape(signs[at]) for signs in DRAWS})) for at in (0, 1))
BEGINS: Final = re.compile(f"[{_FIRST}](?=[{_SECOND}])")
"""What all of them begin with; most texts do not hold it."""


class Drawn(NamedTuple):
    """A text with drawn letters read; `starts` and `ends` lead back from its positions, `places` are theirs."""

    text: str
    starts: list[int]
    ends: list[int]
    places: list[int]

    def holds(self, start: int, end: int) -> bool:
        """True where a letter between two of its positions is drawn."""
        at = bisect_left(self.places, start)
        return at < len(self.places) and self.places[at] < end


def drawn(lower: str) -> Drawn | None:
    """A text with its drawn letters read; None where it has none."""
    found = list(DRAWN.finditer(lower)) if BEGINS.search(lower) else []
    if not found:
        return None
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    places: list[int] = []
    at = 0
    for one in found:
        parts += (lower[at : one.start()], DRAWS[one[0]])
        starts += (*range(at, one.start()), one.start())
        ends += (*range(at + 1, one.start() + 1), one.end())
        places.append(len(starts) - 1)
        at = one.end()
    parts.append(lower[at:])
    starts += range(at, len(lower))
    ends += range(at + 1, len(lower) + 1)
    return Drawn("".join(parts), starts, ends, places)
