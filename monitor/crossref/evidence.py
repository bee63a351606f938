"""What edges are made of: which posts share which identities, by which account, when, and how they may be linked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from monitor.crossref.moments import moment
from monitor.linking import Linking
from monitor.store.tables import Alert, Mention, Occurrence, SourceRow, StoredPost
from monitor.store.tables.evidence import SEALED
from monitor.store.writing import portions

SAFEGUARDING: Final = "safeguarding"
"""The lane whose posts are no evidence of any link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One identity in one stored version of a post.

    :param platform: with `name`, what names the post.
    :param linkable: it may be set beside posts of other platforms.
    :param at: when it was posted, as far as that can be believed.
    """

    identity_id: int
    row: int
    platform: str
    name: str
    account_id: int | None
    linkable: bool
    at: datetime
    confidence: float
    same_name: bool


def protected(session: Session, posts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the posts (platform and id) of which any version is in an alert of the safeguarding lane."""
    wanted = set(posts)
    found: set[tuple[str, str]] = set()
    for platform in sorted({platform for platform, _ in wanted}):
        for part in portions(sorted(name for where, name in wanted if where == platform)):
            rows = session.exec(
                select(StoredPost.post_id)
                .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
                .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id))
                .where(StoredPost.platform == platform, col(StoredPost.post_id).in_(part), Alert.lane == SAFEGUARDING)
            )
            found |= {(platform, name) for name in rows}
    return found


def proofs(session: Session, linking: Linking, *where: ColumnElement[bool]) -> list[Proof]:
    """The proofs that a condition on `Mention` and `StoredPost` chooses, but for those of protected posts."""
    rows = session.exec(
        select(Mention, StoredPost, SourceRow.plugin)
        .join(StoredPost, col(StoredPost.id) == col(Mention.post_id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
        .where(*where)
        .order_by(col(Mention.post_id), col(Mention.identity_id))
        .options(*map(defer, SEALED))
    ).all()
    found = [
        Proof(
            identity_id=mention.identity_id,
            row=mention.post_id,
            platform=post.platform,
            name=post.post_id,
            account_id=post.account_id,
            linkable=linking.may_link(post.platform, plugin),
            at=moment(post.created_at, post.first_seen_at),
            confidence=mention.confidence if mention.confidence is not None else 0,
            same_name=bool(mention.same_name),
        )
        for mention, post, plugin in rows
    ]
    left_out = protected(session, {(one.platform, one.name) for one in found})
    return [one for one in found if (one.platform, one.name) not in left_out]


def of_accounts(
    session: Session, linking: Linking, accounts: Collection[int], identities: Collection[int]
) -> list[Proof]:
    """What proves that one of these accounts shared one of these identities."""
    return [
        one
        for some in portions(sorted(accounts))
        for others in portions(sorted(identities))
        for one in proofs(session, linking, col(StoredPost.account_id).in_(some), col(Mention.identity_id).in_(others))
    ]
