"""Makes edges and linked sets anew where the rules are others than those they were made by, or there are none yet.

Rows from before they were kept are completed first, out of what is frozen with the posts: confidence, "same name",
skeletons, and the names of accounts as far as the texts are still there. Accounts that are known by their handles only
are told from those with ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from monitor.crossref.accounts import account_hash, follow
from monitor.crossref.crossref import Crossref
from monitor.crossref.evidence import proofs
from monitor.crossref.mentions import skeleton_hash
from monitor.crossref.moments import moment
from monitor.crossref.sets import LinkedSets
from monitor.crossref.sharing import edges_of
from monitor.records import from_record
from monitor.store.database import Store
from monitor.store.keys import Keyring
from monitor.store.tables import Account, Identity, LinkBasis, Mention, Sharing, StoredPost
from monitor.store.writing import portions, take_turn

_AT_ONCE: Final = 200
_ID: Final = 1


def settle(store: Store, crossref: Crossref) -> bool:
    """Brings edges and sets to these rules; says whether there was anything to do. Safe to repeat and to interrupt."""
    with store.read() as session:
        if _settled(session, crossref):
            return False
    while _complete_posts(store):
        pass
    _complete_identities(store)
    _complete_accounts(store)
    with store.write() as session:
        take_turn(session)
        if _settled(session, crossref):
            return False  # another process was faster
        _relink(session, crossref)
        session.merge(LinkBasis(id=_ID, rules=crossref.rules, at=store.now()))
    return True


def _settled(session: Session, crossref: Crossref) -> bool:
    basis = session.get(LinkBasis, _ID)
    return basis is not None and basis.rules == crossref.rules


def _complete_posts(store: Store) -> bool:
    """Some of the posts from before, in one short transaction; False when there are none left."""
    with store.write() as session:
        take_turn(session)
        rows = session.exec(
            select(StoredPost)
            .where(col(StoredPost.id).in_(select(Mention.post_id).where(col(Mention.confidence).is_(None))))
            .order_by(col(StoredPost.id))
            .limit(_AT_ONCE)
        ).all()
        for row in rows:
            _complete_post(session, store.keyring, row)
        return bool(rows)


def _complete_identities(store: Store) -> None:
    last, more = 0, True
    while more:
        with store.write() as session:
            rows = session.exec(
                select(Identity)
                .where(
                    col(Identity.id) > last, col(Identity.skeleton_hash).is_(None), col(Identity.handle).is_not(None)
                )
                .order_by(col(Identity.id))
                .limit(_AT_ONCE)
            ).all()
            for identity in rows:
                identity.skeleton_hash = skeleton_hash(store.keyring, identity.handle or "")
                session.add(identity)
                last = identity.id or 0
            more = len(rows) == _AT_ONCE


def _complete_accounts(store: Store) -> None:
    """Accounts without an id were found by their handles as if those were ids."""
    last, more = 0, True
    while more:
        with store.write() as session:
            take_turn(session)
            rows = session.exec(
                select(Account).where(col(Account.id) > last).order_by(col(Account.id)).limit(_AT_ONCE)
            ).all()
            for account in rows:
                _tell_apart(session, store.keyring, account)
                last = account.id or 0
            more = len(rows) == _AT_ONCE


def _tell_apart(session: Session, keyring: Keyring, account: Account) -> None:
    said = account.author or {}
    handle = said.get("handle")
    if said.get("id") or not handle or account.key_hash != account_hash(keyring, account.platform, handle):
        return
    wanted = account_hash(keyring, account.platform, handle, by_handle=True)
    taken = select(Account.id).where(Account.platform == account.platform, Account.key_hash == wanted)
    if session.exec(taken).first() is None:
        account.key_hash = wanted
        session.add(account)


def _complete_post(session: Session, keyring: Keyring, row: StoredPost) -> None:
    matches: list[dict[str, Any]] = list(row.screening.get("handles", ()))
    for mention, key_hash in session.exec(
        select(Mention, Identity.key_hash)
        .join(Identity, col(Identity.id) == col(Mention.identity_id))
        .where(Mention.post_id == row.id)
    ).all():
        own = [match for match in matches if match["key_hash"] == key_hash.hex()]
        mention.confidence = max((match["confidence"] for match in own), default=0.0)
        # A handle that is read off the account's own handle is one that the post says is the same.
        mention.same_name = any(match["field"] == "author.handle" for match in own)
        session.add(mention)
    if row.account_id is not None and row.record is not None and row.state == "up":
        author = from_record(row.record).author
        follow(session, keyring, row.account_id, author, moment(row.created_at, row.first_seen_at))


def _relink(session: Session, crossref: Crossref) -> None:
    session.exec(delete(Sharing))
    accounts: Sequence[int | None] = session.exec(
        select(StoredPost.account_id).where(col(StoredPost.account_id).is_not(None)).distinct()
    ).all()
    for part in portions(sorted(one for one in accounts if one is not None)):
        edges = edges_of(proofs(session, crossref.linking, col(StoredPost.account_id).in_(part)))
        for some in portions(sorted(edges.items())):
            session.exec(
                insert(Sharing).values(
                    [
                        {
                            **pair._asdict(),
                            "platform": edge.platform,
                            "linkable": edge.linkable,
                            "same_name": edge.same_name,
                            "confidence": edge.confidence,
                            "posts": edge.posts,
                            "first_at": edge.first_at,
                            "last_at": edge.last_at,
                        }
                        for pair, edge in some
                    ]
                )
            )
    LinkedSets(session, hub_accounts=crossref.hub_accounts).remake()
