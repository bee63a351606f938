"""Verdicts, by one person or two: deciding, confirming, returning, undoing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from alerts.drafting import Ruling
from alerts.roles import ALLOWED, Permission, Role, require
from alerts.triage.abilities import is_verdict, require_second, undo_until
from alerts.triage.choice import complete, lane_after, same, worded
from alerts.triage.moves import change, find, find_for, refusal, standing
from alerts.triage.recording import record
from alerts.triage.records import Choice, Decided, State, Step
from alerts.triage.restoring import restore
from alerts.triage.texts import Prepare, Route, with_texts
from alerts.verdicts import Conduct, Verdict
from monitor.campaigns.merging import Act, Merging
from monitor.errors import ConfigError, RefusedError
from monitor.reraising import reopen
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, User
from monitor.store.writing import take_turn


class Decisions:
    """Verdicts, by one person or two. See :class:`alerts.triage.Triage`."""

    def __init__(
        self,
        store: Store,
        *,
        route: Route,
        prepare: Prepare | None,
        review: Review,
        withdraw: Any,
        relink: Any,
    ) -> None:
        self._store = store
        self._route = route
        self._prepare = prepare
        self._review = review
        self._withdraw = withdraw
        self._relink = relink

    def decide(self, alert_id: int, *, version: int, choice: Choice, user: str) -> Decided:
        """See `Triage.decide`."""
        choice = complete(choice, alert_id)
        now = self._store.now()
        ruling = self._ruling(alert_id, version, choice, user, now)

        def act(route: Route) -> Decided:
            return self._decide(alert_id, version=version, choice=choice, user=user, now=now, route=route)

        return with_texts(self._prepare, ruling, self._route, act)

    def _ruling(self, alert_id: int, version: int, choice: Choice, user: str, now: datetime) -> Ruling | None:
        """What the choice is going to say, where it is final and something leaves. The transaction looks again."""
        if choice.verdict is not Verdict.REPORTABLE or choice.conduct is None:
            return None
        with self._store.read() as session:
            person, alert = find_for(session, alert_id, user)
            if alert.version != version or self._needs_second(choice, person):
                return None
        return Ruling(alert_id=alert_id, version=version, conduct=choice.conduct, risk=choice.risk or "", at=now)

    def _decide(
        self, alert_id: int, *, version: int, choice: Choice, user: str, now: datetime, route: Route
    ) -> Decided:
        with self._store.write() as session:
            if choice.duplicate_of is not None:
                take_turn(session)
            person, alert = find_for(session, alert_id, user)
            original = _original(session, alert, choice.duplicate_of, user) if choice.duplicate_of else None
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
            final = route if alone else None
            return self._record(session, alert, Step.VERDICT, choice, person, now, lane=lane, route=final)

    def _takes_over(self, session: Session, alert: Alert, version: int, person: User) -> list[State] | None:
        """An escalated alert is decided by a second, more senior person out of second review."""
        last = standing(session, alert)
        if alert.state != State.SECOND_REVIEW or alert.version != version or last is None:
            return None
        if last.verdict != Verdict.ESCALATED:
            return None
        require_second(session, person, last)
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
        now = self._store.now()

        def act(route: Route) -> Decided:
            return self._confirm(alert_id, version=version, why=why, user=user, now=now, route=route)

        return with_texts(self._prepare, self._confirmed(alert_id, version, user, now), self._route, act)

    def _confirmed(self, alert_id: int, version: int, user: str, now: datetime) -> Ruling | None:
        """What a confirmation is going to say, where something leaves. The transaction looks again."""
        with self._store.read() as session:
            _, alert = find_for(session, alert_id, user)
            first = standing(session, alert)
        if alert.version != version or first is None or first.verdict != Verdict.REPORTABLE or not first.conduct:
            return None
        conduct = Conduct(first.conduct)
        return Ruling(alert_id=alert_id, version=version, conduct=conduct, risk=first.risk or "", at=now)

    def _confirm(self, alert_id: int, *, version: int, why: str, user: str, now: datetime, route: Route) -> Decided:
        with self._store.write() as session:
            person, alert = find_for(session, alert_id, user)
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
            return self._record(session, alert, Step.CONFIRMATION, same(first, why), person, now, route=route)

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
            return self._record(session, alert, Step.RETURN, same(first, why), person, now, route=None)

    def _first(self, session: Session, alert: Alert, version: int, now: datetime, person: User) -> Decision:
        """The verdict that waits for a second person, checked against the one who acts on it."""
        first = standing(session, alert)
        if alert.state != State.SECOND_REVIEW or alert.version != version or first is None:
            raise refusal(session, alert, version, now, person.name)
        require_second(session, person, first)
        return first

    def undo(self, alert_id: int, *, user: str) -> Decided:
        """See `Triage.undo`."""
        with self._store.write() as session:
            person = require(session, user, Permission.REVIEW)
            alert = session.get(Alert, alert_id)
            last = standing(session, alert) if alert else None
            if alert is None or last is None or last.user != user or not is_verdict(last):
                raise RefusedError(
                    f"There is no decision of yours on alert {alert_id} to undo.", kept="Nothing changed."
                )
            now = self._store.now()
            if now > undo_until(last, self._review.undo_seconds):
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
                left = Merging(session, self._store.keyring).unmerge(alert.campaign_id, act).campaign_id
                restore(
                    session,
                    self._store.keyring,
                    campaign_id=left,
                    merged_at=last.decided_at,
                    person=person,
                    now=now,
                    undo_seconds=self._review.undo_seconds,
                )
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
            return self._record(session, alert, Step.WITHDRAWAL, same(last, "undone"), person, now, route=None)

    def _record(
        self,
        session: Session,
        alert: Alert,
        step: Step,
        choice: Choice,
        person: User,
        now: datetime,
        *,
        route: Route | None,
        lane: str | None = None,
    ) -> Decided:
        return record(
            session,
            alert,
            step,
            choice,
            person,
            now,
            keyring=self._store.keyring,
            route=route,
            lane=lane,
            undo_seconds=self._review.undo_seconds,
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
