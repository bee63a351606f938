"""The record of a decision: its row, its audit row and, where it is final, its reports."""

from __future__ import annotations

import json
from datetime import datetime

from sqlmodel import Session

from alerts.triage.abilities import is_verdict, undo_until
from alerts.triage.records import Choice, Decided, Lane, State, Step
from alerts.triage.texts import Route
from monitor import audit
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, Decision, User

_ACTIONS = {
    Step.VERDICT: "decide",
    Step.CONFIRMATION: "confirm",
    Step.RETURN: "return",
    Step.WITHDRAWAL: "undo",
    Step.RESTORATION: "restore",
}


def record(
    session: Session,
    alert: Alert,
    step: Step,
    choice: Choice,
    person: User,
    now: datetime,
    *,
    keyring: Keyring,
    route: Route | None,
    lane: str | None = None,
    final: bool | None = None,
    undo_seconds: float,
) -> Decided:
    """The decision's row, its audit row and, where it is final, its reports: one transaction.

    :param route: enqueues the reports; None where it is not final, or where none are to be.
    :param final: where that does not follow from `route`.
    """
    final = route is not None if final is None else final
    evidence = json.dumps(alert.explanation, sort_keys=True)
    decision = Decision(
        alert_id=alert.id or 0,
        alert_version=alert.version - 1,
        kind=step,
        lane=lane or alert.lane,
        verdict=choice.verdict,
        conduct=choice.conduct,
        risk=choice.risk,
        reason=choice.reason,
        duplicate_of=choice.duplicate_of,
        user=person.name,
        decided_at=now,
        bundle=alert.bundle,
        evidence_hash=keyring.lookup("evidence", evidence),
        final=final,
    )
    session.add(decision)
    session.flush()
    audit.record(
        session,
        now,
        actor=person.name,
        action=f"alert.{_ACTIONS[step]}",
        subject=f"alert:{alert.id}",
        decision=decision.id,
        version=decision.alert_version,
        verdict=decision.verdict,
        conduct=decision.conduct,
        risk=decision.risk,
        duplicate_of=decision.duplicate_of,
        final=final,
        lane=alert.lane,
        bundle=decision.bundle,
        evidence=decision.evidence_hash.hex(),
        reason=keyring.lookup("reason", choice.reason).hex(),
    )
    if route is not None:
        route(session, alert, decision, now)
    return Decided(
        alert_id=alert.id or 0,
        decision_id=decision.id or 0,
        version=alert.version,
        state=State(alert.state),
        lane=Lane(alert.lane),
        verdict=choice.verdict,
        at=now,
        undo_until=undo_until(decision, undo_seconds) if is_verdict(decision) else None,
    )
