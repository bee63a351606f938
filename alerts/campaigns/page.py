"""A campaign as its page shows it, and what is suggested to merge, with the words: masked unless revealed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, col, func, select

from alerts.campaigns.records import CampaignView, Suggested
from alerts.masking import clean, tag
from alerts.triage.posts import account_label, address
from alerts.triage.returned import returned
from alerts.triage.shown import PostShown, Returned
from alerts.triage.view import post_shown
from monitor.crossref.moments import moment
from monitor.linking import Linking
from monitor.store.keys import Keyring
from monitor.store.tables import Account, Alert, Occurrence, SourceRow, StoredPost

LISTED = 50
GROUPS = 30
"""Groups that are shown with their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPost:
    """One stored post of a campaign. `url` is None in a masked view.

    :param at: when it was posted, as far as that can be believed.
    :param state: of the text: up, expired, deleted; `standing` what the platform last said.
    :param joined: what people made of it: attached, waiting, added, left, counted.
    """

    post_id: int
    platform: str
    account: str
    at: datetime
    first_seen_at: datetime
    url: str | None
    state: str
    standing: str | None
    joined: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAccount:
    """An account that posted it; `posts` is None where its platform's terms forbid to gather by account."""

    tag: str
    platform: str
    posts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPage:
    """One campaign with its words.

    :param first: the post that the campaign goes by.
    :param posts: one page of all `post_count` stored versions, the newest first.
    :param words: of the groups, by their post.
    """

    view: CampaignView
    first: PostShown
    posts: Sequence[CampaignPost]
    post_count: int
    page: int
    pages: int
    accounts: Sequence[CampaignAccount]
    account_count: int
    words: dict[int, PostShown]
    returns: Sequence[Returned]
    clear: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedPage:
    """A suggestion with the words of both campaigns, and of the post that is like both while it is in one of them."""

    suggested: Suggested
    firsts: tuple[PostShown, PostShown]
    bridge: PostShown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """What shows posts: the key, the platforms to ask first, and what terms allow."""

    keyring: Keyring
    ask_first: Collection[str]
    linking: Linking

    def post(self, session: Session, post_id: int, *, clear: bool = False) -> PostShown:
        """One post."""
        row = session.get_one(StoredPost, post_id)
        return post_shown(session, self.keyring, row, clear=clear, ask_first=self.ask_first)

    def page(self, session: Session, view: CampaignView, alert: Alert, *, page: int, clear: bool) -> CampaignPage:
        """A campaign's page; `clear` only for a reveal that is committed with it."""
        count = session.exec(
            select(func.count()).select_from(Occurrence).where(Occurrence.campaign_id == view.id)
        ).one()
        pages = max(1, -(-count // LISTED))
        page = max(1, min(page, pages))
        accounts = self._accounts(session, view.id)
        return CampaignPage(
            view=view,
            first=self.post(session, view.id, clear=clear),
            posts=_posts(session, view.id, (page - 1) * LISTED, clear=clear),
            post_count=count,
            page=page,
            pages=pages,
            accounts=accounts[:LISTED],
            account_count=len(accounts),
            words={
                group.post: self.post(session, group.post, clear=clear)
                for group in view.groups[:GROUPS]
                if group.post != view.id
            },
            returns=returned(session, alert, self.linking),
            clear=clear,
        )

    def suggested(self, session: Session, found: Iterable[Suggested]) -> list[SuggestedPage]:
        """Suggestions with their words."""
        return [
            SuggestedPage(
                suggested=one,
                firsts=(self.post(session, one.campaigns[0]), self.post(session, one.campaigns[1])),
                bridge=self.post(session, one.bridge) if self._shows_bridge(session, one) else None,
            )
            for one in found
        ]

    def _shows_bridge(self, session: Session, one: Suggested) -> bool:
        """Moved into another campaign meanwhile, it may not be for everybody who sees these two."""
        there = session.exec(select(Occurrence.campaign_id).where(Occurrence.post_id == one.bridge)).all()
        return one.bridge not in one.campaigns and bool(there) and set(there) <= set(one.campaigns)

    def _accounts(self, session: Session, campaign_id: int) -> list[CampaignAccount]:
        rows = session.exec(
            select(Account.key_hash, Account.platform, SourceRow.plugin, StoredPost.post_id)
            .join(StoredPost, col(StoredPost.account_id) == col(Account.id))
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
            .where(Occurrence.campaign_id == campaign_id)
        )
        posts: dict[tuple[str, str], set[str]] = {}
        uncounted: set[tuple[str, str]] = set()
        for key_hash, platform, plugin, post_id in rows:
            name = (tag("A", key_hash), platform)
            posts.setdefault(name, set()).add(post_id)
            if not self.linking.may_profile(platform, plugin):
                uncounted.add(name)
        found = [
            CampaignAccount(
                tag=name, platform=clean(platform), posts=None if (name, platform) in uncounted else len(ids)
            )
            for (name, platform), ids in posts.items()
        ]
        # Where accounts must not be counted, their order says nothing about how many posts they have either.
        return sorted(found, key=lambda one: (one.posts is None, -(one.posts or 0), one.platform, one.tag))


def _posts(session: Session, campaign_id: int, offset: int, *, clear: bool) -> list[CampaignPost]:
    rows = session.exec(
        select(StoredPost, Account, Occurrence.state)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .join(Account, col(Account.id) == col(StoredPost.account_id), isouter=True)
        .where(Occurrence.campaign_id == campaign_id)
        .order_by(_posted().desc(), col(StoredPost.id).desc())
        .offset(offset)
        .limit(LISTED)
    )
    return [
        CampaignPost(
            post_id=row.id or 0,
            platform=clean(row.platform),
            account=account_label(account),
            at=moment(row.created_at, row.first_seen_at),
            first_seen_at=row.first_seen_at,
            url=address(row) if clear else None,
            state=row.state,
            standing=row.standing,
            joined=joined,
        )
        for row, account, joined in rows
    ]


def _posted() -> ColumnElement[datetime]:
    """`monitor.crossref.moments`, but for clocks that were never set."""
    created, seen = col(StoredPost.created_at), col(StoredPost.first_seen_at)
    return case((created <= seen, created), else_=seen)
