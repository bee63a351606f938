from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.bench.graph import GraphLabel, measure_graph
from monitor.detect.bundle import load_bundle
from monitor.detect.screen import Screen
from monitor.graph.graph import Graph, graph_of
from monitor.graph.likeness import Likeness
from monitor.graph.member import Member, member
from monitor.graph.wording import Wording, Wordings
from monitor.post import PostRef
from monitor.records import from_record
from tests.graph.generate import Maker

BUNDLE = load_bundle()
LIKENESS = Likeness(BUNDLE.vocabulary.neutral)
SCREEN, WORDS = Screen(BUNDLE), Wordings(BUNDLE)


def graph(*records: dict[str, Any]) -> Graph:
    posts = [from_record({"platform": "x", **record}) for record in records]
    screened = [(post, SCREEN(post)) for post in posts]
    assert all(screening.hit for _, screening in screened)
    return graph_of((member(post, screening, WORDS) for post, screening in screened), LIKENESS)


def sets(found: Graph) -> tuple[Any, ...]:
    """Everything but the names of groups and campaigns."""
    groups, campaigns = defaultdict(set), defaultdict(set)
    for ref, place in zip(found.refs, found.placed, strict=True):
        groups[place.group].add(ref)
        campaigns[place.campaign].add(ref)
    return {frozenset(one) for one in groups.values()}, {frozenset(one) for one in campaigns.values()}


def made(number: int, text: str, *handles: str, account: str | None = None, about: bool = False) -> Member:
    words = tuple(text.split())
    return Member(
        ref=PostRef("x", f"{number:04d}"),
        at=datetime(2026, 1, 1, tzinfo=UTC) if number % 3 else None,
        wording=Wording(words, words, words, True, about),
        identities=tuple(sorted(("kik", handle) for handle in handles)),
        account=("x", "id", account) if account is not None else None,
    )


# ---- quality ----


def test_the_graph_is_as_good_as_it_was() -> None:
    posts = Maker(9).posts(100)
    labelled = [(from_record(post), _label(post["label"])) for post in posts]
    measured = measure_graph(BUNDLE, labelled)
    assert measured.hits > 0.8 * measured.posts
    assert measured.groups.f1 >= 0.98
    assert measured.campaigns.f1 >= 0.97
    assert measured.clusters.f1 >= 0.98
    assert measured.components.f1 >= 0.97
    assert measured.mixed == 0


def _label(label: dict[str, Any]) -> GraphLabel:
    handles = tuple((app, handle) for app, handle in label["handles"])
    return GraphLabel(group=label["group"], campaign=label["campaign"], handles=handles, kind=label["kind"])


# ---- groups and campaigns ----


def test_rotating_handles_stay_one_campaign_and_are_groups_of_their_own() -> None:
    text = "perv people, {}, be polite and say hello late at night"
    found = graph(
        {"id": "1", "text": text.format("wickr zorblat77")},
        {"id": "2", "text": text.format("kik quibdrem04")},
        {"id": "3", "text": text.format("wickr Zorblat77")},
    )
    assert [place.campaign for place in found.placed] == [0, 0, 0]
    assert [place.group for place in found.placed] == [0, 1, 0]


def test_two_common_words_never_join_strangers() -> None:
    found = graph({"id": "1", "text": "taboo wickr: zorblat77"}, {"id": "2", "text": "taboo wickr: quibdrem04"})
    assert found.placed[0].campaign != found.placed[1].campaign
    found = graph({"id": "1", "text": "taboo wickr: zorblat77"}, {"id": "2", "text": "Taboo! wickr - zorblat77"})
    assert found.placed[0] == found.placed[1]


def test_boilerplate_neither_joins_nor_parts() -> None:
    plate = "\n".join(
        f"{what} meets on Thursdays; newcomers bring a bottle of water." for what in ("Choir", "Club", "Team")
    )
    other = "\n".join(f"The {what} has changed its hours and closes at four." for what in ("bakery", "library", "lake"))
    one = "perv people, wickr zorblat77, be polite and say hello late at night"
    two = "anyone into nolimits? quiet room on friday for small circles, kik quibdrem04"
    long = [f"{plate}\n{plate.replace('Thurs', 'Mon')}\n{one}", f"{plate}\n{plate.replace('Thurs', 'Mon')}\n{two}"]
    found = graph(
        *(
            {"id": str(number), "text": text}
            for number, text in enumerate([*long, f"{one}\n{other}\n{other.upper()}", two])
        )
    )
    assert [place.campaign for place in found.placed] == [0, 1, 0, 1]


def test_a_warning_is_kept_apart() -> None:
    advert = "perv people, wickr zorblat77, be polite and say hello late at night"
    found = graph({"id": "1", "text": advert}, {"id": "2", "text": f"{advert} (reported)", "quotes": "1"})
    assert found.placed[0].campaign != found.placed[1].campaign


def test_the_same_post_twice_is_one() -> None:
    record = {"id": "1", "text": "perv and taboo trade, wickr zorblat77"}
    assert len(graph(record, record, record).refs) == 1


def test_versions_of_a_post_link_all_their_handles() -> None:
    found = graph(
        {"id": "1", "text": "perv and taboo trade, wickr zorblat77"},
        {"id": "1", "text": "perv and taboo trade, wickr quibdrem04", "edited_at": "2026-01-02T00:00:00Z"},
    )
    assert list(found.links.clusters) == [("wickr", "quibdrem04"), ("wickr", "zorblat77")]


# ---- order ----

TEXTS = (
    "alpha bravo charlie delta echo foxtrot golf",
    "alpha bravo charlie delta echo foxtrot hotel",
    "alpha bravo india delta echo juliet hotel",
    "kilo lima mike november oscar papa quebec",
    "kilo lima",
    "alpha",
    "",
)
MEMBERS = st.builds(
    lambda number, text, handles, account, about: made(number, text, *handles, account=account, about=about),
    st.integers(0, 40),
    st.sampled_from(TEXTS),
    st.lists(st.sampled_from("abcd"), max_size=3, unique=True),
    st.sampled_from(["p", "q", "r", None]),
    st.booleans(),
)


@pytest.mark.property
@settings(deadline=None)
@given(st.lists(MEMBERS, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(members: list[Member], rng: random.Random) -> None:
    first = list(graph_of(members, LIKENESS).as_contract())
    rng.shuffle(members)
    assert list(graph_of(members, LIKENESS).as_contract()) == first


def test_the_order_of_a_whole_corpus_does_not_matter() -> None:
    members = [
        member(post, screening, WORDS)
        for record in Maker(4).posts(25)
        for post in [from_record(record)]
        if (screening := SCREEN(post)).hit
    ]
    first = list(graph_of(members, LIKENESS).as_contract())
    for seed in range(3):
        random.Random(seed).shuffle(members)
        assert list(graph_of(members, LIKENESS).as_contract()) == first


@pytest.mark.property
@settings(deadline=None)
@given(st.lists(MEMBERS, max_size=30))
def test_a_group_has_one_set_of_handles_and_lies_in_one_campaign(members: list[Member]) -> None:
    found = graph_of(members, LIKENESS)
    firsts: dict[PostRef, Member] = {}
    for one in sorted(
        members, key=lambda one: (one.at is None, one.ref, one.wording, one.identities, one.account or ())
    ):
        firsts.setdefault(one.ref, one)
    handles, campaigns = defaultdict(set), defaultdict(set)
    for ref, place in zip(found.refs, found.placed, strict=True):
        handles[place.group].add(firsts[ref].identities)
        campaigns[place.group].add(place.campaign)
    assert all(len(one) == 1 for one in (*handles.values(), *campaigns.values()))


# ---- clusters and components ----


def test_accounts_join_identities_transitively() -> None:
    found = graph_of(
        [
            made(1, "one", "a", account="p"),
            made(2, "two", "b", account="p"),
            made(3, "three", "b", account="q"),
            made(4, "four", "c", account="q"),
            made(5, "five", "c", account="r"),
            made(6, "six", "d", account="s"),
            made(7, "seven", "d", "e"),
        ],
        LIKENESS,
    )
    names = [{found.refs[post].id for post in posts} for posts in found.links.components]
    assert sorted(map(sorted, names)) == [["0001", "0002", "0003", "0004", "0005"], ["0006", "0007"], ["0007"]]


def test_an_account_is_one_of_its_platform_and_an_id_is_no_handle() -> None:
    text = "perv and taboo trade, wickr {}"
    found = graph(
        {"id": "1", "text": text.format("zorblat77"), "author_id": "7"},
        {"id": "2", "text": text.format("quibdrem04"), "author_handle": "7"},
        {"id": "3", "text": text.format("vexmol88"), "author_id": "7", "platform": "reddit"},
        {"id": "4", "text": text.format("gaxmol88"), "author_id": "8", "author_handle": "old"},
        {"id": "5", "text": text.format("kosmol88"), "author_id": "8", "author_handle": "new"},
    )
    assert sorted(map(len, found.links.components)) == [1, 1, 1, 2]


# ---- bad input ----


def test_a_cycle_is_one_component() -> None:
    ring = [*range(200), 0]
    members = [
        one
        for at, (left, right) in enumerate(pairwise(ring))
        for one in (
            made(2 * at, "a", f"h{left}", account=f"p{at}"),
            made(2 * at + 1, "b", f"h{right}", account=f"p{at}"),
        )
    ]
    assert [len(posts) for posts in graph_of(members, LIKENESS).links.components] == [400]


def test_a_post_with_500_handles_and_a_handle_of_10_000_characters() -> None:
    many = [f"h{number}" for number in range(500)]
    members = [
        made(1, "alpha bravo charlie delta", *many, account="p"),
        made(2, "alpha bravo charlie delta", "z" * 10_000, account="p"),
        made(4, "alpha bravo charlie delta", *many, account=None),
    ]
    found = graph_of(members, LIKENESS)
    assert len(found.links.clusters) == 501
    assert [len(posts) for posts in found.links.components] == [3]
    assert len({place.campaign for place in found.placed}) == 1
    assert len({place.group for place in found.placed}) == 2


def test_500_shares_in_one_text() -> None:
    shares = ", ".join(f"wickr: zorblat{number:03d}" for number in range(500))
    found = graph({"id": "1", "text": f"taboo nolimits trade {shares}", "author_id": "1"})
    assert len(found.links.clusters) == 500
    assert len(found.links.components) == 1


def test_years_out_of_step_and_no_time_at_all() -> None:
    text = "perv and taboo trade, wickr zorblat77"
    times = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", None, "2026-01-01"]
    found = graph(*({"id": str(at), "text": text, "created_at": time} for at, time in enumerate(times)))
    assert [ref.id for ref in found.refs] == ["0", "3", "1", "2"]


def test_nothing_is_an_empty_graph() -> None:
    assert list(graph_of([], LIKENESS).as_contract()) == []
