"""The edges between accounts, identities and campaigns, each with the posts that prove it. Pure.

How much an edge counts is reckoned when it is looked at: confidence x rarity x decay.

- rarity = 1 / (1 + log2(n)), n the accounts that shared the identity (that posted the campaign); of two identities in
  one post, the commoner one's. One account: 1, two: 0.5, fifty: 0.15.
- decay = 0.5 ** (days since its last post / half-life).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from math import log2
from typing import NamedTuple


class Kind(StrEnum):
    """What an edge says, and what it is between."""

    SHARES = "shares"
    """An account shares an identity."""
    SAME_NAME = "same-name"
    """An account says that its own name is the identity."""
    APPEARS = "appears"
    """An identity appears in a campaign."""
    POSTED = "posted"
    """An account posted a campaign."""
    TOGETHER = "together"
    """Two identities stand in one post, or in one bio."""


class Sighted(NamedTuple):
    """An identity in a post. `in_bio`: only in the bio of its account."""

    identity_id: int
    confidence: float
    same_name: bool = False
    in_bio: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One stored version of a post: `row` is its number, `at` when it was posted as far as that can be believed."""

    row: int
    at: datetime
    account_id: int | None
    campaign_id: int | None
    sighted: Sequence[Sighted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`one` and `other` are numbers of what the kind is between, in the order that it names them.

    :param posts: the stored posts that prove it, ascending.
    :param confidence: the best of them.
    :param accounts: how many accounts what is shared has; see the module.
    :param in_bio: two identities together: only in bios.
    """

    kind: Kind
    one: int
    other: int
    posts: Sequence[int]
    first_at: datetime
    last_at: datetime
    confidence: float
    accounts: int
    in_bio: bool = False

    def weight(self, now: datetime, half_life_days: float) -> float:
        """What it counts at a time, 0 to 1."""
        return self.confidence * rarity(self.accounts) * decay(self.last_at, now, half_life_days)


def rarity(accounts: int) -> float:
    """The fewer accounts, the more an edge says: 1 for one of them."""
    return 1 / (1 + log2(max(1, accounts)))


def decay(last_at: datetime, now: datetime, half_life_days: float) -> float:
    """1 for now, half of it after so many days."""
    return 0.5 ** (max(0.0, (now - last_at).total_seconds() / 86_400) / half_life_days)


class _Proof(NamedTuple):
    kind: Kind
    one: int
    other: int
    confidence: float
    in_bio: bool = False


def edges_of(
    posts: Iterable[Seen],
    *,
    identities: Mapping[int, int],
    campaigns: Mapping[int, int],
    around: int | None = None,
) -> list[Edge]:
    """The edges that posts prove, sorted.

    :param identities: how many accounts shared each; likewise `campaigns`, how many posted each.
    :param around: of two identities together, only those with this one: a post with 500 has 124,750 pairs.
    """
    proofs: dict[tuple[Kind, int, int], list[tuple[Seen, _Proof]]] = {}
    for post in posts:
        for proof in _proofs(post, around):
            proofs.setdefault(proof[:3], []).append((post, proof))
    edges: list[Edge] = []
    for (kind, one, other), found in sorted(proofs.items()):
        shared = {Kind.APPEARS: (one,), Kind.TOGETHER: (one, other)}.get(kind, (other,))
        counts = campaigns if kind is Kind.POSTED else identities
        edges.append(
            Edge(
                kind=kind,
                one=one,
                other=other,
                posts=sorted({post.row for post, _ in found}),
                first_at=min(post.at for post, _ in found),
                last_at=max(post.at for post, _ in found),
                confidence=max(proof.confidence for _, proof in found),
                accounts=max(counts.get(number, 0) for number in shared),
                in_bio=all(proof.in_bio for _, proof in found),
            )
        )
    return edges


def _proofs(post: Seen, around: int | None) -> Iterator[_Proof]:
    account, campaign = post.account_id, post.campaign_id
    if account is not None and campaign is not None:
        yield _Proof(Kind.POSTED, account, campaign, 1.0)
    for one in post.sighted:
        if account is not None:
            yield _Proof(Kind.SHARES, account, one.identity_id, one.confidence)
            if one.same_name:
                yield _Proof(Kind.SAME_NAME, account, one.identity_id, one.confidence)
        if campaign is not None:
            yield _Proof(Kind.APPEARS, one.identity_id, campaign, one.confidence)
    ordered = sorted(post.sighted)
    if around is None:
        pairs: Iterable[tuple[Sighted, Sighted]] = combinations(ordered, 2)
    else:
        mine = [one for one in ordered if one.identity_id == around]
        pairs = ((min(this, one), max(this, one)) for this in mine for one in ordered if one.identity_id != around)
    for one, other in pairs:
        # What only the bio says of one of them, the account says beside every post.
        sure = min(one.confidence, other.confidence)
        yield _Proof(Kind.TOGETHER, one.identity_id, other.identity_id, sure, one.in_bio and other.in_bio)
