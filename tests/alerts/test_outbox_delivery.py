from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from alerts.outbox.claims import Claim, Idle, Outcome, claim, note, release_due, sweep_expired
from alerts.outbox.delivery import Delivery, Timing
from alerts.outbox.people import send_now
from alerts.outbox.reports import ReportState
from alerts.outbox.switch import resume, stop
from monitor.channel_ports import FateUnknownError, NotSentError, Outgoing, Receipt, RejectedError
from monitor.errors import StoreError
from monitor.store.database import Store, open_store
from monitor.store.tables import AuditRow, Report
from tests.conftest import FakeClock
from tests.support.posts import hit
from tests.support.reporting import ToldChannel, configured, decide, reports, router, states, steps

S = ReportState
FAST = Timing(poll=0.01, switch=0.05, send=5, claim=30, grace=0.2, backoff=(10, 20))


def queue(store: Store, channel: ToldChannel, *posts: Any) -> list[Report]:
    decide(store, router(store, configured(channel)), *posts)
    return reports(store)


def delivery(store: Store, *channels: ToldChannel, timing: Timing = FAST, **options: Any) -> Delivery:
    return Delivery(store, configured(*channels, **options), timing=timing)


async def hang() -> Receipt:
    await asyncio.Event().wait()
    raise AssertionError("never reached")


async def test_whatever_a_server_gives_as_a_reference_can_be_kept(store: Store) -> None:
    """On both databases; one of these texts ended all delivery."""

    async def answer() -> Receipt:
        return Receipt(remote_id="7\0\ud800\x1b[2J" + "x" * 99_999, status="200\0", detail="\udfff\0")

    channel = ToldChannel(outcomes=[answer])
    decide(store, router(store, configured(channel)), hit(1))
    await Delivery(store, configured(channel)).deliver_due()
    (report,) = reports(store)
    assert report.state == S.ACCEPTED
    assert report.remote_id is not None
    assert report.remote_id.startswith("7[U+0000 null][U+D800 lone surrogate][U+001B escape][2J")
    assert len(report.remote_id) < 500


async def test_what_is_due_is_sent_once_exactly_as_frozen(store: Store) -> None:
    channel = ToldChannel()
    (report,) = queue(store, channel)
    worker = delivery(store, channel)
    assert await worker.deliver_due() == 1
    assert await worker.deliver_due() == 0
    (sent,) = channel.sent
    assert sent.body == f"{report.id} https://examplenet.example/post-1".encode()
    (after,) = reports(store)
    assert (after.state, after.remote_id, after.attempts, after.token) == (S.ACCEPTED, "r1", 1, 1)
    assert after.claim_expires_at is None
    assert steps(store, report.id) == ["undo_window", "queued", "claimed", "accepted"]


async def test_nothing_leaves_within_the_undo_window(sqlite_store: Store, clock: FakeClock) -> None:
    channel = ToldChannel()
    decide(sqlite_store, router(sqlite_store, configured(channel), undo=10))
    worker = delivery(sqlite_store, channel)
    clock.advance(seconds=9.9)
    assert await worker.deliver_due() == 0
    clock.advance(seconds=0.1)
    assert await worker.deliver_due() == 1


async def test_known_not_to_be_sent_it_is_tried_again_later_and_then_dead(
    sqlite_store: Store, clock: FakeClock
) -> None:
    channel = ToldChannel(outcomes=[NotSentError(f"refused {n}") for n in (1, 2, 3)])
    (report,) = queue(sqlite_store, channel)
    worker = delivery(sqlite_store, channel)
    for wait in (10, 20):
        assert await worker.deliver_due() == 1
        (now,) = reports(sqlite_store)
        assert (now.state, now.due_at - clock.time) == (S.QUEUED, timedelta(seconds=wait))
        assert await worker.deliver_due() == 0
        clock.advance(seconds=wait)
    assert await worker.deliver_due() == 1
    (now,) = reports(sqlite_store)
    assert (now.state, now.why) == (S.DEAD, "given up after 3 attempts: refused 3")
    clock.advance(days=30)
    assert await worker.deliver_due() == 0
    with sqlite_store.write() as session:
        send_now(session, report.id, by="mo", at=clock())
    assert await worker.deliver_due() == 1
    assert states(sqlite_store) == [S.ACCEPTED]


async def test_a_recipient_that_says_when_is_obeyed_and_left_in_peace(sqlite_store: Store, clock: FakeClock) -> None:
    channel = ToldChannel(outcomes=[NotSentError("too many", retry_after=90)])
    queue(sqlite_store, channel, hit(1), hit(2, "vexilorp"))
    worker = delivery(sqlite_store, channel)
    assert await worker.deliver_due() == 1  # the second one does not even try
    first = max(reports(sqlite_store), key=lambda report: report.due_at)  # whichever was tried
    assert (first.state, first.due_at, first.attempts) == (S.QUEUED, clock.time + timedelta(seconds=90), 0)
    clock.advance(seconds=89)
    assert await worker.deliver_due() == 0
    clock.advance(seconds=1)
    assert await worker.deliver_due() == 2


@pytest.mark.parametrize(
    ("outcome", "state", "why"),
    [
        (RejectedError("not this"), S.REJECTED, "not this"),
        (FateUnknownError("no answer"), S.UNCERTAIN, "no answer"),
        (ZeroDivisionError("a defect"), S.UNCERTAIN, "the channel failed: ZeroDivisionError: a defect"),
    ],
)
async def test_other_ends_wait_for_a_person(
    sqlite_store: Store, clock: FakeClock, outcome: Exception, state: ReportState, why: str
) -> None:
    channel = ToldChannel(outcomes=[outcome])
    queue(sqlite_store, channel)
    worker = delivery(sqlite_store, channel)
    assert await worker.deliver_due() == 1
    clock.advance(days=365)
    assert await worker.deliver_due() == 0
    (report,) = reports(sqlite_store)
    assert (report.state, report.why) == (state, why)
    assert len(channel.sent) == 1


async def test_no_answer_in_time_is_uncertain(sqlite_store: Store) -> None:
    channel = ToldChannel(outcomes=[hang])
    queue(sqlite_store, channel)
    await delivery(sqlite_store, channel, timing=Timing(switch=0.05, send=0.05, claim=1)).deliver_due()
    (report,) = reports(sqlite_store)
    assert (report.state, report.why) == (S.UNCERTAIN, "there was no answer within 0.05 s while it was being sent")


async def test_a_channel_that_does_not_let_go_does_not_hold_delivery_up(sqlite_store: Store) -> None:
    free = asyncio.Event()

    async def clings() -> Receipt:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return Receipt()

    channel = ToldChannel(outcomes=[clings])
    queue(sqlite_store, channel)
    await delivery(sqlite_store, channel, timing=Timing(switch=0.05, send=0.05, claim=1)).deliver_due()
    assert states(sqlite_store) == [S.UNCERTAIN]
    free.set()


def a_claim(store: Store, seconds: float = 30, cap: int = 200) -> Claim:
    release_due(store)
    claimed = claim(store, "told", seconds=seconds, daily_cap=cap)
    assert isinstance(claimed, Claim)
    return claimed


async def test_a_claim_whose_process_died_becomes_uncertain(store: Store) -> None:
    channel = ToldChannel()
    queue(store, channel)
    a_claim(store, seconds=3600)
    assert sweep_expired(store) == 0
    with store.write() as session:
        report = session.exec(select(Report)).one()
        assert report.claim_expires_at is not None
        report.claim_expires_at -= timedelta(seconds=3601)
    worker = delivery(store, channel)
    assert await worker.deliver_due() == 0
    assert states(store) == [S.UNCERTAIN]
    assert channel.sent == []
    assert await worker.deliver_due() == 0  # and never by itself


def test_who_lost_the_claim_changes_nothing_but_says_what_is_known(store: Store) -> None:
    channel = ToldChannel()
    (report,) = queue(store, channel)
    first = a_claim(store, seconds=-1)
    assert sweep_expired(store) == 1
    with store.write() as session:
        send_now(session, report.id, by="mo", at=store.now(), again=True)
    second = a_claim(store)
    assert second.token == first.token + 1
    assert not note(store, first, Outcome(to=S.ACCEPTED, detail="late", remote_id="late"))
    (now,) = reports(store)
    assert (now.state, now.remote_id, now.token) == (S.CLAIMED, None, second.token)
    with store.read() as session:
        (row,) = session.exec(select(AuditRow).where(AuditRow.action == "report.late_outcome"))
        assert row.detail == {"outcome": "accepted", "token": first.token}
    assert note(store, second, Outcome(to=S.ACCEPTED, detail="", remote_id="right"))
    assert reports(store)[0].remote_id == "right"


def test_a_changed_report_is_not_sent(store: Store) -> None:
    queue(store, ToldChannel())
    with store.write() as session:
        report = session.exec(select(Report)).one()
        report.outgoing = (report.outgoing or {}) | {"to": "somebody else"}
    release_due(store)
    assert claim(store, "told", seconds=30, daily_cap=9) is Idle.NOTHING_DUE
    (now,) = reports(store)
    assert (now.state, now.why) == (S.DEAD, "not sent: it is not what was frozen when it was queued")


async def test_what_no_channel_here_carries_waits(sqlite_store: Store) -> None:
    queue(sqlite_store, ToldChannel())
    assert await delivery(sqlite_store, ToldChannel(name="other")).deliver_due() == 0
    assert states(sqlite_store) == [S.QUEUED]


async def test_the_daily_cap_breaks_the_circuit(store: Store, clock: FakeClock) -> None:
    channel = ToldChannel()
    queue(store, channel, *(hit(n, f"zorblat{n}x") for n in range(4)))
    worker = delivery(store, channel, daily_cap=3)
    assert await worker.deliver_due() == 3
    assert await worker.deliver_due() == 0
    assert Counter(states(store)) == {S.ACCEPTED: 3, S.QUEUED: 1}
    clock.advance(hours=23, minutes=59)
    assert await worker.deliver_due() == 0
    clock.advance(minutes=2)
    assert await worker.deliver_due() == 1


async def test_stopped_nothing_is_claimed_until_it_is_resumed(store: Store) -> None:
    channel = ToldChannel()
    queue(store, channel)
    with store.write() as session:
        stop(session, by="ana", reason="wait", at=store.now())
    worker = delivery(store, channel)
    assert await worker.deliver_due() == 0
    assert (channel.sent, states(store)) == ([], [S.QUEUED])
    with store.write() as session:
        resume(session, by="ana", reason="go on", at=store.now())
    assert await worker.deliver_due() == 1


async def test_stop_cuts_short_what_is_under_way_and_the_rest_stays(store: Store) -> None:
    channel, other = ToldChannel(outcomes=[hang]), ToldChannel(name="other", outcomes=[hang])
    decide(store, router(store, configured(channel, other)), hit(1), hit(2, "vexilorp"))
    work = asyncio.create_task(delivery(store, channel, other).deliver_due())
    while not (channel.sent and other.sent):
        await asyncio.sleep(0.01)
    await asyncio.to_thread(switch_off, store)
    assert await work == 2  # within a second: `Timing` looks at the switch four times a second at least
    assert Counter(states(store)) == {S.UNCERTAIN: 2, S.QUEUED: 2}
    assert {report.why for report in reports(store)} == {None, "sending was stopped while it was being sent"}


async def test_stopped_between_claim_and_sending_it_goes_back_unsent(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ToldChannel()
    queue(sqlite_store, channel)
    worker = delivery(sqlite_store, channel)

    def claim_then_stop(store: Store, name: str, **options: Any) -> Any:
        claimed = claim(store, name, **options)
        switch_off(store)
        while not worker._halt.is_set():
            time.sleep(0.01)
        return claimed

    monkeypatch.setattr("alerts.outbox.delivery.claim", claim_then_stop)
    assert await worker.deliver_due() == 1
    (report,) = reports(sqlite_store)
    assert (report.state, report.why, report.attempts) == (S.QUEUED, "sending was stopped before this was sent", 0)
    assert channel.sent == []


def switch_off(store: Store) -> None:
    with store.write() as session:
        stop(session, by="ana", reason="wait", at=store.now())


async def test_what_arrived_in_the_last_moment_counts(sqlite_store: Store) -> None:
    async def answers_on_cancel() -> Receipt:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return Receipt(remote_id="just in time")
        raise AssertionError("never reached")

    channel = ToldChannel(outcomes=[answers_on_cancel])
    queue(sqlite_store, channel)
    await delivery(sqlite_store, channel, timing=Timing(switch=0.05, send=0.05, claim=1)).deliver_due()
    (report,) = reports(sqlite_store)
    assert (report.state, report.remote_id) == (S.ACCEPTED, "just in time")


async def test_run_delivers_until_told_to_stop_and_lets_a_sending_end(sqlite_store: Store) -> None:
    may_end = asyncio.Event()

    async def slow() -> Receipt:
        await may_end.wait()
        return Receipt()

    channel = ToldChannel(outcomes=[slow])
    queue(sqlite_store, channel, hit(1), hit(2, "vexilorp"))
    ending = asyncio.Event()
    timing = Timing(poll=0.01, switch=0.05, send=5, claim=30, grace=5)
    work = asyncio.create_task(delivery(sqlite_store, channel, timing=timing).run(ending))
    while not channel.sent:
        await asyncio.sleep(0.01)
    ending.set()
    await asyncio.sleep(0.05)
    may_end.set()
    await work
    assert Counter(states(sqlite_store)) == {S.ACCEPTED: 1, S.QUEUED: 1}  # it ended, and no other began


async def test_run_does_not_wait_for_ever(sqlite_store: Store) -> None:
    channel = ToldChannel(outcomes=[hang])
    queue(sqlite_store, channel)
    ending = asyncio.Event()
    work = asyncio.create_task(delivery(sqlite_store, channel).run(ending))
    while not channel.sent:
        await asyncio.sleep(0.01)
    ending.set()
    await work
    (report,) = reports(sqlite_store)
    assert (report.state, report.why) == (S.UNCERTAIN, "the process was told to end while it was being sent")


async def test_cancelled_it_leaves_no_claim_behind(sqlite_store: Store) -> None:
    channel = ToldChannel(outcomes=[hang])
    queue(sqlite_store, channel)
    work = asyncio.create_task(delivery(sqlite_store, channel).deliver_due())
    while not channel.sent:
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert states(sqlite_store) == [S.UNCERTAIN]


async def test_a_channel_whose_store_fails_does_not_cut_another_short(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = asyncio.Event()

    async def slow() -> Receipt:
        await may_end.wait()
        return Receipt()

    good, bad = ToldChannel(outcomes=[slow]), ToldChannel(name="bad")
    queue(sqlite_store, good)

    def failing(store: Store, channel: str, **options: Any) -> Any:
        if channel == "bad":
            raise StoreError("The database refused.")
        return claim(store, channel, **options)

    monkeypatch.setattr("alerts.outbox.delivery.claim", failing)
    work = asyncio.create_task(delivery(sqlite_store, good, bad).deliver_due())
    while not good.sent:
        await asyncio.sleep(0.01)
    may_end.set()
    with pytest.raises(StoreError):
        await work
    assert states(sqlite_store) == [S.ACCEPTED]


async def test_run_survives_a_store_that_fails_for_a_while(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ToldChannel()
    queue(sqlite_store, channel)
    failures = iter([StoreError("The database refused.")] * 2)

    def sometimes(store: Store) -> int:
        for failure in failures:
            raise failure
        return sweep_expired(store)

    monkeypatch.setattr("alerts.outbox.delivery.sweep_expired", sometimes)
    ending = asyncio.Event()
    work = asyncio.create_task(delivery(sqlite_store, channel).run(ending))
    while states(sqlite_store) != [S.ACCEPTED]:
        await asyncio.sleep(0.01)
    ending.set()
    await work


async def test_an_outcome_is_noted_even_if_the_store_fails_at_first(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = ToldChannel()
    queue(sqlite_store, channel)
    failures = iter([StoreError("The database refused.")])

    def sometimes(store: Store, claimed: Claim, outcome: Outcome) -> bool:
        for failure in failures:
            raise failure
        return note(store, claimed, outcome)

    monkeypatch.setattr("alerts.outbox.delivery.note", sometimes)
    await delivery(sqlite_store, channel).deliver_due()
    assert (states(sqlite_store), len(channel.sent)) == ([S.ACCEPTED], 1)


def test_two_workers_never_send_one_report_twice(store: Store, database_url: str) -> None:
    class Counting(ToldChannel):
        async def send(self, outgoing: Outgoing) -> Receipt:
            self.sent.append(outgoing)
            await asyncio.sleep(0.001)
            return Receipt(status="200")

    channel = Counting()
    queue(store, channel, *(hit(n, f"zorblat{n}x") for n in range(30)))
    start = threading.Barrier(3)
    done: list[int] = []

    def work() -> None:
        own = open_store(database_url, store.keyring, clock=store.now)
        start.wait()
        done.append(asyncio.run(Delivery(own, configured(channel), timing=FAST).deliver_due()))
        own.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == len(channel.sent) == 30
    assert len({outgoing.body for outgoing in channel.sent}) == 30
    assert set(states(store)) == {S.ACCEPTED}
    with store.read() as session:
        assert set(session.exec(select(col(Report.attempts)))) == {1}


@pytest.mark.parametrize("wrong", [{"claim": 60, "send": 60}, {"switch": 0.3}])
def test_timing_that_breaks_a_promise_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outlast"):
        Timing(**wrong)
