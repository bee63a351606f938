from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.triage import Triage
from alerts.triage.records import State
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import RefusedError
from monitor.hits import Hit, Screened
from monitor.intake import Committed, Intake
from monitor.post import Post
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, AlertTerm, AuditRow, Occurrence, SourceRow, StoredPost
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reviewing import Routed, add_people, exactly, make_triage, screening

TEXT = "taboo trade here, wickr: {}"
REPORTABLE: dict[str, Any] = {
    "verdict": Verdict.REPORTABLE,
    "conduct": Conduct.OFFERS_OR_ASKS_MATERIAL,
    "risk": Risk.TRADE,
    "reason": "a handle beside a term",
}
HARMLESS: dict[str, Any] = {"verdict": Verdict.NOT_REPORTABLE, "reason": "a game's name"}


@pytest.fixture
def routed() -> Routed:
    return Routed()


@pytest.fixture
def triage(store: Store, routed: Routed) -> Triage:
    add_people(store)
    with store.write() as session:
        session.add(SourceRow(name="sample", plugin="sample", enabled_at=store.now()))
    return make_triage(store, routed)


def come(store: Store, *posts: Post, weights: dict[str, float] | None = None) -> Committed:
    """Takes posts in, all of one campaign."""
    hits = [Hit(post=post, screening=screening(post), wording=exactly("one")) for post in posts]
    return Intake(store).commit(Screened(posts=len(hits), hits=hits, weights=weights or {}), source="sample")


def share(number: int, handle: str = "zorblat77", **more: Any) -> Post:
    return hit(number, **({"text": TEXT.format(handle)} | more))


def decided(store: Store, triage: Triage, choice: dict[str, Any], **more: Any) -> int:
    """The alert of one post, decided."""
    (alert_id,) = come(store, share(1), **more).alert_ids
    triage.decide(alert_id, version=1, user="ana", **choice)
    return alert_id


def alert(store: Store, alert_id: int) -> Alert:
    with store.read() as session:
        return session.get_one(Alert, alert_id)


def states(store: Store) -> dict[str, str]:
    """The state of each post's newest version."""
    with store.read() as session:
        rows = session.exec(
            select(StoredPost.post_id, Occurrence.state)
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .order_by(col(StoredPost.id))
        )
        return dict(rows.all())


def audited(store: Store, action: str) -> list[dict[str, Any]]:
    with store.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.action == action).order_by(col(AuditRow.id)))
        return [row.detail for row in rows]


def test_of_an_open_alert_it_is_one_more(store: Store, triage: Triage) -> None:
    (alert_id,) = come(store, share(1)).alert_ids
    triage.claim(alert_id, user="ana")
    come(store, share(2, "quibdrem", platform="othernet"))
    assert set(states(store).values()) == {"attached"}
    assert alert(store, alert_id).version == 2
    triage.decide(alert_id, version=2, user="ana", **REPORTABLE)


def test_of_a_reportable_one_it_waits(store: Store, triage: Triage, routed: Routed) -> None:
    alert_id = decided(store, triage, REPORTABLE)
    come(store, share(2, "quibdrem", platform="othernet"))
    assert states(store) == {"post-1": "attached", "post-2": "waiting"}
    assert (alert(store, alert_id).state, alert(store, alert_id).version) == ("decided", 2)
    assert len(routed.calls) == 1  # nothing went out for the new one


def test_an_edit_of_what_is_reported_is_reported_already(store: Store, triage: Triage) -> None:
    decided(store, triage, REPORTABLE)
    come(store, share(1, text="taboo trade here now, wickr: zorblat77"))
    assert states(store) == {"post-1": "attached"}


def test_an_edit_of_what_waits_waits_in_its_place(store: Store, triage: Triage) -> None:
    decided(store, triage, REPORTABLE)
    come(store, share(2))
    come(store, share(2, text="taboo trade here now, wickr: zorblat77"))
    with store.read() as session:
        found = session.exec(select(Occurrence.state).order_by(col(Occurrence.post_id))).all()
    assert found == ["attached", "attached", "waiting"]


def test_of_a_not_reportable_one_it_is_counted(store: Store, triage: Triage) -> None:
    alert_id = decided(store, triage, HARMLESS)
    come(store, share(2), share(3))
    assert states(store) == {"post-1": "attached", "post-2": "counted", "post-3": "counted"}
    assert (alert(store, alert_id).state, alert(store, alert_id).version) == ("decided", 2)
    assert not audited(store, "alert.raise_again")


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({"handle": "quibdrem"}, ["another handle"]),
        ({"text": TEXT.format("quibdrem") + " or wickr: vexilorp"}, ["2 other handles"]),
        ({"platform": "othernet"}, ["another platform"]),
        ({"text": "nolimits trade here, wickr: zorblat77"}, ["a stronger term"]),
        (
            {"text": "nolimits trade here, wickr: quibdrem", "platform": "othernet"},
            ["another handle", "another platform", "a stronger term"],
        ),
    ],
)
def test_something_new_raises_it_again(
    store: Store, triage: Triage, clock: FakeClock, more: dict[str, Any], reasons: list[str]
) -> None:
    weights = {"taboo": 0.4, "nolimits": 0.8}
    alert_id = decided(store, triage, HARMLESS, weights=weights)
    come(store, share(2), weights=weights)
    clock.advance(days=3)
    come(store, share(3, **more), weights=weights)
    raised = alert(store, alert_id)
    assert (raised.state, raised.version, raised.verdict, raised.decided_at) == ("open", 3, None, None)
    assert (raised.raised_for, raised.raised_again_at) == (reasons, clock())
    assert set(states(store).values()) == {"attached"}
    assert [one["reasons"] for one in audited(store, "alert.raise_again")] == [reasons]
    with pytest.raises(RefusedError):
        triage.decide(alert_id, version=2, user="ben", **HARMLESS)
    with pytest.raises(RefusedError):
        triage.undo(alert_id, user="ana")
    # It is decided anew, with all its posts; the same again raises nothing.
    triage.decide(alert_id, version=3, user="ben", **HARMLESS)
    come(store, share(4, **more), weights=weights)
    assert alert(store, alert_id).state == State.DECIDED


def test_a_weaker_term_raises_nothing(store: Store, triage: Triage) -> None:
    weights = {"taboo": 0.4, "nolimits": 0.2}
    alert_id = decided(store, triage, HARMLESS, weights=weights)
    come(store, share(2, text="nolimits trade here, wickr: zorblat77"), weights=weights)
    assert alert(store, alert_id).state == State.DECIDED
    with store.read() as session:
        assert sorted(row.weight for row in session.exec(select(AlertTerm))) == [0.2, 0.4]


def test_alerts_from_before_terms_were_noted(store: Store, triage: Triage) -> None:
    alert_id = decided(store, triage, HARMLESS)
    with store.write() as session:
        for row in session.exec(select(AlertTerm)):
            session.delete(row)
    come(store, share(2))
    assert alert(store, alert_id).state == State.DECIDED


def test_one_notice_an_hour(store: Store, triage: Triage, clock: FakeClock) -> None:
    alert_id = decided(store, triage, REPORTABLE)
    grown = [*come(store, share(2), share(3)).grown]
    clock.advance(minutes=59)
    grown += come(store, share(4)).grown
    clock.advance(minutes=1)
    grown += come(store, share(5)).grown
    assert [(one.alert_id, one.state, one.posts, one.waiting) for one in grown] == [
        (alert_id, "decided", 2, 1),
        (alert_id, "decided", 5, 4),
    ]
    assert audited(store, "alert.grew") == [{"posts": 2, "waiting": 1}, {"posts": 5, "waiting": 4}]


@pytest.mark.parametrize("choice", [REPORTABLE, HARMLESS])
def test_undone_all_are_decided_together(store: Store, triage: Triage, choice: dict[str, Any]) -> None:
    alert_id = decided(store, triage, choice)
    come(store, share(2))
    assert states(store)["post-2"] in {"waiting", "counted"}
    triage.undo(alert_id, user="ana")
    assert set(states(store).values()) == {"attached"}
    assert alert(store, alert_id).state == State.OPEN


def test_a_person_decides_while_posts_join(store: Store, triage: Triage, routed: Routed) -> None:
    """Whoever is first, no post is left between: it was decided with the others, or it waits."""
    for round_ in range(6):
        wording = exactly(f"round {round_}")

        def take(number: int, wording: Any = wording, round_: int = round_) -> Committed:
            post = share(round_ * 100 + number, platform="examplenet")
            found = Hit(post=post, screening=screening(post), wording=wording)
            return Intake(store).commit(Screened(posts=1, hits=[found]), source="sample")

        (alert_id,) = take(1).alert_ids
        seen: list[int] = []

        def route(session: Any, row: Alert, decision: Any, at: Any, seen: list[int] = seen) -> None:
            posts = session.exec(select(Occurrence.post_id).where(Occurrence.campaign_id == row.campaign_id)).all()
            seen.extend(posts)

        deciding = Triage(store, route=route, withdraw=routed.take_back, review=Review())
        barrier = threading.Barrier(2)

        def decide(alert_id: int = alert_id, deciding: Triage = deciding, barrier: Any = barrier) -> None:
            barrier.wait()
            deciding.decide(alert_id, version=1, user="ana", **REPORTABLE)

        thread = threading.Thread(target=decide)
        thread.start()
        barrier.wait()
        for number in range(2, 6):
            take(number)
        thread.join()
        with store.read() as session:
            campaign = session.get_one(Alert, alert_id).campaign_id
            rows = session.exec(select(Occurrence).where(Occurrence.campaign_id == campaign)).all()
        assert len(rows) == 5
        assert {row.post_id for row in rows if row.state == "attached"} == set(seen)
        assert {row.state for row in rows} <= {"attached", "waiting"}
