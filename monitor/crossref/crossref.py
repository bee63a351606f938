"""What the intake, and whoever moves alerts, asks of the cross-reference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case
from sqlmodel import Session, col, func, select

from monitor.crossref.evidence import SAFEGUARDING
from monitor.crossref.mentions import Shared
from monitor.crossref.moments import moment
from monitor.crossref.sets import LinkedSets
from monitor.crossref.sharing import add, renew
from monitor.linking import Linking
from monitor.store.tables import Alert, Identity, Mention, Occurrence, Sharing, StoredPost
from monitor.store.writing import portions, run

HUB_ACCOUNTS = 50

_VERSIONS: Final = (
    select(func.count(func.distinct(StoredPost.id)), func.max(case((col(Alert.lane) == SAFEGUARDING, 1), else_=0)))
    .select_from(StoredPost)
    .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id), isouter=True)
    .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id), isouter=True)
    .where(StoredPost.platform == bindparam("platform"), StoredPost.post_id == bindparam("name"))
)
"""How many versions of a post there are, and whether one is in the safeguarding lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A post that was just stored, placed, and has its identities written down.

    :param plugin: the kind of source that brought it.
    """

    row: int
    platform: str
    name: str
    account_id: int | None
    plugin: str | None
    created_at: datetime | None
    first_seen_at: datetime
    identities: Mapping[int, Shared]


class Crossref:
    """Keeps edges and linked sets as their evidence says, within the caller's transaction; writers take turns.

    :param linking: what terms allow.
    :param hub_accounts: an identity that so many accounts share joins nothing, unless a person says so.
    """

    def __init__(self, linking: Linking | None = None, *, hub_accounts: int = HUB_ACCOUNTS) -> None:
        self.linking = linking or Linking()
        self.hub_accounts = hub_accounts

    @property
    def rules(self) -> str:
        """By what edges and sets are made, in words that are compared."""
        names = (sorted(one) for one in (self.linking.unlinked_platforms, self.linking.unlinked_plugins))
        platforms, plugins = (",".join(one) or "-" for one in names)
        return f"hub from {self.hub_accounts} accounts; not linked: platforms {platforms}; plug-ins {plugins}"

    def arrive(self, session: Session, post: Arrived) -> None:
        """Adds a new post's edges. It is in its campaign already: one in the safeguarding lane adds none."""
        if not post.identities:
            return
        versions, guarded = run(session, _VERSIONS, {"platform": post.platform, "name": post.name}).one()
        if versions > 1 or guarded:
            self.renew(session, [(post.platform, post.name)])
            return
        if post.account_id is None:
            return
        new = add(
            session,
            post.identities,
            post.account_id,
            post.platform,
            linkable=self.linking.may_link(post.platform, post.plugin),
            at=moment(post.created_at, post.first_seen_at),
        )
        sets = LinkedSets(session, hub_accounts=self.hub_accounts)
        for scope, identities in sorted(new.items()):
            sets.join(scope, post.account_id, identities)

    def renew(self, session: Session, posts: Iterable[tuple[str, str]]) -> None:
        """Makes anew what posts (platform and id) prove, or no longer do, and the sets around it."""
        names = sorted(set(posts))
        identities: set[int] = set()
        accounts: set[int] = set()
        for platform in sorted({platform for platform, _ in names}):
            for part in portions(sorted(name for one, name in names if one == platform)):
                rows = session.exec(
                    select(Mention.identity_id, StoredPost.account_id)
                    .join(StoredPost, col(StoredPost.id) == col(Mention.post_id))
                    .where(StoredPost.platform == platform, col(StoredPost.post_id).in_(part))
                ).all()
                identities |= {identity for identity, _ in rows}
                accounts |= {account for _, account in rows if account is not None}
        self._rebuild(session, renew(session, self.linking, identities, accounts))

    def campaign_moved(self, session: Session, campaign_id: int) -> None:
        """The posts of a campaign came into the safeguarding lane, or out of it."""
        posts = session.exec(
            select(StoredPost.platform, StoredPost.post_id)
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .where(Occurrence.campaign_id == campaign_id)
        )
        self.renew(session, [(platform, name) for platform, name in posts])

    def say_hub(self, session: Session, identity: Identity, hub: bool | None) -> None:
        """A person's word on whether an identity joins nothing (True), joins (False), or goes by the number (None)."""
        identity.hub = hub
        session.add(identity)
        session.flush()
        platforms = session.exec(select(Sharing.platform).where(Sharing.identity_id == identity.id).distinct()).all()
        self._rebuild(session, {scope: {identity.id or 0} for scope in ("", *platforms)})

    def _rebuild(self, session: Session, changed: Mapping[str, Collection[int]]) -> None:
        sets = LinkedSets(session, hub_accounts=self.hub_accounts)
        for scope, identities in sorted(changed.items()):
            sets.rebuild(scope, identities)
