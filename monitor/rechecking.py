"""Asking platforms again what became of stored posts, and following what they say.

A post that is no longer there loses its record here: platforms ask for that, and what was deleted is nobody's to
keep. An error changes nothing: unknown is not gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlmodel import Session, col, select

from monitor import audit
from monitor.campaigns.forgetting import forget
from monitor.crossref.accounts import forget_names
from monitor.ports import Known, Recheck, Rechecking, Standing
from monitor.post import PostRef, text_hash
from monitor.records import from_record
from monitor.store.database import Store
from monitor.store.tables import Occurrence, StoredPost
from monitor.store.writing import take_turn

GONE: Final = frozenset(
    {
        Standing.UNAVAILABLE,
        Standing.REMOVED_BY_AUTHOR,
        Standing.REMOVED_BY_MODERATOR,
        Standing.REMOVED_BY_COMMUNITY,
        Standing.REMOVED_BY_PLATFORM,
        Standing.ACCOUNT_GONE,
    }
)


def stored_posts(store: Store, campaign_id: int) -> list[Known]:
    """The posts of a campaign of which a record is left, as a re-check wants them; each once, its newest version."""
    with store.read() as session:
        rows = session.exec(
            select(StoredPost)
            .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
            .where(Occurrence.campaign_id == campaign_id, col(StoredPost.record).is_not(None))
            .order_by(col(StoredPost.id))
        ).all()
        known = {row.platform + "\0" + row.post_id: known_of(row) for row in rows}
    return list(known.values())


def known_of(row: StoredPost) -> Known:
    """A stored post that has a record, as a re-check wants it."""
    post = from_record(row.record or {})
    words = text_hash(post) if row.state == "up" else None
    return Known(
        ref=PostRef(row.platform, row.post_id),
        instance=post.instance,
        url=post.url,
        cid=post.cid,
        account=post.author.key,
        text_hash=words,
    )


async def ask(sources: Mapping[str, object], posts: Sequence[Known]) -> list[Recheck]:
    """What became of posts.

    :param sources: an open source by platform; posts of other platforms are unknown.
    """
    answers: dict[PostRef, Recheck] = {}
    for platform in dict.fromkeys(post.ref.platform for post in posts):
        source = sources.get(platform)
        if isinstance(source, Rechecking):
            found = await source.recheck([post for post in posts if post.ref.platform == platform])
            answers |= {one.ref: one for one in found}
    why = "no configured source can say"
    return [answers.get(post.ref) or Recheck(ref=post.ref, standing=Standing.UNKNOWN, note=why) for post in posts]


def follow(store: Store, found: Iterable[Recheck], *, actor: str) -> int:
    """Writes down what was found, in one transaction; of posts that are gone, the records go too, and how many
    those were is given. In the audit trail: what a person asked about, and of what is asked by itself what is news.
    """
    with store.write() as session:
        take_turn(session)
        gone: list[StoredPost] = []
        for one in found:
            for row in _versions(session, one.ref):
                news = one.standing not in {row.standing or Standing.UP, Standing.UNKNOWN}
                if one.standing is not Standing.UNKNOWN:
                    row.standing, row.checked_at = one.standing, store.now()
                if one.standing in GONE and row.state != "deleted":
                    row.state, row.record = "deleted", None
                    gone.append(row)
                session.add(row)
                if not news and actor.startswith("system:"):
                    continue
                audit.record(
                    session,
                    store.now(),
                    actor=actor,
                    action="post.recheck",
                    subject=f"post:{row.id}",
                    standing=str(one.standing),
                )
        forget(session, store.keyring, [row.id for row in gone if row.id is not None])
        forget_names(session, store.keyring, [row.account_id for row in gone])
    return len(gone)


def _versions(session: Session, ref: PostRef) -> Sequence[StoredPost]:
    return session.exec(
        select(StoredPost)
        .where(StoredPost.platform == ref.platform, StoredPost.post_id == ref.id)
        .order_by(col(StoredPost.id))
    ).all()
