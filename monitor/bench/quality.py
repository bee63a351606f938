"""Quality of the screen on labelled posts, by category, and what it means at real prevalence.

A labelled post is a post record with one more field:
"label": {"hit": bool, "category": str, "handles": [[app, handle], ...], "terms": [id, ...]}.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from monitor.detect.screening import Screening
from monitor.errors import InputError
from monitor.lines import Line, LineReader
from monitor.post import Post
from monitor.records import BadLine, RecordReader, from_record, parse_line

PREVALENCES = (1e-4, 1e-5, 1e-6)

Decide = Callable[[Post], Screening]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a post is: `handles` are (app, handle), `terms` the ids of the lexicon."""

    hit: bool
    category: str
    handles: frozenset[tuple[str, str]]
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A post and what it is."""

    post: Post
    label: Label


@dataclass(slots=True)
class Counts:
    """Right finds, wrong finds, misses."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, found: frozenset[Any], wanted: frozenset[Any]) -> None:
        """Counts what was found against what was to be found."""
        self.right += len(found & wanted)
        self.wrong += len(found - wanted)
        self.missed += len(wanted - found)

    @property
    def precision(self) -> float:
        """Share of the finds that are right; 1 where nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of what was to be found that was; 1 where nothing was to be found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category of labelled posts: all hits or all no hits. `right` of `posts` were decided rightly."""

    name: str
    hit: bool
    posts: int
    right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A post that was decided wrongly, or whose handles or terms were read wrongly."""

    post: Post
    label: Label
    screening: Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The figures. `handles` and `terms` are counted on hits; `all_handles`: share of hits with all of them right."""

    posts: int
    hits: Counts
    handles: Counts
    all_handles: float
    terms: Counts
    average_precision: float
    categories: Sequence[Category]
    mistakes: Sequence[Mistake] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """What the screen raised on real posts that nobody knows to be hits: `ids` of those it called hits."""

    posts: int
    ids: Sequence[str]

    @property
    def rate(self) -> float:
        """False alarms a post."""
        return len(self.ids) / self.posts if self.posts else 0.0

    @property
    def upper(self) -> float:
        """The 95 % upper bound of the rate (exact Poisson; 3/n where none was seen)."""
        return poisson_upper(len(self.ids)) / self.posts if self.posts else 1.0


def read_labelled(path: Path) -> list[Labelled]:
    """The labelled posts of a file (plain, .gz or .zst). Raises `InputError` for a line that is none."""
    found: list[Labelled] = []
    for line in LineReader(path):
        if isinstance(line, Line) and not line.data.strip():
            continue
        try:
            if not isinstance(line, Line):
                raise ValueError("too long")  # noqa: TRY004, TRY301 - one kind of error, the line is bad
            record = parse_line(line.data)
            found.append(Labelled(from_record(record), _label(record.get("label"))))
        except ValueError as error:
            raise InputError(f"{path}:{line.number} is no labelled post: {error}.", do="Correct the line.") from error
    return found


def _label(value: object) -> Label:
    if not isinstance(value, dict):
        raise ValueError("no label")  # noqa: TRY004 - one kind of error, the line is bad
    label = cast("dict[str, Any]", value)
    return Label(
        hit=bool(label["hit"]),
        category=str(label["category"]),
        handles=frozenset((str(app), str(handle)) for app, handle in label.get("handles", ())),
        terms=frozenset(map(str, label.get("terms", ()))),
    )


def measure(decide: Decide, labelled: Iterable[Labelled]) -> Quality:
    """Screens every labelled post and counts. Handles are compared with their case folded."""
    hits, handles, terms = Counts(), Counts(), Counts()
    scores: list[tuple[float, bool]] = []
    by_category: dict[tuple[str, bool], list[int]] = defaultdict(lambda: [0, 0])
    mistakes: list[Mistake] = []
    wanted_hits = whole = posts = 0
    for one in labelled:
        posts += 1
        screening, label = decide(one.post), one.label
        right = screening.hit == label.hit
        scores.append((screening.score, label.hit))
        hits.add(frozenset({1} if screening.hit else ()), frozenset({1} if label.hit else ()))
        tally = by_category[label.category, label.hit]
        tally[0] += 1
        tally[1] += right
        if label.hit:
            wanted_hits += 1
            found = frozenset((match.app, match.handle.lower()) for match in screening.handles)
            wanted = frozenset((app, handle.lower()) for app, handle in label.handles)
            handles.add(found, wanted)
            terms.add(frozenset(match.term for match in screening.terms), label.terms)
            whole += found == wanted
            right = right and found == wanted and frozenset(match.term for match in screening.terms) == label.terms
        if not right:
            mistakes.append(Mistake(post=one.post, label=label, screening=screening))
    return Quality(
        posts=posts,
        hits=hits,
        handles=handles,
        all_handles=whole / wanted_hits if wanted_hits else 1.0,
        terms=terms,
        average_precision=average_precision(scores),
        categories=[
            Category(name=name, hit=hit, posts=total, right=right)
            for (name, hit), (total, right) in sorted(by_category.items())
        ],
        mistakes=mistakes,
    )


def average_precision(scores: Iterable[tuple[float, bool]]) -> float:
    """Mean of the precision at each hit, in order of falling score; posts of one score count as one step."""
    by_score: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for score, hit in scores:
        by_score[score][0 if hit else 1] += 1
    seen_hits = seen = 0
    total = 0.0
    for score in sorted(by_score, reverse=True):
        hits, misses = by_score[score]
        seen_hits += hits
        seen += hits + misses
        total += hits * seen_hits / seen
    return total / seen_hits if seen_hits else 1.0


def false_alarms(decide: Decide, path: Path) -> FalseAlarms:
    """Screens real posts that are not known to be hits; every hit is a false alarm until a person has read it."""
    posts = 0
    ids: list[str] = []
    for item in RecordReader(path):
        if isinstance(item, BadLine):
            continue
        posts += 1
        if decide(item.post).hit:
            ids.append(str(item.post.ref))
    return FalseAlarms(posts=posts, ids=ids)


def poisson_upper(seen: int, confidence: float = 0.95) -> float:
    """The largest mean under which seeing `seen` or fewer is not improbable (3.0 for none at 95 %)."""
    if seen == 0:
        return -math.log(1 - confidence)
    low, high = float(seen), seen + 10 * math.sqrt(seen) + 20
    for _ in range(80):
        middle = (low + high) / 2
        term = total = math.exp(-middle)
        for count in range(1, seen + 1):
            term *= middle / count
            total += term
        low, high = (middle, high) if total > 1 - confidence else (low, middle)
    return high


def precision_at(prevalence: float, recall: float, rate: float) -> float:
    """Share of the queue that is real: `prevalence` of all posts are, `rate` of the others are false alarms."""
    real = prevalence * recall
    return real / (real + (1 - prevalence) * rate) if real + rate else 1.0
