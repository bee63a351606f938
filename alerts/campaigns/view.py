"""Campaigns out of the store, masked."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, or_, select

from alerts.campaigns.records import CampaignView, Group, HandleIn, StepSeen, Suggested
from alerts.masking import clean, tag
from alerts.triage.queue import effective
from alerts.triage.records import Lane
from monitor.campaigns.growth import Growth, Seen, growth
from monitor.campaigns.redirects import home_of
from monitor.crossref.moments import moment
from monitor.store.tables import Alert, Campaign, CampaignStep, Identity, Mention, Occurrence, StoredPost, Suggestion
from monitor.store.tables.evidence import SEALED

LISTED = 50


def build(session: Session, alert: Alert, *, asked: int, now: datetime, safeguarding: bool) -> CampaignView:
    """One campaign by its alert."""
    campaign = session.get_one(Campaign, alert.campaign_id)
    handles, groups = _handles(session, campaign.id)
    return CampaignView(
        id=campaign.id,
        asked=asked,
        alert_id=alert.id or 0,
        state=effective(alert, now),
        verdict=alert.verdict,
        lane=alert.lane,
        about=campaign.about,
        growth=_growth(session, campaign.id),
        handles=handles[:LISTED],
        handle_count=len(handles),
        groups=groups[:LISTED],
        group_count=len(groups),
        merged=_merged(session, campaign.id),
        steps=_steps(session, campaign.id),
        suggestions=suggestions(session, now=now, safeguarding=safeguarding, of=campaign.id),
    )


def _growth(session: Session, campaign_id: int) -> Growth:
    rows = session.exec(
        select(StoredPost)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(Occurrence.campaign_id == campaign_id)
        .options(*map(defer, SEALED))
    )
    return growth(
        Seen(clean(row.platform), row.post_id, moment(row.created_at, row.first_seen_at), row.account_id)
        for row in rows
    )


def _handles(session: Session, campaign_id: int) -> tuple[list[HandleIn], list[Group]]:
    """The handles, those of most posts first; the groups by their size, with their handles."""
    of = select(Occurrence.post_id, Occurrence.wording_id).where(Occurrence.campaign_id == campaign_id)
    posts: dict[int, int | None] = dict(session.exec(of).all())
    counts: Counter[tuple[str, str]] = Counter()
    by_post: dict[int, set[str]] = defaultdict(set)
    for post, app, key_hash in session.exec(
        select(Mention.post_id, Identity.app, Identity.key_hash)
        .join(Identity, col(Identity.id) == col(Mention.identity_id))
        .join(Occurrence, col(Occurrence.post_id) == col(Mention.post_id))
        .where(Occurrence.campaign_id == campaign_id)
    ):
        name = tag("H", key_hash)
        counts[name, app] += 1
        by_post[post].add(f"{name} · {app}")
    sizes: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for post, wording in sorted(posts.items()):
        sizes[0 if wording is not None else post, wording].append(post)
    groups = [Group(post=some[0], posts=len(some), handles=sorted(by_post[some[0]])) for some in sizes.values()]
    return (
        [HandleIn(tag=name, app=app, posts=count) for (name, app), count in sorted(counts.items(), key=_most)],
        sorted(groups, key=lambda one: (-one.posts, one.post)),
    )


def _most(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -item[1], item[0]


def _merged(session: Session, campaign_id: int) -> list[int]:
    """All that is part of it now, whatever the way."""
    found: list[int] = []
    new = [campaign_id]
    while new:
        new = list(session.exec(select(Campaign.id).where(col(Campaign.merged_into).in_(new))))
        found += new
    return sorted(found)


def _steps(session: Session, campaign_id: int) -> list[StepSeen]:
    rows = session.exec(
        select(CampaignStep)
        .where(or_(col(CampaignStep.campaign_id) == campaign_id, col(CampaignStep.other_id) == campaign_id))
        .order_by(col(CampaignStep.id))
    )
    return [
        StepSeen(
            kind=row.kind,
            campaign_id=row.campaign_id,
            other_id=row.other_id,
            posts=len(row.posts),
            user=row.user,
            at=row.at,
        )
        for row in rows
    ]


def suggestions(
    session: Session, *, now: datetime, safeguarding: bool, of: int | None = None, limit: int = 200
) -> list[Suggested]:
    """What nobody has decided yet, oldest first; of what was merged meanwhile, where its posts are now.

    :param safeguarding: also where an alert is in that lane.
    :param of: only those that concern this campaign.
    """
    dismissed = set(
        session.exec(
            select(Suggestion.campaign_id, Suggestion.other_id).where(col(Suggestion.state) == "dismissed")
        ).all()
    )
    found: dict[tuple[int, int], Suggested] = {}
    for row in session.exec(select(Suggestion).where(Suggestion.state == "open").order_by(col(Suggestion.id))):
        first, second = sorted((home_of(session, row.campaign_id), home_of(session, row.other_id)))
        if first == second or (first, second) in dismissed or (first, second) in found:
            continue
        if of is not None and of not in (first, second):
            continue
        pair = [session.exec(select(Alert).where(Alert.campaign_id == one)).first() for one in (first, second)]
        one, other = pair
        if one is None or other is None:
            continue
        if not safeguarding and Lane.SAFEGUARDING in (one.lane, other.lane):
            continue
        found[first, second] = Suggested(
            id=row.id or 0,
            campaigns=(first, second),
            alerts=(one.id or 0, other.id or 0),
            states=(effective(one, now), effective(other, now)),
            posts=(_size(session, first), _size(session, second)),
            bridge=row.post_id,
            at=row.suggested_at,
        )
        if len(found) == limit:
            break
    return list(found.values())


def _size(session: Session, campaign_id: int) -> int:
    return session.exec(select(func.count()).select_from(Occurrence).where(Occurrence.campaign_id == campaign_id)).one()


def alert_of(session: Session, campaign_id: int) -> Alert | None:
    """The alert of a campaign, or of what it was merged into."""
    return session.exec(select(Alert).where(Alert.campaign_id == home_of(session, campaign_id))).first()
