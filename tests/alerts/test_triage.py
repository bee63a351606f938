from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.triage import Triage
from alerts.triage.moves import NoSuchAlertError
from alerts.triage.records import Lane, Listing, State, Step
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.errors import AuthError, ConfigError, HandlewatchError, RefusedError
from monitor.linking import Linking
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, Decision, Reveal
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reviewing import Routed, add_people, make_triage, take_in

REPORTABLE: dict[str, Any] = {
    "verdict": Verdict.REPORTABLE,
    "conduct": Conduct.OFFERS_OR_ASKS_MATERIAL,
    "risk": Risk.TRADE,
    "reason": "a handle beside two terms",
}
DANGER = REPORTABLE | {"risk": Risk.DANGER_NOW}


@pytest.fixture
def routed() -> Routed:
    return Routed()


@pytest.fixture
def triage(store: Store, routed: Routed) -> Triage:
    add_people(store)
    return make_triage(store, routed)


@pytest.fixture
def alert(triage: Triage, store: Store) -> int:
    return take_in(store, hit(1), hit(2, "vexilorp", platform="othernet"))[0]


def actions(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        rows = session.exec(select(AuditRow).order_by(col(AuditRow.id)))
        return [(row.actor, row.action) for row in rows if not row.actor.startswith("system:")]


def row(store: Store, alert_id: int) -> Alert:
    with store.read() as session:
        return session.get_one(Alert, alert_id)


def test_the_queue_names_nothing_in_clear(triage: Triage, alert: int) -> None:
    page = triage.queue(user="ana")
    (entry,) = page.rows
    assert (entry.id, entry.state, entry.posts, entry.platforms) == (alert, State.OPEN, 2, ["examplenet", "othernet"])
    assert page.after is None
    assert "zorblat" not in repr(page)
    assert entry.handles[0].startswith("handle H-")
    assert entry.handles[0].endswith(" · wickr")


def test_the_queue_goes_on_where_it_ended(triage: Triage, store: Store) -> None:
    alerts = [
        take_in(store, hit(n, text=f"taboo nolimits number {'abcdefgh'[n]}, wickr: zorblat77"))[0] for n in range(7)
    ]
    with store.write() as session:
        for place, alert_id in enumerate(alerts):
            session.get_one(Alert, alert_id).priority = place % 3
    for listing in (Listing.OPEN, Listing.DECIDED):
        seen: list[int] = []
        after = None
        while True:
            page = triage.queue(user="ana", listing=listing, after=after, limit=2)
            seen += [entry.id for entry in page.rows]
            after = page.after
            if after is None:
                break
        if listing is Listing.OPEN:
            priorities = {alert_id: -(place % 3) for place, alert_id in enumerate(alerts)}
            assert seen == sorted(alerts, key=lambda alert_id: (priorities[alert_id], alert_id))
            for alert_id in alerts:
                triage.decide(alert_id, version=1, verdict=Verdict.NOT_REPORTABLE, reason="a game", user="ana")
        else:
            assert seen == sorted(alerts, reverse=True)  # decided at the same instant: latest id first


@pytest.mark.parametrize("after", ["x", "1", "1-x", "-", "99999999999999999999x-1"])
def test_a_made_up_place_in_the_queue_is_refused(triage: Triage, after: str) -> None:
    for listing in (Listing.OPEN, Listing.DECIDED):
        with pytest.raises(ConfigError):
            triage.queue(user="ana", listing=listing, after=after)


def test_a_view_is_masked(triage: Triage, alert: int) -> None:
    view = triage.view(alert, user="ana")
    text = "".join(str(field) for field in view.post.fields)
    assert "[handle H-" in text
    assert "[term T-" in text
    shown = repr(view)
    for secret in ("zorblat", "vexilorp", "quibbern", "post-1", "https://"):
        assert secret not in shown
    assert not view.clear
    assert view.can.claim
    assert view.can.decide
    assert (view.occurrence_count, view.platforms) == (2, ["examplenet", "othernet"])


def test_a_reveal_is_logged_before_it_is_shown(triage: Triage, store: Store, alert: int) -> None:
    view = triage.reveal(alert, user="ana", reason="to compare the name")
    assert "zorblat77" in "".join(str(field) for field in view.post.fields)
    assert view.handles[0].name == "zorblat77"
    assert view.post.url == "https://examplenet.example/post-1"
    assert view.reveals == 1
    with store.read() as session:
        (reveal,) = session.exec(select(Reveal))
        assert (reveal.user, reveal.reason, reveal.alert_id) == ("ana", "to compare the name", alert)
    assert actions(store) == [("ana", "alert.reveal")]


def test_a_reveal_that_cannot_be_logged_shows_nothing(triage: Triage, store: Store, alert: int) -> None:
    with pytest.raises(ConfigError, match="say why"):
        triage.reveal(alert, user="ana", reason="  ")
    with pytest.raises(AuthError):
        triage.reveal(alert, user="aud", reason="curious")
    assert actions(store) == []


def test_a_claim_holds_an_alert_for_one_person(triage: Triage, store: Store, clock: FakeClock, alert: int) -> None:
    claim = triage.claim(alert, user="ana")
    assert claim.version == 2
    with pytest.raises(RefusedError, match=r"held by ana until 2026-11-01 12:10:00 UTC"):
        triage.claim(alert, user="ben")
    with pytest.raises(RefusedError, match="held by ana"):
        triage.decide(alert, version=claim.version, user="ben", **REPORTABLE)
    assert triage.view(alert, user="ben").can.held_by == "ana"
    clock.advance(minutes=5)
    again = triage.claim(alert, user="ana")
    assert again.version == claim.version
    assert again.until > claim.until
    clock.advance(minutes=11)
    assert triage.view(alert, user="ben").state is State.OPEN
    taken = triage.claim(alert, user="ben")
    assert taken.version == 3
    with pytest.raises(RefusedError, match="held by ben"):
        triage.decide(alert, version=claim.version, user="ana", **REPORTABLE)
    with pytest.raises(RefusedError):
        triage.release(alert, user="ana")
    triage.release(alert, user="ben")
    assert row(store, alert).state == "open"


def test_claiming_the_next_takes_what_is_free(triage: Triage, store: Store, alert: int) -> None:
    other = take_in(store, hit(5, text="taboo nolimits elsewhere, wickr: zorblat77"))[0]
    first, second = triage.claim_next(user="ana"), triage.claim_next(user="ben")
    assert first is not None
    assert second is not None
    assert {first.alert_id, second.alert_id} == {alert, other}
    assert triage.claim_next(user="sal") is None
    assert [entry.id for entry in triage.queue(user="ana", listing=Listing.MINE).rows] == [first.alert_id]


def test_a_decision_its_audit_row_and_its_route_are_one(
    triage: Triage, store: Store, routed: Routed, alert: int
) -> None:
    done = triage.decide(alert, version=1, user="ana", **REPORTABLE)
    assert (done.state, done.version) == (State.DECIDED, 2)
    assert routed.calls == [(alert, "reportable", True)]
    decided = row(store, alert)
    assert (decided.state, decided.verdict, decided.version) == ("decided", "reportable", 2)
    with store.read() as session:
        (decision,) = session.exec(select(Decision))
        (audited,) = session.exec(select(AuditRow).where(AuditRow.action == "alert.decide"))
    assert (decision.user, decision.conduct, decision.risk, decision.bundle) == (
        "ana",
        "offers_or_asks_material",
        "trade",
        decided.bundle,
    )
    assert audited.detail["evidence"] == decision.evidence_hash.hex()
    assert "beside" not in str(audited.detail)


def test_when_routing_fails_nothing_is_decided(triage: Triage, store: Store, routed: Routed, alert: int) -> None:
    routed.fail = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        triage.decide(alert, version=1, user="ana", **REPORTABLE)
    assert row(store, alert).state == "open"
    assert actions(store) == []


def test_a_second_decision_names_the_first(triage: Triage, store: Store, clock: FakeClock, alert: int) -> None:
    triage.decide(alert, version=1, user="ana", **REPORTABLE)
    clock.advance(minutes=1)
    with pytest.raises(RefusedError, match=r"already decided: reportable by ana at 2026-11-01 12:00:00 UTC") as caught:
        triage.decide(alert, version=1, verdict=Verdict.NOT_REPORTABLE, reason="a game", user="ben")
    assert "not recorded" in caught.value.kept
    with pytest.raises(RefusedError, match="by you"):
        triage.decide(alert, version=2, user="ana", **REPORTABLE)
    assert row(store, alert).verdict == "reportable"


def test_of_two_who_decide_at_once_one_is_refused(triage: Triage, store: Store, routed: Routed, alert: int) -> None:
    barrier = threading.Barrier(4)
    outcomes: list[str] = []

    def decide(user: str) -> None:
        barrier.wait()
        try:
            triage.decide(alert, version=1, user=user, **REPORTABLE)
            outcomes.append("decided")
        except HandlewatchError as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=decide, args=(user,)) for user in ("ana", "ben", "sal", "apo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["RefusedError", "RefusedError", "RefusedError", "decided"]
    assert len(routed.calls) == 1
    assert [action for _, action in actions(store)] == ["alert.decide"]


@pytest.mark.parametrize(
    "choice",
    [
        {"verdict": Verdict.REPORTABLE, "reason": "x"},
        {"verdict": Verdict.REPORTABLE, "reason": "x", "conduct": Conduct.EXTORTION},
        {"verdict": Verdict.NOT_REPORTABLE, "reason": "x", "risk": Risk.OTHER},
        {"verdict": Verdict.NOT_REPORTABLE, "reason": "   "},
        {"verdict": Verdict.NOT_REPORTABLE, "reason": "x" * 4001},
        {"verdict": Verdict.DUPLICATE, "reason": "x"},
        {"verdict": Verdict.DUPLICATE, "reason": "x", "duplicate_of": 999},
        {"verdict": Verdict.NOT_REPORTABLE, "reason": "x", "duplicate_of": 1},
    ],
)
def test_an_incomplete_choice_changes_nothing(triage: Triage, store: Store, alert: int, choice: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        triage.decide(alert, version=1, user="ana", **choice)
    assert row(store, alert).version == 1


def test_a_duplicate_names_the_first_of_its_kind(triage: Triage, store: Store, alert: int) -> None:
    second = take_in(store, hit(5, text="taboo nolimits elsewhere, wickr: zorblat77"))[0]
    third = take_in(store, hit(6, text="taboo nolimits somewhere, wickr: zorblat77"))[0]
    duplicate: dict[str, Any] = {"verdict": Verdict.DUPLICATE, "reason": "the same", "user": "ana", "version": 1}
    with pytest.raises(ConfigError, match="of itself"):
        triage.decide(second, duplicate_of=second, **duplicate)
    triage.decide(second, duplicate_of=alert, **duplicate)
    with pytest.raises(ConfigError, match=f"itself a duplicate of alert {alert}"):
        triage.decide(third, duplicate_of=second, **duplicate)


@pytest.mark.parametrize("user", ["aud", "adm", "nobody"])
def test_no_content_for_those_who_do_not_review(triage: Triage, alert: int, user: str) -> None:
    for act in (
        lambda: triage.queue(user=user),
        lambda: triage.counts(user=user),
        lambda: triage.view(alert, user=user),
        lambda: triage.claim(alert, user=user),
        lambda: triage.claim_next(user=user),
        lambda: triage.decide(alert, version=1, user=user, **REPORTABLE),
    ):
        with pytest.raises(AuthError):
            act()


def test_an_alert_that_is_not_there(triage: Triage) -> None:
    for number in (0, 999, 2**40):
        with pytest.raises(NoSuchAlertError):
            triage.view(number, user="ana")


def test_four_eyes(triage: Triage, store: Store, routed: Routed, alert: int) -> None:
    first = triage.decide(alert, version=1, user="sal", **DANGER)
    assert (first.state, routed.calls) == (State.SECOND_REVIEW, [])
    assert triage.view(alert, user="apo").can.confirm
    assert not triage.view(alert, user="sal").can.confirm
    assert triage.queue(user="sal", listing=Listing.SECOND_REVIEW).rows == []
    (entry,) = triage.queue(user="apo", listing=Listing.SECOND_REVIEW).rows
    assert entry.pending == "reportable"
    assert (triage.counts(user="apo").second_review, triage.counts(user="sal").second_review) == (1, 0)
    with pytest.raises(AuthError, match="different one"):
        triage.confirm(alert, version=2, reason="again", user="sal")
    with pytest.raises(AuthError, match="may not do this"):
        triage.confirm(alert, version=2, reason="me too", user="ana")
    with pytest.raises(RefusedError, match="waits for a second person"):
        triage.decide(alert, version=2, user="ana", **REPORTABLE)
    done = triage.confirm(alert, version=2, reason="seen, agreed", user="apo")
    assert (done.state, routed.calls) == (State.DECIDED, [(alert, "reportable", True)])
    with pytest.raises(RefusedError, match="by apo"):
        triage.confirm(alert, version=2, reason="late", user="sue")
    steps = [(step.step, step.user, step.final) for step in triage.view(alert, user="ana").history]
    assert steps == [(Step.VERDICT, "sal", False), (Step.CONFIRMATION, "apo", True)]


def test_a_second_person_can_return_it(triage: Triage, routed: Routed, alert: int) -> None:
    triage.decide(alert, version=1, user="ana", **DANGER)
    back = triage.send_back(alert, version=2, reason="trade, no danger in it", user="apo")
    assert (back.state, back.version, routed.calls) == (State.OPEN, 3, [])
    view = triage.view(alert, user="ana")
    assert [(step.step, step.reason) for step in view.history][-1] == (Step.RETURN, "trade, no danger in it")
    assert triage.decide(alert, version=3, user="ana", **REPORTABLE).state is State.DECIDED


def test_an_escalated_alert_is_decided_by_somebody_more_senior(triage: Triage, routed: Routed, alert: int) -> None:
    up: dict[str, Any] = {"verdict": Verdict.ESCALATED, "reason": "not sure"}
    assert triage.decide(alert, version=1, user="ana", **up).state is State.SECOND_REVIEW
    with pytest.raises(AuthError):
        triage.decide(alert, version=2, user="ben", **REPORTABLE)
    with pytest.raises(RefusedError, match="no verdict to confirm"):
        triage.confirm(alert, version=2, reason="x", user="apo")
    assert triage.view(alert, user="apo").can.decide
    assert triage.decide(alert, version=2, user="apo", **REPORTABLE).state is State.DECIDED
    assert routed.calls == [(alert, "reportable", True)]


def test_a_poster_who_may_be_a_child_is_for_safeguarding(
    triage: Triage, store: Store, routed: Routed, alert: int
) -> None:
    choice = REPORTABLE | {"conduct": Conduct.POSTER_MAY_BE_CHILD, "risk": Risk.CHILD_AT_RISK}
    done = triage.decide(alert, version=1, user="ana", **choice)
    assert (done.state, done.lane, routed.calls) == (State.SECOND_REVIEW, Lane.SAFEGUARDING, [])
    for user in ("ana", "apo"):
        with pytest.raises(AuthError):
            triage.view(alert, user=user)
        with pytest.raises(AuthError):
            triage.reveal(alert, user=user, reason="curious")
        with pytest.raises(AuthError):
            triage.queue(user=user, lane=Lane.SAFEGUARDING)
        assert triage.counts(user=user).safeguarding == 0
    assert triage.queue(user="sue", listing=Listing.SECOND_REVIEW).rows == []
    (entry,) = triage.queue(user="sue", listing=Listing.SECOND_REVIEW, lane=Lane.SAFEGUARDING).rows
    assert entry.id == alert
    assert triage.counts(user="sue").safeguarding == 1
    assert triage.confirm(alert, version=2, reason="agreed", user="sue").state is State.DECIDED
    assert routed.calls == [(alert, "reportable", True)]


def test_what_is_in_safeguarding_is_not_linked(triage: Triage, store: Store, alert: int) -> None:
    other = take_in(store, hit(5, text="taboo nolimits elsewhere, wickr: zorblat77"))[0]
    assert [found[0] for found in triage.view(alert, user="ana").handles[0].alerts] == [other]
    posts = triage.view(alert, user="ana").handles[0].posts
    choice = REPORTABLE | {"conduct": Conduct.POSTER_MAY_BE_CHILD}
    triage.decide(other, version=1, user="sue", **choice)
    for user in ("ana", "sue"):
        handle = triage.view(alert, user=user).handles[0]
        assert (list(handle.alerts), handle.posts) == ([], posts - 1)


def test_what_may_not_be_linked_is_not_set_beside_other_platforms(store: Store) -> None:
    add_people(store)
    (alert,) = take_in(store, hit(1))
    elsewhere = take_in(store, hit(2, text="taboo nolimits elsewhere, wickr: zorblat77", platform="othernet"))[0]
    free = make_triage(store, Routed())
    apart = make_triage(store, Routed(), linking=Linking(unlinked_platforms=frozenset({"othernet"})))
    by_source = make_triage(store, Routed(), linking=Linking(unlinked_plugins=frozenset({"archive"})))
    for one, other in ((alert, elsewhere), (elsewhere, alert)):
        handle = free.view(one, user="ana").handles[0]
        assert ([found[0] for found in handle.alerts], handle.posts) == ([other], 2)
        for triage in (apart, by_source):
            handle = triage.view(one, user="ana").handles[0]
            assert (list(handle.alerts), handle.posts, len(handle.platforms)) == ([], 1, 1)
    # On its own platform it is seen again.
    again = take_in(store, hit(3, text="taboo nolimits again, wickr: zorblat77", platform="othernet"))[0]
    assert [found[0] for found in apart.view(elsewhere, user="ana").handles[0].alerts] == [again]


def test_a_decision_can_be_undone_for_a_moment(triage: Triage, store: Store, clock: FakeClock, alert: int) -> None:
    triage.decide(alert, version=1, verdict=Verdict.NOT_REPORTABLE, reason="a game", user="ana")
    with pytest.raises(RefusedError):
        triage.undo(alert, user="ben")
    assert triage.view(alert, user="ana").can.undo_until == clock.time.replace(second=10)
    undone = triage.undo(alert, user="ana")
    assert (undone.state, undone.version) == (State.OPEN, 3)
    assert row(store, alert).verdict is None
    with pytest.raises(RefusedError):
        triage.undo(alert, user="ana")
    triage.decide(alert, version=3, verdict=Verdict.NOT_REPORTABLE, reason="a game", user="ana")
    clock.advance(seconds=11)
    with pytest.raises(RefusedError, match="too late"):
        triage.undo(alert, user="ana")
    assert [action for _, action in actions(store)] == ["alert.decide", "alert.undo", "alert.decide"]


def test_an_analyst_can_take_back_what_went_to_safeguarding_by_a_slip(triage: Triage, store: Store, alert: int) -> None:
    triage.decide(alert, version=1, user="ana", **(REPORTABLE | {"conduct": Conduct.POSTER_MAY_BE_CHILD}))
    assert triage.undo(alert, user="ana").lane is Lane.MAIN
    assert triage.view(alert, user="ana").state is State.OPEN


def test_reasons_that_quote_a_handle_are_masked(triage: Triage, alert: int) -> None:
    triage.decide(alert, version=1, verdict=Verdict.NOT_REPORTABLE, reason="zorblat77 is a game's name", user="ana")
    (step,) = triage.view(alert, user="ana").history
    assert "zorblat" not in step.reason
    assert step.reason.endswith("is a game's name")


def test_what_surrounds_a_post_shows_no_more_than_the_post(triage: Triage, store: Store) -> None:
    odd = hit(
        1,
        platform="other\x1b[2Jnet\u202e",
        lang="zorblat77",
        instance="zorblat77.example",
        url="https://zorblat77.example/x",
    )
    (alert,) = take_in(store, odd)
    shown = f"{triage.view(alert, user='ana')}{triage.queue(user='ana')}"
    assert "zorblat" not in shown
    assert "\\x1b" not in shown
    clear = triage.reveal(alert, user="ana", reason="look")
    assert clear.post.url == "https://zorblat77.example/x"
    assert clear.post.platform == "other[U+001B escape][2Jnet[U+202E right-to-left override]"


def test_a_post_whose_text_is_gone_still_explains_itself(triage: Triage, store: Store, alert: int) -> None:
    with store.write() as session:
        from monitor.store.tables import StoredPost

        for post in session.exec(select(StoredPost)):
            post.record, post.state = None, "deleted"
    view = triage.view(alert, user="ana")
    assert not view.post.available
    assert (len(view.handles), len(view.terms)) == (1, 2)
    assert {shown.state for shown in view.occurrences} == {"deleted"}
    assert triage.decide(alert, version=1, user="ana", **REPORTABLE).state is State.DECIDED


@pytest.mark.parametrize("name", ["dangernow", "Danger_now", "reportable", ""])
def test_a_slip_in_what_needs_two_people_is_refused(sqlite_store: Store, name: str) -> None:
    with pytest.raises(ConfigError, match="there is no conduct or risk"):
        make_triage(sqlite_store, Routed(), second_person_for=["danger_now", name])
