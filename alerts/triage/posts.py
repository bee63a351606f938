"""An alert's posts: where they are, which of them, and which campaign has them now."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from alerts.masking import Masker, clean, tag
from alerts.triage.shown import OccurrenceShown
from monitor.campaigns.redirects import home_of
from monitor.reraising import WAITING
from monitor.store.tables import Account, Alert, Occurrence, StoredPost

OCCURRENCES = 50
"""Posts of a campaign that one view lists, newest first; the count says how many there are."""


def part_of(session: Session, alert: Alert) -> int | None:
    """The alert that has the posts of a merged campaign; None where they are its own."""
    home = home_of(session, alert.campaign_id)
    if home == alert.campaign_id:
        return None
    return session.exec(select(Alert.id).where(Alert.campaign_id == home)).first()


def waiting(session: Session, alert: Alert) -> int:
    """How many of its posts are in the fast lane."""
    return session.exec(
        select(func.count())
        .select_from(Occurrence)
        .where(Occurrence.campaign_id == alert.campaign_id, Occurrence.state == WAITING)
    ).one()


def platforms(session: Session, alert: Alert) -> dict[str, int]:
    """Posts by platform."""
    return dict(
        session.exec(
            select(StoredPost.platform, func.count())
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .where(Occurrence.campaign_id == alert.campaign_id)
            .group_by(StoredPost.platform)
        ).all()
    )


def occurrences(session: Session, alert: Alert, masker: Masker) -> list[OccurrenceShown]:
    """The newest posts."""
    rows = session.exec(
        select(StoredPost, Account)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .join(Account, col(Account.id) == col(StoredPost.account_id), isouter=True)
        .where(Occurrence.campaign_id == alert.campaign_id)
        .order_by(col(StoredPost.first_seen_at).desc(), col(StoredPost.id).desc())
        .limit(OCCURRENCES)
    )
    return [
        OccurrenceShown(
            post_id=row.id or 0,
            platform=clean(row.platform),
            instance=masker.host((row.record or {}).get("instance")),
            account=account_label(account),
            url=address(row) if masker.clear else None,
            created_at=row.created_at,
            first_seen_at=row.first_seen_at,
            state=row.state,
        )
        for row, account in rows
    ]


def address(row: StoredPost) -> str | None:
    """Where a post is, in clear."""
    url = (row.record or {}).get("url")
    return clean(url, limit=2000) if isinstance(url, str) else None


def account_label(account: Account | None) -> str:
    """How an account is named: "account A-7B1QXK"."""
    return f"account {tag('A', account.key_hash)}" if account else "account"
