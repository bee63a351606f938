"""What waits in the fast lane, and what a person's word made of it: how it is read and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from alerts.masking import tag
from alerts.outbox.reports import ReportState
from alerts.triage import moves
from alerts.triage.records import Lane
from alerts.triage.shown import PostShown
from alerts.triage.view import post_shown
from monitor.reraising import ADDED, ATTACHED, WAITING, news
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, Identity, Mention, Occurrence, Report, StoredPost


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
    :param undo_until: until when whoever said it can take it back.
    """

    alert_id: int
    post_id: int
    state: str
    reports: int
    manual: int = 0
    leaves_at: datetime | None = None
    undo_until: datetime | None = None


def shown(
    session: Session,
    keyring: Keyring,
    occurrence: Occurrence,
    alert: Alert,
    post: StoredPost,
    *,
    ask_first: frozenset[str],
    clear: bool = False,
) -> WaitingPost:
    """A post that waits, with what a person needs to say yes or no."""
    decision = moves.standing(session, alert)
    return WaitingPost(
        alert_id=alert.id or 0,
        post_id=occurrence.post_id,
        post=post_shown(session, keyring, post, clear=clear, ask_first=ask_first),
        lane=Lane(alert.lane),
        news=list(news(session, fresh=[occurrence.post_id], known=_agreed(alert), stronger=False)),
        handles=handles_of(session, occurrence.post_id),
        score=post.score,
        joined_at=occurrence.added_at,
        conduct=decision.conduct if decision else None,
        risk=decision.risk if decision else None,
        verdict_by=decision.user if decision else "",
        verdict_at=decision.decided_at if decision else alert.opened_at,
    )


def rows(
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


def handles_of(session: Session, post_id: int) -> list[str]:
    """Labels of a post's handles, masked."""
    identities = session.exec(
        select(Identity.app, Identity.key_hash)
        .join(Mention, col(Mention.identity_id) == col(Identity.id))
        .where(Mention.post_id == post_id)
        .order_by(col(Identity.app), col(Identity.id))
    )
    return [f"handle {tag('H', key_hash)} · {app}" for app, key_hash in identities]


def said_of(alert_id: int, post_id: int, state: str, reports: Sequence[Report], *, undo_until: datetime | None) -> Said:
    """A person's word, and what it made."""
    leaving = [report.due_at for report in reports if report.state != ReportState.MANUAL]
    return Said(
        alert_id=alert_id,
        post_id=post_id,
        state=state,
        reports=len(reports),
        manual=len(reports) - len(leaving),
        leaves_at=max(leaving, default=None),
        undo_until=undo_until,
    )
