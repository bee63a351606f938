"""A store with alerts and people in it, and the triage over it: made by the real intake."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from alerts.roles import Role
from alerts.triage import Triage
from monitor.crossref import Crossref
from monitor.detect.screening import HandleMatch, Part, Screening, TermMatch
from monitor.graph.wording import Wording
from monitor.hits import Hit, Screened
from monitor.intake import Intake
from monitor.linking import Linking
from monitor.post import Post
from monitor.settings import Review
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Report, SourceRow, User

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
    joined: list[tuple[int, int, str | None]] = field(default_factory=list)
    """Posts that somebody said yes to: (alert, post, who)."""
    fail: Exception | None = None

    def __call__(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:
        if self.fail is not None:
            raise self.fail
        self.calls.append((decision.alert_id, decision.verdict, decision.final))

    def enqueue(
        self,
        session: Session,
        *,
        alert: Alert,
        decision: Decision,
        at: datetime,
        only: Collection[int] | None,
        actor: str | None,
    ) -> list[Report]:
        """As the router for some of an alert's posts: nothing has a channel here."""
        if self.fail is not None:
            raise self.fail
        self.joined += [(alert.id or 0, post, actor) for post in sorted(only or ())]
        return []

    def take_back(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:
        if self.fail is not None:
            raise self.fail
        self.calls.append((decision.alert_id, "withdrawn", decision.final))


def add_people(store: Store) -> None:
    with store.write() as session:
        for name, role in PEOPLE.items():
            session.add(User(name=name, role=role, created_at=store.now()))


_SHARE = re.compile(r"wickr: *(\S+?)(?=[\s<]|$)")
_TERM = re.compile(r"taboo|nolimits")


def screening(post: Post) -> Screening:
    """What a screen would say, told by two plain patterns: these tests are not about detection."""
    handles = [
        HandleMatch(
            app="wickr",
            handle=found[1],
            key=f"wickr:{found[1].lower()}",
            field=name,
            start=found.start(1),
            end=found.end(1),
            confidence=0.97,
        )
        for name, text in post.fields()
        for found in _SHARE.finditer(text)
    ]
    terms = [
        TermMatch(term=found[0], field=name, start=found.start(), end=found.end())
        for name, text in post.fields()
        for found in _TERM.finditer(text)
    ]
    parts = [
        Part(name="handle", weight=0.6, why=f"the name of an app right before {handles[0].handle}"),
        Part(name="terms", weight=0.3, why=f"{len(terms)} coded terms within 40 characters"),
    ]
    return Screening(
        hit=True, score=0.9, rule="handle-and-term", handles=handles, terms=terms, parts=parts, bundle="sha256:0"
    )


def exactly(text: str) -> Wording:
    """A wording that is like no other than itself: these tests say by their texts which posts are one campaign."""
    words = tuple(sha256(f"{number} {text}".encode("utf-8", "surrogatepass")).hexdigest()[:12] for number in range(6))
    return Wording(words, words, words, short=True, about=False)


def take_in(store: Store, *posts: Post, crossref: Crossref | None = None) -> list[int]:
    """Takes posts in as hits; returns the ids of the alerts that they raised."""
    hits = [
        Hit(post=post, screening=screening(post), wording=exactly(_SHARE.sub("", post.text or ""))) for post in posts
    ]
    with store.write() as session:
        if session.get(SourceRow, "sample") is None:
            session.add(SourceRow(name="sample", plugin="archive", enabled_at=store.now()))
    return Intake(store, crossref=crossref).commit(Screened(posts=len(hits), hits=hits), source="sample").alert_ids


def make_triage(store: Store, routed: Routed, *, linking: Linking | None = None, **review: Any) -> Triage:
    return Triage(store, route=routed, withdraw=routed.take_back, review=Review(**review), linking=linking)
