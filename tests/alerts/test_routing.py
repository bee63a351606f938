from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from alerts.channels.configured import ConfiguredChannel
from alerts.outbox.reports import ReportState, thaw
from alerts.triage import Triage
from alerts.triage.records import Lane, Outcome
from alerts.triage.texts import AGAIN
from alerts.verdicts import Conduct, Risk, Verdict, parse_conduct, parse_risk, parse_verdict
from monitor.channel_ports import Outgoing, ReportDraft
from monitor.errors import ConfigError
from monitor.intake import Intake
from monitor.post import Author, PostRef
from monitor.store.database import Store
from monitor.store.tables import Alert, AuditRow, Decision, Report
from tests.conftest import FakeClock
from tests.support.posts import hit, screened
from tests.support.reporting import ToldChannel, configured, decide, reports, router, take_in, triage
from tests.support.reviewing import add_people

S = ReportState


class Keeping(ToldChannel):
    """Keeps the drafts that it is asked to word."""

    def __init__(self, name: str = "told") -> None:
        super().__init__(name=name)
        self.drafts: list[ReportDraft] = []

    def prepare(self, draft: ReportDraft) -> Outgoing:
        self.drafts.append(draft)
        return super().prepare(draft)


def text_of(report: Report) -> str:
    return thaw(report.outgoing or {}).body.decode()


def audited(store: Store, action: str) -> list[AuditRow]:
    with store.read() as session:
        return list(session.exec(select(AuditRow).where(AuditRow.action == action).order_by(col(AuditRow.id))))


def test_every_post_goes_to_every_channel_that_takes_its_platform(store: Store) -> None:
    all_, one = ToldChannel(name="all"), ToldChannel(name="one")
    channels = {
        "all": ConfiguredChannel(channel=all_),
        "one": ConfiguredChannel(channel=one, platforms=("othernet",)),
    }
    decide(store, router(store, channels), hit(1), hit(2, "vexilorp", platform="othernet"))
    found = [(report.post_id, report.channel, report.state) for report in reports(store)]
    assert found == [(1, "all", S.UNDO_WINDOW), (2, "all", S.UNDO_WINDOW), (2, "one", S.UNDO_WINDOW)]


def test_the_draft_says_what_was_seen_and_decided_and_no_term(sqlite_store: Store, clock: FakeClock) -> None:
    channel = Keeping()
    post = hit(1, instance="examplenet.example", cid="bafy", first_seen_at=clock.time)
    decided = clock.advance(hours=1)
    decide(sqlite_store, router(sqlite_store, configured(channel)), post, risk=Risk.CHILD_AT_RISK)
    (draft,), (report,) = channel.drafts, reports(sqlite_store)
    subject = draft.subject
    assert (subject.platform, subject.post_id, subject.instance, subject.cid) == (
        "examplenet",
        "post-1",
        "examplenet.example",
        "bafy",
    )
    assert (subject.url, subject.account_id, subject.account_handle) == (post.url, "a1", "quibbern04")
    assert (subject.observed_at, draft.decided_at) == (post.first_seen_at, decided)
    assert (draft.report_id, draft.conduct, draft.risk) == (report.id, "offers_or_asks_material", "child_at_risk")
    assert list(draft.handles) == ["wickr:zorblat77"]
    assert draft.note == ""
    assert list(draft.term_ids) == []


def test_where_no_channel_is_a_person_files_it(store: Store) -> None:
    decide(store, router(store, {}), hit(1))
    (report,) = reports(store)
    assert (report.state, report.channel) == (S.MANUAL, "manual")
    assert report.why == "no channel takes posts of examplenet"
    text = text_of(report)
    for said in ("https://examplenet.example/post-1", "quibbern04", report.id, "wickr:zorblat77", "examplenet"):
        assert said in text
    assert "taboo" not in text


def test_what_a_channel_cannot_carry_goes_to_a_person_and_the_others_still_go(store: Store) -> None:
    good, bad = ToldChannel(name="good"), ToldChannel(name="bad", refuses="the post has no address")
    decide(store, router(store, configured(good, bad)), hit(1))
    assert [(report.channel, report.state) for report in reports(store)] == [
        ("good", S.UNDO_WINDOW),
        ("manual", S.MANUAL),
    ]
    assert reports(store)[1].why == "bad cannot carry it: the post has no address"


def test_an_alert_can_be_decided_whatever_its_posts_claim(sqlite_store: Store) -> None:
    """A time that cannot be right, an address and an account that would add lines to what a person files."""
    channel = ToldChannel(refuses="no")
    hostile = hit(
        1,
        first_seen_at=datetime(1, 1, 1, tzinfo=UTC),
        url="https://a.example/\r\nAccount: somebody.else",
        author=Author(id="a1", handle="quibbern04\nPost: https://other.example\x1b[2J"),
    )
    decide(sqlite_store, router(sqlite_store, configured(channel)), hostile)
    (report,) = reports(sqlite_store)
    lines = text_of(report).splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == ["Platform", "Post", "Account"]
    assert lines[3] == ""
    assert "Seen: at a time that is not known" in lines
    assert "\x1b" not in text_of(report)


def test_whoever_decides_is_told_when_nothing_leaves_by_itself(store: Store) -> None:
    add_people(store)
    told = triage(store, router(store, configured(ToldChannel())))
    unrouted = triage(store, router(store, {}))
    by_hand, gone, sent, child = (
        take_in(store, hit(number, f"vexilorp{number}"), template=str(number)) for number in range(4)
    )
    Intake(store).commit(screened(deleted=[PostRef("examplenet", "post-1")]), source="sample")

    def decide_as_sal(by: Triage, alert: int, conduct: Conduct = Conduct.EXTORTION) -> Outcome:
        view = by.view(alert, user="sal")
        reportable = {"verdict": Verdict.REPORTABLE, "conduct": conduct, "risk": Risk.OTHER, "reason": "x"}
        by.decide(alert, version=view.version, user="sal", **reportable)  # type: ignore[arg-type]
        outcome = by.outcome(alert, user="sal")
        assert outcome is not None
        return outcome

    found = [
        decide_as_sal(unrouted, by_hand),
        decide_as_sal(told, gone),
        decide_as_sal(told, sent),
        decide_as_sal(told, child, Conduct.POSTER_MAY_BE_CHILD),
    ]
    assert [(done.reports, done.manual, done.withheld) for done in found] == [
        (0, 1, False),
        (0, 0, True),
        (1, 0, False),
        (0, 0, True),
    ]


def test_an_edited_post_is_reported_once_as_it_is_now(sqlite_store: Store) -> None:
    channel = Keeping()
    decide(sqlite_store, router(sqlite_store, configured(channel)), hit(1), hit(1, "vexilorp", title="edited"))
    (report,) = reports(sqlite_store)
    assert report.post_id == 2
    assert list(channel.drafts[0].handles) == ["wickr:vexilorp"]


def test_a_deleted_post_is_not_reported(sqlite_store: Store) -> None:
    from monitor.intake import Intake, Screened

    channel = ToldChannel()
    way = router(sqlite_store, configured(channel))
    add_people(sqlite_store)
    alert_id = take_in(sqlite_store, hit(1), hit(2, "vexilorp"))
    Intake(sqlite_store).commit(Screened(posts=0, hits=(), deleted=[PostRef("examplenet", "post-1")]), source="sample")
    triage(sqlite_store, way).decide(
        alert_id,
        version=1,
        verdict=Verdict.REPORTABLE,
        conduct=Conduct.EXTORTION,
        risk=Risk.TRADE,
        reason="seen",
        user="sal",
    )
    assert [report.post_id for report in reports(sqlite_store)] == [2]
    (row,) = audited(sqlite_store, "report.skip")
    assert row.subject == "post:1"


def test_if_the_poster_may_be_a_child_nothing_leaves_by_itself(store: Store) -> None:
    decide(store, router(store, configured(ToldChannel())), conduct=Conduct.POSTER_MAY_BE_CHILD)
    assert reports(store) == []
    (row,) = audited(store, "report.withhold")
    assert row.detail == {"why": "safeguarding"}


def test_nothing_leaves_out_of_the_safeguarding_lane(sqlite_store: Store) -> None:
    store = sqlite_store
    decide(store, router(store, {}), hit(1))
    way = router(store, configured(ToldChannel()))
    with store.write() as session:
        alert, decision = session.exec(select(Alert)).one(), session.exec(select(Decision)).one()
        alert.lane = Lane.SAFEGUARDING
        assert way.route(session, alert=alert, decision=decision, at=store.now()) == []
    assert [report.channel for report in reports(store)] == ["manual"]  # from before


@pytest.mark.parametrize("verdict", [Verdict.NOT_REPORTABLE, Verdict.ESCALATED])
def test_other_verdicts_make_no_reports(sqlite_store: Store, verdict: Verdict) -> None:
    add_people(sqlite_store)
    alert_id = take_in(sqlite_store, hit(1))
    way = router(sqlite_store, configured(ToldChannel()))
    triage(sqlite_store, way).decide(alert_id, version=1, verdict=verdict, reason="seen", user="sal")
    assert reports(sqlite_store) == []


def test_the_first_of_two_people_sends_nothing(sqlite_store: Store) -> None:
    store = sqlite_store
    add_people(store)
    alert_id = take_in(store, hit(1))
    people = triage(store, router(store, configured(ToldChannel())))
    first = people.decide(
        alert_id,
        version=1,
        verdict=Verdict.REPORTABLE,
        conduct=Conduct.CHILD_ACCESS,
        risk=Risk.DANGER_NOW,
        reason="seen",
        user="ana",
    )
    assert reports(store) == []
    people.confirm(alert_id, version=first.version, reason="yes", user="sal")
    (report,) = reports(store)
    with store.read() as session:
        assert session.get_one(Decision, report.decision_id).user == "sal"


class Curious(ToldChannel):
    """Notes whether a transaction was open when it worded a report; posts join meanwhile, as many as told."""

    def __init__(self, store: Store, *, join: int = 0) -> None:
        super().__init__()
        self.store, self.join, self.open, self.during = store, join, 0, list[int]()
        event.listen(store.engine, "begin", lambda _: self._count(1))
        event.listen(store.engine, "commit", lambda _: self._count(-1))
        event.listen(store.engine, "rollback", lambda _: self._count(-1))

    def _count(self, step: int) -> None:
        self.open += step

    def prepare(self, draft: ReportDraft) -> Outgoing:
        self.during.append(self.open)
        if self.join and not self.open:
            self.join -= 1
            take_in(self.store, hit(100 + self.join))
        return super().prepare(draft)


def test_reports_are_worded_before_the_transaction_and_so_is_what_joins_meanwhile(store: Store) -> None:
    channel = Curious(store, join=2)
    decide(store, router(store, configured(channel)), hit(1), hit(2))
    assert [report.post_id for report in reports(store)] == [1, 2, 3, 4]
    assert channel.during == [0] * 4  # each once, and none while nobody else could write
    assert len(audited(store, "alert.decide")) == 1


def test_posts_that_join_faster_than_they_are_worded_do_not_keep_a_decision_off(store: Store) -> None:
    channel = Curious(store, join=AGAIN + 1)
    decide(store, router(store, configured(channel)), hit(1))
    assert len(reports(store)) == AGAIN + 2
    assert channel.during == [*[0] * (AGAIN + 1), 1]


def test_a_second_persons_yes_words_before_its_transaction_too(store: Store) -> None:
    channel = Curious(store)
    add_people(store)
    alert_id = take_in(store, hit(1))
    two = triage(store, router(store, configured(channel)), second_person_for=["danger_now"])
    conduct = Conduct.OFFERS_OR_ASKS_MATERIAL
    two.decide(
        alert_id, version=1, verdict=Verdict.REPORTABLE, conduct=conduct, risk=Risk.DANGER_NOW, reason="x", user="ana"
    )
    assert (channel.during, reports(store)) == ([], [])
    two.confirm(alert_id, version=2, reason="seen", user="sal")
    (report,) = reports(store)
    assert channel.during == [0]
    with store.read() as session:
        assert session.get_one(Decision, report.decision_id).user == "sal"


def test_routing_again_adds_only_what_is_new(store: Store) -> None:
    way = router(store, configured(ToldChannel()))
    alert_id = decide(store, way, hit(1))
    take_in(store, hit(2, "vexilorp"))
    with store.write() as session:
        alert, decision = session.get_one(Alert, alert_id), session.exec(select(Decision)).one()
        new = way.route(session, alert=alert, decision=decision, at=store.now())
    assert [report.post_id for report in new] == [2]
    assert len(reports(store)) == 2
    assert len(audited(store, "report.known")) == 1


def test_an_account_without_a_name_is_no_obstacle(sqlite_store: Store) -> None:
    channel = Keeping()
    decide(sqlite_store, router(sqlite_store, configured(channel)), hit(1, author=Author()))
    assert channel.drafts[0].subject.account_handle is None


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_verdict, "not-reportable", Verdict.NOT_REPORTABLE),
        (parse_conduct, " Child_Access ", Conduct.CHILD_ACCESS),
        (parse_risk, "danger now", Risk.DANGER_NOW),
    ],
)
def test_words_are_parsed_kindly(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) is value


@pytest.mark.parametrize(
    ("parse", "text", "closest"),
    [
        (parse_verdict, "reportible", "reportable"),
        (parse_conduct, "extorsion", "extortion"),
        (parse_risk, "dangernow", "danger_now"),
    ],
)
def test_a_misspelt_word_names_the_closest(parse: Callable[[str], object], text: str, closest: str) -> None:
    with pytest.raises(ConfigError, match=f"Did you mean '{closest}'"):
        parse(text)


def test_every_word_has_its_label() -> None:
    for choice in (*Verdict, *Conduct, *Risk):
        assert choice.label
        assert "\n" not in choice.label
