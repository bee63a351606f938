"""One batch in, one transaction: posts, identities, campaigns, alerts, audit, coverage and cursor.

Screening happens before, outside the transaction; it is pure. Nothing of a post that does not hit is written.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from monitor import audit, coverage, volume
from monitor.campaigns import Arrival, Placing
from monitor.campaigns.forgetting import forget
from monitor.crossref import Arrived, Crossref
from monitor.crossref.accounts import account_hash, account_of, follow, forget_names
from monitor.crossref.mentions import note, shared
from monitor.crossref.moments import moment
from monitor.errors import StoreError
from monitor.freezing import content_hash, frozen, trace_hashes
from monitor.graph.member import identities_of
from monitor.hits import Hit, Screened
from monitor.joining import Grown, Joined, Joining
from monitor.ports import Cursor
from monitor.raising import raise_alert
from monitor.ranking import WAITING, Histories, Ranking
from monitor.records import to_record
from monitor.returns import Newcomer, Returns
from monitor.store import leases
from monitor.store.database import Store
from monitor.store.tables import Account, Alert, CursorRow, Run, SourceRow, StoredPost
from monitor.store.writing import portions, put, take_turn

DEADLOCK_TRIES = 5
_EXPLANATION: Any = Alert.explanation
_UNREAD = (defer(_EXPLANATION),)


@dataclass(slots=True)
class Committed:
    """What a commit did.

    `repeats`: posts that were stored before; `alerts`: new ones; `grown`: older ones that a notice is due of.
    """

    posts: int = 0
    hits: int = 0
    repeats: int = 0
    alerts: int = 0
    deleted: int = 0
    bad: int = 0
    alert_ids: list[int] = field(default_factory=list[int])
    grown: list[Grown] = field(default_factory=list[Grown])

    def add(self, other: Committed) -> None:
        """Adds another's counts to these."""
        for name in ("posts", "hits", "repeats", "alerts", "deleted", "bad"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.alert_ids += other.alert_ids
        self.grown += other.grown


class _Within(NamedTuple):
    """The batch that a post is of: its source, the kind of that, its run, and what its posts pass through.

    `touched`: alerts that they joined.
    """

    source: str
    plugin: str | None
    run_id: int | None
    placing: Placing
    returns: Returns
    joining: Joining
    touched: set[int]


class Intake:
    """Commits screened batches.

    Safe to repeat: what is stored already is counted as a repeat, by platform, id and content.

    :param crossref: keeps edges and linked sets; None for one without terms to obey.
    :param ranking: reckons how urgent alerts are, and says which posts may be set beside those of other platforms.
    :param notice_minutes: how long there is no further notice of an alert that grows.
    """

    def __init__(
        self,
        store: Store,
        *,
        crossref: Crossref | None = None,
        ranking: Ranking | None = None,
        notice_minutes: float = 60,
    ) -> None:
        self._store = store
        self._crossref = crossref or Crossref()
        self._ranking = ranking or Ranking()
        self._quiet = timedelta(minutes=notice_minutes)

    def commit(
        self, screened: Screened, *, source: str, run_id: int | None = None, lease: leases.Held | None = None
    ) -> Committed:
        """One batch, one transaction. Raises `StoreError`, or `RefusedError` when the lease was lost."""
        for attempt in range(DEADLOCK_TRIES):
            try:
                with self._store.write() as session:
                    return self._commit(session, screened, source, run_id, lease)
            except StoreError as error:
                if attempt + 1 == DEADLOCK_TRIES or not _is_deadlock(error):
                    raise
                time.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _commit(
        self, session: Session, screened: Screened, source: str, run_id: int | None, lease: leases.Held | None
    ) -> Committed:
        done = Committed(posts=screened.posts, hits=len(screened.hits), bad=len(screened.bad))
        if lease is not None:
            leases.keep(self._store, session, lease)
        if screened.hits or screened.deleted or screened.deleted_accounts:
            # Monitors that have hits take turns: posts share accounts, handles and campaigns in any order, so row
            # locks alone would deadlock. Hits are rare and this transaction is short. SQLite has one writer anyway.
            take_turn(session)
        keyring = self._store.keyring
        within = _Within(
            source=source,
            plugin=session.exec(select(SourceRow.plugin).where(SourceRow.name == source)).first(),
            run_id=run_id,
            placing=Placing(session, keyring, screened.likeness),
            returns=Returns(session, self._ranking.linking),
            joining=Joining(session, keyring, weights=screened.weights, quiet=self._quiet),
            touched=set(),
        )
        for hit in sorted(screened.hits, key=lambda hit: hit.post.ref):
            self._take(session, hit, within, done)
        self._rank(session, within.touched)
        done.deleted = self._delete(session, screened)
        coverage.enter(session, source, run_id, screened.coverage)
        volume.count(session, source, screened.posts, self._store.now())
        if screened.cursor is not None:
            self._move(session, source, screened.cursor, lease)
        if run_id is not None:
            session.exec(
                update(Run)
                .where(col(Run.id) == run_id)
                .values(posts=col(Run.posts) + done.posts, hits=col(Run.hits) + done.hits, bad=col(Run.bad) + done.bad)
            )
        return done

    def _take(self, session: Session, hit: Hit, within: _Within, done: Committed) -> None:
        now, keyring, post = self._store.now(), self._store.keyring, hit.post
        record = to_record(post)
        explanation = frozen(hit.screening, keyring)
        account_id = account_of(session, keyring, post.platform, post.author, now)
        # Nobody saw anything later than now, whatever an archive says.
        seen_at = min(post.first_seen_at or now, now)
        stored = put(
            session,
            StoredPost,
            platform=post.platform,
            post_id=post.id,
            content_hash=content_hash(keyring, record),
            source=within.source,
            run_id=within.run_id,
            account_id=account_id,
            record=record,
            screening=explanation,
            bundle=hit.screening.bundle,
            rule=hit.screening.rule,
            score=hit.screening.score,
            created_at=post.created_at,
            first_seen_at=seen_at,
            state="up",
            **(hashes := trace_hashes(keyring, hit.traces)),
        )
        if stored is None:
            done.repeats += 1
            return
        if account_id is not None:
            follow(session, keyring, account_id, post.author, moment(post.created_at, seen_at))
        identities = note(session, keyring, shared(hit.screening), stored, now)
        placed = within.placing.place(
            Arrival(post_id=stored, wording=hit.wording, identities=identities_of(hit.screening), at=now)
        )
        raised = raise_alert(session, placed.campaign_id, hit.screening, explanation, now)
        audit.record(
            session,
            now,
            actor=f"system:source:{within.source}",
            action="post.store",
            subject=f"post:{stored}",
            alert=raised.alert_id,
            bundle=hit.screening.bundle,
        )
        self._crossref.arrive(
            session,
            Arrived(
                row=stored,
                platform=post.platform,
                name=post.id,
                account_id=account_id,
                plugin=within.plugin,
                created_at=post.created_at,
                first_seen_at=seen_at,
                identities=identities,
            ),
        )
        within.returns.arrive(
            Newcomer(
                row=stored,
                platform=post.platform,
                name=post.id,
                plugin=within.plugin,
                account_id=account_id,
                campaign_id=placed.campaign_id,
                at=moment(post.created_at, seen_at),
                **hashes,
            )
        )
        grown = within.joining.join(
            Joined(
                alert_id=raised.alert_id,
                campaign_id=placed.campaign_id,
                row=stored,
                platform=post.platform,
                name=post.id,
                screening=hit.screening,
                standing=raised.standing,
                at=now,
            )
        )
        within.touched.add(raised.alert_id)
        if grown is not None:
            done.grown.append(grown)
        if raised.new:
            done.alerts += 1
            done.alert_ids.append(raised.alert_id)

    def _rank(self, session: Session, touched: Collection[int]) -> None:
        histories = Histories(session)
        for part in portions(sorted(touched)):
            alerts = select(Alert).where(col(Alert.id).in_(part)).execution_options(populate_existing=True)
            for alert in session.exec(alerts.options(*_UNREAD)):
                if alert.state in WAITING:
                    self._ranking.rank(session, alert, self._store.now(), histories)
        session.flush()

    def _delete(self, session: Session, screened: Screened) -> int:
        """The platform says these are deleted: their text goes, the evidence frozen with the alert stays."""
        gone: list[Any] = [
            (StoredPost.platform == ref.platform) & (StoredPost.post_id == ref.id)
            for ref in sorted(set(screened.deleted))
        ]
        for platform, key in sorted(set(screened.deleted_accounts)):
            account = session.exec(
                select(Account.id).where(Account.key_hash == account_hash(self._store.keyring, platform, key))
            ).first()
            if account is not None:
                gone.append(col(StoredPost.account_id) == account)
        rows = [
            row
            for condition in gone
            for row in session.exec(select(StoredPost).where(condition, StoredPost.state != "deleted").order_by("id"))
        ]
        for row in rows:
            row.state, row.record = "deleted", None
            row.checked_at = self._store.now()
            session.add(row)
            audit.record(
                session,
                self._store.now(),
                actor=f"system:source:{row.source}",
                action="post.deleted",
                subject=f"post:{row.id}",
            )
        forget(session, self._store.keyring, [row.id for row in rows if row.id is not None])
        forget_names(session, self._store.keyring, [row.account_id for row in rows])
        return len(rows)

    def _move(self, session: Session, source: str, cursor: Cursor, lease: leases.Held | None) -> None:
        token = lease.token if lease else 0
        row = session.get(CursorRow, source) or CursorRow(
            source=source, value={}, token=token, updated_at=self._store.now()
        )
        row.value, row.token, row.updated_at = dict(cursor), token, self._store.now()
        session.add(row)


_DEADLOCK_STATES = {"40P01", "40001"}  # PostgreSQL: deadlock_detected, serialization_failure


def _is_deadlock(error: Exception) -> bool:
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in _DEADLOCK_STATES
