"""What a person can do with a report: send it (again), withdraw it, note that it was filed by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from alerts.masking import clean
from alerts.outbox.reports import ReportState, Who, find_report, move, withdraw_report
from alerts.roles import Permission, require
from monitor import audit
from monitor.errors import RefusedError
from monitor.store.tables import Decision, Report


def send_now(session: Session, report_id: str, *, by: str, at: datetime, again: bool = False) -> Report:
    """Makes a report due at once: out of its undo window, or again after it failed.

    :param again: the person knows that it may arrive a second time; asked for where its fate is unknown.
    :raises RefusedError: it is not in a state from which it can be sent, or `again` is missing.
    :raises AuthError: this person may not send.
    """
    require(session, by, Permission.SEND)
    report = find_report(session, report_id)
    before = ReportState(report.state)
    if before is ReportState.UNCERTAIN and not again:
        raise RefusedError(
            f"Nobody knows whether report {report.id} arrived; sent again, it may be there twice.",
            kept="Nothing was changed.",
            do="Ask the recipient. Then either mark it as filed, or send it with --again.",
        )
    if before is ReportState.QUEUED:
        session.exec(
            update(Report)
            .where(col(Report.id) == report.id, col(Report.state) == ReportState.QUEUED)
            .values(due_at=at, updated_at=at)
        )
        audit.record(session, at, actor=by, action="report.hasten", subject=f"report:{report.id}")
        return report
    move(
        session,
        report.id,
        before=before,
        after=ReportState.QUEUED,
        who=Who.PERSON,
        actor=by,
        at=at,
        detail="sent again by hand" if before is not ReportState.UNDO_WINDOW else "sent before the undo window ended",
        columns={"due_at": at, "attempts": 0, "why": None},
    )
    return report


def withdraw(session: Session, report_id: str, *, by: str, at: datetime, reason: str = "") -> Report:
    """Takes a report back before it leaves. Whoever decided may do it within the undo window.

    :raises RefusedError: it has left, or is about to.
    :raises AuthError: this person may not.
    """
    report = find_report(session, report_id)
    decision = session.get_one(Decision, report.decision_id)
    own = report.state == ReportState.UNDO_WINDOW and decision.user == by
    require(session, by, Permission.REVIEW if own else Permission.SEND)
    withdraw_report(session, report, actor=by, at=at, detail=reason)
    return report


def mark_filed(session: Session, report_id: str, *, by: str, at: datetime, reference: str | None = None) -> Report:
    """Notes that a person filed it (or found that it had arrived).

    :param reference: what the recipient gave to refer to.
    :raises RefusedError: it was accepted or withdrawn already, or may be under way.
    :raises AuthError: this person may not.
    """
    require(session, by, Permission.SEND)
    report = find_report(session, report_id)
    reference = clean(reference) if reference else None
    move(
        session,
        report.id,
        before=ReportState(report.state),
        after=ReportState.FILED,
        who=Who.PERSON,
        actor=by,
        at=at,
        detail=f"reference: {reference}" if reference else "",
        columns={"remote_id": reference} if reference else None,
    )
    return report
