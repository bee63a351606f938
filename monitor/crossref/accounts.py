"""Accounts are followed by what their platform calls them, whatever they call themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from types import ModuleType
from typing import Any, Final

from sqlalchemy import bindparam, case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from monitor.post import Author
from monitor.records import from_record
from monitor.store.keys import Keyring
from monitor.store.tables import Account, AccountName, StoredPost
from monitor.store.writing import put, run

_AT_ONCE: Final = 100

_KNOWN: Final = select(Account.id).where(
    Account.platform == bindparam("platform"), Account.key_hash == bindparam("key_hash")
)


def _called(dialect: ModuleType) -> Any:
    statement = dialect.insert(AccountName)
    new, old = statement.excluded, AccountName
    return statement.on_conflict_do_update(
        index_elements=["account_id", "name_hash"],
        set_={
            "author": new.author,
            "first_seen_at": case((new.first_seen_at < old.first_seen_at, new.first_seen_at), else_=old.first_seen_at),
            "last_seen_at": case((new.last_seen_at > old.last_seen_at, new.last_seen_at), else_=old.last_seen_at),
        },
    )


_CALLED: Final[dict[str, Any]] = {"sqlite": _called(sqlite), "postgresql": _called(postgresql)}
_LATER: Final = select(AccountName.account_id).where(
    AccountName.account_id == bindparam("of_account"), col(AccountName.last_seen_at) > bindparam("said_at")
)
_GOES_BY: Final = (
    update(Account).where(col(Account.id) == bindparam("of_account"), ~_LATER.exists()).values(author=bindparam("said"))
)


def account_hash(keyring: Keyring, platform: str, key: str, *, by_handle: bool = False) -> bytes:
    """The keyed hash under which an account is found again, by the platform's id for it.

    :param by_handle: it is known by its handle only. That may read like another account's id: they stay two.
    """
    return keyring.lookup("account-handle" if by_handle else "account", f"{platform}\0{key}")


def account_of(session: Session, keyring: Keyring, platform: str, author: Author, now: datetime) -> int | None:
    """The account of an author, made if it is not there; None for nobody."""
    if author.key is None:
        return None
    found = account_hash(keyring, platform, author.key, by_handle=not author.id)
    values = {"platform": platform, "key_hash": found}
    known = run(session, _KNOWN, values).scalar_one_or_none()
    made = known or put(session, Account, **values, first_seen_at=now)
    return made or run(session, _KNOWN, values).scalar_one()


def name_hash(keyring: Keyring, author: Author) -> bytes:
    """The keyed hash of what an account calls itself."""
    return keyring.lookup("account-name", json.dumps([author.handle, author.name]))


def follow(session: Session, keyring: Keyring, account_id: int, author: Author, at: datetime) -> None:
    """Notes what an account called itself at a time. The account goes by what it called itself last.

    When the account was first seen does not change, nor does that of a name that it takes again.
    """
    said: dict[str, Any] = {"id": author.id, "handle": author.handle, "name": author.name}
    if author.handle is not None or author.name is not None:
        name = {"account_id": account_id, "name_hash": name_hash(keyring, author), "author": said}
        dialect = session.get_bind().dialect.name
        run(session, _CALLED[dialect], {**name, "first_seen_at": at, "last_seen_at": at})
    run(session, _GOES_BY, {"of_account": account_id, "said": said, "said_at": at})


def forget_names(session: Session, keyring: Keyring, accounts: Iterable[int | None]) -> None:
    """Of accounts whose posts lost their words: names that no post in words gives go, too; their keyed hashes stay."""
    for account_id in sorted({one for one in accounts if one is not None}):
        account = session.get_one(Account, account_id)
        names = session.exec(
            select(AccountName).where(AccountName.account_id == account_id, col(AccountName.author).is_not(None))
        ).all()
        given = _given(session, keyring, account_id, {row.name_hash for row in names})
        for row in names:
            if row.name_hash not in given:
                row.author = None
                session.add(row)
        left = [row for row in names if row.author is not None]
        if left:
            account.author = max(left, key=lambda row: row.last_seen_at).author
        else:
            account.author = _bare(session, account)
        session.add(account)


def _given(session: Session, keyring: Keyring, account_id: int, wanted: set[bytes]) -> set[bytes]:
    """Those of the names that posts in words give; no more posts are read than it takes to find them all."""
    given: set[bytes] = set()
    after = 0
    while wanted - given:
        rows = session.exec(
            select(StoredPost)
            .where(
                StoredPost.account_id == account_id,
                StoredPost.state == "up",
                col(StoredPost.record).is_not(None),
                col(StoredPost.id) > after,
            )
            .order_by(col(StoredPost.id))
            .limit(_AT_ONCE)
        ).all()
        given |= {name_hash(keyring, from_record(row.record or {}).author) for row in rows}
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].id or 0
    return given & wanted


def _bare(session: Session, account: Account) -> dict[str, Any] | None:
    """What is kept of an account without words: the platform's id for it, unless all its posts were deleted."""
    kept = session.exec(
        select(StoredPost.id).where(StoredPost.account_id == account.id, StoredPost.state != "deleted").limit(1)
    ).first()
    number = (account.author or {}).get("id")
    return {"id": number, "handle": None, "name": None} if kept is not None and number is not None else None
