from __future__ import annotations

import itertools
import re
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from alerts.outbox import people
from alerts.outbox.entering import Cause, Slot, Worded, enqueue
from alerts.outbox.reports import (
    BIRTHS,
    TRANSITIONS,
    ReportState,
    Who,
    digest,
    find_report,
    freeze,
    move,
    thaw,
)
from alerts.outbox.switch import resume, sending_on, stop
from alerts.verdicts import Conduct, Risk, Verdict
from monitor import audit
from monitor.channel_ports import Outgoing
from monitor.errors import AuthError, RefusedError
from monitor.store.database import Store
from monitor.store.tables import AuditRow, Decision, Report, ReportEvent
from tests.conftest import REPOSITORY, FakeClock
from tests.support.posts import hit
from tests.support.reporting import ToldChannel, configured, decide, reports, router, states, steps, triage

S = ReportState
EXPECTED = {
    "undo_window -> queued": "person system",
    "undo_window -> withdrawn": "person",
    "queued -> claimed": "system",
    "queued -> withdrawn": "person",
    "queued -> filed": "person",
    "claimed -> accepted": "system",
    "claimed -> rejected": "system",
    "claimed -> queued": "system",
    "claimed -> dead": "system",
    "claimed -> uncertain": "system",
    "uncertain -> queued": "person",
    "uncertain -> filed": "person",
    "rejected -> queued": "person",
    "rejected -> filed": "person",
    "dead -> queued": "person",
    "dead -> filed": "person",
    "manual -> filed": "person",
    "manual -> withdrawn": "person",
}


def a_report(store: Store, channel: ToldChannel | None = None) -> str:
    decide(store, router(store, configured(channel or ToldChannel()), undo=10))
    (report,) = reports(store)
    return report.id


def put(store: Store, report_id: str, state: ReportState) -> None:
    with store.write() as session:
        session.get_one(Report, report_id).state = state


def audited(store: Store, action: str) -> list[AuditRow]:
    with store.read() as session:
        return list(session.exec(select(AuditRow).where(AuditRow.action == action).order_by(col(AuditRow.id))))


def test_the_table_is_what_was_agreed() -> None:
    assert {f"{a} -> {b}": " ".join(sorted(who)) for (a, b), who in TRANSITIONS.items()} == EXPECTED
    assert {S.UNDO_WINDOW, S.MANUAL} == BIRTHS


def test_the_table_is_documented() -> None:
    text = (REPOSITORY / "docs" / "reporting.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([a-z, ]+) \|", text, re.MULTILINE)
    found = {
        f"{before} -> {after}": " ".join(sorted(who.split(", "))) for before, after, who in rows if before != "from"
    }
    assert found == EXPECTED


def test_every_move_is_in_the_table_or_refused(sqlite_store: Store) -> None:
    report_id = a_report(sqlite_store)
    for before, after, who in itertools.product(S, S, Who):
        put(sqlite_store, report_id, before)
        allowed = who.value in EXPECTED.get(f"{before} -> {after}", "").split()
        with sqlite_store.read() as session:
            events = len(session.exec(select(ReportEvent)).all())
            rows = len(session.exec(select(AuditRow)).all())
        try:
            with sqlite_store.write() as session:
                move(session, report_id, before=before, after=after, who=who, actor="x", at=sqlite_store.now())
        except RefusedError:
            assert not allowed, (before, after, who)
        else:
            assert allowed, (before, after, who)
        with sqlite_store.read() as session:
            assert session.get_one(Report, report_id).state == (after if allowed else before)
            assert len(session.exec(select(ReportEvent)).all()) == events + allowed
            assert len(session.exec(select(AuditRow)).all()) == rows + allowed


def test_a_move_writes_its_event_and_audit_row_or_nothing(store: Store) -> None:
    report_id = a_report(store)

    def hasten() -> None:
        move(
            session,
            report_id,
            before=S.UNDO_WINDOW,
            after=S.QUEUED,
            who=Who.SYSTEM,
            actor="system:delivery",
            at=store.now(),
            detail="now",
        )

    with pytest.raises(ZeroDivisionError), store.write() as session:
        hasten()
        raise ZeroDivisionError
    assert steps(store, report_id) == ["undo_window"]
    assert len(audited(store, "report.move")) == 0
    with store.write() as session:
        hasten()
    assert steps(store, report_id) == ["undo_window", "queued"]
    (row,) = audited(store, "report.move")
    assert (row.subject, row.actor) == (f"report:{report_id}", "system:delivery")
    assert row.detail == {"before": "undo_window", "to": "queued"}


def test_a_move_from_a_state_that_is_over_changes_nothing(sqlite_store: Store) -> None:
    store = sqlite_store
    report_id = a_report(store)
    put(store, report_id, S.QUEUED)
    with pytest.raises(RefusedError, match="no longer undo_window"), store.write() as session:
        move(
            session,
            report_id,
            before=S.UNDO_WINDOW,
            after=S.WITHDRAWN,
            who=Who.PERSON,
            actor="sal",
            at=store.now(),
        )
    assert states(store) == [S.QUEUED]


def enqueue_again(store: Store, subject: str = "examplenet/post-1") -> str | None:
    slot = Slot(channel="told", subject=subject, reason="offers_or_asks_material")
    with store.write() as session:
        decision = session.exec(select(Decision)).one()
        frozen = freeze(Outgoing(to="x", content_type="text/plain", body=b"another wording"))
        report_id = slot.report_id(store.keyring, alert_id=decision.alert_id, version=decision.alert_version)
        made = enqueue(
            session,
            [Worded(slot=slot, report_id=report_id, post_id=1, frozen=frozen, sha256=digest(frozen))],
            keyring=store.keyring,
            cause=Cause(decision_id=decision.id or 0, alert_id=decision.alert_id, actor="sal"),
            at=store.now(),
            undo_seconds=10,
        )
    return made[0] if made else None


def test_the_same_report_again_is_a_recorded_nothing(store: Store) -> None:
    report_id = a_report(store)
    (before,) = reports(store)
    assert enqueue_again(store) is None
    assert reports(store) == [before]
    (row,) = audited(store, "report.known")
    assert row.subject == f"report:{report_id}"
    assert enqueue_again(store, "examplenet/post-2") is not None


def test_two_at_once_make_one_report(store: Store) -> None:
    a_report(store)
    start = threading.Barrier(4)
    made: list[str | None] = []

    def work() -> None:
        start.wait()
        made.append(enqueue_again(store, "examplenet/post-9"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert sum(report is not None for report in made) == 1
    assert len(reports(store)) == 2


@pytest.mark.parametrize("fails", ["wording", "entering"])
def test_a_decision_that_fails_leaves_no_report(store: Store, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    broken = ToldChannel(name="broken")

    def fail(*_: object, **__: object) -> Outgoing:
        raise ZeroDivisionError

    if fails == "wording":
        broken.prepare = fail  # type: ignore[method-assign]
    else:  # the last thing that is done in the transaction
        monkeypatch.setattr(audit, "record_all", fail)
    with pytest.raises(ZeroDivisionError):
        decide(store, router(store, configured(ToldChannel(), broken)))
    assert reports(store) == []
    with store.read() as session:
        assert session.exec(select(Decision)).all() == []
        assert not [row for row in session.exec(select(AuditRow)) if row.action.startswith(("report.", "alert.decide"))]


def test_within_the_undo_window_the_decider_takes_it_back(sqlite_store: Store, clock: FakeClock) -> None:
    store = sqlite_store
    report_id = a_report(store)
    (report,) = reports(store)
    assert (report.state, (report.due_at - clock.time).total_seconds()) == ("undo_window", 10)
    with store.write() as session:
        people.withdraw(session, report_id, by="sal", at=store.now(), reason="too fast")
    assert states(store) == [S.WITHDRAWN]


def test_an_undone_decision_takes_its_reports_back_and_can_be_made_again(store: Store) -> None:
    way = router(store, configured(ToldChannel()), undo=10)
    alert_id = decide(store, way)
    people = triage(store, way)
    for reason in ("after all", "really"):
        people.undo(alert_id, user="sal")
        assert set(states(store)) == {S.WITHDRAWN}
        people.decide(
            alert_id,
            version=people.view(alert_id, user="sal").version,
            verdict=Verdict.REPORTABLE,
            conduct=Conduct.OFFERS_OR_ASKS_MATERIAL,
            risk=Risk.TRADE,
            reason=reason,
            user="sal",
        )
    assert sorted(states(store)) == [S.UNDO_WINDOW, S.WITHDRAWN, S.WITHDRAWN]


def test_a_decision_whose_report_left_cannot_be_undone(sqlite_store: Store) -> None:
    store = sqlite_store
    way = router(store, configured(ToldChannel(), ToldChannel(name="other")), undo=10)
    alert_id = decide(store, way)
    put(store, reports(store)[1].id, S.ACCEPTED)
    with pytest.raises(RefusedError):
        triage(store, way).undo(alert_id, user="sal")
    assert sorted(states(store)) == [S.ACCEPTED, S.UNDO_WINDOW]


@pytest.mark.parametrize(
    ("state", "allowed"), [(S.QUEUED, True), (S.MANUAL, True), (S.CLAIMED, False), (S.ACCEPTED, False)]
)
def test_withdrawing_later_needs_that_it_has_not_left(
    sqlite_store: Store, state: ReportState, *, allowed: bool
) -> None:
    store = sqlite_store
    report_id = a_report(store)
    put(store, report_id, state)
    with store.read() as session:
        assert session.exec(select(Decision)).one().user == "sal"
    with nullcontext() if allowed else pytest.raises(RefusedError, match=state), store.write() as session:
        people.withdraw(session, report_id, by="mo", at=store.now())
    assert states(store) == [S.WITHDRAWN if allowed else state]


def test_who_may_not_send_changes_nothing(sqlite_store: Store) -> None:
    store = sqlite_store
    report_id = a_report(store)
    for name in ("ana", "aud", "adm", "nobody"):
        for act in (people.send_now, people.mark_filed, people.withdraw):
            with pytest.raises(AuthError), store.write() as session:
                act(session, report_id, by=name, at=store.now())
    assert states(store) == [S.UNDO_WINDOW]


def test_of_unknown_fate_it_goes_again_only_on_purpose(sqlite_store: Store) -> None:
    store = sqlite_store
    report_id = a_report(store)
    put(store, report_id, S.UNCERTAIN)
    with pytest.raises(RefusedError, match="Nobody knows"), store.write() as session:
        people.send_now(session, report_id, by="mo", at=store.now())
    with store.write() as session:
        people.send_now(session, report_id, by="mo", at=store.now(), again=True)
    (report,) = reports(store)
    assert (report.state, report.due_at, report.attempts) == (S.QUEUED, store.now(), 0)


@pytest.mark.parametrize("state", [S.UNDO_WINDOW, S.QUEUED, S.REJECTED, S.DEAD])
def test_a_person_makes_it_due_now(sqlite_store: Store, clock: FakeClock, state: ReportState) -> None:
    store = sqlite_store
    report_id = a_report(store)
    put(store, report_id, state)
    clock.advance(seconds=1)
    with store.write() as session:
        people.send_now(session, report_id[:8], by="mo", at=store.now())
    (report,) = reports(store)
    assert (report.state, report.due_at) == (S.QUEUED, clock.time)


@pytest.mark.parametrize("state", [S.UNCERTAIN, S.MANUAL, S.QUEUED, S.REJECTED, S.DEAD])
def test_a_person_files_it_by_hand(sqlite_store: Store, state: ReportState) -> None:
    store = sqlite_store
    report_id = a_report(store)
    put(store, report_id, state)
    with store.write() as session:
        people.mark_filed(session, report_id, by="mo", at=store.now(), reference="2026-771")
    (report,) = reports(store)
    assert (report.state, report.remote_id) == (S.FILED, "2026-771")
    with pytest.raises(RefusedError), store.write() as session:
        people.mark_filed(session, report_id, by="mo", at=store.now())


def test_reports_are_found_by_how_their_id_begins(sqlite_store: Store) -> None:
    report_id = a_report(sqlite_store)
    with sqlite_store.read() as session:
        assert find_report(session, report_id[:4]).id == report_id
        for wrong in ("", report_id[:3], "%", "____", "nothing"):
            with pytest.raises(RefusedError):
                find_report(session, wrong)


@given(body=st.binary(), to=st.text(), meta=st.dictionaries(st.text(), st.text() | st.integers()))
def test_what_is_frozen_thaws_byte_for_byte(body: bytes, to: str, meta: dict[str, object]) -> None:
    outgoing = Outgoing(to=to, content_type="x/y", body=body, meta=meta)
    assert thaw(freeze(outgoing)) == outgoing
    assert digest(freeze(outgoing)) == digest(freeze(thaw(freeze(outgoing))))


def test_nothing_of_a_report_is_readable_in_the_file(sqlite_store: Store, tmp_path: Path) -> None:
    report_id = a_report(sqlite_store)
    with sqlite_store.write() as session:
        move(
            session,
            report_id,
            before=S.UNDO_WINDOW,
            after=S.QUEUED,
            who=Who.SYSTEM,
            actor="x",
            at=sqlite_store.now(),
            detail="they said zorblat77",
            columns={"why": "they said zorblat77"},
        )
    sqlite_store.close()
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"zorblat" not in content
        assert b"https://" not in content


def test_the_switch_is_on_until_somebody_stops_it(store: Store) -> None:
    a_report(store)
    with store.read() as session:
        assert sending_on(session)
    with store.write() as session:
        assert stop(session, by="ana", reason="a flood", at=store.now())
        assert not stop(session, by="ben", reason="a flood", at=store.now())
    with store.read() as session:
        assert not sending_on(session)
    with pytest.raises(AuthError), store.write() as session:
        resume(session, by="aud", reason="x", at=store.now())
    with store.write() as session:
        assert resume(session, by="mo", reason="over", at=store.now())
    with store.read() as session:
        assert sending_on(session)
    assert [row.detail["changed"] for row in audited(store, "sending.stop")] == [True, False]
    assert [row.actor for row in audited(store, "sending.resume")] == ["mo"]


def test_reports_name_every_post_of_the_campaign(sqlite_store: Store) -> None:
    store = sqlite_store
    decide(store, router(store, configured(ToldChannel())), hit(1), hit(2, "vexilorp"), hit(3, "mubbleton"))
    assert len({report.dedupe_key for report in reports(store)}) == 3
