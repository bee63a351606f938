"""Reckons alerts' priorities from the store: what is known of each campaign, weighed (`monitor.priority`).

At intake for the alert that a post joined, and again by the hour for all that wait, because growth passes and age
comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Integer, bindparam, case
from sqlmodel import Session, col, func, select

from monitor.linking import Linking
from monitor.priority import DAYS, RISKS, Facts, Weights, as_kept, parts_of, priority_of
from monitor.store.database import Store
from monitor.store.tables import (
    Alert,
    AlertTerm,
    Comeback,
    Decision,
    Identity,
    Mention,
    Occurrence,
    SourceRow,
    StoredPost,
)
from monitor.store.types import UtcTime
from monitor.store.writing import run, take_turn

WAITING: Final = ("open", "claimed", "second_review")
PORTION: Final = 100
"""Alerts that one transaction ranks."""
HANDLES: Final = 64
"""Handles of a campaign whose earlier decisions are looked for."""
POSTS: Final = 500
"""Posts of a campaign, the newest, that are looked at: what one more post costs does not grow with its campaign."""
MENTIONS: Final = 500
"""Posts of those handles, the newest, that are looked at."""
DECIDED: Final = 1_000
"""Alerts, the newest that are decided, that tell what terms were worth."""
_MAIN: Final = "main"


class _Handle(NamedTuple):
    """A handle of a campaign, on a platform, brought by a kind of source."""

    identity: int
    app: str
    platform: str
    plugin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Ranks alerts.

    :param defunct: apps that are closed.
    :param linking: which posts may be set beside those of other platforms.
    """

    weights: Weights = field(default_factory=Weights)
    defunct: frozenset[str] = frozenset()
    linking: Linking = field(default_factory=Linking)

    def rank(self, session: Session, alert: Alert, now: datetime, histories: Histories | None = None) -> None:
        """Reckons the priority of an alert that waits, and its parts, anew, in the caller's transaction.

        :param histories: of that transaction, where more than one is ranked.
        """
        parts = parts_of(self._facts(session, alert, now, histories or Histories(session)), self.weights)
        alert.priority, alert.priority_parts = priority_of(parts), as_kept(parts)
        session.add(alert)

    def _facts(self, session: Session, alert: Alert, now: datetime, histories: Histories) -> Facts:
        handles = _handles(session, alert.campaign_id)
        recent = {"campaign": alert.campaign_id, "since": now - timedelta(days=DAYS)}
        best, platforms, lately = run(session, _POSTS, recent).one()
        return Facts(
            score=max(alert.score, best or 0.0),
            risk=self._risk(session, alert, handles),
            platforms=platforms,
            recent=lately or 0,
            returns=_returns(session, alert.campaign_id),
            waited=(now - (alert.raised_again_at or alert.opened_at)).total_seconds() / 86_400,
            histories=histories.of(alert),
            apps={one.app for one in handles},
            defunct=self.defunct,
        )

    def _risk(self, session: Session, alert: Alert, handles: Sequence[_Handle]) -> str | None:
        """The gravest risk of final reportable decisions on this alert, or on others that its handles are in."""
        own = run(session, _OWN_RISKS, {"alert": alert.id}).scalars()
        others = (
            risk
            for identity, platform, plugin, risk in _decided(session, {one.identity for one in handles})
            if any(
                one.identity == identity and (one.platform == platform or self._may_meet(one, platform, plugin))
                for one in handles
            )
        )
        return max((risk for risk in (*own, *others) if risk), key=lambda risk: RISKS.get(risk, 0.0), default=None)

    def _may_meet(self, one: _Handle, platform: str, plugin: str | None) -> bool:
        return self.linking.may_link(one.platform, one.plugin) and self.linking.may_link(platform, plugin)


# Made once: each is executed for every alert that a batch touches.
_NEWEST: Final = (
    select(Occurrence.post_id)
    .where(Occurrence.campaign_id == bindparam("campaign", type_=Integer))
    .order_by(col(Occurrence.post_id).desc())
    .limit(POSTS)
    .subquery("newest")
)
_POSTS: Final = (
    select(
        func.max(StoredPost.score),
        func.count(func.distinct(col(StoredPost.platform))),
        func.sum(case((col(StoredPost.first_seen_at) > bindparam("since", type_=UtcTime()), 1), else_=0)),
    )
    .select_from(_NEWEST)
    .join(StoredPost, col(StoredPost.id) == _NEWEST.c.post_id)
)
_OWN_RISKS: Final = select(Decision.risk).where(
    Decision.alert_id == bindparam("alert"), Decision.final, Decision.verdict == "reportable"
)
_HANDLES: Final = (
    select(Mention.identity_id, Identity.app, StoredPost.platform, SourceRow.plugin)
    .select_from(_NEWEST)
    .join(Mention, col(Mention.post_id) == _NEWEST.c.post_id)
    .join(StoredPost, col(StoredPost.id) == col(Mention.post_id))
    .join(Identity, col(Identity.id) == col(Mention.identity_id))
    .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
    .distinct()
    .order_by(col(Mention.identity_id), col(StoredPost.platform), col(SourceRow.plugin))
)
_NEAR: Final = (
    select(Mention.identity_id, Mention.post_id)
    .where(col(Mention.identity_id).in_(bindparam("identities", expanding=True)))
    .order_by(col(Mention.post_id).desc())
    .limit(MENTIONS)
    .subquery("near")
)
_DECIDED: Final = (
    select(_NEAR.c.identity_id, StoredPost.platform, SourceRow.plugin, Decision.risk)
    .select_from(_NEAR)
    .join(StoredPost, col(StoredPost.id) == _NEAR.c.post_id)
    .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
    .join(Occurrence, col(Occurrence.post_id) == _NEAR.c.post_id)
    .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
    .join(Decision, col(Decision.alert_id) == col(Alert.id))
    .where(Alert.verdict == "reportable", Alert.lane == _MAIN, Decision.verdict == "reportable", col(Decision.final))
    .distinct()
)
_RETURNS: Final = (
    select(Comeback.kind, func.count())
    .select_from(_NEWEST)
    .join(Comeback, col(Comeback.post_id) == _NEWEST.c.post_id)
    .group_by(col(Comeback.kind))
)


def _handles(session: Session, campaign_id: int) -> list[_Handle]:
    return [_Handle(*row) for row in run(session, _HANDLES, {"campaign": campaign_id})]


def _decided(session: Session, identities: Collection[int]) -> list[tuple[int, str, str | None, str | None]]:
    """(identity, platform, kind of source, risk) of reportable alerts that have posts with these identities."""
    rows = run(session, _DECIDED, {"identities": sorted(identities)[:HANDLES]})
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _returns(session: Session, campaign_id: int) -> dict[str, int]:
    return dict(run(session, _RETURNS, {"campaign": campaign_id}).all())


_DECIDED_ALERTS: Final = (
    select(Alert.id, Alert.verdict)
    .where(
        col(Alert.verdict).is_not(None),
        col(Alert.verdict).in_(["reportable", "not_reportable"]),
        Alert.lane == _MAIN,
    )
    .order_by(col(Alert.id).desc())
    .limit(DECIDED)
    .subquery("decided")
)
_HISTORIES: Final = (
    select(AlertTerm.term_hash, _DECIDED_ALERTS.c.verdict, func.count())
    .select_from(_DECIDED_ALERTS)
    .join(AlertTerm, col(AlertTerm.alert_id) == _DECIDED_ALERTS.c.id)
    .group_by(col(AlertTerm.term_hash), _DECIDED_ALERTS.c.verdict)
)
_TERMS: Final = select(AlertTerm.term_hash).where(AlertTerm.alert_id == bindparam("alert"))


class Histories:
    """How alerts of each term were decided, read once within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_term: dict[bytes, tuple[int, int]] | None = None

    def of(self, alert: Alert) -> list[tuple[int, int]]:
        """Of each term of an alert that waits: (reportable, decided) among the alerts that have it."""
        if self._by_term is None:
            self._by_term = self._read()
        terms = sorted(run(self._session, _TERMS, {"alert": alert.id}).scalars())
        return [self._by_term[term] for term in terms if term in self._by_term]

    def _read(self) -> dict[bytes, tuple[int, int]]:
        reportable: Counter[bytes] = Counter()
        decided: Counter[bytes] = Counter()
        for term, verdict, alerts in run(self._session, _HISTORIES):
            decided[term] += alerts
            reportable[term] += alerts if verdict == "reportable" else 0
        return {term: (reportable[term], alerts) for term, alerts in decided.items()}


def rank_portion(store: Store, ranking: Ranking, after: int = 0) -> tuple[int, int | None]:
    """Reckons the priorities of some alerts that wait, in one short transaction.

    :param after: the alert after which it begins.
    :return: how many priorities changed, and the last alert; None where no more are left.
    """
    changed = 0
    with store.write() as session:
        take_turn(session)
        alerts = session.exec(
            select(Alert)
            .where(col(Alert.state).in_(WAITING), col(Alert.id) > after)
            .order_by(col(Alert.id))
            .limit(PORTION)
        ).all()
        histories = Histories(session)
        for alert in alerts:
            before = alert.priority
            ranking.rank(session, alert, store.now(), histories)
            changed += alert.priority != before
    return changed, alerts[-1].id if len(alerts) == PORTION else None


def rank_waiting(store: Store, ranking: Ranking) -> int:
    """Reckons the priorities of all alerts that wait, in short transactions; returns how many changed."""
    changed, last = rank_portion(store, ranking)
    while last is not None:
        more, last = rank_portion(store, ranking, last)
        changed += more
    return changed
