"""Puts a campaign before an analyst: one alert a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.detect.screening import Screening
from monitor.store.tables import Alert, StoredPost
from monitor.store.writing import put, run


class Stands(NamedTuple):
    """Where an alert stands. Its row was updated in this transaction: nobody else changes it before this ends."""

    state: str
    version: int
    verdict: str | None
    noticed_at: datetime | None


class Raised(NamedTuple):
    """The alert that a post belongs to; `standing` is that of one that was there, None of one that the post raised."""

    alert_id: int
    standing: Stands | None

    @property
    def new(self) -> bool:
        """Whether the post raised it."""
        return self.standing is None


_GROWN: Final = (
    update(Alert)
    .where(col(Alert.campaign_id) == bindparam("campaign"))
    .values(last_occurrence_at=bindparam("at"))
    .returning(col(Alert.id), col(Alert.state), col(Alert.version), col(Alert.verdict), col(Alert.noticed_at))
)


def raise_alert(
    session: Session, campaign: int, screening: Screening, explanation: dict[str, Any], at: datetime
) -> Raised:
    """The alert of a campaign that a post just joined; raised if there is none.

    :param explanation: the frozen screening.
    """
    # Asked first: on PostgreSQL an insert that is not needed uses up a number, and people see these numbers.
    known = run(session, _GROWN, {"campaign": campaign, "at": at}).first()
    if known is not None:
        return Raised(known[0], Stands(*known[1:]))
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
    return Raised(raised, None)


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
    raised = put(
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
