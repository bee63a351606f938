"""Wordings lose their words with the texts that they were read from; their keyed hashes stay.

What comes back word by word is known again by these; what was lightly edited no longer is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from monitor.store.tables import Occurrence, StoredPost, StoredWording

NO_WORDS: Final[dict[str, Any]] = {"whole": [], "lines": None, "sentences": None, "short": True, "about": False}
_PORTION: Final = 500  # databases take so many values in one question, and more


def forget(session: Session, posts: Collection[int]) -> None:
    """Takes the words out of the wordings of these posts, but for wordings that a post whose text is kept has, too.

    Call it in the transaction in which the posts lose their texts, after they did.
    """
    session.flush()
    for portion in _portions(posts):
        touched = select(Occurrence.wording_id).where(col(Occurrence.post_id).in_(portion))
        kept = (
            select(Occurrence.wording_id)
            .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
            .where(
                col(Occurrence.wording_id).in_(touched),
                StoredPost.state == "up",
                col(StoredPost.record).is_not(None),
            )
        )
        session.exec(
            update(StoredWording)
            .where(col(StoredWording.id).in_(touched), col(StoredWording.id).not_in(kept))
            .values(words=NO_WORDS, hashed=True)
        )


def _portions(ids: Collection[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + _PORTION] for start in range(0, len(ordered), _PORTION))
