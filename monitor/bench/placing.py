"""How fast a new post is placed among many stored campaigns, matches and misses, and how often where it belongs.

Wall-clock time, of the look-ups, the comparison and the rows that they leave (`Placing.place`), and of the same with
its transaction and commit. The wording is read off a post before, by the screen's thread.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import insert
from sqlmodel import col

from monitor.bench.copying import copy_campaigns
from monitor.bench.filling import fill, identities_of, post_row, settle, wording_of, words_of
from monitor.bench.sketching import KINDS, edited, made_words
from monitor.campaigns.placing import Arrival, Placing
from monitor.graph.likeness import Likeness
from monitor.graph.wording import Wording
from monitor.store.database import Store
from monitor.store.tables import StoredPost
from monitor.store.writing import take_turn

MISS: Final = "nothing like it"
SAME: Final = "the same again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds a post."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Posts of one kind.

    :param place: look-ups, comparison and rows; `commit`: that with its transaction and commit.
    :param cpu: what placing takes of this process alone.
    :param right: the share that was placed where it belongs, a bridge to there included.
    """

    posts: int
    place: Times
    commit: Times
    cpu: Times
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was measured with so many campaigns. `rss_mb`: memory of this process, None where nobody says."""

    campaigns: int
    kinds: Mapping[str, Kind]
    whole: Kind
    rss_mb: float | None


@dataclass(slots=True, kw_only=True)
class _Probe:
    kind: str
    original: int | None
    wording: Wording
    identities: tuple[tuple[str, str], ...]


def measure_placing(
    store: Store, *, campaigns: int, probes: int, steps: int, tell: Callable[[str], None]
) -> list[Step]:
    """Fills an empty store in steps, and places so many posts after each."""
    measured: list[Step] = []
    done = 0
    for step in range(1, steps + 1):
        end = campaigns * step // steps
        # Numbers of posts that were placed meanwhile are left out.
        start = 1 if not done else done + 2 * probes
        fill(store, start, start + end - done, tell)
        tell(f"placing {probes} posts among {end:,} campaigns")
        measured.append(_measure(store, end, _probes(start, start + end - done, probes, seed=step)))
        done = start + end - done
    return measured


def measure_among_copies(store: Store, *, campaigns: int, copies: int, probes: int) -> Step:
    """Fills an empty store with so many campaigns and so many copies of each, and places so many posts.

    Filling it takes seconds, where it takes minutes one by one.
    """
    fill(store, 1, campaigns + 1, lambda _: None)
    copy_campaigns(store, campaigns, copies)
    settle(store)
    whole = campaigns * (copies + 1)
    return _measure(store, whole, _probes(1, campaigns + 1, probes, seed=2))


def _probes(start: int, end: int, count: int, *, seed: int) -> list[_Probe]:
    rng = random.Random(seed)  # noqa: S311 - the same posts every time
    words = made_words(random.Random(11))  # noqa: S311 - those of the store
    made: list[_Probe] = []
    kinds = (*KINDS, SAME, *[MISS] * len(KINDS))
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        original = rng.randrange(start, end)
        asked = words_of(original)
        handle = identities_of(original)
        if kind == MISS:
            number = -(seed * 10_000_000 + turn)
            missing = wording_of(words_of(number), turn)
            made.append(_Probe(kind=kind, original=None, wording=missing, identities=identities_of(number)))
            continue
        if kind != SAME:
            asked = asked if kind == "handle swapped" else edited(asked, kind, words, rng)
            handle = (("wickr", f"other{seed}x{turn}"),)
        made.append(_Probe(kind=kind, original=original, wording=wording_of(asked, original), identities=handle))
    rng.shuffle(made)
    return made


def _measure(store: Store, campaigns: int, probes: Sequence[_Probe]) -> Step:
    likeness = Likeness(frozenset({"hey"}))
    ids = _posts(store, len(probes))
    times: dict[str, list[_Time]] = {}
    for probe, post_id in zip(probes, ids, strict=True):
        arrival = Arrival(post_id=post_id, wording=probe.wording, identities=probe.identities, at=store.now())
        began = time.perf_counter()
        with store.write() as session:
            take_turn(session)
            placing = Placing(session, store.keyring, likeness)
            started, busy = time.perf_counter(), time.thread_time()
            placed = placing.place(arrival)
            ended, busy = time.perf_counter(), time.thread_time() - busy
        committed = time.perf_counter()
        right = placed.new if probe.original is None else probe.original in (placed.campaign_id, *placed.bridges)
        one = _Time((ended - started) * 1e3, (committed - began) * 1e3, busy * 1e3, right)
        times.setdefault(probe.kind, []).append(one)
    return Step(
        campaigns=campaigns,
        kinds={kind: _kind(times[kind]) for kind in (*KINDS, SAME, MISS) if kind in times},
        whole=_kind([one for some in times.values() for one in some]),
        rss_mb=_rss(),
    )


def _posts(store: Store, count: int) -> list[int]:
    """Stored posts to be placed: what stores them is not measured here."""
    name = f"probe-{time.monotonic_ns()}"
    with store.write() as session:
        made = session.connection().execute(
            insert(StoredPost).returning(col(StoredPost.id), sort_by_parameter_order=True),
            [post_row(store, f"{name}-{number}") for number in range(count)],
        )
        return [post_id or 0 for post_id in made.scalars()]


class _Time(NamedTuple):
    place: float
    commit: float
    cpu: float
    right: bool


def _kind(times: Sequence[_Time]) -> Kind:
    return Kind(
        posts=len(times),
        place=_times(sorted(one.place for one in times)),
        commit=_times(sorted(one.commit for one in times)),
        cpu=_times(sorted(one.cpu for one in times)),
        right=sum(one.right for one in times) / len(times),
    )


def _times(ordered: Sequence[float]) -> Times:
    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)

    return Times(p50=at(0.5), p95=at(0.95), p99=at(0.99))


def _rss() -> float | None:
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * 4096 / 1e6, 1)
