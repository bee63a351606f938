"""The queue: which alerts wait for whom, in pages that start where the last one ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_
from sqlmodel import Session, col, func, select

from alerts.masking import clean, tag
from alerts.triage.records import Counts, Entry, Lane, Listing, QueuePage, State, Step
from alerts.verdicts import Verdict
from monitor.campaigns.redirects import home_of
from monitor.errors import ConfigError
from monitor.store.tables import Alert, Decision, Occurrence, StoredPost


def effective(alert: Alert, now: datetime) -> State:
    """An alert's state; a claim that ran out counts as open."""
    if alert.state == State.CLAIMED and (alert.claimed_until is None or alert.claimed_until <= now):
        return State.OPEN
    return State(alert.state)


def page(
    session: Session, *, listing: Listing, lane: Lane, user: str, now: datetime, after: str | None, limit: int
) -> QueuePage:
    """One page of a listing; `after` as the page before gave it. Raises `ConfigError` for any other."""
    decided = listing is Listing.DECIDED
    query = select(Alert).where(Alert.lane == lane, *_wanted(listing, user, now)).limit(limit + 1)
    if decided:
        query = query.order_by(col(Alert.decided_at).desc(), col(Alert.id).desc())
    else:
        query = query.order_by(col(Alert.priority).desc(), col(Alert.id))
    if after is not None:
        query = query.where(_beyond(after, decided=decided))
    rows = session.exec(query).all()
    alerts = rows[:limit]
    entries = _entries(session, alerts, now)
    return QueuePage(rows=entries, after=_place(alerts[-1], decided=decided) if len(rows) > limit else None)


def _wanted(listing: Listing, user: str, now: datetime) -> Sequence[Any]:
    if listing is Listing.OPEN:
        return (col(Alert.state).in_([State.OPEN, State.CLAIMED]),)
    if listing is Listing.MINE:
        return (Alert.state == State.CLAIMED, Alert.claimed_by == user, col(Alert.claimed_until) > now)
    if listing is Listing.DECIDED:
        return (Alert.state == State.DECIDED,)
    own = exists().where(
        col(Decision.alert_id) == col(Alert.id),
        col(Decision.alert_version) == col(Alert.version) - 1,
        col(Decision.user) == user,
    )
    return (Alert.state == State.SECOND_REVIEW, ~own)


def _place(alert: Alert, *, decided: bool) -> str:
    """Where the next page starts: the order's values of the last line, as text for an address."""
    if decided and alert.decided_at:
        return f"{alert.decided_at.strftime('%Y%m%dT%H%M%S.%f')}-{alert.id}"
    return f"{alert.priority}-{alert.id}"


def _beyond(after: str, *, decided: bool) -> Any:
    first, _, last = after.rpartition("-")
    try:
        number = _column(last)
        if decided:
            at = datetime.strptime(f"{first}+0000", "%Y%m%dT%H%M%S.%f%z")
            return or_(col(Alert.decided_at) < at, and_(col(Alert.decided_at) == at, col(Alert.id) < number))
        priority = _column(first)
    except ValueError:
        raise ConfigError("That is no place in the queue.", do="Start again from the first page.") from None
    return or_(col(Alert.priority) < priority, and_(col(Alert.priority) == priority, col(Alert.id) > number))


def _column(text: str) -> int:
    """A number as an integer column takes it. Raises `ValueError`."""
    if re.fullmatch(r"[0-9]{1,9}", text) is None:
        raise ValueError("no number of ours")
    return int(text)


def _entries(session: Session, alerts: Sequence[Alert], now: datetime) -> list[Entry]:
    posts: dict[int, dict[str, int]] = {}
    for campaign, platform, count in session.exec(
        select(Occurrence.campaign_id, StoredPost.platform, func.count())
        .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
        .where(col(Occurrence.campaign_id).in_([alert.campaign_id for alert in alerts]))
        .group_by(col(Occurrence.campaign_id), StoredPost.platform)
    ):
        posts.setdefault(campaign, {})[platform] = count
    pending = _pending(session, [alert for alert in alerts if alert.state == State.SECOND_REVIEW])
    entries = [_entry(alert, posts.get(alert.campaign_id, {}), pending.get(alert.id or 0), now) for alert in alerts]
    return [
        replace(entry, handles=[], terms=0) if _went_apart(session, alert) else entry
        for alert, entry in zip(alerts, entries, strict=True)
    ]


def _went_apart(session: Session, alert: Alert) -> bool:
    """Whether the posts of a merged alert are in the safeguarding lane now, and it is not."""
    if alert.verdict != Verdict.DUPLICATE or alert.lane == Lane.SAFEGUARDING:
        return False
    return lane_of_home(session, alert) == Lane.SAFEGUARDING


def lane_of_home(session: Session, alert: Alert) -> str | None:
    """The lane that a merged alert's posts are in now; None for one that is not merged."""
    if alert.verdict != Verdict.DUPLICATE:
        return None
    home = home_of(session, alert.campaign_id)
    return session.exec(select(Alert.lane).where(Alert.campaign_id == home)).first()


def _pending(session: Session, alerts: Sequence[Alert]) -> dict[int, str]:
    if not alerts:
        return {}
    rows = session.exec(
        select(Decision.alert_id, Decision.verdict)
        .join(Alert, and_(col(Alert.id) == Decision.alert_id, col(Decision.alert_version) == col(Alert.version) - 1))
        .where(col(Alert.id).in_([alert.id for alert in alerts]), Decision.kind == Step.VERDICT)
    )
    return dict(rows.all())


def _entry(alert: Alert, posts: dict[str, int], pending: str | None, now: datetime) -> Entry:
    state = effective(alert, now)
    held = state is State.CLAIMED
    return Entry(
        id=alert.id or 0,
        state=state,
        lane=Lane(alert.lane),
        priority=alert.priority,
        score=alert.score,
        rule=alert.rule,
        handles=handle_labels(alert.explanation),
        terms=len({term["term"] for term in alert.explanation.get("terms", ())}),
        platforms=sorted(map(clean, posts)),
        posts=sum(posts.values()),
        opened_at=alert.opened_at,
        last_occurrence_at=alert.last_occurrence_at,
        claimed_by=alert.claimed_by if held else None,
        claimed_until=alert.claimed_until if held else None,
        verdict=alert.verdict,
        decided_at=alert.decided_at,
        pending=pending,
    )


def handle_labels(explanation: dict[str, Any]) -> list[str]:
    """The handles of an alert by their tags, each once, in order: "handle H-4F2KQ7 · wickr"."""
    labels = {
        f"handle {tag('H', bytes.fromhex(handle['key_hash']))} · {handle['app']}": None
        for handle in explanation.get("handles", ())
    }
    return list(labels)


def counts(session: Session, *, user: str, now: datetime, second: bool, safeguarding: bool) -> Counts:
    """How many alerts wait in each list; lists that the person may not see count as empty."""

    def count(listing: Listing, lane: Lane = Lane.MAIN) -> int:
        query = select(func.count()).select_from(Alert).where(Alert.lane == lane, *_wanted(listing, user, now))
        return session.exec(query).one()

    return Counts(
        open=count(Listing.OPEN),
        mine=count(Listing.MINE),
        second_review=count(Listing.SECOND_REVIEW) if second else 0,
        decided=count(Listing.DECIDED),
        safeguarding=count(Listing.OPEN, Lane.SAFEGUARDING) + count(Listing.SECOND_REVIEW, Lane.SAFEGUARDING)
        if safeguarding
        else 0,
    )
