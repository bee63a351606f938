"""The database's side of delivery: taking a due report, and noting what became of it. Synchronous, short
transactions; nothing is sent in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, select

from alerts.masking import clean
from alerts.outbox.reports import ReportState, Who, digest, move, thaw
from alerts.outbox.switch import hold_switch
from monitor import audit
from monitor.channel_ports import Outgoing
from monitor.errors import RefusedError
from monitor.store.database import Store
from monitor.store.leases import database_time
from monitor.store.tables import Report, ReportEvent

ACTOR = "system:delivery"
_CAP_WINDOW = timedelta(hours=24)
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A report in hand: only who holds the token may say what became of it."""

    report_id: str
    channel: str
    token: int
    attempt: int
    outgoing: Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attempt.

    :param to: the state that follows.
    :param retry_seconds: for `queued`: when to try again.
    :param counts: whether the attempt counts (waiting because the recipient asked for it does not).
    """

    to: ReportState
    detail: str
    remote_id: str | None = None
    retry_seconds: float = 0
    counts: bool = True


def release_due(store: Store) -> int:
    """Lets reports whose undo window has passed join the queue. Returns how many."""
    with store.write() as session:
        now = store.now()
        due = session.exec(
            select(Report.id)
            .where(Report.state == ReportState.UNDO_WINDOW, col(Report.due_at) <= now)
            .order_by(col(Report.due_at), col(Report.id))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for report_id in due:
            move(
                session,
                report_id,
                before=ReportState.UNDO_WINDOW,
                after=ReportState.QUEUED,
                who=Who.SYSTEM,
                actor=ACTOR,
                at=now,
            )
        return len(due)


def sweep_expired(store: Store) -> int:
    """Claims whose time is over belong to a process that died, or hangs: nobody knows what became of those
    reports. Returns how many became uncertain.
    """
    with store.write() as session:
        expired = session.exec(
            select(Report.id)
            .where(Report.state == ReportState.CLAIMED, col(Report.claim_expires_at) <= database_time(store, session))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for report_id in expired:
            why = "the process that was sending it ended before it could note what became of it"
            move(
                session,
                report_id,
                before=ReportState.CLAIMED,
                after=ReportState.UNCERTAIN,
                who=Who.SYSTEM,
                actor=ACTOR,
                at=store.now(),
                detail=why,
                columns={"why": why, "claim_expires_at": None},
            )
        return len(expired)


class Idle(StrEnum):
    """Why there is no report to send."""

    NOTHING_DUE = "nothing_due"
    STOPPED = "stopped"
    CAPPED = "capped"


def claim(store: Store, channel: str, *, seconds: float, daily_cap: int) -> Claim | Idle:
    """Takes the next due report of a channel: one conditional UPDATE, in a transaction that holds the switch.

    :param seconds: how long the claim lasts; must be longer than any sending.
    :param daily_cap: not more than this many attempts of this channel in 24 hours.
    """
    with store.write() as session:
        now = store.now()
        if not hold_switch(session, now):
            return Idle.STOPPED
        due = session.exec(
            select(Report.id)
            .where(Report.state == ReportState.QUEUED, Report.channel == channel, col(Report.due_at) <= now)
            .order_by(col(Report.due_at), col(Report.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if due is None:
            return Idle.NOTHING_DUE
        if _used(session, channel, now - _CAP_WINDOW) >= daily_cap:
            return Idle.CAPPED
        move(
            session,
            due,
            before=ReportState.QUEUED,
            after=ReportState.CLAIMED,
            who=Who.SYSTEM,
            actor=ACTOR,
            at=now,
            columns={
                "token": col(Report.token) + 1,
                "attempts": col(Report.attempts) + 1,
                "claim_expires_at": database_time(store, session) + timedelta(seconds=seconds),
            },
        )
        report = session.get_one(Report, due)
        if report.outgoing is not None and digest(report.outgoing) == report.outgoing_sha256:
            return Claim(
                report_id=report.id,
                channel=channel,
                token=report.token,
                attempt=report.attempts,
                outgoing=thaw(report.outgoing),
            )
        # Nothing in the program can do this; who changes the database by hand shall not send what nobody saw.
        why = "not sent: it is not what was frozen when it was queued"
        move(
            session,
            due,
            before=ReportState.CLAIMED,
            after=ReportState.DEAD,
            who=Who.SYSTEM,
            actor=ACTOR,
            at=now,
            detail=why,
            columns={"why": why, "claim_expires_at": None},
        )
        return Idle.NOTHING_DUE


def _used(session: Session, channel: str, since: datetime) -> int:
    claimed = (
        select(func.count())
        .select_from(ReportEvent)
        .join(Report, col(Report.id) == col(ReportEvent.report_id))
        .where(ReportEvent.after == ReportState.CLAIMED, col(ReportEvent.at) > since, Report.channel == channel)
    )
    return session.exec(claimed).one()


def note(store: Store, claimed: Claim, outcome: Outcome) -> bool:
    """Notes what became of an attempt, if the claim still holds; returns whether it did.

    A claim that was lost meanwhile stays as whoever took it left it (uncertain); what is known now goes into
    the audit trail.
    """
    try:
        with store.write() as session:
            now = store.now()
            columns: dict[str, object] = {"why": outcome.detail or None, "claim_expires_at": None}
            if outcome.to is ReportState.QUEUED:
                columns["due_at"] = now + timedelta(seconds=outcome.retry_seconds)
                columns["attempts"] = claimed.attempt - (0 if outcome.counts else 1)
            if outcome.remote_id is not None:
                # What somebody else's server says: any text, not only those that a database takes.
                columns["remote_id"] = clean(outcome.remote_id)
            move(
                session,
                claimed.report_id,
                before=ReportState.CLAIMED,
                after=outcome.to,
                who=Who.SYSTEM,
                actor=ACTOR,
                at=now,
                detail=outcome.detail,
                token=claimed.token,
                columns=columns,
            )
    except RefusedError:
        with store.write() as session:
            audit.record(
                session,
                store.now(),
                actor=ACTOR,
                action="report.late_outcome",
                subject=f"report:{claimed.report_id}",
                outcome=outcome.to,
                token=claimed.token,
            )
        return False
    return True
