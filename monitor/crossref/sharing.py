"""The edges between accounts and identities: written as posts arrive, or anew out of their proofs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from monitor.crossref.evidence import Proof, of_accounts
from monitor.crossref.mentions import Shared
from monitor.linking import Linking
from monitor.store.tables import Account, Sharing
from monitor.store.writing import portions, run


class Pair(NamedTuple):
    """An identity and an account that shared it."""

    identity_id: int
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What the proofs of a pair come to; see `Sharing`."""

    platform: str
    linkable: bool
    same_name: bool
    confidence: float
    posts: int
    first_at: datetime
    last_at: datetime


def edges_of(proofs: Iterable[Proof]) -> dict[Pair, Edge]:
    """The edges that proofs come to, by account and identity. Pure. Versions of one post count once."""
    by_pair: dict[Pair, list[Proof]] = {}
    for one in proofs:
        if one.account_id is not None:
            by_pair.setdefault(Pair(one.identity_id, one.account_id), []).append(one)
    return {
        pair: Edge(
            platform=ones[0].platform,
            linkable=any(one.linkable for one in ones),
            same_name=any(one.same_name for one in ones),
            confidence=max(one.confidence for one in ones),
            posts=len({one.name for one in ones}),
            first_at=min(one.at for one in ones),
            last_at=max(one.at for one in ones),
        )
        for pair, ones in by_pair.items()
    }


def add(
    session: Session, ones: Mapping[int, Shared], account_id: int, platform: str, *, linkable: bool, at: datetime
) -> dict[str, set[int]]:
    """Adds a new post's proofs to the edges of its account; gives the identities of new edges by scope."""
    before: dict[int, bool] = {}
    for part in portions(sorted(ones)):
        before |= dict(run(session, _SHARED, {"account_id": account_id, "identities": part}).all())
        run(
            session,
            _GROWING[session.get_bind().dialect.name],
            [
                {
                    "identity_id": number,
                    "account_id": account_id,
                    "platform": platform,
                    "linkable": linkable,
                    "same_name": ones[number].same_name,
                    "confidence": ones[number].confidence,
                    "posts": 1,
                    "first_at": at,
                    "last_at": at,
                }
                for number in part
            ],
        )
    return {
        platform_scope(platform): set(ones) - set(before),
        "": {one for one in ones if linkable and not before.get(one, False)},
    }


def platform_scope(platform: str) -> str:
    """The scope of what one platform's accounts share; the empty one is that of what may be linked over platforms."""
    return platform or "-"


def within(scope: str) -> ColumnElement[bool]:
    """The edges of a scope."""
    return col(Sharing.platform) == scope if scope else col(Sharing.linkable).is_(True)


_SHARED: Final = select(Sharing.identity_id, Sharing.linkable).where(
    Sharing.account_id == bindparam("account_id"),
    col(Sharing.identity_id).in_(bindparam("identities", expanding=True)),
)


def _growing(dialect: ModuleType) -> Any:
    """Inserts edges; those that are there grow by them."""
    statement = dialect.insert(Sharing)
    new, old = statement.excluded, Sharing
    return statement.on_conflict_do_update(
        index_elements=["identity_id", "account_id"],
        set_={
            "linkable": or_(col(old.linkable), new.linkable),
            "same_name": or_(col(old.same_name), new.same_name),
            "confidence": case((new.confidence > old.confidence, new.confidence), else_=old.confidence),
            "posts": col(old.posts) + new.posts,
            "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
            "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
        },
    )


_GROWING: Final[dict[str, Any]] = {"sqlite": _growing(sqlite), "postgresql": _growing(postgresql)}


def renew(
    session: Session, linking: Linking, identities: Collection[int], accounts: Collection[int]
) -> dict[str, set[int]]:
    """Writes the edges between accounts and identities anew, out of what proves them now.

    :returns: by scope, the identities whose edges there came or went.
    """
    now = edges_of(of_accounts(session, linking, accounts, identities))
    before = {
        Pair(row.identity_id, row.account_id): row
        for some in portions(sorted(accounts))
        for others in portions(sorted(identities))
        for row in session.exec(
            select(Sharing).where(col(Sharing.account_id).in_(some), col(Sharing.identity_id).in_(others))
        )
    }
    changed: dict[str, set[int]] = {}
    for pair in sorted(now.keys() | before.keys()):
        edge, row = now.get(pair), before.get(pair)
        scope = platform_scope(edge.platform if edge else _platform(session, pair.account_id))
        if (edge is None) != (row is None):
            changed.setdefault(scope, set()).add(pair.identity_id)
        if (edge is not None and edge.linkable) != (row is not None and row.linkable):
            changed.setdefault("", set()).add(pair.identity_id)
        _set(session, pair, edge, row)
    session.flush()
    return changed


def _set(session: Session, pair: Pair, edge: Edge | None, row: Sharing | None) -> None:
    if edge is None:
        session.exec(
            delete(Sharing).where(
                col(Sharing.identity_id) == pair.identity_id, col(Sharing.account_id) == pair.account_id
            )
        )
        return
    row = row or Sharing(
        **pair._asdict(),
        platform=edge.platform,
        linkable=False,
        confidence=0,
        posts=0,
        first_at=edge.first_at,
        last_at=edge.last_at,
    )
    row.linkable, row.same_name, row.confidence = edge.linkable, edge.same_name, edge.confidence
    row.posts, row.first_at, row.last_at = edge.posts, edge.first_at, edge.last_at
    session.add(row)


def _platform(session: Session, account_id: int) -> str:
    return session.get_one(Account, account_id).platform
