"""Texts go when their time is over, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from monitor import retention
from monitor.intake import Intake
from monitor.post import PostRef
from monitor.retention import EXPIRED, Limits
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, SourceRow, StoredPost
from tests.support.posts import hit, screened

NONE = Limits(by_platform={}, by_plugin={})


@pytest.fixture
def intake(store: Store) -> Intake:
    with store.write() as session:
        for name, plugin in (("s", "script"), ("old", "archive")):
            session.add(SourceRow(name=name, plugin=plugin, enabled_at=store.now()))
    return Intake(store)


def states(store: Store) -> dict[str, str]:
    with store.read() as session:
        return {row.post_id: row.state for row in session.exec(select(StoredPost))}


def record(store: Store, post_id: str) -> dict[str, Any]:
    with store.read() as session:
        return session.exec(select(StoredPost).where(StoredPost.post_id == post_id)).one().record or {}


def test_the_terms_of_a_platform_are_obeyed(store: Store, intake: Intake, clock: Any) -> None:
    limits = Limits(by_platform={"examplenet": 3}, by_plugin={})
    intake.commit(screened(hit(1)), source="s")
    clock.advance(days=2)
    intake.commit(screened(hit(2, "quibbern04"), hit(3, platform="othernet")), source="s")
    assert retention.expire(store, limits) == 0
    clock.advance(days=2)
    assert [one.posts for one in retention.due(store, limits)] == [1]
    assert retention.expire(store, limits) == 1
    assert states(store) == {"post-1": EXPIRED, "post-2": "up", "post-3": "up"}
    assert retention.expire(store, limits) == 0
    assert retention.due(store, limits) == []


def test_what_names_the_post_stays_and_its_words_go(store: Store, intake: Intake, clock: Any) -> None:
    intake.commit(screened(hit(1, title="a title", tags=("kik",), community="maps", lang="en")), source="s")
    clock.advance(days=9)
    retention.expire(store, Limits(by_platform={"examplenet": 3}, by_plugin={}))
    left = record(store, "post-1")
    assert (left["id"], left["url"]) == ("post-1", "https://examplenet.example/post-1")
    words = str([value for name, value in left.items() if name not in {"id", "url", "platform"}])
    assert not any(word in words for word in ("trade", "zorblat77", "quibbern04", "a title", "kik", "'maps"))
    with store.read() as session:
        assert session.exec(select(AuditRow.action).where(AuditRow.action == "post.expire")).all() == ["post.expire"]
        assert session.exec(select(StoredPost)).one().screening["handles"]


def test_an_archive_is_under_its_own_terms_too(store: Store, intake: Intake, clock: Any) -> None:
    intake.commit(screened(hit(1)), source="s")
    intake.commit(screened(hit(2, "quibbern04")), source="old")
    clock.advance(days=9)
    assert retention.expire(store, Limits(by_platform={}, by_plugin={"archive": 3})) == 1
    assert states(store) == {"post-1": "up", "post-2": EXPIRED}


def test_time_is_reckoned_from_when_a_post_came_here(store: Store, intake: Intake, clock: Any) -> None:
    limits = Limits(by_platform={"examplenet": 3}, by_plugin={})
    intake.commit(screened(hit(1, first_seen_at=datetime(2020, 1, 1, tzinfo=UTC))), source="old")
    assert retention.expire(store, limits) == 0
    clock.advance(days=4)
    assert retention.expire(store, limits) == 1


def test_texts_go_some_time_after_the_decision(store: Store, intake: Intake, clock: Any) -> None:
    intake.commit(screened(hit(1), hit(2, text="taboo nolimits trade, find me on kik: brimquol")), source="s")
    with store.write() as session:
        first = session.exec(select(Alert).order_by(col(Alert.id))).first()
        assert first is not None
        session.exec(update(Alert).where(col(Alert.id) == first.id).values(state="decided", decided_at=store.now()))
    clock.advance(days=29)
    limits = Limits(by_platform={}, by_plugin={}, decided=30)
    assert retention.expire(store, limits) == 0
    clock.advance(days=2)
    assert retention.expire(store, limits) == 1
    assert sorted(states(store).values()) == [EXPIRED, "up"]


def test_a_deletion_reaches_what_has_expired(store: Store, intake: Intake, clock: Any) -> None:
    intake.commit(screened(hit(1)), source="s")
    clock.advance(days=9)
    retention.expire(store, Limits(by_platform={"examplenet": 3}, by_plugin={}))
    done = intake.commit(screened(deleted=[PostRef("examplenet", "post-1")]), source="s")
    assert (done.deleted, states(store), record(store, "post-1")) == (1, {"post-1": "deleted"}, {})


def test_many_are_done_in_portions(store: Store, intake: Intake, clock: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    intake.commit(screened(*(hit(number) for number in range(10))), source="s")
    clock.advance(days=9)
    assert retention.expire(store, Limits(by_platform={"examplenet": 3}, by_plugin={})) == 10


def test_without_limits_nothing_goes(store: Store, intake: Intake, clock: Any) -> None:
    intake.commit(screened(hit(1)), source="s")
    clock.advance(days=4000)
    assert retention.expire(store, NONE) == 0
