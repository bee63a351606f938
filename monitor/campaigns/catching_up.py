"""Reads the wordings of posts that are stored without one: those from before there were wordings, or from before the
rules by which they are read changed.

In small transactions, each of which leaves the store as right as before: it can be stopped, and goes on where it was.
No post is moved: people may have decided on its campaign. What is alike is suggested to be merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from monitor.campaigns.placing import Arrival, Placing
from monitor.detect.screen import Screen
from monitor.detect.screening import HandleMatch, Screening, TermMatch
from monitor.graph.likeness import Likeness
from monitor.graph.member import identities_of
from monitor.graph.wording import Wordings
from monitor.post import Post
from monitor.records import from_record
from monitor.store.database import Store
from monitor.store.tables import Band, Campaign, Occurrence, StoredPost, StoredWording
from monitor.store.writing import take_turn

AT_ONCE: Final = 100
_SLICE: Final = 2**58
"""Bands are spread evenly over 64 bits: a 64th of them."""

Tell = Callable[[int, int], object]
"""Told of progress: posts that are done, of how many."""
_IN_WORDS: Final = (StoredPost.state == "up", col(StoredPost.record).is_not(None))


def left(session: Session) -> int:
    """Posts in words that have no wording."""
    return session.exec(
        select(func.count(col(StoredPost.id)))
        .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
        .where(col(Occurrence.wording_id).is_(None), *_IN_WORDS)
    ).one()


def catch_up(store: Store, screen: Screen, tell: Tell) -> int:
    """Reads the wordings of all posts in words that have none; gives how many."""
    words, likeness = Wordings(screen.bundle), Likeness(screen.bundle.vocabulary.neutral)
    with store.read() as session:
        whole = left(session)
    done, after = 0, 0
    while True:
        with store.write() as session:
            take_turn(session)
            rows = session.exec(
                select(StoredPost, Occurrence.campaign_id)
                .join(Occurrence, col(Occurrence.post_id) == col(StoredPost.id))
                .where(col(Occurrence.wording_id).is_(None), *_IN_WORDS, col(StoredPost.id) > after)
                .order_by(col(StoredPost.id))
                .limit(AT_ONCE)
            ).all()
            placing = Placing(session, store.keyring, likeness)
            for row, campaign in rows:
                _adopt(session, placing, row, campaign, screen, words)
        if not rows:
            return done
        done, after = done + len(rows), rows[-1][0].id or 0
        tell(done, max(whole, done))


def _adopt(session: Session, placing: Placing, row: StoredPost, campaign: int, screen: Screen, words: Wordings) -> None:
    post = from_record(row.record or {})
    screening = screen(post)
    if not screening.hit:
        # Lexicon and rules have changed since: what was frozen then says where its handles and terms are.
        screening = _frozen(post, row)
    wording = words(post, screening)
    arrival = Arrival(post_id=row.id or 0, wording=wording, identities=identities_of(screening), at=row.first_seen_at)
    placed = placing.adopt(arrival, campaign)
    session.exec(
        update(Occurrence)
        .where(col(Occurrence.post_id) == row.id, col(Occurrence.campaign_id) == campaign)
        .values(wording_id=placed.wording_id)
    )
    if campaign == row.id:
        session.exec(update(Campaign).where(col(Campaign.id) == campaign).values(about=wording.about))


def _frozen(post: Post, row: StoredPost) -> Screening:
    fields = dict(post.fields())
    kept = row.screening
    handles = [
        HandleMatch(
            app=one["app"],
            handle=name,
            key=f"{one['app']}:{name.lower()}",
            field=one["field"],
            start=one["start"],
            end=one["end"],
            confidence=one["confidence"],
        )
        for one in kept.get("handles", ())
        for name in (fields.get(one["field"], "")[one["start"] : one["end"]],)
        if name
    ]
    terms = [
        TermMatch(term=one["term"], field=one["field"], start=one["start"], end=one["end"])
        for one in kept.get("terms", ())
    ]
    return Screening(
        hit=True, score=row.score, rule=row.rule, handles=handles, terms=terms, parts=(), bundle=row.bundle
    )


def start_over(store: Store, tell: Tell) -> int:
    """Takes the wordings from all posts in words, for :func:`catch_up` to read them by other rules; gives how many.

    Wordings that no post has any more go, with their bands.
    """
    done = 0
    while True:
        with store.write() as session:
            take_turn(session)
            posts = _with_wording(session)
            session.exec(update(Occurrence).where(col(Occurrence.post_id).in_(posts)).values(wording_id=None))
            used = select(Occurrence.wording_id).where(col(Occurrence.wording_id) == col(StoredWording.id)).exists()
            unused = session.exec(select(StoredWording.id).where(~used).limit(10 * AT_ONCE)).all()
            session.exec(delete(StoredWording).where(col(StoredWording.id).in_(unused)))
        if not posts and not unused:
            break
        done += len(posts)
        tell(done, done)
    for first in range(-(2**63), 2**63, _SLICE):
        with store.write() as session:
            there = select(StoredWording.id).where(col(StoredWording.id) == col(Band.wording_id)).exists()
            session.exec(delete(Band).where(col(Band.band).between(first, first + _SLICE - 1), ~there))
    return done


def _with_wording(session: Session) -> Sequence[int]:
    return session.exec(
        select(Occurrence.post_id)
        .join(StoredPost, col(Occurrence.post_id) == col(StoredPost.id))
        .where(col(Occurrence.wording_id).is_not(None), *_IN_WORDS)
        .limit(10 * AT_ONCE)
    ).all()
