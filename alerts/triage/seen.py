"""The handles of an alert, and where else they are known, as far as terms let posts be set beside one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from alerts.masking import clean, tag
from alerts.triage.records import Lane
from alerts.triage.shown import HandleSeen
from monitor.linking import Linking
from monitor.store.tables import Alert, Identity, Mention, Occurrence, SourceRow, StoredPost

OTHER_ALERTS = 10


def handles_seen(
    session: Session,
    alert: Alert,
    matched: Mapping[str, Sequence[Mapping[str, Any]]],
    identities: dict[str, Identity],
    linking: Linking,
    *,
    clear: bool,
) -> list[HandleSeen]:
    """The handles of an alert, with where else each is known.

    :param matched: the matches of the frozen explanation, by the handle's keyed hash (hex); `identities` likewise.
    """
    ids = [row.id for row in identities.values()]
    beside = _may_stand_beside(session, alert, linking)
    seen = _seen(session, alert, ids, beside)
    others = _other_alerts(session, alert, ids, beside)
    found: list[HandleSeen] = []
    for key, matches in matched.items():
        row = identities.get(key)
        platforms = seen.get(row.id, {}) if row else {}
        found.append(
            HandleSeen(
                tag=tag("H", bytes.fromhex(key)),
                app=matches[0]["app"],
                name=clean(row.handle) if row and row.handle and clear else None,
                confidence=max(match["confidence"] for match in matches),
                steps=steps_of(matches),
                first_seen_at=row.first_seen_at if row else None,
                posts=sum(platforms.values()),
                platforms=sorted(map(clean, platforms)),
                alerts=others.get(row.id, ()) if row else (),
            )
        )
    return found


def _may_stand_beside(session: Session, alert: Alert, linking: Linking) -> ColumnElement[bool]:
    """Which posts the terms let be set beside an alert's own: those of its platforms, and what may be linked where
    its own may be.
    """
    own = session.exec(
        select(StoredPost.platform, SourceRow.plugin)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source))
        .where(Occurrence.campaign_id == alert.campaign_id)
        .distinct()
    ).all()
    same = col(StoredPost.platform).in_({platform for platform, _ in own})
    if not any(linking.may_link(platform, plugin) for platform, plugin in own):
        return same
    linkable = and_(
        col(StoredPost.platform).not_in(linking.unlinked_platforms),
        col(SourceRow.plugin).not_in(linking.unlinked_plugins),
    )
    return or_(same, linkable)


def _seen(
    session: Session, alert: Alert, ids: Sequence[int | None], beside: ColumnElement[bool]
) -> dict[int | None, dict[str, int]]:
    """Posts by identity and platform; those of safeguarding alerts stay out of what is linked."""
    rows = session.exec(
        select(Mention.identity_id, StoredPost.platform, func.count(func.distinct(StoredPost.post_id)))
        .join(StoredPost, col(StoredPost.id) == col(Mention.post_id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source))
        .join(Occurrence, col(Occurrence.post_id) == col(Mention.post_id))
        .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
        .where(col(Mention.identity_id).in_(ids), (Alert.lane == Lane.MAIN) | (Alert.id == alert.id), beside)
        .group_by(col(Mention.identity_id), StoredPost.platform)
    )
    seen: dict[int | None, dict[str, int]] = {}
    for identity, platform, count in rows:
        seen.setdefault(identity, {})[platform] = count
    return seen


def _other_alerts(
    session: Session, alert: Alert, ids: Sequence[int | None], beside: ColumnElement[bool]
) -> dict[int | None, list[tuple[int, str]]]:
    rows = session.exec(
        select(Mention.identity_id, Alert.id, Alert.state, Alert.verdict)
        .join(StoredPost, col(StoredPost.id) == col(Mention.post_id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source))
        .join(Occurrence, col(Occurrence.post_id) == col(Mention.post_id))
        .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
        .where(col(Mention.identity_id).in_(ids), Alert.lane == Lane.MAIN, Alert.id != alert.id, beside)
        .distinct()
        .order_by(col(Alert.id).desc())
        .limit(OTHER_ALERTS * max(1, len(ids)))
    )
    others: dict[int | None, list[tuple[int, str]]] = {}
    for identity, alert_id, state, verdict in rows:
        listed = others.setdefault(identity, [])
        if len(listed) < OTHER_ALERTS:
            listed.append((alert_id or 0, verdict or state))
    return others


def steps_of(matches: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was folded to see these matches, each step once."""
    return list(dict.fromkeys(step for match in matches for step in match.get("steps", ())))
