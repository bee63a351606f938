from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from monitor.detect.bundle import load_bundle
from monitor.detect.fast.screen import FastScreen
from monitor.detect.screen import Screen
from monitor.graph.graph import graph_of
from monitor.graph.joining import Sets
from monitor.graph.likeness import Likeness
from monitor.graph.member import member
from monitor.graph.wording import Wordings
from monitor.hits import HitScreen
from monitor.intake import Intake
from monitor.ports import Batch, Recheck, Records, Standing
from monitor.post import Post, PostRef
from monitor.rechecking import follow
from monitor.records import from_record
from monitor.retention import Limits, expire
from monitor.store.database import Store, open_store
from monitor.store.tables import Alert, Campaign, Occurrence, SourceRow, StoredPost, StoredWording, Suggestion
from tests.conftest import FakeClock
from tests.graph.generate import Maker
from tests.support.posts import hit, screened

BUNDLE = load_bundle()
SCREEN = Screen(BUNDLE)
HITS = HitScreen(FastScreen(SCREEN))


@pytest.fixture
def intake(store: Store) -> Intake:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    return Intake(store)


def made(seed: int, campaigns: int) -> list[Post]:
    """Generated posts that hit, as read from an archive."""
    posts = [from_record(one) for one in Maker(seed).posts(campaigns)]
    return [post for post in posts if SCREEN(post).hit]


def commit(intake: Intake, posts: Sequence[Post], size: int = 40) -> None:
    for start in range(0, len(posts), size):
        intake.commit(HITS(Batch(records=Records.of(posts[start : start + size]))), source="s")


def stored_sets(session: Session) -> set[frozenset[str]]:
    """Posts by campaign, campaigns joined with the suggestions that nobody has decided."""
    sets, numbers = Sets(), dict[int, int]()
    for campaign in session.exec(select(Campaign.id).order_by(col(Campaign.id))):
        numbers[campaign] = sets.add()
    for one in session.exec(select(Suggestion).where(Suggestion.state == "open")):
        sets.join(numbers[one.campaign_id], numbers[one.other_id])
    found: dict[int, set[str]] = defaultdict(set)
    rows = select(Occurrence.campaign_id, StoredPost.platform, StoredPost.post_id).join(
        StoredPost,
        col(StoredPost.id) == col(Occurrence.post_id),
    )
    for campaign, platform, post_id in session.exec(rows):
        found[sets.of(numbers[campaign])].add(f"{platform}/{post_id}")
    return {frozenset(one) for one in found.values()}


def graph_sets(posts: Iterable[Post]) -> set[frozenset[str]]:
    words = Wordings(BUNDLE)
    graph = graph_of((member(post, SCREEN(post), words) for post in posts), Likeness(BUNDLE.vocabulary.neutral))
    found: dict[int, set[str]] = defaultdict(set)
    for ref, place in zip(graph.refs, graph.placed, strict=True):
        found[place.campaign].add(str(ref))
    return {frozenset(one) for one in found.values()}


@pytest.mark.parametrize("seed", [1])
def test_campaigns_with_their_suggestions_are_the_graphs_in_any_order(intake: Intake, store: Store, seed: int) -> None:
    posts = made(seed, 40)
    random.Random(seed).shuffle(posts)
    commit(intake, posts)
    with store.read() as session:
        assert stored_sets(session) == graph_sets(posts)
        # One alert a campaign, one occurrence a post.
        assert (
            session.exec(select(func.count()).select_from(Alert)).one()
            == session.exec(select(func.count()).select_from(Campaign)).one()
        )
        assert session.exec(select(func.count()).select_from(Occurrence)).one() == len(posts)


def test_the_same_posts_again_change_nothing(intake: Intake, store: Store) -> None:
    posts = made(5, 12)
    commit(intake, posts)
    with store.read() as session:
        before = stored_sets(session), [one.id for one in session.exec(select(StoredWording))]
    commit(intake, list(reversed(posts)), size=7)
    with store.read() as session:
        assert (stored_sets(session), [one.id for one in session.exec(select(StoredWording))]) == before


def test_a_campaign_goes_by_its_first_stored_post(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1)), source="s")
    intake.commit(screened(hit(2, "vexilorp"), hit(3, "brimzat")), source="s")
    with store.read() as session:
        assert [one.id for one in session.exec(select(Campaign))] == [1]
        assert len(session.exec(select(Occurrence)).all()) == 3


def test_a_post_that_bridges_two_campaigns_suggests_a_merge_and_makes_none(intake: Intake, store: Store) -> None:
    one = "long list of things for anyone into taboo and nolimits here tonight, wickr: zorblat77"
    other = "greetings from the garden with a lamp and a chair, taboo and nolimits, wickr: vexilorp"
    bridge = f"{one}\n{other}"
    intake.commit(screened(hit(1, text=one)), source="s")
    intake.commit(screened(hit(2, text=other)), source="s")
    intake.commit(screened(hit(3, text=bridge)), source="s")
    with store.read() as session:
        suggestions = session.exec(select(Suggestion)).all()
        assert [(row.campaign_id, row.other_id, row.post_id, row.state) for row in suggestions] == [(1, 2, 3, "open")]
        assert {row.campaign_id for row in session.exec(select(Occurrence))} == {1, 2}


def test_a_warning_never_joins_the_advert_that_it_warns_of(intake: Intake, store: Store) -> None:
    advert = "trade taboo and nolimits here, wickr: zorblat77"
    warning = hit(2, text=f"warning everyone, report this account, a predator: {advert}", quotes="post-1")
    assert SCREEN(warning).hit
    commit(intake, [hit(1, text=advert), warning, hit(3, text=advert, platform="othernet")])
    with store.read() as session:
        assert stored_sets(session) == {
            frozenset({"examplenet/post-1", "othernet/post-3"}),
            frozenset({"examplenet/post-2"}),
        }
        assert [one.about for one in session.exec(select(Campaign).order_by(col(Campaign.id)))] == [False, True]


def test_words_and_bands_hold_nothing_in_clear(intake: Intake, store: Store) -> None:
    intake.commit(screened(hit(1, text="quibbling taboo and nolimits here, wickr: zorblat77")), source="s")
    with store.engine.connect() as connection:
        rows = [*connection.exec_driver_sql("SELECT * FROM wording"), *connection.exec_driver_sql("SELECT * FROM band")]
    assert rows
    assert not any(word in repr(row) for row in rows for word in ("quibbling", "taboo", "zorblat77"))


def test_three_monitors_with_the_same_posts_at_once(store: Store, intake: Intake, database_url: str) -> None:
    posts = made(4, 15)
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            own = open_store(database_url, store.keyring)
            mixed = posts[:]
            random.Random(seed).shuffle(mixed)
            commit(Intake(own), mixed, size=9)
            own.close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with store.read() as session:
        assert stored_sets(session) == graph_sets(posts)
        assert session.exec(select(func.count()).select_from(StoredPost)).one() == len(posts)


def test_five_hundred_handles_and_times_out_of_the_world(intake: Intake, store: Store) -> None:
    handles = ", ".join(f"wickr: zor{number}blat" for number in range(500))
    far = from_record(
        {"platform": "x", "id": "a", "text": f"taboo nolimits {handles}", "created_at": "0001-01-01T00:00:00Z"}
    )
    future = from_record({**_record("b"), "created_at": "9999-12-31T23:59:59Z"})
    long = from_record({**_record("c"), "text": f"taboo nolimits, wickr: {'zorblat' * 1500}"})
    commit(intake, [far, future, long, far])
    with store.read() as session:
        assert session.exec(select(func.count()).select_from(Occurrence)).one() >= 2


def _record(name: str) -> dict[str, Any]:
    return {"platform": "x", "id": name, "text": "trade taboo and nolimits here, wickr: zorblat77"}


def words_kept(store: Store) -> list[bool]:
    with store.read() as session:
        rows = session.exec(select(StoredWording).order_by(col(StoredWording.id))).all()
    assert all(("here" in row.words["whole"]) != row.hashed for row in rows)
    return [not row.hashed for row in rows]


def test_words_go_with_the_last_text_that_had_them_and_its_like_is_known_again(intake: Intake, store: Store) -> None:
    one = "long list of things for anyone into taboo and nolimits here tonight, wickr: zorblat77"
    commit(intake, [hit(1, text=one), hit(2, text=one), hit(3, text=one, platform="othernet")])
    assert words_kept(store) == [True]
    for number, platform in ((1, "examplenet"), (2, "examplenet")):
        intake.commit(screened(deleted=[PostRef(platform, f"post-{number}")]), source="s")
    assert words_kept(store) == [True]
    follow(store, [Recheck(ref=PostRef("othernet", "post-3"), standing=Standing.UNAVAILABLE)], actor="ana")
    assert words_kept(store) == [False]
    with store.engine.connect() as connection:
        (sealed,) = connection.exec_driver_sql("SELECT words FROM wording").one()
    assert "tonight" not in store.keyring.open(bytes(sealed), "wording.words").decode()
    # The very words with another handle are its campaign's still; with the same handle, it has its words again.
    commit(intake, [hit(4, text=one.replace("zorblat77", "vexilorp"))])
    commit(intake, [hit(5, text=one)])
    assert words_kept(store) == [True, True]
    with store.read() as session:
        assert {row.campaign_id for row in session.exec(select(Occurrence))} == {1}


def test_words_go_when_texts_were_kept_as_long_as_they_may_be(intake: Intake, store: Store, clock: FakeClock) -> None:
    commit(intake, [hit(1)])
    clock.advance(days=3)
    assert expire(store, Limits(by_platform={"examplenet": 2}, by_plugin={})) == 1
    assert words_kept(store) == [False]
