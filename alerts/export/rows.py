"""The rows of a batch: one for each post of a decided, reportable alert. No text of posts, no coded terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from alerts.verdicts import Conduct, Verdict
from monitor.records import from_record
from monitor.store.tables import Alert, Decision, Identity, Mention, Occurrence, StoredPost

SCHEMA_VERSION = 1
COLUMNS = (
    "schema_version",
    "alert_id",
    "campaign_id",
    "decision_id",
    "conduct",
    "risk",
    "decided_at",
    "platform",
    "instance",
    "post_id",
    "url",
    "post_state",
    "posted_at",
    "first_seen_at",
    "account_id",
    "account_handle",
    "handles",
    "rule",
    "score",
    "bundle",
)
"""The columns of every format, in the order of CSV."""

_PORTION = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which alerts: reportable ones that were decided in a span of time; both ends may be open.

    Alerts in which the poster may be a child are never in a batch: there is no way to ask for them.
    """

    since: datetime | None = None
    until: datetime | None = None

    def as_query(self) -> dict[str, Any]:
        """The selection, as the manifest states it."""
        return {
            "verdict": Verdict.REPORTABLE.value,
            "decided_since": iso(self.since),
            "decided_until": iso(self.until),
            "without": [conduct.value for conduct in Conduct if conduct.safeguarding] + ["lane:safeguarding"],
        }


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, with "Z"."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rows(session: Session, selection: Selection) -> Iterator[dict[str, Any]]:
    """The rows, in the order of alert and post. One consistent look: read them in one transaction."""
    after = 0
    while True:
        chosen = session.exec(_alerts(selection, after)).all()
        if not chosen:
            return
        for alert, decision in chosen:
            for post in _posts(session, alert):
                yield _row(session, alert, decision, post)
        after = chosen[-1][0].id or 0
        session.expunge_all()


def _alerts(selection: Selection, after: int) -> Select[Alert, Decision]:
    query = (
        select(Alert, Decision)
        # The decision that stands is the one whose version is one below the alert's.
        .join(Decision, (col(Decision.alert_id) == col(Alert.id)) & (Decision.alert_version == Alert.version - 1))
        .where(
            Alert.state == "decided",
            Alert.verdict == Verdict.REPORTABLE,
            Alert.lane != "safeguarding",
            Decision.verdict == Verdict.REPORTABLE,
            col(Decision.final),
            col(Decision.conduct).not_in([conduct for conduct in Conduct if conduct.safeguarding]),
            col(Alert.id) > after,
        )
        .order_by(col(Alert.id))
        .limit(_PORTION)
    )
    if selection.since is not None:
        query = query.where(col(Decision.decided_at) >= selection.since)
    if selection.until is not None:
        query = query.where(col(Decision.decided_at) < selection.until)
    return query


def _posts(session: Session, alert: Alert) -> list[StoredPost]:
    found = session.exec(
        select(StoredPost)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(Occurrence.campaign_id == alert.campaign_id)
        .order_by(col(StoredPost.id))
    )
    newest = {(post.platform, post.post_id): post for post in found}
    return list(newest.values())


def _row(session: Session, alert: Alert, decision: Decision, post: StoredPost) -> dict[str, Any]:
    # Of a deleted post, what is left is that it was there: its record is gone.
    record = from_record(post.record) if post.record is not None else None
    return {
        "schema_version": SCHEMA_VERSION,
        "alert_id": alert.id,
        "campaign_id": alert.campaign_id,
        "decision_id": decision.id,
        "conduct": decision.conduct,
        "risk": decision.risk,
        "decided_at": iso(decision.decided_at),
        "platform": post.platform,
        "instance": record.instance if record else None,
        "post_id": post.post_id,
        "url": record.url if record else None,
        "post_state": post.state,
        "posted_at": iso(post.created_at),
        "first_seen_at": iso(post.first_seen_at),
        "account_id": record.author.id if record else None,
        "account_handle": record.author.handle if record else None,
        "handles": _handles(session, post) if record else [],
        "rule": post.rule,
        "score": post.score,
        "bundle": post.bundle,
    }


def _handles(session: Session, post: StoredPost) -> list[str]:
    found = session.exec(
        select(Identity.app, Identity.handle)
        .join(Mention, col(Mention.identity_id) == col(Identity.id))
        .where(Mention.post_id == post.id)
        .order_by(col(Identity.app), col(Identity.id))
    )
    return [f"{app}:{handle}" for app, handle in found if handle]
