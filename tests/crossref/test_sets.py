"""Linked sets: kept up to date post by post, they are always what a look at all the posts gives."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlmodel import col, select

from alerts.triage import Triage
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.crossref import Crossref
from monitor.crossref.sets import sets_of
from monitor.graph.linking import link
from monitor.linking import Linking
from monitor.post import NOBODY, Author, Post
from monitor.store.database import Store
from monitor.store.tables import Identity, LinkedSet, Mention, Sharing, StoredPost
from tests.support.posts import post
from tests.support.reviewing import Routed, add_people, make_triage, take_in

HUB = 4
"""Accounts that make a hub in these tests."""
PLATFORMS = ("examplenet", "othernet", "shutnet")


def crossref(*unlinked: str) -> Crossref:
    return Crossref(Linking(unlinked_platforms=frozenset(unlinked)), hub_accounts=HUB)


def sharing(number: int, *handles: str, by: str | None = "a1", platform: str = "examplenet") -> Post:
    """A post of an account that shares these handles."""
    text = f"taboo no {number}: " + " ".join(f"wickr: {handle}" for handle in handles)
    return post(number, text, platform=platform, author=Author(id=by) if by else NOBODY)


def handles_of(one: Post) -> list[str]:
    return (one.text or "").replace("wickr: ", "").split()[3:]


def components(store: Store, scope: str = "") -> list[list[str]]:
    """The posts of each linked set, and of each identity that is in none."""
    with store.read() as session:
        named = dict(
            session.exec(select(LinkedSet.identity_id, LinkedSet.set_id).where(LinkedSet.scope == scope)).all()
        )
        rows = session.exec(
            select(Mention.identity_id, StoredPost.platform, StoredPost.post_id).join(
                StoredPost, col(StoredPost.id) == col(Mention.post_id)
            )
        ).all()
    for set_id in set(named.values()):
        members = [identity for identity, one in named.items() if one == set_id]
        assert (min(members), len(members) > 1) == (set_id, True)
    found: dict[int, set[str]] = defaultdict(set)
    for identity, platform, name in rows:
        found[named.get(identity, identity)].add(f"{platform}/{name}")
    return sorted(sorted(held) for held in found.values())


def expected(posts: Sequence[Post], scope: str = "", unlinked: frozenset[str] = frozenset()) -> list[list[str]]:
    """What `monitor.graph.linking` says of the posts: hubs, and what may not be linked, as if nobody had posted it."""
    counted = [one for one in posts if (one.platform == scope if scope else one.platform not in unlinked)]
    accounts = Counter(
        handle
        for handle, _ in {
            (handle, (one.platform, one.author.key)) for one in counted if one.author.key for handle in handles_of(one)
        }
    )
    hubs = {handle for handle, count in accounts.items() if count >= HUB}
    members: list[tuple[list[tuple[str, str]], tuple[str, ...] | None]] = []
    for one in posts:
        account = (one.platform, one.author.key) if one.author.key and one in counted else None
        shared = [("wickr", handle) for handle in handles_of(one)]
        members += [
            ([this for this in shared if this[1] not in hubs], account),
            ([this for this in shared if this[1] in hubs], None),
        ]
    return sorted(
        sorted({f"{posts[at // 2].platform}/{posts[at // 2].id}" for at in held}) for held in link(members).components
    )


def some_posts(rng: random.Random, count: int) -> list[Post]:
    """Posts with one to four of a few handles, by a few accounts on three platforms, some by nobody."""
    names = [f"zorblat{number}" for number in range(14)]
    return [
        sharing(
            number,
            *rng.sample(names, rng.choice([1, 1, 1, 2, 2, 4])),
            by=rng.choice([None, *(f"a{one}" for one in range(12))]),
            platform=rng.choice(PLATFORMS),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_sets_are_those_of_the_graph_after_every_batch_in_any_order(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    posts = some_posts(rng, rng.choice([6, 14, 30]))
    cross = crossref("shutnet")
    taken: list[Post] = []
    while len(taken) < len(posts):
        part = posts[len(taken) : len(taken) + rng.choice([1, 2, 5])]
        take_in(store, *part, crossref=cross)
        taken += part
        assert components(store) == expected(taken, unlinked=frozenset({"shutnet"}))
        for platform in PLATFORMS:
            assert components(store, platform) == expected(taken, platform)


def test_sets_come_out_of_edges_whatever_their_order() -> None:
    edges = [(5, 1), (3, 1), (9, 2), (3, 3), (7, 3), (8, 9)]
    assert sets_of(edges) == sets_of(reversed(edges)) == {3: 3, 5: 3, 7: 3}


def decide(store: Store, alert_id: int, conduct: Conduct) -> Triage:
    triage = make_triage(store, Routed(), undo_seconds=60, second_person_for=[])
    version = triage.view(alert_id, user="sue").version
    triage.decide(
        alert_id, version=version, verdict=Verdict.REPORTABLE, conduct=conduct, risk=Risk.OTHER, reason="r", user="sue"
    )
    return triage


def test_posts_of_the_safeguarding_lane_join_nothing_until_they_leave_it(store: Store) -> None:
    add_people(store)
    first, second, bridge = (
        sharing(1, "zorblat", "quibdrem"),
        sharing(2, "vexilorp"),
        sharing(3, "vexilorp", "quibdrem", by="a2"),
    )
    take_in(store, first, second)
    (alert,) = take_in(store, bridge)
    assert components(store) == expected([first, second, bridge])
    triage = decide(store, alert, Conduct.POSTER_MAY_BE_CHILD)
    hidden = replace(bridge, author=NOBODY)
    assert components(store) == expected([first, second, hidden])
    with store.read() as session:
        assert all(row.posts == 1 for row in session.exec(select(Sharing)))
    triage.undo(alert, user="sue")
    assert components(store) == expected([first, second, bridge])


def test_a_hub_joins_nothing_and_a_person_may_say_otherwise(store: Store) -> None:
    cross = crossref()
    posts = [sharing(number, "quibdrem", f"zorblat{number}", by=f"a{number}") for number in range(HUB - 1)]
    take_in(store, *posts, crossref=cross)
    assert len(components(store)) == 1
    posts.append(sharing(9, "quibdrem", by="a9"))
    take_in(store, posts[-1], crossref=cross)
    assert components(store) == expected(posts)
    assert len(components(store)) == HUB
    for hub, sets in ((False, 1), (True, HUB), (None, HUB), (False, 1)):
        with store.write() as session:
            identity = session.exec(select(Identity).order_by(col(Identity.id))).all()
            cross.say_hub(session, next(one for one in identity if one.handle == "quibdrem"), hub)
        assert len(components(store)) == sets, hub
