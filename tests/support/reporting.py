"""The reporting side for tests: decided alerts made by the real intake and triage, channels that do as they are
told, and a real mail server on loopback.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from sqlmodel import col, select

from alerts.channels.configured import ConfiguredChannel
from alerts.outbox.reports import ReportState
from alerts.routing import Router
from alerts.triage import Triage
from alerts.verdicts import Conduct, Risk, Verdict
from monitor.channel_ports import Outgoing, Receipt, ReportDraft, Subject
from monitor.detect.screening import HandleMatch, Screening, TermMatch
from monitor.hits import Hit, Screened
from monitor.intake import Intake
from monitor.post import Post
from monitor.settings import Review, Settings
from monitor.store.database import Store
from monitor.store.tables import Alert, Occurrence, Report, ReportEvent, SourceRow, StoredPost, User
from tests.support.posts import hit
from tests.support.reviewing import PEOPLE, add_people, exactly

REPORT_ID = "3f2a91c0-0000-4000-8000-000000000001"


def draft(**parts: Any) -> ReportDraft:
    """A draft of an invented post on a Mastodon server."""
    subject = {
        "platform": "mastodon",
        "instance": "remote.example",
        "post_id": "https://remote.example/users/quibbern04/statuses/7",
        "url": "https://remote.example/@quibbern04/7",
        "cid": None,
        "account_id": "https://remote.example/users/quibbern04",
        "account_handle": "quibbern04",
        "observed_at": datetime(2026, 11, 1, 11, 30, tzinfo=UTC),
    }
    values: dict[str, Any] = {
        "report_id": REPORT_ID,
        "conduct": Conduct.OFFERS_OR_ASKS_MATERIAL,
        "risk": Risk.TRADE,
        "note": "",
        "handles": ["wickr:zorblat77"],
        "term_ids": ["taboo"],
        "decided_at": datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
    }
    subject |= {name: parts.pop(name) for name in list(parts) if name in subject}
    return ReportDraft(subject=Subject(**subject), **(values | parts))  # pyright: ignore[reportArgumentType]


@dataclass
class ToldChannel:
    """A channel whose sendings end as told, one after the other; then all are accepted."""

    name: str = "told"
    outcomes: list[Exception | Callable[[], Awaitable[Receipt]]] = field(default_factory=list)
    sent: list[Outgoing] = field(default_factory=list)
    refuses: str | None = None

    def prepare(self, draft: ReportDraft) -> Outgoing:
        if self.refuses:
            raise ValueError(self.refuses)
        return Outgoing(to="desk", content_type="text/plain", body=f"{draft.report_id} {draft.subject.url}".encode())

    async def send(self, outgoing: Outgoing) -> Receipt:
        self.sent.append(outgoing)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        return await outcome() if outcome else Receipt(remote_id=f"r{len(self.sent)}", status="200")


def configured(*channels: Any, **options: Any) -> dict[str, ConfiguredChannel]:
    """Channels as the configuration would give them."""
    return {channel.name: ConfiguredChannel(channel=channel, **options) for channel in channels}


def router(store: Store, channels: Mapping[str, ConfiguredChannel], *, undo: float = 0) -> Router:
    """The real router."""
    return Router(store, channels, Settings(home=Path("unused"), review=Review(undo_seconds=undo)))


def triage(store: Store, router: Router, **review: Any) -> Triage:
    """The real triage over the real router."""

    return Triage(
        store, route=router.enter_all, prepare=router.prepare, withdraw=router.withdraw, review=Review(**review)
    )


def take_in(store: Store, *posts: Post, template: str = "one") -> int:
    """Commits posts as hits of one campaign; returns its alert. What the screen would say is said here: reporting
    does not depend on it.
    """
    with store.write() as session:
        if session.get(SourceRow, "sample") is None:
            session.add(SourceRow(name="sample", plugin="archive", enabled_at=store.now()))
    hits = [Hit(post=post, screening=_screening(post), wording=exactly(template)) for post in posts]
    Intake(store).commit(Screened(posts=len(posts), hits=hits), source="sample")
    with store.read() as session:
        known = select(StoredPost.id).where(StoredPost.platform == posts[0].platform, StoredPost.post_id == posts[0].id)
        campaign = session.exec(select(Occurrence.campaign_id).where(Occurrence.post_id == session.exec(known).first()))
        return session.exec(select(Alert.id).where(Alert.campaign_id == campaign.one())).one() or 0


def _screening(post: Post) -> Screening:
    text = post.text or ""
    handle = text.rpartition(" ")[2]
    start = len(text) - len(handle)
    match = HandleMatch(
        app="wickr", handle=handle, key=f"wickr:{handle}", field="text", start=start, end=len(text), confidence=1
    )
    at = text.find("taboo")
    term = TermMatch(term="taboo", field="text", start=at, end=at + 5)
    return Screening(
        hit=True, score=0.9, rule="handle-and-term", handles=[match], terms=[term], parts=[], bundle="sha256:b"
    )


def decide(
    store: Store,
    router: Router,
    *posts: Post,
    conduct: Conduct = Conduct.OFFERS_OR_ASKS_MATERIAL,
    risk: Risk = Risk.TRADE,
    user: str = "sal",
) -> int:
    """Takes posts in and decides their alert as reportable; returns the alert's id."""
    with store.read() as session:
        known = session.get(User, user) is not None
    if not known:
        add_people(store)
        with store.write() as session:
            session.add(User(name="mo", role="moderator", created_at=store.now()))
    alert_id = take_in(store, *(posts or (hit(1),)))
    triage(store, router).decide(
        alert_id, version=1, verdict=Verdict.REPORTABLE, conduct=conduct, risk=risk, reason="seen", user=user
    )
    return alert_id


def reports(store: Store) -> list[Report]:
    """All reports, in the order of their posts and channels."""
    with store.read() as session:
        return list(session.exec(select(Report).order_by(col(Report.post_id), col(Report.channel), col(Report.id))))


def states(store: Store) -> list[ReportState]:
    """The states of all reports."""
    return [ReportState(report.state) for report in reports(store)]


def steps(store: Store, report_id: str) -> list[str]:
    """The states that a report went through."""
    with store.read() as session:
        query = select(ReportEvent).where(ReportEvent.report_id == report_id).order_by(col(ReportEvent.id))
        return [event.after for event in session.exec(query)]


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps what it accepts. `answer`: what it says to the content."""

    answer: str = "250 taken"
    mails: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str | None, list[str]]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("2"):
            self.mails.append(envelope.original_content)
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return self.answer


@asynccontextmanager
async def mail_server(handler: Any, **options: Any) -> AsyncIterator[int]:
    """A real aiosmtpd in this loop; gives its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, loop=loop, **options), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@contextmanager
def mail_server_beside(handler: Any) -> Iterator[int]:
    """A real aiosmtpd in a thread of its own; gives its port."""
    ready: Future[int] = Future()
    ending: Future[None] = Future()

    async def serve() -> None:
        async with mail_server(handler) as port:
            ready.set_result(port)
            await asyncio.wrap_future(ending)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield ready.result(10)
    finally:
        ending.set_result(None)
        thread.join(10)


__all__ = [
    "PEOPLE",
    "Mailbox",
    "ToldChannel",
    "configured",
    "decide",
    "draft",
    "mail_server",
    "mail_server_beside",
    "reports",
    "router",
    "states",
    "steps",
    "triage",
]
