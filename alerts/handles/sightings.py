"""The posts that share a handle: each once, without those of safeguarding alerts, with what may be done with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from alerts.handles.records import Return
from alerts.masking import clean
from alerts.triage.records import Lane
from monitor.crossref.moments import moment
from monitor.linking import Linking
from monitor.rechecking import GONE
from monitor.store.tables import Alert, Comeback, Mention, Occurrence, SourceRow, StoredPost
from monitor.store.tables.evidence import SEALED

DELETED = "deleted"


@dataclass(slots=True, kw_only=True)
class Sighting:
    """One post in all its stored versions.

    :param at: when it was posted; when it was first seen where it gives no time, or one after that.
    """

    newest: StoredPost
    at: datetime
    first_seen_at: datetime
    may_link: bool
    may_profile: bool
    protected: bool = False
    rows: set[int] = field(default_factory=set[int])
    alerts: set[int] = field(default_factory=set[int])

    @property
    def platform(self) -> str:
        """Where it was posted."""
        return self.newest.platform

    @property
    def gone(self) -> bool:
        """Whether it is unavailable, as far as is known."""
        return self.newest.state == DELETED or self.newest.standing in GONE


def sightings(session: Session, identity_id: int, linking: Linking) -> list[Sighting]:
    """All posts that share an identity, oldest first, but for those that are in a safeguarding alert."""
    found: dict[tuple[str, str], Sighting] = {}
    for post, plugin, alert_id, lane in session.exec(
        select(StoredPost, SourceRow.plugin, Alert.id, Alert.lane)
        .join(Mention, col(Mention.post_id) == col(StoredPost.id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id), isouter=True)
        .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id), isouter=True)
        .where(Mention.identity_id == identity_id)
        .order_by(col(StoredPost.id))
        .options(*map(defer, SEALED))
    ):
        at = moment(post.created_at, post.first_seen_at)
        one = found.setdefault(
            (post.platform, post.post_id),
            Sighting(newest=post, at=at, first_seen_at=post.first_seen_at, may_link=True, may_profile=True),
        )
        one.newest = post
        one.at, one.first_seen_at = min(one.at, at), min(one.first_seen_at, post.first_seen_at)
        one.may_link &= linking.may_link(post.platform, plugin)
        one.may_profile &= linking.may_profile(post.platform, plugin)
        one.protected |= lane == Lane.SAFEGUARDING
        one.rows.add(post.id or 0)
        if alert_id is not None:
            one.alerts.add(alert_id)
    return sorted((one for one in found.values() if not one.protected), key=lambda one: (one.at, one.newest.id or 0))


def returns(session: Session, key_hash: bytes, seen: Iterable[Sighting]) -> list[Return]:
    """The returns of a handle (`monitor.returns`) among these posts, by platform and time."""
    rows = {row for one in seen for row in one.rows}
    found = session.exec(
        select(Comeback)
        .where(Comeback.kind == "handle", Comeback.subject_hash == key_hash)
        .order_by(col(Comeback.platform), col(Comeback.back_at), col(Comeback.id))
    )
    return [
        Return(
            platform=clean(one.platform),
            gone_platform=clean(one.gone_platform),
            unavailable_at=one.gone_at,
            returned_at=one.back_at,
            days=one.days,
        )
        for one in found
        if {one.post_id, one.gone_post_id} <= rows
    ]
