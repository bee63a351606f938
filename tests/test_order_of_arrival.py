"""Whatever order posts arrive in, in whatever batches: the store holds what a look at all of them at once gives."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import SQLModel, func, select

from monitor.intake import Intake
from monitor.post import Post
from monitor.store.database import Store
from monitor.store.tables import Alert, Campaign, Occurrence, SourceRow
from tests.campaigns.test_placing import commit, graph_sets, made, stored_sets
from tests.crossref.test_sets import PLATFORMS, components, crossref, expected, sharing
from tests.support.reviewing import take_in

pytestmark = pytest.mark.property
SOME = settings(max_examples=settings().max_examples // 16)
"""A sixteenth of what others try: each example fills a store."""

HANDLES = [f"zorblat{number}" for number in range(7)]
ACCOUNTS = [None, *(f"a{number}" for number in range(7))]
ARRIVALS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(HANDLES), min_size=1, max_size=4, unique=True),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(PLATFORMS),
    ),
    min_size=1,
    max_size=20,
)


def empty(store: Store) -> None:
    """Takes what an example before left."""
    with store.write() as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            if table.name != "key_mark":
                session.connection().execute(delete(table))


@SOME
@given(seed=st.integers(0, 40), order=st.randoms(use_true_random=False), size=st.integers(1, 40))
def test_campaigns_with_their_suggestions_are_the_graphs(
    store: Store, seed: int, order: random.Random, size: int
) -> None:
    empty(store)
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    posts = made(seed, 5)
    order.shuffle(posts)
    commit(Intake(store), posts, size)
    with store.read() as session:
        assert stored_sets(session) == graph_sets(posts)
        counts = [session.exec(select(func.count()).select_from(table)).one() for table in (Alert, Campaign)]
        assert counts[0] == counts[1]
        assert session.exec(select(func.count()).select_from(Occurrence)).one() == len(posts)
        # A campaign goes by its first post, which is in it.
        firsts = select(Occurrence.post_id).where(Occurrence.post_id == Occurrence.campaign_id)
        assert set(session.exec(firsts)) == set(session.exec(select(Campaign.id)))


@SOME
@given(arrivals=ARRIVALS, order=st.randoms(use_true_random=False), size=st.integers(1, 8))
def test_linked_sets_with_their_hubs_are_those_of_any_other_order(
    store: Store, arrivals: list[tuple[list[str], str | None, str]], order: random.Random, size: int
) -> None:
    empty(store)
    cross = crossref("shutnet")
    posts: list[Post] = [
        sharing(number, *handles, by=by, platform=platform) for number, (handles, by, platform) in enumerate(arrivals)
    ]
    order.shuffle(posts)
    for start in range(0, len(posts), size):
        take_in(store, *posts[start : start + size], crossref=cross)
    assert components(store) == expected(posts, unlinked=frozenset({"shutnet"}))
    for platform in PLATFORMS:
        assert components(store, platform) == expected(posts, platform)
