from __future__ import annotations

import json

import pytest
from sqlmodel import col, select

from monitor.graph.blind import Blind, hidden
from monitor.graph.likeness import Likeness
from monitor.graph.wording import TERM, Wording
from monitor.intake import Intake
from monitor.ports import Recheck, Standing
from monitor.post import PostRef
from monitor.rechecking import follow
from monitor.retention import Limits, expire
from monitor.store.database import Store
from monitor.store.tables import Campaign, Occurrence, SourceRow, StoredWording
from tests.conftest import FakeClock
from tests.support.posts import hit, screened

TEXT = "anyone for a long walk by the river tonight, taboo and nolimits welcome, bring a lantern, wickr: {}"
LIKENESS = Likeness(frozenset({"anyone", "for"}))


@pytest.fixture
def intake(store: Store) -> Intake:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="archive", enabled_at=store.now()))
    return Intake(store)


def wordings(store: Store) -> list[StoredWording]:
    with store.read() as session:
        return list(session.exec(select(StoredWording).order_by(col(StoredWording.id))))


def campaigns(store: Store) -> list[int]:
    with store.read() as session:
        return list(session.exec(select(Occurrence.campaign_id).order_by(col(Occurrence.post_id))))


def test_words_go_with_the_last_text_and_what_comes_again_is_still_found(intake: Intake, store: Store) -> None:
    one = hit(1, text=TEXT.format("zorblat77"))
    again = hit(2, text=TEXT.format("zorblat77"), platform="othernet")
    intake.commit(screened(one, again), source="s")
    intake.commit(screened(deleted=[PostRef("examplenet", "post-1")]), source="s")
    (row,) = wordings(store)
    assert not row.hashed
    assert "lantern" in row.words["whole"]
    follow(store, [Recheck(ref=PostRef("othernet", "post-2"), standing=Standing.UNAVAILABLE)], actor="system:x")
    (row,) = wordings(store)
    assert row.hashed
    assert not any(word in json.dumps(row.words) for word in ("lantern", "taboo", "river", "anyone", "zorblat"))
    edited = TEXT.replace("a lantern", "a pencil and a friend")
    intake.commit(
        screened(
            hit(3, text=TEXT.format("zorblat77")),
            hit(4, text=TEXT.format("vexilorp")),
            hit(5, text=edited.format("quibdrem")),
            hit(6, text="trade of old maps and taboo, nolimits, only by night, wickr: brimzat9"),
        ),
        source="s",
    )
    assert campaigns(store) == [1, 1, 1, 1, 1, 6]


def test_retention_hides_the_words(intake: Intake, store: Store, clock: FakeClock) -> None:
    intake.commit(screened(hit(1, text=TEXT.format("zorblat77"))), source="s")
    clock.advance(days=3)
    intake.commit(screened(hit(2, text=TEXT.format("zorblat77"))), source="s")
    assert expire(store, Limits(by_platform={"examplenet": 2}, by_plugin={})) == 1
    assert [row.hashed for row in wordings(store)] == [False]
    clock.advance(days=3)
    assert expire(store, Limits(by_platform={"examplenet": 2}, by_plugin={})) == 1
    assert [row.hashed for row in wordings(store)] == [True]
    with store.read() as session:
        assert len(session.exec(select(Campaign)).all()) == 1


def test_a_hidden_wording_is_compared_word_by_word() -> None:
    def made(text: str) -> Wording:
        words = tuple(f"{TERM}{word[1:]}" if word[0] == "#" else word for word in text.split())
        return Wording(words, words, words, True, False)

    def hide(wording: Wording) -> Wording:
        return hidden(wording, LIKENESS.weight, lambda word: f"{hash(word) & 0xFFFFFF:06x}")

    blind, long = Blind(), "#perv people add me tonight after the market closes bring a pencil and ask about green"
    for other, same in (
        (long, True),
        (long.replace("tonight", "today").replace("pencil", "lantern"), True),
        (long.replace("ask about green", "quiet room with some old maps"), False),
        (long.replace("#perv", "#taboo"), False),
        ("#perv people add me tonight", False),
    ):
        first, second = blind.weigh(hide(made(long))), blind.weigh(hide(made(other)))
        assert blind.same_template(first, second, related=False) is same, other
        clear = LIKENESS.weigh(made(long))
        assert [round(one.total, 6) for one in first[:3]] == [round(one.total, 6) for one in clear[:3]]
