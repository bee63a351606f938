"""What raises an alert again that people had decided as not reportable: only something new.

One rule for a post that joins its campaign and for a campaign that is merged into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from monitor import audit
from monitor.store.tables import Alert, Mention, Occurrence, StoredPost
from monitor.store.writing import rows_changed

ATTACHED: Final = "attached"
WAITING: Final = "waiting"
ADDED: Final = "added"
LEFT: Final = "left"
COUNTED: Final = "counted"
"""States of an occurrence (`monitor.store.tables.Occurrence`)."""


def news(session: Session, *, fresh: Any, known: Any, stronger: bool) -> Iterator[str]:
    """What of some posts is new to others, in words for people; no names.

    :param fresh: selects the ids of the posts that come; `known`: of those that are there.
    :param stronger: they have a term that weighs more than any before.
    """
    before: Any = aliased(Mention)
    there = select(before.identity_id).where(before.identity_id == col(Mention.identity_id), before.post_id.in_(known))
    handles = session.exec(
        select(func.count(func.distinct(Mention.identity_id))).where(col(Mention.post_id).in_(fresh), ~there.exists())
    ).one()
    if handles:
        yield "another handle" if handles == 1 else f"{handles} other handles"
    older: Any = aliased(StoredPost)
    # The first of them is enough: a campaign may have thousands.
    seen = select(older.id).where(older.id.in_(known), older.platform == StoredPost.platform).exists()
    platforms = session.exec(
        select(func.count(func.distinct(StoredPost.platform))).where(col(StoredPost.id).in_(fresh), ~seen)
    ).one()
    if platforms:
        yield "another platform" if platforms == 1 else f"{platforms} other platforms"
    if stronger:
        yield "a stronger term"


def raise_again(
    session: Session,
    alert_id: int,
    *,
    campaign_id: int,
    version: int,
    reasons: Sequence[str],
    at: datetime,
    actor: str,
    **detail: int,
) -> None:
    """Opens a decided alert again; its row must be the caller's (locked, or updated before in this transaction).

    :param detail: what brought it, for the audit trail.
    """
    changed = rows_changed(
        session,
        update(Alert)
        .where(col(Alert.id) == alert_id, col(Alert.version) == version)
        .values(
            state="open",
            version=version + 1,
            verdict=None,
            decided_at=None,
            claimed_by=None,
            claimed_until=None,
            raised_again_at=at,
            raised_for=list(reasons),
        ),
    )
    if changed != 1:
        raise AssertionError("an alert changed while its row was ours")
    reopen(session, campaign_id)
    audit.record(
        session,
        at,
        actor=actor,
        action="alert.raise_again",
        subject=f"alert:{alert_id}",
        version=version,
        reasons=list(reasons),
        **detail,
    )


def reopen(session: Session, campaign_id: int) -> None:
    """An alert is open again: its posts are decided together, but for those that a person left out."""
    session.exec(
        update(Occurrence)
        .where(col(Occurrence.campaign_id) == campaign_id, col(Occurrence.state).not_in([ATTACHED, LEFT]))
        .values(state=ATTACHED, decided_by=None, decided_at=None)
    )
