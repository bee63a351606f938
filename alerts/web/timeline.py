"""Posts over time as bars: at most so many, of days, weeks or longer, ready to be drawn on the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Final, Protocol

from alerts.handles.records import DaySeen

MOST_BARS: Final = 60
WIDTH: Final = 720
HEIGHT: Final = 96
_GAP: Final = 2
_WIDEST: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch of days. `x`, `y`, `width` and `height` in the units of the drawing."""

    first: date
    last: date
    posts: int
    x: float
    y: float
    width: float
    height: float

    @property
    def when(self) -> str:
        """Its days in words."""
        return self.first.isoformat() if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The drawing. `days`: how many each bar stands for; `top`: what the highest one does; `marks`: x of returns."""

    bars: Sequence[Bar]
    days: int
    first: date
    last: date
    top: int
    marks: Sequence[float]
    width: int = WIDTH
    height: int = HEIGHT


class CameBack(Protocol):
    """A return, of a handle or of a campaign's posts."""

    @property
    def returned_at(self) -> datetime:
        """When."""
        ...


def timeline(seen: Sequence[DaySeen], returns: Sequence[CameBack] = ()) -> Timeline | None:
    """The bars of these days, oldest first, without empty ones; None where there are none."""
    if not seen:
        return None
    first, last = seen[0].day, seen[-1].day
    length = (last - first).days + 1
    days = next(step for step in (1, 7, 28, ceil(length / MOST_BARS)) if length <= step * MOST_BARS)
    step = WIDTH / ceil(length / days)
    posts: Counter[int] = Counter()
    for one in seen:
        posts[(one.day - first).days // days] += one.posts
    top = max(posts.values())
    return Timeline(
        bars=[
            _bar(first + timedelta(days=place * days), days, place * step, step, count, top, last)
            for place, count in sorted(posts.items())
        ],
        days=days,
        first=first,
        last=last,
        top=top,
        marks=sorted(
            {
                round(((one.returned_at.date() - first).days // days + 0.5) * step, 1)
                for one in returns
                if first <= one.returned_at.date() <= last
            }
        ),
    )


def _bar(first: date, days: int, x: float, step: float, posts: int, top: int, end: date) -> Bar:
    width = min(max(1.0, step - _GAP), _WIDEST)
    height = max(3.0, HEIGHT * posts / top)  # one post beside a thousand is still seen
    return Bar(
        first=first,
        last=min(first + timedelta(days=days - 1), end),
        posts=posts,
        x=round(x + (step - width) / 2, 1),
        y=round(HEIGHT - height, 1),
        width=round(width, 1),
        height=round(height, 1),
    )
