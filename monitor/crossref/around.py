"""What is around one identity in the store: its edges, its linked set and why, what looks like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from monitor.crossref.edges import Edge, Seen, Sighted, edges_of
from monitor.crossref.evidence import Proof, proofs
from monitor.crossref.sets import LinkedSets
from monitor.crossref.sharing import within
from monitor.linking import Linking
from monitor.store.tables import Identity, LinkedSet, Mention, Occurrence, Sharing, StoredPost
from monitor.store.writing import portions

_BIO = "author.bio"
CANDIDATES = 200
"""Look-alikes that are looked at; what is as common as that suggests nothing."""


def edges_around(session: Session, linking: Linking, identity_id: int, *, platform: str | None = None) -> list[Edge]:
    """The edges of the posts that share an identity, two identities together only with this one.

    :param platform: only this one's; None for all that may be linked.
    """

    def allowed(found: Sequence[Proof]) -> list[Proof]:
        return [one for one in found if (one.linkable if platform is None else one.platform == platform)]

    own = allowed(proofs(session, linking, Mention.identity_id == identity_id))  # pyright: ignore[reportArgumentType] - SQLModel
    rows = sorted({one.row for one in own})
    by_row: dict[int, list[Proof]] = defaultdict(list)
    for part in portions(rows):
        for one in allowed(proofs(session, linking, col(Mention.post_id).in_(part))):
            by_row[one.row].append(one)
    campaigns = _campaigns(session, rows)
    bios = _bios(session, [row for row, ones in by_row.items() if len(ones) > 1])
    seen = [
        Seen(
            row=row,
            at=ones[0].at,
            account_id=ones[0].account_id,
            campaign_id=campaigns.get(row),
            sighted=[
                Sighted(one.identity_id, one.confidence, one.same_name, one.identity_id in bios.get(row, ()))
                for one in ones
            ],
        )
        for row, ones in sorted(by_row.items())
    ]
    identities = {one.identity_id for ones in by_row.values() for one in ones}
    return edges_of(
        seen,
        identities=accounts_of(session, identities, platform or ""),
        campaigns=_posters(session, set(campaigns.values())),
        around=identity_id,
    )


def accounts_of(session: Session, identities: Collection[int], scope: str) -> dict[int, int]:
    """How many accounts shared each of these identities within a scope."""
    return {
        identity: count
        for part in portions(sorted(identities))
        for identity, count in session.exec(
            select(Sharing.identity_id, func.count())
            .where(col(Sharing.identity_id).in_(part), within(scope))
            .group_by(col(Sharing.identity_id))
        )
    }


def _campaigns(session: Session, rows: Sequence[int]) -> dict[int, int]:
    return {
        row: campaign
        for part in portions(rows)
        for row, campaign in session.exec(
            select(Occurrence.post_id, Occurrence.campaign_id).where(col(Occurrence.post_id).in_(part))
        )
    }


def _posters(session: Session, campaigns: Collection[int]) -> dict[int, int]:
    return {
        campaign: count
        for part in portions(sorted(campaigns))
        for campaign, count in session.exec(
            select(Occurrence.campaign_id, func.count(func.distinct(StoredPost.account_id)))
            .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
            .where(col(Occurrence.campaign_id).in_(part))
            .group_by(col(Occurrence.campaign_id))
        )
    }


def _bios(session: Session, rows: Sequence[int]) -> dict[int, set[int]]:
    """By post, the identities that stand in the bio of its account and nowhere else."""
    found: dict[int, set[int]] = {}
    for part in portions(rows):
        hashes = {
            (row, key): number
            for row, key, number in session.exec(
                select(Mention.post_id, Identity.key_hash, Mention.identity_id)
                .join(Identity, col(Identity.id) == col(Mention.identity_id))
                .where(col(Mention.post_id).in_(part))
            )
        }
        for post in session.exec(
            select(StoredPost).where(col(StoredPost.id).in_(part)).options(defer(cast("Any", StoredPost.record)))
        ):
            fields: dict[bytes, set[str]] = defaultdict(set)
            for match in post.screening.get("handles", ()):
                fields[bytes.fromhex(match["key_hash"])].add(match["field"])
            alone = {key for key, places in fields.items() if places == {_BIO}}
            row = post.id or 0
            found[row] = {hashes[row, key] for key in alone if (row, key) in hashes}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Another identity of the linked set. `accounts`: those that shared both; none where others stand between."""

    identity_id: int
    accounts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAround:
    """The linked set that an identity is in.

    :param members: the others, those that an account joins to it directly first.
    :param hub: it joins nothing; `said`: by a person's word (True, or False: it joins whatever the number).
    :param accounts: that shared it.
    """

    members: Sequence[Joined]
    hub: bool
    said: bool | None
    accounts: int


def set_around(session: Session, identity: Identity, *, scope: str, hub_accounts: int) -> SetAround:
    """The linked set of an identity within a scope, and how it stands there."""
    number = identity.id or 0
    set_id = select(LinkedSet.set_id).where(LinkedSet.scope == scope, LinkedSet.identity_id == number)
    others = session.exec(
        select(LinkedSet.identity_id)
        .where(
            LinkedSet.scope == scope,
            col(LinkedSet.set_id) == set_id.scalar_subquery(),
            LinkedSet.identity_id != number,
        )
        .order_by(col(LinkedSet.identity_id))
    ).all()
    own = select(Sharing.account_id).where(Sharing.identity_id == number, within(scope))
    between: dict[int, list[int]] = defaultdict(list)
    for part in portions(others):
        for other, account in session.exec(
            select(Sharing.identity_id, Sharing.account_id)
            .where(col(Sharing.identity_id).in_(part), col(Sharing.account_id).in_(own), within(scope))
            .order_by(col(Sharing.account_id))
        ):
            between[other].append(account)
    standing = LinkedSets(session, hub_accounts=hub_accounts).standing(scope, [number])[number]
    members = [Joined(identity_id=other, accounts=between.get(other, ())) for other in others]
    return SetAround(
        members=sorted(members, key=lambda one: (-len(one.accounts), one.identity_id)),
        hub=standing.hub(hub_accounts),
        said=standing.said,
        accounts=accounts_of(session, [number], scope).get(number, 0),
    )


def lookalikes(session: Session, linking: Linking, identity: Identity, *, platform: str | None) -> list[Identity]:
    """Identities that only look like this one, the same string on another app included: suggestions, never joined.

    Only those that a post shows which may be linked (or that is on the platform), none of the safeguarding lane.
    """
    if identity.skeleton_hash is None:
        return []
    found = session.exec(
        select(Identity)
        .where(Identity.skeleton_hash == identity.skeleton_hash, Identity.id != identity.id)
        .order_by(col(Identity.id))
        .limit(CANDIDATES)
    ).all()
    shown = {
        one.identity_id
        for part in portions([one.id or 0 for one in found])
        for one in proofs(session, linking, col(Mention.identity_id).in_(part))
        if (one.linkable if platform is None else one.platform == platform)
    }
    return [one for one in found if one.id in shown]
