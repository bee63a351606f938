from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from alerts.campaigns import Campaigns
from alerts.triage import Triage
from alerts.triage.records import Listing
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import AuthError, ConfigError, RefusedError
from monitor.store.database import Store
from monitor.store.tables import (
    Alert,
    AlertTerm,
    AuditRow,
    Campaign,
    CampaignStep,
    Occurrence,
    StoredPost,
    StoredWording,
    Suggestion,
)
from tests.conftest import FakeClock
from tests.support.posts import hit, post
from tests.support.reviewing import Routed, add_people, make_triage, take_in

ONE, OTHER, THIRD = (
    "trade taboo {}, wickr: zorblat77",
    "into nolimits {}, wickr: vexilorp",
    "taboo here {}, wickr: quibdrem",
)


@pytest.fixture
def triage(store: Store) -> Triage:
    add_people(store)
    return make_triage(store, Routed())


@pytest.fixture
def campaigns(store: Store, triage: Triage) -> Campaigns:
    """Campaign 1 (posts 1 and 2), 3 (posts 3 and 4), 5 (post 5); alerts 1, 2, 3."""
    for number, text in ((1, ONE), (2, ONE), (3, OTHER), (4, OTHER), (5, THIRD)):
        take_in(store, post(number, text.format("now")))
    return Campaigns(store, triage)


def where(store: Store) -> dict[int, int]:
    with store.read() as session:
        return dict(session.exec(select(Occurrence.post_id, Occurrence.campaign_id)).all())


def alert(store: Store, alert_id: int) -> Alert:
    with store.read() as session:
        return session.get_one(Alert, alert_id)


def suggest(store: Store, first: int, second: int) -> int:
    with store.write() as session:
        row = Suggestion(campaign_id=first, other_id=second, post_id=second, suggested_at=store.now())
        session.add(row)
        session.flush()
        return row.id or 0


def test_a_merge_moves_the_posts_and_decides_the_younger_alert(campaigns: Campaigns, store: Store) -> None:
    number = suggest(store, 1, 3)
    done = campaigns.merge("2", "1", user="ana", reason="the same advert")
    assert (done.campaign_id, done.other_id, done.posts, done.alert_id) == (1, 3, 2, 1)
    assert where(store) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5}
    assert (alert(store, 2).state, alert(store, 2).verdict, alert(store, 1).state) == ("decided", "duplicate", "open")
    with store.read() as session:
        assert session.get_one(Suggestion, number).state == "merged"
        assert session.get_one(Campaign, 3).merged_into == 1
        step = session.exec(select(CampaignStep)).one()
        assert (step.kind, step.user, step.reason, step.posts) == ("merge", "ana", "the same advert", [3, 4])
        row = session.exec(select(AuditRow).where(AuditRow.action == "campaign.merge")).one()
        assert (row.actor, row.subject) == ("ana", "campaign:1")
        assert "advert" not in str(row.detail)


def test_numbers_that_were_given_out_lead_to_where_the_posts_are(campaigns: Campaigns) -> None:
    campaigns.merge("1", "2", user="ana", reason="the same")
    campaigns.merge("1", "3", user="ana", reason="the same")
    for reference in ("1", "2", "3", "c1", "c3", "C5"):
        shown = campaigns.show(reference, user="ana")
        assert (shown.id, shown.alert_id, shown.growth.posts, list(shown.merged)) == (1, 1, 5, [3, 5])
    assert campaigns.show("c5", user="ana").asked == 5
    with pytest.raises(RefusedError, match="one already"):
        campaigns.merge("c3", "1", user="ana", reason="again")


def test_a_post_that_comes_later_joins_what_was_merged(campaigns: Campaigns, store: Store) -> None:
    campaigns.merge("1", "2", user="ana", reason="the same")
    assert take_in(store, post(6, OTHER.format("now"))) == []
    assert where(store)[6] == 1


def test_undoing_a_duplicate_takes_the_merge_back(campaigns: Campaigns, triage: Triage, store: Store) -> None:
    number = suggest(store, 1, 3)
    before = where(store)
    campaigns.merge("1", "2", user="ana", reason="the same")
    take_in(store, post(6, OTHER.format("now")))
    triage.undo(2, user="ana")
    assert where(store) == before | {6: 3}
    assert alert(store, 2).state == "open"
    with store.read() as session:
        assert session.get_one(Campaign, 3).merged_into is None
        assert session.get_one(Suggestion, number).state == "open"
        assert {one.campaign_id for one in session.exec(select(StoredWording))} == {1, 3, 5}
        assert [one.origin_id for one in session.exec(select(Occurrence).order_by("post_id"))] == [*[None] * 5, 1]
    assert take_in(store, post(7, OTHER.format("now"))) == []
    assert where(store)[7] == 3


def raised_by_a_merge(campaigns: Campaigns, triage: Triage, store: Store, clock: FakeClock) -> None:
    """Alert 1, not reportable, with a post that was counted; a merge with another handle has raised it again."""
    triage.decide(1, version=1, verdict=Verdict.NOT_REPORTABLE, reason="x", user="ana")
    clock.advance(minutes=5)
    take_in(store, post(6, ONE.format("now")))
    clock.advance(minutes=5)
    campaigns.merge("1", "2", user="ana", reason="the same")
    assert (alert(store, 1).state, alert(store, 1).raised_for) == ("open", ["another handle"])


def test_undoing_a_merge_that_raised_an_alert_lets_its_verdict_stand_again(
    campaigns: Campaigns, triage: Triage, store: Store, clock: FakeClock
) -> None:
    raised_by_a_merge(campaigns, triage, store, clock)
    clock.advance(seconds=5)
    triage.undo(2, user="ana")
    one = alert(store, 1)
    assert (one.state, one.verdict, one.version, one.raised_for) == ("decided", "not_reportable", 4, None)
    assert alert(store, 2).state == "open"
    steps = triage.view(1, user="ana").history
    assert [step.step for step in steps] == ["verdict", "restoration"]
    with store.read() as session:
        states = dict(session.exec(select(Occurrence.post_id, Occurrence.state)).all())
        assert len(session.exec(select(AuditRow).where(AuditRow.action == "alert.restore")).all()) == 1
    assert (states[1], states[6], states[3]) == ("attached", "counted", "attached")
    # It is as before: what is new raises it, and only that.
    take_in(store, post(7, ONE.format("now")))
    assert alert(store, 1).state == "decided"
    campaigns.merge("1", "2", user="ana", reason="the same after all")
    assert alert(store, 1).state == "open"


@pytest.mark.parametrize("since", ["claimed", "joined"])
def test_an_alert_to_which_something_happened_since_stays_open(
    campaigns: Campaigns, triage: Triage, store: Store, clock: FakeClock, since: str
) -> None:
    raised_by_a_merge(campaigns, triage, store, clock)
    clock.advance(seconds=5)
    if since == "claimed":
        triage.claim(1, user="ben")
    else:
        take_in(store, post(7, ONE.format("now"), platform="othernet"))
    triage.undo(2, user="ana")
    assert (alert(store, 1).state, alert(store, 1).verdict) == ("claimed" if since == "claimed" else "open", None)


def test_a_suggestion_merges_the_two_campaigns_that_were_seen_and_no_others(campaigns: Campaigns, store: Store) -> None:
    number = suggest(store, 1, 3)
    before = where(store)
    for seen in (["c1", "c5"], ["c3"], ["", ""]):
        with pytest.raises(RefusedError, match="not about these"):
            campaigns.merge_suggested(number, seen=seen, user="ana", reason="x")
    with pytest.raises(ConfigError, match="no suggestion 99"):
        campaigns.merge_suggested(99, seen=["c1", "c3"], user="ana", reason="x")
    assert where(store) == before
    assert campaigns.merge_suggested(number, seen=["c3", "c1"], user="ana", reason="the same").campaign_id == 1
    with pytest.raises(RefusedError, match="was decided: merged"):
        campaigns.merge_suggested(number, seen=["c1", "c3"], user="ana", reason="again")


def test_a_duplicate_whose_posts_went_to_safeguarding_shows_no_handles_in_the_list(
    campaigns: Campaigns, triage: Triage, store: Store
) -> None:
    campaigns.merge("1", "2", user="ana", reason="the same")
    (row,) = triage.queue(user="ana", listing=Listing.DECIDED).rows
    assert (row.id, len(row.handles), row.terms) == (2, 1, 1)
    with store.write() as session:
        session.get_one(Alert, 1).lane = "safeguarding"
    (row,) = triage.queue(user="ana", listing=Listing.DECIDED).rows
    assert (row.id, row.handles, row.terms, row.posts) == (2, [], 0, 0)


def test_the_verdict_duplicate_is_a_merge_in_the_direction_that_it_names(
    campaigns: Campaigns, triage: Triage, store: Store
) -> None:
    triage.decide(1, version=1, verdict=Verdict.DUPLICATE, reason="see 2", user="ana", duplicate_of=2)
    assert where(store) == {1: 3, 2: 3, 3: 3, 4: 3, 5: 5}
    assert campaigns.show("1", user="ana").id == 3


def test_posts_merged_into_a_reportable_alert_wait_for_a_person(
    campaigns: Campaigns, triage: Triage, store: Store
) -> None:
    choice: dict[str, Any] = {"conduct": Conduct.OFFERS_OR_ASKS_MATERIAL, "risk": Risk.TRADE}
    triage.decide(1, version=1, verdict=Verdict.REPORTABLE, reason="x", user="ana", **choice)
    triage.decide(3, version=1, verdict=Verdict.NOT_REPORTABLE, reason="x", user="ana")
    campaigns.merge("1", "2", user="ana", reason="the same")
    campaigns.merge("1", "3", user="ana", reason="the same")
    with store.read() as session:
        states = session.exec(select(Occurrence.post_id, Occurrence.state).order_by(col(Occurrence.post_id))).all()
    assert states == [(1, "attached"), (2, "attached"), (3, "waiting"), (4, "waiting"), (5, "attached")]
    assert alert(store, 3).verdict == "not_reportable"


def _decide(triage: Triage, alert_id: int, verdict: Verdict) -> None:
    choice: dict[str, Any] = {"conduct": Conduct.OFFERS_OR_ASKS_MATERIAL, "risk": Risk.TRADE}
    more = choice if verdict is Verdict.REPORTABLE else {}
    triage.decide(alert_id, version=1, verdict=verdict, reason="x", user="ana", **more)


def _states(store: Store) -> dict[int, str]:
    with store.read() as session:
        return dict(session.exec(select(Occurrence.post_id, Occurrence.state)).all())


def test_what_is_new_to_a_not_reportable_alert_raises_it_again(
    campaigns: Campaigns, triage: Triage, store: Store
) -> None:
    take_in(store, hit(6, text=OTHER.format("now"), platform="othernet"))
    with store.write() as session:
        for row in session.exec(select(AlertTerm).where(AlertTerm.alert_id == 2)):
            row.weight = 1.5
            session.add(row)
    _decide(triage, 1, Verdict.NOT_REPORTABLE)
    campaigns.merge("1", "2", user="ben", reason="the same")
    raised = alert(store, 1)
    assert (raised.state, raised.version, raised.verdict) == ("open", 3, None)
    assert raised.raised_for == ["another handle", "another platform", "a stronger term"]
    assert set(_states(store).values()) == {"attached"}
    with store.read() as session:
        row = session.exec(select(AuditRow).where(AuditRow.action == "alert.raise_again")).one()
        assert (row.actor, row.subject, row.detail["merged"]) == ("ben", "alert:1", 3)
    assert [one.kind for one in campaigns.show("1", user="ana").steps] == ["merge"]


def test_what_is_not_new_is_counted_when_it_is_merged(campaigns: Campaigns, triage: Triage, store: Store) -> None:
    assert len(take_in(store, hit(6, text="taboo elsewhere, wickr: zorblat77"))) == 1
    _decide(triage, 1, Verdict.NOT_REPORTABLE)
    campaigns.merge("1", "4", user="ana", reason="the same")
    assert (alert(store, 1).state, alert(store, 1).verdict, alert(store, 1).version) == ("decided", "not_reportable", 2)
    assert _states(store)[6] == "counted"
    assert alert(store, 1).raised_again_at is None


def test_what_people_decided_on_raises_nothing(campaigns: Campaigns, triage: Triage, store: Store) -> None:
    _decide(triage, 1, Verdict.NOT_REPORTABLE)
    _decide(triage, 2, Verdict.NOT_REPORTABLE)
    campaigns.merge("1", "2", user="ana", reason="the same")
    assert alert(store, 1).state == "decided"
    assert set(_states(store).values()) == {"attached"}


def test_what_waited_in_the_fast_lane_goes_by_the_alert_that_takes_it(
    campaigns: Campaigns, triage: Triage, store: Store
) -> None:
    _decide(triage, 2, Verdict.REPORTABLE)
    take_in(store, post(6, OTHER.format("now")))
    assert _states(store)[6] == "waiting"
    campaigns.merge("1", "2", user="ana", reason="the same")
    assert _states(store)[6] == "attached"  # alert 1 is open: it is decided with the others


def test_what_waited_raises_a_not_reportable_alert(campaigns: Campaigns, triage: Triage, store: Store) -> None:
    _decide(triage, 1, Verdict.NOT_REPORTABLE)
    _decide(triage, 2, Verdict.REPORTABLE)
    take_in(store, post(6, OTHER.format("now")))
    campaigns.merge("1", "2", user="ana", reason="the same")
    assert (alert(store, 1).state, alert(store, 1).raised_for) == ("open", ["another handle"])
    assert _states(store)[6] == "attached"


def test_terms_go_with_what_is_merged(campaigns: Campaigns, store: Store) -> None:
    def terms(alert_id: int) -> set[bytes]:
        with store.read() as session:
            return set(session.exec(select(AlertTerm.term_hash).where(AlertTerm.alert_id == alert_id)))

    both = terms(1) | terms(2)
    assert len(both) == 2
    campaigns.merge("2", "1", user="ana", reason="the same advert")
    assert terms(1) == both


def test_who_warns_is_not_merged_with_whom_it_warns_of(campaigns: Campaigns, store: Store) -> None:
    with store.write() as session:
        session.get_one(Campaign, 3).about = True
    before = where(store)
    with pytest.raises(RefusedError, match="warns of"):
        campaigns.merge("1", "2", user="ana", reason="the same")
    assert where(store) == before
    assert alert(store, 2).state == "open"


def test_safeguarding_stays_apart_and_unseen(campaigns: Campaigns, store: Store) -> None:
    suggest(store, 1, 3)
    with store.write() as session:
        session.get_one(Alert, 2).lane = "safeguarding"
    with pytest.raises(AuthError):
        campaigns.show("2", user="ana")
    with pytest.raises(AuthError):
        campaigns.show("c3", user="ana")
    with pytest.raises(RefusedError, match="safeguarding lane"):
        campaigns.merge("1", "2", user="sal", reason="the same")
    assert campaigns.suggestions(user="ana") == []
    assert len(campaigns.suggestions(user="sal")) == 1
    assert campaigns.show("1", user="ana").suggestions == []


def test_a_split_makes_an_alert_of_its_own_and_is_not_suggested_again(campaigns: Campaigns, store: Store) -> None:
    campaigns.merge("1", "3", user="ana", reason="the same")
    take_in(store, hit(6, text=ONE.format("now"), platform="othernet"))
    before = campaigns.show("1", user="ana")
    assert [(one.post, one.posts) for one in before.groups] == [(1, 3), (5, 1)]
    with pytest.raises(RefusedError, match="first post"):
        campaigns.split("1", [2], user="ana", reason="another advert")
    with pytest.raises(RefusedError, match="not in campaign"):
        campaigns.split("1", [3], user="ana", reason="another advert")
    done = campaigns.split("1", [5], user="ana", reason="another advert")
    # Campaign 5 was merged: it is itself again, with the alert that it had.
    assert (done.other_id, done.alert_id, done.posts) == (5, 3, 1)
    assert (alert(store, 3).state, alert(store, 3).verdict) == ("open", None)
    assert where(store)[5] == 5
    assert take_in(store, post(8, THIRD.format("now"))) == []
    assert where(store)[7] == 5
    assert campaigns.suggestions(user="ana") == []


def test_groups_that_are_split_off_get_a_new_campaign(campaigns: Campaigns, store: Store) -> None:
    from monitor.hits import Hit, Screened
    from monitor.intake import Intake
    from tests.support.reviewing import exactly, screening  # the same wording with another handle joins by it

    other = [post(number, ONE.format("now").replace("zorblat77", "brimzat9")) for number in (11, 12)]
    hits = [Hit(post=one, screening=screening(one), wording=exactly("trade taboo now, ")) for one in other]
    Intake(store).commit(Screened(posts=2, hits=hits), source="sample")
    assert [where(store)[number] for number in (6, 7)] == [1, 1]
    done = campaigns.split("1", [7], user="ana", reason="another advert")
    assert (done.other_id, done.posts, done.alert_id) == (6, 2, 4)
    assert [where(store)[number] for number in (1, 2, 6, 7)] == [1, 1, 6, 6]
    with store.read() as session:
        row = session.exec(select(Suggestion)).one()
        assert (row.campaign_id, row.other_id, row.state) == (1, 6, "dismissed")
        first = session.get_one(StoredPost, 6)
        assert session.get_one(Alert, 4).explanation == first.screening
    shown = campaigns.show("4", user="ana")
    assert [(one.kind, one.user, one.posts) for one in shown.steps] == [("split", "ana", 2)]
    # Merged again after second thoughts, and the suggestion says so.
    assert campaigns.merge("1", "4", user="ana", reason="after all").posts == 2
    with store.read() as session:
        assert session.exec(select(Suggestion.state)).one() == "merged"


def test_a_dismissed_suggestion_does_not_come_back(campaigns: Campaigns, store: Store) -> None:
    number = suggest(store, 1, 3)
    suggest(store, 3, 5)
    assert [one.campaigns for one in campaigns.suggestions(user="ana")] == [(1, 3), (3, 5)]
    campaigns.dismiss(number, user="ana", reason="two adverts on one page")
    assert [one.campaigns for one in campaigns.suggestions(user="ana")] == [(3, 5)]
    with pytest.raises(RefusedError, match="dismissed"):
        campaigns.dismiss(number, user="ana", reason="again")
    # Merged into 1, campaign 5 stays apart from 3 as 1 does.
    campaigns.merge("1", "3", user="ana", reason="the same")
    assert campaigns.suggestions(user="ana") == []


def test_what_cannot_be(campaigns: Campaigns, store: Store) -> None:
    for reference in ("x", "", "c", "-1", "c9999999999", "12345678901"):
        with pytest.raises(ConfigError):
            campaigns.show(reference, user="ana")
    with pytest.raises(ConfigError, match="no campaign 99"):
        campaigns.merge("c99", "1", user="ana", reason="x")
    with pytest.raises(ConfigError, match="say why"):
        campaigns.merge("1", "2", user="ana", reason=" ")
    with pytest.raises(ConfigError, match="no suggestion"):
        campaigns.dismiss(9, user="ana", reason="x")
    for user in ("adm", "nobody", ""):
        with pytest.raises(AuthError):
            campaigns.show("1", user=user)
        with pytest.raises(AuthError):
            campaigns.merge("1", "2", user=user, reason="x")
        with pytest.raises(AuthError):
            campaigns.split("1", [2], user=user, reason="x")
    assert where(store) == {1: 1, 2: 1, 3: 3, 4: 3, 5: 5}
    with store.read() as session:
        assert session.exec(select(CampaignStep)).all() == []


def test_what_is_shown_is_masked(campaigns: Campaigns) -> None:
    shown = campaigns.show("1", user="ana")
    assert shown.growth.posts == 2
    assert [(one.platform, one.posts, one.accounts) for one in shown.growth.platforms] == [("examplenet", 2, 1)]
    assert [(one.app, one.posts) for one in shown.handles] == [("wickr", 2)]
    assert "zorblat" not in repr(shown)
