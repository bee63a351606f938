"""From a decision to reports: which channel takes which post of a reportable alert."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import aliased, defer
from sqlmodel import Session, col, select

from alerts.channels.configured import ConfiguredChannel
from alerts.channels.wording import note_lines
from alerts.masking import clean
from alerts.outbox.reports import MANUAL_CHANNEL, Cause, ReportState, Slot, enqueue, withdraw_report
from alerts.verdicts import Conduct, Verdict
from monitor import audit
from monitor.channel_ports import Outgoing, ReportDraft, Subject
from monitor.records import from_record
from monitor.reraising import LEFT
from monitor.settings import Settings
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Identity, Mention, Occurrence, Report, StoredPost
from monitor.store.writing import portions

SAFEGUARDING_LANE = "safeguarding"


class Routes(Protocol):
    """What triage asks of the reporting side; :class:`Router` is the real one."""

    def route(self, session: Session, *, alert: Alert, decision: Decision, at: datetime) -> list[Report]:
        """Enqueues the reports of a decision, inside the transaction of that decision.

        Call it for every final decision, whatever its verdict: it does nothing for those that are not
        reportable. `decision.id` must be set (flush first).

        :param at: when the decision was made, UTC.
        :return: the reports that are new; what was reported before is left alone (and recorded as such).
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One decision on its way out."""

    alert: Alert
    decision: Decision
    decision_id: int
    conduct: Conduct
    actor: str
    at: datetime


class Router:
    """Routes the posts of reportable alerts: to every configured channel that takes the post's platform, and to
    a person where no channel does, or one cannot carry it.

    :param channels: by name, see `alerts.channels.configured.open_channels`.
    """

    def __init__(self, store: Store, channels: Mapping[str, ConfiguredChannel], settings: Settings) -> None:
        self._store = store
        self._channels = channels
        self._undo_seconds = settings.review.undo_seconds

    def route(
        self,
        session: Session,
        *,
        alert: Alert,
        decision: Decision,
        at: datetime,
        only: Collection[int] | None = None,
        actor: str | None = None,
    ) -> list[Report]:
        """See :class:`Routes`.

        :param only: rows of posts, where not all of the campaign are meant.
        :param actor: who said so, where that is not who decided.
        """
        if decision.verdict != Verdict.REPORTABLE or not decision.final:
            return []
        if decision.id is None or decision.conduct is None:
            raise ValueError("a reportable decision is routed with its id and its conduct")
        conduct = Conduct(decision.conduct)
        if conduct.safeguarding or alert.lane == SAFEGUARDING_LANE:
            # The account may need protection: a senior person takes it from here, nothing leaves by itself.
            audit.record(
                session,
                at,
                actor=actor or decision.user,
                action="report.withhold",
                subject=f"alert:{alert.id}",
                why="safeguarding",
            )
            return []
        who = actor or decision.user
        case = _Case(alert=alert, decision=decision, decision_id=decision.id, conduct=conduct, actor=who, at=at)
        session.flush()
        posts = _posts(session, alert.campaign_id, only)
        handles = _handles(session, [post.id or 0 for post in posts])
        ids = [one for post in posts for one in self._route_post(session, case, post, handles.get(post.id or 0, []))]
        session.flush()
        return _reports(session, ids)

    def withdraw(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:  # noqa: ARG002
        """Takes back the reports of a decision that is undone, in the transaction that undoes it.

        :raises RefusedError: one of them has left, or may have; then none is taken back.
        """
        reports = session.exec(
            select(Report).where(Report.decision_id == decision.id, Report.state != ReportState.WITHDRAWN)
        ).all()
        for report in reports:
            withdraw_report(session, report, actor=decision.user, at=at, detail="the decision was undone")

    def _route_post(self, session: Session, case: _Case, post: StoredPost, handles: list[str]) -> Iterable[str]:
        if post.record is None or post.id is None:
            audit.record(
                session,
                case.at,
                actor=case.actor,
                action="report.skip",
                subject=f"post:{post.id}",
                why="the platform says that it is deleted",
                alert=case.alert.id,
            )
            return
        subject = _subject(post)
        not_carried: list[str] = []
        takers = {name: channel for name, channel in self._channels.items() if channel.takes(post.platform)}
        for name, configured in takers.items():
            slot = self._slot(name, case, subject)
            try:
                outgoing = configured.channel.prepare(self._draft(slot, case, subject, handles))
            except ValueError as error:
                not_carried.append(f"{name} cannot carry it: {error}")
                continue
            yield from self._enqueue(session, case, post.id, slot, outgoing)
        if not takers:
            not_carried.append(f"no channel takes posts of {post.platform}")
        if not_carried:
            slot = self._slot(MANUAL_CHANNEL, case, subject)
            packet = _packet(self._draft(slot, case, subject, handles))
            yield from self._enqueue(session, case, post.id, slot, packet, why="; ".join(not_carried))

    def _slot(self, channel: str, case: _Case, subject: Subject) -> Slot:
        return Slot(channel=channel, subject=f"{subject.platform}/{subject.post_id}", reason=case.conduct)

    def _draft(self, slot: Slot, case: _Case, subject: Subject, handles: list[str]) -> ReportDraft:
        return ReportDraft(
            report_id=slot.report_id(self._store.keyring, case.decision_id),
            subject=subject,
            conduct=case.conduct,
            risk=case.decision.risk or "other",
            note="",
            handles=handles,
            term_ids=(),  # coded terms never leave; their ids may be the terms themselves
            decided_at=case.decision.decided_at,
        )

    def _enqueue(
        self,
        session: Session,
        case: _Case,
        post_id: int,
        slot: Slot,
        outgoing: Outgoing,
        *,
        why: str | None = None,
    ) -> Iterable[str]:
        report_id = enqueue(
            session,
            keyring=self._store.keyring,
            slot=slot,
            cause=Cause(
                decision_id=case.decision_id,
                alert_id=case.decision.alert_id,
                post_id=post_id,
                actor=case.actor,
            ),
            outgoing=outgoing,
            at=case.at,
            undo_seconds=self._undo_seconds,
            why=why,
        )
        return () if report_id is None else (report_id,)


_SCREENING: Any = StoredPost.screening


def _posts(session: Session, campaign_id: int, only: Collection[int] | None) -> list[StoredPost]:
    """Every post of the campaign, each in its newest stored version, oldest post first.

    :param only: rows of posts, where not all are meant. One of which there is a newer version is none of them.
    """
    rows = (
        select(StoredPost)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(Occurrence.campaign_id == campaign_id, Occurrence.state != LEFT)
        .order_by(col(StoredPost.id))
        .options(defer(_SCREENING))
    )
    if only is not None:
        meant: Any = aliased(StoredPost)
        versions = (meant.platform == StoredPost.platform, meant.post_id == StoredPost.post_id)
        rows = rows.where(select(meant.id).where(*versions, meant.id.in_(sorted(only))).exists())
    newest = {(post.platform, post.post_id): post for post in session.exec(rows)}
    found = [post for post in newest.values() if only is None or post.id in only]
    return sorted(found, key=lambda post: (post.first_seen_at, post.id))


def _reports(session: Session, ids: Sequence[str]) -> list[Report]:
    found = {
        report.id: report
        for some in portions(ids)
        for report in session.exec(select(Report).where(col(Report.id).in_(some)))
    }
    return [found[one] for one in ids]


def _subject(post: StoredPost) -> Subject:
    record = from_record(post.record or {})
    return Subject(
        platform=post.platform,
        instance=record.instance,
        post_id=post.post_id,
        url=record.url,
        cid=record.cid,
        account_id=record.author.id,
        account_handle=record.author.handle,
        observed_at=post.first_seen_at,
    )


def _handles(session: Session, posts: Sequence[int]) -> dict[int, list[str]]:
    """The handles of posts."""
    found: dict[int, list[str]] = {}
    for some in portions(posts):
        rows = session.exec(
            select(Mention.post_id, Identity.app, Identity.handle)
            .join(Identity, col(Identity.id) == col(Mention.identity_id))
            .where(col(Mention.post_id).in_(some))
            .order_by(col(Mention.post_id), col(Identity.app), col(Identity.id))
        )
        for post_id, app, handle in rows:
            if handle:
                found.setdefault(post_id, []).append(f"{app}:{handle}")
    return found


def _packet(draft: ReportDraft) -> Outgoing:
    """What a person needs to file it by hand: the text for a form, and the facts that forms ask for."""
    subject = draft.subject
    facts = {
        "Platform": subject.platform,
        "Server": subject.instance,
        "Post": subject.url or subject.post_id,
        "Account": subject.account_handle or subject.account_id,
    }
    # Each on one line, whatever the platform says: somebody copies this into a form.
    lines = [f"{name}: {clean(value, limit=4000)}" for name, value in facts.items() if value]
    text = "\n".join([*lines, "", *note_lines(draft, handles=True, link=False), ""])
    return Outgoing(to=subject.platform, content_type="text/plain; charset=utf-8", body=text.encode("utf-8", "replace"))
