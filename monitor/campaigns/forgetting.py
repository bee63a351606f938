"""When the texts have to go, the words of their wordings go with them: keyed hashes take their place.

A wording is kept in words as long as one of its posts is. Afterwards a post that comes again is still found by it:
the same wording as before, a lightly edited one word by word, without forgiveness for typing errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session, col, select

from monitor.campaigns.words import from_words, hide, to_words
from monitor.store.keys import Keyring
from monitor.store.tables import Occurrence, StoredPost, StoredWording
from monitor.store.writing import portions


def forget(session: Session, keyring: Keyring, posts: Iterable[int]) -> int:
    """Hides the words of wordings of which no post is kept in words, among those of posts whose words just went.

    Call it in the transaction in which the posts lose their texts, after they did; gives how many wordings that were.
    """
    session.flush()
    done = 0
    for some in portions(sorted(set(posts))):
        kept = (
            select(Occurrence.post_id)
            .join(StoredPost, col(StoredPost.id) == col(Occurrence.post_id))
            .where(
                col(Occurrence.wording_id) == col(StoredWording.id),
                StoredPost.state == "up",
                col(StoredPost.record).is_not(None),
            )
            .exists()
        )
        of = select(Occurrence.wording_id).where(col(Occurrence.post_id).in_(some))
        rows = session.exec(
            select(StoredWording).where(col(StoredWording.id).in_(of), col(StoredWording.hashed).is_(False), ~kept)
        ).all()
        for row in rows:
            row.words, row.hashed = hidden_words(keyring, row.words), True
            session.add(row)
        done += len(rows)
    session.flush()
    return done


def hidden_words(keyring: Keyring, words: Mapping[str, Any]) -> dict[str, Any]:
    """Words as they are kept (`to_words`), hidden."""
    return to_words(hide(keyring, from_words(words), frozenset(words.get("neutral", ()))))
