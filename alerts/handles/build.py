"""A handle's record out of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from alerts.handles.links import LinkRules, linked, lookalike, with_names
from alerts.handles.records import (
    AccountSeen,
    AlertSeen,
    DaySeen,
    HandleBeside,
    HandleRecord,
    PlatformSeen,
    PostSeen,
    ReportSeen,
    VerdictSeen,
)
from alerts.handles.sightings import Sighting, returns, sightings
from alerts.masking import clean, tag
from alerts.triage.queue import effective
from alerts.triage.records import Lane
from alerts.verdicts import Conduct
from monitor.linking import Linking
from monitor.store.tables import Account, Alert, Decision, Identity, Mention, Report, StoredPost
from monitor.store.writing import portions

LISTED = 50


def build(
    session: Session,
    *,
    app: str,
    key_hash: bytes,
    identity: Identity | None,
    platform: str | None,
    linking: Linking,
    rules: LinkRules,
    now: datetime,
    clear: bool,
) -> HandleRecord:
    """The record; `clear` only for a reveal that is committed."""
    everywhere = sightings(session, identity.id or 0, linking) if identity is not None else []
    seen = [one for one in everywhere if (one.may_link if platform is None else one.platform == platform)]
    # Not how often: a number would tell more than that there is a record of its own to ask for.
    left_out = {one.platform for one in everywhere if not one.may_link} if platform is None else set[str]()
    posts = {row: number for number, one in enumerate(seen) for row in one.rows}
    alerts = _alerts(session, seen, now)
    handles = _beside(session, identity.id if identity else None, posts)
    accounts = Counter(one.newest.account_id for one in seen if one.newest.account_id is not None)
    reports = _reports(session, posts, {one.id for one in alerts})
    return HandleRecord(
        tag=tag("H", key_hash),
        app=app,
        name=clean(identity.handle) if identity and identity.handle and clear and seen else None,
        platform=clean(platform) if platform is not None else None,
        posts=len(seen),
        first_at=seen[0].at if seen else None,
        last_at=seen[-1].at if seen else None,
        platforms=_platforms(seen),
        timeline=_timeline(seen),
        latest=_latest(session, seen[: -LISTED - 1 : -1], clear=clear),
        alerts=alerts[:LISTED],
        alert_count=len(alerts),
        verdicts=_verdicts(session, [one.id for one in alerts[:LISTED]]),
        handles=_named(session, handles.most_common(LISTED), clear=clear),
        handle_count=len(handles),
        accounts=with_names(
            session,
            identity.id if identity else None,
            _accounts(session, seen, accounts.most_common(LISTED), clear=clear),
            clear=clear,
        ),
        account_count=len(accounts),
        linked=linked(session, identity, platform, rules, now, clear=clear) if identity and seen else None,
        lookalikes=lookalike(session, identity, platform, linking, clear=clear) if identity and seen else (),
        reports=reports[:LISTED],
        report_count=len(reports),
        returns=returns(session, key_hash, seen),
        left_out=sorted(map(clean, left_out)),
        listed=LISTED,
        clear=clear,
    )


def _platforms(seen: Sequence[Sighting]) -> list[PlatformSeen]:
    by_platform: dict[str, list[Sighting]] = {}
    for one in seen:
        by_platform.setdefault(one.platform, []).append(one)
    return [
        PlatformSeen(
            platform=clean(name),
            posts=len(ones),
            first_at=ones[0].at,
            last_at=ones[-1].at,
            unavailable=sum(one.gone for one in ones),
        )
        for name, ones in sorted(by_platform.items())
    ]


def _timeline(seen: Sequence[Sighting]) -> list[DaySeen]:
    days = Counter(one.at.astimezone(UTC).date() for one in seen)
    return [DaySeen(day=day, posts=posts) for day, posts in sorted(days.items())]


def _latest(session: Session, seen: Sequence[Sighting], *, clear: bool) -> list[PostSeen]:
    labels = _account_rows(session, [one.newest.account_id for one in seen if one.newest.account_id is not None])
    return [
        PostSeen(
            platform=clean(one.platform),
            account=f"account {tag('A', account.key_hash)}" if account else "account",
            at=one.at,
            first_seen_at=one.first_seen_at,
            state=one.newest.state,
            standing=one.newest.standing,
            alerts=sorted(one.alerts),
            url=_address(one.newest) if clear else None,
        )
        for one in seen
        for account in (labels.get(one.newest.account_id or 0),)
    ]


def _address(row: StoredPost) -> str | None:
    url = (row.record or {}).get("url")
    return clean(url, limit=2000) if isinstance(url, str) else None


def _alerts(session: Session, seen: Sequence[Sighting], now: datetime) -> list[AlertSeen]:
    posts = Counter(alert for one in seen for alert in one.alerts)
    return [
        AlertSeen(
            id=row.id or 0,
            state=effective(row, now),
            verdict=row.verdict,
            opened_at=row.opened_at,
            decided_at=row.decided_at,
            posts=posts[row.id or 0],
        )
        for portion in portions(sorted(posts))
        for row in session.exec(
            select(Alert).where(col(Alert.id).in_(portion), Alert.lane == Lane.MAIN).order_by(col(Alert.id))
        )
    ][::-1]


def _verdicts(session: Session, alerts: Sequence[int]) -> list[VerdictSeen]:
    rows = session.exec(
        select(Decision)
        .where(col(Decision.alert_id).in_(alerts), Decision.lane == Lane.MAIN)
        .order_by(col(Decision.decided_at), col(Decision.id))
    )
    return [
        VerdictSeen(
            alert_id=row.alert_id,
            step=row.kind,
            verdict=row.verdict,
            at=row.decided_at,
            user=row.user,
            final=row.final,
        )
        for row in rows
        if row.conduct is None or not Conduct(row.conduct).safeguarding
    ]


def _beside(session: Session, identity_id: int | None, posts: dict[int, int]) -> Counter[int]:
    """Other identities of the same posts, and in how many of them each stands; versions of a post count once."""
    pairs = {
        (other, posts[row])
        for portion in portions(sorted(posts))
        for other, row in session.exec(
            select(Mention.identity_id, Mention.post_id).where(
                col(Mention.post_id).in_(portion), Mention.identity_id != identity_id
            )
        )
    }
    return Counter(other for other, _ in sorted(pairs))


def _named(session: Session, handles: Sequence[tuple[int, int]], *, clear: bool) -> list[HandleBeside]:
    ids = [number for number, _ in handles]
    rows = {row.id: row for row in session.exec(select(Identity).where(col(Identity.id).in_(ids)))}
    return [
        HandleBeside(
            tag=tag("H", row.key_hash),
            app=row.app,
            name=clean(row.handle) if clear and row.handle else None,
            posts=posts,
            key_hash=row.key_hash,
        )
        for number, posts in handles
        for row in (rows[number],)
    ]


def _account_rows(session: Session, ids: Collection[int]) -> dict[int, Account]:
    rows = session.exec(select(Account).where(col(Account.id).in_(sorted(set(ids)))))
    return {row.id or 0: row for row in rows}


def _accounts(
    session: Session, seen: Sequence[Sighting], accounts: Sequence[tuple[int | None, int]], *, clear: bool
) -> list[AccountSeen]:
    ungathered = {one.newest.account_id for one in seen if not one.may_profile}
    rows = _account_rows(session, [number for number, _ in accounts if number is not None])
    found = [
        AccountSeen(
            tag=tag("A", row.key_hash),
            platform=clean(row.platform),
            name=_account_name(row) if clear else None,
            posts=None if number in ungathered else posts,
        )
        for number, posts in accounts
        for row in (rows[number or 0],)
    ]
    # Where accounts must not be counted, their order says nothing about how many posts they have either.
    return sorted(found, key=lambda one: (one.posts is None, -(one.posts or 0), one.platform, one.tag))


def _account_name(row: Account) -> str | None:
    author = row.author or {}
    name = author.get("handle") or author.get("name") or author.get("id")
    return clean(name) if isinstance(name, str) else None


def _reports(session: Session, posts: Collection[int], alerts: Collection[int]) -> list[ReportSeen]:
    found = [
        ReportSeen(
            id=row.id,
            alert_id=row.alert_id,
            platform=clean(platform),
            channel=row.channel,
            state=row.state,
            updated_at=row.updated_at,
        )
        for portion in portions(sorted(posts))
        for row, platform in session.exec(
            select(Report, StoredPost.platform)
            .join(StoredPost, col(StoredPost.id) == col(Report.post_id))
            .where(col(Report.post_id).in_(portion))
        )
        if row.alert_id in alerts
    ]
    return sorted(found, key=lambda one: (one.updated_at, one.id), reverse=True)
