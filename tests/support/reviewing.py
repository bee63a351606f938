"""A store with alerts and people in it, and the triage over it: made by the real intake."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from alerts.roles import Role
from alerts.triage import Triage
from monitor.intake import Intake
from monitor.post import Post
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, SourceRow, User
from tests.support.posts import screened

PEOPLE = {
    "ana": Role.ANALYST,
    "ben": Role.ANALYST,
    "sal": Role.SUPERVISOR,
    "sue": Role.SAFEGUARDING_LEAD,
    "apo": Role.APPROVER,
    "aud": Role.AUDITOR,
    "adm": Role.ADMIN,
}


@dataclass
class Routed:
    """Remembers what triage hands on, as the router would see it inside the transaction."""

    calls: list[tuple[int, str, bool]] = field(default_factory=list)
    fail: Exception | None = None

    def __call__(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:
        if self.fail is not None:
            raise self.fail
        self.calls.append((decision.alert_id, decision.verdict, decision.final))

    def take_back(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:
        if self.fail is not None:
            raise self.fail
        self.calls.append((decision.alert_id, "withdrawn", decision.final))


def add_people(store: Store) -> None:
    with store.write() as session:
        for name, role in PEOPLE.items():
            session.add(User(name=name, role=role, created_at=store.now()))


def take_in(store: Store, *posts: Post) -> list[int]:
    """Runs posts through screen and intake; returns the ids of the alerts that they raised."""
    with store.write() as session:
        if session.get(SourceRow, "sample") is None:
            session.add(SourceRow(name="sample", plugin="archive", enabled_at=store.now()))
    return Intake(store).commit(screened(*posts), source="sample").alert_ids


def make_triage(store: Store, routed: Routed, **review: Any) -> Triage:
    return Triage(store, route=routed, withdraw=routed.take_back, review=Review(**review))
