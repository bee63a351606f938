"""What somebody may do with an alert now, and what they last made of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, select

from alerts.outbox.reports import ReportState
from alerts.roles import ALLOWED, Permission, Role, require
from alerts.triage.moves import standing
from alerts.triage.queue import effective
from alerts.triage.records import Lane, Outcome, State, Step
from alerts.triage.shown import Abilities
from alerts.verdicts import Verdict
from monitor.errors import AuthError
from monitor.store.tables import Alert, Decision, Report, User


def of(session: Session, alert: Alert, person: User, now: datetime, *, undo_seconds: float) -> Abilities:
    """What the person may do now; every action checks again for itself."""
    state = effective(alert, now)
    own = state is State.CLAIMED and alert.claimed_by == person.name
    last = standing(session, alert)
    second = state is State.SECOND_REVIEW and last is not None and _may_be_second(person, last)
    escalated = second and last is not None and last.verdict == Verdict.ESCALATED
    return Abilities(
        claim=state is State.OPEN or own,
        release=own,
        decide=state is State.OPEN or own or escalated,
        confirm=second,
        undo_until=_can_undo(last, person, now, undo_seconds),
        held_by=alert.claimed_by if state is State.CLAIMED and not own else None,
    )


def outcome(session: Session, alert_id: int, person: User, now: datetime, *, undo_seconds: float) -> Outcome | None:
    """See `Triage.outcome`."""
    alert = session.get(Alert, alert_id) if 0 < alert_id < 2**31 else None
    last = standing(session, alert) if alert else None
    if alert is None or last is None or last.user != person.name:
        return None
    reports = session.exec(select(Report.state, Report.due_at).where(Report.decision_id == last.id)).all()
    waiting = [due for state, due in reports if state == ReportState.UNDO_WINDOW]
    return Outcome(
        alert_id=alert_id,
        step=Step(last.kind),
        verdict=Verdict(last.verdict),
        state=State(alert.state),
        lane=Lane(alert.lane),
        at=last.decided_at,
        undo_until=_can_undo(last, person, now, undo_seconds),
        reports=len(waiting),
        leaves_at=max(waiting, default=None),
        manual=sum(state == ReportState.MANUAL for state, _ in reports),
        withheld=last.final and last.verdict == Verdict.REPORTABLE and not reports,
    )


def _can_undo(last: Decision | None, person: User, now: datetime, undo_seconds: float) -> datetime | None:
    if last is None or last.user != person.name or not is_verdict(last) or now > undo_until(last, undo_seconds):
        return None
    return undo_until(last, undo_seconds)


def undo_until(decision: Decision, undo_seconds: float) -> datetime:
    """Until when whoever decided can take it back."""
    return decision.decided_at + timedelta(seconds=undo_seconds)


def is_verdict(decision: Decision) -> bool:
    """Whether it is one: what ends a verdict is not."""
    return decision.kind in {Step.VERDICT, Step.CONFIRMATION}


def _may_be_second(person: User, first: Decision) -> bool:
    return person.name != first.user and Permission.SECOND_REVIEW in ALLOWED[Role(person.role)]


def require_second(session: Session, person: User, first: Decision) -> None:
    """Raises `AuthError` where the person may not be the second one."""
    require(session, person.name, Permission.SECOND_REVIEW)
    if person.name == first.user:
        raise AuthError(
            f"{person.name!r} decided first: the second person has to be a different one.",
            kept="Nothing was changed.",
            do="Ask somebody who may review a second time.",
        )
