"""What a post does that joins a campaign which people have seen: attached, put before a person again, or counted.

Nothing inherits a verdict. A post that joins a reportable alert waits in the fast lane for a person's yes; one that
joins a not-reportable alert is counted, and raises it again only with something new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.detect.screening import Screening
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, AlertTerm, Mention, Occurrence, StoredPost
from monitor.store.writing import insert_or_ignore

ATTACHED: Final = "attached"
WAITING: Final = "waiting"
COUNTED: Final = "counted"
ADDED: Final = "added"
LEFT: Final = "left"

NOTICE: Final = timedelta(hours=1)
"""Between two notices, in the audit trail, that an alert that waits has grown."""
_TERMS: Final = frozenset({"term", "ambiguous-term", "second-term", "more-terms"})
"""Parts of the score that terms give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """A post that was just placed. :param post_id: its row."""

    post_id: int
    platform: str
    platform_id: str
    screening: Screening
    at: datetime


def join(session: Session, keyring: Keyring, alert: Alert, post: Joining, *, new: bool) -> None:
    """Notes what a post means for its alert, in the transaction that stored it.

    :param alert: locked, so that a person who decides it now comes before or after, never between.
    :param new: the post raised it.
    """
    stronger = _note_terms(session, keyring, alert, post)
    if new or _is_version(session, alert, post):
        return
    if alert.state != "decided":
        _notice(session, alert, post.at)
    elif alert.verdict == "reportable":
        _set(session, alert, post, WAITING)
        audit.record(
            session,
            post.at,
            actor="system:intake",
            action="alert.fast_lane",
            subject=f"alert:{alert.id}",
            post=post.post_id,
        )
    else:
        _set(session, alert, post, COUNTED)
        news = [*_news(session, alert, post), *(["a stronger term"] if stronger else [])]
        if alert.verdict == "not_reportable" and news:
            _raise_again(session, alert, news, post.at)


def reopen(session: Session, campaign_id: int) -> None:
    """A verdict was taken back: what joined under it is attached like the rest, in the caller's transaction."""
    session.exec(
        update(Occurrence)
        .where(col(Occurrence.campaign_id) == campaign_id, col(Occurrence.state) != LEFT)
        .values(state=ATTACHED, decided_by=None, decided_at=None)
    )


def _note_terms(session: Session, keyring: Keyring, alert: Alert, post: Joining) -> bool:
    """Keeps the post's terms with the alert; True where they weigh more than any before."""
    weight = round(sum(part.weight for part in post.screening.parts if part.name in _TERMS), 3)
    before = session.exec(select(AlertTerm.weight).where(AlertTerm.alert_id == alert.id)).all()
    for term in sorted({match.term for match in post.screening.terms}):
        term_hash = keyring.lookup("term", term)
        if insert_or_ignore(session, AlertTerm, alert_id=alert.id, term_hash=term_hash, weight=weight) is None:
            session.exec(
                update(AlertTerm)
                .where(
                    col(AlertTerm.alert_id) == alert.id,
                    col(AlertTerm.term_hash) == term_hash,
                    col(AlertTerm.weight) < weight,
                )
                .values(weight=weight)
            )
    return weight > max(before, default=weight)


def _is_version(session: Session, alert: Alert, post: Joining) -> bool:
    """True where the campaign has this post already, in another version."""
    return (
        session.exec(
            select(StoredPost.id)
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .where(
                Occurrence.campaign_id == alert.campaign_id,
                StoredPost.platform == post.platform,
                StoredPost.post_id == post.platform_id,
                col(StoredPost.id) != post.post_id,
            )
            .limit(1)
        ).first()
        is not None
    )


def _news(session: Session, alert: Alert, post: Joining) -> list[str]:
    others = (Occurrence.campaign_id == alert.campaign_id, col(Occurrence.post_id) != post.post_id)
    known = select(Mention.identity_id).join(Occurrence, col(Occurrence.post_id) == col(Mention.post_id)).where(*others)
    fresh = session.exec(
        select(Mention.identity_id)
        .where(Mention.post_id == post.post_id, col(Mention.identity_id).not_in(known))
        .limit(1)
    ).first()
    same = session.exec(
        select(StoredPost.id)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(*others, StoredPost.platform == post.platform)
        .limit(1)
    ).first()
    return [*(["another handle"] if fresh is not None else []), *(["another platform"] if same is None else [])]


def _raise_again(session: Session, alert: Alert, news: list[str], at: datetime) -> None:
    alert.state, alert.version = "open", alert.version + 1
    alert.verdict = alert.decided_at = alert.claimed_by = alert.claimed_until = None
    alert.raised_again_at, alert.raised_for = at, news
    session.add(alert)
    audit.record(
        session, at, actor="system:intake", action="alert.raise_again", subject=f"alert:{alert.id}", why=", ".join(news)
    )


def _notice(session: Session, alert: Alert, at: datetime) -> None:
    if alert.noticed_at is not None and at - alert.noticed_at < NOTICE:
        return
    alert.noticed_at = at
    session.add(alert)
    audit.record(session, at, actor="system:intake", action="alert.grew", subject=f"alert:{alert.id}")


def _set(session: Session, alert: Alert, post: Joining, state: str) -> None:
    session.exec(
        update(Occurrence)
        .where(col(Occurrence.campaign_id) == alert.campaign_id, col(Occurrence.post_id) == post.post_id)
        .values(state=state)
    )
