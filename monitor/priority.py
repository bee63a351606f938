"""How urgent an alert is: readable parts, each with its points and why, whose sum is the alert's priority.

A part's points are its weight (`[priority]` in the configuration) times how much of it there is, from 0 to 1. Pure;
what it needs to know is gathered by `monitor.ranking`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

HIGHEST: Final = 1_000
"""Priorities go from 0 to this."""
RISKS: Final[Mapping[str, float]] = {"danger_now": 1.0, "child_at_risk": 0.9, "trade": 0.6, "other": 0.3}
"""How much of the risk part an earlier decision's risk gives."""
PLATFORMS: Final = 4
"""Platforms from which on the spread is full."""
DAILY: Final = 10.0
"""Posts a day, over the last days, from which on growth is full."""
DAYS: Final = 3.0
"""Days over which growth is counted."""
OLD: Final = 14.0
"""Days that an alert has waited from which on its age is full."""
DOUBT: Final = 4.0
"""Decided alerts that a term has to have before its history says as much as the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The most points that each part gives; 0 turns a part off. `defunct` is taken off, the others are added."""

    score: float = 400
    risk: float = 150
    spread: float = 100
    growth: float = 100
    returns: float = 150
    age: float = 50
    terms: float = 50
    defunct: float = 100


class Part(NamedTuple):
    """One part of a priority; `why` names no handle, term or account."""

    name: str
    points: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an alert's campaign.

    :param score: of the screen, the best of its posts.
    :param risk: the gravest of final reportable decisions on it or its handles, None without any.
    :param recent: posts that came within the last :data:`DAYS` days.
    :param returns: by kind (handle, campaign, bio, community), how often something of it came back.
    :param waited: days since it was opened.
    :param histories: of each of its terms, (reportable, decided) alerts that have it.
    :param apps: of its handles; `defunct` are those that are closed.
    """

    score: float
    risk: str | None = None
    platforms: int = 1
    recent: int = 0
    returns: Mapping[str, int]
    waited: float = 0.0
    histories: Sequence[tuple[int, int]] = ()
    apps: Collection[str] = ()
    defunct: Collection[str] = ()


def parts_of(facts: Facts, weights: Weights) -> list[Part]:
    """The parts that give or take points."""
    shares = [
        _score(facts, weights),
        _risk(facts, weights),
        _spread(facts, weights),
        _growth(facts, weights),
        _returns(facts, weights),
        _age(facts, weights),
        _terms(facts, weights),
        _defunct(facts, weights),
    ]
    return [part for part in shares if part.points]


def priority_of(parts: Collection[Part]) -> int:
    """The sum of the parts, 0 to :data:`HIGHEST`."""
    return max(0, min(HIGHEST, sum(part.points for part in parts)))


def as_kept(parts: Collection[Part]) -> list[Any]:
    """Parts as a list that the store takes."""
    return [list(part) for part in parts]


def as_parts(kept: Sequence[Sequence[Any]] | None) -> list[Part]:
    """Parts out of the store; none where they were not reckoned yet."""
    return [Part(*one) for one in kept or ()]


def _part(name: str, weight: float, share: float, why: str) -> Part:
    return Part(name, round(weight * max(0.0, min(1.0, share))), why)


def _score(facts: Facts, weights: Weights) -> Part:
    return _part("score", weights.score, facts.score, f"the screen's score is {facts.score:.2f}")


def _risk(facts: Facts, weights: Weights) -> Part:
    why = f"decided before: {facts.risk}" if facts.risk else "no earlier decision"
    return _part("risk", weights.risk, RISKS.get(facts.risk or "", 0.0), why)


def _spread(facts: Facts, weights: Weights) -> Part:
    return _part("spread", weights.spread, (facts.platforms - 1) / (PLATFORMS - 1), f"on {facts.platforms} platforms")


def _growth(facts: Facts, weights: Weights) -> Part:
    daily = max(0, facts.recent - 1) / DAYS  # the first post is not growth
    return _part("growth", weights.growth, daily / DAILY, f"{_many(facts.recent, 'post')} in the last {DAYS:g} days")


def _returns(facts: Facts, weights: Weights) -> Part:
    kinds = [f"{kind} {times} x" for kind, times in sorted(facts.returns.items()) if times]
    # The first return says most: half of the part, the next ones the rest.
    times = sum(facts.returns.values())
    return _part("return", weights.returns, 1 - 0.5**times, f"came back: {', '.join(kinds)}")


def _age(facts: Facts, weights: Weights) -> Part:
    return _part("age", weights.age, facts.waited / OLD, f"has waited {_many(int(facts.waited), 'day')}")


def _terms(facts: Facts, weights: Weights) -> Part:
    """Terms whose alerts were mostly reportable add, others take off; unknown ones do neither."""
    if not facts.histories:
        return Part("terms", 0, "no history")
    shares = [(reportable + DOUBT / 2) / (decided + DOUBT) for reportable, decided in facts.histories]
    best = max(shares)
    reportable, decided = facts.histories[shares.index(best)]
    points = round(weights.terms * (2 * best - 1))
    return Part("terms", points, f"of {_many(decided, 'decided alert')} with such a term, {reportable} were reportable")


def _defunct(facts: Facts, weights: Weights) -> Part:
    """Taken off where every handle is of an app that is closed: nobody can be reached there any more."""
    apps = set(facts.apps)
    closed = apps and apps <= set(facts.defunct)
    return Part("defunct app", -round(weights.defunct) if closed else 0, f"{', '.join(sorted(apps))} is closed")


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
