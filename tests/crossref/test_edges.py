"""Edges and what they count, skeletons, and times that can be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.crossref.edges import Kind, Seen, Sighted, decay, edges_of, rarity
from monitor.crossref.moments import moment
from monitor.crossref.skeleton import skeleton

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def seen(row: int, *sighted: Sighted, account: int | None = 1, campaign: int | None = 1, days: float = 0) -> Seen:
    return Seen(row=row, at=NOW - timedelta(days=days), account_id=account, campaign_id=campaign, sighted=sighted)


def test_each_kind_of_edge_names_the_posts_that_prove_it() -> None:
    posts = [
        seen(1, Sighted(7, 0.5, same_name=True), Sighted(8, 0.9), days=10),
        seen(2, Sighted(7, 0.8), account=2, days=3),
        seen(3, Sighted(7, 0.6), Sighted(8, 0.7), account=1, campaign=2),
    ]
    edges = {
        (one.kind, one.one, one.other): one for one in edges_of(posts, identities={7: 2, 8: 1}, campaigns={1: 2, 2: 1})
    }
    assert {key: list(one.posts) for key, one in edges.items()} == {
        (Kind.APPEARS, 7, 1): [1, 2],
        (Kind.APPEARS, 7, 2): [3],
        (Kind.APPEARS, 8, 1): [1],
        (Kind.APPEARS, 8, 2): [3],
        (Kind.POSTED, 1, 1): [1],
        (Kind.POSTED, 1, 2): [3],
        (Kind.POSTED, 2, 1): [2],
        (Kind.SAME_NAME, 1, 7): [1],
        (Kind.SHARES, 1, 7): [1, 3],
        (Kind.SHARES, 1, 8): [1, 3],
        (Kind.SHARES, 2, 7): [2],
        (Kind.TOGETHER, 7, 8): [1, 3],
    }
    together = edges[Kind.TOGETHER, 7, 8]
    assert (together.confidence, together.accounts, together.last_at, together.in_bio) == (0.6, 2, NOW, False)
    shares = edges[Kind.SHARES, 1, 7]
    assert (shares.confidence, shares.first_at, shares.last_at) == (0.6, NOW - timedelta(days=10), NOW)
    assert shares.weight(NOW, 180) == pytest.approx(0.6 * 0.5)
    assert shares.weight(NOW + timedelta(days=180), 180) == pytest.approx(0.6 * 0.25)


def test_without_an_author_or_a_campaign_identities_are_together_only() -> None:
    posts = [seen(1, Sighted(7, 0.5, in_bio=True), Sighted(8, 0.9, in_bio=True), account=None, campaign=None)]
    (edge,) = edges_of(posts, identities={}, campaigns={})
    assert (edge.kind, edge.in_bio) == (Kind.TOGETHER, True)


def test_five_hundred_identities_in_one_post_lose_no_edge() -> None:
    post = seen(1, *(Sighted(number, 0.9) for number in range(500)))
    counts = dict.fromkeys(range(500), 1)
    around = edges_of([post], identities=counts, campaigns={1: 1}, around=250)
    assert sum(one.kind is Kind.TOGETHER for one in around) == 499
    whole = edges_of([post], identities=counts, campaigns={1: 1})
    assert sum(one.kind is Kind.TOGETHER for one in whole) == 500 * 499 // 2


def test_rarity_and_decay() -> None:
    assert [round(rarity(count), 2) for count in (0, 1, 2, 50)] == [1, 1, 0.5, 0.15]
    assert decay(NOW, NOW, 30) == decay(NOW + timedelta(days=9), NOW, 30) == 1
    assert decay(NOW - timedelta(days=60), NOW, 30) == 0.25


@pytest.mark.parametrize(
    "claimed", [None, NOW + timedelta(seconds=1), datetime(2050, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]
)
def test_times_that_cannot_be_are_when_it_was_seen(claimed: datetime | None) -> None:
    assert moment(claimed, NOW) == NOW


def test_a_time_in_the_past_is_believed() -> None:
    assert moment(NOW - timedelta(days=4000), NOW) == NOW - timedelta(days=4000)


@pytest.mark.parametrize(
    "other", ["Zorblat_1O", "zorb1at.lo", "z0rblat10", "ｚｏｒｂｌａｔ10", "zоrblаt10", "zor-blat-i0", "zorblatl0"]
)
def test_handles_that_look_alike_have_one_skeleton(other: str) -> None:
    assert skeleton(other) == skeleton("zorblat10")


def test_others_do_not() -> None:
    assert skeleton("modern") == skeleton("modem")
    assert len({skeleton(one) for one in ("zorblat10", "zorblat11", "zorblat20", "zorbla10", "quibdrem")}) == 5
    assert skeleton("_1") is None
