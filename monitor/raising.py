"""Puts a campaign before an analyst: one alert a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.detect.screening import Screening
from monitor.store.tables import Alert, StoredPost
from monitor.store.writing import insert_or_ignore


class Raised(NamedTuple):
    """The alert that a post belongs to, and whether the post raised it."""

    alert_id: int
    new: bool


def raise_alert(
    session: Session, campaign: int, screening: Screening, explanation: dict[str, Any], at: datetime
) -> Raised:
    """The alert of a campaign that a post just joined; raised if there is none.

    :param explanation: the frozen screening.
    """
    # Asked first: on PostgreSQL an insert that is not needed uses up a number, and people see these numbers.
    known = session.exec(select(Alert.id).where(col(Alert.campaign_id) == campaign)).first()
    if known is not None:
        session.exec(update(Alert).where(col(Alert.id) == known).values(last_occurrence_at=at))
        return Raised(known, new=False)
    raised = _open(
        session,
        campaign,
        at,
        score=screening.score,
        rule=screening.rule,
        bundle=screening.bundle,
        explanation=explanation,
        lane="main",
    )
    return Raised(raised, new=True)


def raise_for(session: Session, campaign: int, post: StoredPost, at: datetime, *, lane: str) -> int:
    """The alert of a campaign that a person made of stored posts: a new one, or its own from before, open again.

    :param post: its first post.
    :param lane: that of the alert which the posts come from.
    """
    known = session.exec(select(Alert).where(Alert.campaign_id == campaign)).first()
    if known is None:
        return _open(
            session,
            campaign,
            at,
            score=post.score,
            rule=post.rule,
            bundle=post.bundle,
            explanation=post.screening,
            lane=lane,
        )
    if known.verdict in {"reportable", "not_reportable"}:
        return known.id or 0  # decided for itself, before it was merged
    known.lane, known.state, known.verdict, known.decided_at = lane, "open", None, None
    known.version += 1
    known.claimed_by = known.claimed_until = None
    session.add(known)
    session.flush()
    return known.id or 0


def _open(session: Session, campaign: int, at: datetime, *, score: float, **values: Any) -> int:
    raised = insert_or_ignore(
        session,
        Alert,
        campaign_id=campaign,
        state="open",
        version=1,
        priority=priority(score),
        score=score,
        opened_at=at,
        last_occurrence_at=at,
        **values,
    )
    if raised is None:
        raise AssertionError("writers take turns, and an alert that was looked for is there nevertheless")
    audit.record(session, at, actor="system:intake", action="alert.open", subject=f"alert:{raised}", campaign=campaign)
    return raised


def priority(score: float) -> int:
    """0 to 1000, higher first: the score alone, until it is reckoned (`monitor.ranking`)."""
    return round(score * 1000)
