"""The fast lane: posts that joined an alert after it was found reportable. A person still says yes to each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session, col, func, select

from alerts.masking import clean
from alerts.outbox.reports import ReportState, withdraw_report
from alerts.roles import Permission, require
from alerts.triage import choice, moves, waiting
from alerts.triage.records import Lane
from alerts.triage.reveals import note_reveal
from alerts.triage.waiting import Said, WaitingLine, WaitingPost
from alerts.verdicts import Verdict
from monitor import audit
from monitor.errors import RefusedError
from monitor.reraising import ADDED, LEFT, WAITING
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Occurrence, Report, StoredPost


class RoutePosts(Protocol):
    """Enqueues the reports of some of a decision's posts (`alerts.routing.Router.route`)."""

    def __call__(
        self,
        session: Session,
        *,
        alert: Alert,
        decision: Decision,
        at: datetime,
        only: Collection[int] | None,
        actor: str | None,
    ) -> Sequence[Report]:
        """The reports that are new."""
        ...


class FastLane:
    """Posts that joined reportable alerts, one by one before a person.

    :param route: enqueues the reports of a post that somebody says yes to.
    :param undo_seconds: how long whoever said yes or no can take it back (`review.undo_seconds`).
    :param ask_first: platforms that want deletions followed (`alerts.triage.Triage`).
    """

    def __init__(
        self, store: Store, *, route: RoutePosts, undo_seconds: float, ask_first: Collection[str] = ()
    ) -> None:
        self._store = store
        self._route = route
        self._undo_seconds = undo_seconds
        self._ask_first = frozenset(ask_first)

    def waiting(
        self, *, user: str, lane: Lane = Lane.MAIN, alert_id: int | None = None, limit: int = 50
    ) -> list[WaitingPost]:
        """Posts that wait, longest first. Raises `AuthError`.

        :param alert_id: only those of this alert.
        """
        with self._store.read() as session:
            self._require(session, user, lane)
            return [self._shown(session, *row) for row in waiting.rows(session, lane, limit, alert_id)]

    def lines(self, *, user: str, lane: Lane = Lane.MAIN, limit: int = 50) -> list[WaitingLine]:
        """The same posts as a list of lines, without their words. Raises `AuthError`."""
        with self._store.read() as session:
            self._require(session, user, lane)
            return [
                WaitingLine(
                    alert_id=alert.id or 0,
                    post_id=occurrence.post_id,
                    platform=clean(post.platform),
                    handles=waiting.handles_of(session, occurrence.post_id),
                    joined_at=occurrence.added_at,
                )
                for occurrence, alert, post in waiting.rows(session, lane, limit)
            ]

    def post(self, alert_id: int, post_id: int, *, user: str) -> WaitingPost:
        """One post that waits, masked. Raises `RefusedError` where it does not, `NoSuchAlertError`, `AuthError`."""
        with self._store.read() as session:
            _, alert = moves.find_for(session, alert_id, user)
            occurrence, _ = self._find(session, alert, post_id)
            return self._shown(session, occurrence, alert, session.get_one(StoredPost, post_id))

    def reveal(self, alert_id: int, post_id: int, *, user: str, reason: str) -> WaitingPost:
        """The post in clear. Who looked and why is committed before the text is handed out. Raises as :meth:`post`."""
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            occurrence, _ = self._find(session, alert, post_id)
            at = self._store.now()
            note_reveal(session, self._store.keyring, alert_id, user=person.name, reason=reason, at=at, post=post_id)
            return self._shown(session, occurrence, alert, session.get_one(StoredPost, post_id), clear=True)

    def said(self, alert_id: int, post_id: int, *, user: str) -> Said | None:
        """What this person's word made of a post, for the notice after it; None where nobody or another said it."""
        with self._store.read() as session:
            person, alert = moves.find_for(session, alert_id, user)
            row = session.get(Occurrence, (alert.campaign_id, post_id)) if 0 < post_id < 2**31 else None
            if row is None or row.decided_by != person.name or row.state not in {ADDED, LEFT}:
                return None
            reports = _reports_of(session, alert_id, post_id, row.decided_at)
            return waiting.said_of(alert_id, post_id, row.state, reports, undo_until=self._undo_until(row))

    def count(self, *, user: str, lane: Lane = Lane.MAIN) -> int:
        """How many posts wait."""
        with self._store.read() as session:
            self._require(session, user, lane)
            return session.exec(
                select(func.count())
                .select_from(Occurrence)
                .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
                .where(Occurrence.state == WAITING, Alert.lane == lane)
            ).one()

    def add(self, alert_id: int, post_id: int, *, user: str) -> Said:
        """Yes: the post is reported under the decision that stands. Raises `RefusedError` where it does not wait."""
        return self._say(alert_id, post_id, user=user, state=ADDED, reason=None)

    def leave(self, alert_id: int, post_id: int, *, user: str, reason: str) -> Said:
        """No: the post stays with the campaign and is not reported. Raises `RefusedError`, `ConfigError`."""
        why = choice.worded(reason, "To leave a post out")
        return self._say(alert_id, post_id, user=user, state=LEFT, reason=why)

    def _say(self, alert_id: int, post_id: int, *, user: str, state: str, reason: str | None) -> Said:
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            # Locked: an undo of the decision comes before or after.
            alert = session.get_one(Alert, alert.id, with_for_update=True, populate_existing=True)
            occurrence, decision = self._find(session, alert, post_id)
            now = self._store.now()
            occurrence.state, occurrence.decided_by, occurrence.decided_at = state, person.name, now
            session.add(occurrence)
            audit.record(
                session,
                now,
                actor=person.name,
                action="alert.fast_lane_yes" if state == ADDED else "alert.fast_lane_no",
                subject=f"alert:{alert_id}",
                post=post_id,
                decision=decision.id,
                **({"reason": self._store.keyring.lookup("reason", reason).hex()} if reason is not None else {}),
            )
            session.flush()
            made = (
                self._route(session, alert=alert, decision=decision, at=now, only={post_id}, actor=person.name)
                if state == ADDED
                else ()
            )
            until = self._undo_until(occurrence)
            return waiting.said_of(alert_id, post_id, state, made, undo_until=until)

    def undo(self, alert_id: int, post_id: int, *, user: str) -> Said:
        """Takes one's own yes or no back within the undo window: the post waits again, its reports are withdrawn.

        :raises RefusedError: nobody or another said it, it is too late, or a report of it has left; nothing changes.
        """
        with self._store.write() as session:
            person, alert = moves.find_for(session, alert_id, user)
            alert = session.get_one(Alert, alert.id, with_for_update=True, populate_existing=True)
            occurrence = self._own(session, alert, post_id, person.name)
            now, said = self._store.now(), occurrence.state
            for report in _reports_of(session, alert_id, post_id, occurrence.decided_at):
                withdraw_report(session, report, actor=person.name, at=now, detail="the yes was undone")
            occurrence.state, occurrence.decided_by, occurrence.decided_at = WAITING, None, None
            session.add(occurrence)
            _, decision = self._find(session, alert, post_id)
            audit.record(
                session,
                now,
                actor=person.name,
                action="alert.fast_lane_undo",
                subject=f"alert:{alert_id}",
                post=post_id,
                decision=decision.id,
                said="yes" if said == ADDED else "no",
            )
            return waiting.said_of(alert_id, post_id, WAITING, (), undo_until=None)

    def _own(self, session: Session, alert: Alert, post_id: int, user: str) -> Occurrence:
        """The post to which this person said yes or no a moment ago. Raises `RefusedError`."""
        row = session.get(Occurrence, (alert.campaign_id, post_id)) if 0 < post_id < 2**31 else None
        if row is None or row.decided_by != user or row.state not in {ADDED, LEFT}:
            raise RefusedError(
                f"There is no word of yours on post {post_id} of alert {alert.id} to undo.", kept="Nothing changed."
            )
        until = self._undo_until(row)
        if until is None or self._store.now() > until:
            raise RefusedError(
                f"It is too late to undo: your word is older than {self._undo_seconds:g} s.",
                kept="It stands.",
                do="Withdraw its reports with `handlewatch reports withdraw`.",
            )
        return row

    def _undo_until(self, occurrence: Occurrence) -> datetime | None:
        at = occurrence.decided_at
        return at + timedelta(seconds=self._undo_seconds) if at else None

    def _require(self, session: Session, user: str, lane: Lane) -> None:
        require(session, user, Permission.SAFEGUARDING if lane is Lane.SAFEGUARDING else Permission.REVIEW)

    def _find(self, session: Session, alert: Alert, post_id: int) -> tuple[Occurrence, Decision]:
        """The waiting post, and the decision that stands. Raises `RefusedError`."""
        occurrence = session.get(Occurrence, (alert.campaign_id, post_id)) if 0 < post_id < 2**31 else None
        decision = moves.standing(session, alert)
        if (
            occurrence is None
            or occurrence.state != WAITING
            or decision is None
            or decision.verdict != Verdict.REPORTABLE
            or not decision.final
        ):
            raise RefusedError(
                f"Post {post_id} of alert {alert.id} does not wait for a word.",
                kept="Nothing was changed and nothing was sent.",
                do="Look at what waits: handlewatch alerts waiting",
            )
        return occurrence, decision

    def _shown(
        self, session: Session, occurrence: Occurrence, alert: Alert, post: StoredPost, *, clear: bool = False
    ) -> WaitingPost:
        keyring, ask_first = self._store.keyring, self._ask_first
        return waiting.shown(session, keyring, occurrence, alert, post, ask_first=ask_first, clear=clear)


def _reports_of(session: Session, alert_id: int, post_id: int, at: datetime | None) -> Sequence[Report]:
    """What a word that was said then made, and nobody took back."""
    return session.exec(
        select(Report).where(
            Report.alert_id == alert_id,
            Report.post_id == post_id,
            Report.created_at == at,
            Report.state != ReportState.WITHDRAWN,
        )
    ).all()
