"""What came back with an alert's posts, as far as terms let posts be set beside one another."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from alerts.masking import clean
from alerts.triage.records import Lane
from alerts.triage.shown import Returned
from monitor.linking import Linking
from monitor.store.tables import Alert, Comeback, Occurrence, SourceRow, StoredPost

LISTED = 50


def returned(session: Session, alert: Alert, linking: Linking) -> list[Returned]:
    """The latest returns first; those of posts that are in a safeguarding alert stay out of other alerts."""
    old: Any = aliased(StoredPost)
    brought: Any = aliased(SourceRow)
    before: Any = aliased(SourceRow)
    there: Any = aliased(Occurrence)
    its: Any = aliased(Alert)
    pick: Any = select  # its types count to four columns
    read: Any = session
    rows: Any = read.exec(
        pick(Comeback, brought.plugin, before.plugin, its.id, its.lane)
        .join(Occurrence, col(Occurrence.post_id) == col(Comeback.post_id))
        .join(StoredPost, col(StoredPost.id) == col(Comeback.post_id))
        .join(brought, brought.name == col(StoredPost.source), isouter=True)
        .join(old, old.id == col(Comeback.gone_post_id))
        .join(before, before.name == old.source, isouter=True)
        .join(there, there.post_id == old.id, isouter=True)
        .join(its, its.campaign_id == there.campaign_id, isouter=True)
        .where(Occurrence.campaign_id == alert.campaign_id)
        .order_by(col(Comeback.back_at).desc(), col(Comeback.id))
    )
    found: list[Returned] = []
    for row, plugin, gone_plugin, other, lane in rows:
        apart = not (linking.may_link(row.platform, plugin) and linking.may_link(row.gone_platform, gone_plugin))
        if (apart and row.platform != row.gone_platform) or (lane == Lane.SAFEGUARDING and other != alert.id):
            continue
        found.append(
            Returned(
                kind=row.kind,
                platform=clean(row.platform),
                gone_platform=clean(row.gone_platform),
                gone_at=row.gone_at,
                returned_at=row.back_at,
                days=row.days,
            )
        )
    return found[:LISTED]
