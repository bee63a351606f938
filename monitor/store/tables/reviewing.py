"""Tables of the people's side: alerts, decisions, reveals, users and their sessions on the page."""

# SQLModel declares `__tablename__` as a declared_attr; a plain string is its documented use.
# pyright: reportAssignmentType=false
from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from monitor.store.types import UtcTime, encrypted_json, encrypted_text


class User(SQLModel, table=True):
    """A named person. Never deleted (decisions refer to it), only disabled."""

    __tablename__ = "user"

    name: str = Field(primary_key=True)
    role: str
    password_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcTime)


class WebSession(SQLModel, table=True):
    """A log-in on the page: only a hash of the cookie's token is kept."""

    __tablename__ = "web_session"

    token_hash: bytes = Field(sa_type=LargeBinary, primary_key=True)
    user: str = Field(foreign_key="user.name", index=True)
    csrf: str
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime = Field(sa_type=UtcTime)


_DECIDED: Final = text("verdict IS NOT NULL")


class Alert(SQLModel, table=True):
    """One campaign before an analyst.

    `state`: open, claimed, second_review, decided. `version` grows with every change of state: whoever acts
    names the version seen, and acts on nothing else. `explanation` is that of the post that raised it,
    frozen. `lane`: main or safeguarding. `priority` is the sum of `priority_parts` (name -> points, why). A
    decided alert that something new joined is `raised_again_at`, for the reasons in `raised_for`. `noticed_at`:
    when the last notice of new posts was given.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_queue", "lane", "state", "priority", "id"),
        # What terms were worth is read off the newest alerts that are decided.
        Index("ix_alert_decided", "id", sqlite_where=_DECIDED, postgresql_where=_DECIDED),
    )

    id: int | None = Field(default=None, primary_key=True)
    campaign_id: int = Field(foreign_key="campaign.id", unique=True)
    state: str = "open"
    version: int = 1
    lane: str = "main"
    priority: int = 0
    score: float
    rule: str
    bundle: str
    explanation: dict[str, Any] = Field(sa_type=encrypted_json("alert.explanation"))
    opened_at: datetime = Field(sa_type=UtcTime)
    last_occurrence_at: datetime = Field(sa_type=UtcTime)
    claimed_by: str | None = Field(default=None, foreign_key="user.name")
    claimed_until: datetime | None = Field(default=None, sa_type=UtcTime)
    verdict: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    priority_parts: list[Any] | None = Field(default=None, sa_type=encrypted_json("alert.priority_parts"))
    raised_again_at: datetime | None = Field(default=None, sa_type=UtcTime)
    raised_for: list[str] | None = Field(default=None, sa_type=encrypted_json("alert.raised_for"))
    noticed_at: datetime | None = Field(default=None, sa_type=UtcTime)


class AlertTerm(SQLModel, table=True):
    """A coded term of an alert's posts, by the keyed hash of the lexicon's id, with the most that it weighed."""

    __tablename__ = "alert_term"

    alert_id: int = Field(primary_key=True, foreign_key="alert.id")
    term_hash: bytes = Field(primary_key=True, sa_type=LargeBinary, index=True)
    weight: float


class Decision(SQLModel, table=True):
    """Who decided what, when, on what evidence, under which bundle. Never changed.

    `alert_version` is the version that was acted on: the decision that stands is the one whose number is one
    below the alert's. `kind`: verdict, confirmation (a second person agrees), return (a second person does
    not), withdrawal (undone) or restoration (the merge that ended it was undone: it stands again); return and
    withdrawal repeat the verdict that they end. `lane` is the alert's before.
    `evidence_hash` is the keyed hash of the explanation that was on the page. `final` is False where a second
    person has to agree first, and for what ends a verdict.
    """

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("alert_id", "alert_version"),)

    id: int | None = Field(default=None, primary_key=True)
    alert_id: int = Field(foreign_key="alert.id", index=True)
    alert_version: int
    kind: str = "verdict"
    lane: str = "main"
    verdict: str
    conduct: str | None = None
    risk: str | None = None
    reason: str = Field(sa_type=encrypted_text("decision.reason"))
    duplicate_of: int | None = Field(default=None, foreign_key="alert.id")
    user: str = Field(foreign_key="user.name")
    decided_at: datetime = Field(sa_type=UtcTime)
    bundle: str
    evidence_hash: bytes = Field(sa_type=LargeBinary)
    final: bool = True


class Reveal(SQLModel, table=True):
    """Somebody looked at masked text: who, what, why."""

    __tablename__ = "reveal"

    id: int | None = Field(default=None, primary_key=True)
    alert_id: int = Field(foreign_key="alert.id", index=True)
    user: str = Field(foreign_key="user.name")
    reason: str = Field(sa_type=encrypted_text("reveal.reason"))
    at: datetime = Field(sa_type=UtcTime)
