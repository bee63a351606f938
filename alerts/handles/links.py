"""What the record of a handle says of links: its linked set and why, what looks like it, the names of accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import prod

from sqlmodel import Session, col, select

from alerts.handles.records import AccountSeen, LinkedHandle, LinkedHandles, Lookalike
from alerts.masking import clean, tag
from monitor.crossref.around import Joined, accounts_of, lookalikes, set_around
from monitor.crossref.edges import decay, rarity
from monitor.crossref.sharing import within
from monitor.linking import Linking
from monitor.store.tables import Account, AccountName, Identity, Sharing
from monitor.store.writing import portions

LISTED = 50
_TAGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What makes a hub, and how fast links fade: the `[linking]` section."""

    hub_accounts: int = 50
    half_life_days: float = 180


def linked(
    session: Session, identity: Identity, platform: str | None, rules: LinkRules, now: datetime, *, clear: bool
) -> LinkedHandles:
    """The linked set within what may be linked, or within one platform."""
    scope = platform or ""
    around = set_around(session, identity, scope=scope, hub_accounts=rules.hub_accounts)
    shown = around.members[:LISTED]
    rows = _identities(session, [one.identity_id for one in shown])
    labels = _labels(session, {account for one in shown for account in one.accounts[:_TAGS]})
    strengths = _strengths(session, identity.id or 0, shown, scope, rules, now)
    return LinkedHandles(
        members=[
            LinkedHandle(
                tag=tag("H", row.key_hash),
                app=row.app,
                name=clean(row.handle) if clear and row.handle else None,
                accounts=[labels[account] for account in one.accounts[:_TAGS]],
                account_count=len(one.accounts),
                strength=strengths.get(one.identity_id),
                key_hash=row.key_hash,
            )
            for one in shown
            for row in (rows[one.identity_id],)
        ],
        member_count=len(around.members),
        hub=around.hub,
        by_person=around.said is not None,
        accounts=around.accounts,
        hub_accounts=rules.hub_accounts,
    )


def _strengths(
    session: Session, identity_id: int, members: Sequence[Joined], scope: str, rules: LinkRules, now: datetime
) -> dict[int, float]:
    """How much links count: each account that shared both by the weaker of its two edges, and all of them together."""
    accounts = {account for one in members for account in one.accounts}
    identities = [identity_id, *(one.identity_id for one in members)]
    counts = accounts_of(session, identities, scope)
    weights: dict[tuple[int, int], float] = {}
    for part in portions(sorted(accounts)):
        for row in session.exec(
            select(Sharing).where(
                col(Sharing.account_id).in_(part), col(Sharing.identity_id).in_(identities), within(scope)
            )
        ):
            faded = decay(row.last_at, now, rules.half_life_days)
            weights[row.identity_id, row.account_id] = row.confidence * rarity(counts[row.identity_id]) * faded
    return {
        one.identity_id: round(
            1 - prod(1 - min(weights[identity_id, by], weights[one.identity_id, by]) for by in one.accounts), 3
        )
        for one in members
        if one.accounts
    }


def lookalike(
    session: Session, identity: Identity, platform: str | None, linking: Linking, *, clear: bool
) -> list[Lookalike]:
    """What only looks like it: a suggestion, never a link."""
    return [
        Lookalike(
            tag=tag("H", row.key_hash),
            app=row.app,
            name=clean(row.handle) if clear and row.handle else None,
            same_string=row.handle.lower() == identity.handle.lower() if row.handle and identity.handle else None,
            key_hash=row.key_hash,
        )
        for row in lookalikes(session, linking, identity, platform=platform)[:LISTED]
    ]


def with_names(
    session: Session, identity_id: int | None, accounts: Sequence[AccountSeen], *, clear: bool
) -> list[AccountSeen]:
    """Accounts with whether they said that their name is the handle and, in clear, with the names that they had."""
    if identity_id is None or not accounts:
        return list(accounts)
    by_tag = {
        tag("A", row.key_hash): (row, said)
        for row, said in session.exec(
            select(Account, Sharing.same_name)
            .join(Sharing, col(Sharing.account_id) == col(Account.id))
            .where(Sharing.identity_id == identity_id)
        )
        if tag("A", row.key_hash) in {one.tag for one in accounts}
    }
    names = _names(session, [row.id or 0 for row, _ in by_tag.values()]) if clear else {}
    found: list[AccountSeen] = []
    for one in accounts:
        row, said = by_tag.get(one.tag, (None, False))
        # Where a platform's terms forbid to gather by account, its names are not gathered either.
        told = names.get(row.id or 0, ()) if row and one.posts is not None else ()
        had = [name for name in told if name != one.name]
        found.append(replace(one, same_name=said, names=had[:LISTED]))
    return found


def _names(session: Session, accounts: Sequence[int]) -> dict[int, list[str]]:
    """The names that accounts had, latest first."""
    found: dict[int, dict[str, None]] = {}
    for part in portions(sorted(accounts)):
        for row in session.exec(
            select(AccountName)
            .where(col(AccountName.account_id).in_(part))
            .order_by(col(AccountName.last_seen_at).desc())
        ):
            for name in ((row.author or {}).get("handle"), (row.author or {}).get("name")):
                if isinstance(name, str):
                    found.setdefault(row.account_id, {})[clean(name)] = None
    return {account: list(names) for account, names in found.items()}


def _identities(session: Session, ids: Sequence[int]) -> dict[int, Identity]:
    return {row.id or 0: row for row in session.exec(select(Identity).where(col(Identity.id).in_(ids)))}


def _labels(session: Session, accounts: Collection[int]) -> dict[int, str]:
    return {
        row.id or 0: tag("A", row.key_hash)
        for part in portions(sorted(accounts))
        for row in session.exec(select(Account).where(col(Account.id).in_(part)))
    }
