"""Mapping a page against decoding it, and HTML to text, in turn on the same pages; CPU time of one core."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from monitor.bench.speed.measure import Spread
from sources.bench.mappings import FORMS
from sources.bench.pages import HTML_BODIES, POSTS
from sources.html import html_to_text

MOST: Final = 2.5
"""How many times as long as decoding it the mapping of a page may take: what mapping adds to the yardstick."""
MOST_HTML: Final = 10.0
"""Microseconds that the HTML of a post may take."""
_LEAST_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One platform's figures: microseconds a post, and mapping : decoding, over the rounds.

    `yardstick` says what decoding is. Mapping is what comes on top of it: everything that the screen and the walk need
    of every post, as columns.
    """

    platform: str
    yardstick: str
    bytes_a_post: int
    decoding: Spread
    mapping: Spread
    ratio: Spread


def measure_mappings(*, rounds: int, tell: Callable[[str], None] = lambda _: None) -> list[Mapped]:
    """Every platform's, one after the other.

    :raises ValueError: a mapping does not give every post of its page.
    """
    found: list[Mapped] = []
    for platform, form in sorted(FORMS.items()):
        tell(platform)
        page = form.page(POSTS)
        given = page if form.whole else form.parse(page)
        if len({post.id for post in form.read(given)}) != POSTS:
            raise ValueError(f"{platform}: not every post of its page was mapped")
        times: list[tuple[float, float]] = []
        for _ in range(rounds):
            parsing = _seconds(lambda form=form, page=page: form.parse(page)) / POSTS * 1e6
            reading = _seconds(lambda form=form, given=given: form.read(given)) / POSTS * 1e6
            times.append((parsing, reading - parsing if form.whole else reading))
        found.append(
            Mapped(
                platform=platform,
                yardstick=form.yardstick,
                bytes_a_post=_size(page) // POSTS,
                decoding=Spread.of([one for one, _ in times]),
                mapping=Spread.of([one for _, one in times]),
                ratio=Spread.of([mapped / decoded for decoded, mapped in times]),
            )
        )
    return found


def _size(page: object) -> int:
    if isinstance(page, bytes | str):
        return len(page)
    return sum(map(len, page)) if isinstance(page, list) else 0  # pyright: ignore[reportUnknownArgumentType]


def measure_html(*, rounds: int) -> Spread:
    """Microseconds that one post's HTML takes to become text."""
    return Spread.of([_seconds(_read_bodies) / len(HTML_BODIES) * 1e6 for _ in range(rounds)])


def _read_bodies() -> None:
    for body in HTML_BODIES:
        html_to_text(body)


def _seconds(run: Callable[[], object]) -> float:
    """CPU seconds of one run, of as many as take long enough to be measured; the first is not counted."""
    run()
    gc.collect()
    runs, begun = 0, time.process_time()
    while (took := time.process_time() - begun) < _LEAST_SECONDS:
        run()
        runs += 1
    return took / runs
