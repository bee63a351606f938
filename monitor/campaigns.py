"""Campaigns: posts of one template are one alert; every post stays an occurrence of its own.

The template is the exact folded text with the handles masked (`monitor.detect.template`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor import audit
from monitor.detect.screening import Screening
from monitor.store.keys import Keyring
from monitor.store.tables import Alert, Campaign, Occurrence
from monitor.store.writing import insert_or_ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A post that was just stored. `explanation` is the frozen screening."""

    post_id: int
    template: str
    screening: Screening
    explanation: dict[str, Any]
    at: datetime


class Placed(NamedTuple):
    """The alert that a post belongs to, and whether the post raised it."""

    alert_id: int
    new: bool


def place(session: Session, keyring: Keyring, arrival: Arrival) -> Placed:
    """Puts a stored post into its campaign, and the campaign before an analyst if it is new."""
    template_hash = keyring.lookup("template", arrival.template)
    insert_or_ignore(session, Campaign, id=arrival.post_id, first_hash=template_hash, created_at=arrival.at)
    campaign = session.exec(select(Campaign.id).where(Campaign.first_hash == template_hash)).one()
    insert_or_ignore(session, Occurrence, campaign_id=campaign, post_id=arrival.post_id, added_at=arrival.at)
    # Asked first: on PostgreSQL an insert that is not needed uses up a number, and people see these numbers.
    known = session.exec(select(Alert.id).where(col(Alert.campaign_id) == campaign)).first()
    raised = (
        None
        if known is not None
        else insert_or_ignore(
            session,
            Alert,
            campaign_id=campaign,
            state="open",
            version=1,
            lane="main",
            priority=priority(arrival.screening),
            score=arrival.screening.score,
            rule=arrival.screening.rule,
            bundle=arrival.screening.bundle,
            explanation=arrival.explanation,
            opened_at=arrival.at,
            last_occurrence_at=arrival.at,
        )
    )
    if raised is not None:
        audit.record(
            session,
            arrival.at,
            actor="system:intake",
            action="alert.open",
            subject=f"alert:{raised}",
            campaign=campaign,
        )
        return Placed(raised, new=True)
    session.exec(update(Alert).where(col(Alert.campaign_id) == campaign).values(last_occurrence_at=arrival.at))
    alert = session.exec(select(Alert.id).where(Alert.campaign_id == campaign)).one()
    if alert is None:
        raise AssertionError("an alert without an id was read from the store")
    return Placed(alert, new=False)


def priority(screening: Screening) -> int:
    """0 to 1000, higher first: until campaigns have more to say, the score alone."""
    return round(screening.score * 1000)
