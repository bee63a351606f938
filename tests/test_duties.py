"""Where terms want deletions followed in time, stored posts are asked about in time, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from monitor.app import platforms_to_ask
from monitor.duties import ACTOR, AT_ONCE, Deletions, due, late
from monitor.intake import Intake
from monitor.ports import Known, Recheck, Standing
from monitor.retention import EXPIRED
from monitor.settings import Settings
from monitor.store import leases
from monitor.store.database import Store
from monitor.store.tables import AuditRow, SourceRow, StoredPost
from tests.support.posts import hit, screened

HOURS = {"examplenet": 24.0}


class Platform:
    """Answers with what it is told to, else that a post is up."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.asked: list[list[str]] = []

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        self.asked.append([post.ref.id for post in posts])
        return [Recheck(ref=one.ref, standing=self.standings.get(one.ref.id, Standing.UP)) for one in posts]


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def deletions(store: Store, platform: Platform) -> Iterator[Deletions]:
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="script", enabled_at=store.now()))
    with ThreadPoolExecutor(1) as thread:
        sources: Any = {"examplenet": platform, "othernet": platform}
        yield Deletions(store, sources, HOURS, thread=thread, holder="test", every=600)


def states(store: Store) -> dict[str, tuple[str, bool]]:
    with store.read() as session:
        return {row.post_id: (row.state, row.record is None) for row in session.exec(select(StoredPost))}


async def test_posts_are_asked_about_before_the_time_is_over_and_what_is_gone_goes(
    store: Store, deletions: Deletions, platform: Platform, clock: Any
) -> None:
    Intake(store).commit(screened(hit(1), hit(2), hit(3, platform="othernet")), source="s")
    clock.advance(hours=17)
    assert await deletions.follow_all() == 0
    assert platform.asked == []
    clock.advance(hours=2)
    platform.standings["post-2"] = Standing.REMOVED_BY_AUTHOR
    assert await deletions.follow_all() == 0
    assert states(store)["post-2"] == ("up", False)
    assert await deletions.follow_all() == 1  # it was missing twice
    assert platform.asked == [["post-1", "post-2"], ["post-2"]]
    assert states(store) == {"post-1": ("up", False), "post-2": ("deleted", True), "post-3": ("up", False)}
    assert await deletions.follow_all() == 0
    clock.advance(hours=19)
    await deletions.follow_all()
    assert platform.asked[2:] == [["post-1"]]
    with store.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.action == "post.recheck")).all()
    assert [row.actor for row in rows] == [ACTOR]  # that a post is still up is no news


async def test_what_cannot_be_told_is_asked_again_and_said_to_be_late(
    store: Store, deletions: Deletions, platform: Platform, clock: Any
) -> None:
    Intake(store).commit(screened(hit(1)), source="s")
    clock.advance(hours=20)
    platform.standings["post-1"] = Standing.UNKNOWN
    await deletions.follow_all()
    assert late(store, HOURS) == []
    clock.advance(hours=5)
    await deletions.follow_all()
    assert [(one.platform, one.posts) for one in late(store, HOURS)] == [("examplenet", 1)]
    assert states(store) == {"post-1": ("up", False)}
    platform.standings.clear()
    await deletions.follow_all()
    assert len(platform.asked) == 3
    assert late(store, HOURS) == []


async def test_what_was_missing_once_and_is_back_stays(
    store: Store, deletions: Deletions, platform: Platform, clock: Any
) -> None:
    Intake(store).commit(screened(hit(1)), source="s")
    clock.advance(hours=20)
    for standing in (Standing.UNAVAILABLE, Standing.UNKNOWN, Standing.UP):
        platform.standings["post-1"] = standing
        assert await deletions.follow_all() == 0
    clock.advance(hours=20)
    platform.standings["post-1"] = Standing.UNAVAILABLE
    assert await deletions.follow_all() == 0
    platform.standings["post-1"] = Standing.UNKNOWN
    assert await deletions.follow_all() == 0
    platform.standings["post-1"] = Standing.UNAVAILABLE
    assert await deletions.follow_all() == 1


async def test_many_posts_are_asked_about_in_portions_and_expired_ones_are_not(
    store: Store, deletions: Deletions, platform: Platform, clock: Any
) -> None:
    Intake(store).commit(screened(*(hit(number) for number in range(AT_ONCE + 3))), source="s")
    with store.write() as session:
        session.exec(select(StoredPost).where(StoredPost.post_id == "post-1")).one().state = EXPIRED
    clock.advance(hours=20)
    known, after = due(store, "examplenet", 24)
    assert (len(known), after is not None) == (AT_ONCE, True)
    await deletions.follow_all()
    assert list(map(len, platform.asked)) == [AT_ONCE, 2]


async def test_what_can_never_be_told_holds_up_nothing_else(
    store: Store, deletions: Deletions, platform: Platform, clock: Any
) -> None:
    Intake(store).commit(screened(*(hit(number) for number in range(AT_ONCE + 3))), source="s")
    clock.advance(hours=20)
    known, _ = due(store, "examplenet", 24)
    platform.standings = {one.ref.id: Standing.UNKNOWN for one in known}
    await deletions.follow_all()
    await deletions.follow_all()
    assert list(map(len, platform.asked)) == [AT_ONCE, 3]
    await deletions.follow_all()
    assert list(map(len, platform.asked)) == [AT_ONCE, 3, AT_ONCE]


async def test_a_source_that_breaks_stops_no_other(store: Store, clock: Any) -> None:
    class Broken(Platform):
        async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
            raise KeyError("form")

    well = Platform()
    with store.write() as session:
        session.add(SourceRow(name="s", plugin="script", enabled_at=store.now()))
    Intake(store).commit(screened(hit(1), hit(2, platform="othernet")), source="s")
    clock.advance(hours=20)
    with ThreadPoolExecutor(1) as thread:
        sources: Any = {"examplenet": Broken(), "othernet": well}
        hours = {"examplenet": 24.0, "othernet": 24.0}
        await Deletions(store, sources, hours, thread=thread, holder="test", every=600).follow_all()
    assert well.asked == [["post-2"]]


async def test_of_several_monitors_one_asks(store: Store, deletions: Deletions, platform: Platform, clock: Any) -> None:
    Intake(store).commit(screened(hit(1)), source="s")
    clock.advance(hours=20)
    assert leases.acquire(store, "deletions", holder="another")
    await deletions.follow_all()
    # On SQLite there is but one: what another held is of one that died.
    assert platform.asked == ([["post-1"]] if store.is_sqlite else [])


def test_posts_of_archives_wait_for_an_answer_where_terms_want_it_or_a_source_can_give_it(tmp_path: Path) -> None:
    def asked(**sources: Any) -> frozenset[str]:
        return platforms_to_ask(Settings.model_validate({"home": tmp_path, "sources": sources}))

    duties = {"reddit", "tumblr", "x"}
    assert asked() == duties
    assert asked(a={"plugin": "mastodon", "servers": ["https://social.example"]}) == {*duties, "mastodon"}
    assert asked(a={"plugin": "mastodon", "enabled": False}, b={"plugin": "feeds"}, c={"plugin": "none"}) == duties
