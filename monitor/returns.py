"""Returns: a handle, a campaign, a bio or a community comes back after a post of it became unavailable.

One definition for all. A post is a return where something of the same was found to be unavailable before the post was
made: on its own platform, or on another where the terms of both let them be linked, and there only where the same was
not up on its platform already. What became unavailable counts for one return only on each platform, so that ten posts
after a removal are one return. A post that was made before, and is only found later, did not come back; nor did an
edited one.

Only keyed hashes are compared, so that what had to be deleted is known again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Integer, TextClause, and_, bindparam, case, exists, not_, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from monitor.crossref.evidence import SAFEGUARDING
from monitor.linking import Linking
from monitor.rechecking import GONE
from monitor.store.tables import (
    Alert,
    Campaign,
    Comeback,
    Identity,
    Mention,
    Occurrence,
    SourceRow,
    StoredPost,
)
from monitor.store.writing import put, run

LOOKED_AT: Final = 500
"""Posts with the same handle, campaign, bio or family of names that are looked at, the newest."""
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A post that was just stored and placed.

    :param row: its id in the store; `name` is the platform's.
    :param plugin: the kind of source that brought it.
    :param at: when it was posted, as far as that can be believed (`monitor.crossref.moments`).
    """

    row: int
    platform: str
    name: str
    plugin: str | None
    account_id: int | None
    campaign_id: int
    bio_hash: bytes | None
    community_hash: bytes | None
    family_hash: bytes | None
    at: datetime


class _Gone(NamedTuple):
    """A post that became unavailable."""

    row: int
    platform: str
    plugin: str | None
    account_id: int | None
    community_hash: bytes | None
    at: datetime


class _Subject(NamedTuple):
    """What may have come back, and the key that its posts are found by."""

    kind: str
    hash: bytes
    key: Any


class Returns:
    """Notes returns within one transaction."""

    def __init__(self, session: Session, linking: Linking) -> None:
        self._session = session
        self._linking = linking
        # What is not gone now is not gone before this transaction ends: its own posts are up.
        self._up: set[tuple[str, Any]] = set()

    def arrive(self, post: Newcomer) -> list[str]:
        """Notes what came back with a post; gives the kinds."""
        # First what is cheap and mostly enough: of most that comes, nothing is gone.
        subjects = list(self._subjects(post))
        if not subjects or self._left_out(post) or self._edited(post):
            return []
        return [subject.kind for subject in subjects if self._note(post, subject)]

    def _any_gone(self, kind: str, key: Any) -> bool:
        if (kind, key) in self._up:
            return False
        gone = run(self._session, _GATES[kind], {"key": key}).first() is not None
        if not gone:
            self._up.add((kind, key))
        return gone

    def _left_out(self, post: Newcomer) -> bool:
        """It is about others' posts, or in the safeguarding lane."""
        about, lane = self._session.exec(
            select(Campaign.about, Alert.lane)
            .join(Alert, col(Alert.campaign_id) == col(Campaign.id), isouter=True)
            .where(Campaign.id == post.campaign_id)
        ).one()
        return about or lane == SAFEGUARDING

    def _edited(self, post: Newcomer) -> bool:
        return (
            self._session.exec(
                select(StoredPost.id).where(
                    StoredPost.platform == post.platform, StoredPost.post_id == post.name, col(StoredPost.id) < post.row
                )
            ).first()
            is not None
        )

    def _subjects(self, post: Newcomer) -> Iterator[_Subject]:
        """Of what a post has, that of which something is gone."""
        for identity, key_hash, hub in run(self._session, _SHARED_BEFORE, {"row": post.row}).all():
            # What many unrelated accounts name is never away.
            if not hub and self._any_gone("handle", identity):
                yield _Subject("handle", key_hash, identity)
        if self._any_gone("campaign", post.campaign_id):
            first_hash = self._session.exec(select(Campaign.first_hash).where(Campaign.id == post.campaign_id)).one()
            yield _Subject("campaign", first_hash, post.campaign_id)
        if post.bio_hash is not None and post.account_id is not None and self._any_gone("bio", post.bio_hash):
            yield _Subject("bio", post.bio_hash, post.bio_hash)
        if post.family_hash is not None and self._any_gone("community", post.family_hash):
            yield _Subject("community", post.family_hash, post.family_hash)

    def _note(self, post: Newcomer, subject: _Subject) -> bool:
        last = self._session.exec(
            select(func.max(Comeback.back_at)).where(
                Comeback.kind == subject.kind,
                Comeback.subject_hash == subject.hash,
                Comeback.platform == post.platform,
            )
        ).one()
        for gone in self._gone(post, subject, last):
            if not self._counts(post, subject, gone):
                continue
            noted = put(
                self._session,
                Comeback,
                kind=subject.kind,
                subject_hash=subject.hash,
                post_id=post.row,
                platform=post.platform,
                gone_post_id=gone.row,
                gone_platform=gone.platform,
                gone_at=gone.at,
                back_at=post.at,
                days=round((post.at - gone.at).total_seconds() / _DAY, 3),
            )
            return noted is not None
        return False

    def _gone(self, post: Newcomer, subject: _Subject, last: datetime | None) -> Sequence[_Gone]:
        """What became unavailable after the last return here and before the post: of its own platform first, the
        latest first.
        """
        session: Any = self._session
        found: Any = session.exec(
            _others(post, subject)
            .where(_is_gone(), col(StoredPost.checked_at) < post.at, not_(_is_back()))
            .order_by(col(StoredPost.checked_at).desc(), col(StoredPost.id).desc())
        )
        rows = [_Gone(*row) for row in found]
        fresh = [one for one in rows if (last is None or one.at >= last) and self._may_meet(post, one)]
        return sorted(fresh, key=lambda one: one.platform != post.platform)

    def _may_meet(self, post: Newcomer, one: _Gone) -> bool:
        if one.platform == post.platform:
            return True
        may_link = self._linking.may_link
        return may_link(post.platform, post.plugin) and may_link(one.platform, one.plugin)

    def _counts(self, post: Newcomer, subject: _Subject, gone: _Gone) -> bool:
        """Whether a post came back after one that is gone, or is merely another."""
        if subject.kind == "bio" and post.account_id == gone.account_id:
            return False  # the account is still there: its bio was never away
        if subject.kind == "community":
            if (post.platform, post.community_hash) == (gone.platform, gone.community_hash):
                return False
            old = _of_community(gone.platform, gone.community_hash)
            new = _of_community(post.platform, post.community_hash)
            return not self._any_up(post, subject, or_(old, and_(new, _moment() < gone.at)))
        if gone.platform == post.platform:
            return True
        return not self._any_up(post, subject, StoredPost.platform == post.platform, _moment() < gone.at)

    def _any_up(self, post: Newcomer, subject: _Subject, *where: Any) -> bool:
        up: Any = _others(post, subject).where(not_(_is_gone()), *where).limit(1)
        session: Any = self._session
        return session.exec(up).first() is not None


_FOUND_BY: Final[dict[str, tuple[Any, Any]]] = {
    "handle": (Mention.post_id, Mention.identity_id),
    "campaign": (Occurrence.post_id, Occurrence.campaign_id),
    "bio": (StoredPost.id, StoredPost.bio_hash),
    "community": (StoredPost.id, StoredPost.family_hash),
}
"""Of each kind: the column of its posts, and that of its key."""


def _newest(subject: _Subject) -> Any:
    """Its newest posts."""
    posts, key = _FOUND_BY[subject.kind]
    return select(posts.label("row")).where(key == subject.key).order_by(posts.desc()).limit(LOOKED_AT).subquery()


def _gate(kind: str) -> TextClause:
    """Whether any of the newest posts is gone: asked for everything that comes, so it is a text that stays prepared."""
    posts, key = _FOUND_BY[kind]
    standings = ", ".join(f"'{one}'" for one in sorted(GONE))
    return text(
        f"SELECT 1 FROM (SELECT {posts.key} AS row_id FROM {posts.class_.__tablename__} WHERE {key.key} = :key "  # noqa: S608 - our own names
        f"ORDER BY {posts.key} DESC LIMIT {LOOKED_AT}) AS near JOIN post ON post.id = near.row_id "
        f"WHERE post.state = 'deleted' OR post.standing IN ({standings}) LIMIT 1"
    )


def _shared_before() -> Any:
    """The identities of a post that others shared. What nobody shared before is not back: of five hundred new handles,
    none is asked about.
    """
    row, earlier = bindparam("row", type_=Integer), aliased(Mention)
    known = select(earlier.post_id).where(earlier.identity_id == Identity.id, col(earlier.post_id) < row)
    return (
        select(Identity.id, Identity.key_hash, Identity.hub)
        .join(Mention, col(Mention.identity_id) == col(Identity.id))
        .where(Mention.post_id == row, known.exists())
        .order_by(col(Identity.id))
    )


_SHARED_BEFORE: Final = _shared_before()
_GATES: Final = {kind: _gate(kind) for kind in _FOUND_BY}


def _others(post: Newcomer, subject: _Subject) -> Any:
    """The other posts of a subject, without those about others' posts and those of safeguarding alerts."""
    newest, pick = _newest(subject), cast("Any", select)  # its types count to four columns
    return (
        pick(
            StoredPost.id,
            StoredPost.platform,
            SourceRow.plugin,
            StoredPost.account_id,
            StoredPost.community_hash,
            StoredPost.checked_at,
        )
        .join(newest, newest.c.row == col(StoredPost.id))
        .join(SourceRow, col(SourceRow.name) == col(StoredPost.source), isouter=True)
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .join(Campaign, col(Campaign.id) == col(Occurrence.campaign_id))
        .join(Alert, col(Alert.campaign_id) == col(Occurrence.campaign_id), isouter=True)
        .where(
            col(StoredPost.id) != post.row,
            or_(col(StoredPost.platform) != post.platform, col(StoredPost.post_id) != post.name),
            not_(col(Campaign.about)),
            or_(col(Alert.lane).is_(None), col(Alert.lane) != SAFEGUARDING),
        )
    )


def _of_community(platform: str, community_hash: bytes | None) -> Any:
    return and_(col(StoredPost.platform) == platform, col(StoredPost.community_hash) == community_hash)


def _is_gone() -> Any:
    standing = func.coalesce(StoredPost.standing, "")
    return or_(col(StoredPost.state) == "deleted", standing.in_([str(one) for one in sorted(GONE)]))


def _is_back() -> Any:
    """A newer version of the same post is up: it was away for a while only."""
    newer: Any = aliased(StoredPost)
    return exists().where(
        newer.platform == StoredPost.platform,
        newer.post_id == StoredPost.post_id,
        newer.id > StoredPost.id,
        newer.state != "deleted",
        func.coalesce(newer.standing, "").not_in([str(one) for one in sorted(GONE)]),
    )


def _moment() -> Any:
    """`monitor.crossref.moments`, but for clocks that were never set."""
    created, seen = col(StoredPost.created_at), col(StoredPost.first_seen_at)
    return case((created <= seen, created), else_=seen)


class Figures(NamedTuple):
    """How soon one kind of thing came back to a platform: how often, and the median and the quickest, in days."""

    kind: str
    platform: str
    returns: int
    median_days: float
    least_days: float


def figures(session: Session) -> list[Figures]:
    """Days to return, by kind and platform. Figures only: nothing says what came back."""
    days: dict[tuple[str, str], list[float]] = {}
    for kind, platform, one in session.exec(select(Comeback.kind, Comeback.platform, Comeback.days)):
        days.setdefault((kind, platform), []).append(one)
    return [Figures(*key, len(found), round(median(found), 3), min(found)) for key, found in sorted(days.items())]
