"""Asking what became of stored posts, and following it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import select

from alerts.triage import Triage
from monitor.intake import Intake
from monitor.ports import Known, Recheck, Standing
from monitor.post import PostRef, text_hash
from monitor.rechecking import ask, follow, stored_posts
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, SourceRow, StoredPost
from tests.support.posts import hit, screened
from tests.support.reviewing import Routed, add_people


class Platform:
    """Answers with what it is told to."""

    def __init__(self, **standings: Standing) -> None:
        self._standings = standings
        self.asked: list[list[str]] = []

    async def recheck(self, posts: Sequence[Known]) -> Sequence[Recheck]:
        self.asked.append([post.ref.id for post in posts])
        return [
            Recheck(ref=post.ref, standing=self._standings.get(post.ref.id.replace("-", "_"), Standing.UP))
            for post in posts
        ]


@pytest.fixture
def campaign(store: Store) -> int:
    add_people(store)
    with store.write() as session:
        session.add(SourceRow(name="old", plugin="archive", enabled_at=store.now()))
    Intake(store).commit(screened(hit(1), hit(2), hit(3, platform="othernet")), source="old")
    with store.read() as session:
        return session.exec(select(Alert.campaign_id)).one()


def states(store: Store) -> dict[str, tuple[str, str | None, bool]]:
    with store.read() as session:
        return {row.post_id: (row.state, row.standing, row.record is None) for row in session.exec(select(StoredPost))}


async def test_what_is_gone_loses_its_record_and_an_error_changes_nothing(store: Store, campaign: int) -> None:
    platform = Platform(post_1=Standing.REMOVED_BY_PLATFORM, post_2=Standing.UNKNOWN)
    known = stored_posts(store, campaign)
    found = await ask({"examplenet": platform}, known)
    assert platform.asked == [["post-1", "post-2"]]
    follow(store, found, actor="ana")
    assert states(store) == {
        "post-1": ("deleted", "removed_by_platform", True),
        "post-2": ("up", None, False),
        "post-3": ("up", None, False),
    }
    assert [one.note for one in found if one.ref.platform == "othernet"] == ["no configured source can say"]
    assert [post.ref.id for post in stored_posts(store, campaign)] == ["post-2", "post-3"]
    with store.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.action == "post.recheck")).all()
    assert {row.actor for row in rows} == {"ana"}
    assert len(rows) == 3


def test_an_edit_can_be_told_from_what_is_stored(store: Store, campaign: int) -> None:
    known = {post.ref: post for post in stored_posts(store, campaign)}
    assert known[PostRef("examplenet", "post-1")].text_hash == text_hash(hit(1))
    assert known[PostRef("examplenet", "post-1")].text_hash != text_hash(hit(1, text="another"))


async def test_a_post_of_an_archive_is_shown_once_its_platform_was_asked(store: Store, campaign: int) -> None:
    routed = Routed()
    triage = Triage(
        store, route=routed, withdraw=routed.take_back, review=Review(), ask_first={"examplenet", "othernet"}
    )
    before = triage.view(1, user="ana").post
    assert (before.unchecked, list(before.fields)) == (True, [])
    assert list(triage.reveal(1, user="ana", reason="look").post.fields) == []
    follow(store, await ask({"examplenet": Platform()}, stored_posts(store, campaign)), actor="ana")
    after: Any = triage.view(1, user="ana").post
    assert (after.unchecked, after.standing) == (False, "up")
    assert [field.name for field in after.fields][:1] == ["text"]
