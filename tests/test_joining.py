from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.triage import FastLane
from alerts.triage.records import Lane
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import AuthError, ConfigError, RefusedError
from monitor.post import Author
from monitor.ranking import Ranking, rank_waiting
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, Occurrence, Report
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reporting import ToldChannel, configured, router, take_in, triage
from tests.support.reviewing import add_people


class House:
    """A store with people, a channel and one alert."""

    def __init__(self, store: Store) -> None:
        add_people(store)
        self.store = store
        routes = router(store, configured(ToldChannel()))

        self.triage = triage(store, routes, second_person_for=[])
        self.lane = FastLane(store, route=routes.route, undo_seconds=10)
        self.alert_id = take_in(store, hit(1))

    def decide(self, verdict: Verdict = Verdict.REPORTABLE) -> None:
        reportable = verdict is Verdict.REPORTABLE
        self.triage.decide(
            self.alert_id,
            version=self.alert().version,
            verdict=verdict,
            conduct=Conduct.OFFERS_OR_ASKS_MATERIAL if reportable else None,
            risk=Risk.TRADE if reportable else None,
            reason="seen",
            user="ana",
        )

    def alert(self) -> Alert:
        with self.store.read() as session:
            return session.get_one(Alert, self.alert_id)

    def states(self) -> list[str]:
        with self.store.read() as session:
            return list(session.exec(select(Occurrence.state).order_by(col(Occurrence.post_id))))

    def reported(self) -> list[int]:
        with self.store.read() as session:
            return sorted(session.exec(select(Report.post_id)))

    def audited(self, action: str) -> int:
        with self.store.read() as session:
            return len(session.exec(select(AuditRow).where(AuditRow.action == action)).all())


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_a_post_that_joins_a_waiting_alert_is_attached_and_noticed_once_an_hour(house: House, clock: FakeClock) -> None:
    take_in(house.store, hit(2))
    take_in(house.store, hit(3))
    assert (house.states(), house.audited("alert.grew")) == (["attached"] * 3, 1)
    clock.advance(hours=2)
    take_in(house.store, hit(4))
    assert house.audited("alert.grew") == 2


def test_a_post_that_joins_a_reportable_alert_waits_for_a_yes(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2, platform="othernet"))
    assert (house.states(), house.reported()) == (["attached", "waiting"], [1])
    (waiting,) = house.lane.waiting(user="ana")
    assert (waiting.alert_id, waiting.post_id, waiting.post.platform, waiting.verdict_by) == (1, 2, "othernet", "ana")
    assert "zorblat77" not in repr(waiting)
    said = house.lane.add(1, 2, user="ana")
    assert (said.state, said.reports, house.reported(), house.lane.count(user="ana")) == ("added", 1, [1, 2], 0)
    with pytest.raises(RefusedError, match="does not wait"):
        house.lane.add(1, 2, user="ana")


def test_what_waits_is_shown_masked_with_the_verdict_that_stands(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    (waiting,) = house.lane.waiting(user="ana", alert_id=house.alert_id)
    words = " ".join(str(field) for field in waiting.post.fields)
    assert "trade" in words
    assert not {"zorblat77", "taboo"} & set(words.split())
    assert (waiting.conduct, waiting.risk) == (Conduct.OFFERS_OR_ASKS_MATERIAL, Risk.TRADE)
    assert house.lane.waiting(user="ana", alert_id=house.alert_id + 1) == []


def test_whoever_says_yes_is_in_the_record(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    house.lane.add(1, 2, user="ben")
    with house.store.read() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.action == "report.enqueue").order_by(col(AuditRow.id)))
        assert [row.actor for row in rows] == ["ana", "ben"]


def test_the_newest_version_of_what_waits_is_what_is_reported(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    take_in(house.store, hit(2, title="edited"))
    assert house.states() == ["attached", "attached", "waiting"]
    assert house.lane.add(1, 3, user="ana").reports == 1
    assert house.reported() == [1, 3]


def test_the_safeguarding_lane_is_for_its_leads_and_nothing_leaves(house: House) -> None:
    house.decide()
    with house.store.write() as session:
        session.get_one(Alert, house.alert_id).lane = "safeguarding"
    take_in(house.store, hit(2))
    with pytest.raises(AuthError):
        house.lane.waiting(user="ana", lane=Lane.SAFEGUARDING)
    with pytest.raises(AuthError):
        house.lane.add(1, 2, user="ana")
    assert house.lane.waiting(user="sue") == []
    assert len(house.lane.waiting(user="sue", lane=Lane.SAFEGUARDING)) == 1
    assert house.lane.add(1, 2, user="sue").reports == 0
    assert house.reported() == [1]


def test_an_alert_says_why_it_is_where_it_is(house: House) -> None:
    view = house.triage.view(house.alert_id, user="ana")
    assert sum(part.points for part in view.priority_parts) == view.priority
    assert "score" in {part.name for part in view.priority_parts}
    house.decide(Verdict.NOT_REPORTABLE)
    take_in(house.store, hit(2, platform="othernet"))
    assert house.triage.view(house.alert_id, user="ana").raised_for == ["another platform"]


def test_a_no_keeps_it_from_being_reported_for_good(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    with pytest.raises(ConfigError, match="say why"):
        house.lane.leave(1, 2, user="ana", reason=" ")
    house.lane.leave(1, 2, user="ana", reason="it warns")
    house.triage.undo(1, user="ana")
    house.decide()
    assert (house.states(), house.reported()) == (["attached", "left"], [1, 1])


def test_an_undone_verdict_gives_back_what_waited(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    house.triage.undo(1, user="ana")
    assert house.states() == ["attached", "attached"]
    with pytest.raises(RefusedError):
        house.lane.add(1, 2, user="ana")


@pytest.mark.parametrize(("alert", "post"), [(1, 1), (1, 99), (1, -5), (1, 2**40)])
def test_what_does_not_wait_is_refused(house: House, alert: int, post: int) -> None:
    house.decide()
    with pytest.raises(RefusedError):
        house.lane.add(alert, post, user="ana")


def test_only_who_may_review_sees_and_says(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    with pytest.raises(AuthError):
        house.lane.waiting(user="nobody")
    with pytest.raises(AuthError):
        house.lane.add(1, 2, user="nobody")
    assert house.states() == ["attached", "waiting"]


def test_another_version_of_a_reported_post_does_not_wait(house: House) -> None:
    house.decide()
    take_in(house.store, hit(1, title="edited"))
    assert house.states() == ["attached", "attached"]


def test_a_not_reportable_alert_counts_the_same_again(house: House) -> None:
    house.decide(Verdict.NOT_REPORTABLE)
    take_in(house.store, hit(2, author=Author(id="a2")))
    assert (house.states(), house.alert().state) == (["attached", "counted"], "decided")


@pytest.mark.parametrize(
    ("fields", "why"), [({"platform": "othernet"}, "another platform"), ({"handle": "vexilorp"}, "another handle")]
)
def test_something_new_raises_it_again(house: House, fields: dict[str, Any], why: str) -> None:
    house.decide(Verdict.NOT_REPORTABLE)
    version = house.alert().version
    take_in(house.store, hit(2, **fields))
    alert = house.alert()
    assert (alert.state, alert.verdict, alert.version) == ("open", None, version + 1)
    assert (alert.raised_for, house.audited("alert.raise_again")) == ([why], 1)
    house.decide()
    assert house.reported() == [1, 2]


def test_priority_is_reckoned_at_intake_and_again_later(house: House, clock: FakeClock) -> None:
    first = house.alert().priority
    take_in(house.store, hit(2, platform="othernet"))
    spread = house.alert().priority
    assert spread > first
    clock.advance(days=7)
    assert rank_waiting(house.store, Ranking()) == 1
    names = [part[0] for part in house.alert().priority_parts or []]
    assert "age" in names
    assert "growth" not in names
    assert rank_waiting(house.store, Ranking()) == 0


def test_an_earlier_verdict_on_its_handle_makes_another_alert_more_urgent(house: House) -> None:
    house.decide()
    other = take_in(house.store, hit(2, platform="othernet"), template="two")
    with house.store.read() as session:
        parts = {part[0] for part in session.get_one(Alert, other).priority_parts or []}
    assert "risk" in parts


def test_a_yes_is_taken_back_within_the_window_and_can_be_said_again(house: House, clock: FakeClock) -> None:
    house.decide()
    take_in(house.store, hit(2))
    for turn in (1, 2):
        said = house.lane.add(1, 2, user="ana")
        assert (said.reports, said.undo_until, house.reported()) == (
            1,
            clock.time + timedelta(seconds=10),
            [1, *[2] * turn],
        )
        undone = house.lane.undo(1, 2, user="ana")
        assert (undone.state, undone.undo_until, house.states()) == ("waiting", None, ["attached", "waiting"])
    with house.store.read() as session:
        rows = session.exec(select(Report).where(Report.post_id == 2)).all()
        assert len({row.id for row in rows}) == 2
        assert {row.state for row in rows} == {"withdrawn"}
        (first, _) = session.exec(select(AuditRow).where(AuditRow.action == "alert.fast_lane_undo"))
        assert (first.actor, first.detail["post"], first.detail["said"]) == ("ana", 2, "yes")
        assert session.exec(select(Report.state).where(Report.post_id == 1)).one() == "undo_window"
    house.lane.add(1, 2, user="ben")
    assert house.states() == ["attached", "added"]


def test_a_no_is_taken_back_too(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    house.lane.leave(1, 2, reason="quotes it", user="ana")
    assert house.lane.undo(1, 2, user="ana").reports == 0
    assert [post.post_id for post in house.lane.waiting(user="ana")] == [2]


def test_a_word_is_taken_back_by_nobody_else_not_too_late_and_not_once_its_report_left(
    house: House, clock: FakeClock
) -> None:
    house.decide()
    take_in(house.store, hit(2))
    with pytest.raises(RefusedError, match="no word of yours"):
        house.lane.undo(1, 2, user="ana")
    house.lane.add(1, 2, user="ana")
    with pytest.raises(RefusedError, match="no word of yours"):
        house.lane.undo(1, 2, user="ben")
    with house.store.write() as session:
        report = session.exec(select(Report).where(Report.post_id == 2)).one()
        report.state = "claimed"
        session.add(report)
    with pytest.raises(RefusedError, match="claimed cannot become withdrawn"):
        house.lane.undo(1, 2, user="ana")
    assert (house.states(), house.audited("alert.fast_lane_undo")) == (["attached", "added"], 0)
    clock.advance(seconds=11)
    with pytest.raises(RefusedError, match="too late"):
        house.lane.undo(1, 2, user="ana")


def test_with_its_decision_undone_a_word_is_not_taken_back_any_more(house: House) -> None:
    house.decide()
    take_in(house.store, hit(2))
    house.lane.add(1, 2, user="ana")
    house.triage.undo(1, user="ana")
    with pytest.raises(RefusedError):
        house.lane.undo(1, 2, user="ana")
