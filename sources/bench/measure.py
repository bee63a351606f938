"""Mapping a page against decoding it, and HTML to text, in turn on the same pages; CPU time of one core."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from monitor.bench.speed.measure import Spread
from monitor.ports import Records
from sources.bench.mappings import MAPPINGS
from sources.bench.pages import HTML_BODIES, POSTS, page_of
from sources.html import html_to_text

MOST: Final = 2.5
"""How many times as long as decoding it the mapping of a page may take."""
MOST_HTML: Final = 10.0
"""Microseconds that the HTML of a post may take."""
_LEAST_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One platform's figures: microseconds a post, and mapping : decoding, over the rounds."""

    platform: str
    bytes_a_post: int
    decoding: Spread
    mapping: Spread
    ratio: Spread


def measure_mappings(*, rounds: int, tell: Callable[[str], None] = lambda _: None) -> list[Mapped]:
    """Every platform's, one after the other.

    :raises ValueError: a mapping does not give every post of its page.
    """
    found: list[Mapped] = []
    for platform, read in MAPPINGS.items():
        tell(platform)
        body = page_of(platform)
        page = orjson.loads(body)
        if len({post.id for post in read(page)}) != POSTS:
            raise ValueError(f"{platform}: not every post of its page was mapped")
        times: list[tuple[float, float]] = []
        for _ in range(rounds):
            decoding = _seconds(lambda body=body: orjson.loads(body)) / POSTS * 1e6
            mapping = _seconds(lambda read=read, page=page: Records.of(read(page))) / POSTS * 1e6
            times.append((decoding, mapping))
        found.append(
            Mapped(
                platform=platform,
                bytes_a_post=len(body) // POSTS,
                decoding=Spread.of([one for one, _ in times]),
                mapping=Spread.of([one for _, one in times]),
                ratio=Spread.of([mapped / decoded for decoded, mapped in times]),
            )
        )
    return found


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
