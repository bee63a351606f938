"""Live figures: columns of texts to hits, against a bare scan of the same texts and against naive scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from monitor.bench.speed.baselines import Alternation, BareScan, RegexLoop, have_hyperscan, prepared
from monitor.bench.speed.corpus import Benign, Texts, digest, mixed
from monitor.bench.speed.engine import Engine, Outcome, bundles, plain_names
from monitor.bench.speed.invented import invent_positives
from monitor.bench.speed.measure import Side, Timed, interleave
from monitor.bench.speed.ndjson import line_sides
from monitor.bench.speed.sides import ALTERNATION, BENIGN, LOOP, MIDDLE, TERMS, Found, bare, screened
from monitor.detect.bundle import Bundle
from monitor.errors import InputError

_LOOPED = 100
"""Posts a round that the loop over expressions is given (it takes milliseconds a post)."""
_ALTERNATED = 1_000
_WARM = 20_000
"""Posts to get warm with: in use the screen has seen a day's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Times by side, what the product's sides found, and the texts' hash."""

    timed: Mapping[str, Timed]
    found: Mapping[str, Found]
    bundle: str
    corpus: str
    described: str
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slices:
    """The texts of each round, and one slice before them to get warm with."""

    benign: Sequence[Sequence[str]]
    with_positives: Mapping[int, Sequence[Texts]]


def measure_live(benign: Benign, *, posts: int, rounds: int, tell: Callable[[str], None]) -> Live:
    """Every round has texts of its own: no side sees a text twice, so that nothing remembered helps.

    :param posts: in all rounds together.
    """
    tell("making texts and lexicons")
    each = max(posts // rounds, 1)
    warm = max(each, min(_WARM, posts))
    lexicons = bundles(TERMS)
    texts = iter(benign)
    slices = [list(islice(texts, size)) for size in (warm, *[each] * rounds)]
    if len(slices[-1]) < each:
        raise InputError("The file of real posts has too few.", do="Name a larger one, or fewer --posts.")
    by_terms: dict[int, list[Texts]] = {}
    for size, (terms, _) in lexicons.items():
        positives = invent_positives(terms)
        by_terms[size] = [mixed(part, positives) for part in slices]
    made = _Slices(benign=slices, with_positives=by_terms)
    found: dict[str, Found] = {}
    sides = _product(made, lexicons, found)
    if have_hyperscan():
        sides += _bare(made, lexicons)
    sides += _naive(made, lexicons)
    sides += line_sides(slices, *lexicons[MIDDLE], found)
    tell("getting warm")
    for side in sides:
        side.run(-1)
    timed = interleave(sides, rounds, tell=tell)
    return Live(
        timed=timed,
        found=found,
        bundle=lexicons[MIDDLE][1].hash,
        corpus=digest([*slices[1:], *(part.texts for parts in by_terms.values() for part in parts[1:])]),
        described=benign.describe(warm + each * rounds),
        posts=each * rounds,
    )


_Lexicons = Mapping[int, tuple[list[str], Bundle]]


def _sizes(name: str, run: Callable[[int], Any], parts: Sequence[Texts]) -> Side:
    """A side that is given these texts, the first of them to get warm."""
    return Side(
        name=name,
        run=lambda at: run(at + 1),
        posts=[len(part.texts) for part in parts[1:]],
        size=[part.size for part in parts[1:]],
    )


def _product(slices: _Slices, lexicons: _Lexicons, found: dict[str, Found]) -> list[Side]:
    """An engine for each side: what one has seen does not help another."""
    given = {screened(size): (size, slices.with_positives[size]) for size in TERMS}
    given[screened(BENIGN)] = (MIDDLE, [Texts(texts=part, positives={}) for part in slices.benign])
    sides: list[Side] = []
    for name, (size, parts) in given.items():
        engine = Engine(lexicons[size][1])
        found[name] = Found()

        def run(at: int, engine: Engine = engine, parts: Sequence[Texts] = parts) -> Outcome:
            return engine(parts[at].texts)

        def check(at: int, result: Outcome, counts: Found = found[name], parts: Sequence[Texts] = parts) -> None:
            counts.add(parts[at + 1].positives, result.rows, duplicates=result.duplicates)

        sides.append(replace(_sizes(name, run, parts), check=check))
    return sides


def _bare(slices: _Slices, lexicons: _Lexicons) -> list[Side]:
    given = {bare(size): (size, slices.with_positives[size]) for size in TERMS}
    given[bare(BENIGN)] = (MIDDLE, [Texts(texts=part, positives={}) for part in slices.benign])
    sides: list[Side] = []
    for name, (size, parts) in given.items():
        scan = BareScan(lexicons[size][0])
        ready = [prepared(part.texts) for part in parts]

        def run(at: int, scan: BareScan = scan, ready: Sequence[Sequence[bytes]] = ready) -> None:
            scan(ready[at])

        sides.append(_sizes(name, run, parts))
    return sides


def _naive(slices: _Slices, lexicons: _Lexicons) -> list[Side]:
    terms, bundle = lexicons[MIDDLE]
    apps = plain_names(bundle)
    sides: list[Side] = []
    for name, scan, most in (
        (LOOP, RegexLoop(terms, apps), _LOOPED),
        (ALTERNATION, Alternation(terms, apps), _ALTERNATED),
    ):
        parts = [Texts(texts=_sample(part.texts, most), positives={}) for part in slices.with_positives[MIDDLE]]

        def run(at: int, scan: Callable[[Sequence[str]], object] = scan, parts: Sequence[Texts] = parts) -> object:
            return scan(parts[at].texts)

        sides.append(_sizes(name, run, parts))
    return sides


def _sample(texts: Sequence[str], most: int) -> Sequence[str]:
    """Some of the texts, from all over; an odd step meets positives as often as they are."""
    return texts[:: max(len(texts) // most, 1) | 1]
