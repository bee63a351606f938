"""Times of several sides in turn: A B C, C B A, ... Only what was measured in one run is compared."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One thing to be measured.

    :param run: does the work of one round; :param check: looks at what it gave, unmeasured.
    :param posts: of each round; :param size: bytes of each round.
    """

    name: str
    run: Callable[[int], Any]
    posts: Sequence[int]
    size: Sequence[int]
    check: Callable[[int, Any], None] = lambda _round, _result: None


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, median and maximum of a figure over the rounds."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of one or more values."""
        return cls(min(values), median(values), max(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Seconds that a side took, by round."""

    side: Side
    seconds: list[float] = field(default_factory=list[float])

    @property
    def per_post(self) -> list[float]:
        """Seconds a post, by round."""
        return [seconds / posts for seconds, posts in zip(self.seconds, self.side.posts, strict=False)]

    @property
    def microseconds(self) -> Spread:
        """A post."""
        return Spread.of([seconds * 1e6 for seconds in self.per_post])

    @property
    def megabytes(self) -> Spread:
        """A second."""
        return Spread.of([size / 1e6 / max(s, 1e-9) for size, s in zip(self.side.size, self.seconds, strict=False)])


def interleave(
    sides: Sequence[Side],
    rounds: int,
    *,
    clock: Callable[[], float] = time.process_time,
    tell: Callable[[str], None] = lambda _: None,
) -> Mapping[str, Timed]:
    """Measures every side once a round, the order turned round each time; garbage is collected before each.

    :param clock: seconds; CPU time of this process unless told otherwise.
    """
    timed = {side.name: Timed(side=side) for side in sides}
    for at in range(rounds):
        tell(f"round {at + 1} of {rounds}")
        for side in sides if at % 2 == 0 else reversed(sides):
            gc.collect()
            begun = clock()
            result = side.run(at)
            timed[side.name].seconds.append(clock() - begun)
            side.check(at, result)
    return timed


def ratio(over: Timed, under: Timed) -> Spread:
    """How many times as long a post takes `over` as `under`, round by round."""
    return Spread.of([a / max(b, 1e-12) for a, b in zip(over.per_post, under.per_post, strict=True)])
