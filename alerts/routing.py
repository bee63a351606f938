"""From a decision to reports: which channel takes which post of a reportable alert.

The reports of a decision are worded before its transaction begins (:meth:`Router.prepare`), and come into the outbox
within it. Whatever joined the alert meanwhile is worded first, before the decision is tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from alerts.channels.configured import ConfiguredChannel
from alerts.drafting import Drafting, Reported, Ruling
from alerts.outbox.entering import Cause, Worded, enqueue, taken_back
from alerts.outbox.reports import withdraw_all
from alerts.verdicts import Conduct, Verdict
from monitor import audit
from monitor.reraising import LEFT
from monitor.settings import Settings
from monitor.store.database import Store
from monitor.store.tables import Alert, Decision, Identity, Mention, Occurrence, Report, StoredPost
from monitor.store.writing import portions, run

SAFEGUARDING_LANE = "safeguarding"


class Routes(Protocol):
    """What triage asks of the reporting side; :class:`Router` is the real one."""

    def route(self, session: Session, *, alert: Alert, decision: Decision, at: datetime) -> list[Report]:
        """Enqueues the reports of a decision, inside the transaction of that decision.

        Call it for every final decision, whatever its verdict: it does nothing for those that are not
        reportable. `decision.id` must be set (flush first).

        :param at: when the decision was made, UTC.
        :return: the reports that are new; what was reported before is left alone (and recorded as such).
        """
        ...


class UnwordedError(Exception):
    """Posts have joined whose reports are not worded: nothing of the transaction may stay."""


class Prepared:
    """The reports of a decision that is about to be made, in their words."""

    def __init__(self, router: Router, ruling: Ruling) -> None:
        self._router = router
        self._ruling = ruling
        self._worded: dict[int, list[Worded]] = {}
        self._strict = True

    def word(self) -> None:
        """Words the reports of those posts that have none yet. Outside of any transaction."""
        self._worded |= self._router.worded(self._ruling, self._worded)

    def be_content(self) -> None:
        """What is missing yet is worded within the transaction: posts join faster than they are worded."""
        self._strict = False

    def __call__(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> list[str]:
        """Enqueues them, inside the transaction of the decision; gives their ids. Raises `UnwordedError`."""
        made = Ruling(
            alert_id=decision.alert_id,
            version=decision.alert_version,
            conduct=Conduct(decision.conduct or ""),
            risk=decision.risk or "",
            at=decision.decided_at,
        )
        if made != self._ruling:
            raise AssertionError("the decision is not the one whose reports were worded")
        return self._router.enter(
            session, alert=alert, decision=decision, at=at, worded=self._worded, strict=self._strict
        )


class _Listed(NamedTuple):
    """A post of a campaign in its newest stored version; `gone`: its words are."""

    row: int
    platform: str
    post_id: str
    first_seen_at: datetime
    gone: bool


class Router:
    """Routes the posts of reportable alerts: to every configured channel that takes the post's platform, and to
    a person where no channel does, or one cannot carry it.

    :param channels: by name, see `alerts.channels.configured.open_channels`.
    """

    def __init__(self, store: Store, channels: Mapping[str, ConfiguredChannel], settings: Settings) -> None:
        self._store = store
        self._drafting = Drafting(store.keyring, channels)
        self._undo_seconds = settings.review.undo_seconds

    def prepare(self, ruling: Ruling) -> Prepared:
        """Words the reports of a decision that is about to be made, outside of any transaction."""
        prepared = Prepared(self, ruling)
        prepared.word()
        return prepared

    def worded(self, ruling: Ruling, done: Collection[int]) -> dict[int, list[Worded]]:
        """The reports of an alert's posts, by row of post; without those that are done."""
        if ruling.conduct.safeguarding:
            return {}
        with self._store.read() as session:
            alert = session.get_one(Alert, ruling.alert_id)
            posts = _reported(session, [one for one in _posts(session, alert.campaign_id) if one.row not in done])
        return {post.row: self._drafting.word(ruling, post) for post in posts}

    def enter_all(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> list[str]:
        """:meth:`enter` for all posts of a campaign, worded within the transaction."""
        return self.enter(session, alert=alert, decision=decision, at=at)

    def route(
        self,
        session: Session,
        *,
        alert: Alert,
        decision: Decision,
        at: datetime,
        only: Collection[int] | None = None,
        actor: str | None = None,
    ) -> list[Report]:
        """See :class:`Routes`. Words the reports within the transaction: for a few posts.

        :param only: rows of posts, where not all of the campaign are meant.
        :param actor: who said so, where that is not who decided.
        """
        ids = self.enter(session, alert=alert, decision=decision, at=at, only=only, actor=actor)
        return _reports(session, ids)

    def enter(
        self,
        session: Session,
        *,
        alert: Alert,
        decision: Decision,
        at: datetime,
        only: Collection[int] | None = None,
        actor: str | None = None,
        worded: Mapping[int, Sequence[Worded]] | None = None,
        strict: bool = False,
    ) -> list[str]:
        """:meth:`route`, for the ids of the reports alone.

        :param worded: reports that are worded already, by row of post.
        :param strict: raise `UnwordedError` where that are not all.
        """
        if decision.verdict != Verdict.REPORTABLE or not decision.final:
            return []
        if decision.id is None or decision.conduct is None:
            raise ValueError("a reportable decision is routed with its id and its conduct")
        conduct, who = Conduct(decision.conduct), actor or decision.user
        if conduct.safeguarding or alert.lane == SAFEGUARDING_LANE:
            # The account may need protection: a senior person takes it from here, nothing leaves by itself.
            _audit(session, at, who, "report.withhold", f"alert:{alert.id}", why="safeguarding")
            return []
        session.flush()
        posts = _posts(session, alert.campaign_id, only)
        for post in posts:
            if post.gone:
                why = "the platform says that it is deleted"
                _audit(session, at, who, "report.skip", f"post:{post.row}", why=why, alert=alert.id)
        left = [post for post in posts if not post.gone]
        ready = dict(worded or {})
        missing = [post for post in left if post.row not in ready]
        if missing and strict:
            raise UnwordedError
        ready |= self._word_here(session, decision, conduct, missing)
        return enqueue(
            session,
            [report for post in left for report in ready[post.row]],
            keyring=self._store.keyring,
            cause=Cause(decision_id=decision.id, alert_id=decision.alert_id, actor=who),
            at=at,
            undo_seconds=self._undo_seconds,
        )

    def _word_here(
        self, session: Session, decision: Decision, conduct: Conduct, posts: Sequence[_Listed]
    ) -> dict[int, list[Worded]]:
        ruling = Ruling(
            alert_id=decision.alert_id,
            version=decision.alert_version,
            conduct=conduct,
            risk=decision.risk or "other",
            at=decision.decided_at,
        )
        turn = partial(taken_back, session, self._store.keyring)
        return {post.row: self._drafting.word(ruling, post, turn) for post in _reported(session, posts)}

    def withdraw(self, session: Session, alert: Alert, decision: Decision, at: datetime) -> None:  # noqa: ARG002
        """Takes back the reports of a decision that is undone, in the transaction that undoes it.

        :raises RefusedError: one of them has left, or may have; then none is taken back.
        """
        withdraw_all(session, decision.id or 0, actor=decision.user, at=at, detail="the decision was undone")


def _audit(session: Session, at: datetime, actor: str, action: str, subject: str, **detail: object) -> None:
    audit.record(session, at, actor=actor, action=action, subject=subject, **detail)


def _posts(session: Session, campaign_id: int, only: Collection[int] | None = None) -> list[_Listed]:
    """Every post of the campaign, each in its newest stored version, oldest post first; without their words.

    :param only: rows of posts, where not all are meant. One of which there is a newer version is none of them.
    """
    rows = (
        columns(
            col(StoredPost.id),
            col(StoredPost.platform),
            col(StoredPost.post_id),
            col(StoredPost.first_seen_at),
            col(StoredPost.record).is_(None),
        )
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(col(Occurrence.campaign_id) == campaign_id, col(Occurrence.state) != LEFT)
        .order_by(col(StoredPost.id))
    )
    if only is not None:
        meant: Any = aliased(StoredPost)
        versions = (meant.platform == StoredPost.platform, meant.post_id == StoredPost.post_id)
        rows = rows.where(select(meant.id).where(*versions, meant.id.in_(sorted(only))).exists())
    listed = [_Listed(*row) for row in run(session, rows)]
    newest = {(post.platform, post.post_id): post for post in listed}
    found = [post for post in newest.values() if only is None or post.row in only]
    return sorted(found, key=lambda post: (post.first_seen_at, post.row))


def _reported(session: Session, posts: Iterable[_Listed]) -> list[Reported]:
    """The same posts with their words, those that have them."""
    listed = list(posts)
    rows = [post.row for post in listed]
    records: dict[int, Any] = {}
    for some in portions(rows):
        words = columns(col(StoredPost.id), col(StoredPost.record)).where(col(StoredPost.id).in_(some))
        records |= dict(run(session, words).all())
    handles = _handles(session, rows)
    return [
        Reported(
            row=post.row,
            platform=post.platform,
            post_id=post.post_id,
            first_seen_at=post.first_seen_at,
            record=record,
            handles=handles.get(post.row, []),
        )
        for post in listed
        if (record := records.get(post.row)) is not None
    ]


def _reports(session: Session, ids: Sequence[str]) -> list[Report]:
    found = {
        report.id: report
        for some in portions(ids)
        for report in session.exec(select(Report).where(col(Report.id).in_(some)))
    }
    return [found[one] for one in ids]


def _handles(session: Session, posts: Sequence[int]) -> dict[int, list[str]]:
    """The handles of posts."""
    found: dict[int, list[str]] = {}
    for some in portions(posts):
        rows = session.exec(
            select(Mention.post_id, Identity.app, Identity.handle)
            .join(Identity, col(Identity.id) == col(Mention.identity_id))
            .where(col(Mention.post_id).in_(some))
            .order_by(col(Mention.post_id), col(Identity.app), col(Identity.id))
        )
        for post_id, app, handle in rows:
            if handle:
                found.setdefault(post_id, []).append(f"{app}:{handle}")
    return found
