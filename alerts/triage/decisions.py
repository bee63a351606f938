"""Verdicts, by one person or two: deciding, confirming, returning, undoing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from alerts.outbox.reports import ReportState
from alerts.roles import ALLOWED, Permission, Role, require
from alerts.triage.choice import complete, lane_after, same, worded
from alerts.triage.moves import change, find, find_for, refusal, standing
from alerts.triage.queue import effective
from alerts.triage.records import Abilities, Choice, Decided, Lane, Outcome, State, Step
from alerts.verdicts import Conduct, Verdict
from monitor import audit
from monitor.campaigns.merging import Act, Merging
from monitor.errors import AuthError, ConfigError, RefusedError
from monitor.reraising import reopen
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Report, User
from monitor.store.writing import take_turn


class Decisions:
    """Verdicts, by one person or two. See :class:`alerts.triage.Triage`."""

    def __init__(self, store: Store, *, route: Any, review: Review, withdraw: Any, relink: Any) -> None:
        self._store = store
        self._route = route
        self._review = review
        self._withdraw = withdraw
        self._relink = relink

    def decide(self, alert_id: int, *, version: int, choice: Choice, user: str) -> Decided:
        """See `Triage.decide`."""
        choice = complete(choice, alert_id)
        with self._store.write() as session:
            if choice.duplicate_of is not None:
                take_turn(session)
            person, alert = find_for(session, alert_id, user)
            original = _original(session, alert, choice.duplicate_of, user) if choice.duplicate_of else None
            now = self._store.now()
            expects = self._takes_over(session, alert, version, person)
            alone = not self._needs_second(choice, person)
            lane = alert.lane
            if lane_after(choice, lane) != lane:
                take_turn(session)
            change(
                session,
                alert,
                version=version,
                now=now,
                user=person.name,
                state=State.DECIDED if alone else State.SECOND_REVIEW,
                lane=lane_after(choice, lane),
                verdict=choice.verdict if alone else None,
                decided_at=now if alone else None,
                expects=expects,
            )
            if alert.lane != lane:
                self._relink(session, alert.campaign_id)
            if original is not None:
                # One way for one thing: a duplicate's campaign becomes part of the other's.
                act = Act(user=person.name, reason=choice.reason, at=now)
                Merging(session, self._store.keyring).merge(into=original.campaign_id, other=alert.campaign_id, act=act)
            return self._record(session, alert, Step.VERDICT, choice, person, now, lane=lane, final=alone)

    def _takes_over(self, session: Session, alert: Alert, version: int, person: User) -> list[State] | None:
        """An escalated alert is decided by a second, more senior person out of second review."""
        last = standing(session, alert)
        if alert.state != State.SECOND_REVIEW or alert.version != version or last is None:
            return None
        if last.verdict != Verdict.ESCALATED:
            return None
        _require_second(session, person, last)
        return [State.SECOND_REVIEW]

    def _needs_second(self, choice: Choice, person: User) -> bool:
        if choice.verdict is Verdict.ESCALATED:
            return True
        if choice.verdict is not Verdict.REPORTABLE:
            return False
        if choice.conduct is Conduct.POSTER_MAY_BE_CHILD and Permission.SAFEGUARDING not in ALLOWED[Role(person.role)]:
            return True
        return bool({choice.conduct, choice.risk} & set(self._review.second_person_for))

    def confirm(self, alert_id: int, *, version: int, reason: str, user: str) -> Decided:
        """See `Triage.confirm`."""
        why = worded(reason, "To confirm a verdict")
        with self._store.write() as session:
            person, alert = find_for(session, alert_id, user)
            now = self._store.now()
            first = self._first(session, alert, version, now, person)
            if first.verdict == Verdict.ESCALATED:
                raise RefusedError(
                    f"Alert {alert_id} was escalated: there is no verdict to confirm.",
                    kept="Nothing was changed.",
                    do="Decide it yourself, or return it.",
                )
            change(
                session,
                alert,
                version=version,
                now=now,
                user=person.name,
                state=State.DECIDED,
                verdict=first.verdict,
                decided_at=now,
                expects=[State.SECOND_REVIEW],
            )
            return self._record(session, alert, Step.CONFIRMATION, same(first, why), person, now, final=True)

    def send_back(self, alert_id: int, *, version: int, reason: str, user: str) -> Decided:
        """See `Triage.send_back`."""
        why = worded(reason, "To return a verdict")
        with self._store.write() as session:
            person, alert = find_for(session, alert_id, user)
            now = self._store.now()
            first = self._first(session, alert, version, now, person)
            change(
                session,
                alert,
                version=version,
                now=now,
                user=person.name,
                state=State.OPEN,
                expects=[State.SECOND_REVIEW],
            )
            return self._record(session, alert, Step.RETURN, same(first, why), person, now, final=False)

    def _first(self, session: Session, alert: Alert, version: int, now: datetime, person: User) -> Decision:
        """The verdict that waits for a second person, checked against the one who acts on it."""
        first = standing(session, alert)
        if alert.state != State.SECOND_REVIEW or alert.version != version or first is None:
            raise refusal(session, alert, version, now, person.name)
        _require_second(session, person, first)
        return first

    def undo(self, alert_id: int, *, user: str) -> Decided:
        """See `Triage.undo`."""
        with self._store.write() as session:
            person = require(session, user, Permission.REVIEW)
            alert = session.get(Alert, alert_id)
            last = standing(session, alert) if alert else None
            if alert is None or last is None or last.user != user or not _is_verdict(last):
                raise RefusedError(
                    f"There is no decision of yours on alert {alert_id} to undo.", kept="Nothing changed."
                )
            now = self._store.now()
            if now > self._undo_until(last):
                raise RefusedError(
                    f"It is too late to undo: the decision is older than {self._review.undo_seconds:g} s.",
                    kept="The decision stands.",
                    do="Withdraw its reports with `handlewatch reports withdraw`.",
                )
            lane = alert.lane
            if last.lane != lane:
                take_turn(session)
            if last.verdict == Verdict.DUPLICATE:
                take_turn(session)
                act = Act(user=user, reason="undone", at=now)
                Merging(session, self._store.keyring).unmerge(alert.campaign_id, act)
            self._withdraw(session, alert, last, now)
            change(
                session,
                alert,
                version=alert.version,
                now=now,
                user=user,
                state=State.OPEN,
                lane=last.lane,
                verdict=None,
                decided_at=None,
                expects=[State.DECIDED, State.SECOND_REVIEW],
            )
            reopen(session, alert.campaign_id)
            if alert.lane != lane:
                self._relink(session, alert.campaign_id)
            return self._record(session, alert, Step.WITHDRAWAL, same(last, "undone"), person, now, final=False)

    def _undo_until(self, decision: Decision) -> datetime:
        return decision.decided_at + timedelta(seconds=self._review.undo_seconds)

    def _record(
        self,
        session: Session,
        alert: Alert,
        step: Step,
        choice: Choice,
        person: User,
        now: datetime,
        *,
        final: bool,
        lane: str | None = None,
    ) -> Decided:
        """The decision's row, its audit row and, where it is final, its reports: one transaction."""
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
            evidence_hash=self._store.keyring.lookup("evidence", evidence),
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
            reason=self._store.keyring.lookup("reason", choice.reason).hex(),
        )
        if final:
            self._route(session, alert, decision, now)
        return Decided(
            alert_id=alert.id or 0,
            decision_id=decision.id or 0,
            version=alert.version,
            state=State(alert.state),
            lane=Lane(alert.lane),
            verdict=choice.verdict,
            at=now,
            undo_until=self._undo_until(decision) if _is_verdict(decision) else None,
        )

    def abilities(self, session: Session, alert: Alert, person: User, now: datetime) -> Abilities:
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
            undo_until=self._can_undo(last, person, now),
            held_by=alert.claimed_by if state is State.CLAIMED and not own else None,
        )

    def outcome(self, session: Session, alert_id: int, person: User, now: datetime) -> Outcome | None:
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
            undo_until=self._can_undo(last, person, now),
            reports=len(waiting),
            leaves_at=max(waiting, default=None),
            manual=sum(state == ReportState.MANUAL for state, _ in reports),
            withheld=last.final and last.verdict == Verdict.REPORTABLE and not reports,
        )

    def _can_undo(self, last: Decision | None, person: User, now: datetime) -> datetime | None:
        if last is None or last.user != person.name or not _is_verdict(last) or now > self._undo_until(last):
            return None
        return self._undo_until(last)


_ACTIONS = {
    Step.VERDICT: "decide",
    Step.CONFIRMATION: "confirm",
    Step.RETURN: "return",
    Step.WITHDRAWAL: "undo",
}


def _is_verdict(decision: Decision) -> bool:
    return decision.kind in {Step.VERDICT, Step.CONFIRMATION}


def _may_be_second(person: User, first: Decision) -> bool:
    return person.name != first.user and Permission.SECOND_REVIEW in ALLOWED[Role(person.role)]


def _require_second(session: Session, person: User, first: Decision) -> None:
    require(session, person.name, Permission.SECOND_REVIEW)
    if person.name == first.user:
        raise AuthError(
            f"{person.name!r} decided first: the second person has to be a different one.",
            kept="Nothing was changed.",
            do="Ask somebody who may review a second time.",
        )


def _original(session: Session, alert: Alert, original_id: int, user: str) -> Alert:
    """The alert that another one repeats. Raises `ConfigError`, `RefusedError` where it cannot be that."""
    _, original = find(session, original_id, user)
    last = standing(session, original) if original.verdict == Verdict.DUPLICATE else None
    if last is not None and last.duplicate_of is not None:
        raise ConfigError(
            f"Alert {original_id} is itself a duplicate of alert {last.duplicate_of}.",
            kept="Nothing was changed.",
            do=f"Name alert {last.duplicate_of}.",
        )
    if original.lane != alert.lane:
        raise RefusedError(
            "One of these alerts is in the safeguarding lane, and the other is not.",
            kept="Nothing was changed.",
            do="Decide the conduct of both first.",
        )
    return original
