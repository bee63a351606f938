from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from monitor.intake import Intake
from monitor.linking import Linking
from monitor.ports import Recheck, Standing
from monitor.post import Author, Post, PostRef
from monitor.ranking import Ranking
from monitor.rechecking import follow
from monitor.returns import Figures, figures
from monitor.store.database import Store
from monitor.store.tables import Alert, Campaign, Comeback, SourceRow, StoredPost
from tests.conftest import FakeClock
from tests.support.posts import hit, screened

BIO = "quiet person who likes trains and old maps"


@pytest.fixture(autouse=True)
def source(store: Store) -> None:
    with store.write() as session:
        session.add(SourceRow(name="live", plugin="sample", enabled_at=store.now()))


def come(store: Store, clock: FakeClock, *posts: Post, linking: Linking | None = None) -> None:
    """Takes posts in, a day later."""
    clock.advance(days=1)
    Intake(store, ranking=Ranking(linking=linking or Linking())).commit(screened(*posts), source="live")


def go(store: Store, clock: FakeClock, *numbers: int, platform: str = "examplenet") -> None:
    """Posts are found to be gone, a day later."""
    clock.advance(days=1)
    refs = [PostRef(platform, f"post-{number}") for number in numbers]
    follow(store, [Recheck(ref=ref, standing=Standing.REMOVED_BY_PLATFORM) for ref in refs], actor="system:recheck")


TEXTS = (
    "lanterns over the harbour tonight",
    "my bicycle needs a new chain soon",
    "who else bakes bread with rye flour",
    "the museum closes early this winter",
    "seven ducks crossed our street again",
    "bought paint for that old garden fence",
    "trains were late because of heavy snow",
)


def made(number: int, at: datetime, **more: Any) -> Post:
    """A hit whose wording, handle and author are its own."""
    text = f"{TEXTS[number]}, taboo nolimits trade, wickr: {handle(number)}"
    values: dict[str, Any] = {"text": text, "created_at": at, "author": Author(id=f"a{number}")}
    return hit(number, **(values | more))


def handle(number: int) -> str:
    return f"quib{'abcdefghij'[number]}rem77"


def found(store: Store) -> list[tuple[str, str, str, float]]:
    with store.read() as session:
        rows = session.exec(select(Comeback).order_by(col(Comeback.id)))
        return [(row.kind, row.platform, row.gone_platform, row.days) for row in rows]


def test_a_handle_comes_back(store: Store, clock: FakeClock) -> None:
    come(store, clock, made(1, clock(), text="taboo nolimits, a first word, wickr: zorblat77"))
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), text="another thing taboo nolimits, wickr: Zorblat77"))
    come(store, clock, made(3, clock() + timedelta(days=1), text="a third way of nolimits taboo, wickr: zorblat77"))
    assert ("handle", "examplenet", "examplenet", 1.0) in found(store)
    assert len([one for one in found(store) if one[0] == "handle"]) == 1


def test_a_campaign_comes_back_with_another_handle(store: Store, clock: FakeClock) -> None:
    text = "lanterns over the harbour tonight, taboo nolimits trade with me, wickr: {}"
    come(store, clock, made(1, clock(), text=text.format("zorblat77")))
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), text=text.format("quibdrem")))
    assert found(store) == [("campaign", "examplenet", "examplenet", 1.0)]
    with store.read() as session:
        (alert,) = session.exec(select(Alert)).all()
        assert "return" in [part[0] for part in alert.priority_parts or ()]


def test_a_bio_comes_back_with_another_account(store: Store, clock: FakeClock) -> None:
    def author(name: str, number: int) -> Author:
        return Author(id=name, bio=f"{BIO}, wickr {handle(number)}")

    come(store, clock, made(1, clock(), author=author("one", 1)))
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), author=author("one", 2)))
    assert found(store) == []  # the account never left
    come(store, clock, made(3, clock() + timedelta(days=1), author=author("two", 3)))
    assert found(store) == [("bio", "examplenet", "examplenet", 2.0)]


@pytest.mark.parametrize("bio", ["add me", "trains, maps", "just trains here"])
def test_a_short_bio_is_anybodys(store: Store, clock: FakeClock, bio: str) -> None:
    come(store, clock, made(1, clock(), author=Author(id="one", bio=bio)))
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), author=Author(id="two", bio=bio)))
    assert found(store) == []


@pytest.mark.parametrize(
    "successor",
    ["zorblatgarden2", "Zorblat-Garden_v2", "new zorblat garden", "ZorblatGardenBackup", "r/zorblat_garden"],
)
def test_a_communitys_successor_is_a_return(store: Store, clock: FakeClock, successor: str) -> None:
    come(store, clock, made(1, clock(), community="zorblatgarden"), made(2, clock(), community="zorblatgarden"))
    go(store, clock, 1)
    come(store, clock, made(3, clock() + timedelta(days=1), community="zorblatgarden3"))
    assert found(store) == []  # the old one is still there
    go(store, clock, 2, 3)
    come(store, clock, made(4, clock() + timedelta(days=1), community=successor))
    come(store, clock, made(5, clock() + timedelta(days=1), community=successor))
    assert found(store) == [("community", "examplenet", "examplenet", 1.0)]


@pytest.mark.parametrize("names", [("trade", "trade2"), ("gardening", "gardening2"), ("zorb", "zorb2")])
def test_common_and_short_names_are_no_family(store: Store, clock: FakeClock, names: tuple[str, str]) -> None:
    come(store, clock, made(1, clock(), community=names[0]))
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), community=names[1]))
    assert found(store) == []


def test_another_platform_counts_where_it_may(store: Store, clock: FakeClock) -> None:
    share = {"text": "taboo nolimits, a first word, wickr: zorblat77"}
    come(store, clock, made(1, clock(), **share))
    go(store, clock, 1)
    other = made(2, clock() + timedelta(days=1), platform="othernet", **share)
    third = made(3, clock() + timedelta(days=2), platform="thirdnet", **share)
    come(store, clock, other, linking=Linking(unlinked_platforms=frozenset({"othernet"})))
    assert found(store) == []
    come(store, clock, third)
    assert {(one[1], one[2]) for one in found(store)} == {("thirdnet", "examplenet")}


def test_who_was_there_already_did_not_come_back(store: Store, clock: FakeClock) -> None:
    share = {"text": "taboo nolimits, a first word, wickr: zorblat77"}
    come(store, clock, made(1, clock(), **share), made(2, clock(), platform="othernet", **share))
    go(store, clock, 1)
    come(store, clock, made(3, clock() + timedelta(days=1), platform="othernet", **share))
    assert found(store) == []


def test_neither_old_posts_nor_edits_nor_repeats_come_back(store: Store, clock: FakeClock) -> None:
    share = {"text": "taboo nolimits, a first word, wickr: zorblat77"}
    come(store, clock, made(1, clock(), **share), made(2, clock(), **share))
    go(store, clock, 1)
    before = clock() - timedelta(days=2)
    later = clock() + timedelta(days=400)
    come(store, clock, made(3, before, **share))
    come(store, clock, made(2, clock(), text="taboo nolimits, quite other words, wickr: zorblat77"))
    assert found(store) == []
    back = made(4, later, **share)  # a clock years ahead: it is believed to be of when it was seen
    come(store, clock, back)
    come(store, clock, back)
    assert {(kind, days) for kind, _, _, days in found(store)} == {("handle", 3.0), ("campaign", 3.0)}
    with store.read() as session:
        assert {row.back_at for row in session.exec(select(Comeback))} == {clock() - timedelta(days=1)}


def test_hashes_stay_when_texts_go(store: Store, clock: FakeClock) -> None:
    come(store, clock, made(1, clock(), community="zorblatgarden", author=Author(id="one", bio=BIO)))
    go(store, clock, 1)
    with store.read() as session:
        (row,) = session.exec(select(StoredPost)).all()
    assert row.record is None
    assert None not in {row.bio_hash, row.community_hash, row.family_hash}
    come(
        store,
        clock,
        made(2, clock() + timedelta(days=1), community="zorblatgarden 2", author=Author(id="two", bio=BIO.upper())),
    )
    assert {one[0] for one in found(store)} == {"bio", "community"}


def test_warnings_and_the_safeguarding_lane_are_left_out(store: Store, clock: FakeClock) -> None:
    share = {"text": "taboo nolimits, a first word, wickr: zorblat77"}
    come(store, clock, made(1, clock(), **share))
    with store.write() as session:
        session.exec(select(Alert)).one().lane = "safeguarding"
    go(store, clock, 1)
    come(store, clock, made(2, clock() + timedelta(days=1), **share))
    assert found(store) == []
    with store.write() as session:
        session.exec(select(Alert)).one().lane = "main"
        session.exec(select(Campaign)).one().about = True
    come(store, clock, made(3, clock() + timedelta(days=1), **share))
    assert found(store) == []


def test_how_soon_by_platform_and_kind(store: Store, clock: FakeClock) -> None:
    share = {"text": "taboo nolimits, a first word, wickr: zorblat77"}
    number = 1
    come(store, clock, made(number, clock(), **share))
    for days in (1, 3, 9):
        go(store, clock, number)
        number += 1
        clock.advance(days=days - 1)
        come(store, clock, made(number, clock() + timedelta(days=1), **share))
    with store.read() as session:
        assert Figures("handle", "examplenet", 3, 3.0, 1.0) in figures(session)
