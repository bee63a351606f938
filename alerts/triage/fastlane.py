"""The fast lane: posts that joined an alert after it was found reportable. A person still says yes to each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session, col, func, select

from alerts.masking import clean, tag
from alerts.outbox.reports import ReportState
from alerts.roles import Permission, require
from alerts.triage import choice, moves
from alerts.triage.records import Lane, PostShown
from alerts.triage.reveals import note_reveal
from alerts.triage.view import post_shown
from alerts.verdicts import Verdict
from monitor import audit
from monitor.errors import RefusedError
from monitor.reraising import ADDED, ATTACHED, LEFT, WAITING, news
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Identity, Mention, Occurrence, Report, StoredPost


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


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPost:
    """One post in the fast lane; nothing in clear.

    :param post: itself, masked. :param handles: labels as "handle H-4F2KQ7 · wickr".
    :param news: what no other post of the campaign has that a person said yes to, in words.
    :param conduct: of the decision that stands, like `risk`, `verdict_by` and `verdict_at`.
    """

    alert_id: int
    post_id: int
    post: PostShown
    lane: Lane
    news: Sequence[str]
    handles: Sequence[str]
    score: float
    joined_at: datetime
    conduct: str | None
    risk: str | None
    verdict_by: str
    verdict_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """One line of the list of what waits; see `WaitingPost`."""

    alert_id: int
    post_id: int
    platform: str
    handles: Sequence[str]
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person's word made of a waiting post.

    :param reports: how many were enqueued, to leave at `leaves_at`; `manual` of them a person has to file.
    """

    alert_id: int
    post_id: int
    state: str
    reports: int
    manual: int = 0
    leaves_at: datetime | None = None


class FastLane:
    """Posts that joined reportable alerts, one by one before a person.

    :param route: enqueues the reports of a post that somebody says yes to.
    :param ask_first: platforms that want deletions followed (`alerts.triage.Triage`).
    """

    def __init__(self, store: Store, *, route: RoutePosts, ask_first: Collection[str] = ()) -> None:
        self._store = store
        self._route = route
        self._ask_first = frozenset(ask_first)

    def waiting(
        self, *, user: str, lane: Lane = Lane.MAIN, alert_id: int | None = None, limit: int = 50
    ) -> list[WaitingPost]:
        """Posts that wait, longest first. Raises `AuthError`.

        :param alert_id: only those of this alert.
        """
        with self._store.read() as session:
            self._require(session, user, lane)
            return [self._shown(session, *row) for row in _waiting(session, lane, limit, alert_id)]

    def lines(self, *, user: str, lane: Lane = Lane.MAIN, limit: int = 50) -> list[WaitingLine]:
        """The same posts as a list of lines, without their words. Raises `AuthError`."""
        with self._store.read() as session:
            self._require(session, user, lane)
            return [
                WaitingLine(
                    alert_id=alert.id or 0,
                    post_id=occurrence.post_id,
                    platform=clean(post.platform),
                    handles=_handles(session, occurrence.post_id),
                    joined_at=occurrence.added_at,
                )
                for occurrence, alert, post in _waiting(session, lane, limit)
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
            reports = session.exec(
                select(Report).where(
                    Report.alert_id == alert_id, Report.post_id == post_id, Report.created_at == row.decided_at
                )
            ).all()
            return _said(alert_id, post_id, row.state, reports)

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
            return _said(alert_id, post_id, state, made)

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
        decision = moves.standing(session, alert)
        return WaitingPost(
            alert_id=alert.id or 0,
            post_id=occurrence.post_id,
            post=post_shown(session, self._store.keyring, post, clear=clear, ask_first=self._ask_first),
            lane=Lane(alert.lane),
            news=list(news(session, fresh=[occurrence.post_id], known=_agreed(alert), stronger=False)),
            handles=_handles(session, occurrence.post_id),
            score=post.score,
            joined_at=occurrence.added_at,
            conduct=decision.conduct if decision else None,
            risk=decision.risk if decision else None,
            verdict_by=decision.user if decision else "",
            verdict_at=decision.decided_at if decision else alert.opened_at,
        )


def _waiting(
    session: Session, lane: Lane, limit: int, alert_id: int | None = None
) -> Sequence[tuple[Occurrence, Alert, StoredPost]]:
    """What waits, longest first."""
    of_alert = () if alert_id is None else (Alert.id == alert_id,)
    return session.exec(
        select(Occurrence, Alert, StoredPost)
        .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
        .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
        .where(Occurrence.state == WAITING, Alert.lane == lane, *of_alert)
        .order_by(col(Occurrence.added_at), col(Occurrence.post_id))
        .limit(max(1, min(limit, 200)))
    ).all()


def _agreed(alert: Alert) -> Any:
    """The posts of an alert's campaign that people found reportable."""
    return select(Occurrence.post_id).where(
        Occurrence.campaign_id == alert.campaign_id, col(Occurrence.state).in_([ATTACHED, ADDED])
    )


def _handles(session: Session, post_id: int) -> list[str]:
    identities = session.exec(
        select(Identity.app, Identity.key_hash)
        .join(Mention, col(Mention.identity_id) == col(Identity.id))
        .where(Mention.post_id == post_id)
        .order_by(col(Identity.app), col(Identity.id))
    )
    return [f"handle {tag('H', key_hash)} · {app}" for app, key_hash in identities]


def _said(alert_id: int, post_id: int, state: str, reports: Sequence[Report]) -> Said:
    leaving = [report.due_at for report in reports if report.state != ReportState.MANUAL]
    return Said(
        alert_id=alert_id,
        post_id=post_id,
        state=state,
        reports=len(reports),
        manual=len(reports) - len(leaving),
        leaves_at=max(leaving, default=None),
    )
