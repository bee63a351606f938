"""kill -9 at every step of a report's way: in the end each report arrived exactly once, or is uncertain; never
twice. Real processes, a real mail server that counts.
"""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from alerts.outbox.delivery import Delivery
from alerts.outbox.reports import ReportState
from alerts.outbox.switch import stop
from monitor.store.database import Store, open_store
from monitor.store.keys import Keyring
from monitor.store.tables import Report
from tests.support import crashing
from tests.support.posts import hit
from tests.support.reporting import Mailbox, decide, mail_server_beside, reports, router

S = ReportState
WAITING = {S.UNDO_WINDOW, S.QUEUED, S.CLAIMED}


class Holding(Mailbox):
    """A server that can be told to hold: at RCPT, or once it has the mail; then its client is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = ""
        self.held = threading.Event()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.hold == "before":
            await self._hold()
        envelope.rcpt_tos.append(address)
        return "250 go on"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.hold == "after":
            await self._hold()
        return answer

    async def _hold(self) -> None:
        self.hold = ""
        self.held.set()
        await asyncio.sleep(3600)

    def arrived(self) -> Counter[str]:
        """How often the mail of each report arrived, by its Message-ID."""
        found = (re.search(rb"Message-ID: <([0-9a-f-]+)@", mail) for mail in self.mails)
        return Counter(match[1].decode() for match in found if match)


@pytest.fixture
def mailbox() -> Holding:
    return Holding()


@pytest.fixture
def port(mailbox: Holding) -> Iterator[int]:
    with mail_server_beside(mailbox) as port:
        yield port


@pytest.fixture
def real(database_url: str) -> Iterator[Store]:
    """The store, by the machine's time, as other processes see it."""
    store = open_store(database_url, Keyring(crashing.KEY), upgrade=True)
    yield store
    store.close()


def killed(target: Callable[[str, int, str], None], url: str, port: int, point: str) -> None:
    """Runs a process until it has killed itself."""
    process = crashing.PROCESSES.Process(target=target, args=(url, port, point))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL, point


def restart(store: Store, port: int) -> None:
    """Delivers until nothing waits any more, and then some."""

    async def go() -> None:
        delivery = Delivery(store, crashing.channels(port), timing=crashing.SHORT)
        while any(report.state in WAITING for report in reports(store)):
            await delivery.deliver_due()
            await asyncio.sleep(0.02)
        for _ in range(3):
            assert await delivery.deliver_due() == 0

    asyncio.run(go())


def let_claims_expire(store: Store) -> None:
    """As if the time of a claim had passed."""
    with store.write() as session:
        for report in session.exec(select(Report).where(Report.state == S.CLAIMED)):
            assert report.claim_expires_at is not None
            report.claim_expires_at -= timedelta(minutes=1)


def the_end(store: Store, mailbox: Holding) -> dict[str, tuple[ReportState, int]]:
    """For each report, how it ended and how often it arrived."""
    arrived = mailbox.arrived()
    return {report.id: (ReportState(report.state), arrived[report.id]) for report in reports(store)}


@pytest.mark.parametrize("point", ["deciding", "decided"])
def test_killed_while_deciding(real: Store, database_url: str, port: int, mailbox: Holding, point: str) -> None:
    killed(crashing.decide_and_die, database_url, port, point)
    assert len(reports(real)) == (0 if point == "deciding" else 2)  # all of the decision, or nothing
    if point == "deciding":
        crashing.decide_two(real, port)
    restart(real, port)
    assert list(the_end(real, mailbox).values()) == [(S.ACCEPTED, 1)] * 2


@pytest.mark.parametrize(
    ("point", "first"),
    [
        ("released", (S.ACCEPTED, 1)),
        ("claiming", (S.ACCEPTED, 1)),
        ("claimed", (S.UNCERTAIN, 0)),  # nothing was sent; but nobody can know that
        ("answered", (S.UNCERTAIN, 1)),
        ("noting", (S.UNCERTAIN, 1)),
        ("noted", (S.ACCEPTED, 1)),
    ],
)
def test_killed_while_delivering(
    real: Store, database_url: str, port: int, mailbox: Holding, point: str, first: tuple[ReportState, int]
) -> None:
    crashing.decide_two(real, port)
    killed(crashing.deliver_and_die, database_url, port, point)
    restart(real, port)
    ends = the_end(real, mailbox)
    assert sorted(ends.values()) == sorted([first, (S.ACCEPTED, 1)])  # the other report is not touched by it


@pytest.mark.parametrize(("hold", "arrived"), [("before", 0), ("after", 1)])
def test_killed_while_the_server_holds_the_mail(
    real: Store, database_url: str, port: int, mailbox: Holding, hold: str, arrived: int
) -> None:
    crashing.decide_two(real, port)
    mailbox.hold = hold
    process = crashing.PROCESSES.Process(target=crashing.deliver_and_die, args=(database_url, port, "held"))
    process.start()
    assert mailbox.held.wait(20)
    process.kill()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    let_claims_expire(real)
    restart(real, port)
    ends = the_end(real, mailbox)
    assert sorted(ends.values()) == sorted([(S.UNCERTAIN, arrived), (S.ACCEPTED, 1)])


def test_stop_reaches_another_process(real: Store, database_url: str, port: int, mailbox: Holding) -> None:
    crashing.decide_two(real, port)
    mailbox.hold = "after"
    process = crashing.PROCESSES.Process(target=crashing.deliver_and_die, args=(database_url, port, "held"))
    process.start()
    try:
        assert mailbox.held.wait(20)
        with real.write() as session:
            stop(session, by="ana", reason="wait", at=real.now())
        while any(report.state == S.CLAIMED for report in reports(real)):
            threading.Event().wait(0.02)
        assert sorted(report.state for report in reports(real)) == [S.QUEUED, S.UNCERTAIN]
    finally:
        process.kill()
        process.join(10)
    assert mailbox.arrived().total() == 1


def test_processes_that_share_the_work_send_each_report_once(
    real: Store, database_url: str, port: int, mailbox: Holding
) -> None:
    decide(real, router(real, crashing.channels(port)), *(hit(n, f"zorblat{n}x") for n in range(30)))
    workers = [
        crashing.PROCESSES.Process(target=crashing.deliver_and_die, args=(database_url, port, "held")) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    while any(report.state in WAITING for report in reports(real)):
        threading.Event().wait(0.02)
    for worker in workers:
        worker.kill()
        worker.join(10)
    assert set(the_end(real, mailbox).values()) == {(S.ACCEPTED, 1)}
    assert mailbox.arrived().total() == 30
