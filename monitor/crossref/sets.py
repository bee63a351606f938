"""Linked sets: identities that accounts join, transitively, each account all that it shared.

An identity that many accounts share (a support channel, a bot) is a hub and joins nothing. Within each scope there are
sets of their own: the empty one for what may be linked over platforms, and one for each platform. The rows are always
what :func:`sets_of` makes of the edges; posts that arrive only ever add to them, and whatever takes an edge away, or
makes a hub, rebuilds the set that it was in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, delete, insert, update
from sqlmodel import Session, col, func, select

from monitor.crossref.sharing import within
from monitor.graph.joining import Sets
from monitor.store.tables import Identity, LinkedSet, Sharing
from monitor.store.writing import portions, run


def sets_of(edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The set of each identity, named by its smallest, out of (identity, account). Pure. Singles are left out."""
    ordered = sorted(set(edges))
    identities = sorted({identity for identity, _ in ordered})
    places = {identity: place for place, identity in enumerate(identities)}
    sets = Sets()
    for _ in identities:
        sets.add()
    first: dict[int, int] = {}
    for identity, account in ordered:
        sets.join(first.setdefault(account, places[identity]), places[identity])
    named = {identity: identities[sets.of(place)] for identity, place in places.items()}
    large = {root for identity, root in named.items() if identity != root}
    return {identity: root for identity, root in named.items() if root in large}


def _within(*, platform: bool) -> ColumnElement[bool]:
    return col(Sharing.platform) == bindparam("scope") if platform else within("")


def _standing(*, platform: bool) -> Any:
    some = select(Sharing.account_id).where(Sharing.identity_id == Identity.id, _within(platform=platform))
    counted = some.correlate(Identity).limit(bindparam("most")).subquery()
    accounts = select(func.count()).select_from(counted).scalar_subquery()
    named = col(Identity.id).in_(bindparam("identities", expanding=True))
    return select(Identity.id, Identity.hub, accounts).where(named)


def _joined(*, platform: bool) -> Any:
    return (
        select(Sharing.identity_id)
        .join(LinkedSet, col(LinkedSet.identity_id) == col(Sharing.identity_id))
        .where(
            Sharing.account_id == bindparam("account"),
            LinkedSet.scope == bindparam("scope"),
            _within(platform=platform),
        )
        .order_by(col(Sharing.identity_id))
        .limit(bindparam("most"))
    )


def _before(*, platform: bool) -> Any:
    return select(Sharing.identity_id).where(Sharing.account_id == bindparam("account"), _within(platform=platform))


# Of each: for what is linked over platforms, and for what one platform's accounts share.
_STANDING: Final = (_standing(platform=False), _standing(platform=True))
_JOINED: Final = (_joined(platform=False), _joined(platform=True))
_BEFORE: Final = (_before(platform=False), _before(platform=True))
_SET: Final = select(LinkedSet.identity_id, LinkedSet.set_id).where(
    LinkedSet.scope == bindparam("scope"), col(LinkedSet.identity_id).in_(bindparam("identities", expanding=True))
)
_IN_SET: Final = insert(LinkedSet)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an identity stands within a scope.

    :param said: a person's word: it joins nothing (True), or it does (False), whatever the number.
    :param accounts: that shared it; counted up to the number that makes a hub.
    """

    said: bool | None
    accounts: int

    def hub(self, threshold: int) -> bool:
        """Whether it joins nothing."""
        return self.accounts >= threshold if self.said is None else self.said


class LinkedSets:
    """The sets of the store.

    :param hub_accounts: an identity that so many accounts share is a hub.
    """

    def __init__(self, session: Session, *, hub_accounts: int) -> None:
        self._session = session
        self._hub_accounts = hub_accounts

    def standing(self, scope: str, identities: Collection[int]) -> dict[int, Standing]:
        """How identities stand; of one that thousands share, no more are counted than make a hub."""
        return {
            number: Standing(said, count)
            for part in portions(sorted(identities))
            for number, said, count in run(
                self._session,
                _STANDING[bool(scope)],
                {"scope": scope, "identities": part, "most": self._hub_accounts},
            )
        }

    def _free(self, scope: str, identities: Collection[int]) -> set[int]:
        standing = self.standing(scope, identities)
        return {number for number, one in standing.items() if not one.hub(self._hub_accounts)}

    def join(self, scope: str, account_id: int, new: Collection[int]) -> None:
        """An account shared these identities for the first time (their edges are written)."""
        if not new:
            return
        free = self._free(scope, new)
        if crossed := self._sets(scope, set(new) - free):
            self.rebuild(scope, crossed)
        if not free:
            return
        if (other := self._other(scope, account_id, new)) is not None:
            free.add(other)
        if len(free) > 1:
            self._unite(scope, free)

    def _other(self, scope: str, account_id: int, new: Collection[int]) -> int | None:
        """One identity that the account shared before and that is no hub: all of them are in one set."""
        # Of fewer than all an account that shares thousands is asked: one more than are new is enough.
        values = {"scope": scope, "account": account_id, "most": len(new) + 1}
        fresh = set(new)
        for (identity,) in run(self._session, _JOINED[bool(scope)], values):
            if identity not in fresh:
                return identity
        before = {identity for (identity,) in run(self._session, _BEFORE[bool(scope)], values)} - fresh
        return min(self._free(scope, before), default=None) if before else None

    def _sets(self, scope: str, identities: Collection[int]) -> dict[int, int]:
        """The set of each of these that is in one."""
        return {
            identity: set_id
            for part in portions(sorted(identities))
            for identity, set_id in run(self._session, _SET, {"scope": scope, "identities": part})
        }

    def _members(self, scope: str, sets: Collection[int]) -> set[int]:
        return {
            identity
            for part in portions(sorted(set(sets)))
            for identity in self._session.exec(
                select(LinkedSet.identity_id).where(LinkedSet.scope == scope, col(LinkedSet.set_id).in_(part))
            )
        }

    def _unite(self, scope: str, identities: Collection[int]) -> None:
        sets = self._sets(scope, identities)
        name = min([*sets.values(), *identities])
        for part in portions(sorted(set(sets.values()) - {name})):
            self._session.exec(
                update(LinkedSet)
                .where(col(LinkedSet.scope) == scope, col(LinkedSet.set_id).in_(part))
                .values(set_id=name)
            )
        self._insert(scope, {identity: name for identity in identities if identity not in sets})

    def _insert(self, scope: str, rows: Mapping[int, int]) -> None:
        values = [{"identity_id": one, "scope": scope, "set_id": set_id} for one, set_id in sorted(rows.items())]
        if values:
            run(self._session, _IN_SET, values)

    def rebuild(self, scope: str, changed: Collection[int]) -> None:
        """Makes the sets around identities anew whose edges came or went, or who became hubs or no longer are."""
        around = set(changed)
        free = self._free(scope, around)
        around |= {one for account in self._accounts(scope, free) for one in account}
        around |= self._members(scope, self._sets(scope, around).values())
        wanted = sets_of(self._edges(scope, self._free(scope, around)))
        before = self._sets(scope, around)
        for part in portions(sorted(one for one in before if before[one] != wanted.get(one))):
            self._session.exec(
                delete(LinkedSet).where(col(LinkedSet.scope) == scope, col(LinkedSet.identity_id).in_(part))
            )
        self._insert(scope, {one: set_id for one, set_id in wanted.items() if before.get(one) != set_id})

    def _accounts(self, scope: str, identities: Collection[int]) -> Iterable[Collection[int]]:
        """What the accounts shared that shared one of these."""
        accounts = {account for _, account in self._edges(scope, identities)}
        for part in portions(sorted(accounts)):
            yield set(
                self._session.exec(select(Sharing.identity_id).where(col(Sharing.account_id).in_(part), within(scope)))
            )

    def _edges(self, scope: str, identities: Collection[int]) -> set[tuple[int, int]]:
        return {
            (identity, account)
            for part in portions(sorted(identities))
            for identity, account in self._session.exec(
                select(Sharing.identity_id, Sharing.account_id).where(col(Sharing.identity_id).in_(part), within(scope))
            )
        }

    def remake(self) -> None:
        """Makes all sets anew."""
        self._session.exec(delete(LinkedSet))
        scopes = sorted({"", *self._session.exec(select(Sharing.platform).distinct())})
        for scope in scopes:
            rows = self._session.exec(select(Sharing.identity_id, Sharing.account_id).where(within(scope)))
            edges = {(identity, account) for identity, account in rows}
            free = self._free(scope, {identity for identity, _ in edges})
            self._insert(scope, sets_of(edge for edge in edges if edge[0] in free))
