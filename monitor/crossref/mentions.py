"""The identities of a post, written in a few statements, be they one or five hundred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from monitor.crossref.skeleton import skeleton
from monitor.detect.screening import Screening
from monitor.store.keys import Keyring
from monitor.store.tables import Identity, Mention
from monitor.store.writing import portions, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """An identity that a post shares, by its best match.

    :param same_name: the post says that the account's own name is the handle.
    """

    app: str
    key: str
    handle: str
    confidence: float
    same_name: bool


def shared(screening: Screening) -> list[Shared]:
    """The identities of a screened post, sorted by key."""
    found: dict[str, Shared] = {}
    for match in screening.handles:
        before = found.get(match.key)
        found[match.key] = Shared(
            app=match.app,
            key=match.key,
            handle=before.handle if before else match.handle,
            confidence=max(match.confidence, before.confidence if before else 0),
            same_name=match.same_name or (before is not None and before.same_name),
        )
    return [found[key] for key in sorted(found)]


def identity_hash(keyring: Keyring, key: str) -> bytes:
    """The keyed hash under which an identity ("wickr:zorblat_77") is found again."""
    return keyring.lookup("identity", key)


def skeleton_hash(keyring: Keyring, handle: str) -> bytes | None:
    """The keyed hash under which handles that look alike are found, whatever their app."""
    looks = skeleton(handle)
    return None if looks is None else keyring.lookup("skeleton", looks)


def note(
    session: Session, keyring: Keyring, ones: Sequence[Shared], post_id: int, now: datetime
) -> Mapping[int, Shared]:
    """Writes down the identities of a post that was just stored; gives their numbers."""
    by_hash = {(one.app, identity_hash(keyring, one.key)): one for one in ones}
    ids: dict[int, Shared] = {}
    for part in portions(by_hash.items()):
        known = _known(session, [key for (_, key), _ in part])
        if known:
            run(session, _SEEN, {"ids": sorted(known.values()), "seen_at": now})
        missing = [(app, key) for (app, key), _ in part if (app, key) not in known]
        if missing:
            rows = [_row(keyring, at[1], by_hash[at], now) for at in missing]
            known |= dict(zip(missing, run(session, _NEW, rows).scalars(), strict=True))
        numbers = {known[at]: one for at, one in part}
        mentions = [
            {"identity_id": number, "post_id": post_id, "confidence": one.confidence, "same_name": one.same_name}
            for number, one in sorted(numbers.items())
        ]
        run(session, _MENTIONED, mentions)
        ids |= numbers
    return ids


_FOUND: Final = select(Identity.id, Identity.app, Identity.key_hash).where(
    col(Identity.key_hash).in_(bindparam("hashes", expanding=True))
)
_SEEN: Final = (
    update(Identity)
    .where(col(Identity.id).in_(bindparam("ids", expanding=True)))
    .values(last_seen_at=bindparam("seen_at"))
)
_NEW: Final = insert(Identity).returning(col(Identity.id), sort_by_parameter_order=True)
_MENTIONED: Final = insert(Mention)


def _known(session: Session, hashes: Sequence[bytes]) -> dict[tuple[str, bytes], int]:
    return {(app, key): number for number, app, key in run(session, _FOUND, {"hashes": hashes})}


def _row(keyring: Keyring, key_hash: bytes, one: Shared, now: datetime) -> dict[str, Any]:
    return {
        "app": one.app,
        "key_hash": key_hash,
        "handle": one.handle,
        "skeleton_hash": skeleton_hash(keyring, one.handle),
        "first_seen_at": now,
        "last_seen_at": now,
    }
