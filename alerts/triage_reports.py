"""Taking back the reports of a decision that is undone."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from alerts.outbox import ReportState, Who, move
from monitor.errors import RefusedError
from monitor.store.tables import Alert, Decision, Report


def withdraw_reports(session: Session, alert: Alert, decision: Decision, at: datetime) -> None:
    """Withdraws every report of a decision, by the hand of whoever decided; all of them or none.

    :raises RefusedError: one has left already, or is about to.
    """
    reports = session.exec(select(Report).where(Report.decision_id == decision.id).order_by(col(Report.id))).all()
    for report in reports:
        state = ReportState(report.state)
        if state is ReportState.WITHDRAWN:
            continue
        if state not in {ReportState.UNDO_WINDOW, ReportState.MANUAL}:
            raise RefusedError(
                f"A report of alert {alert.id} is {state} already.",
                kept="The decision stands.",
                do=f"See it with: handlewatch reports show {report.id}",
            )
        move(
            session,
            report.id,
            before=state,
            after=ReportState.WITHDRAWN,
            who=Who.PERSON,
            actor=decision.user,
            at=at,
            detail="the decision was undone",
        )
