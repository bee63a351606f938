from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from monitor.priority import HIGHEST, Facts, Part, Weights, as_kept, as_parts, parts_of, priority_of
from monitor.settings import Priority

PLAIN = Facts(score=0.9, returns={}, recent=1)


def points(facts: Facts, weights: Weights | None = None) -> dict[str, int]:
    return {part.name: part.points for part in parts_of(facts, weights or Weights())}


def test_the_settings_are_the_weights() -> None:
    assert Weights(**Priority().model_dump()) == Weights()


def test_a_plain_alert_has_its_score_alone() -> None:
    assert points(PLAIN) == {"score": 360}


@pytest.mark.parametrize(
    ("more", "part", "least", "most"),
    [
        ({"risk": "danger_now"}, "risk", 150, 150),
        ({"risk": "other"}, "risk", 1, 149),
        ({"platforms": 2}, "spread", 1, 99),
        ({"platforms": 9}, "spread", 100, 100),
        ({"recent": 11}, "growth", 1, 99),
        ({"recent": 10_000}, "growth", 100, 100),
        ({"returns": {"handle": 1}}, "return", 75, 75),
        ({"returns": {"handle": 2, "bio": 3}}, "return", 100, 150),
        ({"waited": 7.0}, "age", 25, 25),
        ({"waited": 700.0}, "age", 50, 50),
        ({"histories": [(20, 20)]}, "terms", 35, 50),
        ({"histories": [(0, 20)]}, "terms", -50, -35),
        ({"histories": [(0, 20), (20, 20)]}, "terms", 35, 50),
        ({"apps": ["wickr"], "defunct": ["wickr"]}, "defunct app", -100, -100),
    ],
)
def test_each_part_gives_points_and_no_other_changes(more: dict[str, Any], part: str, least: int, most: int) -> None:
    found = points(replace(PLAIN, **more))
    assert set(found) == {"score", part}
    assert least <= found[part] <= most


@pytest.mark.parametrize(
    "more", [{"apps": ["wickr", "kik"], "defunct": ["wickr"]}, {"defunct": ["wickr"]}, {"waited": -3.0}, {"recent": 0}]
)
def test_what_gives_nothing_is_not_named(more: dict[str, Any]) -> None:
    assert points(replace(PLAIN, **more)) == {"score": 360}


def test_nothing_leaves_the_scale_whatever_the_weights() -> None:
    all_at_once = replace(
        PLAIN, risk="danger_now", platforms=9, recent=10_000, returns={"handle": 9}, waited=99.0, histories=[(50, 50)]
    )
    heavy = Weights(**{one.name: 1000 for one in fields(Weights)})
    assert priority_of(parts_of(all_at_once, heavy)) == HIGHEST
    assert priority_of([Part("defunct app", -1000, "")]) == 0
    off = Weights(**{one.name: 0 for one in fields(Weights)})
    assert parts_of(all_at_once, off) == []


def test_parts_come_back_from_the_store() -> None:
    parts = parts_of(replace(PLAIN, platforms=3), Weights())
    assert as_parts(as_kept(parts)) == parts
    assert as_parts(None) == []
